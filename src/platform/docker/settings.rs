use std::path::Path;
use std::sync::{Arc, OnceLock};

use schemars::JsonSchema;
use serde::Deserialize;

use super::endpoint::{Endpoint, Place};
use crate::platform::http::Tls;
use crate::platform::{Locator, Platform, Shared, Store, StoreInfo};
use crate::reading::ReadError;

/// A Docker Engine, or Podman.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Docker {
    /// Where its API is, as in `DOCKER_HOST`: `unix:///run/user/1000/podman/podman.sock`,
    /// `tcp://build-1:2376`. By default what the Docker client would ask.
    host: Option<Box<str>>,
    /// Certificates; with them `tcp://` is a secure connection.
    tls: Option<Tls>,
}

impl Store for Docker {
    const INFO: StoreInfo = StoreInfo {
        id: "docker",
        title: "Docker Engine, or Podman",
        variables: &[
            "DOCKER_HOST",
            "DOCKER_TLS_VERIFY",
            "DOCKER_CERT_PATH",
            "DOCKER_CONTEXT",
            "DOCKER_CONFIG",
        ],
        example: "\
build-1: { docker: { host: 'tcp://build-1:2376', tls: { ca: docker/ca.pem, certificate: docker/cert.pem, key: docker/key.pem } } }
podman: { docker: { host: 'unix:///run/podman/podman.sock' } }
",
        manual: "\
Without settings, straggler asks the engine that the Docker client would ask. The first of these that is set decides:

1. `DOCKER_HOST`, with the certificates in `DOCKER_CERT_PATH` if `DOCKER_TLS_VERIFY` is set;
2. the context that `DOCKER_CONTEXT` or `docker context use` names;
3. the first of these sockets that exists: `/var/run/docker.sock`, `$XDG_RUNTIME_DIR/docker.sock`, \
`$XDG_RUNTIME_DIR/podman/podman.sock`, `/run/podman/podman.sock`.

A `host` in the store overrides all of that. The server is verified even if the context says not to.

Podman works in the same way once its API runs: `systemctl enable --now podman.socket`, or `systemctl --user …` \
for the containers of one user. Each user has an engine of their own.

`ssh://` is not supported. Forward the socket, `ssh -NL /tmp/build-1.sock:/var/run/docker.sock build-1`, and \
name it as `host: 'unix:///tmp/build-1.sock'`; or look on the host itself, with `command: { argv: [ssh, build-1, \
straggler, inspect, …] }`.

**The least privilege.** Access to the socket is root on that machine, and membership of the group `docker` is \
no less. straggler needs only `GET /containers/json` and `GET /containers/*/json`, and for hops with a `file` \
also `GET /containers/*/archive`. The least privilege is a proxy before the socket that passes only these; \
`host` is then the proxy's address. These requests still show the environment of every container.",
    };

    type Platform = Engine;

    fn files(&mut self, each: &mut dyn FnMut(&mut Arc<Path>)) {
        self.tls.iter_mut().for_each(|tls| tls.files(each));
    }

    fn check(&self) -> Result<(), String> {
        let tls = self.tls.as_ref();
        tls.map_or(Ok(()), Tls::check)?;
        match &self.host {
            Some(host) => Place::parse(host, tls.is_some()).map(drop),
            None if tls.is_some() => Err("expected the `host` that `tls` is for".to_owned()),
            None => Ok(()),
        }
    }

    fn open(&self, _: &Shared) -> Engine {
        Engine {
            said: self.host.clone(),
            tls: self.tls.clone(),
            endpoint: OnceLock::new(),
        }
    }
}

/// A connection to an engine.
pub struct Engine {
    said: Option<Box<str>>,
    tls: Option<Tls>,
    endpoint: OnceLock<Result<Endpoint, ReadError>>,
}

impl Platform for Engine {
    const ID: &'static str = "docker";

    fn locate(&self, to: &mut Locator) {
        to.option(self.host().as_deref());
    }
}

impl Engine {
    pub(super) fn endpoint(&self) -> Result<&Endpoint, ReadError> {
        let find = || Endpoint::find(self.said.as_deref(), self.tls.as_ref());
        let endpoint = self.endpoint.get_or_init(find);
        endpoint.as_ref().map_err(Clone::clone)
    }

    /// The lane of its calls.
    pub(super) fn host(&self) -> Option<Arc<str>> {
        self.endpoint().ok().map(Endpoint::host)
    }
}
