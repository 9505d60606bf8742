use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZero;
use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use super::filter::Filter;
use super::forms::{Tier, Workspace};
use super::known::{Explanation, Keyring, ProjectId};
use super::tables::Layers;
use crate::key::{Digits, Fingerprint};

/// How likely any claim of a whole search may be to rest on chance.
const CHANCE: f64 = 1e-6;

/// How many forms a thread takes at once.
const SHARE: usize = 2048;

/// Fewer forms than this are not worth another thread.
const WORTH_A_THREAD: usize = 4 * SHARE;

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

/// Some rows of one tier of one key: what a thread takes at once.
struct Share<'k> {
    key: usize,
    bytes: &'k [u8],
    rows: Range<usize>,
}

/// A form that has a wanted fingerprint.
struct Hit {
    wanted: usize,
    layers: Layers,
    key: usize,
}

/// The best explanation of one fingerprint: its layers, and the keys that fit them.
type Best = (Layers, BTreeSet<usize>);

impl Keyring {
    /// Explains fingerprints that no known key agrees with by the damaged forms of every key known
    /// by value, in one pass over all of them on all cores. Each comes with the project that asks.
    ///
    /// The answer does not depend on how many cores there are, and nothing is kept.
    #[must_use]
    pub fn search(&self, unexplained: &[(ProjectId, Fingerprint)]) -> Search {
        let threads = thread::available_parallelism().map_or(1, NonZero::get);
        self.search_on(threads, CHANCE, unexplained)
    }

    /// How many forms of each length a search hashes that finds nothing, to measure it by.
    #[must_use]
    pub fn form_lengths(&self) -> BTreeMap<usize, u64> {
        let mut lengths = BTreeMap::new();
        for tier in Tier::ALL {
            for (bytes, _) in self.values() {
                let mut workspace = Workspace::new(bytes.len(), &self.tables);
                let rows = 0..tier.rows(bytes.len(), &self.tables);
                tier.make(bytes, rows, &self.tables, &mut workspace, &mut |form, _| {
                    *lengths.entry(form.bytes().len()).or_default() += 1;
                });
            }
        }
        lengths
    }

    pub(super) fn search_on(
        &self,
        threads: usize,
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

        let all_forms = Tier::ALL.into_iter().map(|tier| self.forms(tier)).sum();
        let needed = digits_for(all_forms, wanted.len(), chance);
        let mut best: Vec<Option<Best>> = vec![None; wanted.len()];
        let (mut planned, mut hashed) = (0, 0);
        for tier in Tier::ALL {
            planned += self.forms(tier);
            let digits = digits_for(planned, wanted.len(), chance);
            let pool = wanted
                .iter()
                .enumerate()
                .filter(|&(index, fingerprint)| {
                    fingerprint.digits() >= digits && best.get(index).is_none_or(Option::is_none)
                })
                .map(|(index, fingerprint)| (*fingerprint, index))
                .collect();
            let filter = Filter::new(pool);
            if filter.is_empty() {
                break;
            }
            let (hits, forms) = self.hash(tier, &filter, threads);
            hashed += forms;
            for hit in hits {
                if let Some(best) = best.get_mut(hit.wanted) {
                    take(best, &hit);
                }
            }
        }

        let values: Vec<_> = self.values().map(|(_, fingerprint)| fingerprint).collect();
        let outcome = |&(own, fingerprint): &(ProjectId, Fingerprint)| {
            if let Some(exact) = self.exact(own, &fingerprint) {
                return Outcome::Explained(exact);
            }
            let found = wanted.binary_search(&fingerprint).ok();
            if let Some(Some((layers, keys))) = found.and_then(|index| best.get(index)) {
                let keys = keys.iter().filter_map(|&key| values.get(key).copied());
                if let Some(found) = self.explanation(own, keys, layers.as_slice()) {
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

    fn forms(&self, tier: Tier) -> u64 {
        self.values()
            .map(|(bytes, _)| tier.forms(bytes.len(), &self.tables))
            .sum()
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
            let mut workspace = Workspace::new(longest, &self.tables);
            let (mut hits, mut forms) = (Vec::new(), 0);
            while let Some(share) = shares.get(next.fetch_add(1, Ordering::Relaxed)) {
                let rows = share.rows.clone();
                tier.make(
                    share.bytes,
                    rows,
                    &self.tables,
                    &mut workspace,
                    &mut |form, layers| {
                        forms += 1;
                        let prefix = form.prefix();
                        if filter.may_hold(prefix) {
                            hits.extend(filter.agreeing(prefix, form.bytes()).map(|wanted| Hit {
                                wanted,
                                layers,
                                key: share.key,
                            }));
                        }
                    },
                );
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
        for (key, (bytes, _)) in self.values().enumerate() {
            let rows = tier.rows(bytes.len(), &self.tables);
            let step = (SHARE / tier.forms_per_row(bytes.len())).max(1);
            shares.extend((0..rows).step_by(step).map(|start| Share {
                key,
                bytes,
                rows: start..rows.min(start + step),
            }));
        }
        shares
    }
}

/// Keeps the first form by its layers, and every key that fits the same one.
fn take(best: &mut Option<Best>, hit: &Hit) {
    match best {
        Some((layers, keys)) if *layers == hit.layers => {
            keys.insert(hit.key);
        }
        Some((layers, _)) if *layers < hit.layers => {}
        _ => *best = Some((hit.layers, BTreeSet::from([hit.key]))),
    }
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
