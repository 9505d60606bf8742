use std::sync::Arc;

use jiff::Timestamp;
use reqwest::{StatusCode, Url};

use super::code::{self, Code};
use super::reference::{Reference, Strength};
use super::search::Token;
use super::seen::Seen;
use super::{html, names};
use crate::keyring::{Format, Scrubber};
use crate::platform::Ask;
use crate::platform::http::{Call, Headers, Http, fill, host, location, parse_url};
use crate::reading::{ErrorKind, ReadError};

/// Asks for the tokens in a file that a server gives, and for what else it names.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct SearchPage {
    /// Where it is.
    pub url: Arc<str>,
    /// Credentials that go along, to this origin only.
    pub headers: Arc<Headers>,
    /// What is looked for.
    pub format: Arc<Format>,
    /// The most bytes, after decompression.
    pub most: u64,
}

/// A file that a server gave.
pub struct Page {
    /// Its tokens, each once.
    pub tokens: Vec<Token>,
    /// How many bytes it has.
    pub bytes: u64,
    /// When it was last changed, if the server says so.
    pub modified: Option<Timestamp>,
    /// Whether it is a page for people.
    pub is_html: bool,
    /// The files it names.
    pub references: Vec<Reference>,
    /// Files it names by addresses that only others complete; see [`super::beside`].
    pub loose: Vec<(Box<str>, Strength)>,
    /// How it loads others by names that code puts together.
    pub code: Code,
    /// The data that it may ask for, as it is written: relative to the page.
    pub data: Vec<(Box<str>, Strength)>,
    /// What its relative addresses start from.
    pub base: Arc<str>,
    /// What an import map has for names that begin so.
    pub prefixes: Vec<(Box<str>, Arc<str>)>,
    /// Why not all of it was seen.
    pub cut: Option<ReadError>,
}

/// How many characters of an address are shown.
const SHOWN: usize = 400;

impl Ask for SearchPage {
    type Platform = Http;
    type Answer = Page;

    // Which files are asked for comes out only when others are there.
    const KEEP: bool = true;

    // Another page wrote it, which may have written a key into it.
    fn describe(&self) -> String {
        let shown = location(&self.url);
        let scrubber = Scrubber::new(vec![Arc::clone(&self.format)]);
        format!("GET {}", scrubber.text(shown.as_bytes(), SHOWN))
    }

    fn host(&self, _: &Http) -> Option<Arc<str>> {
        self.url().ok().map(|url| host(&url))
    }

    async fn send(http: &Http, asks: Vec<Self>) -> Vec<Result<Page, ReadError>> {
        let mut answers = Vec::with_capacity(asks.len());
        for ask in asks {
            answers.push(ask.search(http).await);
        }
        answers
    }
}

impl SearchPage {
    fn url(&self) -> Result<Url, ReadError> {
        parse_url(&self.url).map_err(|why| ReadError::new(ErrorKind::BadData, why, "correct `url`"))
    }

    async fn search(&self, http: &Http) -> Result<Page, ReadError> {
        let url = self.url()?;
        http.credentials.uses_address(&url);
        let (headers, sent) = fill(&self.headers, &http.credentials).await?;
        let call = Call::get(url).with_all(headers, sent);
        let mut arriving = call.open(&http.clients).await?;
        if arriving.status.is_success() && arriving.status != StatusCode::OK {
            let (shown, status) = (location(&self.url), arriving.status);
            return Err(ReadError::new(
                ErrorKind::Protocol,
                format!("{shown} answered {status}, which is not all of it"),
                "ask it by hand with `curl -v`",
            )
            .answered());
        }
        if arriving.status != StatusCode::OK {
            // What stands in the refusal is not repeated: it may be a whole page.
            let next = "let the credential in `headers` read this address";
            return Err(arriving.whole(0).await?.refused(Some(""), next));
        }
        let mut seen = Seen::new(&arriving, Arc::clone(&self.format));
        let behind = html::LONGEST.max(code::LONGEST).max(names::LONGEST + 16);
        let mut window = seen.search.window(behind);
        let (mut bytes, mut whole) = (0, true);
        while let Some(chunk) = arriving.chunk().await? {
            if bytes + chunk.len() as u64 > self.most {
                whole = false;
                break;
            }
            bytes += chunk.len() as u64;
            window.push(&chunk, &mut |view| seen.look(view));
        }
        window.show(true, &mut |view| seen.look(view));
        let mut page = seen.finish(bytes, &arriving.headers);
        if !whole {
            page.cut = Some(self.too_large());
        }
        Ok(page)
    }

    fn too_large(&self) -> ReadError {
        ReadError::new(
            ErrorKind::TooLarge,
            format!(
                "{} has more than the {} MiB that were left to look at",
                location(&self.url),
                self.most >> 20
            ),
            "raise `most_mebibytes`",
        )
    }
}
