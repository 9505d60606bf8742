use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

use tokio::time::{sleep, timeout};

use super::Message;
use super::failure::{Failure, Whom};
use crate::audit::Audit;
use crate::inventory::{Means, Receiver};
use crate::keyring::Scrubber;
use crate::ledger::Changes;
use crate::platform::deliver::{Courier, Envelope};
use crate::reading::{ErrorKind, ReadError, Retry};

/// How long somebody is tried to be told.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// How long one request may take, its credentials included.
    pub attempt: Duration,
    /// How often a request that failed is sent again.
    pub retries: u32,
    /// The longest wait before the first of these; it doubles with each.
    pub pause: Duration,
    /// The longest wait that a server may ask for.
    pub longest: Duration,
    /// How long a program may run.
    pub command: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            attempt: Duration::from_secs(10),
            retries: 3,
            pause: Duration::from_secs(2),
            longest: Duration::from_secs(30),
            command: Duration::from_secs(30),
        }
    }
}

/// Tells receivers. A command that prints a credential runs once for all of them.
#[derive(Default)]
pub struct Sender {
    courier: Courier,
    limits: Limits,
}

impl Sender {
    /// With other limits than usual.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self {
            courier: Courier::default(),
            limits,
        }
    }

    /// Tells one receiver what of these changes concerns it, if anything does.
    ///
    /// # Errors
    ///
    /// When it may not have been told: nothing but success is.
    pub async fn tell(
        &self,
        receiver: &Receiver,
        audit: &Audit,
        changes: &Changes,
    ) -> Result<(), Failure> {
        let Some(message) = Message::of(audit, changes, receiver) else {
            return Ok(());
        };
        let told = self.notify(receiver, &message).await;
        told.map_err(|why| why.scrubbed(&self.scrubber(audit)))
    }

    async fn notify(&self, receiver: &Receiver, message: &Message) -> Result<(), Failure> {
        let whom = || Whom::Receiver((&*receiver.name).into());
        let body = match &receiver.means {
            Means::Slack { .. } => message.slack(),
            Means::Webhook { .. } | Means::Command { .. } => message.json(),
        };
        let body = body.map_err(|_| {
            let what = "its message could not be written as JSON";
            let error = ReadError::new(ErrorKind::Protocol, what, "report it");
            Failure::new(whom(), 0, error)
        })?;
        let sent = match &receiver.means {
            Means::Slack { url } => {
                let url = url.clone().into();
                self.retried(async || self.courier.post(&url, &body, None).await)
                    .await
            }
            Means::Webhook { url, secret } => {
                let envelope = Envelope {
                    delivery: message.delivery(),
                    secret: secret.as_ref(),
                };
                self.retried(async || self.courier.post(url, &body, Some(envelope)).await)
                    .await
            }
            // It may have done half of its work, so it is not run again.
            Means::Command { argv, folder } => {
                let limit = self.limits.command;
                let run = timeout(limit, self.courier.run(argv, folder, &body)).await;
                run.unwrap_or_else(|_| Err(endless(limit)))
                    .map_err(|error| (1, error))
            }
        };
        sent.map_err(|(attempts, error)| Failure::new(whom(), attempts, error))
    }

    /// Says that an audit was completed and everybody was told, where targets.yaml names a heartbeat.
    ///
    /// # Errors
    ///
    /// When nobody took it.
    pub async fn heartbeat(&self, audit: &Audit) -> Result<(), Failure> {
        let Some(heartbeat) = &audit.inventory.heartbeat else {
            return Ok(());
        };
        self.retried(async || self.courier.get(&heartbeat.url).await)
            .await
            .map_err(|(attempts, error)| {
                let failure = Failure::new(Whom::Heartbeat, attempts, error);
                failure.scrubbed(&self.scrubber(audit))
            })
    }

    /// What takes out all that the audit knows, and the credentials that were used since.
    fn scrubber(&self, audit: &Audit) -> Scrubber {
        audit
            .scrubber
            .knowing(self.courier.credentials(), Vec::new())
    }

    /// Tries again while that may help. What failed comes with the number of attempts.
    async fn retried(
        &self,
        attempt: impl AsyncFn() -> Result<(), ReadError>,
    ) -> Result<(), (u32, ReadError)> {
        let limits = self.limits;
        let mut tried = 0;
        loop {
            let outcome = timeout(limits.attempt, attempt()).await;
            let outcome = outcome.unwrap_or_else(|_| Err(late(limits.attempt)));
            let Err(error) = outcome else { return Ok(()) };
            tried += 1;
            let wait = match error.retry {
                _ if tried > limits.retries => None,
                Retry::Never => None,
                Retry::After(wait) if wait > limits.longest => None,
                // Not all at the very same moment.
                Retry::After(wait) => Some(wait + limits.pause.mul_f64(share() / 4.0)),
                Retry::Later => {
                    let bound = limits.pause.saturating_mul(1 << (tried - 1).min(10));
                    Some(bound.mul_f64(0.5 + share() / 2.0))
                }
            };
            match wait {
                Some(wait) => sleep(wait.min(limits.longest + limits.pause)).await,
                None => return Err((tried, error)),
            }
        }
    }
}

/// Anything from 0 to 1.
fn share() -> f64 {
    // Its keys are random, which is all the randomness that this needs.
    let random = RandomState::new().hash_one(()) >> 11;
    #[expect(clippy::cast_precision_loss, reason = "53 bits fit")]
    let share = random as f64 / (1_u64 << 53) as f64;
    share
}

fn late(limit: Duration) -> ReadError {
    ReadError::new(
        ErrorKind::Timeout,
        format!("no answer within {limit:?}"),
        "look whether the receiver is well, and run again",
    )
}

fn endless(limit: Duration) -> ReadError {
    ReadError::new(
        ErrorKind::Timeout,
        format!("its program had not ended after {limit:?} and was killed"),
        "run it by hand with a message on its standard input",
    )
}
