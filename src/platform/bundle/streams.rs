//! Sound and film that are a row of parts, each with its length: Ogg, and Matroska with WebM.

use std::io::{self, BufRead};

use super::media::{skip, take};

pub(super) fn ogg(reader: &mut impl BufRead) -> io::Result<()> {
    while let Some(b"OggS") = take::<4>(reader)?.as_ref()
        && let Some(head) = take::<23>(reader)?
    {
        let mut lengths = 0;
        for _ in 0..head[22] {
            let Some([bytes]) = take::<1>(reader)? else {
                return Ok(());
            };
            // The lengths come before all that they are of.
            lengths += u64::from(bytes);
        }
        skip(reader, lengths)?;
    }
    Ok(())
}

/// What stands at the top of a file or of a segment, and in a cluster that does not say how long it is.
const ELEMENTS: &[u32] = &[
    0x1a45_dfa3,
    0x1853_8067,
    0x114d_9b74,
    0x1549_a966,
    0x1654_ae6b,
    0x1f43_b675,
    0x1c53_bb6b,
    0x1254_c367,
    0x1941_a469,
    0x1043_a770,
    0xec,
    0xbf,
    0xe7,
    0xa3,
    0xa0,
    0xa7,
    0xab,
    0x5854,
];

pub(super) fn ebml(reader: &mut impl BufRead) -> io::Result<()> {
    while let Some(element) = number(reader, false)?
        && ELEMENTS.iter().any(|known| u64::from(*known) == element)
        && let Some(bytes) = number(reader, true)?
    {
        // One that does not say how long it is goes on with what is in it.
        if bytes != u64::MAX {
            skip(reader, bytes)?;
        }
    }
    Ok(())
}

/// A number whose first byte says how many bytes it has; of a size without that sign, and `u64::MAX` where
/// nobody knew it yet.
fn number(reader: &mut impl BufRead, is_size: bool) -> io::Result<Option<u64>> {
    let Some([first]) = take::<1>(reader)? else {
        return Ok(None);
    };
    let more = first.leading_zeros();
    if more > if is_size { 7 } else { 3 } {
        return Ok(None);
    }
    let mut number = u64::from(first);
    for _ in 0..more {
        let Some([byte]) = take::<1>(reader)? else {
            return Ok(None);
        };
        number = number << 8 | u64::from(byte);
    }
    if is_size {
        let bits = 7 * (more + 1);
        number &= (1 << bits) - 1;
        if number == (1 << bits) - 1 {
            return Ok(Some(u64::MAX));
        }
    }
    Ok(Some(number))
}
