//! Audits made by hand, for the tests of the gate, the sentences and the reports.

use std::any::Any;
use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;

use crate::audit::{Audit, Policy};
use crate::inventory::{
    Deployment, Hop, Inventory, Origin, Place, Project, Retirement, Site, Waiver,
};
use crate::judge::{
    DeploymentOutcome, HopOutcome, KnownKey, Outcome, ProjectOutcome, RotationBasis, Soundness,
    TimeProof, Why,
};
use crate::key::{Digits, Fingerprint};
use crate::keyring::{Damage, Format, KeyId, Placeholder, ProjectId, Wire};
use crate::platform::{Asking, Stop};
use crate::reading::{ErrorKind, ReadError, Reading};
use crate::source::{AnySource, At, Case, Info};
use crate::verdict::{Evidence, Expectation, Fault, Stage, Verdict};

/// When every audit made here is finished.
pub(crate) const NOW: &str = "2026-11-23T12:00:00Z";

pub(crate) fn at(time: &str) -> Timestamp {
    time.parse().unwrap()
}

/// The fingerprint of one of a project's keys.
pub(crate) fn print_of(text: &str) -> Fingerprint {
    Fingerprint::of(text.as_bytes()).cut(Digits::DEFAULT)
}

/// The fingerprint of a key that is never seen.
fn print_of_key(key: KeyId) -> Fingerprint {
    let role = match key.nth() {
        Some(nth) => format!("Previous({nth})"),
        None => format!("{:?}", key.role()),
    };
    let project = key.project;
    print_of(&format!("KeyId {{ project: {project:?}, role: {role} }}"))
}

/// A source that is nothing but its words.
struct Toy {
    id: &'static str,
    stage: Stage,
    location: String,
    remedy: String,
}

impl AnySource for Toy {
    fn info(&self) -> Info {
        let replicas = match self.id {
            "kubernetes_pods" => ["pod", "pods"],
            "process" => ["process", "processes"],
            "file" => ["file", "files"],
            _ => ["place", "places"],
        };
        Info {
            id: self.id,
            title: "a toy",
            stage: Some(self.stage),
            store: None,
            proves: &[Evidence::Value],
            replicas,
            permission: "none",
            credentials: &[],
            example: "",
            tested: "",
            manual: "",
        }
    }

    fn check(&self) -> Result<(), String> {
        Ok(())
    }

    fn stage(&self) -> Stage {
        self.stage
    }

    fn store(&self) -> Option<&str> {
        None
    }

    fn location(&self, _: At<'_>) -> String {
        self.location.clone()
    }

    fn remedy(&self, _: At<'_>, _: &Case<'_>) -> String {
        self.remedy.clone()
    }

    fn looks_for<'a>(&'a self, at: At<'a>) -> Option<&'a Arc<Format>> {
        at.format.filter(|_| self.id == "bundle")
    }

    fn read(&self, _: At<'_>, _: &Asking<'_>) -> Result<Vec<Reading>, Stop> {
        Ok(Vec::new())
    }

    fn history(
        &self,
        _: At<'_>,
        _: usize,
        _: &Asking<'_>,
    ) -> Result<Option<Vec<crate::reading::Version>>, Stop> {
        Ok(None)
    }

    fn same(&self, _: &dyn AnySource) -> bool {
        false
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

fn stage_of(id: &str) -> Stage {
    match id {
        "vault" => Stage::Store,
        "process" | "kubernetes_pods" | "http" => Stage::Running,
        "bundle" => Stage::Bundle,
        _ => Stage::Config,
    }
}

/// A hop and what became of it.
pub(crate) struct Judged {
    id: &'static str,
    location: Option<String>,
    remedy: Option<String>,
    fault: Option<Fault>,
    expect: Expectation,
    waiver: Option<Arc<Waiver>>,
    readings: Vec<Outcome>,
}

pub(crate) fn hop(id: &'static str, readings: impl IntoIterator<Item = Outcome>) -> Judged {
    Judged {
        id,
        location: None,
        remedy: None,
        fault: None,
        expect: Expectation::Current,
        waiver: None,
        readings: readings.into_iter().collect(),
    }
}

pub(crate) fn not_selected(id: &'static str) -> Judged {
    hop(id, [])
}

impl Judged {
    pub(crate) fn location(mut self, location: impl Into<String>) -> Self {
        self.location = Some(location.into());
        self
    }

    pub(crate) fn remedy(mut self, remedy: impl Into<String>) -> Self {
        self.remedy = Some(remedy.into());
        self
    }

    pub(crate) fn inherited(mut self) -> Self {
        self.fault = Some(Fault::Inherited);
        self
    }

    pub(crate) fn expect(mut self, expect: Expectation) -> Self {
        self.expect = expect;
        self
    }

    pub(crate) fn waived(mut self, verdicts: &[Verdict], until: &str) -> Self {
        self.waiver = Some(waiver(verdicts, until));
        self
    }

    fn declare(&self, deployment: &str) -> Hop {
        let location = self.location.clone();
        let location = location.unwrap_or_else(|| format!("{}:{deployment}", self.id));
        let remedy = self
            .remedy
            .clone()
            .unwrap_or_else(|| match stage_of(self.id) {
                Stage::Running => format!("restart it: systemctl restart {deployment}.service"),
                _ => format!("write the current key to {location}"),
            });
        Hop {
            place: Place {
                source: Arc::new(Toy {
                    id: self.id,
                    stage: stage_of(self.id),
                    location,
                    remedy,
                }),
                variable: "ALLSTAK_API_KEY".into(),
                extraction: None,
                options: Arc::default(),
                site: Site::default(),
            },
            expect: self.expect,
            waiver: self.waiver.clone(),
        }
    }

    fn judge(self) -> HopOutcome {
        let worst = self.readings.iter().enumerate().min_by_key(|(_, reading)| {
            (
                reading.verdict,
                reading.started_at.is_none(),
                reading.started_at,
            )
        });
        let (lead, verdict, evidence) = worst.map_or(
            (0, Verdict::NotSelected, Evidence::None),
            |(index, reading)| (index, reading.verdict, reading.evidence),
        );
        HopOutcome {
            verdict,
            evidence,
            fault: verdict.is_drift().then(|| self.fault.unwrap_or(Fault::Own)),
            lead: u32::try_from(lead).unwrap(),
            readings: self.readings.into(),
        }
    }
}

pub(crate) fn waiver(verdicts: &[Verdict], until: &str) -> Arc<Waiver> {
    Arc::new(Waiver {
        verdicts: verdicts.to_vec(),
        reason: "restarted by hand on Fridays".to_owned(),
        owner: "ana".to_owned(),
        until: at(until),
        site: Site {
            file: 0,
            line: 41,
            column: 7,
        },
    })
}

fn outcome(verdict: Verdict, evidence: Evidence, why: Why) -> Outcome {
    Outcome {
        replica: None,
        started_at: None,
        fingerprint: None,
        verdict,
        evidence,
        why,
        note: None,
        timed: None,
        elsewhere: None,
        mend: None,
    }
}

fn holds(verdict: Verdict, key: KeyId, damage: &[Damage]) -> Outcome {
    let wire = if damage.contains(&Damage::TrailingNewline) {
        Wire::LineBreak
    } else {
        Wire::Plain
    };
    let damage = Box::from(damage);
    let mut held = outcome(
        verdict,
        Evidence::Value,
        Why::Holds {
            key,
            also: Box::default(),
            damage,
            inside: None,
            wire,
        },
    );
    held.fingerprint = Some(print_of_key(key));
    held
}

// Unless said otherwise these hold keys of project 0.

pub(crate) fn current() -> Outcome {
    holds(Verdict::Current, KeyId::current(ProjectId(0)), &[])
}

pub(crate) fn next() -> Outcome {
    holds(Verdict::Current, KeyId::next(ProjectId(0)), &[])
}

pub(crate) fn stale(index: u32) -> Outcome {
    holds(Verdict::Stale, KeyId::previous(ProjectId(0), index), &[])
}

pub(crate) fn revoked() -> Outcome {
    holds(Verdict::Revoked, KeyId::previous(ProjectId(0), 0), &[])
}

pub(crate) fn foreign(project: u32) -> Outcome {
    holds(
        Verdict::WrongProject,
        KeyId::current(ProjectId(project)),
        &[],
    )
}

pub(crate) fn malformed(damage: &[Damage]) -> Outcome {
    holds(Verdict::Malformed, KeyId::current(ProjectId(0)), damage)
}

pub(crate) fn missing() -> Outcome {
    outcome(Verdict::Missing, Evidence::Value, Why::NotThere)
}

pub(crate) fn empty() -> Outcome {
    outcome(
        Verdict::Missing,
        Evidence::Value,
        Why::Placeholder(Placeholder::Empty, 0),
    )
}

pub(crate) fn not_required() -> Outcome {
    outcome(Verdict::NotRequired, Evidence::None, Why::NotThere)
}

pub(crate) fn unknown() -> Outcome {
    let why = Why::Unexplained {
        length: Some(41),
        fits: Some(true),
        lengthen_to: None,
    };
    let mut unknown = outcome(Verdict::Unknown, Evidence::Value, why);
    unknown.fingerprint = Some(print_of("who knows"));
    unknown
}

pub(crate) fn failed() -> Outcome {
    failed_with(
        "secret/data/shop: 403 permission denied",
        "grant read on secret/data/shop",
    )
}

pub(crate) fn failed_with(message: &str, next: &str) -> Outcome {
    let error = ReadError::new(ErrorKind::Denied, message.to_owned(), next.to_owned());
    outcome(
        Verdict::Unreachable,
        Evidence::None,
        Why::Failed(Box::new(error)),
    )
}

pub(crate) fn no_reference() -> Outcome {
    outcome(Verdict::Unverified, Evidence::None, Why::NoReference)
}

pub(crate) fn timed(proof: TimeProof) -> Outcome {
    let (verdict, evidence) = match proof {
        TimeProof::BeforeRotation => (Verdict::Stale, Evidence::Timestamp),
        _ => (Verdict::Unverified, Evidence::None),
    };
    let fixed_at = match proof {
        TimeProof::BeforeRotation => Some(at("2026-11-02T07:00:00Z")),
        TimeProof::AfterRotation | TimeProof::RotationUnknown => Some(at("2026-11-21T07:00:00Z")),
        TimeProof::NoTime => None,
    };
    let hidden = "it loads its key by itself, which its environment does not show".into();
    outcome(
        verdict,
        evidence,
        Why::Timed {
            fixed_at,
            proof,
            hidden,
        },
    )
}

impl Outcome {
    pub(crate) fn of(mut self, replica: &str) -> Self {
        self.replica = Some(replica.into());
        self
    }

    pub(crate) fn started(mut self, time: &str) -> Self {
        self.started_at = Some(at(time));
        self
    }

    pub(crate) fn noted(mut self, note: &str) -> Self {
        self.note = Some(note.to_owned().into());
        self
    }

    pub(crate) fn on(mut self, evidence: Evidence) -> Self {
        self.evidence = evidence;
        self
    }
}

/// An audit in the making.
pub(crate) struct Scene(Audit);

impl Scene {
    pub(crate) fn new() -> Self {
        Self(Audit {
            started_at: at("2026-11-23T11:59:57Z"),
            generated_at: at(NOW),
            inventory: Inventory {
                stores: Vec::new(),
                files: vec!["targets.yaml".into()],
                identity: crate::inventory::Identity::default(),
                digits: Digits::DEFAULT,
                notify: Vec::new(),
                heartbeat: None,
                grace: std::time::Duration::ZERO,
                ledger: crate::inventory::LedgerSettings::default(),
                env_secrets: Arc::default(),
                projects: Vec::new(),
                deployments: Vec::new(),
            },
            policy: Policy::default(),
            projects: Vec::new(),
            deployments: Vec::new(),
            warnings: Vec::new(),
            interrupted: false,
            waited: None,
            unfinished: false,
            sought: Vec::new(),
            untold: Vec::new(),
            leads: crate::audit::Leads::default(),
            scrubber: Arc::default(),
        })
    }

    /// `shop`, or `shop/staging`: rotated on 2026-11-20, its reference sound.
    pub(crate) fn project(mut self, title: &str) -> Self {
        let (name, environment) = match title.split_once('/') {
            Some((name, environment)) => (name, Some(environment.into())),
            None => (title, None),
        };
        let audit = &mut self.0;
        let id = ProjectId(u32::try_from(audit.projects.len()).unwrap());
        let line = 4 + id.0;
        audit.inventory.projects.push(Project {
            name: name.into(),
            environment,
            ingest: None,
            shares: None,
            variable: "ALLSTAK_API_KEY".into(),
            format: None,
            retirement: Retirement::Overlap,
            versions: 10,
            current: Origin::Place(
                hop("vault", [])
                    .location(format!("vault:secret/{title}#api_key"))
                    .declare(title)
                    .place,
            ),
            next: None,
            previous: Vec::new(),
            rotated_at: None,
            site: Site {
                file: 0,
                line,
                column: 3,
            },
        });
        audit.projects.push(ProjectOutcome {
            project: id,
            selected: true,
            verdict: Verdict::Current,
            reference: Soundness::Sound,
            note: None,
            current: Some(print_of_key(KeyId::current(id))),
            held: Some(print_of_key(KeyId::current(id))),
            last_sure: None,
            suspected: None,
            within: Vec::new(),
            next: None,
            rotated_at: Some(at("2026-11-20T09:00:00Z")),
            rotation: RotationBasis::Declared,
            previous: [0, 1]
                .map(|nth| KnownKey {
                    key: KeyId::previous(id, nth),
                    behind: nth + 1,
                    fingerprint: print_of_key(KeyId::previous(id, nth)),
                    rotated_at: Some(at("2026-08-01T00:00:00Z")),
                    revoked_at: None,
                    unsettled: false,
                })
                .into(),
        });
        self
    }

    pub(crate) fn reference(mut self, title: &str, verdict: Verdict, reference: Soundness) -> Self {
        let mut projects = self.0.inventory.projects.iter();
        let index = projects
            .position(|project| project.title() == title)
            .unwrap();
        self.0.projects[index].verdict = verdict;
        self.0.projects[index].reference = reference;
        self.0.projects[index].current = None;
        self.0.projects[index].held = None;
        self
    }

    pub(crate) fn unread_reference(self, title: &str) -> Self {
        let Why::Failed(error) = failed().why else {
            unreachable!()
        };
        self.reference(title, Verdict::Unreachable, Soundness::Unread(error))
    }

    /// A deployment of project 0, in production, of the team payments.
    pub(crate) fn deploy(mut self, name: &str, hops: impl IntoIterator<Item = Judged>) -> Self {
        let index = u32::try_from(self.0.inventory.deployments.len()).unwrap();
        let hops: Vec<_> = hops.into_iter().collect();
        self.0.inventory.deployments.push(Deployment {
            name: name.into(),
            project: ProjectId(0),
            environment: Some("production".into()),
            owner: Some("payments".into()),
            labels: Arc::new(BTreeMap::new()),
            axes: Box::default(),
            waiver: None,
            hops: hops.iter().map(|hop| hop.declare(name)).collect(),
            site: Site::default(),
        });
        let hops: Box<[_]> = hops.into_iter().map(Judged::judge).collect();
        let having = |test: &dyn Fn(&HopOutcome) -> bool| -> Box<[u16]> {
            let indices = (0..).zip(&hops).filter(|(_, hop)| test(hop));
            indices.map(|(index, _)| index).collect()
        };
        let causes = having(&|hop| hop.fault == Some(Fault::Own));
        let unread = having(&|hop| hop.verdict == Verdict::Unreachable);
        self.0.deployments.push(DeploymentOutcome {
            deployment: index,
            verdict: hops.iter().map(|hop| hop.verdict).min().unwrap(),
            broken_at: causes.first().or(unread.first()).copied(),
            causes,
            hops,
        });
        self
    }

    /// Changes the last deployment's declaration.
    pub(crate) fn declared(mut self, change: impl FnOnce(&mut Deployment)) -> Self {
        change(self.0.inventory.deployments.last_mut().unwrap());
        self
    }

    pub(crate) fn with(mut self, change: impl FnOnce(&mut Audit)) -> Self {
        change(&mut self.0);
        self
    }

    pub(crate) fn audit(self) -> Audit {
        self.0
    }
}
