use serde::Deserialize;

use crate::platform::http::Reply;
use crate::reading::{ErrorKind, ReadError};
use crate::text::escape;

/// What Key Vault says when it refuses.
#[derive(Default, Deserialize)]
struct Refusal {
    error: Option<Told>,
}

#[derive(Default, Deserialize)]
struct Told {
    #[serde(default)]
    code: String,
    #[serde(default)]
    message: String,
    /// What went wrong exactly.
    #[serde(alias = "innerError")]
    innererror: Option<Inner>,
}

#[derive(Default, Deserialize)]
struct Inner {
    #[serde(default)]
    code: String,
}

/// What a refused request for a secret means.
pub(super) enum Refused {
    /// There is no such secret, or no such version of it. Whoever may not read it is told so with 403.
    Absent,
    /// Anything else.
    Error(ReadError),
}

/// Sorts a refusal. `rights` are what reading it needs under a vault's own access policies.
pub(super) fn refused(reply: &Reply, secret: &str, rights: &str) -> Refused {
    // Anything else than a refusal of Key Vault's gives an empty one.
    let refusal: Refusal = serde_json::from_slice(reply.body.expose()).unwrap_or_default();
    let Told {
        code,
        message,
        innererror: inner,
    } = refusal.error.unwrap_or_default();
    let inner = inner.map_or_else(String::new, |inner| inner.code);
    if reply.status.as_u16() == 404 && code == "SecretNotFound" {
        return Refused::Absent;
    }
    let secret = escape(secret);
    let next = match (reply.status.as_u16(), &*inner) {
        (401, _) => {
            "log in to the tenant that the vault belongs to, with a token for its cloud".to_owned()
        }
        (_, "SecretDisabled") => format!(
            "enable it: `az keyvault secret set-attributes --name {secret} --enabled true --vault-name VAULT`"
        ),
        (_, "ForbiddenByFirewall" | "ForbiddenByConnection") => {
            "let this network through the vault's firewall, or run where it does".to_owned()
        }
        (_, "AccessDenied" | "ForbiddenByPolicy") => format!(
            "let the identity read: `az keyvault set-policy --secret-permissions {rights} --spn CLIENT_ID --name VAULT`"
        ),
        _ => format!(
            "give the identity the role \"Key Vault Secrets User\" on the secret {secret}, or under access \
             policies the secret permissions {rights}"
        ),
    };
    let said = Some(&*message).filter(|message| !message.is_empty());
    Refused::Error(reply.refused(said, &next))
}

/// The error of a version that the list says is disabled.
pub(super) fn disabled(secret: &str) -> ReadError {
    ReadError::new(
        ErrorKind::Denied,
        format!("a version of {} is disabled", escape(secret)),
        "enable the version if it matters what it held",
    )
}
