use regex::bytes::Regex;

/// Interim, replaced by the keyring branch: what a key looks like.
#[derive(Debug)]
pub struct Format {
    whole: Regex,
}

impl Format {
    /// Compiles.
    ///
    /// # Errors
    ///
    /// A lowercase fragment.
    pub fn new(text: &str) -> Result<Self, String> {
        Ok(Self {
            whole: Regex::new(text).map_err(|_| "expected a regular expression".to_owned())?,
        })
    }

    /// Whether the whole value fits.
    #[must_use]
    pub fn fits(&self, value: &[u8]) -> bool {
        self.whole.is_match(value)
    }

    /// Where keys stand in a text.
    pub fn find_in<'a>(
        &'a self,
        haystack: &'a [u8],
    ) -> impl Iterator<Item = std::ops::Range<usize>> + 'a {
        self.whole.find_iter(haystack).map(|found| found.range())
    }
}
