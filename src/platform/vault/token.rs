use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use super::Server;
use super::login::{AppRole, ServiceAccount};
use crate::key::Secret;
use crate::platform::credential::Credential;
use crate::platform::session::Session;
use crate::platform::variable::variable;
use crate::reading::{ErrorKind, ReadError};

/// How a token is come by, and the one that a login gave.
pub(super) struct Token {
    pub login: Login,
    pub session: Session<Lent>,
    given: AtomicBool,
}

/// A token, and how many requests may still be sent with it.
pub(super) struct Lent {
    pub token: Arc<Secret>,
    /// `None` for any number.
    left: Option<AtomicU64>,
}

/// A token, and for how long it holds.
pub(super) type Lease = (Lent, Option<Duration>);

/// Where a token comes from.
pub(super) enum Login {
    /// It is there.
    Token(Credential),
    /// A login gives it.
    Role(Role),
    /// Wherever the command-line tools look for it.
    Usual,
}

/// Who logs in.
pub(super) enum Role {
    AppRole(AppRole),
    ServiceAccount(ServiceAccount),
}

impl Token {
    pub fn of(login: Login) -> Self {
        Self {
            login,
            session: Session::default(),
            given: AtomicBool::default(),
        }
    }
}

impl Lent {
    /// With 0 uses it is good for any number.
    pub fn new(token: Arc<Secret>, uses: u64) -> Self {
        Self {
            token,
            left: (uses > 0).then(|| AtomicU64::new(uses)),
        }
    }

    /// Whether it is good for one more request, which is counted.
    pub fn take(&self) -> bool {
        let less = |left: u64| left.checked_sub(1);
        let take = |left: &AtomicU64| {
            left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less)
                .is_ok()
        };
        self.left.as_ref().is_none_or(take)
    }
}

impl Login {
    pub fn of(
        token: &Option<Credential>,
        approle: &Option<AppRole>,
        kubernetes: &Option<ServiceAccount>,
    ) -> Self {
        match (token, approle, kubernetes) {
            (Some(token), ..) => Self::Token(token.clone()),
            (_, Some(role), _) => Self::Role(Role::AppRole(role.clone())),
            (_, _, Some(role)) => Self::Role(Role::ServiceAccount(role.clone())),
            (None, None, None) => Self::Usual,
        }
    }

    /// Whether it gives another token when it is asked again.
    pub fn gives(&self) -> bool {
        matches!(self, Self::Role(_))
    }

    /// What to do when the server does not know the token.
    pub fn mend(&self) -> String {
        match self {
            Self::Token(token) => format!("put a token that is valid into {token}"),
            Self::Usual => match usual() {
                Some(token) => format!("put a token that is valid into {token}"),
                None => "set VAULT_TOKEN to a token that is valid, or give the store a `token`, \
                         an `approle` or a `kubernetes` role"
                    .to_owned(),
            },
            Self::Role(_) => {
                "let the role's tokens live longer, with any number of uses".to_owned()
            }
        }
    }
}

impl Server {
    /// The token to send; `None` where there is none, as behind an agent that adds its own.
    pub(super) async fn token(&self) -> Result<Option<Arc<Lent>>, ReadError> {
        let token = match &self.token.login {
            Login::Token(token) => self.credentials.resolve(token).await?,
            Login::Usual => match usual() {
                Some(token) => self.credentials.resolve(&token).await?,
                None => return Ok(None),
            },
            Login::Role(role) => return self.lent(role).await.map(Some),
        };
        Ok(Some(Arc::new(Lent::new(token, 0))))
    }

    /// The token that a login gave, or gives when that is used up.
    async fn lent(&self, role: &Role) -> Result<Arc<Lent>, ReadError> {
        let session = &self.token.session;
        loop {
            let lent = session.get(async || self.log_in_as(role).await).await?;
            if lent.take() {
                return Ok(lent);
            }
            session.forget(&lent).await;
        }
    }

    async fn log_in_as(&self, role: &Role) -> Result<Lease, ReadError> {
        let (lease, again) = match role {
            Role::AppRole(role) => (
                self.log_in_as_approle(role).await,
                "let the role's tokens have more uses and live longer, or its secret id be used more often",
            ),
            Role::ServiceAccount(role) => (
                self.log_in_as_service_account(role).await,
                "let the role's tokens have more uses and live longer",
            ),
        };
        match lease {
            Ok(lease) => {
                self.credentials.uses(lease.0.token.expose());
                self.token.given.store(true, Ordering::Relaxed);
                Ok(lease)
            }
            Err(error)
                if error.kind == ErrorKind::Denied && self.token.given.load(Ordering::Relaxed) =>
            {
                Err(ReadError {
                    message: format!("{}; it gave a token before", error.message).into(),
                    next: again.into(),
                    ..error
                })
            }
            Err(error) => Err(error),
        }
    }
}

/// Where the command-line tools find a token, if there is one.
fn usual() -> Option<Credential> {
    let set = ["BAO_TOKEN", "VAULT_TOKEN"].into_iter();
    let mut set = set.filter(|name| variable(name).is_some());
    match set.next() {
        Some(name) => Some(Credential::Env(name.into())),
        None => token_file().map(|path| Credential::File(path.into())),
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
