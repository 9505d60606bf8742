use std::sync::Arc;

use schemars::JsonSchema;
use serde::Deserialize;

use super::{At, Case, Info, Source, There};
use crate::platform::commands::quoted;
use crate::platform::{Asking, Locator, Stop};
use crate::reading::Reading;
use crate::text::{Escaped, escape};
use crate::verdict::{Evidence, Stage};

mod configured;
mod serving;

/// An environment variable of a Vercel project, as it is set or as the deployment that serves got it.
#[derive(PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Vercel {
    /// The declared store; by default what `VERCEL_TOKEN` may read.
    #[serde(default)]
    store: Option<Arc<str>>,
    /// The project's name or id.
    project: Arc<str>,
    /// `production`, the default, `preview`, `development`, or the name of a custom environment.
    #[serde(default)]
    target: Option<Arc<str>>,
    /// The branch whose previews to read: it may have values of its own.
    #[serde(default)]
    branch: Option<Arc<str>>,
    /// The variable's name; by default the hop's variable.
    #[serde(default)]
    name: Option<Arc<str>>,
    /// `config`, the default: what is set. `running`: what the deployment got that serves now.
    #[serde(default)]
    stage: Shown,
    /// The domain that tells which deployment serves; for production, the first one that Vercel names.
    #[serde(default)]
    domain: Option<Arc<str>>,
}

/// What of a variable is looked at.
#[derive(Clone, Copy, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
enum Shown {
    /// What is set.
    #[default]
    Config,
    /// What the deployment that serves was made with.
    Running,
}

impl Source for Vercel {
    const INFO: Info = Info {
        id: "vercel",
        title: "an environment variable of a Vercel project, or of its deployment that serves",
        stage: None,
        store: Some("vercel"),
        proves: &[Evidence::Value, Evidence::Timestamp],
        replicas: ["copy", "copies"],
        permission: "an access token with the scope of the team, of a member who sees the values of the project's \
                     environment variables",
        credentials: &["VERCEL_TOKEN", "VERCEL_API_TOKEN"],
        example: "\
- vercel: { project: shop }
- vercel: { store: acme, project: shop, target: preview, branch: next }
- vercel: { store: acme, project: shop, stage: running }
- vercel: { project: shop, target: staging, stage: running, domain: staging.shop.example }
",
        tested: "a fake shaped by the types of Vercel's published SDK",
        manual: "\
**What is set** (`stage: config`). The project's variables are listed in one request for all names, and a value \
that the list gives encrypted is requested by itself. A value is compared only if Vercel says that it is one: of \
the type `plain`, or `decrypted`. Ciphertext is never taken for a key. Of a `sensitive` variable Vercel shows \
only when it was last changed: before the rotation, it is `stale`; later, it is `unverified`. A `system` \
variable is filled in by Vercel, so it is `unverified` as well.

Of several of one name, that of the branch comes before the one for all previews, and the project's before what \
the team shares with it; the others are noted. A name that neither the project nor its team has for this target \
is `missing`, unless Vercel says that it keeps production variables from the token: then it is `unreachable`. So \
is whatever cannot be listed: 403 and 404 do not distinguish what does not exist from what is forbidden.

**What serves** (`stage: running`). A deployment keeps the variables that it was made with, so changing one does \
nothing until the next deployment. The one that serves is the one that the domain leads to, rollbacks and \
promotions included, not the latest one.

| the deployment was made | verdict |
|---|---|
| before the rotation | `stale` |
| before the variable's last change (a changed comment counts) | `unverified` |
| later | the variable's own, by timestamp: never proven |

To prove it, let the deployment itself report its fingerprint, and read that with [`http`](#http). While a \
release is rolled out, both of its deployments are judged. For previews and custom environments, `domain` has to \
say which deployment is meant.

Put both on the route: `[ { vercel: { project: shop } }, { vercel: { project: shop, stage: running } } ]`.",
    };

    fn check(&self) -> Result<(), String> {
        for (what, text) in [
            ("project", Some(&self.project)),
            ("target", self.target.as_ref()),
            ("branch", self.branch.as_ref()),
            ("name", self.name.as_ref()),
            ("domain", self.domain.as_ref()),
        ] {
            if text.is_some_and(|text| matches!(&**text, "" | "." | "..")) {
                return Err(format!("expected a {what}, not nothing"));
            }
        }
        if self.branch.is_some() && self.target() != "preview" {
            return Err(
                "expected `target: preview` with a `branch`: only previews have one".to_owned(),
            );
        }
        match self.stage {
            Shown::Config if self.domain.is_some() => Err(
                "expected `stage: running` with a `domain`: it tells which deployment serves"
                    .to_owned(),
            ),
            Shown::Running if self.target() == "development" => Err(
                "expected another target than development, where nothing is deployed".to_owned(),
            ),
            Shown::Running if self.target() != "production" && self.domain.is_none() => {
                Err("expected a `domain`, which tells which of the deployments is meant".to_owned())
            }
            _ => Ok(()),
        }
    }

    fn stage(&self) -> Stage {
        match self.stage {
            Shown::Config => Stage::Config,
            Shown::Running => Stage::Running,
        }
    }

    fn store(&self) -> Option<&str> {
        self.store.as_deref()
    }

    fn location(&self, at: At<'_>) -> String {
        let mut parts: Vec<&str> = self.store.as_deref().into_iter().collect();
        parts.extend([&*self.project, self.target()]);
        parts.extend(self.branch.as_deref());
        match (self.stage, &self.domain) {
            (Shown::Config, _) => {}
            (Shown::Running, Some(domain)) => parts.push(domain),
            (Shown::Running, None) => parts.push("serving"),
        }
        let parts: Vec<_> = parts
            .into_iter()
            .map(|part| Escaped(part).to_string())
            .collect();
        format!("vercel:{}#{}", parts.join("/"), Escaped(self.name(at)))
    }

    fn locate(&self, _: At<'_>, to: &mut Locator) {
        to.options([self.branch.as_deref(), self.domain.as_deref()]);
    }

    fn remedy(&self, at: At<'_>, case: &Case<'_>) -> String {
        let (project, target) = (quoted([&*self.project]), quoted([self.target()]));
        match self.stage {
            Shown::Config => {
                let branch = self
                    .branch
                    .as_deref()
                    .map(|branch| format!(" {}", quoted([branch])));
                // Each refuses what the other does.
                let set = match case.there {
                    There::Nothing => "add",
                    _ => "update",
                };
                format!(
                    "write the current key with `vercel env {set} {} {target}{} --project {project} --yes < FILE`, \
                     then deploy again",
                    quoted([self.name(at)]),
                    branch.unwrap_or_default()
                )
            }
            Shown::Running => {
                let domain = self.domain.as_deref().unwrap_or("URL");
                format!(
                    "deploy {project} again, so that it gets what is set: `vercel redeploy {} --target {target}`",
                    escape(domain)
                )
            }
        }
    }

    fn follows(&self) -> Option<&'static str> {
        Some(
            "values that are listed encrypted, what the team shares, and the deployment that serves",
        )
    }

    fn read(&self, at: At<'_>, asking: &Asking<'_>) -> Result<Vec<Reading>, Stop> {
        match self.stage {
            Shown::Config => {
                let set = configured::all(self, self.name(at), asking)?;
                let several = set.len() > 1;
                let readings = set.into_iter().map(|set| {
                    let reading = set.into_reading();
                    match several {
                        true => reading,
                        false => Reading {
                            replica: None,
                            ..reading
                        },
                    }
                });
                Ok(readings.collect())
            }
            Shown::Running => serving::all(self, self.name(at), asking),
        }
    }
}

impl Vercel {
    fn name<'s>(&'s self, at: At<'s>) -> &'s str {
        self.name.as_deref().unwrap_or(at.variable)
    }

    fn target(&self) -> &str {
        self.target.as_deref().unwrap_or("production")
    }

    /// The name of the custom environment, if it is one.
    fn custom(&self) -> Option<&Arc<str>> {
        let usual = ["production", "preview", "development"];
        self.target
            .as_ref()
            .filter(|target| !usual.contains(&&***target))
    }
}

#[cfg(test)]
mod tests;
