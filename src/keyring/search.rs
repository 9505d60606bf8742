use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZero;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use super::book::Keyring;
use super::filter::Filter;
use super::forms::{Tier, Workspace};
use super::known::{Explanation, Known, ProjectId};
use super::message::Message;
use super::tables::Layers;
use super::wire::Wire;
use crate::key::{Digits, Fingerprint, Secret};

/// How likely any claim of a whole search may be to rest on chance.
const CHANCE: f64 = 1e-6;

/// How many forms a thread takes at once.
const SHARE: usize = 2048;

/// Fewer forms than this are not worth another thread.
const WORTH_A_THREAD: usize = 4 * SHARE;

/// How many forms of one tier are worth hashing to find other keys behind names that are not those of
/// their own projects. More of them would be names times keys.
const NAMED: u64 = 4 * 1024 * 1024;

/// What became of one fingerprint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It is a known key or a damaged form of one.
    Explained(Explanation),
    /// It is no known form of any key known by value.
    Unexplained,
    /// With so few digits a match could be chance, so none was claimed. With this many, nothing
    /// would have been left out.
    Lengthen(Digits),
}

/// What a search found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Search {
    /// Parallel to the fingerprints asked for.
    pub outcomes: Vec<Outcome>,
    /// How many forms were hashed.
    pub forms: u64,
}

/// Some forms of one tier of one key: what a thread takes at once.
struct Share<'k> {
    key: usize,
    bytes: &'k [u8],
    forms: Forms<'k>,
}

/// Which forms.
enum Forms<'k> {
    Rows(Range<usize>),
    Named(&'k str),
}

/// What a search looks for.
struct Plan<'k> {
    /// The values at hand, each with its place.
    keys: Vec<(usize, &'k [u8])>,
    /// The names of the variables of whoever asks.
    names: Vec<Arc<str>>,
    /// Those behind which keys are looked for that belong there, by the place of the key.
    near: Vec<(usize, usize)>,
}

/// A form that has a wanted fingerprint.
struct Hit {
    wanted: usize,
    layers: Layers,
    key: usize,
    wire: Wire,
    form: Option<Secret>,
}

/// The best explanation of one fingerprint: its layers, and the keys that fit them.
struct Best {
    layers: Layers,
    keys: BTreeSet<usize>,
    wire: Wire,
    /// The bytes, where they have other characters than the key: another one may stand whole in them.
    form: Option<Secret>,
}

impl Keyring {
    /// Explains fingerprints that no known key agrees with by the damaged forms of every key known
    /// by value, in one pass over all of them on all cores. Each comes with the project that asks.
    ///
    /// The answer does not depend on how many cores there are, and nothing is kept.
    #[must_use]
    pub fn search(&self, unexplained: &[(ProjectId, Fingerprint)]) -> Search {
        let threads = thread::available_parallelism().map_or(1, NonZero::get);
        self.search_on(threads, &Tier::ALL, CHANCE, unexplained)
    }

    /// The same by what may stand around a key, its encodings and another case alone: what becomes of a key
    /// that is copied, which is far less to look at.
    #[must_use]
    pub fn search_copied(&self, unexplained: &[(ProjectId, Fingerprint)]) -> Search {
        let threads = thread::available_parallelism().map_or(1, NonZero::get);
        let tiers = [
            Tier::Wrapped,
            Tier::WrappedTwice,
            Tier::Encoded,
            Tier::CaseChanged,
        ];
        self.search_on(threads, &tiers, CHANCE, unexplained)
    }

    /// How many forms of each length a search of this project hashes that finds nothing, to measure it by.
    #[must_use]
    pub fn form_lengths(&self, own: ProjectId) -> BTreeMap<usize, u64> {
        let mut lengths = BTreeMap::new();
        let plan = self.plan([own]);
        for tier in Tier::ALL {
            for share in plan.shares(tier) {
                let mut workspace = Workspace::new(share.bytes.len(), &plan.names);
                share.make(tier, &mut workspace, &mut |form, _| {
                    *lengths.entry(form.bytes().len()).or_default() += 1;
                });
            }
        }
        lengths
    }

    pub(super) fn search_on(
        &self,
        threads: usize,
        tiers: &[Tier],
        chance: f64,
        unexplained: &[(ProjectId, Fingerprint)],
    ) -> Search {
        let mut wanted: Vec<_> = unexplained
            .iter()
            .map(|(_, fingerprint)| *fingerprint)
            .filter(|fingerprint| !self.knows(fingerprint))
            .collect();
        wanted.sort_unstable();
        wanted.dedup();

        let plan = self.plan(unexplained.iter().map(|(own, _)| *own));
        let all_forms = tiers.iter().map(|&tier| plan.forms(tier)).sum();
        let needed = digits_for(all_forms, wanted.len(), chance);
        let mut best: Vec<Option<Best>> = wanted.iter().map(|_| None).collect();
        let mut filter = Filter::new(Vec::new());
        let (mut planned, mut hashed) = (0, 0);
        for &tier in tiers {
            planned += plan.forms(tier);
            let digits = digits_for(planned, wanted.len(), chance);
            let pool: Vec<_> = wanted
                .iter()
                .zip(&best)
                .enumerate()
                .filter(|(_, (fingerprint, best))| fingerprint.digits() >= digits && best.is_none())
                .map(|(index, (fingerprint, _))| (*fingerprint, index))
                .collect();
            if pool.is_empty() {
                break;
            }
            // It only ever shrinks, so one of the same size is the same.
            if pool.len() != filter.len() {
                filter = Filter::new(pool);
            }
            let (hits, forms) = plan.hash(tier, &filter, threads);
            hashed += forms;
            for hit in hits {
                if let Some(best) = best.get_mut(hit.wanted) {
                    take(best, hit);
                }
            }
        }

        let value = |place: usize| Some(self.value_at(place)?.1);
        let outcome = |&(own, fingerprint): &(ProjectId, Fingerprint)| {
            if let Some(exact) = self.exact(own, &fingerprint) {
                return Outcome::Explained(exact);
            }
            let found = wanted.binary_search(&fingerprint).ok();
            if let Some(Some(best)) = found.and_then(|index| best.get(index)) {
                let form = best.form.as_ref();
                if let Some(found) = form.and_then(|form| self.explain_value(own, form.expose())) {
                    return Outcome::Explained(found);
                }
                let keys = best.keys.iter().filter_map(|&key| value(key));
                if let Some(mut found) = self.explanation(own, keys, best.layers.as_slice()) {
                    found.wire = best.wire;
                    return Outcome::Explained(found);
                }
            }
            if all_forms > 0 && fingerprint.digits() < needed {
                Outcome::Lengthen(needed)
            } else {
                Outcome::Unexplained
            }
        };
        Search {
            outcomes: unexplained.iter().map(outcome).collect(),
            forms: hashed,
        }
    }

    /// What these projects look for.
    fn plan(&self, asking: impl IntoIterator<Item = ProjectId>) -> Plan<'_> {
        let places = (0..self.places()).map(|place| (place, self.value_at(place)));
        let values = places.filter_map(|(place, value)| Some((place, value?)));
        let values: Vec<_> = values.collect();
        let asking: BTreeSet<_> = asking.into_iter().collect();
        let names: BTreeSet<_> = asking.iter().flat_map(|own| self.names(*own)).collect();
        let names: Vec<_> = names.into_iter().cloned().collect();
        let mut near = Vec::new();
        for (place, (_, fingerprint)) in &values {
            let holders = self.agreeing(fingerprint).map(Known::id);
            let of_them: BTreeSet<_> = holders
                .flat_map(|key| self.names(key.project))
                .filter_map(|name| names.binary_search(name).ok())
                .collect();
            near.extend(of_them.into_iter().map(|name| (*place, name)));
        }
        Plan {
            keys: values
                .into_iter()
                .map(|(place, (key, _))| (place, key))
                .collect(),
            names,
            near,
        }
    }
}

impl<'k> Plan<'k> {
    /// The most forms of a tier that are made.
    fn forms(&self, tier: Tier) -> u64 {
        let keys = self.keys.iter();
        let plain: u64 = keys.map(|(_, key)| tier.forms(key.len())).sum();
        plain
            + self
                .named(tier)
                .map(|(_, key, _)| tier.named(key.len()).len() as u64)
                .sum::<u64>()
    }

    /// The keys of a tier that are looked for behind names: those of the projects whose names these are,
    /// and all the others where that is not too much.
    fn named(&self, tier: Tier) -> impl Iterator<Item = (usize, &'k [u8], &str)> {
        let keys = self.keys.iter();
        let rows: u64 = keys
            .map(|(_, key)| tier.named(key.len()).len() as u64)
            .sum();
        let is_all = rows.saturating_mul(self.names.len() as u64) <= NAMED;
        let all = self.keys.iter().filter(move |_| is_all);
        let all = all.flat_map(|(place, key)| {
            let names = self.names.iter();
            names.map(|name| (*place, *key, &**name))
        });
        let near = self.near.iter().filter(move |_| !is_all);
        let near = near.filter_map(|(place, name)| {
            let at = self.keys.binary_search_by_key(place, |(place, _)| *place);
            let (_, key) = self.keys.get(at.ok()?)?;
            Some((*place, *key, &**self.names.get(*name)?))
        });
        all.chain(near)
            .filter(move |(_, key, _)| !tier.named(key.len()).is_empty())
    }

    /// Hashes every form of a tier, and says how many there were.
    fn hash(&self, tier: Tier, filter: &Filter, threads: usize) -> (Vec<Hit>, u64) {
        let shares = self.shares(tier);
        let longest = shares
            .iter()
            .map(|share| share.bytes.len())
            .max()
            .unwrap_or_default();
        let next = AtomicUsize::new(0);
        let work = || {
            let mut workspace = Workspace::new(longest, &self.names);
            let (mut hits, mut forms) = (Vec::new(), 0);
            while let Some(share) = shares.get(next.fetch_add(1, Ordering::Relaxed)) {
                share.make(tier, &mut workspace, &mut |form, layers| {
                    forms += 1;
                    let prefix = form.prefix();
                    if filter.may_hold(prefix) {
                        hits.extend(filter.agreeing(prefix, form.bytes()).map(|wanted| Hit {
                            wanted,
                            layers,
                            key: share.key,
                            wire: Wire::of(form.bytes()),
                            form: is_changed(layers).then(|| Secret::copied(form.bytes())),
                        }));
                    }
                });
            }
            (hits, forms)
        };
        let worth = usize::try_from(self.forms(tier)).unwrap_or(usize::MAX) / WORTH_A_THREAD;
        thread::scope(|scope| {
            // Where no thread can be had, this one does the work alone.
            let others: Vec<_> = (1..threads.min(worth))
                .map_while(|_| thread::Builder::new().spawn_scoped(scope, work).ok())
                .collect();
            let (mut hits, mut forms) = work();
            for other in others {
                let (more_hits, more_forms) = other
                    .join()
                    .unwrap_or_else(|panic| std::panic::resume_unwind(panic));
                hits.extend(more_hits);
                forms += more_forms;
            }
            (hits, forms)
        })
    }

    /// Cuts a tier so finely that even a single key keeps every core busy.
    fn shares(&self, tier: Tier) -> Vec<Share<'_>> {
        let mut shares = Vec::new();
        for &(key, bytes) in &self.keys {
            let rows = tier.rows(bytes.len());
            let step = (SHARE / tier.forms_per_row(bytes.len())).max(1);
            shares.extend((0..rows).step_by(step).map(|start| Share {
                key,
                bytes,
                forms: Forms::Rows(start..rows.min(start + step)),
            }));
        }
        shares.extend(self.named(tier).map(|(key, bytes, name)| Share {
            key,
            bytes,
            forms: Forms::Named(name),
        }));
        shares
    }
}

impl Share<'_> {
    fn make(&self, tier: Tier, workspace: &mut Workspace, form: &mut impl FnMut(&Message, Layers)) {
        match &self.forms {
            Forms::Rows(rows) => tier.make(self.bytes, rows.clone(), workspace, form),
            Forms::Named(name) => tier.make_named(self.bytes, name.as_bytes(), workspace, form),
        }
    }
}

/// Keeps the first form by its layers, and every key that fits the same one.
fn take(best: &mut Option<Best>, hit: Hit) {
    match best {
        Some(best) if best.layers == hit.layers => {
            best.keys.insert(hit.key);
        }
        Some(best) if best.layers < hit.layers => {}
        _ => {
            *best = Some(Best {
                layers: hit.layers,
                keys: BTreeSet::from([hit.key]),
                wire: hit.wire,
                form: hit.form,
            });
        }
    }
}

fn is_changed(layers: Layers) -> bool {
    layers
        .as_slice()
        .iter()
        .any(|damage| damage.changes_the_key())
}

/// The fewest digits, of at least 12, at which so many forms and fingerprints agree by chance with
/// a probability under `chance`.
fn digits_for(forms: u64, fingerprints: usize, chance: f64) -> Digits {
    let comparisons = forms as f64 * fingerprints as f64;
    (Digits::DEFAULT.get()..Digits::MAX.get())
        .find(|&digits| comparisons < chance * 16_f64.powi(i32::from(digits)))
        .and_then(Digits::new)
        .unwrap_or(Digits::MAX)
}

#[cfg(test)]
mod tests;
