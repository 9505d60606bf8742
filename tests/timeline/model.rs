//! What may be known of the world after a row of audits, and what has to be said of it. Written from the documents:
//! "Time", "The reference first" and "Safe to revoke" of the design, docs/rotation.md and docs/targets.md.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};

use crate::world::{Content, World};

/// A key that was read as a project's sound reference, for a while.
struct Period {
    key: String,
    last_seen: Timestamp,
}

/// What is remembered of one project.
#[derive(Default)]
struct Keys {
    /// Surely current one after the other; the last one is.
    sure: Vec<Period>,
    /// The reference is another key, and nothing settles yet whether it was rotated.
    suspect: Option<String>,
    /// Suspected, and replaced before that was settled.
    dropped: Vec<String>,
    /// The declared time that settled a rotation already, and says nothing of another one.
    spent: Option<Timestamp>,
}

/// A reference, judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reference {
    Sound,
    /// Nothing of its project can be current.
    Faulty,
    /// Faulty because it went back to a key that is dead, which a person can settle.
    Returned,
    Unread,
}

/// What a question about old keys has to end with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Safety {
    Safe,
    /// Something holds one of them.
    Held,
    NotSafe,
    /// The documents leave it open.
    Open,
}

/// What a place held when an audit last saw anything there.
type LastSeen = BTreeMap<String, Content>;

#[derive(Default)]
pub struct Model {
    keys: Vec<Keys>,
    pub references: Vec<Reference>,
    last_seen: LastSeen,
    /// The files that could not be read after that, or of which nobody could say what they held.
    unsure: BTreeSet<String>,
    /// The deployments that nobody retired, each with the files that it was last read from.
    known_deployments: BTreeMap<String, Vec<String>>,
}

impl Model {
    pub fn new(projects: usize) -> Self {
        Self {
            keys: (0..projects).map(|_| Keys::default()).collect(),
            ..Self::default()
        }
    }

    /// An audit looks at the world.
    pub fn audit(&mut self, world: &World) {
        let mut seen = vec![false; self.keys.len()];
        // What one reference is now may say that another one is sound.
        for _ in 0..2 {
            let judged: Vec<_> = (0..self.keys.len())
                .map(|index| self.judge(world, index))
                .collect();
            for (index, reference) in judged.iter().enumerate() {
                let project = &world.projects[index];
                if let (false, Reference::Sound | Reference::Returned, Some(key)) =
                    (seen[index], reference, project.reference.key())
                {
                    seen[index] = true;
                    self.keys[index].see(key.to_owned(), world.now, project.rotated_at);
                }
            }
        }
        // A time that is declared settles in the very audit that sees it.
        self.references = (0..self.keys.len())
            .map(|index| self.judge(world, index))
            .collect();
        for deployment in world.listed() {
            let hops = deployment.hops.iter().filter(|hop| hop.listed);
            let files = hops.clone().map(|hop| hop.file.clone()).collect();
            self.known_deployments
                .insert(deployment.name.clone(), files);
            for hop in hops {
                let file = hop.file.clone();
                match &hop.content {
                    Content::Key(_) => {
                        let verdicts = self.verdicts(world, deployment.project, &hop.content);
                        let is_sure = |verdict: &&str| !["unverified", "unknown"].contains(verdict);
                        match verdicts.iter().all(is_sure) {
                            true => self.unsure.remove(&file),
                            false => self.unsure.insert(file.clone()),
                        };
                        self.last_seen.insert(file, hop.content.clone());
                    }
                    // Nothing is there, which tells nothing of what was.
                    Content::Empty => {
                        self.last_seen.entry(file).or_insert(Content::Empty);
                    }
                    Content::Unreadable => {
                        self.unsure.insert(file.clone());
                        self.last_seen.entry(file).or_insert(Content::Unreadable);
                    }
                }
            }
        }
    }

    /// Somebody says that the reference was rotated.
    pub fn confirm(&mut self, index: usize, now: Timestamp) {
        self.keys[index].settle(now);
    }

    /// Somebody says that a deployment is no more.
    pub fn retire(&mut self, name: &str) {
        self.known_deployments.remove(name);
    }

    /// Whether an audit saw a deployment that nobody retired.
    pub fn knows(&self, name: &str) -> bool {
        self.known_deployments.contains_key(name)
    }

    /// The last key that surely was current.
    pub fn last_sure(&self, index: usize) -> Option<String> {
        let last = self.keys[index].sure.last();
        last.map(|period| period.key.clone())
    }

    /// All that surely were, in order.
    pub fn sure(&self, index: usize) -> Vec<&str> {
        let sure = self.keys[index].sure.iter();
        sure.map(|period| period.key.as_str()).collect()
    }

    pub fn is_suspected(&self, index: usize) -> bool {
        self.keys[index].suspect.is_some()
    }

    fn judge(&self, world: &World, index: usize) -> Reference {
        let project = &world.projects[index];
        let key = match &project.reference {
            Content::Unreadable => return Reference::Unread,
            Content::Empty => return Reference::Faulty,
            Content::Key(key) => key,
        };
        let foreign =
            (0..self.keys.len()).any(|other| other != index && self.belongs_to(world, other, key));
        if foreign {
            return Reference::Faulty;
        }
        let keys = &self.keys[index];
        let last = keys.sure.last();
        let earlier = keys.sure.iter().any(|period| period.key == *key)
            && last.is_some_and(|last| last.key != *key);
        if project.immediate && earlier {
            return Reference::Returned;
        }
        Reference::Sound
    }

    /// Whether a key is, was or may be one of this project.
    fn belongs_to(&self, world: &World, index: usize, key: &str) -> bool {
        let (project, keys) = (&world.projects[index], &self.keys[index]);
        project.reference.key() == Some(key)
            || project.next.as_deref() == Some(key)
            || keys.sure.iter().any(|period| period.key == key)
            || keys.suspect.as_deref() == Some(key)
    }

    /// What may be said of a hop of this project that holds this; several words where the documents leave it open.
    pub fn verdicts(&self, world: &World, index: usize, content: &Content) -> Vec<&'static str> {
        let key = match content {
            Content::Unreadable => return vec!["unreachable"],
            Content::Empty => return vec!["missing"],
            Content::Key(key) => key.as_str(),
        };
        let (project, keys) = (&world.projects[index], &self.keys[index]);
        let sound = self.references[index] == Reference::Sound;
        let old = if project.immediate {
            "revoked"
        } else {
            "stale"
        };
        let is_last = keys.sure.last().is_some_and(|last| last.key == key);
        let mut others = (0..self.keys.len()).filter(|&other| other != index);
        let foreign = others.any(|other| self.belongs_to(world, other, key));
        let was_sure = keys.sure.iter().any(|period| period.key == key);
        // A next key that was replaced before, or is anybody else's, is none.
        let is_next = project.next.as_deref() == Some(key) && !foreign && !was_sure;
        if sound && (project.reference.key() == Some(key) || is_next) {
            return vec!["current"];
        }
        if !sound && (is_last || is_next) {
            return vec!["unverified"];
        }
        if !sound && keys.suspect.as_deref() == Some(key) {
            // It may be current, be earlier again by mistake, or be another project's that it was taken from.
            return vec!["unverified", old, "wrong-project"];
        }
        if was_sure {
            return vec![old];
        }
        if keys.dropped.iter().any(|dropped| dropped == key) {
            // Its holders got it while it was the reference.
            return vec!["stale", "revoked"];
        }
        if foreign && project.reference.key() == Some(key) {
            // Two references hold it, and nothing tells whose it is.
            return vec!["wrong-project", "unverified"];
        }
        if foreign {
            return vec!["wrong-project"];
        }
        let was_suspected = |keys: &Keys| keys.dropped.iter().any(|dropped| dropped == key);
        if self.keys.iter().any(was_suspected) {
            return vec!["wrong-project"];
        }
        vec![if sound { "unknown" } else { "unverified" }]
    }

    /// The keys of a project that were replaced before they were settled. They are asked about like the sure
    /// ones, unless they surely are another project's since, or announced as the next one still.
    fn dropped(&self, world: &World, index: usize) -> Vec<&str> {
        let is_mine = |key: &&str| {
            !(0..self.keys.len()).any(|other| {
                let is_sure = |period: &Period| period.key == **key;
                other != index
                    && world.projects[other].reference.key() == Some(key)
                    && self.keys[other].sure.iter().any(is_sure)
            })
        };
        let project = &world.projects[index];
        let given = [project.reference.key(), project.next.as_deref()];
        let dropped = self.keys[index].dropped.iter().map(String::as_str);
        dropped
            .filter(|key| !given.contains(&Some(*key)))
            .filter(is_mine)
            .collect()
    }

    /// The keys that have to be told as previous ones of a project, where its reference is sound.
    pub fn previous(&self, world: &World, index: usize) -> Vec<&str> {
        let current = world.projects[index].reference.key();
        let sure = self.keys[index].sure.iter();
        sure.map(|period| period.key.as_str())
            .filter(|key| Some(*key) != current)
            .collect()
    }

    /// Whether a key must not be told as a previous one: it never was a project's.
    pub fn was_never(&self, index: usize, key: &str) -> bool {
        let keys = &self.keys[index];
        !keys.sure.iter().any(|period| period.key == key)
            && !keys.dropped.iter().any(|dropped| dropped == key)
    }

    /// May the old keys of a project be revoked?
    pub fn safety(&self, world: &World, index: usize) -> Safety {
        let keys = &self.keys[index];
        let settled = self.references[index] == Reference::Sound && keys.suspect.is_none();
        let previous = self.previous(world, index);
        let mut all = self.dropped(world, index);
        all.extend(&previous);
        let asked = |key: &str| all.contains(&key);
        let hops = world.listed().flat_map(|deployment| {
            let hops = deployment.hops.iter().filter(|hop| hop.listed);
            hops.map(move |hop| (deployment.project, &hop.content))
        });
        let contents: Vec<_> = hops.collect();
        let live_elsewhere = |key: &str| {
            (0..self.keys.len())
                .filter(|&other| other != index)
                .any(|other| {
                    let project = &world.projects[other];
                    project.reference.key() == Some(key) || project.next.as_deref() == Some(key)
                })
        };
        if settled && all.iter().any(|key| live_elsewhere(key)) {
            return Safety::Held;
        }
        if settled
            && contents
                .iter()
                .any(|(_, content)| content.key().is_some_and(asked))
        {
            return Safety::Held;
        }
        if !settled || previous.is_empty() {
            return Safety::NotSafe;
        }
        // A reference that nobody can read may be the key in question.
        if self.references.contains(&Reference::Unread) {
            return Safety::NotSafe;
        }
        let mut open = false;
        let hops = world.listed().flat_map(|deployment| &deployment.hops);
        let empty = hops.filter(|hop| hop.listed && hop.content == Content::Empty);
        for hop in empty {
            match self.last_seen.get(&hop.file) {
                Some(Content::Key(key)) if asked(key) => return Safety::NotSafe,
                Some(Content::Key(_)) => open |= self.unsure.contains(&hop.file),
                _ => open = true,
            }
        }
        for (of, content) in &contents {
            for verdict in self.verdicts(world, *of, content) {
                match verdict {
                    "unknown" | "unreachable" => return Safety::NotSafe,
                    // Another project's key, seen while that project's reference is not sound.
                    "unverified" => open = true,
                    _ => {}
                }
            }
            if self.verdicts(world, *of, content).len() > 1 {
                open = true;
            }
        }
        let listed = world.listed().map(|deployment| &deployment.name);
        let listed: BTreeSet<_> = listed.collect();
        let hops = world.listed().flat_map(|deployment| &deployment.hops);
        let read: BTreeSet<_> = hops.filter(|hop| hop.listed).map(|hop| &hop.file).collect();
        for (name, files) in &self.known_deployments {
            if !listed.contains(name) && !files.iter().all(|file| read.contains(file)) {
                return Safety::NotSafe;
            }
        }
        for deployment in &world.deployments {
            for hop in deployment
                .hops
                .iter()
                .filter(|hop| deployment.listed && !hop.listed)
            {
                match self.last_seen.get(&hop.file) {
                    Some(Content::Key(key)) if asked(key) => return Safety::NotSafe,
                    Some(Content::Unreadable) => return Safety::NotSafe,
                    Some(Content::Key(key)) => {
                        let verdicts =
                            self.verdicts(world, deployment.project, &Content::Key(key.clone()));
                        // What nobody could explain then may be explained now, or the other way round.
                        open |= verdicts != ["current"] || self.unsure.contains(&hop.file);
                    }
                    Some(Content::Empty) | None => {}
                }
            }
        }
        if open { Safety::Open } else { Safety::Safe }
    }
}

impl Keys {
    fn see(&mut self, key: String, now: Timestamp, declared: Option<Timestamp>) {
        let Some(last) = self.sure.last_mut() else {
            self.sure.push(Period {
                key,
                last_seen: now,
            });
            return;
        };
        if last.key == key {
            last.last_seen = now;
            self.drop_suspect();
            return;
        }
        if self.suspect.as_ref() != Some(&key) {
            self.drop_suspect();
            self.dropped.retain(|dropped| *dropped != key);
            self.suspect = Some(key);
        }
        // Somebody's word, with a minute for clocks and one for rounding.
        let slack = SignedDuration::from_mins(2);
        let last_seen = self.sure.last().map(|last| last.last_seen);
        let settles = |at: &Timestamp| {
            self.spent != Some(*at) && last_seen.is_none_or(|seen| *at + slack >= seen)
        };
        if let Some(at) = declared.filter(settles) {
            self.settle(now);
            self.spent = Some(at);
        }
    }

    fn settle(&mut self, now: Timestamp) {
        let key = self.suspect.take();
        self.sure.extend(key.map(|key| Period {
            key,
            last_seen: now,
        }));
    }

    /// A return that is undone counts as if it had not been; any other was a mistake while it lasted.
    fn drop_suspect(&mut self) {
        if let Some(key) = self.suspect.take()
            && !self.sure.iter().any(|period| period.key == key)
        {
            self.dropped.push(key);
        }
    }
}
