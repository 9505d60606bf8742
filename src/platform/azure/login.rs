use std::path::Path;
use std::sync::Arc;

use reqwest::Url;

use super::Server;
use super::cloud::Cloud;
use super::token::{Refusal, Token, token};
use crate::key::Secret;
use crate::platform::credential::Credential;
use crate::platform::http::{Address, Call, form};
use crate::platform::variable::variable;
use crate::reading::{ErrorKind, ReadError};

const FORM: &str = "application/x-www-form-urlencoded";

/// What [RFC 7523](https://www.rfc-editor.org/rfc/rfc7523) calls a signed statement of another issuer.
const ASSERTION: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

impl Server {
    /// A token for the vaults of the cloud that this vault is in.
    pub(super) async fn token(&self, vault: &Address) -> Result<Arc<Secret>, ReadError> {
        if let Some(token) = &self.token {
            return self.credentials.resolve(token).await;
        }
        let (place, cloud) = Cloud::of(&vault.host());
        let session = &self.sessions[place];
        let given = session.get(async || self.log_in(cloud).await).await?;
        self.credentials.uses(given.expose());
        Ok(Arc::clone(&given))
    }

    async fn log_in(&self, cloud: &Cloud) -> Result<Token, ReadError> {
        let secret = self
            .credentials
            .named_or_set(self.client_secret.as_ref(), &["AZURE_CLIENT_SECRET"])
            .await?;
        if let Some(secret) = secret {
            let fields = [("client_secret", secret.expose())];
            return self.exchange(cloud, &fields, &secret).await;
        }
        if let Some(path) = variable("AZURE_FEDERATED_TOKEN_FILE") {
            let file = Credential::File(Path::new(&path).into());
            // It is written anew every hour or so, so it is read for each login.
            let statement = self.credentials.resolve(&file).await?;
            let fields = [
                ("client_assertion_type", ASSERTION.as_bytes()),
                ("client_assertion", statement.expose()),
            ];
            return self.exchange(cloud, &fields, &statement).await;
        }
        self.managed_identity(cloud).await
    }

    /// Exchanges what proves the identity for a token.
    async fn exchange(
        &self,
        cloud: &Cloud,
        proof: &[(&str, &[u8])],
        secret: &Arc<Secret>,
    ) -> Result<Token, ReadError> {
        let tenant = said(self.tenant.as_deref(), "tenant", "AZURE_TENANT_ID")?;
        let client_id = said(self.client_id.as_deref(), "client_id", "AZURE_CLIENT_ID")?;
        let scope = format!("{}/.default", cloud.resource());
        let mut fields: Vec<(&str, &[u8])> = vec![
            ("grant_type", b"client_credentials"),
            ("client_id", client_id.as_bytes()),
            ("scope", scope.as_bytes()),
        ];
        fields.extend_from_slice(proof);
        let reply = Call::post(self.authority(cloud, tenant)?, FORM, form(&fields))
            .carrying(Arc::clone(secret))
            .send(&self.clients)
            .await?;
        if reply.status.is_success() {
            return token(&reply);
        }
        let refusal = Refusal::of(&reply);
        let next = "correct `tenant`, `client_id` or the client secret, or what the application trusts \
                    as federated credentials";
        let mut error = reply.refused(refusal.said(), next);
        if reply.status.as_u16() == 400 && !refusal.error.is_empty() {
            // What the standard calls a bad request: wrong tenant, wrong application, ended statement.
            error.kind = ErrorKind::Denied;
            error.next = next.into();
        }
        Err(error)
    }

    fn authority(&self, cloud: &Cloud, tenant: &str) -> Result<Url, ReadError> {
        let said = self.authority.as_deref().map(|said| {
            match said.contains("://") {
                true => said.to_owned(),
                // As some tools set the variable.
                false => format!("https://{said}"),
            }
        });
        let authority = Address::parse(said.as_deref().unwrap_or(cloud.authority));
        let authority = authority.map_err(|why| {
            let message = format!("nowhere to log in: {why}");
            let next = "correct `authority`, or AZURE_AUTHORITY_HOST";
            ReadError::new(ErrorKind::Connect, message, next)
        })?;
        Ok(authority.at([tenant, "oauth2", "v2.0", "token"]))
    }
}

fn said<'s>(said: Option<&'s str>, setting: &str, variable: &str) -> Result<&'s str, ReadError> {
    said.ok_or_else(|| {
        ReadError::new(
            ErrorKind::Denied,
            format!("no credential: nobody says the {setting} to log in with"),
            format!("set {variable}, or give the store a `{setting}`"),
        )
    })
}
