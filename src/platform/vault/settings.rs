use std::path::Path;
use std::sync::{Arc, OnceLock};

use schemars::JsonSchema;
use serde::Deserialize;

use super::login::{AppRole, ServiceAccount};
use super::mount::{Kv, Mounts};
use super::token::{Login, Token};
use crate::platform::credential::{Credential, Credentials};
use crate::platform::http::{Address, Clients, Tls, check_path, check_url};
use crate::platform::variable::variable;
use crate::platform::{Locator, Platform, Shared, Store, StoreInfo};
use crate::reading::ReadError;

/// A HashiCorp Vault or OpenBao server.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Vault {
    /// Where it is: `https://vault.internal:8200`. By default `BAO_ADDR` or `VAULT_ADDR`.
    address: Option<Box<str>>,
    /// The namespace, as a whole path; by default `BAO_NAMESPACE` or `VAULT_NAMESPACE`, and none if
    /// it is empty.
    namespace: Option<Arc<str>>,
    /// Where the key-value store is mounted, unless a hop says so; `secret` by default.
    mount: Option<Arc<str>>,
    /// The version of the key-value stores, 1 or 2; by default each mount is asked once.
    #[schemars(range(min = 1, max = 2))]
    version: Option<u8>,
    /// The token; unless a login is said, that in `BAO_TOKEN` or `VAULT_TOKEN`, else in the file that
    /// `BAO_TOKEN_PATH` names, else in `~/.vault-token`.
    token: Option<Credential>,
    /// Log in as an AppRole: `{ role_id: …, secret_id: …, mount: approle }`, both ids like a `token`;
    /// a role that needs no secret id goes without.
    approle: Option<AppRole>,
    /// Log in as a Kubernetes service account: `{ role: NAME, jwt: { file: PATH }, mount:
    /// kubernetes }`; by default `jwt` is the pod's own.
    kubernetes: Option<ServiceAccount>,
    /// Certificates; by default `BAO_CACERT`, `BAO_CLIENT_CERT` and `BAO_CLIENT_KEY`, or the same
    /// with `VAULT_`.
    tls: Option<Tls>,
}

/// The mount that the documentation of both uses.
const MOUNT: &str = "secret";

impl Store for Vault {
    const INFO: StoreInfo = StoreInfo {
        id: "vault",
        title: "HashiCorp Vault or OpenBao",
        variables: &[
            "VAULT_ADDR",
            "VAULT_TOKEN",
            "VAULT_NAMESPACE",
            "VAULT_CACERT",
            "VAULT_CLIENT_CERT",
            "VAULT_CLIENT_KEY",
            "BAO_ADDR",
            "BAO_TOKEN",
            "BAO_TOKEN_PATH",
            "BAO_NAMESPACE",
            "BAO_CACERT",
            "BAO_CLIENT_CERT",
            "BAO_CLIENT_KEY",
        ],
        example: "\
vault-prod: { vault: { address: https://vault.internal:8200, mount: secret, token: { env: VAULT_TOKEN } } }
vault-ci:
  vault:
    address: https://vault.internal:8200
    namespace: platform/ci
    approle: { role_id: { env: ROLE_ID }, secret_id: { file: /run/secrets/secret-id } }
    tls: { ca: /etc/ssl/vault-ca.pem }
vault-pod: { vault: { address: https://vault.internal:8200, kubernetes: { role: straggler } } }
",
        manual: "\
A variable that starts with `BAO_` takes precedence over the one that starts with `VAULT_`, as in OpenBao's own \
tool. `VAULT_SKIP_VERIFY` and `VAULT_CAPATH` are not honoured: name the authority in `tls`.

If there is no token anywhere, the request is sent without one: a Vault Agent or Proxy adds its own.

A login is shared by all hops of the store. straggler logs in again shortly before the token ends, when the \
number of uses that the role allows is used up, and when the token was revoked. A login that is refused is not \
tried again.

straggler asks once whether a mount holds version 1 or 2 of the key-value store, at \
`sys/internal/ui/mounts/MOUNT`: every token that may read anything in the mount may ask. If that is not \
answered, each path is read as version 2 and, if that fails, as version 1. `version` saves both.

A standby that redirects instead of forwarding is not followed: name the active server, or a load balancer.",
    };

    type Platform = Server;

    fn files(&mut self, each: &mut dyn FnMut(&mut Arc<Path>)) {
        self.token.iter_mut().for_each(|token| token.files(each));
        self.approle.iter_mut().for_each(|role| role.files(each));
        self.kubernetes.iter_mut().for_each(|role| role.files(each));
        self.tls.iter_mut().for_each(|tls| tls.files(each));
    }

    fn check(&self) -> Result<(), String> {
        self.address.as_deref().map_or(Ok(()), check_url)?;
        self.mount.as_deref().map_or(Ok(()), check_path)?;
        if self
            .version
            .is_some_and(|version| Kv::of(version).is_none())
        {
            return Err("expected the version of the key-value store, 1 or 2".to_owned());
        }
        let logins = [
            self.token.is_some(),
            self.approle.is_some(),
            self.kubernetes.is_some(),
        ];
        if logins.iter().filter(|&&said| said).count() > 1 {
            return Err("expected one of `token`, `approle` and `kubernetes`".to_owned());
        }
        self.token.as_ref().map_or(Ok(()), Credential::check)?;
        self.approle.as_ref().map_or(Ok(()), AppRole::check)?;
        self.kubernetes
            .as_ref()
            .map_or(Ok(()), ServiceAccount::check)?;
        self.tls.as_ref().map_or(Ok(()), Tls::check)
    }

    fn open(&self, shared: &Shared) -> Server {
        let file = |name| set(name).map(|path| Path::new(&path).into());
        let tls = self.tls.clone().unwrap_or_else(|| Tls {
            ca: file("CACERT"),
            certificate: file("CLIENT_CERT"),
            key: file("CLIENT_KEY"),
        });
        let namespace = self.namespace.clone();
        Server {
            said: self.address.clone(),
            address: OnceLock::new(),
            namespace: namespace.or_else(|| set("NAMESPACE").map(Into::into)),
            mount: self.mount.clone().unwrap_or_else(|| MOUNT.into()),
            version: self.version.and_then(Kv::of),
            token: Token::of(Login::of(&self.token, &self.approle, &self.kubernetes)),
            mounts: Mounts::default(),
            clients: Clients::new(tls),
            credentials: Arc::clone(&shared.credentials),
        }
    }
}

/// A connection to Vault or OpenBao.
pub struct Server {
    pub(super) said: Option<Box<str>>,
    address: OnceLock<Result<Address, ReadError>>,
    pub(super) namespace: Option<Arc<str>>,
    pub(super) mount: Arc<str>,
    pub(super) version: Option<Kv>,
    pub(super) token: Token,
    pub(super) mounts: Mounts,
    pub(super) clients: Clients,
    pub(super) credentials: Arc<Credentials>,
}

impl Platform for Server {
    const ID: &'static str = "vault";

    fn locate(&self, to: &mut Locator) {
        to.option(self.address().ok().map(Address::host).as_deref());
        to.options([self.namespace.as_deref(), Some(&*self.mount)]);
    }
}

impl Server {
    pub(super) fn address(&self) -> Result<&Address, ReadError> {
        let find = || Address::find(self.said.as_deref(), &[address_variable()], None);
        self.address
            .get_or_init(find)
            .as_ref()
            .map_err(Clone::clone)
    }
}

/// The variable that says where the server is, or would.
pub(super) fn address_variable() -> &'static str {
    match variable("BAO_ADDR") {
        Some(_) => "BAO_ADDR",
        None => "VAULT_ADDR",
    }
}

/// What a variable of OpenBao says, else Vault's of the same name.
fn set(name: &str) -> Option<String> {
    variable(&format!("BAO_{name}")).or_else(|| variable(&format!("VAULT_{name}")))
}
