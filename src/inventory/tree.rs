use zeroize::Zeroizing;

use super::Site;
use super::template::has_template;

/// A file of YAML as it was written: scalars keep their text, so that `1.10`, `no` and `007` are
/// still there when a string is wanted, and everything knows its place.
///
/// Nodes lie side by side in a few allocations, and an alias is one more reference to its node, so a
/// large file stays small and goes away at once.
pub(super) struct Tree {
    pub(super) file: u16,
    /// The file. It may hold a key, which is a mistake to be reported, not one to be left in memory.
    pub(super) text: Zeroizing<String>,
    /// Scalars that do not stand in the text as they are meant: escapes, folded lines.
    pub(super) unescaped: Zeroizing<String>,
    pub(super) nodes: Vec<Node>,
    pub(super) children: Vec<Id>,
    pub(super) root: Id,
    /// Keys that are written twice in one map: the first and the other.
    pub(super) duplicates: Vec<[Id; 2]>,
}

/// A node of a [`Tree`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Id(pub(super) u32);

#[derive(Clone, Copy)]
pub(super) struct Node {
    pub(super) line: u32,
    pub(super) column: u32,
    /// Into the text, the unescaped text or the children.
    pub(super) start: u32,
    pub(super) end: u32,
    pub(super) form: Form,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Scalar { plain: bool, unescaped: bool },
    Sequence,
    Mapping,
}

/// What a node is.
#[derive(Clone, Copy)]
pub(super) enum Kind<'t> {
    Scalar(Scalar<'t>),
    Sequence(&'t [Id]),
    /// Keys and values.
    Mapping(&'t [[Id; 2]]),
}

#[derive(Clone, Copy)]
pub(super) struct Scalar<'t> {
    pub text: &'t str,
    /// Written without quotes, so that it may be meant as something else than a string.
    pub plain: bool,
}

impl Scalar<'_> {
    pub fn is_null(self) -> bool {
        self.plain && matches!(self.text, "" | "~" | "null" | "Null" | "NULL")
    }
}

impl Tree {
    pub fn root(&self) -> Id {
        self.root
    }

    pub fn kind(&self, id: Id) -> Kind<'_> {
        let node = self.node(id);
        let range = node.start as usize..node.end as usize;
        match node.form {
            Form::Scalar { plain, unescaped } => {
                let text = if unescaped {
                    &self.unescaped
                } else {
                    &self.text
                };
                Kind::Scalar(Scalar {
                    text: text.get(range).unwrap_or_default(),
                    plain,
                })
            }
            Form::Sequence => Kind::Sequence(self.children.get(range).unwrap_or_default()),
            Form::Mapping => {
                Kind::Mapping(self.children.get(range).unwrap_or_default().as_chunks().0)
            }
        }
    }

    pub fn site(&self, id: Id) -> Site {
        let Node { line, column, .. } = self.node(id);
        Site {
            file: self.file,
            line,
            column,
        }
    }

    /// Where a part of a scalar stands, by its offset in bytes; the scalar itself where it is
    /// written in another way than it reads.
    pub fn site_within(&self, id: Id, offset: usize) -> Site {
        let mut site = self.site(id);
        let node = self.node(id);
        let Form::Scalar {
            plain,
            unescaped: false,
        } = node.form
        else {
            return site;
        };
        let start = node.start as usize;
        if let Some(before) = self.text.get(start..start + offset) {
            let characters = before.chars().count() + usize::from(!plain);
            site.column += u32::try_from(characters).unwrap_or(0);
        }
        site
    }

    /// A scalar's text; empty for anything else.
    pub fn text(&self, id: Id) -> &str {
        match self.kind(id) {
            Kind::Scalar(scalar) => scalar.text,
            Kind::Sequence(_) | Kind::Mapping(_) => "",
        }
    }

    pub fn is_scalar(&self, id: Id) -> bool {
        matches!(self.kind(id), Kind::Scalar(_))
    }

    pub fn is_null(&self, id: Id) -> bool {
        matches!(self.kind(id), Kind::Scalar(scalar) if scalar.is_null())
    }

    /// Keys and values; none for anything but a map.
    pub fn entries(&self, id: Id) -> &[[Id; 2]] {
        match self.kind(id) {
            Kind::Mapping(entries) => entries,
            Kind::Scalar(_) | Kind::Sequence(_) => &[],
        }
    }

    /// The value of a key.
    pub fn get(&self, id: Id, key: &str) -> Option<Id> {
        self.entries(id)
            .iter()
            .find(|[name, _]| self.text(*name) == key)
            .map(|[_, value]| *value)
    }

    /// Runs over every scalar below a node, keys left out. Aliases are followed, and the budget of
    /// the parser bounds how many there are.
    pub fn each_scalar<'t>(&'t self, id: Id, visit: &mut impl FnMut(Id, Scalar<'t>)) {
        match self.kind(id) {
            Kind::Scalar(scalar) => visit(id, scalar),
            Kind::Sequence(items) => {
                for item in items {
                    self.each_scalar(*item, visit);
                }
            }
            Kind::Mapping(entries) => {
                for [_, value] in entries {
                    self.each_scalar(*value, visit);
                }
            }
        }
    }

    /// Whether anything is to be filled in below a node.
    pub fn has_template(&self, id: Id) -> bool {
        let mut found = false;
        self.each_scalar(id, &mut |_, scalar| found |= has_template(scalar.text));
        found
    }

    /// The scalars that are written in another way than they read.
    pub fn rewritten(&self) -> impl Iterator<Item = (Id, &str)> {
        self.nodes.iter().enumerate().filter_map(|(index, node)| {
            let id = Id(u32::try_from(index).ok()?);
            matches!(
                node.form,
                Form::Scalar {
                    unescaped: true,
                    ..
                }
            )
            .then(|| (id, self.text(id)))
        })
    }

    fn node(&self, id: Id) -> Node {
        self.nodes[id.0 as usize]
    }
}

/// Line and column, from 1 and in characters, of an offset in bytes.
pub(super) fn position(text: &str, offset: usize) -> (u32, u32) {
    let bytes = text.as_bytes();
    let mut line: u32 = 1;
    let mut column: u32 = 1;
    for (index, byte) in bytes.iter().take(offset).enumerate() {
        match byte {
            b'\r' if bytes.get(index + 1) == Some(&b'\n') => {}
            b'\n' | b'\r' => {
                line = line.saturating_add(1);
                column = 1;
            }
            // A character counts by its first byte.
            0x80..0xc0 => {}
            _ => column = column.saturating_add(1),
        }
    }
    (line, column)
}
