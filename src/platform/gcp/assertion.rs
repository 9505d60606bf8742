use std::sync::Arc;

use data_encoding::BASE64URL_NOPAD;
use jiff::Timestamp;
use ring::rand::SystemRandom;
use ring::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use rustls::pki_types::PrivatePkcs8KeyDer;
use rustls::pki_types::pem::PemObject;
use serde_json::json;

use super::file::ServiceAccount;
use crate::key::Secret;
use crate::reading::{ErrorKind, ReadError};
use crate::text::escape;

/// For how long it holds: the longest that Google takes.
const SECONDS: i64 = 3600;

/// What a service account signs to show that it is itself
/// ([RFC 7523](https://www.rfc-editor.org/rfc/rfc7523)).
pub(super) fn assertion(
    account: &ServiceAccount,
    scope: &str,
    now: Timestamp,
) -> Result<Arc<Secret>, ReadError> {
    let header = json!({"alg": "RS256", "typ": "JWT", "kid": account.private_key_id});
    let claims = json!({
        "iss": account.client_email,
        "scope": scope,
        "aud": account.token_uri,
        "iat": now.as_second(),
        "exp": now.as_second() + SECONDS,
    });
    let parts = [header, claims].map(|part| BASE64URL_NOPAD.encode(part.to_string().as_bytes()));
    let signed = parts.join(".");
    let unfit = || {
        ReadError::new(
            ErrorKind::Denied,
            format!(
                "no credential: the private key of {} is no RSA key in PKCS #8",
                escape(&account.client_email)
            ),
            "download the key of the service account again",
        )
    };
    let key = PrivatePkcs8KeyDer::from_pem_slice(account.private_key.0.expose());
    let key = key.map_err(|_| unfit())?;
    let key = RsaKeyPair::from_pkcs8(key.secret_pkcs8_der()).map_err(|_| unfit())?;
    let mut signature = vec![0; key.public().modulus_len()];
    key.sign(
        &RSA_PKCS1_SHA256,
        &SystemRandom::new(),
        signed.as_bytes(),
        &mut signature,
    )
    .map_err(|_| unfit())?;
    let signature = BASE64URL_NOPAD.encode(&signature);
    Ok(Arc::new(Secret::new(
        format!("{signed}.{signature}").into_bytes(),
    )))
}
