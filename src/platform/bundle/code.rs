//! How scripts load others by names that code puts together, or that are relative to something else
//! than the script.

use super::argument::{Argument, argument, constant};
use super::asked::{Asked, asked, begins_here, template_begins_here};
use super::chunks::ChunkNames;
use super::function::{Function, Progress};
use super::indirect;
use super::names::is_script;
use super::places::{Kind, Place, next, scalars};
use super::reference::{Strength, is_rooted};
use super::sums::{self, is_handed, is_harmless};
use super::window::View;

/// How much of a script is looked at behind the place where it begins to load another one.
pub(super) const LONGEST: usize = super::argument::LONGEST + 2 * super::places::LONGEST;

/// The most of anything that one script may say.
const MOST: usize = 20_000;

/// What a script says of the scripts that it loads, beside the names that stand there in full.
#[derive(Default)]
pub struct Code {
    /// The functions by which it makes names of chunks, usually one.
    pub chunks: Vec<ChunkNames>,
    /// Whether those names are relative to the script, as in modules.
    pub from_script: bool,
    /// The public paths that it sets, as they are written.
    pub public_paths: Vec<Box<str>>,
    /// What leads from the script's folder to that of the chunks where no public path is set: `../`.
    pub upwards: Box<str>,
    /// The ids of chunks that it loads.
    pub ids: Vec<Box<str>>,
    /// Such ids among other numbers and names.
    pub loose_ids: Vec<Box<str>>,
    /// What it imports, as it is written.
    pub imports: Vec<Box<str>>,
    /// What it runs as workers or by tags, as it is written: relative to the page.
    pub workers: Vec<Box<str>>,
    /// What it asks for as data, as it is written: relative to the page.
    pub data: Vec<(Box<str>, Strength)>,
    /// What it loads by names that could not be followed.
    pub unfollowed: Vec<Unfollowed>,
    /// Whether it may load what another place, or another script, made the name of.
    pub loads: bool,
}

/// Something that is loaded by a name which code puts together.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Unfollowed {
    /// How it is written, cut short.
    pub how: &'static str,
    /// How many bytes stand before it.
    pub at: u64,
    /// Whether it only counts where some script of the page may load what it did not name.
    pub needs_loader: bool,
}

/// Looks at one script, view after view.
#[derive(Default)]
pub(super) struct Coded {
    pub code: Code,
    /// A function that names chunks, and where it starts.
    open: Option<(Function, u64)>,
    /// Where the next place may start, from the start of the stream.
    next: u64,
}

impl Coded {
    /// Looks at these places, where `is_code` says so.
    pub fn look(&mut self, view: &View<'_>, is_code: impl Fn(usize) -> bool) {
        self.code.loads = self.code.loads || sums::may_load(view);
        let resumed = usize::try_from(self.next.saturating_sub(view.gone)).unwrap_or(usize::MAX);
        let mut from = view.places.start.max(resumed);
        if self.open.is_some() {
            from = self.collect(view, from);
        }
        while let Some(place) = next(view.bytes, from).filter(|p| p.range.start < view.places.end) {
            from = match (is_code(place.range.start), place.kind) {
                (false, _) => place.range.start + 1,
                (true, Kind::Chunks) => {
                    let at = view.gone + place.text.start as u64;
                    self.open = Some((Function::new(), at));
                    self.collect(view, place.text.start)
                }
                (true, _) => self.take(view, &place),
            };
        }
        self.next = view.gone + from as u64;
    }

    /// What was seen, at the end of the script.
    pub fn finish(&mut self) -> Code {
        self.close();
        self.code.unfollowed.sort_unstable();
        self.code.unfollowed.dedup();
        std::mem::take(&mut self.code)
    }

    /// Takes in more of the open function; where to go on.
    fn collect(&mut self, view: &View<'_>, from: usize) -> usize {
        let Some((function, _)) = &mut self.open else {
            return from;
        };
        // What stands behind the places that are shown comes again.
        for (at, &byte) in view.bytes[..view.places.end].iter().enumerate().skip(from) {
            match function.push(byte) {
                Progress::More => {}
                Progress::Whole | Progress::TooLong => {
                    self.close();
                    return at;
                }
            }
        }
        from.max(view.places.end)
    }

    fn close(&mut self) {
        let Some((function, at)) = self.open.take() else {
            return;
        };
        let text = String::from_utf8_lossy(&function.text);
        // Others make other things of one parameter.
        let names_scripts = || text.contains(".js") || text.contains("js\"");
        match ChunkNames::parse(&text) {
            Some(names) if names.makes_scripts() => self.code.chunks.push(names),
            Some(names) if names.is_closed() => {}
            _ if names_scripts() => self.unfollowed("a function that names chunks", at),
            _ => {}
        }
    }

    fn take(&mut self, view: &View<'_>, place: &Place) -> usize {
        let (start, end) = (place.range.start, place.range.end);
        let text = &view.bytes[place.text.clone()];
        let at = view.gone + start as u64;
        match place.kind {
            Kind::Chunks | Kind::Ignored => {}
            Kind::PublicPath => {
                push(&mut self.code.public_paths, text);
                return start + 2;
            }
            Kind::PublicFolder => {
                let behind = &view.bytes[end..view.bytes.len().min(end + 400)];
                self.code.upwards = upwards(behind).into();
                return start + 2;
            }
            Kind::Id => push(&mut self.code.ids, text),
            Kind::Context => {
                scalars(text).for_each(|scalar| push(&mut self.code.loose_ids, scalar));
            }
            Kind::From => push(&mut self.code.imports, text),
            Kind::Import | Kind::Remote => return self.call("import(…)", view, place),
            Kind::ImportScripts => return self.calls("importScripts(…)", view, place),
            Kind::Worker => return self.call("new Worker(…)", view, place),
            Kind::Sum => {
                let line = &view.bytes[start.saturating_sub(super::places::LONGEST)..start];
                match constant_before(line) {
                    _ if is_for_context(line) || is_harmless(line) => {}
                    Some(first) => {
                        let second = String::from_utf8_lossy(text);
                        push(
                            &mut self.code.imports,
                            format!("{first}{second}").as_bytes(),
                        );
                    }
                    None => self.made("… + \".js\"", at, !is_handed(line)),
                }
            }
            Kind::Template => {
                let line = &view.bytes[start.saturating_sub(super::places::LONGEST)..start];
                let line = &line[..memchr::memrchr(b'`', line).unwrap_or(line.len())];
                let context = &view.bytes[start.saturating_sub(300)..start];
                if !is_for_context(context) && !is_harmless(line) {
                    self.made("`${…}.js`", at, !is_handed(line));
                }
            }
            Kind::Asked => {
                let (asked, length) = asked(&view.bytes[end..]);
                match asked {
                    Asked::At(addresses) => {
                        for (address, strength) in addresses {
                            self.data(&address, strength);
                        }
                    }
                    Asked::Computed => {
                        self.unfollowed("data that it asks for", at);
                        return end + length;
                    }
                    Asked::Other => {}
                }
            }
            Kind::DataSum => {
                let before = &view.bytes[start.saturating_sub(super::places::LONGEST)..start];
                if begins_here(before) && !is_for_context(before) {
                    match constant_before(before) {
                        Some(_) => {}
                        None => self.unfollowed("… + \".json\"", at),
                    }
                }
            }
            Kind::DataTemplate => {
                let before = &view.bytes[start.saturating_sub(300)..start];
                if template_begins_here(before) && !is_for_context(before) {
                    self.unfollowed("`${…}.json`", at);
                }
            }
            Kind::Required => {
                let list = &view.bytes[end..view.bytes.len().min(end + LONGEST)];
                let length = memchr::memchr(b']', list).unwrap_or(list.len());
                self.required(&list[..length], at);
            }
            Kind::Registered => {
                for id in texts(text).filter(|id| is_rooted(id)) {
                    push(&mut self.code.imports, id.as_bytes());
                }
            }
            Kind::Settings => self.unfollowed("require.config(…)", at),
            Kind::Source => {
                // The sign behind `=` was looked at already.
                let is_set = view.bytes[..end].ends_with(b",");
                let value = if is_set { end } else { end - 1 };
                self.loads("a script's src", indirect::source(&view.bytes[value..]), at);
                // Others may stand between the tag and its address.
                return start + 1;
            }
            Kind::Write => self.loads(
                "document.write(…)",
                indirect::written(&view.bytes[end..]),
                at,
            ),
            Kind::Eval => self.loads("eval(…)", indirect::evaluated(&view.bytes[end..]), at),
            Kind::ThenEval => {
                let before = &view.bytes[start.saturating_sub(super::places::LONGEST)..start];
                self.loads("eval(…)", indirect::fetched(before), at);
            }
        }
        end
    }

    /// What is loaded as by a tag.
    fn loads(&mut self, how: &'static str, loaded: Argument, at: u64) {
        match loaded {
            Argument::Literal(name) => push(&mut self.code.workers, name.as_bytes()),
            Argument::Computed => self.unfollowed(how, at),
            _ => {}
        }
    }

    /// A call that loads several scripts, relative to this one.
    fn calls(&mut self, how: &'static str, view: &View<'_>, place: &Place) -> usize {
        let mut place = Place {
            kind: place.kind,
            range: place.range.clone(),
            text: place.text.clone(),
        };
        loop {
            let end = self.call(how, view, &place);
            if view.bytes.get(end) != Some(&b',') {
                return end;
            }
            place.range.end = end + 1;
        }
    }

    /// A call that loads a script.
    fn call(&mut self, how: &'static str, view: &View<'_>, place: &Place) -> usize {
        let (argument, length) = argument(&view.bytes[place.range.end..]);
        let before = &view.bytes[place.range.start.saturating_sub(300)..place.range.start];
        let is_worker = place.kind == Kind::Worker;
        match argument {
            Argument::Nothing | Argument::Held => {}
            Argument::Literal(name) if is_worker => push(&mut self.code.workers, name.as_bytes()),
            Argument::Literal(name) if place.kind != Kind::ImportScripts => {
                // SystemJS starts from the page, and may put an ending behind it.
                if view.bytes[place.range.start..].starts_with(b"System") {
                    push(&mut self.code.workers, name.as_bytes());
                    if !is_script(&name) {
                        let script = format!("{name}.js");
                        self.data(&script, Strength::Guess);
                        push(&mut self.code.imports, script.as_bytes());
                    }
                }
                push(&mut self.code.imports, name.as_bytes());
            }
            Argument::Literal(name) | Argument::FromScript(name) => {
                let relative = match name.starts_with(['.', '/']) || name.contains(':') {
                    true => name,
                    false => format!("./{name}"),
                };
                push(&mut self.code.imports, relative.as_bytes());
            }
            Argument::Chunk(from_script) => {
                self.code.from_script |= from_script;
                // The id in it is looked at by itself.
                return place.range.end;
            }
            Argument::Computed if is_worker && contains(before, b"createObjectURL(") => {}
            // Turbopack's own runtime, whose lists of chunks stand in the scripts.
            Argument::Computed
                if place.kind == Kind::ImportScripts && contains(before, b"TURBOPACK") => {}
            Argument::Computed => {
                self.unfollowed(how, view.gone + place.range.start as u64);
            }
        }
        place.range.end + length
    }

    fn data(&mut self, address: &str, strength: Strength) {
        if self.code.data.len() < MOST {
            self.code.data.push((address.into(), strength));
        }
    }

    /// Modules by their ids, which are names of files in a folder that settings elsewhere may say.
    fn required(&mut self, list: &[u8], at: u64) {
        for id in texts(list) {
            let id = id.rsplit('!').next().unwrap_or_default();
            for ending in ["", ".js"] {
                let address = format!("{id}{ending}");
                // From the page, and from the script, whose folder is the usual one.
                self.data(&address, Strength::Guess);
                if !address.contains(':') && !is_rooted(&address) && is_script(&address) {
                    push(&mut self.code.imports, format!("./{address}").as_bytes());
                }
            }
        }
        self.unfollowed("require([…])", at);
    }

    pub fn unfollowed(&mut self, how: &'static str, at: u64) {
        self.made(how, at, false);
    }

    /// A name that is made here, which something may load.
    fn made(&mut self, how: &'static str, at: u64, needs_loader: bool) {
        if self.code.unfollowed.len() < MOST {
            self.code.unfollowed.push(Unfollowed {
                how,
                at,
                needs_loader,
            });
        }
    }
}

fn push(list: &mut Vec<Box<str>>, text: &[u8]) {
    if list.len() < MOST {
        list.push(String::from_utf8_lossy(text).into());
    }
}

/// Whether a name that begins in this text is handed to the map that webpack made of all that it can
/// be, as in `r(280)("./" + name + ".js")`.
fn is_for_context(before: &[u8]) -> bool {
    let Some(call) = memchr::memmem::rfind(before, b")(") else {
        return false;
    };
    let name = before[call + 2..].trim_ascii_start();
    let name = name.strip_prefix(b"\\").unwrap_or(name);
    let is_text = matches!(name.first(), Some(b'"' | b'\'' | b'`'));
    is_text && name[1..].starts_with(b".") && !name.iter().any(|byte| b";(){}".contains(byte))
}

/// The literals in a list.
fn texts(list: &[u8]) -> impl Iterator<Item = &str> {
    let text = std::str::from_utf8(list).unwrap_or_default();
    text.split(['"', '\'', '`']).skip(1).step_by(2)
}

fn contains(text: &[u8], part: &[u8]) -> bool {
    memchr::memmem::find(text, part).is_some()
}

/// The `../` that a public path ends in, when it is made from the address of the script.
fn upwards(behind: &[u8]) -> String {
    let text = String::from_utf8_lossy(behind);
    let end = text.find([';', '\n']).unwrap_or(text.len());
    let Some((_, up)) = text[..end].split_once("\"../") else {
        return String::new();
    };
    let more = up.split('"').next().unwrap_or_default();
    format!("../{more}")
}

/// The literal that a text ends in.
fn constant_before(text: &[u8]) -> Option<String> {
    let text = text.trim_ascii_end();
    let (&quote, inside) = text.split_last()?;
    if !matches!(quote, b'"' | b'\'') {
        return None;
    }
    let start = inside.iter().rposition(|byte| *byte == quote)?;
    // What stands before it may be a name, so that this is only the middle of a sum.
    if text[..start].trim_ascii_end().ends_with(b"+") {
        return None;
    }
    constant(std::str::from_utf8(&text[start..]).ok()?)
}

#[cfg(test)]
mod tests;
