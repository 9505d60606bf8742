use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::Server;
use super::login::{AppRole, ServiceAccount};
use crate::key::Secret;
use crate::platform::credential::Credential;
use crate::platform::session::Session;
use crate::platform::variable::variable;
use crate::reading::ReadError;

/// How a token is come by, and the one that a login gave.
pub(super) struct Token {
    pub login: Login,
    pub session: Session<Secret>,
}

/// Where a token comes from.
pub(super) enum Login {
    /// It is there.
    Token(Credential),
    AppRole(AppRole),
    ServiceAccount(ServiceAccount),
    /// Wherever the command-line tools look for it.
    Usual,
}

impl Login {
    pub fn of(
        token: &Option<Credential>,
        approle: &Option<AppRole>,
        kubernetes: &Option<ServiceAccount>,
    ) -> Self {
        match (token, approle, kubernetes) {
            (Some(token), ..) => Self::Token(token.clone()),
            (_, Some(role), _) => Self::AppRole(role.clone()),
            (_, _, Some(role)) => Self::ServiceAccount(role.clone()),
            (None, None, None) => Self::Usual,
        }
    }

    /// Whether it gives another token when it is asked again.
    pub fn gives(&self) -> bool {
        matches!(self, Self::AppRole(_) | Self::ServiceAccount(_))
    }

    /// Where to look when the server does not know the token.
    pub fn mend(&self) -> String {
        match self {
            Self::Token(token) => format!("put a token that is valid into {token}"),
            Self::Usual => {
                "set VAULT_TOKEN to a token that is valid, or give the store a `token`, \
                            an `approle` or a `kubernetes` role"
                    .to_owned()
            }
            Self::AppRole(_) | Self::ServiceAccount(_) => {
                "let the role's tokens live longer, with any number of uses".to_owned()
            }
        }
    }
}

impl Server {
    /// The token to send; `None` where there is none, as behind an agent that adds its own.
    pub(super) async fn token(&self) -> Result<Option<Arc<Secret>>, ReadError> {
        let session = &self.token.session;
        let token = match &self.token.login {
            Login::Token(token) => self.credentials.resolve(token).await,
            Login::AppRole(role) => {
                session
                    .get(async || self.log_in_as_approle(role).await)
                    .await
            }
            Login::ServiceAccount(role) => {
                session
                    .get(async || self.log_in_as_service_account(role).await)
                    .await
            }
            Login::Usual => {
                let file = token_file().map(|path| Credential::File(path.into()));
                let set = self
                    .credentials
                    .named_or_set(None, &["BAO_TOKEN", "VAULT_TOKEN"])
                    .await?;
                return match (set, file) {
                    (None, Some(file)) => self.credentials.resolve(&file).await.map(Some),
                    (set, _) => Ok(set),
                };
            }
        };
        let token = token?;
        self.credentials.uses(token.expose());
        Ok(Some(token))
    }
}

/// The file that a login on the command line leaves, if there is one.
fn token_file() -> Option<PathBuf> {
    if let Some(path) = variable("BAO_TOKEN_PATH") {
        return Some(path.into());
    }
    let path = Path::new(&variable("HOME")?).join(".vault-token");
    path.is_file().then_some(path)
}
