use std::io;

use serde::Serialize;
use serde_json::Serializer;
use serde_json::ser::Formatter;

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
    document.serialize(&mut Serializer::with_formatter(&mut *out, Lines::default()))?;
    out.write_all(b"\n")
}

/// The members of the document and, below them, those of its lists stand on lines of their own.
const DOCUMENT: usize = 1;
const LIST: usize = 2;

type Out<'a, W> = &'a mut W;

impl Lines {
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
