//! What a file is packed with, told by how it begins.

use std::path::Path;

/// How many bytes a file shows at its start.
pub(super) const HEAD: usize = 512;

/// How a file holds what is in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Packed {
    /// As it is.
    Plain,
    Zip,
    Tar,
    Gzip,
    Brotli,
    Zstd,
    /// In a way that is not opened; its name.
    Closed(&'static str),
}

/// What is a zip file whatever it begins with: some have a program before it.
const ZIPS: &[&str] = &[
    "zip", "jar", "war", "ear", "apk", "aab", "ipa", "xpi", "crx", "nupkg", "whl", "vsix",
];

/// What is never opened, and how it begins.
const CLOSED: &[(&[u8], &str)] = &[
    (b"7z\xbc\xaf\x27\x1c", "7z"),
    (b"Rar!\x1a\x07", "rar"),
    (b"\xfd7zXZ\0", "xz"),
    (b"\x04\x22\x4d\x18", "lz4"),
    (b"\x1f\x9d", "compress"),
    (b"LZIP", "lzip"),
    (b"MSCF\0\0\0\0", "cab"),
    (b"\xed\xab\xee\xdb", "rpm"),
    (b"hsqs", "squashfs"),
    (b"!<arch>\ndebian-binary", "deb"),
];

impl Packed {
    /// Told by a file's name and its first bytes, [`HEAD`] of them if there are so many.
    pub fn of(name: &Path, head: &[u8]) -> Self {
        if head.is_empty() {
            return Self::Plain;
        }
        let ending = name.extension().and_then(|ending| ending.to_str());
        let ending = ending.unwrap_or_default().to_ascii_lowercase();
        let starts = |sign: &[u8]| head.starts_with(sign);
        if starts(b"\x1f\x8b\x08") {
            return Self::Gzip;
        }
        if starts(b"\x28\xb5\x2f\xfd") {
            return Self::Zstd;
        }
        if starts(b"PK\x03\x04") || starts(b"PK\x05\x06") || ZIPS.contains(&&*ending) {
            return Self::Zip;
        }
        if head.get(257..262) == Some(b"ustar") {
            return Self::Tar;
        }
        if starts(b"BZh") && head.get(4..10) == Some(b"1AY&SY") {
            return Self::Closed("bzip2");
        }
        if let Some((_, name)) = CLOSED.iter().find(|(sign, _)| starts(sign)) {
            return Self::Closed(name);
        }
        match &*ending {
            // It begins with nothing of its own.
            "br" => Self::Brotli,
            "7z" => Self::Closed("7z"),
            "rar" => Self::Closed("rar"),
            _ => Self::Plain,
        }
    }

    /// Its name for people.
    pub fn name(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Zip => "zip",
            Self::Tar => "tar",
            Self::Gzip => "gzip",
            Self::Brotli => "brotli",
            Self::Zstd => "zstd",
            Self::Closed(name) => name,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_file_begins_with_tells_more_than_its_name() {
        let mut tar = vec![b'a'; HEAD];
        tar[257..262].copy_from_slice(b"ustar");
        for (name, head, expected) in [
            ("a.js", &b"const a=1"[..], Packed::Plain),
            ("a.js.gz", b"const a=1", Packed::Plain),
            ("a.bin", b"\x1f\x8b\x08\0", Packed::Gzip),
            ("a", b"PK\x03\x04", Packed::Zip),
            ("App.IPA", b"MZ", Packed::Zip),
            ("a.jar", b"", Packed::Plain),
            ("a", &tar, Packed::Tar),
            ("a.js.br", b"\x0b\x02", Packed::Brotli),
            ("a", b"\x28\xb5\x2f\xfd", Packed::Zstd),
            ("a.txt", b"7z\xbc\xaf\x27\x1c", Packed::Closed("7z")),
            ("a", b"BZh91AY&SY", Packed::Closed("bzip2")),
            ("a.rar", b"x", Packed::Closed("rar")),
            ("app.asar", b"\x04\0\0\0", Packed::Plain),
        ] {
            assert_eq!(Packed::of(Path::new(name), head), expected, "{name}");
        }
    }
}
