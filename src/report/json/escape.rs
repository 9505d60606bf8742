use std::io::{self, Write as _};
use std::ops::Range;

use serde::Serialize;
use serde_json::Serializer;
use serde_json::ser::Formatter;

use super::lazy::Lazy;
use crate::cores::on_all_cores;
use crate::text::escape;

/// Writes one line for each project, warning and deployment, and `\u` escapes for every character
/// that a terminal would act on: the same data, harmless to look at.
#[derive(Default)]
pub struct Lines {
    depth: usize,
    filled: bool,
}

/// Writes a document so, and ends its last line.
///
/// # Errors
///
/// When `out` cannot take it.
pub fn write(document: &impl Serialize, out: &mut dyn io::Write) -> io::Result<()> {
    let mut pieces = Pieces::to(out);
    let lines = Lines::default();
    document.serialize(&mut Serializer::with_formatter(&mut pieces, lines))?;
    pieces.write_all(b"\n")?;
    pieces.flush()
}

/// The same of a document whose last member is a list that is empty in it: what stands there is made and written on
/// all cores.
///
/// # Errors
///
/// When `out` cannot take it.
pub fn write_with<T: Serialize>(
    document: &impl Serialize,
    last: &Lazy<'_, T>,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    let mut pieces = Pieces::to(out);
    pieces.kept = CLOSED;
    let lines = Lines::default();
    document.serialize(&mut Serializer::with_formatter(&mut pieces, lines))?;
    let open = pieces.waiting.len().saturating_sub(CLOSED);
    let closed = pieces.waiting.split_off(open);
    pieces.kept = 0;
    let shares: Vec<_> = (0..last.len()).step_by(SHARE).collect();
    for shares in shares.chunks(SHARES) {
        let written = on_all_cores(shares, 1, |start| {
            members(last, *start..last.len().min(start + SHARE))
        });
        for members in written {
            pieces.write_all(&members?)?;
        }
    }
    if last.len() > 0 {
        Lines::within(DOCUMENT).break_line(&mut pieces)?;
    }
    pieces.write_all(&closed)?;
    pieces.write_all(b"\n")?;
    pieces.flush()
}

/// What stands behind the members of a list at the end of a document.
const CLOSED: usize = "]\n}".len();

/// So many members are written at once by one core.
const SHARE: usize = 64;

/// So many shares are held at most.
const SHARES: usize = 16;

/// Some members of a list, each with what separates it from the one before.
fn members<T: Serialize>(list: &Lazy<'_, T>, range: Range<usize>) -> io::Result<Vec<u8>> {
    let mut written = Vec::with_capacity(AT_ONCE);
    for (index, member) in range.clone().zip(list.members(range)) {
        Lines::within(LIST).begin_array_value(&mut written, index == 0)?;
        let lines = Lines::within(LIST);
        member.serialize(&mut Serializer::with_formatter(&mut written, lines))?;
    }
    Ok(written)
}

/// So many bytes are handed over at once.
const AT_ONCE: usize = 64 * 1024;

/// Collects the pieces that a document is written in, of which most are a few bytes.
struct Pieces<'a> {
    waiting: Vec<u8>,
    out: &'a mut dyn io::Write,
    /// So many of the last bytes are not handed over yet.
    kept: usize,
}

impl io::Write for Pieces<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.write_all(bytes).map(|()| bytes.len())
    }

    #[inline]
    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.waiting.extend_from_slice(bytes);
        match self.waiting.len() < AT_ONCE {
            true => Ok(()),
            false => self.hand_over(),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.hand_over()?;
        self.out.flush()
    }
}

impl<'a> Pieces<'a> {
    fn to(out: &'a mut dyn io::Write) -> Self {
        Self {
            waiting: Vec::with_capacity(AT_ONCE),
            out,
            kept: 0,
        }
    }

    fn hand_over(&mut self) -> io::Result<()> {
        let end = self.waiting.len().saturating_sub(self.kept);
        let written = self.out.write_all(&self.waiting[..end]);
        self.waiting.drain(..end);
        written
    }
}

/// The members of the document and, below them, those of its lists stand on lines of their own.
const DOCUMENT: usize = 1;
const LIST: usize = 2;

type Out<'a, W> = &'a mut W;

impl Lines {
    /// So deep within a document.
    fn within(depth: usize) -> Self {
        Self {
            depth,
            filled: false,
        }
    }

    fn open<W: ?Sized + io::Write>(&mut self, out: Out<'_, W>, bracket: &[u8]) -> io::Result<()> {
        self.depth += 1;
        self.filled = false;
        out.write_all(bracket)
    }

    fn close<W: ?Sized + io::Write>(
        &mut self,
        out: Out<'_, W>,
        bracket: &[u8],
        lined: usize,
    ) -> io::Result<()> {
        let breaks = self.filled && self.depth == lined;
        self.depth = self.depth.saturating_sub(1);
        self.filled = true;
        if breaks {
            self.break_line(out)?;
        }
        out.write_all(bracket)
    }

    fn next<W: ?Sized + io::Write>(
        &mut self,
        out: Out<'_, W>,
        first: bool,
        lined: usize,
    ) -> io::Result<()> {
        self.filled = true;
        let breaks = self.depth == lined;
        match (first, breaks) {
            (true, _) => {}
            (false, true) => out.write_all(b",")?,
            (false, false) => out.write_all(b", ")?,
        }
        if breaks { self.break_line(out) } else { Ok(()) }
    }

    fn break_line<W: ?Sized + io::Write>(&self, out: Out<'_, W>) -> io::Result<()> {
        out.write_all(b"\n")?;
        (0..self.depth).try_for_each(|_| out.write_all(b"  "))
    }
}

impl Formatter for Lines {
    fn begin_object<W: ?Sized + io::Write>(&mut self, out: Out<'_, W>) -> io::Result<()> {
        self.open(out, b"{")
    }

    fn end_object<W: ?Sized + io::Write>(&mut self, out: Out<'_, W>) -> io::Result<()> {
        self.close(out, b"}", DOCUMENT)
    }

    fn begin_object_key<W: ?Sized + io::Write>(
        &mut self,
        out: Out<'_, W>,
        first: bool,
    ) -> io::Result<()> {
        self.next(out, first, DOCUMENT)
    }

    fn begin_object_value<W: ?Sized + io::Write>(&mut self, out: Out<'_, W>) -> io::Result<()> {
        out.write_all(b": ")
    }

    fn begin_array<W: ?Sized + io::Write>(&mut self, out: Out<'_, W>) -> io::Result<()> {
        self.open(out, b"[")
    }

    fn end_array<W: ?Sized + io::Write>(&mut self, out: Out<'_, W>) -> io::Result<()> {
        self.close(out, b"]", LIST)
    }

    fn begin_array_value<W: ?Sized + io::Write>(
        &mut self,
        out: Out<'_, W>,
        first: bool,
    ) -> io::Result<()> {
        self.next(out, first, LIST)
    }

    fn write_string_fragment<W: ?Sized + io::Write>(
        &mut self,
        out: Out<'_, W>,
        fragment: &str,
    ) -> io::Result<()> {
        if fragment.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
            return out.write_all(fragment.as_bytes());
        }
        let mut plain = 0;
        for (at, character) in fragment.char_indices() {
            let end = at + character.len_utf8();
            let is_printable_ascii = matches!(character, ' '..='~');
            if is_printable_ascii || escape(&fragment[at..end]) == fragment[at..end] {
                continue;
            }
            out.write_all(&fragment.as_bytes()[plain..at])?;
            for unit in character.encode_utf16(&mut [0; 2]) {
                write!(out, "\\u{unit:04x}")?;
            }
            plain = end;
        }
        out.write_all(&fragment.as_bytes()[plain..])
    }
}
