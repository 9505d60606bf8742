use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::Instant;

use crate::reading::{ErrorKind, ReadError};

/// What a login gave, shared by all calls of one connection. One caller logs in while the others
/// wait. A refusal stands until the audit ends: a wrong password that is tried a thousand times locks
/// its account.
pub(super) struct Session<T> {
    state: Mutex<State<T>>,
}

enum State<T> {
    Closed,
    Open(Arc<T>, Option<Instant>),
    Refused(ReadError),
}

impl<T> Default for Session<T> {
    fn default() -> Self {
        Self {
            state: Mutex::new(State::Closed),
        }
    }
}

impl<T> Session<T> {
    /// What was given, after logging in where that is needed. `login` says for how long it holds;
    /// `None` is longer than any audit.
    ///
    /// # Errors
    ///
    /// Those of the login.
    pub async fn get<E>(
        &self,
        login: impl AsyncFnOnce() -> Result<(T, Option<Duration>), E>,
    ) -> Result<Arc<T>, ReadError>
    where
        E: Into<ReadError>,
    {
        let mut state = self.state.lock().await;
        match &*state {
            State::Open(given, end) if end.is_none_or(|end| Instant::now() < end) => {
                return Ok(Arc::clone(given));
            }
            State::Refused(error) => return Err(error.clone()),
            State::Open(..) | State::Closed => {}
        }
        match login().await {
            Ok((given, lasts)) => {
                let given = Arc::new(given);
                // A little earlier than it ends, so that no call is under way then.
                let end = lasts.map(|lasts| Instant::now() + lasts.mul_f64(0.9));
                *state = State::Open(Arc::clone(&given), end);
                Ok(given)
            }
            Err(error) => {
                let error = error.into();
                if error.kind == ErrorKind::Denied {
                    *state = State::Refused(error.clone());
                }
                Err(error)
            }
        }
    }
}

impl<T> Session<T> {
    /// Closes it if this is still what it gives: the server no longer takes it, so the next caller
    /// logs in again.
    pub async fn forget(&self, given: &Arc<T>) {
        let mut state = self.state.lock().await;
        if matches!(&*state, State::Open(open, _) if Arc::ptr_eq(open, given)) {
            *state = State::Closed;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    fn refusal(kind: ErrorKind) -> ReadError {
        ReadError::new(kind, "no", "ask nicely")
    }

    #[tokio::test(start_paused = true)]
    async fn one_login_serves_all_until_it_ends() {
        let session = Session::default();
        let logins = Cell::new(0);
        let login = async || {
            logins.set(logins.get() + 1);
            tokio::time::sleep(Duration::from_secs(1)).await;
            Ok::<_, ReadError>((logins.get(), Some(Duration::from_secs(100))))
        };
        let (one, two) = tokio::join!(session.get(login), session.get(login));
        assert_eq!((*one.unwrap(), *two.unwrap()), (1, 1));
        tokio::time::advance(Duration::from_secs(95)).await;
        assert_eq!(*session.get(login).await.unwrap(), 2);
    }

    #[tokio::test]
    async fn what_is_no_longer_taken_is_asked_for_once_more() {
        let session = Session::default();
        let logins = Cell::new(0);
        let login = async || {
            logins.set(logins.get() + 1);
            Ok::<_, ReadError>((logins.get(), None))
        };
        let first = session.get(login).await.unwrap();
        session.forget(&first).await;
        assert_eq!(*session.get(login).await.unwrap(), 2);
        // Another caller was told the same of the same token.
        session.forget(&first).await;
        assert_eq!(*session.get(login).await.unwrap(), 2);
    }

    #[tokio::test]
    async fn a_refusal_stands_and_trouble_does_not() {
        for (kind, logins) in [(ErrorKind::Denied, 1), (ErrorKind::Connect, 2)] {
            let session = Session::<()>::default();
            let seen = Cell::new(0);
            for _ in 0..2 {
                let login = async || {
                    seen.set(seen.get() + 1);
                    Err(refusal(kind))
                };
                assert_eq!(session.get(login).await.err().unwrap().kind, kind);
            }
            assert_eq!(seen.get(), logins);
        }
    }
}
