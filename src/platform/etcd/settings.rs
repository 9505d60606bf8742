use std::path::Path;
use std::sync::{Arc, OnceLock};

use schemars::JsonSchema;
use serde::Deserialize;

use crate::key::Secret;
use crate::platform::credential::{Credential, Credentials};
use crate::platform::http::{Address, Clients, Tls, check_url};
use crate::platform::session::Session;
use crate::platform::variable::variable;
use crate::platform::{Locator, Platform, Shared, Store, StoreInfo};
use crate::reading::ReadError;

/// An etcd cluster.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Etcd {
    /// Where one of its members is: `https://etcd.internal:2379`. By default the first of
    /// `ETCDCTL_ENDPOINTS`, else the member on this host.
    address: Option<Box<str>>,
    /// The user's name, without the password; by default `ETCDCTL_USER`. Not needed where
    /// authentication is off.
    user: Option<Box<str>>,
    /// The user's password; by default `ETCDCTL_PASSWORD`, or what stands behind the colon in
    /// `ETCDCTL_USER`.
    password: Option<Credential>,
    /// Certificates; by default `ETCDCTL_CACERT`, `ETCDCTL_CERT` and `ETCDCTL_KEY`.
    tls: Option<Tls>,
}

impl Store for Etcd {
    const INFO: StoreInfo = StoreInfo {
        id: "etcd",
        title: "etcd",
        variables: &[
            "ETCDCTL_ENDPOINTS",
            "ETCDCTL_USER",
            "ETCDCTL_PASSWORD",
            "ETCDCTL_CACERT",
            "ETCDCTL_CERT",
            "ETCDCTL_KEY",
        ],
        example: "\
etcd-eu: { etcd: { address: https://etcd.internal:2379, user: straggler, password: { env: ETCD_PASSWORD_EU } } }
",
        manual: "\
Without settings, straggler asks the member that etcdctl would ask first. An endpoint in `ETCDCTL_ENDPOINTS` may \
omit the scheme: then it is `https` if `ETCDCTL_CACERT` or `ETCDCTL_CERT` is set, else `http`. Only the first \
endpoint is asked; the others are not tried. Every member answers with what the whole cluster agreed on.

**With a password, or without authentication,** straggler uses the JSON gateway under `/v3`, which etcd has \
since 3.4. A user logs in once.

**With a client certificate** it uses gRPC. A member that runs with `etcd --client-cert-auth` takes the \
certificate's common name for the user, so a certificate alone is enough; the gateway refuses every certificate \
with a common name once authentication is on. If a `user` is given too, the password decides who asks.",
    };

    type Platform = Server;

    fn files(&mut self, each: &mut dyn FnMut(&mut Arc<Path>)) {
        self.password
            .iter_mut()
            .for_each(|password| password.files(each));
        self.tls.iter_mut().for_each(|tls| tls.files(each));
    }

    fn check(&self) -> Result<(), String> {
        self.address.as_deref().map_or(Ok(()), check_url)?;
        let unfit = |user: &str| user.is_empty() || user.contains(':');
        if self.user.as_deref().is_some_and(unfit) {
            return Err("expected the user's name, without a colon and a password".to_owned());
        }
        self.password.as_ref().map_or(Ok(()), Credential::check)?;
        self.tls.as_ref().map_or(Ok(()), Tls::check)
    }

    fn open(&self, shared: &Shared) -> Server {
        let file = |name| variable(name).map(|path| Path::new(&path).into());
        let tls = self.tls.clone().unwrap_or_else(|| Tls {
            ca: file("ETCDCTL_CACERT"),
            certificate: file("ETCDCTL_CERT"),
            key: file("ETCDCTL_KEY"),
        });
        Server {
            said: self.address.clone(),
            address: OnceLock::new(),
            user: self.user.clone(),
            password: self.password.clone(),
            session: Session::default(),
            shows_certificate: tls.certificate.is_some(),
            clients: Clients::new(tls),
            credentials: Arc::clone(&shared.credentials),
        }
    }
}

/// A connection to etcd.
pub struct Server {
    said: Option<Box<str>>,
    address: OnceLock<Result<Address, ReadError>>,
    pub(super) user: Option<Box<str>>,
    pub(super) password: Option<Credential>,
    /// The token; none where authentication is off.
    pub(super) session: Session<Option<Arc<Secret>>>,
    shows_certificate: bool,
    pub(super) clients: Clients,
    pub(super) credentials: Arc<Credentials>,
}

impl Platform for Server {
    const ID: &'static str = "etcd";

    fn locate(&self, to: &mut Locator) {
        to.option(self.address().ok().map(Address::host).as_deref());
    }
}

impl Server {
    /// Whether it is asked over gRPC, which knows whose certificate it is shown.
    pub(super) fn speaks_rpc(&self) -> Result<bool, ReadError> {
        Ok(self.shows_certificate && self.address()?.is_secure())
    }

    pub(super) fn address(&self) -> Result<&Address, ReadError> {
        let find = || {
            let secure = variable("ETCDCTL_CACERT").is_some() || variable("ETCDCTL_CERT").is_some();
            let set = variable("ETCDCTL_ENDPOINTS").map(|list| first(&list, secure));
            let said = self.said.as_deref().or(set.as_deref());
            Address::find(said, &[], Some("http://127.0.0.1:2379"))
        };
        self.address
            .get_or_init(find)
            .as_ref()
            .map_err(Clone::clone)
    }
}

/// The first endpoint of a list, with its scheme.
fn first(endpoints: &str, secure: bool) -> String {
    let endpoint = endpoints.split(',').next().unwrap_or_default().trim();
    match (endpoint.contains("://"), secure) {
        (true, _) => endpoint.to_owned(),
        (false, true) => format!("https://{endpoint}"),
        (false, false) => format!("http://{endpoint}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_endpoint_counts() {
        assert_eq!(first("a:2379,b:2379", false), "http://a:2379");
        assert_eq!(first(" a:2379 , b:2379", true), "https://a:2379");
        assert_eq!(first("http://a:2379,https://b", true), "http://a:2379");
    }

    #[test]
    fn a_password_beside_the_name_is_refused_and_not_repeated() {
        let store: Etcd =
            serde_json::from_value(serde_json::json!({"user": "root:hunter2"})).unwrap();
        let why = store.check().unwrap_err();
        assert!(why.starts_with("expected the user's name") && !why.contains("hunter2"));
    }
}
