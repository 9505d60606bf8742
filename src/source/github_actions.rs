use std::sync::Arc;

use schemars::JsonSchema;
use serde::Deserialize;

use super::{At, Case, Info, Source};
use crate::key::Secret;
use crate::platform::commands::quoted;
use crate::platform::github::{App, Entry, Level, Names, What};
use crate::platform::{Asking, Locator, MAX_BYTES, Stop};
use crate::reading::{ErrorKind, Found, ReadError, Reading, Taken};
use crate::text::Escaped;
use crate::verdict::{Evidence, Stage};

mod look;

/// A secret or a variable that GitHub gives to workflows, to Dependabot or to Codespaces.
#[derive(PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GithubActions {
    /// The declared store; by default what the variables of the GitHub CLI name.
    #[serde(default)]
    store: Option<Arc<str>>,
    /// The repository, `owner/name`: what its own jobs get is read.
    #[serde(default)]
    repository: Option<Arc<str>>,
    /// An organization instead, whose own copy is read.
    #[serde(default)]
    organization: Option<Arc<str>>,
    /// The environment that the jobs run in.
    #[serde(default)]
    environment: Option<Arc<str>>,
    /// The name; by default the variable.
    #[serde(default)]
    name: Option<Arc<str>>,
    /// Whether it is a secret or a variable.
    #[serde(default)]
    kind: Kind,
    /// What gets the secret.
    #[serde(default)]
    of: App,
    /// The Actions variable, at the same place as the secret, into which the rotation writes the
    /// fingerprint of the key after it wrote the secret.
    #[serde(default)]
    fingerprint: Option<Arc<str>>,
}

/// How GitHub keeps it.
#[derive(Clone, Copy, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
enum Kind {
    /// Encrypted, and never shown again.
    #[default]
    Secret,
    /// In the clear.
    Variable,
}

impl Source for GithubActions {
    const INFO: Info = Info {
        id: "github_actions",
        title: "a secret or a variable of GitHub Actions, Dependabot or Codespaces",
        stage: Some(Stage::Config),
        store: Some("github"),
        proves: &[Evidence::Value, Evidence::Timestamp, Evidence::Attested],
        replicas: ["copy", "copies"],
        permission: "for a fine-grained token, on the repository: \"Secrets: read\" for secrets, \"Variables: read\" \
                     for variables and for `fingerprint`, \"Environments: read\" for both where an `environment` is \
                     named, \"Dependabot secrets: read\" or \"Codespaces secrets: read\"; on an `organization`: the \
                     permissions of the same names there. For a classic token: `repo`, and `admin:org` for an \
                     `organization`",
        credentials: &[
            "GH_TOKEN",
            "GITHUB_TOKEN",
            "GH_ENTERPRISE_TOKEN",
            "GITHUB_ENTERPRISE_TOKEN",
        ],
        example: "\
- github_actions: { repository: acme/shop }
- github_actions: { repository: acme/shop, environment: production, fingerprint: ALLSTAK_API_KEY_SHA256 }
- github_actions: { repository: acme/shop, kind: variable, name: ALLSTAK_PUBLIC_KEY }
- github_actions: { store: github, repository: acme/shop, of: dependabot }
- github_actions: { organization: acme }
",
        tested: "the mock server of GitHub's published API description, Prism, which checks every request, and a fake \
                 shaped by the same description",
        manual: "\
**Which copy counts.** A name can exist at the organization, the repository and the environment at once. GitHub \
prefers the environment's to the repository's, and that to the organization's, for secrets and for variables. \
straggler reads all of them and judges the one that wins. The others are noted with their times: one that is newer was \
perhaps rotated where nobody reads it. Names of one place share requests of 100 secrets or 30 variables.

A name that none of the lists has is `missing`. If a list that could have the winner cannot be read, the hop is \
`unreachable`; one that could only lose is noted. GitHub answers 404 both for what does not exist and for what the \
token may not see, so that is `unreachable` too.

**What can be proven.** A variable is compared by its value. Of a secret GitHub shows only when it was last written: \
before the rotation, it is `stale`; later, it is `unverified`. For more, let the rotation write the fingerprint into a \
variable at the same place, after the secret, and name it in `fingerprint`:

```sh
gh secret set ALLSTAK_API_KEY --repo acme/shop --env production < key
straggler inspect --file key -f reading | jq -r .fingerprint |
  gh variable set ALLSTAK_API_KEY_SHA256 --repo acme/shop --env production
```

The evidence is then `attested`: a claim, which never counts as proven. A claim older than the secret is ignored.

`of: dependabot` and `of: codespaces` have lists of their own, which a rotation of the Actions secrets does not touch. \
The organization's lists of those are read at the organization, and need its permission where the repository has no \
copy of its own: without it, and where the owner is a person, nothing is `missing` there but `unreachable`. An \
organization's secret that is not for all repositories is then `unverified`: which ones it is for is not asked. In \
Codespaces, a person's own secrets are not seen either.",
    };

    fn check(&self) -> Result<(), String> {
        match (&self.repository, &self.organization) {
            (Some(repository), None) => {
                let parts: Vec<_> = repository.split('/').collect();
                let fits = parts.len() == 2 && parts.iter().all(|part| is_name(part));
                if !fits {
                    return Err("expected `repository` as owner/name".to_owned());
                }
            }
            (None, Some(organization)) if !is_name(organization) => {
                return Err("expected the name of an organization".to_owned());
            }
            (None, Some(_)) if self.environment.is_some() => {
                return Err("expected no `environment` at an organization: it has none".to_owned());
            }
            (None, Some(_)) => {}
            _ => return Err("expected either `repository` or `organization`".to_owned()),
        }
        if self.of != App::Actions && (self.environment.is_some() || self.kind == Kind::Variable) {
            return Err(format!(
                "expected neither `environment` nor variables: {} has none",
                self.of.name()
            ));
        }
        if self.kind == Kind::Variable && self.fingerprint.is_some() {
            return Err("expected no `fingerprint` of a variable: its value is read".to_owned());
        }
        if matches!(self.environment.as_deref(), Some("" | "." | "..")) {
            return Err("expected the name of an environment".to_owned());
        }
        for name in [&self.name, &self.fingerprint].into_iter().flatten() {
            if name.is_empty() {
                return Err("expected a name, not nothing".to_owned());
            }
        }
        Ok(())
    }

    fn store(&self) -> Option<&str> {
        self.store.as_deref()
    }

    fn location(&self, at: At<'_>) -> String {
        let place = [&self.store, &self.repository, &self.organization];
        let mut parts: Vec<&str> = place.into_iter().filter_map(Option::as_deref).collect();
        if let Some(environment) = &self.environment {
            parts.extend(["environments", environment]);
        }
        if self.of != App::Actions {
            parts.push(self.of.name());
        }
        parts.push(self.what().name());
        let parts: Vec<_> = parts
            .into_iter()
            .map(|part| Escaped(part).to_string())
            .collect();
        let place = parts.join("/");
        format!("github_actions:{place}#{}", Escaped(self.name(at)))
    }

    fn locate(&self, _: At<'_>, to: &mut Locator) {
        let names = [&self.organization, &self.environment, &self.fingerprint];
        to.options(names.map(Option::as_deref));
    }

    fn remedy(&self, at: At<'_>, _: &Case<'_>) -> String {
        let mut place = String::new();
        for (option, value) in [
            ("--repo", &self.repository),
            ("--org", &self.organization),
            ("--env", &self.environment),
        ] {
            if let Some(value) = value {
                place = format!("{place} {option} {}", quoted([&**value]));
            }
        }
        if self.of != App::Actions {
            place = format!("{place} --app {}", self.of.name());
        }
        let what = match self.kind {
            Kind::Secret => "secret",
            Kind::Variable => "variable",
        };
        let claim = self.fingerprint.as_deref().map_or(String::new(), |name| {
            let name = Escaped(name);
            format!(", and the `fingerprint` that `straggler inspect --file FILE -f reading` shows into the variable {name}")
        });
        format!(
            "write the current key with `gh {what} set {}{place} < FILE`{claim}, then run again what deploys with it",
            quoted([self.name(at)])
        )
    }

    fn follows(&self) -> Option<&'static str> {
        Some("further pages until the name is found, and the variable that `fingerprint` names")
    }

    fn read(&self, at: At<'_>, asking: &Asking<'_>) -> Result<Vec<Reading>, Stop> {
        let levels = self.levels();
        // Each is asked for before any is waited for.
        let looked: Vec<_> = levels
            .iter()
            .map(|level| look::entry(&self.names(level), self.name(at), asking))
            .collect();
        let looked = looked.into_iter().collect::<Result<Vec<_>, _>>()?;
        let mut copies = levels.iter().zip(looked);
        let mut winner = None;
        for (level, copy) in copies.by_ref() {
            // What cannot be read may be what wins.
            if let Some(entry) = copy? {
                winner = Some((level, entry));
                break;
            }
        }
        let Some((level, entry)) = winner else {
            return Ok(vec![Reading::new(Found::Absent)]);
        };
        let notes: Vec<_> = copies
            .filter_map(|(level, copy)| loser(level, copy, entry))
            .collect();
        let found = match self.kind {
            Kind::Variable => Found::Value(self.value(entry, at)?),
            Kind::Secret => self.secret(level, entry, asking)?,
        };
        let reading = Reading {
            stored_at: Some(entry.updated_at),
            ..Reading::new(found)
        };
        Ok(vec![match notes.is_empty() {
            true => reading,
            false => reading.with_note(notes.join("; ")),
        }])
    }
}

impl GithubActions {
    fn name<'s>(&'s self, at: At<'s>) -> &'s str {
        self.name.as_deref().unwrap_or(at.variable)
    }

    fn what(&self) -> What {
        match self.kind {
            Kind::Secret => What::Secrets(self.of),
            Kind::Variable => What::Variables,
        }
    }

    fn names(&self, level: &Level) -> Names {
        Names {
            at: level.clone(),
            what: self.what(),
        }
    }

    /// Where a copy may be, the one that wins first.
    fn levels(&self) -> Vec<Level> {
        let Some(repository) = &self.repository else {
            let organization = self.organization.iter().cloned();
            return organization.map(Level::Organization).collect();
        };
        let environment = self
            .environment
            .iter()
            .map(|environment| Level::Environment(Arc::clone(repository), Arc::clone(environment)));
        let above = match self.of {
            App::Actions => Level::Shared(Arc::clone(repository)),
            App::Dependabot | App::Codespaces => {
                let (owner, _) = repository.split_once('/').unwrap_or_default();
                Level::Organization(owner.into())
            }
        };
        environment
            .chain([Level::Repository(Arc::clone(repository)), above])
            .collect()
    }

    fn value(&self, entry: &Entry, at: At<'_>) -> Result<Secret, ReadError> {
        let (kind, message, next) = match entry.value() {
            Some(value) if value.len() <= MAX_BYTES => return Ok(Secret::copied(value.expose())),
            Some(_) => (
                ErrorKind::TooLarge,
                format!("{} is over {} MiB", self.location(at), MAX_BYTES >> 20),
                "name the variable that holds the key",
            ),
            None => (
                ErrorKind::BadData,
                format!("{} was listed without its value", self.location(at)),
                "ask it by hand with `gh api`",
            ),
        };
        Err(ReadError::new(kind, message, next))
    }

    /// What can be said of a secret that nobody is shown.
    fn secret(&self, level: &Level, entry: &Entry, asking: &Asking<'_>) -> Result<Found, Stop> {
        if self.repository.is_some() && entry.is_limited() {
            return Ok(Found::hidden(
                None,
                "the organization has it, but not for all its repositories, and whether it is for this one \
                 was not asked: give the repository a copy of its own",
            ));
        }
        let written = Some(entry.updated_at);
        let Some(name) = &self.fingerprint else {
            return Ok(Found::hidden(
                written,
                "GitHub shows no secret: let the rotation write its fingerprint into a variable, and name that in \
                 `fingerprint`",
            ));
        };
        let beside = match level {
            // The variables that a repository gets from above are listed for it.
            Level::Organization(_) => match &self.repository {
                Some(repository) => Level::Shared(Arc::clone(repository)),
                None => level.clone(),
            },
            level => level.clone(),
        };
        let names = Names {
            at: beside,
            what: What::Variables,
        };
        let name = Escaped(name);
        let why = match look::claim(&names, name.0, asking)? {
            Ok(Some(claim)) if claim.updated_at < entry.updated_at => format!(
                "the variable {name} was written {} and the secret after it, {}: it says nothing of this secret",
                claim.updated_at, entry.updated_at
            ),
            Ok(Some(claim)) => match claim.fingerprint {
                Some(fingerprint) => {
                    let found = Found::Fingerprint {
                        fingerprint,
                        length: None,
                        attested: true,
                    };
                    return Ok(Found::Hidden {
                        fixed_at: written,
                        why: format!("the variable {name} says so, written {}", claim.updated_at)
                            .into(),
                        taken_for: Some(Box::new(Taken {
                            found,
                            evidence: Evidence::Attested,
                        })),
                    });
                }
                None => format!(
                    "the variable {name} holds no fingerprint: `sha256:` and 8 to 64 hex digits"
                ),
            },
            Ok(None) => format!("there is no variable {name} at {level}, where the secret is"),
            Err(error) => format!("the variable {name} could not be read: {error}"),
        };
        Ok(Found::hidden(written, why))
    }
}

/// What is to be said of a place whose copy loses, if it has one.
fn loser(level: &Level, copy: Result<Option<&Entry>, ReadError>, winner: &Entry) -> Option<String> {
    match copy {
        Ok(None) => None,
        Ok(Some(entry)) if entry.updated_at > winner.updated_at => Some(format!(
            "{level} has one as well that loses to it, and was written after it, {}: it may have been rotated where \
             nobody reads it",
            entry.updated_at
        )),
        Ok(Some(entry)) => Some(format!(
            "{level} has an older one as well, written {}, which would be used if this one went",
            entry.updated_at
        )),
        Err(error) => Some(format!(
            "what {level} has was not read ({}), but would lose to it",
            error.kind.name()
        )),
    }
}

/// Whether GitHub could call something so, and a path can name it.
fn is_name(name: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    !matches!(name, "" | "." | "..") && name.bytes().all(fits)
}

#[cfg(test)]
mod tests;
