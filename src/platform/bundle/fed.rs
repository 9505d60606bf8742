//! A stream that is searched while somebody reads it.

use std::io::{self, Read};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicBool, Ordering};

use memchr::memmem::Finder;

use super::search::Search;
use super::texture::Texture;
use super::unpack::ZIP_END;
use super::window::{View, Window};

static END_OF_ZIP: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(ZIP_END));

pub(super) struct Fed<'s, 'r> {
    pub reader: &'r mut dyn Read,
    pub search: &'s mut Search,
    pub window: &'s mut Window,
    /// Whether nobody waits any more.
    pub over: &'s AtomicBool,
    /// How many bytes may still come out of an archive.
    pub left: &'s mut u64,
    /// Whether this comes out of one.
    pub is_packed: bool,
    /// How many bytes were read.
    pub bytes: u64,
    /// Whether a NUL may have been among them.
    pub met_nul: bool,
    /// Whether it may end in a zip archive.
    pub ends_as_zip: bool,
}

impl Fed<'_, '_> {
    /// Reads all there is, right into the window.
    pub fn all(&mut self, texture: &mut Texture) -> io::Result<()> {
        while !self.over.load(Ordering::Relaxed) {
            let room = self.window.room();
            let count = match self.reader.read(room) {
                Ok(0) => break,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                read => read?,
            };
            texture.look(&room[..count]);
            // The end of an archive has several.
            self.met_nul = texture.met_nul();
            if self.window.advance(count) {
                self.show(false);
            }
            self.count(count)?;
        }
        Ok(())
    }

    /// Shows what was read.
    pub fn show(&mut self, end: bool) {
        let (search, ends_as_zip) = (&mut *self.search, &mut self.ends_as_zip);
        let met_nul = self.met_nul;
        self.window.show(end, &mut |view: &View<'_>| {
            search.look(view);
            if met_nul && !*ends_as_zip {
                let end = view.bytes.len().min(view.places.end + ZIP_END.len() - 1);
                *ends_as_zip = END_OF_ZIP
                    .find(&view.bytes[view.places.start..end])
                    .is_some();
            }
        });
    }

    fn count(&mut self, count: usize) -> io::Result<()> {
        self.bytes += count as u64;
        if self.is_packed {
            *self.left = self.left.saturating_sub(count as u64);
        }
        match *self.left {
            0 => Err(io::Error::other("more than is unpacked")),
            _ => Ok(()),
        }
    }
}

impl Read for Fed<'_, '_> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        if self.over.load(Ordering::Relaxed) {
            return Ok(0);
        }
        let count = self.reader.read(bytes)?;
        self.met_nul = true;
        let mut rest = &bytes[..count];
        while !rest.is_empty() {
            let room = self.window.room();
            let (now, later) = rest.split_at(room.len().min(rest.len()));
            room[..now.len()].copy_from_slice(now);
            if self.window.advance(now.len()) {
                self.show(false);
            }
            rest = later;
        }
        self.count(count)?;
        Ok(count)
    }
}
