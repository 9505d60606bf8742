//! PNG: its chunks up to the last, and those whose text is compressed.

use std::io::{self, BufRead, Read};

use zeroize::Zeroizing;

use super::media::{skip, take};

/// The largest chunk of text that is taken whole; what is cut is damaged to whoever unpacks it.
const LARGEST: u64 = 16 << 20;

/// Reads up to the end, and collects what is compressed.
pub(super) fn read(
    reader: &mut impl BufRead,
    compressed: &mut Vec<Zeroizing<Vec<u8>>>,
) -> io::Result<()> {
    skip(reader, 8)?;
    while let Some([a, b, c, d, kind @ ..]) = take::<8>(reader)?
        && kind.iter().all(u8::is_ascii_alphabetic)
    {
        let mut rest = u64::from(u32::from_be_bytes([a, b, c, d])) + 4;
        if matches!(&kind, b"zTXt" | b"iTXt" | b"iCCP") {
            let size = (rest - 4).min(LARGEST);
            let mut chunk = Zeroizing::new(Vec::new());
            reader.by_ref().take(size).read_to_end(&mut chunk)?;
            rest -= size;
            compressed.extend(packed(kind, &chunk).map(|text| Zeroizing::new(text.to_vec())));
        }
        skip(reader, rest)?;
        if &kind == b"IEND" {
            break;
        }
    }
    Ok(())
}

/// What of a chunk is compressed.
fn packed(kind: [u8; 4], chunk: &[u8]) -> Option<&[u8]> {
    let behind = |text: &[u8]| Some(text.iter().position(|&byte| byte == 0)? + 1);
    let (_, rest) = chunk.split_at(behind(chunk)?);
    if &kind != b"iTXt" {
        // The one method that there is.
        return rest.get(1..);
    }
    // Whether it is compressed, how, and in which language it and its name are.
    let [1, _, rest @ ..] = rest else {
        return None;
    };
    let rest = &rest[behind(rest)?..];
    Some(&rest[behind(rest)?..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_compressed_part_of_a_chunk_is_found() {
        for (kind, chunk, part) in [
            (b"zTXt", &b"Comment\0\0packed"[..], Some(&b"packed"[..])),
            (b"iCCP", b"icc\0\0packed", Some(b"packed")),
            (b"iTXt", b"Comment\0\x01\0en\0Wort\0packed", Some(b"packed")),
            (b"iTXt", b"Comment\0\x01\0\0\0packed", Some(b"packed")),
            (b"iTXt", b"Comment\0\0\0en\0Wort\0plain", None),
            (b"zTXt", b"Comment", None),
            (b"zTXt", b"Comment\0", None),
            (b"iTXt", b"Comment\0\x01\0en", None),
        ] {
            assert_eq!(packed(*kind, chunk), part, "{chunk:?}");
        }
    }
}
