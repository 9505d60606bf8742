use std::borrow::Cow;
use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;

use memchr::memmem;
use sha2::{Digest, Sha256};

use super::commands::{Argv, Setting};
use super::credential::Credential;
use crate::key::{Digits, Fingerprint, Secret};

/// Everything that decides which place a hop reads, in short. What is shown of a place leaves some of that out:
/// a query, a header, a folder, the server that a store leads to. Two places that look the same are told apart by
/// it, and none of it can be read back.
#[derive(Default)]
pub struct Locator {
    hash: Sha256,
    base: PathBuf,
    secrets: Arc<[EnvSecret]>,
}

/// A value of straggler's own environment that `${env.NAME}` was filled in with, and which may be a credential.
pub struct EnvSecret {
    /// Which variable had it.
    pub variable: Box<str>,
    /// The value.
    pub value: Secret,
}

/// Which place a hop reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PlaceId([u8; 16]);

/// What the rest of a place shows, beside the part that a hop takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rest {
    /// A known key.
    Key,
    /// A damaged copy of one.
    Damaged,
    /// What could not be searched.
    Unsearched,
}

impl Locator {
    /// For places whose relative paths start in this folder, wherever that lies, and in which credentials of
    /// straggler's own environment stand for their variables, whatever they are now.
    #[must_use]
    pub fn of(base: &Path, secrets: &Arc<[EnvSecret]>) -> Self {
        Self {
            base: base.to_owned(),
            secrets: Arc::clone(secrets),
            ..Self::default()
        }
    }

    /// Takes in a text, told apart from the one that follows.
    pub fn text(&mut self, text: impl AsRef<[u8]>) {
        let text = self.named(text.as_ref());
        self.hash.update((text.len() as u64).to_be_bytes());
        self.hash.update(text);
    }

    /// The text, with the variables in place of what they are set to now.
    fn named<'t>(&self, text: &'t [u8]) -> Cow<'t, [u8]> {
        let mut named = Cow::Borrowed(text);
        let secrets = self.secrets.iter();
        for EnvSecret { variable, value } in secrets.filter(|known| known.is_told_apart()) {
            let value = value.expose();
            let mut from = 0;
            while let Some(at) = memmem::find(&named[from..], value) {
                let name = format!("${{env.{variable}}}");
                let (before, after) = (&named[..from + at], &named[from + at + value.len()..]);
                let whole = [before, name.as_bytes(), after].concat();
                from += at + name.len();
                named = Cow::Owned(whole);
            }
        }
        named
    }

    /// Takes in a setting that may be unset.
    pub fn option(&mut self, text: Option<impl AsRef<[u8]>>) {
        match text {
            Some(text) => {
                self.hash.update([1]);
                self.text(text);
            }
            None => self.hash.update([0]),
        }
    }

    /// Takes in several settings, any of which may be unset.
    pub fn options<'t>(&mut self, texts: impl IntoIterator<Item = Option<&'t str>>) {
        for text in texts {
            self.option(text);
        }
    }

    /// Takes in a path, as it is written in the main file.
    pub fn path(&mut self, path: &Path) {
        let path = path.strip_prefix(&self.base).unwrap_or(path).to_owned();
        self.text(path.as_os_str().as_encoded_bytes());
    }

    /// Takes in where a credential is, for it may decide what is read with it.
    pub fn credential(&mut self, credential: &Credential) {
        match credential {
            Credential::Env(name) => {
                self.text("env");
                self.text(&**name);
            }
            Credential::File(path) => {
                self.text("file");
                self.path(path);
            }
            Credential::Command(argv) => {
                self.text("command");
                self.argv(argv);
            }
        }
    }

    /// Takes in a program and its arguments.
    pub fn argv(&mut self, argv: &Argv) {
        self.text(argv.len().to_string());
        for word in argv.iter() {
            self.text(&**word);
        }
    }

    /// Takes in what a variable is set to.
    pub fn setting(&mut self, setting: &Setting) {
        match setting {
            Setting::Text(text) => {
                self.text("text");
                self.text(&**text);
            }
            Setting::Credential(credential) => self.credential(credential),
        }
    }

    /// Which place it is.
    #[must_use]
    pub fn finish(self) -> PlaceId {
        let digest = self.hash.finalize();
        PlaceId(digest.first_chunk().copied().unwrap_or_default())
    }
}

impl EnvSecret {
    /// Whether its value stands nowhere by chance: what is a word may be a part of texts that have nothing to do
    /// with it, and places that it is a part of would all be others when it changes.
    #[must_use]
    pub fn is_told_apart(&self) -> bool {
        const SHORTEST: usize = 8;
        let is_of_word = |byte: &u8| byte.is_ascii_lowercase() || b"-_".contains(byte);
        self.value.len() >= SHORTEST && !self.value.expose().iter().all(is_of_word)
    }
}

impl PlaceId {
    /// What stands there beside the part that a hop takes.
    #[must_use]
    pub fn beside(&self, what: Rest) -> Self {
        let what = match what {
            Rest::Key => "beside",
            Rest::Damaged => "damaged beside",
            Rest::Unsearched => "unsearched",
        };
        self.derived(what, "")
    }

    /// This value there, which nobody could explain.
    #[must_use]
    pub fn showing(&self, value: &Fingerprint) -> Self {
        self.derived("showing", &value.cut(Digits::MIN).to_string())
    }

    /// This text there, by its mark, which stands for a key.
    #[must_use]
    pub fn showing_text(&self, mark: u64) -> Self {
        self.derived("text", &mark.to_string())
    }

    fn derived(&self, what: &str, more: &str) -> Self {
        let mut locator = Locator::default();
        locator.text(what);
        locator.text(self.0);
        if !more.is_empty() {
            locator.text(more);
        }
        locator.finish()
    }

    /// One of several places that it stands for.
    #[must_use]
    pub fn replica(&self, name: &str) -> Self {
        let mut locator = Locator::default();
        locator.text("replica");
        locator.text(self.0);
        locator.text(name);
        locator.finish()
    }

    /// The bytes, to be taken into a larger digest.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }
}

/// With a sign in front, so that no digest which stands before it in a file seems to go on.
impl fmt::Display for PlaceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "@{}", hex::encode(self.0))
    }
}

impl FromStr for PlaceId {
    type Err = hex::FromHexError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut bytes = [0; 16];
        hex::decode_to_slice(text.strip_prefix('@').unwrap_or(text), &mut bytes)?;
        Ok(Self(bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(take_in: impl FnOnce(&mut Locator)) -> PlaceId {
        let mut locator = Locator::of(Path::new("targets"), &Arc::default());
        take_in(&mut locator);
        locator.finish()
    }

    #[test]
    fn what_is_said_in_one_place_is_not_taken_for_another() {
        let pairs: [[PlaceId; 2]; 4] = [
            [
                id(|to| to.options([Some("a"), None])),
                id(|to| to.options([None, Some("a")])),
            ],
            [
                id(|to| to.options([Some("ab"), Some("c")])),
                id(|to| to.options([Some("a"), Some("bc")])),
            ],
            [
                id(|to| to.credential(&Credential::Env("A".into()))),
                id(|to| to.credential(&Credential::File(Path::new("A").into()))),
            ],
            [
                id(|to| to.option(Some(""))),
                id(|to| to.option(None::<&str>)),
            ],
        ];
        for [one, other] in pairs {
            assert_ne!(one, other);
        }
    }

    #[test]
    fn a_path_is_the_same_however_the_main_file_is_named() {
        let by_name = id(|to| to.path(Path::new("targets/sub/x")));
        let mut absolute = Locator::of(Path::new("/srv/targets"), &Arc::default());
        absolute.path(Path::new("/srv/targets/sub/x"));
        assert_eq!(by_name, absolute.finish());
        assert_ne!(by_name, id(|to| to.path(Path::new("/sub/x"))));
    }

    #[test]
    fn a_credential_is_its_variable_whatever_it_is_and_a_word_is_a_word() {
        let of = |value: &str, text: &str| {
            let secrets = vec![EnvSecret {
                variable: "A_TOKEN".into(),
                value: Secret::copied(value.as_bytes()),
            }];
            let mut locator = Locator::of(Path::new(""), &secrets.into());
            locator.text(text);
            locator.finish()
        };
        let [one, other] = ["hvs.Bv7Nc2Xz9", "hvs.Kd8Rt2Yp6"];
        let twice = |value: &str| of(value, &format!("{value} x {value}"));
        assert_eq!(twice(one), twice(other));
        assert_ne!(of(one, one), of(one, "x"));
        assert_eq!(of("file", "file:a"), of("production", "file:a"));
        assert_ne!(of("production", "production/a"), of("staging", "staging/a"));
    }

    #[test]
    fn it_is_read_as_it_is_written() {
        let id = id(|to| to.text("x"));
        assert_eq!(id.to_string().parse(), Ok(id));
        assert!("xyz".parse::<PlaceId>().is_err());
    }
}
