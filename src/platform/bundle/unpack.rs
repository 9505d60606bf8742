//! Searches files, and what is packed in them.

use std::fs::{File, OpenOptions};
use std::io::{self, Cursor, Read, Seek};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use flate2::read::MultiGzDecoder;
use jiff::Timestamp;
use rustix::fs::OFlags;
use ruzstd::decoding::StreamingDecoder;
use tar::Archive;
use zeroize::Zeroizing;
use zip::ZipArchive;

use super::folder::{Folder, InFolder, is_text, shown, too_many};
use super::packed::{HEAD, Packed};
use super::search::Search;
use super::window::Window;
use crate::keyring::{Format, Scrubber};
use crate::platform::files::{identity, refused};
use crate::reading::{ErrorKind, Identity, ReadError};

/// How deep archives may lie in each other.
const DEEPEST: u32 = 4;

/// The least that one archive may hold, and how many times its own size, before it is said to hold too much.
const LEAST: u64 = 256 << 20;
const MOST_TIMES: u64 = 200;

/// The largest archive within another that is opened, since its end has to be read first.
const LARGEST_INNER: u64 = 64 << 20;

/// How many characters of a name in an archive are shown.
const SHOWN: usize = 300;

/// Searches one file after the other.
pub(super) struct Unpacking<'o> {
    scrubber: Scrubber,
    search: Search,
    window: Window,
    /// Whether nobody waits any more.
    over: &'o AtomicBool,
    /// The most files, and the most bytes, in one archive.
    most: (u64, u64),
    /// What may still be taken out of the archive that is open.
    left: (u64, u64),
    identity: Identity,
    modified: Option<Timestamp>,
    pub folder: Folder,
}

impl<'o> Unpacking<'o> {
    pub fn new(format: &Arc<Format>, most: (u64, u64), over: &'o AtomicBool) -> Self {
        let search = Search::new(Arc::clone(format));
        Self {
            scrubber: Scrubber::new(vec![Arc::clone(format)]),
            window: search.window(0),
            search,
            over,
            most,
            left: most,
            identity: Identity::of(""),
            modified: None,
            folder: Folder::default(),
        }
    }

    /// Searches a file, which is called `path` in the folder.
    pub fn file(&mut self, whole: &Path, path: &Path) {
        let opened = open(whole).and_then(|file| Ok((file.metadata()?, file)));
        let (metadata, file) = match opened {
            Ok(opened) => opened,
            Err(error) => return self.unseen(path, refused(whole, &error)),
        };
        self.identity = identity(&metadata);
        let modified = metadata.modified().ok();
        self.modified = modified.and_then(|time| Timestamp::try_from(time).ok());
        let bytes = LEAST.max(metadata.len().saturating_mul(MOST_TIMES));
        self.left = (self.most.0, self.most.1.min(bytes));
        let head = match head(&mut &file) {
            Ok(head) => head,
            Err(error) => return self.unseen(path, refused(whole, &error)),
        };
        // A single file is called nothing in its folder.
        let named = if path.as_os_str().is_empty() {
            whole
        } else {
            path
        };
        let packed = Packed::of(named, head.get_ref());
        let read = match packed {
            Packed::Zip => self.zip(path, &file, 0),
            packed => self.packed(packed, path, &mut head.chain(&file), 0),
        };
        match read {
            Err(Stopped::Read(error)) if packed == Packed::Plain => {
                self.unseen(path, refused(whole, &error));
            }
            Err(stopped) => {
                // It may only be called so.
                let is_broken = matches!(stopped, Stopped::Broken | Stopped::Read(_));
                if is_broken && (&file).rewind().is_ok() {
                    let _ = self.plain(path, &mut &file, 0);
                }
                self.stopped(path, packed, &stopped);
            }
            Ok(()) => {}
        }
    }

    /// Searches what is in an archive, or the archive itself where it is not opened.
    fn packed(
        &mut self,
        packed: Packed,
        path: &Path,
        reader: &mut dyn Read,
        depth: u32,
    ) -> Result<(), Stopped> {
        if packed != Packed::Plain && depth >= DEEPEST {
            return Err(Stopped::Deep);
        }
        match packed {
            Packed::Plain => self.plain(path, reader, depth),
            Packed::Closed(_) => {
                self.plain(path, reader, depth)?;
                Err(Stopped::Closed)
            }
            Packed::Gzip => self.unpacked(path, &mut MultiGzDecoder::new(reader), depth),
            Packed::Brotli => {
                let mut decoder = brotli_decompressor::Decompressor::new(reader, 4096);
                self.unpacked(path, &mut decoder, depth)
            }
            Packed::Zstd => self.zstd(path, reader, depth),
            Packed::Tar => self.tar(path, reader, depth),
            Packed::Zip => {
                let mut bytes = Zeroizing::new(Vec::new());
                reader.take(LARGEST_INNER + 1).read_to_end(&mut bytes)?;
                if bytes.len() as u64 > LARGEST_INNER {
                    return Err(Stopped::Large);
                }
                self.zip(path, Cursor::new(&**bytes), depth)
            }
        }
    }

    /// Searches what a packed file is unpacked to.
    fn unpacked(&mut self, path: &Path, reader: &mut dyn Read, depth: u32) -> Result<(), Stopped> {
        let inner = match path.extension().and_then(|ending| ending.to_str()) {
            Some("gz" | "br" | "zst") => path.with_extension(""),
            _ => path.to_owned(),
        };
        self.within(path, &inner, reader, depth)
    }

    /// Searches what comes out of an archive, which is told by this name.
    fn within(
        &mut self,
        path: &Path,
        named: &Path,
        reader: &mut dyn Read,
        depth: u32,
    ) -> Result<(), Stopped> {
        let head = head(reader)?;
        let packed = Packed::of(named, head.get_ref());
        self.packed(packed, path, &mut head.chain(reader), depth + 1)
    }

    fn zstd(&mut self, path: &Path, reader: &mut dyn Read, depth: u32) -> Result<(), Stopped> {
        let mut reader = io::BufReader::new(reader);
        loop {
            let mut decoder = StreamingDecoder::new(&mut reader).map_err(|_| Stopped::Broken)?;
            self.unpacked(path, &mut decoder, depth)?;
            // Another frame may follow.
            if io::BufRead::fill_buf(&mut reader)?.is_empty() {
                return Ok(());
            }
        }
    }

    fn tar(&mut self, path: &Path, reader: &mut dyn Read, depth: u32) -> Result<(), Stopped> {
        for entry in Archive::new(reader).entries()? {
            let mut entry = entry?;
            let name = self.entry(path, &entry.path_bytes())?;
            if entry.header().entry_type().is_file()
                && is_text(&name)
                && let Err(stopped) = self.within(&name, &name, &mut entry, depth)
            {
                self.stopped(&name, Packed::Tar, &stopped);
                if self.left.1 == 0 {
                    return Err(Stopped::Large);
                }
            }
        }
        Ok(())
    }

    fn zip(&mut self, path: &Path, reader: impl Read + Seek, depth: u32) -> Result<(), Stopped> {
        let mut archive = ZipArchive::new(reader).map_err(|_| Stopped::Broken)?;
        for index in 0..archive.len() {
            // What is not even told cannot be opened.
            let name = archive.by_index_raw(index).map(|entry| {
                let name = self.entry(path, entry.name_raw());
                (name, entry.is_file(), entry.encrypted())
            });
            let (name, is_file, encrypted) = match name {
                Ok((Ok(name), is_file, encrypted)) => (name, is_file, encrypted),
                Ok((Err(stopped), ..)) => return Err(stopped),
                Err(_) => return Err(Stopped::Broken),
            };
            if !is_file || !is_text(&name) {
                continue;
            }
            let read = match archive.by_index(index) {
                Ok(mut entry) => self.within(&name, &name, &mut entry, depth),
                Err(_) if encrypted => Err(Stopped::Encrypted),
                Err(_) => Err(Stopped::Closed),
            };
            if let Err(stopped) = read {
                self.stopped(&name, Packed::Zip, &stopped);
                if self.left.1 == 0 {
                    return Err(Stopped::Large);
                }
            }
        }
        Ok(())
    }

    /// What an entry is called, if there may be another one.
    fn entry(&mut self, archive: &Path, name: &[u8]) -> Result<PathBuf, Stopped> {
        self.left.0 = self.left.0.checked_sub(1).ok_or(Stopped::Large)?;
        let shown = self.scrubber.text(name, SHOWN);
        let mut path = archive.as_os_str().to_owned();
        path.push("!/");
        path.push(&*shown);
        Ok(path.into())
    }

    /// Searches a stream of bytes.
    fn plain(&mut self, path: &Path, reader: &mut dyn Read, depth: u32) -> Result<(), Stopped> {
        self.window.restart();
        let search = &mut self.search;
        let mut bytes = 0;
        let mut read = Ok(());
        while !self.over.load(Ordering::Relaxed) {
            match reader.read(self.window.room()) {
                Ok(0) => break,
                Ok(count) => {
                    bytes += count as u64;
                    if depth > 0 {
                        self.left.1 = self.left.1.saturating_sub(count as u64);
                    }
                    if self.window.advance(count) {
                        self.window.show(false, &mut |view| search.look(view));
                    }
                    if self.left.1 == 0 {
                        read = Err(Stopped::Large);
                        break;
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    read = Err(Stopped::Read(error));
                    break;
                }
            }
        }
        self.window.show(true, &mut |view| search.look(view));
        let found = self.search.finish();
        self.folder.searched.0 += 1;
        self.folder.searched.1 += bytes;
        if found.too_many {
            self.unseen(path, too_many(&shown(path)));
        }
        if !found.tokens.is_empty() {
            self.folder.files.push(InFolder {
                path: path.to_owned(),
                identity: self.identity.clone(),
                modified: self.modified,
                tokens: found.tokens,
            });
        }
        read
    }

    fn unseen(&mut self, path: &Path, error: ReadError) {
        self.folder.unseen.push((path.to_owned(), error));
    }

    fn stopped(&mut self, path: &Path, packed: Packed, stopped: &Stopped) {
        let (shown, name) = (shown(path), packed.name());
        let next = "add a hop with what is in it in `path`, or name the page's address in `url`";
        let (kind, what) = match stopped {
            Stopped::Closed => (
                ErrorKind::BadData,
                format!("{shown} is packed ({name}), and was not opened"),
            ),
            Stopped::Encrypted => (
                ErrorKind::BadData,
                format!("{shown} is encrypted, and was not opened"),
            ),
            Stopped::Deep => (
                ErrorKind::TooLarge,
                format!("{shown} lies in {DEEPEST} archives, and was not opened"),
            ),
            Stopped::Large => (
                ErrorKind::TooLarge,
                format!(
                    "{shown} holds more than is unpacked ({name}), and was not wholly looked into"
                ),
            ),
            Stopped::Broken | Stopped::Read(_) => (
                ErrorKind::BadData,
                format!("{shown} is packed ({name}) and damaged, and was not wholly opened"),
            ),
        };
        self.unseen(path, ReadError::new(kind, what, next));
    }
}

/// Why something was not read to its end.
enum Stopped {
    Closed,
    Encrypted,
    Deep,
    Large,
    Broken,
    Read(io::Error),
}

impl From<io::Error> for Stopped {
    fn from(error: io::Error) -> Self {
        Self::Read(error)
    }
}

/// The first bytes, to be read again.
fn head(reader: &mut (impl Read + ?Sized)) -> io::Result<Cursor<Vec<u8>>> {
    let mut head = vec![0; HEAD];
    let mut filled = 0;
    while filled < HEAD {
        match reader.read(&mut head[filled..]) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    head.truncate(filled);
    Ok(Cursor::new(head))
}

/// Opens a file, and neither follows a link nor waits for what is no file any more.
fn open(path: &Path) -> io::Result<File> {
    let flags = OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::NOFOLLOW;
    OpenOptions::new()
        .read(true)
        .custom_flags(flags.bits().cast_signed())
        .open(path)
}
