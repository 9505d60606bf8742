use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use serde_yaml::granit_parser::{
    ErrorKind, Event, Marker, Parser, ScalarStyle, ScanError, Span, Tag, options,
};
use zeroize::{Zeroize, Zeroizing};

use super::Site;
use super::tree::{Form, Id, Node, Tree, position};

/// The largest file that is read, in bytes.
pub(super) const LARGEST_FILE: usize = 64 << 20;
/// The most nodes a file may have, each alias counted as what it stands for.
const MOST_NODES: u64 = 10_000_000;
/// How deep lists and maps may be nested, aliases followed.
const DEEPEST: usize = 64;
const TOO_DEEP: &str = "lists and maps are nested more than 64 deep here";
/// Maps with more keys are searched with a hash.
const FEW: usize = 16;

/// Why a file is no YAML that can be used. The message never holds anything of the file.
pub(super) struct Broken {
    pub site: Site,
    pub message: Cow<'static, str>,
}

impl Tree {
    /// Reads a file.
    ///
    /// # Errors
    ///
    /// The first thing that is no valid YAML, or that is beyond what targets.yaml may use of it.
    pub fn parse(file: u16, bytes: Vec<u8>) -> Result<Self, Broken> {
        let text = text(file, bytes)?;
        let mut builder = Builder::new(file, &text);
        let options = options! {
            emit_comments: false,
            flow_nesting_limit: DEEPEST,
            block_nesting_limit: DEEPEST,
        };
        for event in Parser::new_from_str_with_options(&text, options) {
            let (event, span) = event.map_err(|error| builder.invalid(&error))?;
            builder.event(event, span)?;
        }
        let Builder {
            unescaped,
            mut nodes,
            mut children,
            root,
            duplicates,
            ..
        } = builder;
        let Some(root) = root else {
            return Err(Broken {
                site: Site {
                    file,
                    line: 0,
                    column: 0,
                },
                message: "is empty".into(),
            });
        };
        nodes.shrink_to_fit();
        children.shrink_to_fit();
        Ok(Self {
            file,
            text,
            unescaped,
            nodes,
            children,
            root,
            duplicates,
        })
    }
}

/// The bytes as text without what YAML forbids.
fn text(file: u16, bytes: Vec<u8>) -> Result<Zeroizing<String>, Broken> {
    let broken = |text: &str, offset, message| {
        let (line, column) = position(text, offset);
        Broken {
            site: Site { file, line, column },
            message,
        }
    };
    if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
        return Err(broken("", 0, "is UTF-16: save it as UTF-8".into()));
    }
    let mut text = match String::from_utf8(bytes) {
        Ok(text) => Zeroizing::new(text),
        Err(error) => {
            let valid = error.utf8_error().valid_up_to();
            let mut bytes = error.into_bytes();
            let text = String::from_utf8_lossy(bytes.get(..valid).unwrap_or_default());
            let broken = broken(&text, valid, "is not UTF-8 here".into());
            bytes.zeroize();
            return Err(broken);
        }
    };
    if text.starts_with('\u{feff}') {
        text.drain(..'\u{feff}'.len_utf8());
    }
    let control = |byte: &u8| matches!(byte, 0..=8 | 11 | 12 | 14..=31 | 127);
    if let Some(offset) = text.as_bytes().iter().position(control) {
        let byte = text.as_bytes()[offset];
        let message = format!("a control character, U+{byte:04X}, which YAML does not allow");
        return Err(broken(&text, offset, message.into()));
    }
    Ok(text)
}

struct Builder<'t> {
    file: u16,
    text: &'t str,
    unescaped: Zeroizing<String>,
    nodes: Vec<Node>,
    children: Vec<Id>,
    root: Option<Id>,
    duplicates: Vec<[Id; 2]>,
    /// The children of everything that is open, the outermost first.
    pending: Vec<Id>,
    open: Vec<Open>,
    anchors: HashMap<usize, Anchor>,
    /// How many nodes there are, each alias counted as what it stands for.
    count: u64,
    documents: u32,
}

struct Open {
    id: Id,
    anchor: usize,
    /// Where its children begin in `pending`.
    from: usize,
    counted: u64,
    /// How deep it is below itself.
    height: usize,
}

#[derive(Clone, Copy)]
struct Anchor {
    id: Id,
    weight: u64,
    height: usize,
}

impl<'t> Builder<'t> {
    fn new(file: u16, text: &'t str) -> Self {
        Self {
            file,
            text,
            unescaped: Zeroizing::default(),
            nodes: Vec::with_capacity(text.len() / 16),
            children: Vec::with_capacity(text.len() / 16),
            root: None,
            duplicates: Vec::new(),
            pending: Vec::new(),
            open: Vec::new(),
            anchors: HashMap::new(),
            count: 0,
            documents: 0,
        }
    }

    fn event(&mut self, event: Event<'t>, span: Span) -> Result<(), Broken> {
        match event {
            Event::DocumentStart(..) => {
                self.documents += 1;
                if self.documents > 1 {
                    return Err(self.broken(
                        span.start,
                        "a second document begins here: one file holds one document",
                    ));
                }
            }
            Event::Scalar(text, style, anchor, tag) => {
                let plain = self.plain(style, tag.as_deref(), span)?;
                self.scalar(&text, plain, anchor, span)?;
            }
            Event::SequenceStart(_, anchor, tag) => {
                self.untagged(tag.as_deref(), "seq", span)?;
                self.begin(Form::Sequence, anchor, span)?;
            }
            Event::MappingStart(_, anchor, tag) => {
                self.untagged(tag.as_deref(), "map", span)?;
                self.begin(Form::Mapping, anchor, span)?;
            }
            Event::SequenceEnd | Event::MappingEnd => self.end()?,
            Event::Alias(anchor) => {
                let Some(target) = self.anchors.get(&anchor).copied() else {
                    return Err(self.broken(
                        span.start,
                        "an alias inside the very node that its anchor names",
                    ));
                };
                self.add(target.id, target.weight, target.height, span)?;
            }
            Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => {}
            // Asked for by no option of ours.
            _ => return Err(self.broken(span.start, "is not valid YAML here")),
        }
        Ok(())
    }

    /// Whether the scalar may be anything but a string.
    fn plain(&self, style: ScalarStyle, tag: Option<&Tag>, span: Span) -> Result<bool, Broken> {
        match tag {
            None => Ok(style == ScalarStyle::Plain),
            Some(tag) if tag.is_yaml_core_schema_tag("str") => Ok(false),
            Some(_) => Err(self.tagged(span)),
        }
    }

    fn untagged(&self, tag: Option<&Tag>, suffix: &str, span: Span) -> Result<(), Broken> {
        match tag {
            Some(tag) if !tag.is_yaml_core_schema_tag(suffix) => Err(self.tagged(span)),
            _ => Ok(()),
        }
    }

    fn tagged(&self, span: Span) -> Broken {
        self.broken(
            span.tag_start().unwrap_or(span.start),
            "a tag: targets.yaml has none, leave it out",
        )
    }

    fn scalar(&mut self, text: &str, plain: bool, anchor: usize, span: Span) -> Result<(), Broken> {
        let (start, end, unescaped) = match self.verbatim(text, plain, span) {
            Some(start) => (start, start + text.len(), false),
            None => {
                let start = self.unescaped.len();
                self.unescaped.push_str(text);
                (start, self.unescaped.len(), true)
            }
        };
        let form = Form::Scalar { plain, unescaped };
        let id = self.node(form, start, end, span)?;
        self.add(id, 1, 0, span)?;
        if anchor != 0 {
            self.anchors.insert(
                anchor,
                Anchor {
                    id,
                    weight: 1,
                    height: 0,
                },
            );
        }
        Ok(())
    }

    /// Where the scalar stands in the text just as it reads.
    fn verbatim(&self, text: &str, plain: bool, span: Span) -> Option<usize> {
        let start = span.start.byte_offset()? + usize::from(!plain);
        (self.text.get(start..)?.starts_with(text)).then_some(start)
    }

    fn begin(&mut self, form: Form, anchor: usize, span: Span) -> Result<(), Broken> {
        if self.open.len() >= DEEPEST {
            return Err(self.too_deep(span));
        }
        let id = self.node(form, 0, 0, span)?;
        self.open.push(Open {
            id,
            anchor,
            from: self.pending.len(),
            counted: self.count,
            height: 0,
        });
        Ok(())
    }

    fn end(&mut self) -> Result<(), Broken> {
        let Some(open) = self.open.pop() else {
            return Ok(());
        };
        let begun = self.nodes[open.id.0 as usize];
        if begun.form == Form::Mapping {
            self.mapping(open.from)?;
        }
        let start = self.children.len();
        self.children.extend(self.pending.drain(open.from..));
        let node = &mut self.nodes[open.id.0 as usize];
        // Each child was counted, and the budget is far below 2^32.
        node.start = u32::try_from(start).unwrap_or(u32::MAX);
        node.end = u32::try_from(self.children.len()).unwrap_or(u32::MAX);
        let height = open.height + 1;
        if open.anchor != 0 {
            let weight = self.count - open.counted + 1;
            self.anchors.insert(
                open.anchor,
                Anchor {
                    id: open.id,
                    weight,
                    height,
                },
            );
        }
        self.hang(open.id, height);
        self.spend(1, begun.line, begun.column)
    }

    /// Checks the keys of a map whose children are the last pending ones, and merges what `<<` names.
    fn mapping(&mut self, from: usize) -> Result<(), Broken> {
        let entries: &[[Id; 2]] = self.pending[from..].as_chunks().0;
        let mut merges = Vec::new();
        let mut duplicates = Vec::new();
        let mut seen: HashMap<&str, Id> = HashMap::new();
        for (index, [key, value]) in entries.iter().enumerate() {
            let Form::Scalar { plain, .. } = self.form(*key) else {
                return Err(self.broken_at(*key, "a key must be a text, not a list or a map"));
            };
            let name = self.scalar_text(*key);
            let first = if entries.len() <= FEW {
                let mut before = entries[..index].iter().map(|[key, _]| *key);
                before.find(|known| self.scalar_text(*known) == name)
            } else {
                let known = seen.get(name).copied();
                seen.entry(name).or_insert(*key);
                known
            };
            if let Some(first) = first {
                duplicates.push([first, *key]);
            } else if plain && name == "<<" {
                merges.push([*key, *value]);
            }
        }
        if duplicates.is_empty() && merges.is_empty() {
            return Ok(());
        }
        let dropped: HashSet<Id> = duplicates
            .iter()
            .map(|[_, again]| *again)
            .chain(merges.iter().map(|[key, _]| *key))
            .collect();
        let mut entries = entries.to_vec();
        entries.retain(|[key, _]| !dropped.contains(key));
        for [_, merge] in merges {
            self.merge(&mut entries, merge)?;
        }
        self.duplicates.append(&mut duplicates);
        self.pending.truncate(from);
        self.pending.extend(entries.as_flattened());
        Ok(())
    }

    /// Adds to the entries of a map what `<<` names, but for keys that are there.
    fn merge(&mut self, entries: &mut Vec<[Id; 2]>, merge: Id) -> Result<(), Broken> {
        let sources = match self.form(merge) {
            Form::Sequence => self.children(merge),
            Form::Mapping | Form::Scalar { .. } => &[merge],
        };
        let mut seen: HashSet<&str> = entries
            .iter()
            .map(|[key, _]| self.scalar_text(*key))
            .collect();
        let mut copied: u64 = 0;
        for source in sources {
            if self.form(*source) != Form::Mapping {
                return Err(self.broken_at(*source, "`<<` merges a map or a list of maps"));
            }
            for [key, value] in self.children(*source).as_chunks().0 {
                copied += 2;
                if seen.insert(self.scalar_text(*key)) {
                    entries.push([*key, *value]);
                }
            }
        }
        let Node { line, column, .. } = self.nodes[merge.0 as usize];
        self.spend(copied, line, column)
    }

    fn node(&mut self, form: Form, start: usize, end: usize, span: Span) -> Result<Id, Broken> {
        let narrow = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        let id = Id(narrow(self.nodes.len()));
        let Site { line, column, .. } = self.site(span.start);
        self.nodes.push(Node {
            line,
            column,
            start: narrow(start),
            end: narrow(end),
            form,
        });
        Ok(id)
    }

    /// Adds a whole node to what is open.
    fn add(&mut self, id: Id, weight: u64, height: usize, span: Span) -> Result<(), Broken> {
        if self.open.len() + height > DEEPEST {
            return Err(self.too_deep(span));
        }
        self.hang(id, height);
        let Site { line, column, .. } = self.site(span.start);
        self.spend(weight, line, column)
    }

    fn hang(&mut self, id: Id, height: usize) {
        match self.open.last_mut() {
            Some(open) => {
                open.height = open.height.max(height);
                self.pending.push(id);
            }
            None => self.root = Some(id),
        }
    }

    fn spend(&mut self, nodes: u64, line: u32, column: u32) -> Result<(), Broken> {
        self.count = self.count.saturating_add(nodes);
        if self.count <= MOST_NODES {
            return Ok(());
        }
        let file = self.file;
        Err(Broken {
            site: Site { file, line, column },
            message: format!(
                "the file is too large from here on, its aliases filled in: at most {MOST_NODES} \
                 nodes are read; write a matrix, or split it with `include`"
            )
            .into(),
        })
    }

    fn form(&self, id: Id) -> Form {
        self.nodes[id.0 as usize].form
    }

    fn children(&self, id: Id) -> &[Id] {
        let node = self.nodes[id.0 as usize];
        self.children
            .get(node.start as usize..node.end as usize)
            .unwrap_or_default()
    }

    fn scalar_text(&self, id: Id) -> &str {
        let node = self.nodes[id.0 as usize];
        let text = match node.form {
            Form::Scalar {
                unescaped: true, ..
            } => &self.unescaped,
            Form::Scalar { .. } => self.text,
            Form::Sequence | Form::Mapping => "",
        };
        text.get(node.start as usize..node.end as usize)
            .unwrap_or_default()
    }

    fn site(&self, marker: Marker) -> Site {
        let narrow = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        Site {
            file: self.file,
            line: narrow(marker.line()),
            column: narrow(marker.col()).saturating_add(1),
        }
    }

    fn too_deep(&self, span: Span) -> Broken {
        self.broken(span.start, TOO_DEEP)
    }

    fn broken(&self, marker: Marker, message: &'static str) -> Broken {
        Broken {
            site: self.site(marker),
            message: message.into(),
        }
    }

    fn broken_at(&self, id: Id, message: &'static str) -> Broken {
        let Node { line, column, .. } = self.nodes[id.0 as usize];
        Broken {
            site: Site {
                file: self.file,
                line,
                column,
            },
            message: message.into(),
        }
    }

    fn invalid(&self, error: &ScanError) -> Broken {
        self.broken(*error.marker(), explain(error.kind()))
    }
}

/// The parser's own words are not used: they are about its states, and not all are free of what
/// stands in the file.
fn explain(kind: &ErrorKind) -> &'static str {
    use ErrorKind as E;
    match kind {
        E::TabNotAllowed
        | E::TabInBlockIndentation
        | E::TabInIndentation
        | E::TabInPlainScalar
        | E::TabAtBlockScalarStart => "a tab: YAML is indented with spaces",
        E::UnknownAnchor => "an alias whose anchor is not defined above",
        E::UnclosedQuotedScalar => "a quote is opened here and never closed",
        E::UnclosedFlowCollection { .. }
        | E::UnexpectedEofFlowSequence
        | E::UnexpectedEofFlowMapping
        | E::UnexpectedEofImplicitFlowMapping => "a bracket is opened and never closed",
        E::MisplacedFlowCollectionEnd | E::MismatchedFlowCollectionEnd { .. } => {
            "a closing bracket that fits none that is open"
        }
        E::ExpectedFlowMappingSeparator => "expected `,` or `}`",
        E::ExpectedFlowSequenceSeparator => "expected `,` or `]`",
        E::ExpectedBlockMappingKey | E::SimpleKeyExpected => {
            "expected a key and a colon, indented like the keys above"
        }
        E::ExpectedBlockSequenceEntry => "expected `- `, indented like the items above",
        E::InvalidIndentation | E::InvalidQuotedScalarIndent | E::InvalidBlockScalarIndent => {
            "the indentation fits nothing above"
        }
        E::UnexpectedCharacter { .. } => {
            "a character that no plain text begins with: put the text into quotes"
        }
        E::UnknownQuotedScalarEscape => {
            "a backslash escape that YAML does not know: write it in single quotes, or double the \
             backslash"
        }
        E::InvalidTrailingSingleQuotedScalar | E::InvalidTrailingDoubleQuotedScalar => {
            "something follows the closing quote"
        }
        E::MappingValueNotAllowed => {
            "a colon where none may be: put the text into quotes, or check the indentation"
        }
        E::BlockSequenceEntryNotAllowed | E::BlockEntryInFlowCollection => {
            "a `-` where no list item may be: begin it on a line of its own, or put the text into \
             quotes"
        }
        E::RecursionLimitExceeded => TOO_DEEP,
        E::UndeclaredTagHandle => "a tag: targets.yaml has none, leave it out",
        _ => "is not valid YAML here",
    }
}
