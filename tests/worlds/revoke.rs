//! The second opinion on `revoke-check`: may this project's previous keys be revoked?

use std::collections::BTreeSet;

use serde_json::Value;

use super::forms::Kind;
use super::judge::{self, Entry, Role};
use super::kinds::Kinds;
use super::world::{Content, Hop, Made, Reference, Scope, Seen, Stage, Verdict, World};

/// What is asked: the previous keys of a project, or one key by its fingerprint.
#[derive(Clone, Debug)]
pub struct Question {
    pub project: String,
    /// A key to name; none for all of the project's previous ones.
    pub key: Option<String>,
}

/// What the place of a hop means to the question.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Sight {
    Clear,
    /// The documents leave open which of the other three it is.
    Open,
    Blind,
    /// It holds the key, and is a holder or at least a blind spot.
    HoldsUnseen,
    Holds,
}

/// The exit codes that are allowed, and what is wrong with the lists.
pub fn check(
    world: &World,
    question: &Question,
    kinds: &Kinds,
    answer: &Value,
) -> (BTreeSet<i32>, Vec<String>) {
    let keyring = judge::keyring(world);
    let of = asked_of(world, &question.project);
    let own = |scope: usize| of.contains(&scope);
    let mut asked: BTreeSet<&str> = BTreeSet::new();
    let mut dead: BTreeSet<&str> = BTreeSet::new();
    for entry in keyring.iter().filter(|entry| own(entry.scope)) {
        if let Role::Previous(index) = entry.role {
            match judge::is_dead(&world.scopes[entry.scope], index) {
                true => dead.insert(entry.key),
                false => asked.insert(entry.key),
            };
        }
    }
    let mut none_known = asked.is_empty() && dead.is_empty();
    let mut all_dead = asked.is_empty() && !dead.is_empty();
    if let Some(key) = &question.key {
        none_known = !keyring.iter().any(|entry| entry.key == key);
        all_dead = dead.contains(key.as_str()) && !asked.contains(key.as_str());
        asked = [key.as_str()].into();
    } else if all_dead {
        asked = dead;
    }
    let alive = keyring
        .iter()
        .any(|entry| asked.contains(entry.key) && !matches!(entry.role, Role::Previous(_)));
    let unsound = of.iter().any(|&scope| {
        let scope = &world.scopes[scope];
        !scope.dropped && scope.reference != Reference::Sound
    });
    // What another project's reference holds may be this very key.
    let elsewhere = world.scopes.iter().any(|scope| {
        !scope.dropped
            && matches!(
                scope.reference,
                Reference::Unread | Reference::Faulty { held: false }
            )
    });
    let hidden = keyring.iter().any(|entry| entry.is_hidden(world));
    let mut worst = Sight::Clear;
    // A previous key that is the fingerprint of nothing is no key, or one that nobody knows.
    let nothing = |scope: &usize| world.scopes[*scope].previous_nothing;
    let mut open = all_dead || of.iter().any(nothing);
    let mut faults = Vec::new();
    for deployment in &world.deployments {
        let mut only_reference = true;
        for (index, hop) in deployment.hops.iter().enumerate() {
            only_reference &= hop.at_reference;
            let mut sight = Sight::Clear;
            for content in &hop.replicas {
                let expected = judge::expected(world, &keyring, deployment, hop, content);
                let mut one = sees(hop, content, &asked, &keyring, &expected.verdicts);
                // Beside a known key there may be one that cannot be looked for.
                if one == Sight::Clear && is_embedded(content) && hidden {
                    one = Sight::Open;
                }
                open |= one == Sight::Open;
                sight = sight.max(one);
            }
            // "The old key beside the part that a hop takes is a blind spot."
            let mut beside = hop.beside.iter();
            let is_beside = beside.any(|key| asked.contains(key.as_str()));
            if is_beside && !none_known && sight < Sight::HoldsUnseen {
                // What somebody lives by is told as that.
                sight = if alive { Sight::Open } else { Sight::Blind };
            }
            worst = worst.max(sight);
            if let Some(fault) = listed(answer, &deployment.name, index, sight) {
                faults.push(fault);
            }
        }
        if only_reference && kinds.has(Kinds::BLIND) {
            worst = worst.max(Sight::Blind);
        }
    }
    if !kinds.has(Kinds::BLIND) && worst < Sight::Holds {
        return ([0, 1, 3].into(), faults);
    }
    if none_known {
        faults.clear();
    }
    let holds = matches!(worst, Sight::Holds);
    let blind = matches!(worst, Sight::Blind | Sight::HoldsUnseen);
    // "No deployment of the project is named here": of those whose key it is, neither.
    let of_the_key = |scope: usize| {
        let mut keys = keyring.iter().filter(|entry| asked.contains(entry.key));
        keys.any(|entry| entry.scope == scope)
    };
    let mut scopes = world.deployments.iter().map(|one| one.scope);
    let is_somewhere = scopes.any(|scope| own(scope) || of_the_key(scope));
    let doubt = none_known || unsound || !is_somewhere;
    let mut codes = BTreeSet::new();
    codes.insert(match () {
        () if holds || alive => 1,
        () if blind || doubt => 3,
        () => 0,
    });
    // A key that nobody knows may be looked for by its exact bytes alone.
    if (worst == Sight::HoldsUnseen && !alive)
        || (holds && none_known)
        || (all_dead && (holds || alive))
    {
        codes.extend([1, 3]);
    }
    let held = worst >= Sight::HoldsUnseen || alive;
    if (open || elsewhere) && !held {
        codes.insert(3);
        // What is open is never safer than what is known.
        if open && !blind && !doubt {
            codes.insert(0);
        }
    }
    (codes, faults)
}

/// Whose keys are asked about: the project's and its environments', and "those who share a key also share its earlier
/// keys".
fn asked_of(world: &World, project: &str) -> BTreeSet<usize> {
    let title = |scope: &Scope| match &scope.environment {
        Some(environment) => format!("{}/{environment}", scope.project),
        None => scope.project.clone(),
    };
    let names = |one: &Scope, other: &Scope| one.same_key_as.as_deref() == Some(&title(other));
    let all = || world.scopes.iter().enumerate();
    let own = all().filter(|(_, scope)| scope.project == project);
    let mut of: BTreeSet<usize> = own.map(|(index, _)| index).collect();
    loop {
        let is_linked = |scope: &Scope| {
            let mut known = of.iter().map(|&known| &world.scopes[known]);
            known.any(|known| names(known, scope) || names(scope, known))
        };
        let more: Vec<usize> = all()
            .filter(|(index, scope)| !of.contains(index) && is_linked(scope))
            .map(|(index, _)| index)
            .collect();
        if more.is_empty() {
            return of;
        }
        of.extend(more);
    }
}

fn is_embedded(content: &Content) -> bool {
    matches!(content, Content::Bytes(_, Made::Keys(_, form)) if form.kind == Kind::Embedded)
}

fn sees(
    hop: &Hop,
    content: &Content,
    asked: &BTreeSet<&str>,
    keyring: &[Entry<'_>],
    verdicts: &[Verdict],
) -> Sight {
    if let Content::Bytes(_, Made::Keys(keys, form)) = content
        && keys.iter().any(|key| asked.contains(key.as_str()))
    {
        // "Hops are still matched against all other known keys": whether what an unsound reference holds is
        // found in another form is left open. As it stands it has the fingerprint that is asked for.
        let is_known = |key: &String| {
            let mut sure = keyring.iter().filter(|entry| entry.sure);
            asked.contains(key.as_str()) && sure.any(|entry| entry.key == key)
        };
        let is_found = form.kind == Kind::Exact || keys.iter().any(is_known);
        // Where it may be taken for something else, it is at least not explained.
        let names_a_key = |verdict: &Verdict| {
            matches!(
                verdict,
                Verdict::Revoked
                    | Verdict::Stale
                    | Verdict::WrongProject
                    | Verdict::Malformed
                    | Verdict::Current
            )
        };
        let sure = is_found && verdicts.iter().all(names_a_key);
        return if sure {
            Sight::Holds
        } else {
            Sight::HoldsUnseen
        };
    }
    let empty = match content {
        Content::Bytes(_, Made::Keys(..) | Made::Stranger) => false,
        Content::Bytes(..) | Content::Absent => true,
        Content::Failed | Content::Open => return Sight::Blind,
    };
    if empty && hop.stage == Stage::Running {
        return Sight::Blind;
    }
    if let Content::Bytes(_, Made::Stranger | Made::Encrypted | Made::Address) = content {
        // An unexplained value is never clear, whatever is expected there, and what stands for a key that
        // was not seen is not, either.
        return Sight::Blind;
    }
    let blind = verdicts
        .iter()
        .filter(|verdict| is_blind(**verdict))
        .count();
    if matches!(hop.seen, Seen::Fingerprint(_)) && empty && blind > 0 {
        return Sight::Open;
    }
    match blind {
        // A value that may be a known key, and passes as none if it is not.
        0 if verdicts.contains(&Verdict::NotRequired) && !empty => {
            let passes = verdicts.iter().all(|one| *one == Verdict::NotRequired);
            if passes { Sight::Blind } else { Sight::Open }
        }
        0 => Sight::Clear,
        all if all == verdicts.len() => Sight::Blind,
        _ => Sight::Open,
    }
}

fn is_blind(verdict: Verdict) -> bool {
    matches!(
        verdict,
        Verdict::Unknown | Verdict::Unreachable | Verdict::Unverified
    )
}

/// What is wrong with how this hop is listed, or is not.
fn listed(answer: &Value, deployment: &str, hop: usize, sight: Sight) -> Option<String> {
    let is_in = |list: &str| {
        answer[list]
            .as_array()
            .into_iter()
            .flatten()
            .any(|row| row["deployment"] == deployment && row["hop"] == hop)
    };
    let (holder, blind) = (is_in("holders"), is_in("blind_spots"));
    let right = match sight {
        Sight::Holds => holder,
        Sight::HoldsUnseen => holder || blind,
        Sight::Blind => blind && !holder,
        // The last hop of a route that is nothing but the reference is a blind spot, too.
        Sight::Clear => !holder,
        Sight::Open => true,
    };
    (!right).then(|| {
        format!("hop {hop} of {deployment} {sight:?}, but holder: {holder}, blind: {blind}")
    })
}
