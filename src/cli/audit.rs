use super::args::{Config, EXIT_CODES};
use super::effort::{Effort, Patience};
use super::exit::Ended;
use super::finish::finish;
use super::given::KeyFlags;
use super::judgement::Judgement;
use super::memory::LedgerFlags;
use super::progress::Watch;
use super::reports::Reports;
use super::reserved::Reserved;
use super::selection::SelectionArgs;
use super::terminal::Color;
use super::{config, dry_run, interrupt, nightly, runtime, terminal};
use crate::audit::{self, Options};
use crate::gate::ExitCode;
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

    /// Print and notify only what is new, worse, better or gone since standard output, or the receiver, last
    /// got a report with this option; the exit code is that of the whole audit
    ///
    /// For the scheduler. Good news has to hold for two audits in a row, and what cannot be read counts as
    /// changed after three. The first time there is nothing to compare with, and everything that is not fine is
    /// reported. The files of -o hold the whole audit. Only one runs at a time: a second one ends with 4.
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
        let scrubber = inventory.scrubber();
        return terminal::print(|out| dry_run::write(&plans, &scrubber, out))
            .map(|()| ExitCode::Success);
    }
    args.keys.take(&mut inventory, args.reports.quiet)?;

    runtime::run(async {
        // Before there are drafts that nobody would remove.
        let interrupt = interrupt::listen();
        let reserved = Reserved::new(&args.config, &inventory, &args.ledger)?;
        let outputs = args.reports.open(|path| reserved.is(path))?;
        let mut memory = args
            .ledger
            .open(&args.config, &inventory, &interrupt)
            .await?;
        memory.ends_within(args.effort.deadline);
        let lock = match args.changed_only {
            true => Some(memory.lock(&args.config, &inventory).await?),
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
            interrupt.happens(),
        )
        .await;
        watch.finish();
        if !args.changed_only {
            return Ok(finish(&args.reports, outputs, &mut audit, &mut memory, color).await);
        }
        // Before the reports, which tell what changed, and the code that straggler ends with.
        let (told, screen) = match memory.keep(&audit).await {
            true => {
                let told = nightly::tell(&memory, &audit, &interrupt).await;
                (told.code, told.screen)
            }
            false => (ExitCode::Success, None),
        };
        memory.tell(&mut audit, told);
        // Where nobody knows what changed, everything is told.
        let changes = screen.as_ref().map(|screen| &screen.changes);
        let written = args.reports.write(outputs, &mut audit, changes, color);
        if let (Some(screen), true) = (screen, written.is_printed) {
            nightly::printed(&memory, screen).await;
        }
        memory.ended(&audit, written.code).await;
        drop(lock);
        // What the reports say: what became of the ledger since changes it no more.
        Ok(written.code)
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
