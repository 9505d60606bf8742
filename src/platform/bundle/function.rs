//! The text of a function, collected until it ends.

/// The most bytes of one.
const MOST: usize = 8 << 20;

/// Collects a function, byte by byte.
pub(super) struct Function {
    pub text: Vec<u8>,
    /// Whether a bracket opens its body; else it is an expression.
    has_body: Option<bool>,
    depth: u32,
    inside: Inside,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Inside {
    Code,
    Text(u8),
    Line,
    Comment,
}

/// Whether more is to come.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Progress {
    More,
    Whole,
    TooLong,
}

impl Function {
    pub fn new() -> Self {
        Self {
            text: Vec::new(),
            has_body: None,
            depth: 0,
            inside: Inside::Code,
        }
    }

    pub fn push(&mut self, byte: u8) -> Progress {
        let last = self.text.last().copied();
        // What ends an expression does not belong to it.
        let ends = matches!(byte, b',' | b';' | b')' | b']' | b'}') && self.depth == 0;
        if self.inside == Inside::Code && ends && self.has_body == Some(false) {
            return Progress::Whole;
        }
        let is_code = self.inside == Inside::Code && !byte.is_ascii_whitespace();
        if self.has_body.is_none() && self.depth == 0 && is_code {
            match self.text.trim_ascii_end().ends_with(b"=>") {
                true => self.has_body = Some(byte == b'{'),
                false if byte == b'{' => self.has_body = Some(true),
                false => {}
            }
        }
        self.text.push(byte);
        match (self.inside, byte) {
            (Inside::Text(quote), _) if byte == quote && !self.is_escaped() => {
                self.inside = Inside::Code;
            }
            (Inside::Text(_), _) => {}
            (Inside::Line, b'\n') => self.inside = Inside::Code,
            (Inside::Comment, b'/') if last == Some(b'*') => self.inside = Inside::Code,
            (Inside::Line | Inside::Comment, _) => {}
            (Inside::Code, b'"' | b'\'' | b'`') => self.inside = Inside::Text(byte),
            (Inside::Code, b'/') if last == Some(b'/') => self.inside = Inside::Line,
            (Inside::Code, b'*') if last == Some(b'/') => self.inside = Inside::Comment,
            (Inside::Code, b'{' | b'(' | b'[') => self.depth += 1,
            (Inside::Code, b'}' | b')' | b']') => {
                self.depth = self.depth.saturating_sub(1);
                if byte == b'}' && self.depth == 0 && self.has_body == Some(true) {
                    return Progress::Whole;
                }
            }
            _ => {}
        }
        match self.text.len() > MOST {
            true => Progress::TooLong,
            false => Progress::More,
        }
    }

    fn is_escaped(&self) -> bool {
        let before = &self.text[..self.text.len() - 1];
        before
            .iter()
            .rev()
            .take_while(|byte| **byte == b'\\')
            .count()
            % 2
            == 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn whole(text: &str) -> String {
        let mut function = Function::new();
        for byte in text.bytes() {
            if function.push(byte) != Progress::More {
                break;
            }
        }
        String::from_utf8(function.text).unwrap()
    }

    #[test]
    fn a_function_ends_where_it_ends() {
        for (text, expected) in [
            ("e=>e+\".js\",r.o=1", "e=>e+\".js\""),
            ("(e) => (e + \".js\");\n", "(e) => (e + \".js\")"),
            (
                "e=>\"a,b\"+{1:\"}\",2:\"c\"}[e]+\".js\"}x",
                "e=>\"a,b\"+{1:\"}\",2:\"c\"}[e]+\".js\"",
            ),
            (
                "e=>({1:\"a\"}[e]||e)+'\\';'})",
                "e=>({1:\"a\"}[e]||e)+'\\';'",
            ),
            (
                "function(e){return{1:\"a\"}[e]}r.x",
                "function(e){return{1:\"a\"}[e]}",
            ),
            (
                "(e) => {\n // don't }\n /* } */ return e;\n}\nx",
                "(e) => {\n // don't }\n /* } */ return e;\n}",
            ),
            ("e=>{1:\"a\"}", "e=>{1:\"a\"}"),
        ] {
            assert_eq!(whole(text), expected);
        }
    }
}
