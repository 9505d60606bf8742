use std::collections::HashMap;
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use crate::platform::files::read_regular;
use crate::platform::variable::variable;

/// What the files under `~/.aws` say of a profile, beside its credentials.
#[derive(Default)]
pub(super) struct Profile {
    /// Its region.
    pub region: Option<String>,
    /// Where every service is asked.
    pub endpoint: Option<String>,
    /// The role it takes on, with the credential of another profile.
    pub role: Option<Role>,
}

/// A role, and who may take it on.
pub(super) struct Role {
    /// Its ARN.
    pub arn: String,
    /// What its trust policy asks for.
    pub external_id: Option<String>,
    /// The profile whose credential is good for it; `None` for what the host gives.
    pub source: Option<String>,
}

impl Profile {
    /// Reads it; what is not there says nothing.
    pub fn read(name: Option<&str>) -> Self {
        let file = |set: &str, usual: &str| {
            let path = variable(set).map(PathBuf::from).or_else(|| {
                let home = variable("HOME")?;
                Some(Path::new(&home).join(usual))
            })?;
            // It may hold secret keys.
            read_regular(&path).ok().map(Zeroizing::new)
        };
        let name = name
            .map(str::to_owned)
            .or_else(|| variable("AWS_PROFILE"))
            .unwrap_or_else(|| "default".to_owned());
        let config = file("AWS_CONFIG_FILE", ".aws/config");
        let credentials = file("AWS_SHARED_CREDENTIALS_FILE", ".aws/credentials");
        let headers = match &*name {
            "default" => ["default".to_owned(), "profile default".to_owned()],
            _ => [format!("profile {name}"), String::new()],
        };
        let mut said = HashMap::new();
        for header in headers.iter().filter(|header| !header.is_empty()) {
            said.extend(section(config.as_deref().map_or(&[], |file| file), header));
        }
        for (key, value) in section(credentials.as_deref().map_or(&[], |file| file), &name) {
            said.entry(key).or_insert(value);
        }
        Self::of(&said, &name)
    }

    fn of(said: &HashMap<&str, &str>, name: &str) -> Self {
        let get = |key: &str| said.get(key).map(|value| (*value).to_owned());
        let source = get("source_profile");
        let role = get("role_arn")
            .filter(|_| source.is_some() || said.contains_key("credential_source"))
            .map(|arn| Role {
                arn,
                external_id: get("external_id"),
                // A profile may name itself: its own keys are meant then.
                source: source.filter(|source| source != name),
            });
        Self {
            region: get("region"),
            endpoint: get("endpoint_url"),
            role,
        }
    }
}

/// What stands under a header in a file of AWS's form. Lines that are indented belong to the key above.
fn section<'f>(file: &'f [u8], header: &str) -> HashMap<&'f str, &'f str> {
    let lines = std::str::from_utf8(file).unwrap_or_default().lines();
    let mut inside = false;
    let mut found = HashMap::new();
    for line in lines.filter(|line| !line.starts_with([' ', '\t', '#', ';'])) {
        if let Some(named) = line.trim().strip_prefix('[') {
            let named = named.split(']').next().unwrap_or_default();
            inside = named.split_whitespace().eq(header.split_whitespace());
        } else if inside && let Some((key, value)) = line.split_once('=') {
            let value = value.split(" #").next().unwrap_or_default().trim();
            if !value.is_empty() {
                found.insert(key.trim(), value);
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &[u8] = b"\
[default]
region = eu-west-1
[profile  auditor]
# a comment
region=eu-central-1 # Frankfurt
role_arn = arn:aws:iam::123456789012:role/auditor
source_profile = base
s3 =
  endpoint_url = http://not-this-one
endpoint_url = https://vpce.internal
[profile own]
role_arn = arn:aws:iam::123456789012:role/own
source_profile = own
[profile irsa]
role_arn = arn:aws:iam::123456789012:role/irsa
web_identity_token_file = /token
";

    #[test]
    fn a_profile_is_found_by_its_header() {
        let profile = Profile::of(&section(FILE, "profile auditor"), "auditor");
        assert_eq!(profile.region.as_deref(), Some("eu-central-1"));
        assert_eq!(profile.endpoint.as_deref(), Some("https://vpce.internal"));
        let role = profile.role.unwrap();
        assert_eq!(role.arn, "arn:aws:iam::123456789012:role/auditor");
        assert_eq!(role.source.as_deref(), Some("base"));

        let profile = Profile::of(&section(FILE, "default"), "default");
        assert_eq!(profile.region.as_deref(), Some("eu-west-1"));
        assert!(profile.role.is_none());
        assert!(section(FILE, "auditor").is_empty());
    }

    #[test]
    fn a_role_needs_a_source_and_may_be_its_own() {
        let own = Profile::of(&section(FILE, "profile own"), "own");
        assert!(own.role.is_some_and(|role| role.source.is_none()));
        let irsa = Profile::of(&section(FILE, "profile irsa"), "irsa");
        assert!(irsa.role.is_none(), "that is a web identity");
    }
}
