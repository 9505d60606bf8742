mod crawl;
mod runtime;

use std::path::Path;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, de};

use super::{At, Case, Info, Source};
use crate::key::Secret;
use crate::keyring::Format;
use crate::platform::bundle::{SearchFolder, Token};
use crate::platform::http::{Headers, check_headers, check_url, location};
use crate::platform::{Asking, Locator, Stop};
use crate::reading::{Found, ReadError, Reading};
use crate::text::escape;
use crate::verdict::{Evidence, Stage};

/// The keys in what browsers are given: the scripts of a live page, or of a built folder. One of `url`
/// and `path` says which.
#[derive(PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Bundle {
    /// The address of a page.
    #[serde(default)]
    url: Option<Arc<str>>,
    /// A built folder, or one file.
    #[serde(default)]
    path: Option<Arc<Path>>,
    /// What keys look like; by default the project's `format`.
    #[serde(default, deserialize_with = "pattern")]
    #[schemars(with = "Option<String>")]
    pattern: Option<Arc<Format>>,
    /// Headers by their names, each a reference to a credential. They go to the page's own origin only.
    #[serde(default)]
    headers: Arc<Headers>,
    /// The most files that are looked at; by default 2000 of a page and 100000 of a folder.
    #[serde(default)]
    most_files: Option<u32>,
    /// The most MiB in all of them together; by default 256 of a page and 16384 of a folder.
    #[serde(default)]
    most_mebibytes: Option<u32>,
}

fn pattern<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Arc<Format>>, D::Error> {
    let text = Option::<Box<str>>::deserialize(deserializer)?;
    let format = text.map(|text| Format::new(&text)).transpose();
    Ok(format.map_err(de::Error::custom)?.map(Arc::new))
}

impl Source for Bundle {
    const INFO: Info = Info {
        id: "bundle",
        title: "the keys in what browsers are given: the scripts of a page or of a built folder",
        stage: Some(Stage::Bundle),
        store: None,
        proves: &[Evidence::Value, Evidence::Fingerprint],
        replicas: ["file", "files"],
        permission: "GET on the page and what it loads; or read on the files, and search (x) on their folders",
        credentials: &["HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "SSL_CERT_FILE"],
        example: "\
- bundle: { url: 'https://shop.test/' }
- bundle: { path: ./dist }
- bundle:
    url: https://staging.shop.test/
    headers: { Authorization: { scheme: Basic, env: STAGING_LOGIN } }
    pattern: 'ask_live_[A-Za-z0-9]{32}'
",
        tested: "real builds of Vite, webpack and Next with their own servers, and servers on loopback for every kind of reference",
        manual: "\
A build writes the variables that are meant for browsers (`VITE_…`, `NEXT_PUBLIC_…`, `PUBLIC_…`) into its \
scripts, so an updated environment changes nothing until the next build. `bundle` searches all scripts for what \
fits the project's `format`, or `pattern`, which takes precedence; one of them is needed. Every file that holds \
such a token is a replica, and each different token in it a reading. Tokens are hashed and compared, and never \
shown.

**A key that does not fit is not seen,** so `revoke-check` has a blind spot here for each key that is known by \
its value and does not fit, or by its fingerprint alone and belongs to a project with another `format` or none. \
Write one `format` or `pattern` that all of them fit, as in `ask_live_[A-Za-z0-9]{32}|old_[0-9a-f]{40}`.

**A page.** With `url`, straggler reads the page, then what it names, then what that names:

- script tags, preloaded scripts and modules (also by a `Link` header), import maps with their prefixes, \
`data-src`, relative to `<base>` where there is one;
- quoted strings in scripts that are a script's address, as in `import(\"./Lazy.js\")`, Vite's \
`__vite__mapDeps`, the build manifests and the flight data of Next;
- the chunks of webpack, Rspack and Next: the function by which their runtime makes a chunk's name from its id \
is read and run for every id that it lists and every id that a script loads. Each of them has to be there;
- what scripts import, and what they run as workers, service workers among them;
- data in JSON that a page asks for while it runs, where its address is written out in a script or the page \
(`fetch(\"/config.json\")`), or a link preloads it, and the JSON and scripts of the same hosts that such data \
names (`{\"configUrl\": \"/env/prod.json\"}`, `remoteEntry`); also files such as `env.txt` or `config.yaml` that \
are handed to `fetch` and the like;
- source maps, by their comment or header, or inside of a script;
- `.vite/manifest.json` and `asset-manifest.json` beside the page, and `env.js` of SvelteKit.

The page itself counts too: inline scripts, and the public configuration of Nuxt. Only the origin of the page \
and the hosts that the page itself names for scripts are asked, and `headers` go to the page's origin alone. The \
public path that a runtime sets counts as named. A redirect to another origin is an error that names it: use \
that address.

**What is not seen of a page.** What a script loads by a computed name, such as ``import(`./x-${n}.js`)``, \
`importScripts(name)` or `\"/chunks/\" + n + \".js\"`, and what it imports from a host that the page does not \
name, is a reading of its own, `unverified`: the page was not read completely. What scripts load by tags that \
they create, by `document.write`, or as text that is fetched for `eval`, is followed if its address is written \
out, and reported as unread if it is computed for the page's own host. A tag whose `src` is a variable, as in \
every bundler's runtime, is not reported. A name such as `n + \".js\"` is not reported either where it is a message, is \
compared or looked up, or where no script of the page calls anything that may load it (`import`, `fetch`, a tag that \
is created, a worker).

What is reported as unread stays `unverified` beside other hops. Read the built folder with `path` in place of the \
page, or beside it: then `revoke-check` asks about the page until somebody answers for it with `--accept NAME --reason \
TEXT`.

**Data by a computed address** is reported as unread in the same way where it may be the page's own configuration or code: the address that is handed to `fetch`, `XMLHttpRequest`, `axios` and the like does not name another host, and ends in `.json`, `.js`, `.env`, `.txt`, `.yaml` or the like behind a part that code puts in (`\"/config/\" + env + \".json\"`, also joined from a list), or such a part stands in a folder or file named `config`, `env` or `settings` (``fetch(`/config/${env}`)``). Elsewhere in a script that holds for `.json` behind an address that begins with `/`, `./` or `../`. It is not reported where only a query is computed, where the only such part comes before a whole path (the page's base), in a folder of an API (`/api/`, `/v1/`) without such an ending, for the data of other pages that Next and Gatsby load, and for translations (in a folder `locales`, `i18n`, `lang` or `translations`).

**Modules by their ids.** RequireJS's `require([\"app/main\"])` and `require.config({…})` are always reported as unread, since settings elsewhere may say where modules lie; what `data-main` names is read, and ids are looked for beside the page and beside the script, with `.js` behind them. What `System.import` and `System.register` name is followed from the page and from the script; a name that only an import map in another file explains is not.

Nor is what an API answers to scripts, as in `fetch(\"/api/settings\")`: name it in an `http` hop. Other pages, \
frames and style sheets are not seen: name the built folder in another hop for those. Caches, and \
servers that keep separate copies for other encodings than gzip, may still serve older chunks to others.

**A folder.** With `path`, every file of the folder is searched. Its bytes decide what it is, not its name:

| a file that is | is |
|---|---|
| text, in UTF-8, UTF-16 or a single-byte encoding | searched |
| zip (`.jar`, `.war`, `.apk`, `.aab`, `.ipa` and others are zip), also appended to a program or an image; tar, \
gzip, zstd, zlib; brotli if its name ends in `.br` | opened and searched, up to four levels deep and 256 MiB or \
200 times its size, even if the plain file is beside it |
| a program or library, WebAssembly, Java's and Python's compiled classes, SQLite, Electron's asar, webpack's \
cache, `.DS_Store` and the like | searched as it is |
| an image, a font, sound or film | searched as it is, and not decoded, except for the compressed texts in a PNG \
(`zTXt`, `iTXt`, `iCCP`). Data after its end is searched if it is text or zip, and `unreachable` otherwise. If \
the format does not say where it ends, as MP3 and FLAC, the file is `unreachable` if something in it begins like \
gzip, zstd, xz, bzip2, 7z or rar; other appended data is not noticed, nor is any after TIFF and KTX 2 |
| 7z, rar, xz, bzip2, lz4, lzma, PDF and other archives; unknown binary formats; what is encrypted, damaged or \
too large | searched as it is, and `unreachable`, with its name |

Build caches are no exception: an old key in `.next/cache` can come back with the next build. Turbopack \
compresses its caches in its own way, so they are `unreachable`: name the folder that is served, such as \
`.next/static`, or empty the cache. Links that lead out of the folder are not followed. Relative paths start in \
the folder of the targets.yaml they are written in.

**How tokens are found.** In UTF-16, in base64 of 12 bytes and more (`atob`, `data:` addresses), with `\\x61`, \
`\\u0061`, `\\141`, `%61` or `&#97;` for their characters or a needless backslash before one, in constant parts that are concatenated (`\"ask_\" + \
\"live_…\"`, `[\"ask_\",\"live_…\"].join(\"\")`), and in Next's flight data across two pushes. Where all keys \
begin with the same four bytes or more, such as `ask_live_`, they are also found in any list of texts, in \
templates, in lists of character codes, in hex, and attached to letters or digits, with which they are compared. \
Blanks, comments and chains of `.concat(` between the parts change nothing, and base64 may go on in the next line, literal or element of a list. \
As many codes near `fromCharCode` as a key has characters, which give no key and are no table in ascending order, are \
reported as unread, and so is the beginning of a key that code goes on with: `\"ask_live_ab\" + a`. \
What is compressed or encrypted within a base64 text, or computed in other ways, is not seen.

| what is found | verdict or effect |
|---|---|
| no token in any file | `unverified`: a variable that is looked up at run time is not inlined, so this proves \
nothing |
| a literal that holds nothing but a token and line breaks, blanks or quotes, such as `\"KEY\\n\"` | compared as \
a whole, so damage is seen |
| a token in another text, `\"Bearer KEY\"` or a URL | the token |
| a literal that is nothing but the base64 of a token, and is passed to no function | compared as it is, so that \
damage is seen |
| a chunk that a runtime names, and that cannot be read | `unreachable` |
| a script that a tag, an import map or a manifest names, and that cannot be read | `unreachable` |
| a script's address in some text, which answers 404 or with an HTML page | nothing: it need not be a script |
| more files or bytes than `most_files` and `most_mebibytes` allow | `unreachable` for the rest |

The time of a reading is when its file was last changed, if the server or the file system says so.

A secret key should not be found here at all: everyone who can load the page has it. straggler only says which \
key it is.",
    };

    fn rooted_at(&mut self, folder: &Path) {
        if let Some(path) = &mut self.path {
            *path = folder.join(&*path).into();
        }
        for header in Arc::make_mut(&mut self.headers).values_mut() {
            header.rooted_at(folder);
        }
    }

    fn check(&self) -> Result<(), String> {
        match (&self.url, &self.path) {
            (Some(url), None) => check_url(url)?,
            (None, Some(path)) if path.as_os_str().is_empty() => {
                return Err("expected a folder in `path`, not nothing".to_owned());
            }
            (None, Some(_)) if !self.headers.is_empty() => {
                return Err("expected no `headers` beside `path`".to_owned());
            }
            (None, Some(_)) => {}
            _ => return Err("expected one of `url` and `path`".to_owned()),
        }
        if self.most_files == Some(0) || self.most_mebibytes == Some(0) {
            return Err("expected at least 1 in `most_files` and `most_mebibytes`".to_owned());
        }
        check_headers(&self.headers)
    }

    fn check_for(&self, at: At<'_>) -> Result<(), String> {
        match self.format(at) {
            Some(_) => Ok(()),
            None => Err(
                "expected a `format` of the project, or a `pattern` here: without one nobody knows what a key looks like"
                    .to_owned(),
            ),
        }
    }

    fn location(&self, _: At<'_>) -> String {
        format!("bundle:{}", self.shown())
    }

    fn locate(&self, _: At<'_>, to: &mut Locator) {
        to.option(self.url.as_deref());
        for (name, header) in &*self.headers {
            to.text(&**name);
            header.locate(to);
        }
    }

    fn remedy(&self, at: At<'_>, _: &Case<'_>) -> String {
        let variable = escape(at.variable);
        let caches = match self.url {
            Some(_) => ", and purge the caches before it",
            None => "",
        };
        format!(
            "build again with the current key in the variable that the build inlines for {variable}, then deploy {}{caches} (a restart \
             changes no bundle)",
            self.shown()
        )
    }

    fn looks_for<'a>(&'a self, at: At<'a>) -> Option<&'a Arc<Format>> {
        self.format(at)
    }

    fn follows(&self) -> Option<&'static str> {
        let follows = "the scripts that the page names, and those that they name";
        self.url.as_ref().map(|_| follows)
    }

    fn read(&self, at: At<'_>, asking: &Asking<'_>) -> Result<Vec<Reading>, Stop> {
        let format = self.format(at).ok_or_else(|| {
            ReadError::new(
                crate::reading::ErrorKind::BadData,
                "nobody says what a key looks like",
                "write a `format` in the project, or a `pattern` here",
            )
        })?;
        let readings = match (&self.url, &self.path) {
            (Some(url), _) => self.crawl(url, format, asking)?,
            (None, Some(path)) => self.folder(path, format, asking)?,
            (None, None) => Vec::new(),
        };
        let mended = |reading: Reading| match &reading.found {
            Found::Hidden { .. } => reading.mended_by(format!(
                "if its build inlines the key, {}; if it does not, take this hop away",
                self.remedy(at, &Case::default())
            )),
            _ => reading,
        };
        Ok(readings.into_iter().map(mended).collect())
    }
}

impl Bundle {
    fn format<'a>(&'a self, at: At<'a>) -> Option<&'a Arc<Format>> {
        self.pattern.as_ref().or(at.format)
    }

    fn shown(&self) -> String {
        match (&self.url, &self.path) {
            (Some(url), _) => location(url),
            (None, Some(path)) => escape(&path.to_string_lossy()).into_owned(),
            (None, None) => "nowhere".to_owned(),
        }
    }

    /// The most files and bytes, where these are usual.
    fn most(&self, files: u64, mebibytes: u64) -> (u64, u64) {
        let files = self.most_files.map_or(files, u64::from);
        (
            files,
            self.most_mebibytes.map_or(mebibytes, u64::from) << 20,
        )
    }

    fn folder(
        &self,
        path: &Arc<Path>,
        format: &Arc<Format>,
        asking: &Asking<'_>,
    ) -> Result<Vec<Reading>, Stop> {
        let folder = asking.of(&SearchFolder {
            path: Arc::clone(path),
            format: Arc::clone(format),
            most: self.most(100_000, 16 << 10),
        })?;
        let shown = |path: &Path| escape(&path.to_string_lossy()).into_owned();
        let mut readings: Vec<Reading> = folder
            .files
            .iter()
            .flat_map(|file| {
                let of = move |reading: Reading| {
                    let mut reading = reading.started_at(file.modified);
                    reading.identity = Some(file.identity.clone());
                    match file.path.as_os_str().is_empty() {
                        true => reading,
                        false => reading.of_replica(shown(&file.path)),
                    }
                };
                file.tokens.iter().map(reading).map(of)
            })
            .collect();
        readings.extend(folder.unseen.iter().map(|(path, error)| {
            Reading::new(Found::Failed(error.clone())).of_replica(shown(path))
        }));
        Ok(readings_or_none(readings, folder.searched))
    }
}

/// Whether this is the id of a source that sees nothing but what fits a format.
#[must_use]
pub fn looks_for_a_format(source: &str) -> bool {
    source == Bundle::INFO.id
}

/// What one token says.
fn reading(token: &Token) -> Reading {
    Reading::new(match token {
        Token::Plain {
            fingerprint,
            length,
        } => Found::Fingerprint {
            fingerprint: *fingerprint,
            length: Some(*length as u64),
            attested: false,
        },
        Token::Wrapped(value) => Found::Value(Secret::copied(value.expose())),
    })
}

/// Where nothing was found, that is said, and proves nothing.
fn readings_or_none(readings: Vec<Reading>, (files, bytes): (u64, u64)) -> Vec<Reading> {
    if !readings.is_empty() {
        return readings;
    }
    let size = match bytes {
        0..1024 => format!("{bytes} bytes"),
        1024..1_048_576 => format!("{} KiB", bytes >> 10),
        _ => format!("{} MiB", bytes >> 20),
    };
    let why = format!(
        "there is no token that fits the format in {files} files, {size}: dynamic look-ups are not inlined; if this \
         project's build inlines the key, look whether the variable was set for it"
    );
    vec![Reading::new(Found::hidden(None, why))]
}

#[cfg(test)]
mod tests;
