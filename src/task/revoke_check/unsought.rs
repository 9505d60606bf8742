use std::sync::Arc;

use super::{Answer, Asked, Question};
use crate::audit::Audit;
use crate::explain::{Spot, word};
use crate::inventory::Project;
use crate::key::Fingerprint;
use crate::keyring::Format;
use crate::ledger::LastSeen;
use crate::source::looks_for_a_format;
use crate::text::escape;

/// The keys in question that a hop would not be seen to hold, since it is looked through for something else.
pub struct Unsought {
    /// Which keys.
    pub keys: Vec<Fingerprint>,
    /// Whether everything else there was seen.
    pub alone: bool,
}

impl Question<'_> {
    /// The keys in question that are not looked for at a hop.
    pub(super) fn unsought(&self, asked: &Asked, spot: &Spot<'_>) -> Vec<Fingerprint> {
        let project = spot.audit.inventory.project(spot.deployment.project);
        let place = &spot.hop.place;
        match place.source.looks_for(place.at_for(project)) {
            Some(format) => self.not_fitting(asked, spot.audit, format),
            None => Vec::new(),
        }
    }

    /// Notes what the keys were taken to look like at a hop.
    pub(super) fn assume(&self, asked: &Asked, spot: &Spot<'_>, answer: &mut Answer<'_>) {
        let project = spot.audit.inventory.project(spot.deployment.project);
        let place = &spot.hop.place;
        let Some(format) = place.source.looks_for(place.at_for(project)) else {
            return;
        };
        let mut sought = spot.audit.sought.iter();
        let Some(sought) = sought.find(|sought| sought.format == *format) else {
            return;
        };
        let is_assumed = |key: &&Fingerprint| sought.assumed.iter().any(|one| one.agrees(key));
        for key in asked.fingerprints.iter().filter(is_assumed) {
            let one = (*key, Arc::clone(format));
            if !answer.assumed.contains(&one) {
                answer.assumed.push(one);
            }
        }
    }

    /// Whether one of the keys in question may not have been seen at a place that is on no route anymore. What
    /// it was looked through for is not remembered; the format of its project is what tells most of it.
    pub(super) fn was_unsought(&self, asked: &Asked, audit: &Audit, left: &LastSeen) -> bool {
        if !looks_for_a_format(&left.source) {
            return false;
        }
        let projects = &audit.inventory.projects;
        let mut own = projects
            .iter()
            .filter(|project| *project.name == *left.name.project)
            .peekable();
        let sees = |project: &Project| {
            let format = project.format.as_ref();
            format.is_some_and(|format| self.not_fitting(asked, audit, format).is_empty())
        };
        own.peek().is_none() || !own.all(sees)
    }

    fn not_fitting(&self, asked: &Asked, audit: &Audit, format: &Format) -> Vec<Fingerprint> {
        let mut sought = audit.sought.iter();
        let sought = sought.find(|sought| *sought.format == *format);
        let is_sought = |key: &Fingerprint| sought.is_some_and(|sought| sought.covers(key));
        // A key that no project has is taken to look like those that it is asked for with.
        let is_theirs = asked.keys.is_empty()
            && self.owners.iter().any(|&owner| {
                let described = audit.inventory.project(owner).format.as_ref();
                described.is_some_and(|described| **described == *format)
            });
        let keys = asked.fingerprints.iter().copied();
        keys.filter(|key| !is_theirs && !is_sought(key)).collect()
    }
}

impl Unsought {
    /// Which keys were not looked for, and what to do about it.
    #[must_use]
    pub fn told(&self, spot: &Spot<'_>) -> [String; 2] {
        let project = spot.audit.inventory.project(spot.deployment.project);
        let place = &spot.hop.place;
        let format = place.source.looks_for(place.at_for(project));
        let format = format.map_or_else(String::new, |format| {
            format!(" `{}`", escape(format.as_str()))
        });
        let keys: Vec<_> = self.keys.iter().map(ToString::to_string).collect();
        [
            format!(
                "a key that doesn't fit the format{format} is not looked for in bundles, and it is not known \
                 to fit: {}",
                keys.join(", ")
            ),
            format!(
                "correct the project's `format`, or the `pattern` here, so that the key fits, and name it by \
                 its value where only its fingerprint is known; or search for it by hand and answer for it: \
                 --accept {} --reason TEXT",
                word(&spot.deployment.title())
            ),
        ]
    }
}
