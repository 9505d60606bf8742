//! What may set a variable of a service, or take it away, and stands in no unit.

use std::path::Path;
use std::sync::Arc;

use crate::platform::files::{Glob, ReadFile};
use crate::platform::{Asking, Stop};
use crate::reading::{ErrorKind, Found, Reading, Taken};
use crate::text::escape;
use crate::verdict::Evidence;

/// Where systemd looks for its own configuration.
const FOLDERS: [&str; 5] = [
    "/etc/systemd",
    "/run/systemd",
    "/usr/local/lib/systemd",
    "/usr/lib/systemd",
    "/lib/systemd",
];

/// The first file of systemd's own configuration whose `ManagerEnvironment=` may set a variable that
/// `PassEnvironment=` hands on: it stands in no environment that systemd shows.
pub(super) fn managed(variable: &str, asking: &Asking<'_>) -> Result<Option<Arc<Path>>, Stop> {
    let globs = FOLDERS.map(|folder| Glob {
        pattern: Path::new(folder).join("system.conf.d/*.conf").into(),
    });
    let mut paths: Vec<Arc<Path>> = FOLDERS
        .map(|folder| Path::new(folder).join("system.conf").into())
        .into();
    for globbed in asking.all(&globs)? {
        let globbed = globbed.map_err(Clone::clone)?;
        if let Some((_, error)) = globbed.unseen.first() {
            return Err(error.clone().into());
        }
        paths.extend(globbed.files.iter().cloned());
    }
    let asks: Vec<_> = paths
        .iter()
        .map(|path| ReadFile {
            path: Arc::clone(path),
        })
        .collect();
    for (path, file) in paths.iter().zip(asking.all(&asks)?) {
        match file {
            Ok(Some(file)) if may_set(file.bytes.expose(), variable) => {
                return Ok(Some(Arc::clone(path)));
            }
            Ok(_) => {}
            // One that is no file, such as a link to /dev/null, hides others and says nothing.
            Err(error) if matches!(error.kind, ErrorKind::NotFound | ErrorKind::BadData) => {}
            Err(error) => return Err(error.clone().into()),
        }
    }
    Ok(None)
}

/// Whether a file of systemd's configuration has a `ManagerEnvironment=` that may name this variable. Others
/// may override it, and its escapes and specifiers are not worked out.
fn may_set(text: &[u8], variable: &str) -> bool {
    let names = |value: &[u8]| {
        let mut windows = value.windows(variable.len());
        value.iter().any(|byte| b"\\%".contains(byte))
            || windows.any(|window| window == variable.as_bytes())
    };
    // Whether the line before is one, and goes on.
    let mut goes_on = false;
    for line in text.split(|&byte| byte == b'\n') {
        let line = line.trim_ascii();
        if matches!(line.first(), Some(b'#' | b';')) {
            continue;
        }
        let value = match goes_on {
            true => Some(line),
            false => line
                .strip_prefix(b"ManagerEnvironment")
                .and_then(|rest| rest.trim_ascii_start().strip_prefix(b"=")),
        };
        let Some(value) = value else {
            continue;
        };
        let ended = value.strip_suffix(b"\\");
        goes_on = ended.is_some();
        if names(ended.unwrap_or(value)) {
            return true;
        }
    }
    false
}

/// What a unit gives where PAM has the last word, which opens a session as this service.
pub(super) fn under_pam(found: Found, pam: &str) -> Reading {
    let why = format!(
        "PAM may set another value or take it away, for the unit says `PAMName={}` and shows nothing of that; look at \
         `stage: running`",
        escape(pam)
    );
    Reading::new(Found::Hidden {
        fixed_at: None,
        why: why.into(),
        taken_for: match found {
            Found::Value(_) => Some(Box::new(Taken {
                found,
                evidence: Evidence::Timestamp,
            })),
            _ => None,
        },
    })
}

/// What is to be done beside mending the unit.
pub(super) fn mend_pam(pam: &str) -> String {
    format!(
        "if what runs then still has something else, PAM gives it that: /etc/pam.d/{} says from where, such as \
         /etc/environment for pam_env",
        escape(pam)
    )
}

#[cfg(test)]
mod tests {
    use super::may_set;

    #[test]
    fn a_line_that_may_name_the_variable_is_found() {
        for (text, may) in [
            ("[Manager]\nManagerEnvironment=KEY=x\n", true),
            (
                "[Manager]\n  ManagerEnvironment = \"A=1\" 'KEY=x y'\n",
                true,
            ),
            ("ManagerEnvironment=A=1 \\\n  # told\n  KEY=x\n", true),
            (
                "ManagerEnvironment=A=1 \\\n B=2\nDefaultEnvironment=KEY=x\n",
                false,
            ),
            ("ManagerEnvironment=\\x4bEY=x\n", true),
            ("ManagerEnvironment=%H=x\n", true),
            (
                "#ManagerEnvironment=KEY=x\n;ManagerEnvironment=KEY=x\n",
                false,
            ),
            ("ManagerEnvironment=\nManagerEnvironment=A=1\n", false),
            (
                "ManagerEnvironments=KEY=x\nDefaultEnvironment=KEY=x\n",
                false,
            ),
            ("", false),
        ] {
            assert_eq!(may_set(text.as_bytes(), "KEY"), may, "{text:?}");
        }
    }
}
