//! The ledger as the commands use it: opened before an audit, added to after it.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use sha2::{Digest, Sha256};
use tokio::time::timeout;

use super::args::Config;
use super::config::counted;
use super::exit::Failure;
use super::interrupt::Interrupt;
use super::terminal;
use crate::audit::{Audit, Remembered};
use crate::explain::word;
use crate::gate::{Coverage, ExitCode, exit_code, waived};
use crate::inventory::{Inventory, LedgerAt};
use crate::ledger::{Conclusion, Ledger, LedgerError, Lock, Place, Recognized};
use crate::task::revoke_check::Known;
use crate::text::escape;

/// Where past audits are remembered.
#[derive(clap::Args)]
#[command(next_help_heading = "Ledger")]
pub(super) struct LedgerFlags {
    /// Where past audits are remembered: a file, or the URL of a PostgreSQL database
    ///
    /// Unless given here, in STRAGGLER_LEDGER or in targets.yaml: a file of this targets.yaml's own, in
    /// $XDG_STATE_HOME/straggler or ~/.local/state/straggler.
    #[arg(
        long,
        value_name = "PATH|URL",
        value_parser = Place::parse
    )]
    ledger: Option<Place>,

    /// Remember nothing, and know nothing of past audits
    #[arg(long, conflicts_with = "ledger")]
    no_ledger: bool,
}

/// What a command knows of past audits.
pub(super) struct Memory {
    ledger: Option<Ledger>,
    /// What the ledger knew when it was opened.
    pub(super) remembered: Remembered,
    /// Whether all went well so far.
    pub(super) code: ExitCode,
    /// When the last audit in it began; `None` where it holds none.
    last_audit: Option<Timestamp>,
    /// The ledgers that may be of this targets.yaml, from before it was moved.
    pub(super) older: Vec<PathBuf>,
    /// By when all is to be done, as the user says.
    deadline: Option<Instant>,
    /// The code that was written down for the audit.
    kept: Option<ExitCode>,
    /// Nothing is waited for when the user wants to stop.
    interrupt: Interrupt,
}

/// Where it is, unless a flag says so.
const VARIABLE: &str = "STRAGGLER_LEDGER";

/// How long it may take to open a ledger, or to add an audit to it.
const LIMIT: Duration = Duration::from_secs(5 * 60);

/// So long it may take in any case, when reading took all the time there was or was interrupted.
const GRACE: Duration = Duration::from_secs(5);

impl LedgerFlags {
    /// The ledger of this targets.yaml; `None` where nothing is to be remembered, or nobody knows where.
    ///
    /// # Errors
    ///
    /// When targets.yaml names a variable that does not say where.
    pub(super) fn place(
        &self,
        config: &Config,
        inventory: &Inventory,
    ) -> Result<Option<Place>, Failure> {
        if self.no_ledger {
            return Ok(None);
        }
        if let Some(place) = self.said()? {
            return Ok(Some(place));
        }
        Ok(match &inventory.ledger.at {
            Some(LedgerAt::Path(path)) => Some(Place::File(path.to_path_buf())),
            Some(LedgerAt::Env(name)) => {
                let named = |what| {
                    let name = escape(name);
                    Failure::usage(format!("ledger.at: the variable {name} {what}"))
                };
                let text = env::var(&**name).map_err(|_| named("is not set".to_owned()))?;
                let place = Place::parse(&text);
                Some(place.map_err(|expected| named(format!("cannot be used: {expected}")))?)
            }
            None => {
                state_home().map(|state| Place::File(state.join("straggler").join(name(config))))
            }
        })
    }

    /// Where the user says that it is. The variable is read here, since `--no-ledger` goes before it.
    fn said(&self) -> Result<Option<Place>, Failure> {
        if self.ledger.is_some() {
            return Ok(self.ledger.clone());
        }
        let Some(text) = env::var_os(VARIABLE).filter(|text| !text.is_empty()) else {
            return Ok(None);
        };
        let place = match text.to_str() {
            Some(text) => Place::parse(text),
            None => Ok(Place::File(text.into())),
        };
        let place = place.map_err(|expected| {
            Failure::usage(format!(
                "the variable {VARIABLE} cannot be used: {expected}"
            ))
        });
        place.map(Some)
    }

    /// Whether nobody said where it is.
    fn is_usual(&self, inventory: &Inventory) -> bool {
        let is_said =
            self.ledger.is_some() || env::var_os(VARIABLE).is_some_and(|it| !it.is_empty());
        !is_said && inventory.ledger.at.is_none()
    }

    /// Opens it and recalls what it knows. What fails is told, and the audit goes on without.
    ///
    /// # Errors
    ///
    /// As [`LedgerFlags::place`].
    pub(super) async fn open(
        &self,
        config: &Config,
        inventory: &Inventory,
        interrupt: &Interrupt,
    ) -> Result<Memory, Failure> {
        let mut memory = Memory {
            ledger: None,
            remembered: Remembered::default(),
            code: ExitCode::Success,
            last_audit: None,
            older: Vec::new(),
            deadline: None,
            kept: None,
            interrupt: interrupt.clone(),
        };
        let Some(place) = self.place(config, inventory)? else {
            return Ok(memory);
        };
        let is_new = !is_there(&place);
        let opened = async {
            let ledger = Ledger::open(&place).await?;
            mend_times(&ledger).await?;
            let last_audit = ledger.audits(1).await?.first().map(|last| last.started_at);
            let older = self.older(Some(&ledger), &place, inventory).await?;
            Ok::<_, LedgerError>((ledger.recall().await?, last_audit, older, ledger))
        };
        match within(LIMIT, interrupt, &place, "it was opened", opened).await {
            Ok((remembered, last_audit, older, ledger)) => {
                memory.remembered = remembered;
                memory.last_audit = last_audit;
                memory.ledger = Some(ledger);
                tell_of_older(&older, &place, is_new);
                memory.older = older;
            }
            Err(error) if error.is_interrupt() => memory.failed(&error),
            // Nobody asked for it, and nothing that it knew is missed: many programs run where they may not
            // write.
            Err(error) if self.is_usual(inventory) && !is_there(&place) => {
                terminal::say(&format!(
                    "nothing is remembered of this audit: {error}, or with --no-ledger"
                ));
            }
            Err(error) => memory.failed(&error),
        }
        Ok(memory)
    }

    /// The ledgers that may be of this targets.yaml, from before it was moved; none where somebody says which
    /// one is.
    pub(super) async fn older(
        &self,
        own: Option<&Ledger>,
        place: &Place,
        inventory: &Inventory,
    ) -> Result<Vec<PathBuf>, LedgerError> {
        match place {
            Place::File(path) if self.is_usual(inventory) => {
                Ledger::older(own, path, inventory).await
            }
            _ => Ok(Vec::new()),
        }
    }
}

impl Memory {
    /// The ledger, where there is one that can be used.
    pub(super) fn ledger(&self) -> Option<&Ledger> {
        self.ledger.as_ref()
    }

    /// What it can tell of past audits.
    pub(super) fn known(&self) -> Known {
        match (&self.ledger, self.code) {
            (_, ExitCode::Unfinished | ExitCode::Interrupted) => Known::Failed,
            (None, _) => Known::NoLedger,
            (Some(_), _) if self.last_audit.is_none() => Known::Begun,
            (Some(_), _) => Known::Known,
        }
    }

    /// Says that straggler could not finish its job.
    pub(super) fn failed(&mut self, error: &LedgerError) {
        let failure = failure(error);
        terminal::say(&failure.message);
        self.code = self.code.and(failure.code);
    }

    /// Tells the audit, before it is reported, what came of the rest of the work by then.
    pub(super) fn tell(&self, audit: &mut Audit, rest: ExitCode) {
        let code = self.code.and(rest);
        audit.interrupted |= code == ExitCode::Interrupted;
        audit.unfinished = code == ExitCode::Unfinished;
    }

    /// Leaves the ledger what is left of this time, from now on, when the audit is done.
    pub(super) fn ends_within(&mut self, deadline: Option<Duration>) {
        self.deadline = deadline.and_then(|deadline| Instant::now().checked_add(deadline));
    }

    /// How long adding an audit may take.
    fn limit(&self) -> Duration {
        let left = |deadline: Instant| deadline.saturating_duration_since(Instant::now());
        self.deadline
            .map_or(LIMIT, |deadline| left(deadline).clamp(GRACE, LIMIT))
    }

    /// Corrects the code of the audit that was kept, where a report or a receiver failed afterwards.
    pub(super) async fn ended(&mut self, audit: &Audit, code: ExitCode) {
        let Some(ledger) = self
            .ledger
            .as_ref()
            .filter(|_| self.kept.is_some_and(|kept| kept != code))
        else {
            return;
        };
        let corrected = ledger.correct(audit.started_at, code.code());
        let during = "the exit code was corrected in it";
        if let Err(error) = self.limited(ledger, during, corrected).await {
            self.failed(&error);
        }
    }

    /// Waits for the ledger no longer than there is time, and than the user wants to; `during` is what is done.
    pub(super) async fn limited<T>(
        &self,
        ledger: &Ledger,
        during: &'static str,
        work: impl Future<Output = Result<T, LedgerError>>,
    ) -> Result<T, LedgerError> {
        within(self.limit(), &self.interrupt, ledger.place(), during, work).await
    }

    /// Adds a finished audit to the ledger; whether it is in it.
    pub(super) async fn keep(&mut self, audit: &Audit) -> bool {
        let Some(ledger) = &self.ledger else {
            return false;
        };
        if audit.interrupted {
            terminal::say(
                "interrupted: the ledger keeps nothing of this audit, so later ones do not know what it found",
            );
            return false;
        }
        let mut recorded = false;
        let kept = kept(ledger, audit, self.last_audit, &mut recorded);
        let during = "this audit was added to it, so the audit is not kept";
        match self.limited(ledger, during, kept).await {
            // Where only what is old was not cleared away, the next audit does that.
            Err(error) if !(recorded && error.is_interrupt()) => {
                self.failed(&error);
                false
            }
            _ => {
                self.kept = Some(exit_code(audit));
                true
            }
        }
    }

    /// Keeps others from the same work until it is dropped.
    ///
    /// # Errors
    ///
    /// When somebody is at it already, or there is no ledger.
    pub(super) async fn lock(
        &self,
        config: &Config,
        inventory: &Inventory,
    ) -> Result<Lock, Failure> {
        let Some(ledger) = &self.ledger else {
            return Err(match self.code {
                ExitCode::Interrupted => Failure::new(
                    ExitCode::Interrupted,
                    "--changed-only compares with the last audit in the ledger: nothing was read",
                ),
                ExitCode::Success => Failure::usage(
                    "--changed-only compares with the last audit, and there is no ledger: name one with \
                     --ledger, or set HOME or XDG_STATE_HOME",
                ),
                _ => {
                    Failure::unfinished("--changed-only compares with the last audit in the ledger")
                }
            });
        };
        let name = match &inventory.identity.name {
            Some(name) => format!("inventory {name}"),
            None => digest(&path(config)),
        };
        let lock = ledger.lock(&name);
        let lock = self.limited(ledger, "its lock was taken", lock).await;
        lock.map_err(|error| failure(&error))?.ok_or_else(|| {
            Failure::unfinished(
                "another `straggler audit --changed-only` of this targets.yaml is at work: let it finish, or \
                 run them less often",
            )
        })
    }
}

/// Waits no longer than this, and than the user wants to. What is begun after an interrupt, since it belongs to
/// what is told already, gets a moment.
async fn within<T>(
    limit: Duration,
    interrupt: &Interrupt,
    place: &Place,
    during: &'static str,
    work: impl Future<Output = Result<T, LedgerError>>,
) -> Result<T, LedgerError> {
    let slow = |limit| LedgerError::slow(place, limit);
    if interrupt.has_happened() {
        let limit = limit.min(GRACE);
        let done = timeout(limit, work).await;
        return done.unwrap_or_else(|_| Err(slow(limit)));
    }
    match interrupt.unless(timeout(limit, work)).await {
        Some(done) => done.unwrap_or_else(|_| Err(slow(limit))),
        None => Err(LedgerError::interrupted(place, during)),
    }
}

/// What came of it, as the command tells it.
pub(super) fn failure(error: &LedgerError) -> Failure {
    let code = match error.is_interrupt() {
        true => ExitCode::Interrupted,
        false => ExitCode::Unfinished,
    };
    Failure::new(code, error)
}

async fn kept(
    ledger: &Ledger,
    audit: &Audit,
    last_audit: Option<Timestamp>,
    recorded: &mut bool,
) -> Result<(), LedgerError> {
    let recognized = ledger.enter(&audit.inventory).await?;
    if let Some(told) = recognized_as(&recognized, &audit.inventory) {
        terminal::say(&format!("the ledger {} {told}", ledger.place()));
    }
    ledger.record(audit, &conclusion(audit)).await?;
    *recorded = true;
    // By the audit before this one: a clock that is ahead for once costs no history.
    let keep = audit.inventory.ledger.retention;
    let now = Timestamp::now();
    ledger
        .retain(keep, last_audit.unwrap_or(now).min(now))
        .await
}

/// What people have to know of how their inventory was known again.
fn recognized_as(recognized: &Recognized, inventory: &Inventory) -> Option<String> {
    let name = inventory.identity.name.as_deref();
    let own = match name {
        Some(name) => format!("the inventory {}", escape(name)),
        None => "this targets.yaml".to_owned(),
    };
    Some(match recognized {
        Recognized::Well => return None,
        Recognized::New { beside } if beside.is_empty() => return None,
        Recognized::New { beside } => {
            let all: Vec<_> = beside.iter().map(|other| escape(other)).collect();
            let say = match name {
                Some(name) => {
                    let (first, name) = (word(&beside[0]), word(name));
                    format!(
                        "if it had that name before, run `straggler history rename {first} {name}`"
                    )
                }
                None => "if it is the same one, give both one name: `inventory: NAME`".to_owned(),
            };
            format!(
                "starts over for {own}, though {} names some of the same deployments; {say}",
                all.join(" and ")
            )
        }
        Recognized::Moved { from } => format!(
            "takes {own} for the one that was at {}, which names the same for the most part; a name in it, \
             `inventory: NAME`, makes that sure",
            escape(&from.to_string_lossy())
        ),
        Recognized::Named => {
            format!("knows what it has of this file as {own} from now on")
        }
        Recognized::Renamed { before } => format!(
            "knows the inventory {} as {} from now on, as its file says",
            escape(before),
            escape(name.unwrap_or_default())
        ),
        Recognized::Unsaid { before } => format!(
            "takes {own} for the inventory {}, though it does not say so anymore: write `inventory: {}` into it",
            escape(before),
            escape(before)
        ),
    })
}

/// Dates back what was written while a clock was ahead, and says so.
pub(super) async fn mend_times(ledger: &Ledger) -> Result<(), LedgerError> {
    if let Some(ahead) = ledger.mend_times(Timestamp::now()).await? {
        let count = counted(ahead.audits, "audit");
        terminal::say(&format!(
            "the ledger {} held {count} of the time to come, up to {}: the clock was ahead then; what they saw \
             is dated back now",
            ledger.place(),
            ahead.latest.strftime("%Y-%m-%dT%H:%M:%SZ")
        ));
    }
    Ok(())
}

/// Says that a targets.yaml which was moved may have another ledger than the one it had.
pub(super) fn tell_of_older(older: &[PathBuf], place: &Place, is_new: bool) {
    if let Some([message, remedy]) = of_older(older) {
        let begins = match is_new {
            true => format!("a new ledger begins here, {place}; "),
            false => format!("this ledger, {place}, may not have all; "),
        };
        terminal::say(&format!("{begins}{message}: {remedy}"));
    }
}

/// So many older ledgers are named.
const MOST_NAMED: usize = 3;

/// What is to be said of ledgers from before a targets.yaml was moved, and what to do about it.
pub(super) fn of_older(older: &[PathBuf]) -> Option<[String; 2]> {
    if older.is_empty() {
        return None;
    }
    let named = &older[..older.len().min(MOST_NAMED)];
    let each = |tell: &dyn Fn(&str) -> String| {
        let told = named.iter().map(|path| tell(&path.to_string_lossy()));
        told.collect::<Vec<_>>().join(" or ")
    };
    let others = match older.len() - named.len() {
        0 => String::new(),
        more => format!(", or in one of {more} more beside them"),
    };
    Some([
        format!(
            "if this targets.yaml was moved, past audits are in {}{others}",
            each(&|path| escape(path).into_owned())
        ),
        format!(
            "name it with {}, or in targets.yaml under `ledger`; say of what is another one's: {}",
            each(&|path| format!("--ledger {}", word(path))),
            each(&|path| format!("`straggler history unrelated {}`", word(path)))
        ),
    ])
}

/// Whether there may be something at a place already.
fn is_there(place: &Place) -> bool {
    match place {
        Place::File(path) => path.try_exists().unwrap_or(false),
        Place::Postgres(_) => true,
    }
}

/// What an audit came to.
pub(super) fn conclusion(audit: &Audit) -> Conclusion {
    let outcomes = audit.deployments.iter().enumerate();
    Conclusion {
        exit_code: exit_code(audit).code(),
        complete: Coverage::of(audit).is_complete(audit),
        accepted: outcomes
            .filter(|(_, outcome)| waived(audit, outcome).is_some())
            .map(|(index, _)| index)
            .collect(),
    }
}

/// Where programs keep what they know, by the XDG Base Directory Specification.
fn state_home() -> Option<PathBuf> {
    let absolute = |name| {
        let path = PathBuf::from(env::var_os(name)?);
        path.is_absolute().then_some(path)
    };
    absolute("XDG_STATE_HOME").or_else(|| Some(absolute("HOME")?.join(".local/state")))
}

/// The name of the ledger of one targets.yaml: two that have nothing to do with each other may both have a
/// project of one name.
fn name(config: &Config) -> OsString {
    let path = path(config);
    let folder = path.parent().and_then(Path::file_name).unwrap_or_default();
    let plain = |letter: char| match letter {
        'a'..='z' | 'A'..='Z' | '0'..='9' | '-' | '_' => letter,
        _ => '-',
    };
    let folder: String = folder.to_string_lossy().chars().map(plain).collect();
    format!("{folder}-{}.db", digest(&path)).into()
}

fn path(config: &Config) -> PathBuf {
    fs::canonicalize(&config.config).unwrap_or_else(|_| config.config.clone())
}

fn digest(path: &Path) -> String {
    hex::encode(&Sha256::digest(path.as_os_str().as_encoded_bytes())[..4])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_many_older_ledgers_some_are_named_and_the_rest_counted() {
        let older: Vec<PathBuf> = (1..=5).map(|at| format!("/l/{at}.db").into()).collect();
        let [message, remedy] = of_older(&older).unwrap();
        assert!(
            message
                .ends_with("are in /l/1.db or /l/2.db or /l/3.db, or in one of 2 more beside them"),
            "{message}"
        );
        assert!(
            remedy.contains("unrelated /l/3.db") && !remedy.contains("/l/4.db"),
            "{remedy}"
        );
        let [message, _] = of_older(&older[..1]).unwrap();
        assert!(message.ends_with("past audits are in /l/1.db"), "{message}");
    }
}
