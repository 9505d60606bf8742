use super::args::{Config, EXIT_CODES};
use super::effort::{Effort, Patience};
use super::exit::Ended;
use super::given::KeyFlags;
use super::judgement::Judgement;
use super::memory::LedgerFlags;
use super::progress::Watch;
use super::reports::Reports;
use super::selection::SelectionArgs;
use super::terminal::Color;
use super::{config, dry_run, interrupt, nightly, runtime, terminal};
use crate::audit::{self, Options};
use crate::gate::ExitCode;
use crate::keyring::Scrubber;
use crate::platform;

/// Read every hop, compare it with the current key, report what is wrong and where
///
/// References are read first, then the routes of the selected deployments. Nothing is changed
/// anywhere, and no key is ever shown.
#[derive(clap::Args)]
#[command(
    after_help = EXAMPLES,
    after_long_help = format!("{EXAMPLES}\n\n{EXIT_CODES}")
)]
pub(super) struct Args {
    #[command(flatten)]
    config: Config,
    #[command(flatten)]
    selection: SelectionArgs,
    #[command(flatten)]
    keys: KeyFlags,
    #[command(flatten)]
    effort: Effort,
    #[command(flatten)]
    patience: Patience,
    #[command(flatten)]
    judgement: Judgement,
    #[command(flatten)]
    ledger: LedgerFlags,

    /// Print and notify only what is new, worse, better or gone since the last audit in the ledger; the
    /// exit code is that of the whole audit
    ///
    /// For the scheduler. What cannot be read counts as changed once three audits in a row met it. The
    /// files of -o hold the whole audit. One at a time: a second one ends with 4.
    #[arg(long, conflicts_with_all = ["no_ledger", "dry_run"], help_heading = "Ledger")]
    changed_only: bool,

    #[command(flatten)]
    reports: Reports,

    /// Print what would be asked of whom, and ask nothing
    #[arg(long, conflicts_with_all = ["format", "output", "quiet"])]
    dry_run: bool,
}

const EXAMPLES: &str = "\
Examples:
  straggler audit                                    everything in ./targets.yaml
  straggler audit --project checkout --owner payments
  straggler audit --until config                     a gate that runs before the deploy
  straggler audit -f json -o table=audit.txt         one audit, two reports
  straggler audit --changed-only                     every night: tells only what changed
  vault kv get -field=key kv/x | straggler audit --current checkout=-";

pub(super) fn run(args: Args, color: Color) -> Ended {
    let mut inventory = config::load(&args.config)?;
    let selected = args.selection.select(&inventory)?;
    if args.dry_run {
        let plans = audit::plan(&inventory, &selected, args.selection.until());
        let scrubber = Scrubber::new(inventory.formats());
        return terminal::print(|out| dry_run::write(&plans, &scrubber, out))
            .map(|()| ExitCode::Success);
    }
    args.keys.take(&mut inventory, args.reports.quiet)?;
    let outputs = args.reports.open()?;

    runtime::run(async {
        let mut memory = args.ledger.open(&args.config, &inventory).await?;
        let lock = match args.changed_only {
            true => Some(memory.lock(&args.config).await?),
            false => None,
        };
        let watch = Watch::new(
            !args.reports.quiet && !args.reports.no_progress,
            args.reports.verbose,
        );
        let connections = platform::connections(inventory.connections());
        let mut audit = audit::run(
            inventory,
            &selected,
            connections,
            &memory.remembered,
            &args.options(),
            &watch,
            interrupt::listen().happens(),
        )
        .await;
        watch.finish();
        let changes = memory.keep(&audit).await;
        // Before the reports, which tell the code that straggler ends with.
        let told = match args.changed_only && !audit.interrupted {
            true => nightly::tell(&memory, &audit).await,
            false => ExitCode::Success,
        };
        audit.unfinished = memory.code.and(told) == ExitCode::Unfinished;
        // Where nobody knows what changed, everything is told.
        let changes = changes.as_deref().filter(|_| args.changed_only);
        let code = args.reports.write(outputs, &mut audit, changes, color);
        drop(lock);
        Ok(code.and(memory.code).and(told))
    })?
}

impl Args {
    fn options(&self) -> Options {
        Options {
            policy: self.judgement.policy(),
            limits: self.effort.limits(self.patience.timeout),
            until: self.selection.until(),
            ..Options::default()
        }
    }
}
