//! The function by which a bundler's runtime makes a chunk's name from its id, as in
//! `r.u = e => "static/" + ({7: "a"}[e] || e) + "." + {7: "4f1c"}[e] + ".js"`: read, and run here.

use std::collections::{BTreeMap, BTreeSet};

use super::expression::{Expression, Parser, Value};
use super::names::is_script;

/// Makes the names of chunks, as far as it was understood: the cases it looks at, and what else it gives.
pub struct ChunkNames {
    parameter: Box<str>,
    /// The last one has no condition.
    cases: Vec<(Option<Expression>, Expression)>,
}

impl ChunkNames {
    /// Reads the text of a function with one parameter: `e=>…`, `(e)=>{…}`, `function name(e){…}`.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut parser = Parser::new(text);
        let is_function = parser.word("function");
        if is_function && !parser.is_at("(") {
            parser.name()?;
        }
        let in_brackets = parser.take("(");
        let parameter = parser.name()?;
        if in_brackets && !parser.take(")") || !is_function && !parser.take("=>") {
            return None;
        }
        let mut cases = Vec::new();
        if parser.take("{") {
            loop {
                let condition = match parser.word("if") {
                    true => Some(parser.in_brackets()?),
                    false => None,
                };
                let block = condition.is_some() && parser.take("{");
                if !parser.word("return") {
                    return None;
                }
                let result = parser.expression()?;
                while parser.take(";") {}
                if block && !parser.take("}") {
                    return None;
                }
                let last = condition.is_none();
                cases.push((condition, result));
                if last {
                    break;
                }
            }
        } else {
            cases.push((None, parser.expression()?));
        }
        Some(Self {
            parameter: parameter.into(),
            cases,
        })
    }

    /// The name of the chunk with this id, without the public path; `None` where there is none.
    #[must_use]
    pub fn name(&self, id: &str) -> Option<String> {
        for (condition, result) in &self.cases {
            let holds = match condition {
                Some(condition) => condition.value(&self.parameter, id)?.is_true(),
                None => true,
            };
            if holds {
                return match result.value(&self.parameter, id)? {
                    Value::Text(name) => Some(name),
                    _ => None,
                };
            }
        }
        None
    }

    /// The names that it holds itself, by their ids.
    #[must_use]
    pub fn known(&self) -> BTreeMap<String, String> {
        let mut ids = BTreeSet::new();
        for (condition, result) in &self.cases {
            for part in condition.iter().chain([result]) {
                part.ids(&mut ids);
            }
        }
        ids.into_iter()
            .filter_map(|id| Some((id.to_owned(), self.name(id)?)))
            .collect()
    }

    /// Whether what it makes are names of scripts.
    pub(super) fn makes_scripts(&self) -> bool {
        let any = self.name("\u{1}");
        let mut names = self.known().into_values().chain(any);
        names.any(|name| is_script(&name))
    }

    /// Whether it needs nothing from outside, so that what it makes no name of has none.
    pub(super) fn is_closed(&self) -> bool {
        let mut parts = self
            .cases
            .iter()
            .flat_map(|(condition, result)| condition.iter().chain([result]));
        parts.all(|part| part.is_closed(&self.parameter))
    }

    /// Whether any id makes a name, so that only the calls tell which chunks there are.
    #[must_use]
    pub fn takes_any(&self) -> bool {
        self.name("\u{1}").is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The names it knows, and the one of a chunk that it does not list.
    fn names(text: &str) -> (Vec<String>, Option<String>) {
        let names = ChunkNames::parse(text).unwrap_or_else(|| panic!("not read: {text}"));
        (names.known().into_values().collect(), names.name("other"))
    }

    #[test]
    fn every_way_to_make_a_name_is_run() {
        for (text, known, other) in [
            ("e=>e+\".js\"", &[][..], Some("other.js")),
            ("(chunkId) => (chunkId + \".js\")", &[], Some("other.js")),
            (
                "e=>\"static/js/\"+e+\".\"+{266:\"89ce\",1e3:\"9bbe\"}[e]+\".chunk.js\"",
                &[
                    "static/js/1000.9bbe.chunk.js",
                    "static/js/266.89ce.chunk.js",
                ],
                None,
            ),
            (
                "e=>\"static/chunks/\"+({12:\"a\"}[e]||e)+\".\"+({12:\"1f\",\"x-y\":\"2f\"})[e]+\".js\"",
                &["static/chunks/a.1f.js", "static/chunks/x-y.2f.js"],
                None,
            ),
            (
                "function(e){return 7===e?\"s/7-ab.js\":\"x\"==e?`s/${e}.js`:\"s/\"+{9:\"c\"}[e]+'.js'}",
                &["s/7-ab.js", "s/c.js", "s/x.js"],
                None,
            ),
            (
                "function (chunkId) {\n// it's a template\nif (chunkId === \"a\") return \"A.js\";\n/* so */ if (chunkId === 5) { return \"five.js\"; }\nreturn \"\" + chunkId + \".js\";\n}",
                &["five.js", "A.js"],
                Some("other.js"),
            ),
            (
                "function s(e){return u.p+\"static/js/\"+({}[e]||e)+\".\"+{3:\"ab\"}[e]+\".chunk.js\"}",
                &["static/js/3.ab.chunk.js"],
                None,
            ),
            (
                "e=>\"\"+{a:\"b\",c:`d\\x65`}[e]+\"\\u002ejs\"",
                &["b.js", "de.js"],
                None,
            ),
        ] {
            let (found, any) = names(text);
            assert_eq!(found, known, "{text}");
            assert_eq!(any.as_deref(), other, "{text}");
            assert_eq!(
                ChunkNames::parse(text).unwrap().takes_any(),
                other.is_some()
            );
        }
    }

    #[test]
    fn what_cannot_be_run_is_not_guessed() {
        for text in [
            "(...e)=>t(...e)+q",
            "e=>{var t=d.get(e);return void 0!==t?t:p(e)}",
            "function(e,t){return e+\".js\"}",
            "e=>",
            "e=>\"a",
        ] {
            assert!(ChunkNames::parse(text).is_none(), "{text}");
        }
        // What it needs from outside is not known.
        let names = ChunkNames::parse("e=>base+e+\".js\"").unwrap();
        assert!(names.name("1").is_none() && !names.takes_any() && !names.is_closed());
        let none = ChunkNames::parse("e=>\"\"+e+\".\"+{}[e]+\".js\"").unwrap();
        assert!(none.known().is_empty() && !none.makes_scripts() && none.is_closed());
        let deep = format!("e=>{}e", "(".repeat(100_000));
        assert!(ChunkNames::parse(&deep).is_none());
    }
}
