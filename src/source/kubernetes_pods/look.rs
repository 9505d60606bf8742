//! What one pod shows: a reading for each container that has the key, or will.

use jiff::Timestamp;

use super::command::{Effect, effect};
use super::feed::{self, Fed};
use super::hold::{self, Held};
use super::maker::Maker;
use super::mend::{Mending, Words};
use super::select::Chosen;
use super::start::{Next, Start};
use super::{At, KubernetesPods, file, state};
use crate::platform::kubernetes::{Container, Pod, State};
use crate::platform::{Asking, Stop};
use crate::reading::{Found, Loads, Reading, Taken};
use crate::text::Escaped;
use crate::verdict::Evidence;

impl KubernetesPods {
    /// The readings of a pod that has not finished, as it was at a time; none where all of its containers
    /// are over.
    pub(super) fn look(
        &self,
        pod: &Pod,
        chosen: &Chosen<'_>,
        at: At<'_>,
        asking: &Asking<'_>,
    ) -> Result<Vec<Reading>, Stop> {
        let maker = match chosen.workload {
            Some((kind, workload)) => {
                Maker::named(kind, workload, &chosen.kubectl, &self.namespace)
            }
            None => Maker::of(pod, &chosen.kubectl, &self.namespace),
        };
        let meant = |container: &&Container| match &self.container {
            Some(named) => container.name == *named,
            None => true,
        };
        let containers: Vec<_> = pod.containers.iter().filter(meant).collect();
        if containers.is_empty() {
            let error = Found::Failed(self.no_container(pod));
            return Ok(vec![Reading::new(error).of_replica(pod.name.clone())]);
        }
        let mut held = Vec::new();
        let mut pending = false;
        for container in &containers {
            match self.of_container(
                pod,
                &self.mending(pod, container, &maker, at),
                chosen.at,
                asking,
            ) {
                Ok(found) => held.extend(found.map(|reading| (container, reading))),
                Err(Stop::Pending) => pending = true,
                Err(stop) => return Err(stop),
            }
        }
        if pending {
            return Err(Stop::Pending);
        }
        if held.is_empty() {
            let reading = self.without(pod, &containers, &maker, at, asking)?;
            return Ok(Vec::from_iter(reading));
        }
        let several = held.len() > 1;
        let readings = held.into_iter().map(|(container, reading)| {
            let replica = match several {
                true => format!("{}/{}", pod.name, container.name),
                false => pod.name.to_string(),
            };
            reading.of_replica(replica)
        });
        Ok(readings.collect())
    }

    /// What a container has of the key, or is started with; `None` where nothing gives it one.
    fn of_container(
        &self,
        pod: &Pod,
        mending: &Mending<'_>,
        seen_at: Timestamp,
        asking: &Asking<'_>,
    ) -> Result<Option<Reading>, Stop> {
        let (container, at) = (mending.container, mending.at);
        if container.state == State::Ended {
            return Ok(None);
        }
        let fed = self.fed(pod, container, at);
        let effect = self.effect(container, at);
        if let Effect::Sets(value) = effect {
            let note = "its command sets the variable".to_owned();
            let reading = Reading::value(value).mended_by(mending.in_command());
            return Ok(Some(noted(
                reading,
                [state::told(pod, container), Some(note)],
            )));
        }
        let words = mending.words(&fed, asking)?;
        if let State::Running(started_at) = container.state {
            let Held::Found(found) = hold::found(fed, started_at, &self.namespace, asking)? else {
                return Ok(None);
            };
            let found = self.attested(pod, unless_replaced(found, effect));
            let reading = mended(Reading::new(found), words).started_at(started_at);
            return Ok(Some(noted(reading, [state::told(pod, container), None])));
        }
        let start = Start::of(pod, container, &fed, seen_at);
        let Some(Next { found, from }) = start.gives(fed, &self.namespace, asking)? else {
            return Ok(None);
        };
        let reading = mended(Reading::new(unless_replaced(found, effect)), words);
        Ok(Some(noted(
            reading,
            [state::told(pod, container), Some(from)],
        )))
    }

    /// A pod no container of which has the key; nothing where all of them are over.
    fn without(
        &self,
        pod: &Pod,
        containers: &[&Container],
        maker: &Maker<'_>,
        at: At<'_>,
        asking: &Asking<'_>,
    ) -> Result<Option<Reading>, Stop> {
        let reading = |found| Reading::new(found).of_replica(pod.name.clone());
        let is_over = |container: &&&Container| container.state == State::Ended;
        let mut live = containers.iter().filter(|container| !is_over(container));
        let Some(first) = live.clone().next() else {
            return Ok(None);
        };
        let brings = live.find_map(|container| match self.effect(container, at) {
            Effect::Brings(why) | Effect::Replaces(why) => Some((container, why)),
            Effect::None | Effect::Sets(_) => None,
        });
        if let Some((container, why)) = brings {
            let why = format!(
                "{why}, which the pod does not show: have the program report the fingerprint of what it has"
            );
            let hidden = reading(Found::hidden(None, why));
            return Ok(Some(noted(hidden, [state::told(pod, container), None])));
        }
        let has_it = |container: &&&Container| self.fed(pod, container, at).is_any();
        if let Some(over) = containers.iter().filter(is_over).find(has_it) {
            let why = format!(
                "only its container {} has the key, and that has ended",
                Escaped(&over.name)
            );
            return Ok(Some(reading(Found::hidden(None, why))));
        }
        let told = state::told(pod, first);
        if self.loads == Loads::Itself {
            let why = "the program loads its key by itself, so the pod does not show it; to prove it, let it tell \
                       the fingerprint of what it loaded, or name the `file` it reads";
            return Ok(Some(noted(reading(Found::hidden(None, why)), [told, None])));
        }
        let note = match &self.file {
            Some(_) => {
                "no Secret or ConfigMap is mounted there; what the image has there is not seen"
            }
            None => {
                "the pod does not set it; what the image sets itself is not seen; if the program takes the key \
                 from elsewhere, say `loads: itself`"
            }
        };
        // One that would take it counts more than one that would not.
        let live = containers.iter().filter(|container| !is_over(container));
        let mut mendings = live.map(|container| self.mending(pod, container, maker, at));
        let taking = mendings.find_map(|mending| {
            let fed = self.fed(pod, mending.container, at);
            fed.is_any().then_some((mending, fed))
        });
        let absent = reading(Found::Absent);
        Ok(Some(match taking {
            None => {
                let words = self.mending(pod, first, maker, at).unset();
                noted(absent, [told, Some(note.to_owned())]).mended_by(words)
            }
            Some((mending, fed)) => {
                let lacking = mending.lacking(&fed, asking)?;
                let note = lacking.unwrap_or_else(|| note.to_owned());
                let absent = mended(absent, mending.words(&fed, asking)?);
                noted(absent, [told, Some(note)])
            }
        }))
    }

    fn mending<'m>(
        &'m self,
        pod: &'m Pod,
        container: &'m Container,
        maker: &'m Maker<'m>,
        at: At<'m>,
    ) -> Mending<'m> {
        Mending {
            maker,
            pod,
            container,
            namespace: &self.namespace,
            at,
            file: self.file.as_deref(),
        }
    }

    fn fed(&self, pod: &Pod, container: &Container, at: At<'_>) -> Fed {
        match &self.file {
            Some(file) => file::feeds(pod, container, file),
            None => feed::feeds(container, at.variable),
        }
    }

    fn effect(&self, container: &Container, at: At<'_>) -> Effect {
        match &self.file {
            Some(_) => Effect::None,
            None => effect(container, at.variable),
        }
    }

    /// What is found, with somebody's claim of what it is where nothing better is there.
    fn attested(&self, pod: &Pod, found: Found) -> Found {
        let Some(name) = &self.fingerprint else {
            return found;
        };
        let claim = pod.annotations.get(name).map(|text| text.expose());
        let claim = claim.or_else(|| Some(pod.labels.get(name)?.as_bytes()));
        hold::claimed(found, name, claim)
    }
}

/// What the specification gives, where the command may put something else in its place: told, but no proof.
fn unless_replaced(found: Found, effect: Effect) -> Found {
    match (found, effect) {
        (found @ (Found::Value(_) | Found::Absent), Effect::Replaces(why)) => Found::Hidden {
            fixed_at: None,
            why: format!("{why}, so what the program has is not seen").into(),
            taken_for: Some(Box::new(Taken {
                found,
                evidence: Evidence::None,
            })),
        },
        (found, _) => found,
    }
}

/// A reading with what to do about it, where that is known.
fn mended(reading: Reading, words: Option<Words>) -> Reading {
    let Some(Words { words, after }) = words else {
        return reading;
    };
    let reading = reading.mended_by(words);
    match after {
        Some(after) => reading.mended_after_by(after),
        None => reading,
    }
}

/// A reading with what there is to say beside it.
fn noted(reading: Reading, notes: [Option<String>; 2]) -> Reading {
    let notes: Vec<_> = notes.into_iter().flatten().collect();
    match notes.is_empty() {
        true => reading,
        false => reading.with_note(notes.join("; ")),
    }
}
