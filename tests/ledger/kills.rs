//! Processes that record until they are killed.

use std::collections::BTreeSet;
use std::io::{self, BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;

use jiff::Timestamp;
use straggler::audit::Remembered;
use straggler::ledger::{Ledger, Place};

use super::ground::Ground;
use super::scene::{LOG, Scene, conclusion};

/// Where a process is told which ledger to write, and beside which folder its scene is.
const LEDGER: &str = "STRAGGLER_TEST_LEDGER";
const FOLDER: &str = "STRAGGLER_TEST_FOLDER";

/// What stands before the time of every audit that was recorded.
const RECORDED: &str = "recorded ";
const FAILED: &str = "failed ";

/// How many record at once.
const WRITERS: usize = 3;

pub async fn killed_at_any_moment_it_keeps_what_was_reported(ground: &Ground) {
    let url = match &ground.place {
        Place::File(path) => path.display().to_string(),
        Place::Postgres(url) => url.clone(),
    };
    let (kills, most) = ground.kills;
    let kills = kills / WRITERS;
    let reported: BTreeSet<Timestamp> = std::thread::scope(|scope| {
        let writers = (0..WRITERS).map(|number| {
            let folder = ground.folder().join(number.to_string());
            let url = &url;
            scope.spawn(move || {
                let mut dice = Dice(number as u64 + 1);
                let mut reported = Vec::new();
                for turn in 0..kills {
                    let writer = Writer::start(url, &folder, &[]);
                    // Killed too early they would show nothing: every other one lives to record something.
                    let records = turn % 2 == 0;
                    reported.extend(writer.killed_after(records, dice.milliseconds(most)));
                }
                reported
            })
        });
        let writers: Vec<_> = writers.collect();
        let all = writers
            .into_iter()
            .flat_map(|writer| writer.join().unwrap());
        all.collect()
    });

    let ledger = ground.ledger().await;
    ledger.check().await.unwrap();
    let kept = ledger.audits(u32::MAX).await.unwrap();
    let kept: BTreeSet<Timestamp> = kept.iter().map(|audit| audit.started_at).collect();
    let lost: Vec<_> = reported.difference(&kept).collect();
    assert!(lost.is_empty(), "{lost:?} of {}", reported.len());
    let least = WRITERS * kills.div_ceil(2);
    assert!(reported.len() >= least, "{} were recorded", reported.len());
    let scene = Scene::new(ground.folder());
    scene.night(&ledger).await;
}

/// Numbers that nobody foresees, and everybody can make again.
struct Dice(u64);

impl Dice {
    fn milliseconds(&mut self, most: u64) -> Duration {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        Duration::from_micros((self.0 >> 33) % (most * 1000))
    }
}

/// A process that records audits.
pub struct Writer {
    child: Child,
    said: BufReader<ChildStdout>,
}

impl Writer {
    /// `before` are a program and its arguments to start it with.
    pub fn start(url: &str, folder: &Path, before: &[&str]) -> Self {
        let own = std::env::current_exe().unwrap();
        let mut command = match before {
            [program, arguments @ ..] => {
                let mut command = Command::new(program);
                command.args(arguments).arg(own);
                command
            }
            [] => Command::new(own),
        };
        let mut child = command
            .args([
                "--ignored",
                "--exact",
                "kills::records_until_it_is_killed",
                "--nocapture",
            ])
            .env(LEDGER, url)
            .env(FOLDER, folder)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let said = BufReader::new(child.stdout.take().unwrap());
        Self { child, said }
    }

    /// Lets it record for so long, after its first record where it `records`, and kills it; what it said to have
    /// recorded.
    fn killed_after(mut self, records: bool, time: Duration) -> Vec<Timestamp> {
        // Only then there is something to break.
        self.until("ready");
        let first = records.then(|| self.until(RECORDED));
        std::thread::sleep(time);
        self.child.kill().unwrap();
        let (mut recorded, failed) = self.ended();
        assert_eq!(failed, None);
        if let Some(line) = first {
            let time = line.trim_end().strip_prefix(RECORDED).unwrap();
            recorded.push(time.parse().unwrap());
        }
        recorded
    }

    /// Reads up to the line that begins so.
    fn until(&mut self, start: &str) -> String {
        let mut line = String::new();
        while !line.starts_with(start) {
            line.clear();
            assert!(self.said.read_line(&mut line).unwrap() > 0, "it ends early");
        }
        line
    }

    /// Waits for its end; what it recorded, and why not more.
    pub fn ended(mut self) -> (Vec<Timestamp>, Option<String>) {
        let mut recorded = Vec::new();
        let mut failed = None;
        let mut text = Vec::new();
        io::Read::read_to_end(&mut self.said, &mut text).unwrap();
        self.child.wait().unwrap();
        for line in String::from_utf8_lossy(&text).split_inclusive('\n') {
            // The last one may have been cut short.
            let Some(line) = line.strip_suffix('\n') else {
                continue;
            };
            if let Some(time) = line.strip_prefix(RECORDED) {
                recorded.push(time.parse().unwrap());
            }
            failed = failed.or(line.strip_prefix(FAILED).map(str::to_owned));
        }
        (recorded, failed)
    }
}

/// What such a process does.
#[tokio::test]
#[ignore = "other tests start it"]
async fn records_until_it_is_killed() {
    let (Ok(url), Ok(folder)) = (std::env::var(LEDGER), std::env::var(FOLDER)) else {
        return;
    };
    let say = |line: String| {
        let mut out = io::stdout().lock();
        writeln!(out, "\n{line}").unwrap();
        out.flush().unwrap();
    };
    let scene = Scene::new(folder.as_ref());
    scene.many(40);
    // Made beforehand, so that most of the time is spent with the ledger.
    let mut audits = Vec::new();
    for turn in 0..3_usize {
        for number in 0..40 {
            let name = ["one", "odd", "odder"][turn * (number + 1) % 3];
            scene.hold(&format!("many{number}.env"), name);
        }
        audits.push(scene.audit(&Remembered::default()).await);
    }
    let place = Place::parse(&url).unwrap();
    let work = async {
        let ledger = Ledger::open(&place).await?;
        say("ready".to_owned());
        for turn in 0.. {
            let audit = &mut audits[turn % 3];
            // Several record at once, so the true time tells them apart.
            let now = Timestamp::now().as_microsecond();
            audit.started_at = Timestamp::from_microsecond(now).unwrap();
            audit.generated_at = audit.started_at;
            let conclusion = conclusion(audit);
            ledger.record(audit, &conclusion).await?;
            say(format!("{RECORDED}{}", audit.started_at));
            for set in ledger.changes(audit, &conclusion, &[LOG]).await? {
                ledger.tell(set, &BTreeSet::new(), |_, _| true).await?;
            }
            ledger.recall().await?;
        }
        Ok(())
    };
    let ended: Result<(), straggler::ledger::LedgerError> = work.await;
    if let Err(error) = ended {
        say(format!("{FAILED}{error}"));
    }
}
