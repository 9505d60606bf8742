mod told;

use clap::ValueEnum;
use jiff::Timestamp;
use told::Told;

use super::args::Config;
use super::effort::{Effort, Patience};
use super::exit::{Ended, Failure};
use super::memory::{LedgerFlags, Memory, of_older};
use super::progress::Watch;
use super::reserved::Reserved;
use super::{config, interrupt, runtime, terminal};
use crate::audit::{self, Audit, Options, Owner};
use crate::explain::word;
use crate::gate::ExitCode;
use crate::inventory::Inventory;
use crate::key::Fingerprint;
use crate::keyring::ProjectId;
use crate::ledger::{Acceptance, Ledger, LedgerError};
use crate::platform;
use crate::report;
use crate::task::revoke_check::{Accepted, Covered, Document, Other, Past, Question};

/// May the old key be revoked? Every remaining holder, every blind spot
///
/// Reads every hop of every project, so that no holder is missed wherever it is. All previous keys of
/// the project that are not known to be dead are looked for, damaged or not.
#[derive(clap::Args)]
#[command(
    after_help = EXAMPLES,
    after_long_help = format!("{EXAMPLES}\n\n{EXIT_CODES}")
)]
pub(super) struct Args {
    /// The project whose key is to be revoked
    project: String,

    #[command(flatten)]
    config: Config,

    /// Only the keys of this environment; without it, those of the project and all its environments
    #[arg(long, value_name = "NAME")]
    environment: Option<String>,

    /// The one key that is meant, by its fingerprint: `sha256:9f2c41d07a3b`
    #[arg(long, value_name = "FINGERPRINT")]
    key: Option<Fingerprint>,

    /// Take a claim, such as a label with a fingerprint, for proof
    #[arg(long)]
    accept_attested: bool,

    /// Answer for this deployment, where nobody can see what it holds; needs --reason
    ///
    /// Its name, with environment and axes where several have it: `cart (staging, prod-eu)`. If another
    /// inventory has a deployment of that name, put the inventory before it: `other:cart`. Kept in the ledger,
    /// and valid for the keys in question only.
    #[arg(long, value_name = "NAME", requires = "reason")]
    accept: Vec<String>,

    /// Why it cannot hold the old key
    #[arg(long, value_name = "TEXT", requires = "accept")]
    reason: Option<String>,

    /// What to print
    #[arg(short, long, value_enum, default_value_t, value_name = "FORMAT")]
    format: Format,

    /// Show no progress bar
    #[arg(long)]
    no_progress: bool,

    /// List the requests on standard error, each with its outcome and time; twice, also when each goes out
    #[arg(short, long, action = clap::ArgAction::Count)]
    verbose: u8,

    #[command(flatten)]
    effort: Effort,
    #[command(flatten)]
    patience: Patience,
    #[command(flatten)]
    ledger: LedgerFlags,
}

#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum Format {
    /// For people.
    #[default]
    Text,
    /// For programs, straggler.revoke-check/v1.
    Json,
}

const EXAMPLES: &str = "\
Examples:
  straggler revoke-check checkout
  straggler revoke-check checkout --environment staging --key sha256:9f2c41d07a3b
  straggler revoke-check checkout --accept kiosk --reason 'switched off since May'";

const EXIT_CODES: &str = "\
Exit codes:
  0    safe to revoke: everything was read, and nothing holds a key in question
  1    not safe: something holds one of them, or one of them is a live key
  2    usage or configuration error; nothing was read
  3    nobody can tell: something could not be seen, was seen by past audits alone, or it is
       not sure which key is the current one or the one in question
  4    straggler could not finish its own job: the ledger could not be used
  130  interrupted; what was known is reported";

pub(super) fn run(args: Args) -> Ended {
    let inventory = config::load(&args.config)?;
    let owners = args.owners(&inventory)?;
    let all: Vec<u32> = (0..)
        .zip(&inventory.deployments)
        .map(|(index, _)| index)
        .collect();
    let options = Options {
        limits: args.effort.limits(args.patience.timeout),
        trace: owners.iter().copied().collect(),
        asked: args.key.into_iter().collect(),
        ..Options::default()
    };
    runtime::run(async {
        let interrupt = interrupt::listen();
        Reserved::new(&args.config, &inventory, &args.ledger)?;
        let mut memory = args
            .ledger
            .open(&args.config, &inventory, &interrupt)
            .await?;
        memory.ends_within(args.effort.deadline);
        let (accepted, past) = match memory.ledger() {
            None => Default::default(),
            Some(ledger) => {
                let known = known(&memory, ledger, &args.project, &inventory);
                let known = memory.limited(ledger, "it was asked", known).await;
                known.unwrap_or_else(|error| {
                    memory.failed(&error);
                    Default::default()
                })
            }
        };
        args.check_accepted(&memory, &inventory, &past)?;

        let watch = Watch::new(!args.no_progress, args.verbose);
        let connections = platform::connections(inventory.connections());
        let mut audit = audit::run(
            inventory,
            &all,
            connections,
            &memory.remembered,
            &options,
            &watch,
            interrupt.happens(),
        )
        .await;
        watch.finish();
        memory.keep(&audit).await;
        if audit
            .scrubber
            .finds(args.reason.as_deref().unwrap_or_default().as_bytes())
        {
            return Err(Failure::usage(
                "--reason holds a key or a part of one, and the ledger keeps it: say it without",
            ));
        }
        let remembered = std::mem::take(&mut memory.remembered);
        let mut question = Question {
            owners: &owners,
            key: args.key,
            accept_attested: args.accept_attested,
            accepted,
            past,
            remembered: &remembered,
        };
        question.past.forget_after(&audit);
        let new = args.accepted(&question, &audit);
        if !new.is_empty() {
            question.accepted.extend(new.clone());
            let covered = question.ask(&audit).covered;
            for name in args
                .accept
                .iter()
                .filter(|name| !covered.contains_key(*name))
            {
                terminal::say(&format!(
                    "--accept {}: all of it was seen, so there is nothing to answer for",
                    word(name)
                ));
            }
            let owner = args.owner();
            if let Err(error) = record(&memory, &audit.inventory, &new, covered, &owner).await {
                memory.failed(&error);
            }
        }
        memory.tell(&mut audit, ExitCode::Success);
        question.past.known = memory.known();
        let answer = question.ask(&audit);
        let printed = terminal::print(|out| match args.format {
            Format::Text => Told {
                audit: &audit,
                answer: &answer,
            }
            .write(out),
            Format::Json => report::write_json(&Document::of(&audit, &answer), out),
        });
        let code = answer.code();
        Ok(match printed {
            Ok(()) => code,
            Err(failure) => {
                terminal::say(&failure.message);
                code.and(failure.code)
            }
        })
    })?
}

/// What the ledger knows of blind spots: those that somebody answers for, the deployments that targets.yaml
/// names no longer, and the places that were on routes.
async fn known(
    memory: &Memory,
    ledger: &Ledger,
    project: &str,
    inventory: &Inventory,
) -> Result<(Vec<Accepted>, Past), LedgerError> {
    let accepted = ledger.acceptances(inventory, project).await?.into_iter();
    let accepted = accepted.map(|acceptance| Accepted {
        key: acceptance.key,
        deployment: acceptance.deployment,
        reason: acceptance.reason,
        places: Some(acceptance.places),
    });
    let own = ledger.number_of(inventory).await?;
    let others = ledger.inventories().await?;
    let others = others.iter().filter(|other| Some(other.id) != own);
    let mut past = Past {
        known: memory.known(),
        deployments: ledger.deployments(None).await?,
        forgotten: Vec::new(),
        places: ledger.places(inventory).await?,
        others: others
            .map(|other| (other.id, Other::of(other, inventory, ledger.place()).into()))
            .collect(),
        older: of_older(&memory.older),
    };
    past.forget(inventory);
    Ok((accepted.collect(), past))
}

/// Keeps what somebody answers for.
async fn record(
    memory: &Memory,
    inventory: &Inventory,
    accepted: &[Accepted],
    covered: Covered,
    owner: &Owner,
) -> Result<(), LedgerError> {
    let Some(ledger) = memory.ledger() else {
        return Ok(());
    };
    let entered = async {
        for accepted in accepted {
            let acceptance = Acceptance {
                owner: owner.clone(),
                key: accepted.key,
                deployment: accepted.deployment.clone(),
                reason: accepted.reason.clone(),
                places: covered
                    .get(&accepted.deployment)
                    .cloned()
                    .unwrap_or_default(),
                at: Timestamp::now(),
            };
            ledger.accept(inventory, &acceptance).await?;
        }
        Ok(())
    };
    let during = "what is accepted was added to it, so it may not hold all of that";
    memory.limited(ledger, during, entered).await
}

impl Args {
    fn owner(&self) -> Owner {
        Owner {
            project: self.project.as_str().into(),
            environment: self.environment.as_deref().map(Into::into),
        }
    }

    /// What --accept says of the keys in question.
    fn accepted(&self, question: &Question<'_>, audit: &Audit) -> Vec<Accepted> {
        let keys = question.fingerprints(audit);
        let reason = self.reason.as_deref().unwrap_or_default();
        let pairs = self
            .accept
            .iter()
            .flat_map(|name| keys.iter().map(move |&key| (name, key)));
        pairs
            .map(|(name, key)| Accepted {
                key,
                deployment: name.clone(),
                reason: reason.to_owned(),
                places: None,
            })
            .collect()
    }

    /// Before anything is read: an acceptance that nobody keeps, or of a deployment nobody knows, is a slip.
    fn check_accepted(
        &self,
        memory: &Memory,
        inventory: &Inventory,
        past: &Past,
    ) -> Result<(), Failure> {
        if self.accept.is_empty() {
            return Ok(());
        }
        if memory.code == ExitCode::Interrupted {
            return Err(Failure::new(
                ExitCode::Interrupted,
                "--accept is kept in the ledger: nothing was read",
            ));
        }
        if memory.ledger().is_none() {
            return Err(Failure::usage(
                "--accept is kept in the ledger, and there is none",
            ));
        }
        if self.reason.as_deref().unwrap_or_default().trim().is_empty() {
            return Err(Failure::usage("--reason says nothing"));
        }
        let reason = self.reason.as_deref().unwrap_or_default().as_bytes();
        if inventory.scrubber().finds(reason) {
            return Err(Failure::usage(
                "--reason holds what looks like a key, and the ledger keeps it: say it without",
            ));
        }
        let is_known = |name: &&String| {
            let mut deployments = inventory.deployments.iter();
            let mut forgotten = past.forgotten.iter();
            let mut places = past.places.iter();
            let is_called = |title: &str, of| past.names(inventory, title, of).contains(name);
            forgotten.any(|gone| is_called(&gone.name.title, gone.inventory))
                || places.any(|place| is_called(&place.name.title, place.inventory))
                || deployments
                    .any(|deployment| *deployment.name == ***name || deployment.title() == **name)
        };
        match self.accept.iter().find(|name| !is_known(name)) {
            None => Ok(()),
            // It may be a key by mistake, so it is not repeated.
            Some(_) => Err(Failure::usage(
                "--accept names no deployment of targets.yaml or of the ledger: a place is answered for by the name that this command \
                 tells it with",
            )),
        }
    }

    /// The project and its environments, or the one that is named, and whoever shares their keys.
    fn owners(&self, inventory: &Inventory) -> Result<Vec<ProjectId>, Failure> {
        let environment = self.environment.as_deref();
        let named = inventory.keys_of(&self.project, environment);
        let mut owners = named.map_err(Failure::usage)?;
        let all = (0..).map(ProjectId).take(inventory.projects.len());
        let shared: Vec<_> = all
            .filter(|&id| !owners.contains(&id))
            .filter(|&id| owners.iter().any(|&owner| inventory.share_a_key(owner, id)))
            .collect();
        owners.extend(shared);
        Ok(owners)
    }
}
