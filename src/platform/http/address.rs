use reqwest::Url;

use super::url;
use crate::platform::variable::variable;
use crate::reading::{ErrorKind, ReadError};

/// Where a store's server is: scheme, host and port, perhaps with a path before everything.
#[derive(Clone)]
pub(in crate::platform) struct Address(Url);

impl Address {
    /// What the settings say, else what the first of these variables that is set says, else
    /// `otherwise`. `example` is what a person could write.
    ///
    /// # Errors
    ///
    /// When nothing says it, or what does is no address.
    pub fn find(
        said: Option<&str>,
        variables: &[&str],
        otherwise: Option<&str>,
    ) -> Result<Self, ReadError> {
        let set = || {
            let set = variables.iter().map(|name| (*name, variable(name)));
            let mut set = set.filter_map(|(name, value)| Some((name, value?)));
            set.next()
        };
        let (place, text) = match said {
            Some(said) => ("`address`", Some(said.to_owned())),
            None => match set() {
                Some((name, value)) => (name, Some(value)),
                None => ("`address`", otherwise.map(str::to_owned)),
            },
        };
        let Some(text) = text else {
            return Err(ReadError::new(
                ErrorKind::Connect,
                "nobody says where the server is",
                format!(
                    "set {}, or declare a store with an `address`",
                    variables.first().copied().unwrap_or_default()
                ),
            ));
        };
        Self::parse(&text).map_err(|why| {
            let next = format!("correct {place}");
            ReadError::new(ErrorKind::Connect, format!("no address: {why}"), next)
        })
    }

    /// Reads an address.
    ///
    /// # Errors
    ///
    /// What was expected, a lowercase fragment that does not repeat the text.
    pub fn parse(text: &str) -> Result<Self, String> {
        let url = url::parse(text)?;
        if url.query().is_some() || url.fragment().is_some() {
            return Err("expected an address without a query".to_owned());
        }
        Ok(Self(url))
    }

    /// The URL of these segments, each escaped as a whole.
    pub fn at<'s>(&self, segments: impl IntoIterator<Item = &'s str>) -> Url {
        let mut url = self.0.clone();
        // It fails for URLs that have no host, which `check` refuses.
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend(segments);
        }
        url
    }

    /// Whether the way there is secured.
    pub fn is_secure(&self) -> bool {
        self.0.scheme() == "https"
    }

    /// Whether this is the last segment of its path.
    pub fn ends_in(&self, segment: &str) -> bool {
        let path = self.0.path().trim_end_matches('/');
        path.rsplit('/').next() == Some(segment)
    }

    /// The server, as lanes are named.
    pub fn host(&self) -> std::sync::Arc<str> {
        url::host(&self.0)
    }
}

/// Whether a path can be asked for as it stands: in a URL, `.` and `..` would lead elsewhere.
///
/// # Errors
///
/// What was expected, a lowercase fragment.
pub fn check_path(path: &str) -> Result<(), String> {
    let path = path.trim_matches('/');
    if path.is_empty() {
        return Err("expected a path, not nothing".to_owned());
    }
    if path.split('/').any(|part| matches!(part, "." | "..")) {
        return Err("expected a path without `.` and `..`".to_owned());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn segments_are_escaped_one_by_one() {
        let address = Address::parse("https://host:8200/base/").unwrap();
        assert_eq!(
            address.at(["v1", "a b", "c/d", "é?#%"]).as_str(),
            "https://host:8200/base/v1/a%20b/c%2Fd/%C3%A9%3F%23%25"
        );
        assert_eq!(&*address.host(), "host:8200");
        assert!(address.ends_in("base") && !address.ends_in("ase"));
    }

    #[test]
    fn what_is_no_address_is_refused_and_not_repeated() {
        for text in [
            "s3cret",
            "https://s3cret@host",
            "https://host/?s3cret",
            "ftp://s3cret",
        ] {
            let why = Address::parse(text).err().unwrap();
            assert!(!why.contains("s3cret"), "{why}");
        }
        let error = Address::find(None, &["NO_SUCH_ADDR"], None).err().unwrap();
        assert!(error.next.starts_with("set NO_SUCH_ADDR"), "{}", error.next);
    }

    #[test]
    fn a_path_leads_nowhere_else() {
        for path in ["", "/", "a/../b", "./a"] {
            assert!(check_path(path).is_err(), "{path}");
        }
        assert_eq!(check_path("/a/..b/c"), Ok(()));
    }
}
