//! Finds a name in a list that comes in pages.

use crate::platform::github::{Claim, Claims, Entry, Further, List, Names};
use crate::platform::{Asking, Attempt, Stop};
use crate::reading::{ErrorKind, ReadError};

/// What has this name, `None` when the whole list was read and has none.
pub(super) fn entry<'a>(
    of: &Names,
    name: &str,
    asking: &Asking<'a>,
) -> Result<Result<Option<&'a Entry>, ReadError>, Stop> {
    let first = match asking.attempt(&List(of.clone()))? {
        Ok(page) => page,
        Err(error) => return Ok(Err(error.clone())),
    };
    if let Some(entry) = first.get(name) {
        return Ok(Ok(Some(entry)));
    }
    let further = |page| Further {
        of: of.clone(),
        page,
    };
    let asks: Vec<_> = first.further().map(further).collect();
    let mut listed = first.len();
    for page in asking.all(&asks)? {
        match page {
            Ok(page) => match page.get(name) {
                Some(entry) => return Ok(Ok(Some(entry))),
                None => listed += page.len(),
            },
            Err(error) => return Ok(Err(error.clone())),
        }
    }
    Ok(whole(listed, first.total()).map(|()| None))
}

/// What the variable of this name says.
pub(super) fn claim<'a>(
    of: &Names,
    name: &str,
    asking: &Asking<'a>,
) -> Result<Result<Option<&'a Claim>, ReadError>, Stop> {
    let ask = |page| Claims {
        of: of.clone(),
        page,
    };
    let first = match asking.attempt(&ask(1))? {
        Ok(page) => page,
        Err(error) => return Ok(Err(error.clone())),
    };
    let mut pages: Vec<Attempt<'a, Claims>> = vec![Ok(first)];
    if first.get(name).is_none() {
        let asks: Vec<_> = first.further().map(ask).collect();
        pages.extend(asking.all(&asks)?);
    }
    let mut found = None;
    for page in pages {
        match page {
            Ok(page) => found = found.or_else(|| page.get(name)),
            Err(error) => return Ok(Err(error.clone())),
        }
    }
    Ok(Ok(found))
}

/// A list that lost names between two of its pages proves no absence.
fn whole(listed: usize, total: usize) -> Result<(), ReadError> {
    if listed >= total {
        return Ok(());
    }
    Err(ReadError::new(
        ErrorKind::Protocol,
        format!("GitHub listed {listed} of {total} names, none of which is the one"),
        "run again: the list may have changed while it was read",
    ))
}
