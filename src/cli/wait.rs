use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use tokio::time::Instant;

use super::args::{Config, EXIT_CODES};
use super::effort::Effort;
use super::exit::Ended;
use super::finish::finish;
use super::given::KeyFlags;
use super::interrupt::{self, Interrupt};
use super::judgement::Judgement;
use super::memory::LedgerFlags;
use super::progress::Watch;
use super::reports::Reports;
use super::reserved::Reserved;
use super::selection::SelectionArgs;
use super::terminal::Color;
use super::{config, duration, runtime, terminal};
use crate::audit::{self, Audit, Options, Remembered, Waited};
use crate::inventory::Inventory;
use crate::platform;
use crate::task::wait::{Known, Left, Pauses};

/// Audit again and again until nothing selected holds a wrong key, or --timeout
///
/// Reads again only what is not current yet, with longer pauses while nothing moves. In the end one
/// full audit of what is selected is printed, and its exit code counts.
#[derive(clap::Args)]
#[command(
    after_help = EXAMPLES,
    after_long_help = format!("{EXAMPLES}\n\n{EXIT_CODES}")
)]
pub(super) struct Args {
    #[command(flatten)]
    config: Config,

    /// The pause before looking again; it grows up to eightfold while nothing moves
    #[arg(long, value_name = "DURATION", default_value = "10s", value_parser = duration::duration)]
    every: Duration,

    /// How long to wait at most, for everything; `--read-timeout` is for one attempt at a read
    #[arg(long, value_name = "DURATION", default_value = "30m", value_parser = duration::duration)]
    timeout: Duration,

    #[command(flatten)]
    selection: SelectionArgs,
    #[command(flatten)]
    keys: KeyFlags,
    #[command(flatten)]
    effort: Effort,

    /// How long one attempt at a read may take, such as `3s` or `500ms`; elsewhere `--timeout` means this
    #[arg(long, value_name = "DURATION", default_value = "10s", value_parser = duration::duration, help_heading = "Reading")]
    read_timeout: Duration,

    #[command(flatten)]
    judgement: Judgement,
    #[command(flatten)]
    ledger: LedgerFlags,
    #[command(flatten)]
    reports: Reports,
}

const EXAMPLES: &str = "\
Examples:
  straggler wait --project checkout --timeout 15m
  straggler wait --every 1m --owner payments -o json=after.json";

pub(super) fn run(args: Args, color: Color) -> Ended {
    let mut inventory = config::load(&args.config)?;
    let selected = args.selection.select(&inventory)?;
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
        let round = Round {
            remembered: std::mem::take(&mut memory.remembered),
            options: args.options(),
            interrupt,
            verbose: args.reports.verbose,
        };
        let display = Display::new(&args.reports);
        let end = Instant::now() + args.timeout;
        let mut pauses = Pauses::of(args.every);
        let mut left: Option<Left> = None;
        let mut known = Known::default();
        let mut timed_out = None;
        let mut audit = loop {
            let again = left.as_ref().map_or(&selected[..], |left| &left.again);
            let whole = again.len() == selected.len();
            let audit = round.audit(inventory, again).await;
            if audit.interrupted {
                break known.instead_of(audit);
            }
            let now = Left::of(&audit);
            let is_up = Instant::now() >= end;
            let over = now.worse == 0 || is_up;
            if over {
                let audit = if whole {
                    audit
                } else {
                    let again = round.audit(known.add(audit), &selected).await;
                    match again.interrupted {
                        true => known.instead_of(again),
                        false => again,
                    }
                };
                let left = Left::of(&audit);
                timed_out = (is_up && left.worse > 0 && !audit.interrupted)
                    .then(|| left.of_all(selected.len()));
                break audit;
            }
            inventory = known.add(audit);
            display.show(now.of_all(selected.len()));
            let moved = left.is_none_or(|before| before.told != now.told);
            left = Some(now);
            let pause = Instant::now() + pauses.next(moved);
            tokio::select! {
                () = tokio::time::sleep_until(pause.min(end)) => {}
                // The next audit ends at once, and adds nothing.
                () = round.interrupt.happens() => {}
            }
        };
        display.finish();
        audit.waited = Some(Waited {
            limit: args.timeout,
            left: timed_out,
        });
        Ok(finish(&args.reports, outputs, &mut audit, &mut memory, color).await)
    })?
}

impl Args {
    fn options(&self) -> Options {
        Options {
            policy: self.judgement.policy(),
            limits: self.effort.limits(self.read_timeout),
            until: self.selection.until(),
            ..Options::default()
        }
    }
}

/// What every audit has in common.
struct Round {
    remembered: Remembered,
    options: Options,
    interrupt: Interrupt,
    verbose: u8,
}

impl Round {
    async fn audit(&self, inventory: Inventory, selected: &[u32]) -> Audit {
        let watch = Watch::new(false, self.verbose);
        // A credential may have been renewed meanwhile, and so may a session.
        let connections = platform::connections(inventory.connections());
        audit::run(
            inventory,
            selected,
            connections,
            &self.remembered,
            &self.options,
            &watch,
            self.interrupt.happens(),
        )
        .await
    }
}

/// What is left: one line that is drawn anew on a terminal, else a line whenever it changes.
struct Display {
    line: Option<ProgressBar>,
    quiet: bool,
    last: std::cell::RefCell<String>,
}

impl Display {
    fn new(reports: &Reports) -> Self {
        let wanted = !reports.quiet && !reports.no_progress;
        let line = wanted.then(|| {
            let line = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
            // A template that did not parse would leave the default style, which does too.
            if let Ok(style) = ProgressStyle::with_template("{spinner} {wide_msg}") {
                line.set_style(style);
            }
            line
        });
        let line = line.filter(|line| !line.is_hidden());
        if let Some(line) = &line {
            line.enable_steady_tick(Duration::from_millis(200));
        }
        Self {
            line,
            quiet: reports.quiet,
            last: std::cell::RefCell::default(),
        }
    }

    fn show(&self, told: String) {
        match &self.line {
            Some(line) => line.set_message(told),
            None if self.quiet || *self.last.borrow() == told => {}
            None => {
                terminal::say(&told);
                self.last.replace(told);
            }
        }
    }

    fn finish(&self) {
        if let Some(line) = &self.line {
            line.finish_and_clear();
        }
    }
}
