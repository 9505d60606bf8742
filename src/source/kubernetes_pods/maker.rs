//! What a pod is made from, and how that is started anew.

use super::super::At;
use crate::platform::commands::quoted;
use crate::platform::kubernetes::{Keeper, Kubectl, Pod, Workload, WorkloadKind};
use crate::text::Escaped;

/// What holds the template of a pod.
pub(super) struct Maker<'a> {
    what: What<'a>,
    keeper: Option<&'a Keeper>,
    kubectl: &'a Kubectl,
    namespace: &'a str,
    paused: bool,
    on_delete: bool,
}

enum What<'a> {
    Workload(WorkloadKind, &'a str),
    /// Of a kind that kubectl does not restart.
    Other(&'a str, &'a str),
    /// A ReplicaSet that nothing stands above, or anything else that makes a pod again.
    Replacing(&'a str, &'a str, &'a str),
    /// Nothing makes the pod again.
    Nobody(&'a str),
}

impl<'a> Maker<'a> {
    /// The workload that a hop names.
    pub fn named(
        kind: WorkloadKind,
        workload: &'a Workload,
        kubectl: &'a Kubectl,
        namespace: &'a str,
    ) -> Self {
        Self {
            what: What::Workload(kind, &workload.name),
            keeper: workload.keeper.as_ref(),
            kubectl,
            namespace,
            paused: workload.paused,
            on_delete: workload.on_delete,
        }
    }

    /// What a pod itself tells.
    pub fn of(pod: &'a Pod, kubectl: &'a Kubectl, namespace: &'a str) -> Self {
        let what = match &pod.owner {
            None => What::Nobody(&pod.name),
            Some(owner) => {
                // A ReplicaSet is named by what makes it, and by a hash of the template.
                let above = |label: &str| {
                    let hash = pod.labels.get(label)?;
                    owner.name.strip_suffix(&**hash)?.strip_suffix('-')
                };
                match &*owner.kind {
                    "StatefulSet" => What::Workload(WorkloadKind::StatefulSet, &owner.name),
                    "DaemonSet" => What::Workload(WorkloadKind::DaemonSet, &owner.name),
                    "Job" => What::Workload(WorkloadKind::Job, &owner.name),
                    "ReplicaSet" => {
                        if let Some(name) = above("pod-template-hash") {
                            What::Workload(WorkloadKind::Deployment, name)
                        } else if let Some(name) = above("rollouts-pod-template-hash") {
                            What::Other("Rollout", name)
                        } else {
                            What::Replacing("ReplicaSet", &owner.name, &pod.name)
                        }
                    }
                    kind => What::Replacing(kind, &owner.name, &pod.name),
                }
            }
        };
        Self {
            what,
            keeper: pod.keeper.as_ref(),
            kubectl,
            namespace,
            paused: false,
            on_delete: false,
        }
    }

    /// `restart it with …`: what makes its pods again, as they are written now.
    pub fn restart(&self) -> String {
        let command = |words: &[&str]| {
            let words = words.iter().copied();
            self.kubectl.command(words, self.namespace)
        };
        match &self.what {
            What::Workload(kind, name) if kind.restarts() => {
                let named = format!("{}/{name}", kind.kind().to_lowercase());
                let restart = command(&["rollout", "restart", &named]);
                match (self.paused, self.on_delete) {
                    (true, _) => {
                        let resume = command(&["rollout", "resume", &named]);
                        format!("let it roll out with `{resume}`, and restart it with `{restart}`")
                    }
                    (_, true) => format!(
                        "delete the pods of the {} {}, which it then recreates (`updateStrategy` is OnDelete)",
                        kind.kind(),
                        Escaped(name)
                    ),
                    (false, false) => format!("restart it with `{restart}`"),
                }
            }
            What::Workload(WorkloadKind::CronJob, name) => {
                let from = format!("--from=cronjob/{name}");
                let job = format!("{name}-again");
                format!(
                    "wait for its jobs to end, and start one with `{}`",
                    command(&["create", "job", &from, &job])
                )
            }
            What::Workload(kind, name) => format!(
                "delete the {} {} and create it again from where it is written",
                kind.kind(),
                Escaped(name)
            ),
            What::Other(kind, name) => format!(
                "restart it with `kubectl argo rollouts restart {} -n {}`, which is the {}'s own plugin",
                quoted([*name]),
                quoted([self.namespace]),
                Escaped(kind)
            ),
            What::Replacing(kind, name, pod) => format!(
                "delete the pod with `{}`, which the {} {} then recreates",
                command(&["delete", "pod", pod]),
                Escaped(kind),
                Escaped(name)
            ),
            What::Nobody(pod) => format!(
                "delete the pod {}, which nothing recreates, and create it again from where it is written",
                Escaped(pod)
            ),
        }
    }

    /// Where the template stands: `in the template of the Deployment api`, and who keeps that.
    pub fn template(&self) -> String {
        let place = match &self.what {
            What::Workload(kind, name) => {
                format!("the template of the {} {}", kind.kind(), Escaped(name))
            }
            What::Other(kind, name) | What::Replacing(kind, name, _) => {
                format!("the template of the {} {}", Escaped(kind), Escaped(name))
            }
            What::Nobody(pod) => format!("the specification of the pod {}", Escaped(pod)),
        };
        match self.keeper {
            Some(keeper) => format!("in {place}, {}", keeper.way()),
            None => format!("in {place}"),
        }
    }

    /// What has to follow a change of the template, where that does not start anything by itself; and that a
    /// restart would not have been enough.
    pub fn afterwards(&self) -> String {
        let then = match &self.what {
            What::Workload(kind, _) if kind.restarts() && !self.on_delete && !self.paused => {
                return "; a restart alone changes nothing".to_owned();
            }
            What::Other(..) => return "; a restart alone changes nothing".to_owned(),
            _ => self.restart(),
        };
        format!("; then {then}")
    }

    /// How kubectl gets there.
    pub fn kubectl(&self) -> &Kubectl {
        self.kubectl
    }

    /// A variable is to be set in the template.
    pub fn set(&self, at: At<'_>, container: &str) -> String {
        format!(
            "set {} for the container {} {}, by a `secretKeyRef` to a Secret with {}{}",
            Escaped(at.variable),
            Escaped(container),
            self.template(),
            at.key_in_its_part(),
            self.afterwards()
        )
    }
}
