//! The token that `aws sso login` leaves under `~/.aws/sso/cache`.

use std::fs::{self, OpenOptions};
use std::io::{self, ErrorKind as Io, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use ring::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use tokio::sync::Mutex;
use zeroize::Zeroizing;

use super::sso::Setup;
use crate::key::Secret;
use crate::platform::aws::Account;
use crate::platform::aws::call::Service;
use crate::platform::aws::refusal::refusal;
use crate::platform::files::read_regular;
use crate::platform::http::{self, Call};
use crate::platform::reason::reason;
use crate::platform::variable::variable;
use crate::reading::{ErrorKind, ReadError};
use crate::text::escape;

/// How long before its end a token is refreshed.
const SOON: Duration = Duration::from_secs(300);

/// A refresh uses its token up: two stores of one session take turns.
static TURN: Mutex<()> = Mutex::const_new(());

/// What is in such a file. AWS's tools share it, so what is not known here stays in it.
pub(super) struct Cached {
    path: PathBuf,
    told: Map<String, Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Refreshed {
    access_token: String,
    expires_in: i64,
    refresh_token: Option<String>,
}

impl Cached {
    /// The token of whoever logged in, refreshed where it is about to end and can be.
    pub async fn of(setup: &Setup<'_>, account: &Account) -> Result<Arc<Secret>, ReadError> {
        let _turn = TURN.lock().await;
        let mut cached = Self::read(setup)?;
        for name in ["accessToken", "refreshToken", "clientSecret"] {
            account
                .login
                .credentials
                .uses(cached.text(name).unwrap_or_default().as_bytes());
        }
        let (Some(token), Some(end)) = (cached.text("accessToken"), cached.time("expiresAt"))
        else {
            return Err(cached.unfit("holds no token", setup));
        };
        let left = end.duration_since(Timestamp::now());
        if left > SignedDuration::try_from(SOON).unwrap_or_default() {
            return Ok(Arc::new(Secret::copied(token.as_bytes())));
        }
        let expired = left <= SignedDuration::ZERO;
        let token = Secret::copied(token.as_bytes());
        let trouble = match cached.refresh(setup, account).await {
            Ok(Some(fresh)) => return Ok(Arc::new(fresh)),
            Ok(None) => String::new(),
            Err(error) if expired && error.retry != crate::reading::Retry::Never => {
                return Err(error);
            }
            Err(error) => format!(", and was not refreshed: {}", error.message),
        };
        match expired {
            true => Err(cached.unfit(&format!("has expired{trouble}"), setup)),
            false => Ok(Arc::new(token)),
        }
    }

    fn read(setup: &Setup<'_>) -> Result<Self, ReadError> {
        let name = setup.session.unwrap_or(setup.start_url);
        let digest = digest(&SHA1_FOR_LEGACY_USE_ONLY, name.as_bytes());
        let home = variable("HOME").unwrap_or_default();
        let folder = Path::new(&home).join(".aws/sso/cache");
        let path = folder.join(format!("{}.json", hex::encode(digest)));
        let mut cached = Self {
            path,
            told: Map::new(),
        };
        match read_regular(&cached.path).map(Secret::new) {
            Ok(bytes) => {
                cached.told = serde_json::from_slice(bytes.expose())
                    .map_err(|_| cached.unfit("is broken", setup))?;
                Ok(cached)
            }
            Err(error) => Err(match error.kind() {
                Io::NotFound | Io::NotADirectory => {
                    cached.unfit("is not there: nobody logged in", setup)
                }
                _ => cached.unfit(&format!("cannot be read: {}", reason(&error)), setup),
            }),
        }
    }

    /// Asks for another token with the one that is there for this, and leaves both in the file, as AWS's
    /// tools do. `None` where there is none for this, or where it has ended too.
    async fn refresh(
        &mut self,
        setup: &Setup<'_>,
        account: &Account,
    ) -> Result<Option<Secret>, ReadError> {
        let registered = self.time("registrationExpiresAt");
        let [client, secret, refresh] =
            ["clientId", "clientSecret", "refreshToken"].map(|name| self.text(name));
        let (Some(client), Some(secret), Some(refresh)) = (client, secret, refresh) else {
            return Ok(None);
        };
        // The older form of a login has none of this for AWS's tools either.
        if setup.session.is_none() || registered.is_none_or(|end| end <= Timestamp::now()) {
            return Ok(None);
        }
        let asked = json!({
            "grantType": "refresh_token",
            "clientId": client,
            "clientSecret": secret,
            "refreshToken": refresh,
        });
        let carried = [secret, refresh].map(|text| Arc::new(Secret::copied(text.as_bytes())));
        let body = http::json(&asked, secret.len() + refresh.len() + client.len() + 200)?;
        let address = account.address(Service::SsoOidc, setup.region)?;
        let mut call = Call::post(address.at(["token"]), "application/json", body);
        for secret in carried {
            call = call.carrying(secret);
        }
        let reply = call.send(&account.clients).await?;
        if !reply.status.is_success() {
            return Err(refusal(&reply, &setup.log_in()).error);
        }
        let fresh: Refreshed = reply.json()?;
        let end = Timestamp::now()
            .checked_add(SignedDuration::from_secs(fresh.expires_in))
            .map_err(|_| self.unfit("was refreshed for ever", setup))?;
        account
            .login
            .credentials
            .uses(fresh.access_token.as_bytes());
        let token = Secret::copied(fresh.access_token.as_bytes());
        let mut set = |name: &str, value: String| {
            self.told.insert(name.to_owned(), Value::String(value));
        };
        set("accessToken", fresh.access_token);
        set("expiresAt", end.strftime("%Y-%m-%dT%H:%M:%SZ").to_string());
        if let Some(next) = fresh.refresh_token {
            account.login.credentials.uses(next.as_bytes());
            set("refreshToken", next);
        }
        // Should this fail, the token is good all the same; the next run says to log in.
        let _ = self.write();
        Ok(Some(token))
    }

    /// Replaces the file by what is known now, or leaves it whole.
    fn write(&self) -> io::Result<()> {
        let text = Zeroizing::new(serde_json::to_vec(&self.told)?);
        let beside = self.path.with_extension(format!("{}", std::process::id()));
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&beside)?;
        let written = file
            .write_all(&text)
            .and_then(|()| file.sync_all())
            .and_then(|()| fs::rename(&beside, &self.path));
        if written.is_err() {
            let _ = fs::remove_file(&beside);
        }
        written
    }

    fn text(&self, name: &str) -> Option<&str> {
        self.told
            .get(name)?
            .as_str()
            .filter(|text| !text.is_empty())
    }

    /// A time. Older tools wrote `UTC` for `Z`.
    fn time(&self, name: &str) -> Option<Timestamp> {
        let text = self.text(name)?;
        text.replace("UTC", "Z").parse().ok()
    }

    fn unfit(&self, what: &str, setup: &Setup<'_>) -> ReadError {
        ReadError::new(
            ErrorKind::Denied,
            format!(
                "no credential for AWS: the login of {}, {}, {what}",
                setup.profile.shown(),
                escape(&self.path.to_string_lossy())
            ),
            setup.log_in(),
        )
    }
}
