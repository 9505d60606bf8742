use std::io::{self, Write};

use super::config::counted;
use crate::audit::Plans;
use crate::fetch::Planned;
use crate::keyring::Scrubber;
use crate::text::Escaped;

/// How many characters of a request are shown.
const MOST_SHOWN: usize = 400;

/// Writes what an audit would ask of whom.
pub(super) fn write(plans: &Plans, scrubber: &Scrubber, out: &mut dyn Write) -> io::Result<()> {
    section(
        "for the known keys of all projects",
        &plans.known_keys,
        scrubber,
        out,
    )?;
    section("for the hops, beside those", &plans.hops, scrubber, out)?;
    if !plans.later.is_empty() || plans.histories > 0 {
        writeln!(out, "as the answers tell")?;
    }
    for (source, (what, places)) in &plans.later {
        let places = counted(*places, "place");
        writeln!(out, "  {source}, {places}: {what}")?;
    }
    if plans.histories > 0 {
        let references = counted(plans.histories, "reference");
        writeln!(
            out,
            "  earlier versions of {references}: where no known key explains a value, or a hop behind \
             it is judged by its time"
        )?;
    }
    writeln!(out, "nothing was asked")
}

fn section(
    title: &str,
    planned: &[Planned],
    scrubber: &Scrubber,
    out: &mut dyn Write,
) -> io::Result<()> {
    // A place may be named like a key, by way of a variable.
    let shown = |ask: &str| scrubber.text(ask.as_bytes(), MOST_SHOWN);
    let calls: usize = planned.iter().map(|store| store.calls.len()).sum();
    let requests: usize = planned.iter().map(Planned::requests).sum();
    writeln!(out, "{title}: {}", counts(requests, calls))?;
    for store in planned {
        write!(out, "  {}", store.platform)?;
        if let Some(name) = &store.store {
            write!(out, ":{}", Escaped(name))?;
        }
        writeln!(out, ", {}", counts(store.requests(), store.calls.len()))?;
        for call in &store.calls {
            match &call[..] {
                [only] => writeln!(out, "    {}", shown(only))?,
                several => {
                    writeln!(out, "    one call for {}:", several.len())?;
                    for ask in several {
                        writeln!(out, "      {}", shown(ask))?;
                    }
                }
            }
        }
    }
    Ok(())
}

fn counts(requests: usize, calls: usize) -> String {
    format!(
        "{} in {}",
        counted(requests, "request"),
        counted(calls, "call")
    )
}
