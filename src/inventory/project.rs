use std::collections::HashMap;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::extraction::Beside;
use super::ground::Ground;
use super::history::{VERSIONS, versions};
use super::hop::{HOP, source, variable};
use super::ingest::ingest;
use super::raw::{self, PreviousBeside, ReferenceBeside};
use super::reader::{Part, Reader};
use super::sharing::{Claim, lend};
use super::template::Slot;
use super::tree::{Id, Tree};
use super::waiver::time;
use super::{Ingest, Origin, Place, Previous, Project, Retirement, Site};
use crate::key::Fingerprint;
use crate::keyring::{Format, ProjectId};

/// How far ahead of this clock another one may be. A rotation still to come would make everything that
/// runs look as if it were older than its key.
const AHEAD: SignedDuration = SignedDuration::from_secs(60);

/// The projects, and the keys that go by their names.
#[derive(Default)]
pub(super) struct Projects {
    pub list: Vec<Project>,
    pub entries: HashMap<Arc<str>, Entry>,
    /// In the order in which they are declared.
    pub names: Vec<Arc<str>>,
    /// Who says that its key is the same as another's.
    pub claims: Vec<Claim>,
}

/// A project as deployments name it.
#[derive(Default)]
pub(super) struct Entry {
    /// Its own key.
    pub base: Option<ProjectId>,
    /// The keys of its environments.
    pub environments: Vec<(Arc<str>, ProjectId)>,
    /// Whether something is wrong with it, so that nothing more can be said of what names it.
    pub faulty: bool,
}

/// What an environment's key has from its project.
#[derive(Clone, Default)]
struct Inherited {
    variable: Option<Arc<str>>,
    format: Option<Arc<Format>>,
    rotation: Option<Retirement>,
    versions: Option<u16>,
    ingest: Option<Ingest>,
}

impl Projects {
    /// Reads one project and the keys of its environments.
    pub fn add(&mut self, tree: &Tree, [key, body]: [Id; 2], ground: &Ground<'_>) {
        let name = ground.shared(tree.text(key));
        let before = ground.log.faults();
        let mut entry = Entry::default();
        if name.trim().is_empty() {
            ground
                .log
                .report(tree.site(key), "a project without a name");
        }
        self.add_keys(tree, &name, body, ground, &mut entry);
        entry.faulty = ground.log.faults() > before;
        if !self.entries.contains_key(&name) {
            self.names.push(Arc::clone(&name));
        }
        self.entries.insert(name, entry);
    }

    fn add_keys(
        &mut self,
        tree: &Tree,
        name: &Arc<str>,
        body: Id,
        ground: &Ground<'_>,
        entry: &mut Entry,
    ) {
        let owner = Owner {
            tree,
            name,
            environment: None,
            body,
            ground,
        };
        let Some(raw) = owner.read(&Inherited::default()) else {
            return;
        };
        let (inherited, key) = (raw.inherited, raw.key);
        if let Some(key) = key {
            entry.base = Some(self.push(key, raw.claim));
        }
        let Some(environments) = raw.environments else {
            return;
        };
        let reader = Reader::new(tree, ground.log, None);
        let entries = reader.entries(environments, "a map of environments");
        let mut borrowed = Vec::new();
        for [key, body] in entries.unwrap_or_default() {
            let environment = ground.shared(tree.text(*key));
            let owner = Owner {
                environment: Some(&environment),
                body: *body,
                ..owner
            };
            let Some(raw) = owner.read(&inherited) else {
                continue;
            };
            if raw.environments.is_some() {
                let id = tree.get(*body, "environments").unwrap_or(*body);
                ground
                    .log
                    .report(tree.site(id), "environments have none of their own");
            }
            if let Some(key) = raw.key {
                let id = self.push(key, raw.claim);
                entry.environments.push((environment, id));
            } else if let Some((name, site)) = raw.borrows {
                borrowed.push((environment, name, site));
            }
        }
        lend(entry, name, borrowed, ground);
    }

    fn push(&mut self, project: Project, claim: Option<(Arc<str>, Site)>) -> ProjectId {
        self.list.push(project);
        // The budget of the parser is far below 2^32.
        let id = ProjectId(u32::try_from(self.list.len() - 1).unwrap_or(u32::MAX));
        self.claims
            .extend(claim.map(|(name, site)| Claim { id, name, site }));
        id
    }
}

/// The owner of one key, as it is written.
#[derive(Clone, Copy)]
struct Owner<'a> {
    tree: &'a Tree,
    name: &'a Arc<str>,
    environment: Option<&'a Arc<str>>,
    body: Id,
    ground: &'a Ground<'a>,
}

/// What was read of it.
struct Read {
    /// `None` without a current key, or when something was reported.
    key: Option<Project>,
    inherited: Inherited,
    environments: Option<Id>,
    /// Whose key is the same, and where that is said.
    claim: Option<(Arc<str>, Site)>,
    /// Whose key it has, when it says nothing else.
    borrows: Option<(Arc<str>, Site)>,
}

impl Owner<'_> {
    fn read(self, outer: &Inherited) -> Option<Read> {
        let Self {
            tree, ground, body, ..
        } = self;
        let mut scope = ground.scope();
        scope.set("project", Slot::Set(Arc::clone(self.name)));
        scope.set("environment", self.environment.cloned().into());
        let reader = Reader::new(tree, ground.log, Some(&scope));
        let before = ground.log.faults();
        let raw: raw::Project = reader.read_loosely(body)?;

        let inherited = Inherited {
            variable: match raw.variable {
                Some(held) => variable(&reader, held.id, ground),
                None => outer.variable.clone(),
            },
            format: match raw.format {
                Some(held) => self.format(held.id),
                None => outer.format.clone(),
            },
            rotation: raw.rotation.or(outer.rotation),
            versions: match raw.history {
                Some(held) => versions(&reader, held.id),
                None => outer.versions,
            },
            ingest: match raw.ingest {
                Some(held) => ingest(&reader, held.id),
                None => outer.ingest.clone(),
            },
        };
        let claim = raw.same_key_as.and_then(|held| {
            let name = reader.name(held.id)?;
            Some((ground.shared(&name), tree.site(held.id)))
        });
        if self.environment.is_some() && raw.same_key_as.is_some() && tree.entries(body).len() == 1
        {
            return Some(Read {
                key: None,
                inherited,
                environments: None,
                claim: None,
                borrows: claim,
            });
        }
        if raw.same_key_as.is_some() && raw.current.is_none() && self.environment.is_none() {
            let message = "`same_key_as` is about the `current` beside it, which is missing";
            ground.log.report(tree.site(body), message);
        }
        if raw.variable.is_none() && outer.variable.is_none() {
            // Environments that have none report it themselves.
            if self.environment.is_some() || raw.environments.is_none() || raw.current.is_some() {
                reader.missing_key(body, "variable", "");
            }
        }
        if raw.current.is_none() {
            if self.environment.is_some() {
                reader.missing_key(body, "current", "");
            } else if raw.environments.is_none() {
                reader.missing_key(body, "current", ", and `environments` that have one");
            }
        }
        let fallback = inherited.variable.clone().unwrap_or_default();
        let origin = |id| self.reference(&reader, id, &fallback);
        let current = raw.current.map(|held| origin(held.id));
        let next = raw.next.map(|held| origin(held.id));
        let previous = match raw.previous {
            Some(held) => self.previous(&reader, held.id, &fallback),
            None => Some(Vec::new()),
        };
        let rotated_at = raw.rotated_at.map(|held| self.rotated_at(&reader, held.id));
        let sound = ground.log.faults() == before;
        let key = match (current.flatten(), previous) {
            (Some(current), Some(previous)) if sound => Some(Project {
                name: Arc::clone(self.name),
                environment: self.environment.cloned(),
                variable: fallback,
                format: inherited.format.clone(),
                retirement: inherited.rotation.unwrap_or_default(),
                versions: inherited.versions.unwrap_or(VERSIONS),
                current,
                next: next.flatten(),
                previous,
                rotated_at: rotated_at.flatten(),
                ingest: inherited.ingest.clone(),
                shares: None,
                site: tree.site(body),
            }),
            _ => None,
        };
        Some(Read {
            key,
            inherited,
            environments: raw.environments.map(|held| held.id),
            claim,
            borrows: None,
        })
    }

    /// Nothing is filled in in a format: `${` may well be a part of it.
    fn format(self, id: Id) -> Option<Arc<Format>> {
        let reader = Reader::new(self.tree, self.ground.log, None);
        let text = reader.name(id)?;
        match self.ground.log.guard()?.format(&text)? {
            Ok(format) => Some(Arc::clone(format)),
            Err(message) => {
                reader.said(id, message.clone());
                None
            }
        }
    }

    fn reference(self, reader: &Reader<'_>, id: Id, variable: &Arc<str>) -> Option<Origin> {
        let Part { value, rest, known } = reader.read_part::<ReferenceBeside>(id, HOP)?;
        let beside = value?;
        let fingerprint = beside.fingerprint.map(|held| held.id);
        let own = beside.variable.map(|held| held.id);
        let bytes = Beside {
            extract: beside.extract,
            decode: beside.decode,
            trim: beside.trim,
        };
        self.origin(
            reader,
            id,
            fingerprint,
            (own, bytes),
            (&rest, known),
            variable,
        )
    }

    fn previous(self, reader: &Reader<'_>, id: Id, variable: &Arc<str>) -> Option<Vec<Previous>> {
        let items = reader.items(id, "a list of keys, the latest first")?;
        let mut list: Vec<Previous> = Vec::new();
        let mut whole = true;
        for item in items {
            let Some(previous) = self.one_previous(reader, *item, variable) else {
                whole = false;
                continue;
            };
            if let Some(above) = list.last() {
                let later = |this: Option<Timestamp>, above: Option<Timestamp>| matches!((this, above), (Some(this), Some(above)) if this > above);
                if later(previous.rotated_at, above.rotated_at)
                    || later(previous.revoked_at, above.revoked_at)
                {
                    let message = "is later than the key above: list the latest first";
                    reader.log.report(previous.site, message);
                }
            }
            list.push(previous);
        }
        whole.then_some(list)
    }

    fn one_previous(self, reader: &Reader<'_>, id: Id, variable: &Arc<str>) -> Option<Previous> {
        let Part { value, rest, known } = reader.read_part::<PreviousBeside>(id, HOP)?;
        let raw = value?;
        let rotated_at = raw.rotated_at.map(|held| self.rotated_at(reader, held.id));
        let revoked_at = raw.revoked_at.map(|held| time(reader, held.id));
        let own = raw.variable.map(|held| held.id);
        let bytes = Beside {
            extract: raw.extract,
            decode: raw.decode,
            trim: raw.trim,
        };
        let fingerprint = raw.fingerprint.map(|held| held.id);
        let beside = (own, bytes);
        let origin = self.origin(reader, id, fingerprint, beside, (&rest, known), variable);
        let (rotated_at, revoked_at) = (rotated_at.flatten(), revoked_at.flatten());
        if let (Some(rotated), Some(revoked)) = (rotated_at, revoked_at)
            && revoked < rotated
        {
            let message = "`revoked_at` is before `rotated_at`: a key dies after it came to be";
            reader.log.report(reader.tree.site(id), message);
        }
        Some(Previous {
            origin: origin?,
            rotated_at,
            revoked_at,
            site: reader.tree.site(id),
        })
    }

    fn origin(
        self,
        reader: &Reader<'_>,
        id: Id,
        fingerprint: Option<Id>,
        (own, bytes): (Option<Id>, Beside),
        (rest, known): (&[[Id; 2]], &[&'static str]),
        variable: &Arc<str>,
    ) -> Option<Origin> {
        if let Some(fingerprint) = fingerprint {
            for [key, _] in rest {
                let message = "a key is given by its fingerprint or by a source, not by both";
                reader.log.report(reader.tree.site(*key), message);
            }
            return self.fingerprint(reader, fingerprint);
        }
        let alternatives = ["fingerprint"];
        let source = source(reader, id, rest, known, &alternatives, self.ground);
        let variable = match own {
            Some(id) => self::variable(reader, id, self.ground)?,
            None => Arc::clone(variable),
        };
        let extraction = bytes.read(reader)?;
        let source = source?;
        Some(Origin::Place(Place {
            options: self.ground.options(&*source),
            source,
            variable,
            extraction,
            site: reader.tree.site(id),
        }))
    }

    fn fingerprint(self, reader: &Reader<'_>, id: Id) -> Option<Origin> {
        match reader.text(id)?.parse::<Fingerprint>() {
            Ok(fingerprint) => Some(Origin::Fingerprint(fingerprint)),
            Err(error) => {
                // What stands there may be the key itself.
                reader.log.report(reader.tree.site(id), error.to_string());
                None
            }
        }
    }

    fn rotated_at(self, reader: &Reader<'_>, id: Id) -> Option<Timestamp> {
        let time = time(reader, id)?;
        if time.duration_since(self.ground.now) > AHEAD {
            let message = "lies in the future: expected when the key came to be";
            reader.log.report(reader.tree.site(id), message);
            return None;
        }
        Some(time)
    }
}
