use std::path::Path;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::Deserialize;

use super::cloud::CLOUDS;
use crate::key::Secret;
use crate::platform::credential::{Credential, Credentials};
use crate::platform::http::{Address, Clients, Tls, check_url};
use crate::platform::session::Session;
use crate::platform::variable::variable;
use crate::platform::{Locator, Platform, Shared, Store, StoreInfo};
use crate::reading::{ErrorKind, ReadError};

/// An identity in Azure, and the vault it reads.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Azure {
    /// The vault that is read where a hop names none: its name, or its whole address, which vaults
    /// outside of the public cloud need: `https://checkout.vault.usgovcloudapi.net`.
    vault: Option<Arc<str>>,
    /// The tenant's id or domain; by default `AZURE_TENANT_ID`.
    tenant: Option<Box<str>>,
    /// The application's or the managed identity's client id; by default `AZURE_CLIENT_ID`.
    client_id: Option<Box<str>>,
    /// The application's secret; by default `AZURE_CLIENT_SECRET`.
    client_secret: Option<Credential>,
    /// A bearer token that something else got, instead of logging in.
    token: Option<Credential>,
    /// Where to log in; by default `AZURE_AUTHORITY_HOST`, else the authority of the vault's cloud.
    authority: Option<Box<str>>,
    /// Certificates.
    tls: Option<Tls>,
}

impl Store for Azure {
    const INFO: StoreInfo = StoreInfo {
        id: "azure",
        title: "Azure",
        variables: &[
            "AZURE_TENANT_ID",
            "AZURE_CLIENT_ID",
            "AZURE_CLIENT_SECRET",
            "AZURE_FEDERATED_TOKEN_FILE",
            "AZURE_AUTHORITY_HOST",
            "IDENTITY_ENDPOINT",
            "IDENTITY_HEADER",
            "AZURE_POD_IDENTITY_AUTHORITY_HOST",
        ],
        example: "\
kv-eu: { azure: { vault: checkout-kv, tenant: contoso.onmicrosoft.com, client_id: 11111111-2222-3333-4444-555555555555, client_secret: { env: KV_CLIENT_SECRET } } }
kv-me: { azure: { vault: checkout-kv, token: { command: [az, account, get-access-token, --resource, 'https://vault.azure.net', --query, accessToken, --output, tsv] } } }
",
        manual: "\
straggler logs in with the first of these that exists, in the order of Azure's own libraries:

1. `token`, as it is: for people who are logged in to the `az` command-line tool, as in the second example, or \
log in with a certificate.
2. A client secret, with `tenant` and `client_id`.
3. Workload identity, as Kubernetes and GitHub Actions have it: the token in the file that \
`AZURE_FEDERATED_TOKEN_FILE` names, with `tenant` and `client_id`.
4. The managed identity of this App Service, Function or container app (`IDENTITY_ENDPOINT`, `IDENTITY_HEADER`), \
else of this virtual machine, through the metadata service at 169.254.169.254, which is never asked through a \
proxy. Where `client_id` is set, it says which of several identities is meant.

A token is valid for the vaults of one cloud. The vault's host tells which one: Azure, Azure China \
(`vault.azure.cn`) or Azure Government (`vault.usgovcloudapi.net`).

Tested against fakes built from Microsoft's documentation of its token endpoints.",
    };

    type Platform = Server;

    fn files(&mut self, each: &mut dyn FnMut(&mut Arc<Path>)) {
        [&mut self.client_secret, &mut self.token]
            .into_iter()
            .flatten()
            .for_each(|credential| credential.files(each));
        self.tls.iter_mut().for_each(|tls| tls.files(each));
    }

    fn check(&self) -> Result<(), String> {
        self.vault.as_deref().map_or(Ok(()), check_vault)?;
        self.authority.as_deref().map_or(Ok(()), check_url)?;
        for credential in [&self.client_secret, &self.token].into_iter().flatten() {
            credential.check()?;
        }
        if self.token.is_some() && self.client_secret.is_some() {
            return Err("expected a `token` or a `client_secret`, not both".to_owned());
        }
        self.tls.as_ref().map_or(Ok(()), Tls::check)
    }

    fn open(&self, shared: &Shared) -> Server {
        let said =
            |said: &Option<Box<str>>, name| said.clone().or_else(|| variable(name).map(Into::into));
        Server {
            vault: self.vault.clone(),
            tenant: said(&self.tenant, "AZURE_TENANT_ID"),
            client_id: said(&self.client_id, "AZURE_CLIENT_ID"),
            client_secret: self.client_secret.clone(),
            token: self.token.clone(),
            authority: said(&self.authority, "AZURE_AUTHORITY_HOST"),
            sessions: Default::default(),
            clients: Clients::new(self.tls.clone().unwrap_or_default()),
            nearby: Clients::direct(),
            credentials: Arc::clone(&shared.credentials),
        }
    }
}

/// A connection to Azure.
pub struct Server {
    vault: Option<Arc<str>>,
    pub(super) tenant: Option<Box<str>>,
    pub(super) client_id: Option<Box<str>>,
    pub(super) client_secret: Option<Credential>,
    pub(super) token: Option<Credential>,
    pub(super) authority: Option<Box<str>>,
    /// One for each cloud.
    pub(super) sessions: [Session<Arc<Secret>>; CLOUDS],
    pub(super) clients: Clients,
    /// For the metadata service.
    pub(super) nearby: Clients,
    pub(super) credentials: Arc<Credentials>,
}

impl Platform for Server {
    const ID: &'static str = "azure";

    fn locate(&self, to: &mut Locator) {
        let vault = self.vault(None).ok().map(|vault| vault.host());
        to.option(vault.as_deref());
    }
}

impl Server {
    /// The vault that a hop names, else the store's.
    pub(super) fn vault(&self, named: Option<&str>) -> Result<Address, ReadError> {
        let Some(vault) = named.or(self.vault.as_deref()) else {
            return Err(ReadError::new(
                ErrorKind::Connect,
                "nobody says which vault is meant",
                "name the `vault` in the hop, or in a declared store",
            ));
        };
        let address = match is_name(vault) {
            true => Address::parse(&format!("https://{vault}.vault.azure.net")),
            false => Address::parse(vault),
        };
        address.map_err(|why| {
            let message = format!("no vault: {why}");
            ReadError::new(ErrorKind::Connect, message, "correct `vault`")
        })
    }
}

/// Whether a text names a vault or is the address of one.
///
/// # Errors
///
/// What was expected, a lowercase fragment.
pub fn check_vault(vault: &str) -> Result<(), String> {
    if is_name(vault) {
        return Ok(());
    }
    check_url(vault).map_err(|_| {
        "expected a vault's name, or its address, like https://NAME.vault.azure.net".to_owned()
    })
}

fn is_name(vault: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    !vault.is_empty() && vault.bytes().all(fits)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn server(settings: serde_json::Value) -> Server {
        let store: Azure = serde_json::from_value(settings).unwrap();
        store.check().unwrap();
        store.open(&Shared::default())
    }

    #[test]
    fn a_vault_is_named_or_addressed_by_the_hop_or_the_store() {
        let server = server(json!({"vault": "https://one.vault.azure.cn/"}));
        let host = |named| server.vault(named).unwrap().host();
        assert_eq!(&*host(None), "one.vault.azure.cn");
        assert_eq!(&*host(Some("two")), "two.vault.azure.net");
        for wrong in ["", "a.b", "ftp://x", "a/b", "https://s3cret@x"] {
            let why = check_vault(wrong).unwrap_err();
            assert!(why.starts_with("expected a vault's name") && !why.contains("s3cret"));
        }
    }

    #[test]
    fn without_any_vault_it_is_said_where_to_name_one() {
        let error = server(json!({})).vault(None).err().unwrap();
        assert_eq!(error.message, "nobody says which vault is meant");
    }
}
