//! How a file holds what is in it, told by how it begins.

use std::path::Path;

use flate2::{Decompress, FlushDecompress, Status};
use zeroize::Zeroizing;

use super::media::Media;

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
    Zlib,
    /// Binary, with the texts in it as they are.
    Raw,
    Media(Media),
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
    (b"\x5d\0\0", "lzma"),
    (b"%PDF-", "pdf"),
    (b"PACK\0\0\0", "git pack"),
    (b"CWS", "swf"),
    (b"ZWS", "swf"),
];

/// Programs, databases and the like, whose texts stand in them as they are, and how they begin.
const RAW: &[&[u8]] = &[
    // ELF, Windows, macOS, and Java's classes, which begin like a program for several processors.
    b"\x7fELF",
    b"MZ",
    b"\xfe\xed\xfa\xce",
    b"\xfe\xed\xfa\xcf",
    b"\xce\xfa\xed\xfe",
    b"\xcf\xfa\xed\xfe",
    b"\xca\xfe\xba\xbe",
    b"\0asm",
    b"dex\n",
    b"!<arch>\n",
    // A database of SQLite, its log of both byte orders, the index of that, and its journal.
    b"SQLite format 3\0",
    b"\x37\x7f\x06\x82",
    b"\x37\x7f\x06\x83",
    b"\x18\xe2\x2d\0",
    b"\xd9\xd5\x05\xf9\x20\xa1\x63\xd7",
    b"bplist00",
    // Finder's .DS_Store, compiled translations of gettext, Git's index, webpack's cache, glTF.
    b"\0\0\0\x01Bud1",
    b"\xde\x12\x04\x95",
    b"\x95\x04\x12\xde",
    b"DIRC\0\0\0",
    b"wpc\x01",
    b"glTF",
    // The signature before an extension of Chrome.
    b"Cr24",
    // Android's manifest and resources.
    b"\x03\0\x08\0",
    b"\x02\0\x0c\0",
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
            _ if is_raw(head) => Self::Raw,
            _ if is_zlib(head) => Self::Zlib,
            _ => Media::of(head).map_or(Self::Plain, Self::Media),
        }
    }

    /// Its name for people.
    pub fn name(self) -> &'static str {
        match self {
            Self::Plain | Self::Raw => "plain",
            Self::Media(_) => "media",
            Self::Zlib => "zlib",
            Self::Zip => "zip",
            Self::Tar => "tar",
            Self::Gzip => "gzip",
            Self::Brotli => "brotli",
            Self::Zstd => "zstd",
            Self::Closed(name) => name,
        }
    }
}

fn is_raw(head: &[u8]) -> bool {
    // Python's compiled modules, and Electron's archives, which are a list in JSON with the files behind it.
    let is_pyc =
        head.get(2..4) == Some(b"\r\n") && matches!(head.get(4..8), Some([0..=3, 0, 0, 0]));
    let is_asar = head.starts_with(b"\x04\0\0\0") && head.get(16..18) == Some(b"{\"");
    is_pyc || is_asar || RAW.iter().any(|sign| head.starts_with(sign))
}

/// Whether it begins as zlib data does, and not only like its header, as text may.
fn is_zlib(head: &[u8]) -> bool {
    let is_header = matches!(head, [first, second, ..]
        if first & 0x0f == 8 && u16::from_be_bytes([*first, *second]).is_multiple_of(31));
    let mut start = Zeroizing::new([0; HEAD]);
    let mut stream = Decompress::new(true);
    is_header
        && match stream.decompress(head, &mut *start, FlushDecompress::None) {
            Ok(Status::StreamEnd) => true,
            // There is more of it.
            Ok(_) => head.len() == HEAD || stream.total_out() == HEAD as u64,
            Err(_) => false,
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
            (
                "app.asar",
                b"\x04\0\0\0\x20\0\0\0\x1c\0\0\0\x15\0\0\0{\"files\":{}}",
                Packed::Raw,
            ),
            ("a.bin", b"\x78\x9c\x4b\x04\0\0\x62\0\x62", Packed::Zlib),
            ("a.bin", b"\x78\x9c\x4b", Packed::Plain),
            ("a.js", b"x^=y;hC()", Packed::Plain),
            ("a.js", b"x()", Packed::Plain),
            ("a.png", b"PK\x03\x04", Packed::Zip),
            ("a.png", b"\x1f\x8b\x08\0", Packed::Gzip),
            ("a.js", b"\x89PNG\r\n\x1a\n", Packed::Media(Media::Png)),
            ("a", b"\x7fELF\x02", Packed::Raw),
            ("a.pyc", b"\xcb\x0d\x0d\x0a\0\0\0\0", Packed::Raw),
            ("a", b"%PDF-1.7", Packed::Closed("pdf")),
            ("a", b"\x5d\0\0\x80\0\xff", Packed::Closed("lzma")),
        ] {
            assert_eq!(Packed::of(Path::new(name), head), expected, "{name}");
        }
    }
}
