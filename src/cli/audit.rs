use super::args::{Config, EXIT_CODES};
use super::effort::{Effort, Patience};
use super::exit::Ended;
use super::given::KeyFlags;
use super::judgement::Judgement;
use super::progress::Watch;
use super::reports::Reports;
use super::selection::SelectionArgs;
use super::terminal::Color;
use super::{config, dry_run, interrupt, runtime, terminal};
use crate::audit::{self, Options, Remembered};
use crate::gate::ExitCode;
use crate::platform;
use crate::report::Shown;

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
  vault kv get -field=key kv/x | straggler audit --current checkout=-";

pub(super) fn run(args: Args, color: Color) -> Ended {
    let mut inventory = config::load(&args.config)?;
    let selected = args.selection.select(&inventory)?;
    if args.dry_run {
        let plans = audit::plan(&inventory, &selected, args.selection.until());
        let formats = inventory.formats();
        return terminal::print(|out| dry_run::write(&plans, &formats, out))
            .map(|()| ExitCode::Success);
    }
    args.keys.take(&mut inventory, args.reports.quiet)?;
    let outputs = args.reports.open()?;

    runtime::run(async {
        let watch = Watch::new(
            &inventory,
            !args.reports.quiet && !args.reports.no_progress,
            args.reports.verbose,
        );
        let connections = platform::connections(inventory.connections());
        let audit = audit::run(
            inventory,
            &selected,
            connections,
            &Remembered::default(),
            &args.options(),
            &watch,
            interrupt::listen().happens(),
        )
        .await;
        watch.finish();
        args.reports.write(outputs, Shown::all(&audit), color)
    })
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
