use std::path::{Path, PathBuf};

use serde::Deserialize;
use sha2::{Digest, Sha256};

use super::failure::unfit;
use crate::platform::files::read_regular;
use crate::platform::http::Tls;
use crate::platform::reason::reason;
use crate::platform::variable::variable;
use crate::reading::ReadError;
use crate::text::escape;

/// An endpoint that the Docker client knows by a name.
pub(super) struct Context {
    pub name: String,
    pub host: String,
    pub tls: Option<Tls>,
}

#[derive(Default, Deserialize)]
struct Config {
    #[serde(default, rename = "currentContext")]
    current: String,
}

#[derive(Deserialize)]
struct Meta {
    #[serde(rename = "Endpoints")]
    endpoints: Endpoints,
}

#[derive(Deserialize)]
struct Endpoints {
    docker: Host,
}

#[derive(Deserialize)]
struct Host {
    #[serde(rename = "Host")]
    host: String,
}

/// The context that the Docker client would take; `None` where it would take its own default.
///
/// # Errors
///
/// When it is named and cannot be read.
pub(super) fn chosen() -> Result<Option<Context>, ReadError> {
    match folder() {
        Some(folder) => chosen_in(&folder, variable("DOCKER_CONTEXT")),
        None => Ok(None),
    }
}

/// Where the Docker client keeps what it knows.
pub(super) fn folder() -> Option<PathBuf> {
    let home = || Some(Path::new(&variable("HOME")?).join(".docker"));
    variable("DOCKER_CONFIG").map(PathBuf::from).or_else(home)
}

fn chosen_in(folder: &Path, named: Option<String>) -> Result<Option<Context>, ReadError> {
    let name = match named {
        Some(name) => name,
        None => match read_regular(&folder.join("config.json")) {
            Ok(text) => {
                let config: Config = parse(&text, "the Docker client's config.json")?;
                config.current
            }
            Err(_) => String::new(),
        },
    };
    if name.is_empty() || name == "default" {
        return Ok(None);
    }
    let shown = format!("the context {}", escape(&name));
    let id = hex::encode(Sha256::digest(name.as_bytes()));
    let text = read_regular(&folder.join("contexts/meta").join(&id).join("meta.json"))
        .map_err(|error| unfit(&shown, &format!("it cannot be read: {}", reason(&error))))?;
    let meta: Meta = parse(&text, &shown)?;
    let tls = folder.join("contexts/tls").join(&id).join("docker");
    let file = |name| Some(tls.join(name)).filter(|path| path.exists());
    let tls = tls.is_dir().then(|| Tls {
        ca: file("ca.pem").map(Into::into),
        certificate: file("cert.pem").map(Into::into),
        key: file("key.pem").map(Into::into),
    });
    Ok(Some(Context {
        name,
        host: meta.endpoints.docker.host,
        tls,
    }))
}

fn parse<'a, T: Deserialize<'a>>(text: &'a [u8], whose: &str) -> Result<T, ReadError> {
    // It may hold credentials of registries, so nothing of it is repeated.
    serde_json::from_slice(text).map_err(|error| {
        let (line, column) = (error.line(), error.column());
        unfit(
            whose,
            &format!("it is not what the client writes, at {line}:{column}"),
        )
    })
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_context_is_found_as_the_client_keeps_it() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        assert!(chosen_in(folder, None).unwrap().is_none());
        // What `sha256sum` says of the name.
        let id = "44575cf5b28512d75644bf54a517dcef304ff809fd511747621b4d64f19aac66";
        let meta = folder.join("contexts/meta").join(id);
        let tls = folder.join("contexts/tls").join(id).join("docker");
        fs::create_dir_all(&meta).unwrap();
        fs::create_dir_all(&tls).unwrap();
        fs::write(tls.join("ca.pem"), "").unwrap();
        let text = r#"{"Name":"build","Metadata":{},"Endpoints":{"docker":{"Host":"tcp://build-1:2376","SkipTLSVerify":false}}}"#;
        fs::write(meta.join("meta.json"), text).unwrap();
        fs::write(
            folder.join("config.json"),
            r#"{"auths":{},"currentContext":"build"}"#,
        )
        .unwrap();
        let found = chosen_in(folder, None).unwrap().unwrap();
        assert_eq!(
            (&*found.name, &*found.host),
            ("build", "tcp://build-1:2376")
        );
        let tls = found.tls.unwrap();
        assert!(tls.ca.is_some() && tls.key.is_none());

        assert!(chosen_in(folder, Some("default".into())).unwrap().is_none());
        let error = chosen_in(folder, Some("other".into())).err().unwrap();
        assert!(error.message.contains("the context other"), "{error}");
        fs::write(meta.join("meta.json"), "s3cret").unwrap();
        let error = chosen_in(folder, None).err().unwrap();
        assert!(!error.message.contains("s3cret"), "{error}");
    }
}
