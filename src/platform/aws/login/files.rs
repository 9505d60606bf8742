use std::collections::{BTreeMap, HashMap};
use std::io::ErrorKind as Io;
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use super::words::words;
use crate::platform::files::read_regular;
use crate::platform::reason::reason;
use crate::platform::user;
use crate::platform::variable::variable;
use crate::reading::{ErrorKind, ReadError};
use crate::text::{escape, nearest};

/// What stands under one header. It may hold secret keys.
type Section = HashMap<String, Zeroizing<String>>;

/// What the files under `~/.aws` say.
#[derive(Default)]
pub(in crate::platform::aws) struct Files {
    config: PathBuf,
    credentials: PathBuf,
    profiles: BTreeMap<String, Profile>,
    sessions: BTreeMap<String, Section>,
    services: BTreeMap<String, Section>,
    /// Why a file could not be read that is there.
    unread: Option<ReadError>,
}

/// A profile in them.
#[derive(Default)]
pub(in crate::platform::aws) struct Profile {
    name: String,
    /// The file that most of it stands in.
    file: PathBuf,
    config: Section,
    credentials: Section,
}

impl Files {
    /// Reads them; one that is not there says nothing.
    pub fn read() -> Self {
        let mut files = Self {
            config: path("AWS_CONFIG_FILE", ".aws/config"),
            credentials: path("AWS_SHARED_CREDENTIALS_FILE", ".aws/credentials"),
            ..Self::default()
        };
        let (config, credentials) = (files.config.clone(), files.credentials.clone());
        for (header, section) in files.sections(&config) {
            files.take_config(&header, section);
        }
        for (header, section) in files.sections(&credentials) {
            let profile = files.profile_mut(&header, credentials.clone());
            profile.credentials.extend(section);
        }
        files
    }

    fn sections(&mut self, path: &Path) -> Vec<(String, Section)> {
        match read_regular(path).map(Zeroizing::new) {
            Ok(bytes) => sections(&Zeroizing::new(
                String::from_utf8_lossy(&bytes).into_owned(),
            )),
            Err(error) if error.kind() == Io::NotFound || path.as_os_str().is_empty() => Vec::new(),
            Err(error) => {
                let shown = escape(&path.to_string_lossy()).into_owned();
                let what = match error.kind() {
                    Io::PermissionDenied => {
                        format!("user {} may not read {shown}", user::current())
                    }
                    _ => format!("{shown} could not be read: {}", reason(&error)),
                };
                let next = format!("let straggler's user read {shown}");
                self.unread
                    .get_or_insert(ReadError::new(ErrorKind::Denied, what, next));
                Vec::new()
            }
        }
    }

    fn take_config(&mut self, header: &str, section: Section) {
        if header == "default" {
            let file = self.config.clone();
            return self.profile_mut(header, file).config.extend(section);
        }
        // What has no name, or two of them, is no profile for AWS's tools either.
        let Some([kind, name]) =
            words(header).and_then(|words| <[String; 2]>::try_from(words).ok())
        else {
            return;
        };
        match &*kind {
            "profile" => {
                let file = self.config.clone();
                self.profile_mut(&name, file).config.extend(section);
            }
            "sso-session" => self.sessions.entry(name).or_default().extend(section),
            "services" => self.services.entry(name).or_default().extend(section),
            _ => {}
        }
    }

    fn profile_mut(&mut self, name: &str, file: PathBuf) -> &mut Profile {
        let new = || Profile {
            name: name.to_owned(),
            file,
            ..Profile::default()
        };
        self.profiles.entry(name.to_owned()).or_insert_with(new)
    }

    /// The profile of this name, where there is one.
    pub fn profile(&self, name: &str) -> Option<&Profile> {
        self.profiles.get(name)
    }

    /// The profile of this name; `who` named it.
    ///
    /// # Errors
    ///
    /// When there is none; names the nearest, and the files.
    pub fn named(&self, name: &str, who: &str) -> Result<&Profile, ReadError> {
        if let Some(profile) = self.profiles.get(name) {
            return Ok(profile);
        }
        if let Some(error) = &self.unread {
            return Err(error.clone());
        }
        let near = nearest(name, self.profiles.keys().map(String::as_str));
        let next = match near {
            Some(near) => format!("correct {who}: did you mean `{}`?", escape(near)),
            None => format!("correct {who}, or add the profile: `aws configure list-profiles`"),
        };
        Err(ReadError::new(
            ErrorKind::Denied,
            format!(
                "no credential for AWS: there is no profile `{}` in {} or {}",
                escape(name),
                shown(&self.config),
                shown(&self.credentials)
            ),
            next,
        ))
    }

    /// A setting of the `[sso-session]` of this name; the outer `None` where there is no such section.
    pub fn session(&self, name: &str, key: &str) -> Option<Option<&str>> {
        let section = self.sessions.get(name)?;
        Some(said(section, key))
    }

    /// Where a service is asked with this profile, named as in `[services]`.
    pub fn endpoint<'f>(&'f self, profile: Option<&'f Profile>, service: &str) -> Option<&'f str> {
        let profile = profile?;
        let services = profile.get("services");
        let own = services.and_then(|name| self.services.get(name));
        own.and_then(|section| said(section, &format!("{service}.endpoint_url")))
            .or_else(|| profile.get("endpoint_url"))
    }

    /// The file of settings, for messages.
    pub fn config(&self) -> String {
        shown(&self.config)
    }

    /// Why one of them could not be read.
    pub fn unread(&self) -> Option<&ReadError> {
        self.unread.as_ref()
    }
}

impl Profile {
    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// A setting. As AWS's command line has it, the file of credentials goes before the other.
    pub fn get(&self, key: &str) -> Option<&str> {
        said(&self.credentials, key).or_else(|| said(&self.config, key))
    }

    /// A setting that only the file of credentials is asked for.
    pub fn in_credentials(&self, key: &str) -> Option<&str> {
        said(&self.credentials, key)
    }

    /// A setting that only the other file is asked for.
    pub fn in_config(&self, key: &str) -> Option<&str> {
        said(&self.config, key)
    }

    /// For messages: the profile `a` in /home/ana/.aws/config.
    pub fn shown(&self) -> String {
        format!("the profile `{}` in {}", escape(&self.name), self.file())
    }

    /// The file that it stands in, for messages.
    pub fn file(&self) -> String {
        shown(&self.file)
    }
}

fn said<'s>(section: &'s Section, key: &str) -> Option<&'s str> {
    let value = section.get(key).map(|value| value.as_str());
    value.filter(|value| !value.is_empty())
}

fn shown(path: &Path) -> String {
    escape(&path.to_string_lossy()).into_owned()
}

/// The path that a variable sets, else the usual one. Empty where there is no home either.
fn path(set: &str, usual: &str) -> PathBuf {
    let home = variable("HOME").map(PathBuf::from);
    match variable(set) {
        Some(set) => match (set.strip_prefix("~/"), home) {
            (Some(rest), Some(home)) => home.join(rest),
            _ => set.into(),
        },
        None => home.map(|home| home.join(usual)).unwrap_or_default(),
    }
}

/// A file of AWS's form taken apart, by Python's rules for it: a line that is indented further than the key
/// above belongs to that key. Settings under a key are named with it: `sts.endpoint_url`.
fn sections(text: &str) -> Vec<(String, Section)> {
    let mut found: Vec<(String, Section)> = Vec::new();
    let mut above: Option<(String, usize)> = None;
    for line in text.lines() {
        let indent = line.len() - line.trim_start().len();
        let line = line.trim();
        if line.is_empty() || line.starts_with(['#', ';']) {
            continue;
        }
        let below = above.as_ref().filter(|(_, of)| indent > *of);
        if let (Some((key, _)), Some((_, section))) = (below, found.last_mut()) {
            continue_with(section, key, line);
            continue;
        }
        if let Some(header) = line.strip_prefix('[') {
            let header = header.split(']').next().unwrap_or_default();
            found.push((header.trim().to_owned(), Section::new()));
            above = None;
        } else if let Some((_, section)) = found.last_mut()
            && let Some((key, value)) = line.split_once(['=', ':'])
        {
            let key = key.trim().to_lowercase();
            section.insert(key.clone(), value_of(&key, value));
            above = Some((key, indent));
        }
    }
    found
}

fn continue_with(section: &mut Section, key: &str, line: &str) {
    let value = section.entry(key.to_owned()).or_default();
    if !value.is_empty() {
        value.push('\n');
        value.push_str(line);
    } else if let Some((own, value)) = line.split_once('=') {
        let own = format!("{key}.{}", own.trim().to_lowercase());
        let value = value_of(&own, value);
        section.insert(own, value);
    }
}

/// A value without the comment behind it. A command may have a `#` of its own.
fn value_of(key: &str, value: &str) -> Zeroizing<String> {
    let value = match key {
        "credential_process" => value,
        _ => value.split(" #").next().unwrap_or_default(),
    };
    Zeroizing::new(value.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONFIG: &str = "\
[default]
region = eu-west-1
[profile  auditor]
# a comment
region=eu-central-1 # Frankfurt
Role_Arn = arn:aws:iam::123456789012:role/auditor
source_profile = base
s3 =
  endpoint_url = http://not-this-one
services = private
endpoint_url = https://vpce.internal
[profile 'with blanks']
  region = eu-north-1
  credential_process = give --as '#1'
     --now
[profile two names]
region = nowhere
[services private]
sts =
  endpoint_url = https://sts.internal
[sso-session company]
sso_region = eu-west-1
";

    fn files(config: &str, credentials: &str) -> Files {
        let mut files = Files::default();
        for (header, section) in sections(config) {
            files.take_config(&header, section);
        }
        for (header, section) in sections(credentials) {
            let profile = files.profile_mut(&header, PathBuf::new());
            profile.credentials.extend(section);
        }
        files
    }

    #[test]
    fn a_profile_is_found_by_its_header() {
        let files = files(CONFIG, "");
        let profile = files.profile("auditor").unwrap();
        assert_eq!(profile.get("region"), Some("eu-central-1"));
        assert_eq!(
            profile.get("role_arn"),
            Some("arn:aws:iam::123456789012:role/auditor")
        );
        let default = files.profile("default").unwrap();
        assert_eq!(default.get("region"), Some("eu-west-1"));
        assert!(files.profile("two names").is_none());
        assert!(files.profile("private").is_none());
        let region = |session| files.session(session, "sso_region");
        assert_eq!(region("company"), Some(Some("eu-west-1")));
        assert_eq!(files.session("company", "sso_start_url"), Some(None));
        assert_eq!(region("other"), None);
    }

    #[test]
    fn what_is_indented_belongs_to_the_key_above() {
        let files = files(CONFIG, "");
        let auditor = files.profile("auditor");
        assert_eq!(
            files.endpoint(auditor, "ssm"),
            Some("https://vpce.internal")
        );
        assert_eq!(files.endpoint(auditor, "sts"), Some("https://sts.internal"));
        let blanks = files.profile("with blanks").unwrap();
        assert_eq!(blanks.get("region"), Some("eu-north-1"));
        assert_eq!(
            blanks.get("credential_process"),
            Some("give --as '#1'\n--now")
        );
    }

    #[test]
    fn the_file_of_credentials_goes_first() {
        let files = files(
            "[profile a]\nregion = eu-west-1\noutput = json\n",
            "[a]\nregion = eu-north-1\n[b]\naws_access_key_id = x\n",
        );
        let profile = files.profile("a").unwrap();
        assert_eq!(profile.get("region"), Some("eu-north-1"));
        assert_eq!(profile.get("output"), Some("json"));
        assert_eq!(profile.in_config("region"), Some("eu-west-1"));
        assert!(files.profile("b").is_some());
    }

    #[test]
    fn a_profile_that_is_not_there_is_named_with_the_nearest() {
        let files = files(CONFIG, "");
        let error = files.named("audtior", "AWS_PROFILE").err().unwrap();
        assert!(error.message.contains("no profile `audtior`"), "{error}");
        assert!(error.next.contains("did you mean `auditor`?"), "{error}");
        let error = files.named("x", "AWS_PROFILE").err().unwrap();
        assert!(error.next.contains("list-profiles"), "{error}");
    }
}
