use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::context;
use super::failure::{no_socket, unfit};
use crate::platform::http::{Address, Call, Clients, Reply, Tls};
use crate::platform::variable::variable;
use crate::reading::{ErrorKind, ReadError};

/// Where an engine's API is, as `DOCKER_HOST` says it.
pub(super) enum Place {
    Socket(Arc<Path>),
    Server(Address),
}

impl Place {
    /// Reads a host; `secure` says what `tcp://` stands for.
    ///
    /// # Errors
    ///
    /// What was expected, a lowercase fragment that does not repeat the text.
    pub fn parse(host: &str, secure: bool) -> Result<Self, String> {
        let Some((scheme, rest)) = host.split_once("://") else {
            return Err(expected());
        };
        match scheme {
            "unix" if rest.starts_with('/') => Ok(Self::Socket(Path::new(rest).into())),
            "unix" => Err("expected the whole path of a socket: unix:///var/run/docker.sock".into()),
            "http" | "https" => Address::parse(host).map(Self::Server),
            "tcp" => {
                let (scheme, port) = if secure { ("https", 2376) } else { ("http", 2375) };
                let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
                let last = authority.rsplit(']').next().unwrap_or_default();
                let port = match last.contains(':') {
                    true => String::new(),
                    false => format!(":{port}"),
                };
                Address::parse(&format!("{scheme}://{authority}{port}{path}")).map(Self::Server)
            }
            "ssh" => Err(
                "expected no ssh://, which is not spoken: forward the socket with `ssh -NL`, or look \
                 on that host with `command: { argv: [ssh, HOST, straggler, inspect, …] }`"
                    .to_owned(),
            ),
            _ => Err(expected()),
        }
    }
}

fn expected() -> String {
    "expected a host like unix:///var/run/docker.sock or tcp://build-1:2376".to_owned()
}

/// An engine that can be asked.
pub(super) struct Endpoint {
    address: Address,
    clients: Clients,
    /// The socket, where it is one.
    pub socket: Option<Arc<Path>>,
}

impl Endpoint {
    /// The one that the settings name, else the one that the Docker client would ask.
    ///
    /// # Errors
    ///
    /// When nothing says where it is, or what does cannot be meant so.
    pub fn find(said: Option<&str>, tls: Option<&Tls>) -> Result<Self, ReadError> {
        if let Some(host) = said {
            return Self::open("`host`", host, tls.cloned());
        }
        if let Some(host) = variable("DOCKER_HOST") {
            return Self::open("DOCKER_HOST", &host, certificates());
        }
        if let Some(context) = context::chosen()? {
            let place = format!("the context {}", crate::text::escape(&context.name));
            return Self::open(&place, &context.host, context.tls);
        }
        let sockets = usual_sockets();
        match sockets.iter().find(|socket| socket.exists()) {
            Some(socket) => Self::at(Place::Socket(socket.as_path().into()), Tls::default()),
            None => Err(ReadError::new(
                ErrorKind::Connect,
                "no engine's socket is where one usually is",
                "start Docker or Podman's API, or say where it is: set DOCKER_HOST, or declare a store with a `host`",
            )),
        }
    }

    fn open(who: &str, host: &str, tls: Option<Tls>) -> Result<Self, ReadError> {
        let place = Place::parse(host, tls.is_some()).map_err(|why| unfit(who, &why))?;
        Self::at(place, tls.unwrap_or_default())
    }

    fn at(place: Place, tls: Tls) -> Result<Self, ReadError> {
        match place {
            Place::Socket(socket) => Ok(Self {
                // The name is nobody's: the socket leads to one engine, whatever it is called.
                address: Address::parse("http://docker").map_err(|why| unfit("`host`", &why))?,
                clients: Clients::at_socket(Arc::clone(&socket)),
                socket: Some(socket),
            }),
            Place::Server(address) => Ok(Self {
                address,
                clients: Clients::new(tls),
                socket: None,
            }),
        }
    }

    pub fn host(&self) -> Arc<str> {
        match &self.socket {
            Some(socket) => socket.to_string_lossy().into(),
            None => self.address.host(),
        }
    }

    /// Asks with GET. The path has no version in front: then every engine answers in its own.
    ///
    /// # Errors
    ///
    /// When no whole answer came. A socket that may not be opened is a denial.
    pub async fn get(
        &self,
        path: &[&str],
        query: &[(&str, &str)],
        most: usize,
    ) -> Result<Reply, ReadError> {
        let mut url = self.address.at(path.iter().copied());
        for (name, value) in query {
            url.query_pairs_mut().append_pair(name, value);
        }
        let reply = Call::get(url).at_most(most).send(&self.clients).await;
        match (&self.socket, reply) {
            (Some(socket), Err(error)) if error.kind == ErrorKind::Connect => {
                Err(no_socket(socket, error))
            }
            (_, reply) => reply,
        }
    }
}

/// What the Docker client takes where `DOCKER_TLS_VERIFY` is set.
fn certificates() -> Option<Tls> {
    variable("DOCKER_TLS_VERIFY")?;
    let folder = match variable("DOCKER_CERT_PATH") {
        Some(path) => path.into(),
        None => context::folder()?,
    };
    let file = |name: &str| Some(folder.join(name).into());
    Some(Tls {
        ca: file("ca.pem"),
        certificate: file("cert.pem"),
        key: file("key.pem"),
    })
}

/// Docker's, then those of engines that run without root, then Podman's own.
fn usual_sockets() -> Vec<PathBuf> {
    let mut sockets = vec![PathBuf::from("/var/run/docker.sock")];
    if let Some(own) = variable("XDG_RUNTIME_DIR") {
        let own = Path::new(&own);
        sockets.push(own.join("docker.sock"));
        sockets.push(own.join("podman/podman.sock"));
    }
    sockets.push(PathBuf::from("/run/podman/podman.sock"));
    sockets
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(host: &str, secure: bool) -> String {
        match Place::parse(host, secure) {
            Ok(Place::Socket(path)) => path.display().to_string(),
            Ok(Place::Server(address)) => address.at(["x"]).to_string(),
            Err(why) => why,
        }
    }

    #[test]
    fn hosts_are_those_of_the_docker_client() {
        for (host, secure, place) in [
            ("unix:///var/run/docker.sock", false, "/var/run/docker.sock"),
            ("tcp://build-1", false, "http://build-1:2375/x"),
            ("tcp://build-1", true, "https://build-1:2376/x"),
            ("tcp://build-1:99", true, "https://build-1:99/x"),
            ("tcp://[::1]", false, "http://[::1]:2375/x"),
            ("tcp://[::1]:99/base/", false, "http://[::1]:99/base/x"),
            ("http://proxy:2375", true, "http://proxy:2375/x"),
            ("https://proxy/docker", false, "https://proxy/docker/x"),
        ] {
            assert_eq!(shown(host, secure), place, "{host}");
        }
    }

    #[test]
    fn what_is_no_host_is_refused_and_not_repeated() {
        for host in [
            "s3cret",
            "unix://s3cret",
            "npipe:////./pipe/s3cret",
            "ssh://root@s3cret",
            "tcp://user:s3cret@host",
            "tcp://",
        ] {
            let why = Place::parse(host, false).err().unwrap();
            assert!(
                why.starts_with("expected") && !why.contains("s3cret"),
                "{why}"
            );
        }
        let why = Place::parse("ssh://root@build-1", false).err().unwrap();
        assert!(
            why.contains("ssh -NL") && why.contains("straggler, inspect"),
            "{why}"
        );
    }
}
