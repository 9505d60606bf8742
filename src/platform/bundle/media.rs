//! Images, fonts, sound and film: recognised by how they begin, and read up to where they end. No build
//! writes a variable into them, but anything may have been appended.

use std::io::{self, BufRead, Read};

use zeroize::Zeroizing;

use super::appended::Appended;
use super::{png, streams};

/// How one is laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Media {
    Png,
    Jpeg,
    Gif,
    /// ISO base media: MP4, QuickTime, AVIF, HEIC, JPEG XL.
    Boxes,
    /// WebP, WAV, AVI.
    Riff,
    /// Its header says how many bytes it has.
    Sized(u64),
    Ogg,
    /// Matroska and WebM.
    Ebml,
    /// It does not say where it ends, and is compressed in a way of its own.
    Unending,
    /// The same, but parts of it may be compressed as files are.
    Opaque,
}

/// What was met on the way through one.
#[derive(Default)]
pub(super) struct Met {
    /// Texts in it that are compressed by zlib.
    pub compressed: Vec<Zeroizing<Vec<u8>>>,
    /// How far from where it begins something begins that is packed, and may have been appended.
    pub appended: Option<u64>,
}

/// Signs at the start of those that do not say where they end.
const UNENDING: &[&[u8]] = &[
    b"\xff\x0a",
    b"icns",
    b"8BPS",
    b"qoif",
    b"ttcf",
    b"ID3\x02",
    b"ID3\x03",
    b"ID3\x04",
    b"fLaC",
    b"MThd",
    b"FLV\x01",
    b"\0\0\x01\xba",
    b"\xabKTX 1",
    b"DDS ",
];

/// Likewise, of those that may be compressed by zstd.
const OPAQUE: &[&[u8]] = &[b"II*\0", b"MM\0*", b"\xabKTX 2"];

impl Media {
    /// Told by the first bytes.
    pub fn of(head: &[u8]) -> Option<Self> {
        let starts = |sign: &[u8]| head.starts_with(sign);
        let little = |at: usize| Some(u32::from_le_bytes(*head.get(at..)?.first_chunk()?));
        let big = |at: usize| Some(u32::from_be_bytes(*head.get(at..)?.first_chunk()?));
        let sized = |bytes: Option<u32>| bytes.map(|bytes| Self::Sized(bytes.into()));
        if starts(b"\x89PNG\r\n\x1a\n") {
            return Some(Self::Png);
        }
        if starts(b"\xff\xd8\xff") {
            return Some(Self::Jpeg);
        }
        if starts(b"GIF87a") || starts(b"GIF89a") {
            return Some(Self::Gif);
        }
        if head.get(4..8) == Some(b"ftyp") || starts(b"\0\0\0\x0cJXL \r\n\x87\n") {
            return Some(Self::Boxes);
        }
        if starts(b"RIFF")
            && [b"WEBP", b"WAVE", b"AVI "]
                .iter()
                .any(|kind| head.get(8..12) == Some(*kind))
        {
            return Some(Self::Riff);
        }
        if starts(b"OggS\0") {
            return Some(Self::Ogg);
        }
        if starts(b"\x1aE\xdf\xa3") {
            return Some(Self::Ebml);
        }
        if OPAQUE.iter().any(|sign| starts(sign)) {
            return Some(Self::Opaque);
        }
        if starts(b"wOFF") || starts(b"wOF2") {
            return sized(big(8));
        }
        if starts(b"OTTO") || starts(b"\0\x01\0\0") || starts(b"true\0") {
            return font(head);
        }
        if head.get(34..36) == Some(b"LP")
            && head
                .get(8..11)
                .is_some_and(|version| matches!(version, [0..=2, 0, 1 | 2]))
        {
            return sized(little(0));
        }
        if starts(b"BM") && little(6) == Some(0) {
            return sized(little(2));
        }
        if starts(b"\0\0\x01\0") || starts(b"\0\0\x02\0") {
            return icon(head);
        }
        // A frame of MPEG audio or of AAC, and packets of an MPEG stream.
        let is_audio = matches!(head, [0xff, 0xfb | 0xfa | 0xf3 | 0xf2 | 0xf1 | 0xf9, third, ..] if third >> 4 != 15);
        let is_stream = head.len() > 376 && [0, 188, 376].iter().all(|at| head[*at] == b'G');
        let is_unending = is_audio || is_stream || UNENDING.iter().any(|sign| starts(sign));
        is_unending.then_some(Self::Unending)
    }

    /// Reads up to its end, and a few bytes more where only those tell that it ended. What is not laid out
    /// as it should be ends there too.
    pub fn skip(self, reader: &mut impl BufRead, met: &mut Met) -> io::Result<()> {
        match self {
            Self::Png => png::read(reader, &mut met.compressed),
            Self::Ogg => streams::ogg(reader),
            Self::Ebml => streams::ebml(reader),
            Self::Jpeg => jpeg(reader),
            Self::Gif => gif(reader),
            Self::Boxes => boxes(reader),
            Self::Riff => riff(reader),
            Self::Sized(bytes) => skip(reader, bytes),
            Self::Unending => {
                let mut appended = Appended::default();
                io::copy(reader, &mut appended)?;
                met.appended = appended.first();
                Ok(())
            }
            Self::Opaque => skip(reader, u64::MAX),
        }
    }
}

/// The tables of a font.
fn font(head: &[u8]) -> Option<Media> {
    let count = usize::from(u16::from_be_bytes(*head.get(4..)?.first_chunk()?));
    let tables = head[12..].as_chunks::<16>().0;
    let end = |table: &[u8; 16]| {
        let number = |at: usize| {
            table[at..]
                .first_chunk()
                .map(|bytes| u64::from(u32::from_be_bytes(*bytes)))
        };
        Some(number(8)? + number(12)?)
    };
    let is_name = |table: &[u8; 16]| table[..4].iter().all(|byte| (b' '..=b'~').contains(byte));
    let listed = tables.get(..count.min(tables.len()))?;
    if listed.is_empty() || !listed.iter().all(is_name) {
        return None;
    }
    match count > listed.len() {
        true => Some(Media::Unending),
        false => Some(Media::Sized(
            listed.iter().filter_map(end).max()?.next_multiple_of(4),
        )),
    }
}

/// The pictures of an icon or a cursor.
fn icon(head: &[u8]) -> Option<Media> {
    let count = usize::from(u16::from_le_bytes(*head.get(4..)?.first_chunk()?));
    let pictures = head[6..].as_chunks::<16>().0.get(..count)?;
    let end = |picture: &[u8; 16]| {
        let number = |at: usize| {
            picture[at..]
                .first_chunk()
                .map(|bytes| u64::from(u32::from_le_bytes(*bytes)))
        };
        Some(number(8)? + number(12)?)
    };
    pictures.iter().filter_map(end).max().map(Media::Sized)
}

fn jpeg(reader: &mut impl BufRead) -> io::Result<()> {
    skip(reader, 2)?;
    let mut marker = take::<2>(reader)?;
    while let Some([0xff, kind]) = marker {
        match kind {
            0xd9 => return Ok(()),
            // It is filled up.
            0xff => {
                marker = take::<1>(reader)?.map(|[kind]| [0xff, kind]);
                continue;
            }
            0x01 | 0xd0..=0xd7 => {}
            _ => {
                let Some(length) = take::<2>(reader)? else {
                    break;
                };
                skip(
                    reader,
                    u64::from(u16::from_be_bytes(length)).saturating_sub(2),
                )?;
            }
        }
        marker = match kind {
            0xda => coded(reader)?,
            _ => take::<2>(reader)?,
        };
    }
    Ok(())
}

/// The marker behind the coded part of a picture.
fn coded(reader: &mut impl BufRead) -> io::Result<Option<[u8; 2]>> {
    loop {
        reader.skip_until(0xff)?;
        let Some([kind]) = take::<1>(reader)? else {
            return Ok(None);
        };
        if !matches!(kind, 0 | 0xd0..=0xd7) {
            return Ok(Some([0xff, kind]));
        }
    }
}

fn gif(reader: &mut impl BufRead) -> io::Result<()> {
    let Some(screen) = take::<13>(reader)? else {
        return Ok(());
    };
    palette(reader, screen[10])?;
    loop {
        match take::<1>(reader)? {
            Some([b'!']) => skip(reader, 1)?,
            Some([b',']) => {
                let Some(picture) = take::<9>(reader)? else {
                    return Ok(());
                };
                palette(reader, picture[8])?;
                skip(reader, 1)?;
            }
            _ => return Ok(()),
        }
        while let Some([length @ 1..=255]) = take::<1>(reader)? {
            skip(reader, length.into())?;
        }
    }
}

fn palette(reader: &mut impl BufRead, flags: u8) -> io::Result<()> {
    match flags & 0x80 {
        0 => Ok(()),
        _ => skip(reader, 3 << ((flags & 7) + 1)),
    }
}

/// What stands side by side in a file of boxes.
const BOXES: &[&[u8; 4]] = &[
    b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide", b"meta", b"moof", b"mfra", b"sidx",
    b"ssix", b"styp", b"emsg", b"prft", b"pdin", b"uuid", b"udta", b"pnot", b"JXL ", b"jxlc",
    b"jxlp", b"jxll", b"jbrd", b"jumb", b"brob", b"Exif", b"xml ",
];

fn boxes(reader: &mut impl BufRead) -> io::Result<()> {
    while let Some([a, b, c, d, kind @ ..]) = take::<8>(reader)? {
        if !BOXES.contains(&&kind) {
            break;
        }
        let rest = match u32::from_be_bytes([a, b, c, d]) {
            0 => u64::MAX,
            1 => match take::<8>(reader)? {
                Some(large) => u64::from_be_bytes(large).saturating_sub(16),
                None => break,
            },
            size => u64::from(size).saturating_sub(8),
        };
        skip(reader, rest)?;
    }
    Ok(())
}

fn riff(reader: &mut impl BufRead) -> io::Result<()> {
    // A long film has several.
    while let Some([b'R', b'I', b'F', b'F', a, b, c, d]) = take::<8>(reader)? {
        let bytes = u64::from(u32::from_le_bytes([a, b, c, d]));
        skip(reader, bytes.next_multiple_of(2))?;
    }
    Ok(())
}

pub(super) fn skip(reader: &mut impl BufRead, bytes: u64) -> io::Result<()> {
    io::copy(&mut reader.take(bytes), &mut io::sink()).map(drop)
}

/// The next bytes, if there are so many.
pub(super) fn take<const N: usize>(reader: &mut impl BufRead) -> io::Result<Option<[u8; N]>> {
    let mut bytes = [0; N];
    match reader.read_exact(&mut bytes) {
        Ok(()) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(None),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn png() -> Vec<u8> {
        let chunk = |kind: &[u8], data: &[u8]| {
            [
                &(data.len() as u32).to_be_bytes(),
                kind,
                data,
                b"\x01\x02\x03\x04",
            ]
            .concat()
        };
        let parts = [
            b"\x89PNG\r\n\x1a\n".to_vec(),
            chunk(b"IHDR", &[0, 0, 0, 1, 0, 0, 0, 1, 8, 2, 0, 0, 0]),
            chunk(b"IDAT", b"\x78\x9cIEND"),
            chunk(b"IEND", b""),
        ];
        parts.concat()
    }

    /// A page with a packet of this many bytes.
    fn ogg(bytes: u8) -> Vec<u8> {
        let head = [&b"OggS\0\x02"[..], &[7; 20], &[1, bytes]].concat();
        [head, vec![b'a'; bytes.into()]].concat()
    }

    /// A segment with a cluster in it, of these sizes.
    fn webm(segment: u8, cluster: u8) -> Vec<u8> {
        let parts = [
            &b"\x1aE\xdf\xa3\x82ab"[..],
            b"\x18\x53\x80\x67",
            &[segment],
            b"\x1f\x43\xb6\x75",
            &[cluster],
            b"\xe7\x80",
        ];
        parts.concat()
    }

    fn others() -> Vec<(&'static str, Vec<u8>)> {
        let frame = b"\xff\xd8\xff\xe0\0\x04ab\xff\xdb\0\x03c\xff\xda\0\x04de\x01\xff\0\xff\xd0\x02\xff\xff\xd9";
        let boxes = b"\0\0\0\x10ftypavif\0\0\0\0\0\0\0\x01mdat\0\0\0\0\0\0\0\x13\x01\x02\x03";
        let gif = b"GIF89a\x01\0\x01\0\x80\0\0\x01\x02\x03\x04\x05\x06!\xf9\x02\x01\x02\0,\0\0\0\0\x01\0\x01\0\0\x02\x02\x4c\x01\0;";
        vec![
            ("jpeg", frame.to_vec()),
            ("gif", gif.to_vec()),
            ("ogg", [&ogg(5)[..], &ogg(0)].concat()),
            ("webm", webm(0x87, 0x82)),
            ("live webm", webm(0xff, 0xff)),
            ("avif", boxes.to_vec()),
            ("webp", b"RIFF\x0d\0\0\0WEBPVP8 \x01\0\0\0\x2f\0".to_vec()),
            ("woff2", b"wOF2\0\x01\0\0\0\0\0\x0eab".to_vec()),
            (
                "ttf",
                b"\0\x01\0\0\0\x01\0\x10\0\0\0\0glyf\0\0\0\0\0\0\0\x1c\0\0\0\x03abc\0".to_vec(),
            ),
            ("bmp", b"BM\x0c\0\0\0\0\0\0\0ab".to_vec()),
            (
                "ico",
                b"\0\0\x01\0\x01\0\x10\x10\0\0\x01\0\x20\0\x02\0\0\0\x16\0\0\0ab".to_vec(),
            ),
        ]
    }

    #[test]
    fn media_are_read_up_to_their_ends() {
        for (name, bytes) in others().into_iter().chain([("png", png())]) {
            let media = Media::of(&bytes).unwrap_or_else(|| panic!("{name} is not known"));
            for behind in [&b""[..], b"\x1f\x8b\x08 and more, of which nobody knows"] {
                let whole = [&bytes, behind].concat();
                // However little is read at once.
                let mut reader = io::BufReader::with_capacity(12, &*whole);
                media.skip(&mut reader, &mut Met::default()).unwrap();
                let mut rest = Vec::new();
                reader.read_to_end(&mut rest).unwrap();
                let few = behind.len() - rest.len();
                assert!(behind.ends_with(&rest) && few <= 8, "{name}: {rest:?}");
            }
            let mut cut = &bytes[..bytes.len() / 2];
            media.skip(&mut cut, &mut Met::default()).unwrap();
            assert!(cut.is_empty(), "{name}");
        }
    }

    #[test]
    fn what_only_begins_like_media_is_none() {
        for bytes in [
            &b"const a=1"[..],
            b"BM is a text",
            b"\0\0\x01\0\xff\xff",
            b"\0\x01\0\0\0\x01\0\x10\0\0\0\0\x01\x02\x03\x04",
            b"RIFF and raff",
            b"\x78\x9c\x01\x02",
            b"",
        ] {
            assert_eq!(Media::of(bytes), None, "{bytes:?}");
        }
    }
}
