//! A volume of a pod as the API server writes it, and what it comes to.

use std::sync::Arc;

use serde::Deserialize;

use super::Resource;
use super::pod::{Item, Projected, ProjectedObject, Volume, VolumeKind};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct WrittenVolume {
    name: Box<str>,
    secret: Option<SecretVolume>,
    config_map: Option<WrittenProjected>,
    projected: Option<Sources>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SecretVolume {
    #[serde(default)]
    secret_name: Arc<str>,
    items: Option<Vec<Item>>,
    #[serde(default)]
    optional: bool,
}

#[derive(Deserialize)]
struct WrittenProjected {
    #[serde(default)]
    name: Arc<str>,
    items: Option<Vec<Item>>,
    #[serde(default)]
    optional: bool,
}

#[derive(Deserialize)]
struct Sources {
    #[serde(default)]
    sources: Option<Vec<Source>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Source {
    secret: Option<WrittenProjected>,
    config_map: Option<WrittenProjected>,
    #[serde(rename = "downwardAPI")]
    downward: Option<Downward>,
    service_account_token: Option<AtPath>,
}

#[derive(Deserialize)]
struct Downward {
    #[serde(default)]
    items: Vec<AtPath>,
}

#[derive(Deserialize)]
struct AtPath {
    path: Box<str>,
}

impl Source {
    fn read(self) -> Projected {
        let object =
            |resource| move |written: WrittenProjected| Projected::Object(written.of(resource));
        let secret = self.secret.map(object(Resource::Secret));
        let object = secret.or_else(|| self.config_map.map(object(Resource::ConfigMap)));
        let paths = |items: Vec<AtPath>| Some(items.into_iter().map(|item| item.path).collect());
        match (object, self.downward, self.service_account_token) {
            (Some(object), ..) => object,
            (None, Some(downward), _) => Projected::Made {
                what: "downwardAPI",
                paths: paths(downward.items),
            },
            (None, None, Some(token)) => Projected::Made {
                what: "serviceAccountToken",
                paths: paths(vec![token]),
            },
            // Certificates, and what later versions of Kubernetes know.
            (None, None, None) => Projected::Made {
                what: "a source that is not known here",
                paths: None,
            },
        }
    }
}

impl WrittenProjected {
    fn of(self, resource: Resource) -> ProjectedObject {
        ProjectedObject {
            resource,
            name: self.name,
            items: self.items,
            optional: self.optional,
        }
    }
}

impl WrittenVolume {
    pub fn read(self) -> Volume {
        let of_secret = self.secret.map(|volume| ProjectedObject {
            resource: Resource::Secret,
            name: volume.secret_name,
            items: volume.items,
            optional: volume.optional,
        });
        let of_map = self.config_map.map(|volume| volume.of(Resource::ConfigMap));
        let kind = match (of_secret.or(of_map), self.projected) {
            (Some(one), _) => VolumeKind::Projected(vec![Projected::Object(one)]),
            (None, Some(several)) => {
                let sources = several.sources.unwrap_or_default().into_iter();
                VolumeKind::Projected(sources.map(Source::read).collect())
            }
            (None, None) => VolumeKind::Other,
        };
        Volume {
            name: self.name,
            kind,
        }
    }
}
