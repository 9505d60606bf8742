use std::path::Path;
use std::sync::{Arc, OnceLock};

use schemars::JsonSchema;
use serde::Deserialize;

use crate::platform::credential::{Credential, Credentials};
use crate::platform::http::{Address, Clients, Tls, check_url};
use crate::platform::variable::variable;
use crate::platform::{Locator, Platform, Shared, Store, StoreInfo};
use crate::reading::ReadError;

/// A Consul server or agent.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Consul {
    /// Where it is: `https://consul.internal:8501`. By default `CONSUL_HTTP_ADDR`, else the agent
    /// on this host.
    address: Option<Box<str>>,
    /// The ACL token; by default `CONSUL_HTTP_TOKEN`.
    token: Option<Credential>,
    /// The datacenter; by default the agent's own.
    datacenter: Option<Box<str>>,
    /// The namespace, in Consul Enterprise; by default `CONSUL_NAMESPACE`.
    namespace: Option<Box<str>>,
    /// Certificates; by default `CONSUL_CACERT`, `CONSUL_CLIENT_CERT` and `CONSUL_CLIENT_KEY`.
    tls: Option<Tls>,
}

impl Store for Consul {
    const INFO: StoreInfo = StoreInfo {
        id: "consul",
        title: "HashiCorp Consul",
        variables: &[
            "CONSUL_HTTP_ADDR",
            "CONSUL_HTTP_SSL",
            "CONSUL_HTTP_TOKEN",
            "CONSUL_HTTP_TOKEN_FILE",
            "CONSUL_NAMESPACE",
            "CONSUL_CACERT",
            "CONSUL_CLIENT_CERT",
            "CONSUL_CLIENT_KEY",
        ],
        example: "\
consul-eu: { consul: { address: https://consul.internal:8501, token: { env: CONSUL_TOKEN_EU }, datacenter: eu-1 } }
",
        manual: "\
Without settings, straggler asks the agent that Consul's own command-line tool would ask. An address in \
`CONSUL_HTTP_ADDR` may omit the scheme: then it is `https` if `CONSUL_HTTP_SSL` is true, else `http`.",
    };

    type Platform = Server;

    fn files(&mut self, each: &mut dyn FnMut(&mut Arc<Path>)) {
        self.token.iter_mut().for_each(|token| token.files(each));
        self.tls.iter_mut().for_each(|tls| tls.files(each));
    }

    fn check(&self) -> Result<(), String> {
        self.address.as_deref().map_or(Ok(()), check_url)?;
        self.token.as_ref().map_or(Ok(()), Credential::check)?;
        self.tls.as_ref().map_or(Ok(()), Tls::check)
    }

    fn open(&self, shared: &Shared) -> Server {
        let file = |name| variable(name).map(|path| Path::new(&path).into());
        let tls = self.tls.clone().unwrap_or_else(|| Tls {
            ca: file("CONSUL_CACERT"),
            certificate: file("CONSUL_CLIENT_CERT"),
            key: file("CONSUL_CLIENT_KEY"),
        });
        let token_file = || {
            let path = variable("CONSUL_HTTP_TOKEN_FILE")?;
            Some(Credential::File(Path::new(&path).into()))
        };
        Server {
            said: self.address.clone(),
            address: OnceLock::new(),
            token: self.token.clone().or_else(token_file),
            datacenter: self.datacenter.clone(),
            namespace: self
                .namespace
                .clone()
                .or_else(|| variable("CONSUL_NAMESPACE").map(Into::into)),
            clients: Clients::new(tls),
            credentials: Arc::clone(&shared.credentials),
        }
    }
}

/// A connection to Consul.
pub struct Server {
    said: Option<Box<str>>,
    address: OnceLock<Result<Address, ReadError>>,
    pub(super) token: Option<Credential>,
    pub(super) datacenter: Option<Box<str>>,
    pub(super) namespace: Option<Box<str>>,
    pub(super) clients: Clients,
    pub(super) credentials: Arc<Credentials>,
}

impl Platform for Server {
    const ID: &'static str = "consul";

    fn locate(&self, to: &mut Locator) {
        to.option(self.address().ok().map(Address::host).as_deref());
        to.options([self.datacenter.as_deref(), self.namespace.as_deref()]);
    }
}

impl Server {
    pub(super) fn address(&self) -> Result<&Address, ReadError> {
        let find = || {
            let set = variable("CONSUL_HTTP_ADDR").map(|address| {
                let secure = variable("CONSUL_HTTP_SSL").is_some_and(|ssl| yes(&ssl));
                match (address.contains("://"), secure) {
                    (true, _) => address,
                    (false, true) => format!("https://{address}"),
                    (false, false) => format!("http://{address}"),
                }
            });
            let said = self.said.as_deref().or(set.as_deref());
            Address::find(said, &[], Some("http://127.0.0.1:8500"))
        };
        self.address
            .get_or_init(find)
            .as_ref()
            .map_err(Clone::clone)
    }
}

/// What Consul's own tools take for yes.
fn yes(text: &str) -> bool {
    matches!(text, "1" | "t" | "T" | "true" | "True" | "TRUE")
}
