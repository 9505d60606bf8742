//! Searches files, and what is packed in them.

use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, Cursor, Read, Seek, SeekFrom};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use flate2::bufread::ZlibDecoder;
use flate2::read::MultiGzDecoder;
use jiff::Timestamp;
use rustix::fs::OFlags;
use ruzstd::decoding::StreamingDecoder;
use tar::Archive;
use zeroize::Zeroizing;
use zip::ZipArchive;

use super::fed::Fed;
use super::folder::{Folder, InFolder, computed, shown, too_many};
use super::media::{Media, Met};
use super::packed::{HEAD, Packed};
use super::search::Search;
use super::texture::{self, Texture};
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

/// How the end of a zip archive begins, and how long it is without and with the longest comment.
pub(super) const ZIP_END: &[u8] = b"PK\x05\x06";
const SHORTEST_END: usize = 22;
const LONGEST_END: u64 = SHORTEST_END as u64 + 0xffff;

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
    /// Whether what was searched last may end in a zip archive.
    ends_as_zip: bool,
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
            ends_as_zip: false,
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
        let mut read = match packed {
            Packed::Zip => self.zip(path, &file, 0),
            packed => self.packed(packed, path, &mut head.chain(&file), 0),
        };
        if std::mem::take(&mut self.ends_as_zip) && packed != Packed::Zip {
            read = self.zip_behind(path, &file, read);
        }
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

    /// Opens the zip archive that something else begins, such as the program that unpacks it, or an image.
    fn zip_behind(
        &mut self,
        path: &Path,
        file: &File,
        read: Result<(), Stopped>,
    ) -> Result<(), Stopped> {
        // What looks like the end of one may be a part of a program.
        let Some(archive) = ZipArchive::new(file)
            .ok()
            .filter(|archive| !archive.is_empty())
        else {
            return read;
        };
        let starts = self.entries(path, archive, 0)?;
        self.behind_zip(path, &mut &*file)?;
        match read {
            // That was the archive.
            Err(Stopped::Unknown(from) | Stopped::Behind(from))
                if from + texture::BLOCK as u64 > starts =>
            {
                Ok(())
            }
            read => read,
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
        let is_opened = !matches!(packed, Packed::Plain | Packed::Raw | Packed::Media(_));
        if is_opened && depth >= DEEPEST {
            return Err(Stopped::Deep);
        }
        match packed {
            Packed::Plain => self.plain(path, reader, depth),
            Packed::Raw => match self.plain(path, reader, depth) {
                Err(Stopped::Unknown(_)) => Ok(()),
                read => read,
            },
            Packed::Media(media) => self.media(media, path, reader, depth),
            Packed::Closed(_) => match self.plain(path, reader, depth) {
                Ok(()) | Err(Stopped::Unknown(_)) => Err(Stopped::Closed),
                read => read,
            },
            Packed::Zlib => {
                let mut decoder = ZlibDecoder::new(BufReader::new(reader));
                self.unpacked(path, &mut decoder, depth)?;
                match decoder.into_inner().fill_buf()? {
                    [] => Ok(()),
                    _ => Err(Stopped::Broken),
                }
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
        let mut reader = BufReader::new(reader);
        let mut all = Ok(());
        loop {
            let mut decoder = StreamingDecoder::new(&mut reader).map_err(|_| Stopped::Broken)?;
            match self.unpacked(path, &mut decoder, depth) {
                unknown @ Err(Stopped::Unknown(_)) => all = unknown,
                read => read?,
            }
            // Another frame may follow.
            if reader.fill_buf()?.is_empty() {
                return all;
            }
        }
    }

    fn tar(&mut self, path: &Path, reader: &mut dyn Read, depth: u32) -> Result<(), Stopped> {
        for entry in Archive::new(reader).entries()? {
            let mut entry = entry?;
            let name = self.entry(path, &entry.path_bytes())?;
            if entry.header().entry_type().is_file()
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

    fn zip(
        &mut self,
        path: &Path,
        mut reader: impl Read + Seek,
        depth: u32,
    ) -> Result<(), Stopped> {
        let archive = ZipArchive::new(&mut reader).map_err(|_| Stopped::Broken)?;
        let starts = self.entries(path, archive, depth)?;
        let behind = self.behind_zip(path, &mut reader);
        if starts > 0 {
            reader.rewind()?;
            let mut before = reader.take(starts);
            let head = head(&mut before)?;
            let kind = match Packed::of(Path::new(""), head.get_ref()) {
                kind @ (Packed::Raw | Packed::Media(_)) => kind,
                _ => Packed::Plain,
            };
            self.packed(kind, path, &mut head.chain(before), depth)?;
        }
        behind
    }

    /// Searches the comment of a zip archive, and what was appended to it.
    fn behind_zip(&mut self, path: &Path, reader: &mut (impl Read + Seek)) -> Result<(), Stopped> {
        let bytes = reader.seek(SeekFrom::End(0))?;
        reader.seek(SeekFrom::Start(bytes.saturating_sub(LONGEST_END)))?;
        let mut tail = Zeroizing::new(Vec::new());
        reader.read_to_end(&mut tail)?;
        let end = memchr::memmem::rfind(&tail, ZIP_END);
        let behind = end.and_then(|end| tail.get(end + SHORTEST_END..));
        match behind {
            Some(behind) if !behind.is_empty() => self.plain(path, &mut &*behind, 0),
            _ => Ok(()),
        }
    }

    /// Searches what is in a zip archive; where the first of it starts.
    fn entries(
        &mut self,
        path: &Path,
        mut archive: ZipArchive<impl Read + Seek>,
        depth: u32,
    ) -> Result<u64, Stopped> {
        let mut starts = u64::MAX;
        for index in 0..archive.len() {
            // What is not even told cannot be opened.
            let name = archive.by_index_raw(index).map(|entry| {
                starts = starts.min(entry.header_start());
                let name = self.entry(path, entry.name_raw());
                (name, entry.is_file(), entry.encrypted())
            });
            let (name, is_file, encrypted) = match name {
                Ok((Ok(name), is_file, encrypted)) => (name, is_file, encrypted),
                Ok((Err(stopped), ..)) => return Err(stopped),
                Err(_) => return Err(Stopped::Broken),
            };
            if !is_file {
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
        Ok(starts)
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
        self.stream(path, reader, depth, |fed| {
            let mut texture = Texture::default();
            fed.all(&mut texture)?;
            Ok(texture.binary().map(Stopped::Unknown))
        })
    }

    /// Searches an image or the like, and what was appended to it.
    fn media(
        &mut self,
        media: Media,
        path: &Path,
        reader: &mut dyn Read,
        depth: u32,
    ) -> Result<(), Stopped> {
        let mut met = Met::default();
        let read = self.stream(path, reader, depth, |fed| {
            let mut next = Some(media);
            // Cameras append films and further pictures.
            let mut fed = BufReader::new(fed);
            let mut texture = Texture::default();
            while let Some(media) = next.take() {
                let start = fed.get_ref().bytes - fed.buffer().len() as u64;
                media.skip(&mut fed, &mut met)?;
                if let Some(at) = met.appended {
                    return Ok(Some(Stopped::Behind(start + at)));
                }
                next = Media::of(fed.fill_buf()?);
            }
            let end = fed.get_ref().bytes - fed.buffer().len() as u64;
            io::copy(&mut fed, &mut texture)?;
            Ok(texture.binary().map(|_| Stopped::Behind(end)))
        });
        let ends_as_zip = self.ends_as_zip;
        for text in met.compressed {
            let mut decoder = ZlibDecoder::new(&**text);
            if let Err(stopped) = self.packed(Packed::Raw, path, &mut decoder, depth + 1) {
                self.stopped(path, Packed::Zlib, &stopped);
                if self.left.1 == 0 {
                    return Err(Stopped::Large);
                }
            }
        }
        self.ends_as_zip = ends_as_zip;
        read
    }

    /// Searches what a reader of the stream comes along; it says what it does not know.
    fn stream(
        &mut self,
        path: &Path,
        reader: &mut dyn Read,
        depth: u32,
        read: impl FnOnce(&mut Fed<'_, '_>) -> io::Result<Option<Stopped>>,
    ) -> Result<(), Stopped> {
        self.window.restart();
        let mut fed = Fed {
            reader,
            search: &mut self.search,
            window: &mut self.window,
            over: self.over,
            left: &mut self.left.1,
            is_packed: depth > 0,
            bytes: 0,
            met_nul: false,
            ends_as_zip: false,
        };
        let read = read(&mut fed);
        fed.show(true);
        let bytes = fed.bytes;
        self.ends_as_zip = fed.ends_as_zip && depth == 0;
        let found = self.search.finish();
        self.folder.searched.0 += 1;
        self.folder.searched.1 += bytes;
        if found.too_many {
            self.unseen(path, too_many(&shown(path)));
        }
        if let Some(at) = found.unfollowed {
            self.unseen(path, computed(&shown(path), at));
        }
        if !found.tokens.is_empty() {
            self.folder.files.push(InFolder {
                path: path.to_owned(),
                identity: self.identity.clone(),
                modified: self.modified,
                tokens: found.tokens,
            });
        }
        match read {
            Ok(None) => Ok(()),
            Ok(Some(unknown)) => Err(unknown),
            Err(_) if self.left.1 == 0 => Err(Stopped::Large),
            Err(error) => Err(Stopped::Read(error)),
        }
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
            Stopped::Unknown(_) => (
                ErrorKind::BadData,
                format!("{shown} is binary and of no known kind, and was not decoded"),
            ),
            Stopped::Behind(_) => (
                ErrorKind::BadData,
                format!(
                    "{shown} is an image or the like with other data behind it, which was not decoded"
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
    /// From this place on it is neither text nor anything that is known.
    Unknown(u64),
    /// So is what stands behind an image or the like, from this place on.
    Behind(u64),
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
