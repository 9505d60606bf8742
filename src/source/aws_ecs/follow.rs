//! From where new tasks get a variable.

use std::sync::Arc;

use super::At;
use crate::extract::{pointer_to, string_at};
use crate::key::Secret;
use crate::platform::aws::{Held, ReadParameter, ReadSecret, ReadVersion, Which, region_of_arn};
use crate::platform::{Asking, Stop};
use crate::reading::{Found, ReadError, Reading};
use crate::text::escape;

/// What `valueFrom` in a task definition names.
#[derive(Debug, PartialEq, Eq)]
struct Named<'n> {
    /// A whole ARN of a secret; `None` for a parameter.
    secret: Option<String>,
    /// The member of the secret's JSON.
    field: Option<&'n str>,
    stage: Option<&'n str>,
    version: Option<&'n str>,
}

impl<'n> Named<'n> {
    /// What to do where the key is not there, so that new tasks get it.
    fn mend(&self, source: &str, then: &str, at: At<'_>) -> String {
        let Some(secret) = &self.secret else {
            let place = format!("the parameter {}", escape(source));
            return format!("{}, then {then}", at.write_to(&place));
        };
        let place = match self.field {
            Some(field) => format!(
                "the field `{}` of the secret {}",
                escape(field),
                escape(secret)
            ),
            None => format!("the secret {}", escape(secret)),
        };
        match self
            .version
            .or(self.stage.filter(|stage| *stage != "AWSCURRENT"))
        {
            Some(version) => format!(
                "let a new revision of the task definition name the current version of {place} and not {}, make sure that it holds {}, then let new tasks start from that revision",
                escape(version),
                at.key_in_its_part()
            ),
            None => format!("{}, then {then}", at.write_to(&place)),
        }
    }

    /// A secret's ARN has seven parts; behind it may stand a member, a label and a version, each of
    /// which may be empty.
    fn of(source: &'n str) -> Self {
        let parts: Vec<&str> = source.split(':').collect();
        let is_secret = parts.first() == Some(&"arn") && parts.get(2) == Some(&"secretsmanager");
        let part = |at: usize| parts.get(at).copied().filter(|part| !part.is_empty());
        if !is_secret {
            return Self {
                secret: None,
                field: None,
                stage: None,
                version: None,
            };
        }
        Self {
            secret: Some(parts[..parts.len().min(7)].join(":")),
            field: part(7),
            stage: part(8),
            version: part(9),
        }
    }
}

/// What tasks would get that start now, one reading for each place.
pub(super) fn all(
    sources: &[Arc<str>],
    region: Option<Arc<str>>,
    then: &str,
    at: At<'_>,
    asking: &Asking<'_>,
) -> Result<Vec<Reading>, Stop> {
    // Each is asked for before any is waited for.
    let found: Vec<_> = sources
        .iter()
        .map(|source| follow(source, region.clone(), asking))
        .collect();
    let several = sources.len() > 1;
    let mut readings = Vec::new();
    for (source, found) in sources.iter().zip(found) {
        let replica = match several {
            true => format!("new tasks, from {}", escape(source)),
            false => "new tasks".to_owned(),
        };
        let reading = match found {
            Ok(reading) => reading.mended_by(Named::of(source).mend(source, then, at)),
            Err(Stop::Pending) => return Err(Stop::Pending),
            Err(Stop::Failed(error)) => Reading::new(Found::Failed(named(source, error))),
        };
        readings.push(reading.of_replica(replica));
    }
    Ok(readings)
}

fn follow(
    source: &Arc<str>,
    region: Option<Arc<str>>,
    asking: &Asking<'_>,
) -> Result<Reading, Stop> {
    let named = Named::of(source);
    let region = region_of_arn(source).map(Arc::from).or(region);
    let Some(secret) = &named.secret else {
        let parameter = asking.of(&ReadParameter {
            region,
            name: Arc::clone(source),
        })?;
        return Ok(match parameter {
            Some(parameter) => Reading {
                stored_at: parameter.modified_at,
                ..Reading::value(Secret::copied(parameter.value.expose()))
            },
            None => Reading::new(Found::Absent),
        });
    };
    let secret = ReadSecret {
        region,
        secret: secret.as_str().into(),
    };
    let which = match (named.version, named.stage) {
        (Some(id), _) => Some(Which::Id(id.into())),
        (None, Some(stage)) if stage != "AWSCURRENT" => Some(Which::Stage(stage.into())),
        (None, _) => None,
    };
    let held = match which {
        Some(which) => asking.of(&ReadVersion { of: secret, which })?,
        None => asking.of(&secret)?,
    };
    let Held::Value {
        bytes, created_at, ..
    } = &**held
    else {
        return Ok(Reading::new(Found::Absent));
    };
    let found = match named.field {
        None => Found::Value(Secret::copied(bytes.expose())),
        Some(field) => match string_at(bytes.expose(), &pointer_to(field)) {
            Ok(Some(key)) => Found::Value(key),
            Ok(None) => Found::Absent,
            Err(error) => Found::Failed(error),
        },
    };
    Ok(Reading {
        stored_at: *created_at,
        ..Reading::new(found)
    })
}

/// Says where the task definition leads, for it is not in targets.yaml.
fn named(source: &str, error: ReadError) -> ReadError {
    ReadError {
        message: format!("{}: {}", escape(source), error.message).into(),
        ..error
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_behind_a_secrets_arn_is_told_apart() {
        const ARN: &str = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:shop-a1B2c3";
        for (behind, field, stage, version) in [
            ("", None, None, None),
            (":key::", Some("key"), None, None),
            (":key:AWSPREVIOUS:", Some("key"), Some("AWSPREVIOUS"), None),
            ("::AWSPREVIOUS:", None, Some("AWSPREVIOUS"), None),
            (":::1234", None, None, Some("1234")),
        ] {
            let source = format!("{ARN}{behind}");
            let named = Named::of(&source);
            assert_eq!(named.secret.as_deref(), Some(ARN));
            assert_eq!(
                (named.field, named.stage, named.version),
                (field, stage, version)
            );
        }
        for parameter in [
            "/shop/key",
            "arn:aws:ssm:eu-west-1:123456789012:parameter/shop",
        ] {
            assert_eq!(Named::of(parameter).secret, None);
        }
    }
}
