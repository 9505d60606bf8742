use std::sync::Arc;
use std::time::Duration;

use reqwest::header::AUTHORIZATION;
use serde::{Deserialize, Serialize};

use super::failure::{FAILED_PRECONDITION, INVALID_ARGUMENT, Refusal, Refused};
use super::{Server, rpc};
use crate::extract::SecretText;
use crate::key::Secret;
use crate::platform::http::{Call, json};
use crate::platform::variable::variable;
use crate::reading::{ErrorKind, ReadError};
use crate::text::escape;

/// How long a token is used: by default etcd forgets one that was not used for five minutes.
const LASTS: Duration = Duration::from_secs(300);

/// Who logs in.
struct User {
    name: Box<str>,
    password: Arc<Secret>,
}

#[derive(Serialize)]
struct Request<'a> {
    name: &'a str,
    password: &'a str,
}

#[derive(Deserialize)]
struct Answer {
    token: SecretText,
}

impl Server {
    /// The token for the next request, after logging in where that is needed.
    pub(super) async fn token(&self) -> Result<Arc<Option<Arc<Secret>>>, ReadError> {
        self.session.get(async || self.log_in().await).await
    }

    async fn log_in(&self) -> Result<(Option<Arc<Secret>>, Option<Duration>), ReadError> {
        let Some(user) = self.user().await? else {
            return Ok((None, None));
        };
        let Refused { refusal, mut error } = match self.authenticate(&user).await? {
            Ok(token) => {
                self.credentials.uses(token.expose());
                return Ok((Some(Arc::new(token)), Some(LASTS)));
            }
            Err(refused) => refused,
        };
        if refusal.code == FAILED_PRECONDITION && refusal.says("authentication is not enabled") {
            return Ok((None, None));
        }
        // etcd calls a wrong password a bad request.
        if refusal.code == INVALID_ARGUMENT || error.kind == ErrorKind::Denied {
            error.kind = ErrorKind::Denied;
            error.next =
                format!("correct the name or the password of {}", escape(&user.name)).into();
        }
        Err(error)
    }

    /// Asks for a token.
    async fn authenticate(&self, user: &User) -> Result<Result<Secret, Refused>, ReadError> {
        let password = str::from_utf8(user.password.expose()).map_err(|_| {
            ReadError::new(
                ErrorKind::Denied,
                "the password for etcd is no UTF-8, which etcd cannot be told",
                "look at it with `straggler inspect`",
            )
        })?;
        let name = &user.name;
        if self.speaks_rpc()? {
            return rpc::authenticate(self, name, &user.password).await;
        }
        let body = json(&Request { name, password }, name.len() + password.len())?;
        let url = self.address()?.at(["v3", "auth", "authenticate"]);
        let reply = Call::post(url, "application/json", body)
            .carrying(Arc::clone(&user.password))
            .send(&self.clients)
            .await?;
        if reply.status.is_success() {
            let Answer { token } = reply.json()?;
            return Ok(Ok(token.0));
        }
        Ok(Err(Refusal::of(&reply).of_gateway(&reply, None)))
    }

    /// Who is to log in; nobody where no name is given.
    async fn user(&self) -> Result<Option<User>, ReadError> {
        // As etcdctl takes it: NAME or NAME:PASSWORD.
        let set = variable("ETCDCTL_USER").map(|user| Secret::new(user.into_bytes()));
        let set = set.as_ref().map(|set| split(set.expose()));
        let (name, beside) = match (&self.user, set) {
            (Some(name), Some((set, beside))) if name.as_bytes() == set => (name.clone(), beside),
            (Some(name), _) => (name.clone(), None),
            (None, Some((set, beside))) => (String::from_utf8_lossy(set).into(), beside),
            (None, None) => return Ok(None),
        };
        let beside = beside.map(|password| Arc::new(Secret::copied(password)));
        let password = match (&self.password, beside) {
            (None, Some(password)) => Some(password),
            (named, _) => {
                let variables = ["ETCDCTL_PASSWORD"];
                let found = self.credentials.named_or_set(named.as_ref(), &variables);
                found.await?
            }
        };
        match password {
            Some(password) => {
                self.credentials.uses(password.expose());
                Ok(Some(User { name, password }))
            }
            None => Err(ReadError::new(
                ErrorKind::Denied,
                format!("no credential: {} has no password", escape(&name)),
                "set ETCDCTL_PASSWORD, or give the store a `password`",
            )),
        }
    }
}

/// The name, and the password behind the first colon.
fn split(user: &[u8]) -> (&[u8], Option<&[u8]>) {
    match user.iter().position(|byte| *byte == b':') {
        Some(colon) => (&user[..colon], Some(&user[colon + 1..])),
        None => (user, None),
    }
}

/// Adds the token to a request.
pub(super) fn with_token(call: Call, token: Option<&Arc<Secret>>) -> Result<Call, ReadError> {
    match token {
        // Without a word before it.
        Some(token) => call.credential(AUTHORIZATION, "", token),
        None => Ok(call),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_may_stand_behind_the_name() {
        assert_eq!(split(b"root"), (&b"root"[..], None));
        assert_eq!(split(b"root:a:b"), (&b"root"[..], Some(&b"a:b"[..])));
        assert_eq!(split(b"root:"), (&b"root"[..], Some(&b""[..])));
    }
}
