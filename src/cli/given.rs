use std::fmt;

use super::exit::Failure;
use super::{stdin, terminal};
use crate::inventory::{Inventory, Origin, Previous};
use crate::key::Secret;
use crate::text::escape;

/// Keys that are piped in.
#[derive(clap::Args)]
#[command(next_help_heading = "Keys")]
pub(super) struct KeyFlags {
    /// Read this project's current key from standard input instead of its place: `checkout=-`, or
    /// `checkout/staging=-`
    #[arg(long, value_name = "PROJECT=-", value_parser = project)]
    current: Option<String>,

    /// Read a previous key of this project from standard input
    #[arg(long, value_name = "PROJECT=-", conflicts_with = "current", value_parser = project)]
    previous: Option<String>,
}

/// What stands behind the sign may be a key by mistake, so it is never repeated.
fn project(text: &str) -> Result<String, String> {
    let name = text.strip_suffix("=-").ok_or(
        "expected PROJECT=- with the key on standard input; everybody can see what stands on a \
         command line",
    )?;
    Ok(name.to_owned())
}

/// How a key that was piped in was taken.
struct Given {
    project: String,
    role: &'static str,
    note: &'static str,
}

impl fmt::Display for Given {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "the {} key of {}: {}",
            self.role,
            escape(&self.project),
            self.note
        )?;
        // The next audit by itself knows nothing of the pipe, and would say that nothing happened.
        match self.role {
            "current" => f.write_str(
                "; it counts for this run alone, and an audit without --current compares with what the \
                 reference's place holds",
            ),
            _ => Ok(()),
        }
    }
}

impl KeyFlags {
    /// Reads the key that is piped in, if any, into the inventory, and says how it was taken.
    ///
    /// # Errors
    ///
    /// An unknown project, and whatever standard input has to say.
    pub(super) fn take(&self, inventory: &mut Inventory, quiet: bool) -> Result<(), Failure> {
        let given = self.read(inventory)?;
        if let (Some(given), false) = (given, quiet) {
            terminal::say(&given.to_string());
        }
        Ok(())
    }

    fn read(&self, inventory: &mut Inventory) -> Result<Option<Given>, Failure> {
        let (name, role) = match (&self.current, &self.previous) {
            (Some(name), _) => (name, "current"),
            (_, Some(name)) => (name, "previous"),
            _ => return Ok(None),
        };
        let id = inventory
            .project_named(name)
            .map_err(|error| Failure::usage(format!("--{role}: {error}")))?;
        let (secret, note) = without_line_end(stdin::read()?);
        let project = &mut inventory.projects[id.0 as usize];
        let origin = Origin::Given {
            secret,
            note: Some(note.into()),
        };
        if role == "current" {
            project.current = origin;
        } else {
            let site = project.site;
            let previous = Previous {
                origin,
                rotated_at: None,
                revoked_at: None,
                site,
            };
            project.previous.insert(0, previous);
        }
        Ok(Some(Given {
            project: project.title(),
            role,
            note,
        }))
    }
}

/// A pipe's last line end is the program's that wrote it, not the key's.
fn without_line_end(secret: Secret) -> (Secret, &'static str) {
    let bytes = secret.expose();
    let (bytes, note) = if let Some(bytes) = bytes.strip_suffix(b"\r\n") {
        (
            bytes,
            "read from standard input; one trailing CRLF was removed",
        )
    } else if let Some(bytes) = bytes.strip_suffix(b"\n") {
        (
            bytes,
            "read from standard input; one trailing newline was removed",
        )
    } else {
        (bytes, "read from standard input, exactly as it came")
    };
    (Secret::copied(bytes), note)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exactly_one_line_end_goes_and_it_is_told() {
        for (piped, kept, told) in [
            ("key", "key", "exactly"),
            ("key\n", "key", "newline was removed"),
            ("key\r\n", "key", "CRLF was removed"),
            ("key\n\n", "key\n", "newline was removed"),
            ("key \n", "key ", "newline was removed"),
        ] {
            let (secret, note) = without_line_end(Secret::copied(piped.as_bytes()));
            assert_eq!(secret.expose(), kept.as_bytes());
            assert!(note.contains(told), "{note}");
        }
    }
}
