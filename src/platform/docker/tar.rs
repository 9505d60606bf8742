//! The first file in a tar archive, as an engine sends it: one entry, perhaps after headers that only
//! say more of it.

use crate::platform::MAX_BYTES;

const BLOCK: usize = 512;

/// What the first entry is.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Entry<'a> {
    /// A regular file: its bytes, and when it last changed, in seconds since 1970.
    File(&'a [u8], u64),
    /// A symbolic link.
    Link,
    /// A directory, a device, a pipe.
    Other,
}

/// The first entry; `None` where the archive is none, or is cut short.
pub(super) fn first(mut archive: &[u8]) -> Option<Entry<'_>> {
    loop {
        let header = archive.get(..BLOCK)?;
        let size = usize::try_from(number(&header[124..136])?).ok()?;
        let rest = &archive[BLOCK..];
        match header[156] {
            b'0' | 0 => {
                let changed = number(&header[136..148])?;
                return Some(Entry::File(rest.get(..size)?, changed));
            }
            b'2' => return Some(Entry::Link),
            // More on the entry that follows: a long name, a time in fractions.
            b'x' | b'g' | b'L' | b'K' if size <= MAX_BYTES => {
                archive = rest.get(size.next_multiple_of(BLOCK)..)?;
            }
            _ => return Some(Entry::Other),
        }
    }
}

/// Octal digits, with blanks or NULs around them.
fn number(field: &[u8]) -> Option<u64> {
    let text = std::str::from_utf8(field).ok()?;
    let text = text.trim_matches([' ', '\0']);
    match text {
        "" => Some(0),
        text => u64::from_str_radix(text, 8).ok(),
    }
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    /// What the real tar makes of a folder's entry.
    fn archive(format: &str, folder: &std::path::Path, name: &str) -> Vec<u8> {
        let output = Command::new("tar")
            .args(["--format", format, "-cf", "-", "-C"])
            .arg(folder)
            .arg(name)
            .output()
            .unwrap();
        assert!(output.status.success());
        output.stdout
    }

    #[test]
    fn what_tar_writes_is_read_in_every_format() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        let long = "n".repeat(200);
        for name in ["key", "empty", &long] {
            let text = if name == "empty" { "" } else { "s3cret\n" };
            std::fs::write(folder.join(name), text).unwrap();
        }
        std::fs::create_dir(folder.join("folder")).unwrap();
        std::os::unix::fs::symlink("key", folder.join("link")).unwrap();
        for format in ["gnu", "pax", "ustar"] {
            let first_of = |name: &str| {
                let archive = archive(format, folder, name);
                match first(&archive) {
                    Some(Entry::File(bytes, changed)) => {
                        assert!(changed > 1_700_000_000);
                        String::from_utf8(bytes.to_vec()).unwrap()
                    }
                    other => format!("{other:?}"),
                }
            };
            assert_eq!(first_of("key"), "s3cret\n");
            assert_eq!(first_of("empty"), "");
            assert_eq!(first_of("link"), "Some(Link)");
            assert_eq!(first_of("folder"), "Some(Other)");
            if format != "ustar" {
                assert_eq!(first_of(&long), "s3cret\n");
            }
        }
    }

    #[test]
    fn what_is_cut_short_or_no_archive_is_nothing() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("key"), "s3cret").unwrap();
        let whole = archive("ustar", folder.path(), "key");
        for cut in 0..BLOCK + 6 {
            assert_eq!(first(&whole[..cut]), None, "{cut}");
        }
        assert_eq!(first(&[b'9'; 2 * BLOCK]), None);
        let mut endless = whole.clone();
        endless[124..136].copy_from_slice(b"77777777777\0");
        assert_eq!(first(&endless), None);
    }
}
