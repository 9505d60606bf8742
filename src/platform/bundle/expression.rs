//! As much of JavaScript's expressions as names of chunks are made of.

use std::collections::{BTreeSet, HashMap};

/// How deep brackets may stand in each other.
const DEEPEST: u32 = 64;

pub(super) enum Expression {
    Text(String),
    /// `{7:"a"}`.
    Object(HashMap<String, Expression>),
    /// What an object has under a name.
    Member(Box<Expression>, Box<Expression>),
    Name(Box<str>),
    /// The public path, `r.p`: empty here, since it is known elsewhere.
    Public,
    Sum(Vec<Expression>),
    Or(Box<Expression>, Box<Expression>),
    Equal(Box<Expression>, Box<Expression>),
    /// A condition, and what is given where it holds and where not.
    If(Box<Expression>, Box<Expression>, Box<Expression>),
}

pub(super) enum Value {
    Text(String),
    Truth(bool),
    Undefined,
}

impl Value {
    pub fn is_true(&self) -> bool {
        match self {
            Self::Text(text) => !text.is_empty(),
            Self::Truth(truth) => *truth,
            Self::Undefined => false,
        }
    }
}

impl Expression {
    /// What it gives when the parameter is this id; `None` where that is not known, and where a part of
    /// a name is missing.
    pub fn value(&self, parameter: &str, id: &str) -> Option<Value> {
        let of = |part: &Self| part.value(parameter, id);
        Some(match self {
            Self::Text(text) => Value::Text(text.clone()),
            Self::Public => Value::Text(String::new()),
            Self::Name(name) if **name == *parameter => Value::Text(id.to_owned()),
            Self::Name(_) | Self::Object(_) => return None,
            Self::Member(object, key) => match (&**object, of(key)?) {
                (Self::Object(members), Value::Text(key)) => match members.get(&key) {
                    Some(found) => return of(found),
                    None => Value::Undefined,
                },
                _ => return None,
            },
            Self::Sum(parts) => {
                let mut sum = String::new();
                for part in parts {
                    match of(part)? {
                        Value::Text(text) => sum += &text,
                        _ => return None,
                    }
                }
                Value::Text(sum)
            }
            Self::Or(first, second) => match of(first)? {
                value if value.is_true() => value,
                _ => return of(second),
            },
            Self::Equal(left, right) => match (of(left)?, of(right)?) {
                (Value::Text(left), Value::Text(right)) => Value::Truth(left == right),
                _ => Value::Truth(false),
            },
            Self::If(condition, then, otherwise) => {
                let holds = of(condition)?.is_true();
                return of(if holds { then } else { otherwise });
            }
        })
    }

    /// Whether it needs nothing but the parameter.
    pub fn is_closed(&self, parameter: &str) -> bool {
        let of = |part: &Self| part.is_closed(parameter);
        match self {
            Self::Text(_) | Self::Public => true,
            Self::Name(name) => **name == *parameter,
            Self::Object(members) => members.values().all(of),
            Self::Sum(parts) => parts.iter().all(of),
            Self::Member(a, b) | Self::Or(a, b) | Self::Equal(a, b) => of(a) && of(b),
            Self::If(a, b, c) => of(a) && of(b) && of(c),
        }
    }

    /// The ids that it mentions.
    pub fn ids<'e>(&'e self, ids: &mut BTreeSet<&'e str>) {
        match self {
            Self::Text(_) | Self::Name(_) | Self::Public => {}
            Self::Object(members) => ids.extend(members.keys().map(String::as_str)),
            Self::Member(object, key) => [object, key].into_iter().for_each(|part| part.ids(ids)),
            Self::Sum(parts) => parts.iter().for_each(|part| part.ids(ids)),
            Self::Or(first, second) => {
                first.ids(ids);
                second.ids(ids);
            }
            Self::Equal(left, right) => {
                for side in [left, right] {
                    match &**side {
                        Self::Text(text) => {
                            ids.insert(text);
                        }
                        other => other.ids(ids),
                    }
                }
            }
            Self::If(condition, then, otherwise) => {
                let parts = [condition, then, otherwise];
                parts.into_iter().for_each(|part| part.ids(ids));
            }
        }
    }
}

/// Reads a text from its start, over blanks and comments.
pub(super) struct Parser<'t> {
    rest: &'t str,
    depth: u32,
}

impl<'t> Parser<'t> {
    pub fn new(text: &'t str) -> Self {
        Self {
            rest: text,
            depth: 0,
        }
    }

    fn skip(&mut self) {
        loop {
            self.rest = self.rest.trim_start();
            let comment = [("//", "\n"), ("/*", "*/")]
                .iter()
                .find_map(|(open, close)| Some((self.rest.strip_prefix(open)?, *close)));
            let Some((comment, close)) = comment else {
                return;
            };
            self.rest = comment.split_once(close).map_or("", |(_, behind)| behind);
        }
    }

    pub fn is_at(&mut self, sign: &str) -> bool {
        self.skip();
        self.rest.starts_with(sign)
    }

    pub fn take(&mut self, sign: &str) -> bool {
        let is_at = self.is_at(sign);
        if is_at {
            self.rest = &self.rest[sign.len()..];
        }
        is_at
    }

    /// A word of the language.
    pub fn word(&mut self, word: &str) -> bool {
        self.skip();
        match self.rest.strip_prefix(word) {
            Some(behind) if !behind.starts_with(in_name) => {
                self.rest = behind;
                true
            }
            _ => false,
        }
    }

    pub fn name(&mut self) -> Option<&'t str> {
        self.skip();
        let end = self
            .rest
            .find(|sign| !in_name(sign))
            .unwrap_or(self.rest.len());
        let (name, rest) = self.rest.split_at(end);
        if name.is_empty() || name.starts_with(|first: char| first.is_ascii_digit()) {
            return None;
        }
        self.rest = rest;
        Some(name)
    }

    pub fn in_brackets(&mut self) -> Option<Expression> {
        let inside = self.take("(").then(|| self.expression())??;
        self.take(")").then_some(inside)
    }

    pub fn expression(&mut self) -> Option<Expression> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return None;
        }
        let condition = self.either()?;
        let expression = if self.is_at("?") && !self.is_at("?.") && self.take("?") {
            let then = self.expression()?;
            if !self.take(":") {
                return None;
            }
            Expression::If(
                Box::new(condition),
                Box::new(then),
                Box::new(self.expression()?),
            )
        } else {
            condition
        };
        self.depth -= 1;
        Some(expression)
    }

    fn either(&mut self) -> Option<Expression> {
        let mut first = self.comparison()?;
        while self.take("||") || self.take("??") {
            first = Expression::Or(Box::new(first), Box::new(self.comparison()?));
        }
        Some(first)
    }

    fn comparison(&mut self) -> Option<Expression> {
        let left = self.sum()?;
        if self.take("===") || self.take("==") {
            return Some(Expression::Equal(Box::new(left), Box::new(self.sum()?)));
        }
        Some(left)
    }

    fn sum(&mut self) -> Option<Expression> {
        let mut parts = vec![self.part()?];
        while self.take("+") {
            parts.push(self.part()?);
        }
        match parts.len() {
            1 => parts.pop(),
            _ => Some(Expression::Sum(parts)),
        }
    }

    fn part(&mut self) -> Option<Expression> {
        self.skip();
        let mut part = match self.rest.chars().next()? {
            quote @ ('"' | '\'') => Expression::Text(self.string(quote)?),
            '`' => self.template()?,
            '0'..='9' | '.' => Expression::Text(self.number()?),
            '{' => Expression::Object(self.object()?),
            '(' => self.in_brackets()?,
            _ => {
                let name = self.name()?;
                match self.take(".") {
                    true => (self.name()? == "p").then_some(Expression::Public)?,
                    false => Expression::Name(name.into()),
                }
            }
        };
        while self.take("[") {
            let key = self.expression()?;
            part = Expression::Member(Box::new(part), Box::new(key));
            if !self.take("]") {
                return None;
            }
        }
        Some(part)
    }

    fn object(&mut self) -> Option<HashMap<String, Expression>> {
        let mut members = HashMap::new();
        self.take("{");
        while !self.take("}") {
            self.skip();
            let key = match self.rest.chars().next()? {
                quote @ ('"' | '\'') => self.string(quote)?,
                '0'..='9' | '.' => self.number()?,
                _ => self.name()?.to_owned(),
            };
            if !self.take(":") {
                return None;
            }
            self.skip();
            let value = match self.rest.chars().next()? {
                quote @ ('"' | '\'') => Expression::Text(self.string(quote)?),
                '`' => self.template()?,
                _ => Expression::Text(self.number()?),
            };
            members.insert(key, value);
            if !self.take(",") && !self.is_at("}") {
                return None;
            }
        }
        Some(members)
    }

    /// A number as it is written out: `1e3` is `1000`.
    fn number(&mut self) -> Option<String> {
        let length = self
            .rest
            .find(|sign: char| !sign.is_ascii_alphanumeric() && sign != '.')
            .unwrap_or(self.rest.len());
        let (text, rest) = self.rest.split_at(length);
        self.rest = rest;
        let number = match text.strip_prefix("0x") {
            Some(hex) => f64::from(u32::from_str_radix(hex, 16).ok()?),
            None => text.parse::<f64>().ok()?,
        };
        Some(number.to_string())
    }

    fn string(&mut self, quote: char) -> Option<String> {
        let mut text = String::new();
        self.rest = &self.rest[1..];
        while !self.rest.starts_with(quote) {
            text.push(self.character()?);
        }
        self.rest = &self.rest[1..];
        Some(text)
    }

    fn template(&mut self) -> Option<Expression> {
        let mut parts = Vec::new();
        let mut text = String::new();
        self.rest = &self.rest[1..];
        while !self.rest.starts_with('`') {
            if let Some(inside) = self.rest.strip_prefix("${") {
                self.rest = inside;
                parts.push(Expression::Text(std::mem::take(&mut text)));
                parts.push(self.expression()?);
                if !self.take("}") {
                    return None;
                }
            } else {
                text.push(self.character()?);
            }
        }
        self.rest = &self.rest[1..];
        parts.push(Expression::Text(text));
        Some(Expression::Sum(parts))
    }

    /// One character of a literal.
    fn character(&mut self) -> Option<char> {
        let first = self.rest.chars().next()?;
        let Some(escape) = self.rest.strip_prefix('\\') else {
            self.rest = &self.rest[first.len_utf8()..];
            return Some(first);
        };
        let hex = |digits: Option<&str>| char::from_u32(u32::from_str_radix(digits?, 16).ok()?);
        let (length, character) = match escape.chars().next()? {
            'x' => (3, hex(escape.get(1..3))?),
            'u' => (5, hex(escape.get(1..5))?),
            'n' | 'r' | 't' | '0'..='9' => return None,
            other => (other.len_utf8(), other),
        };
        self.rest = &escape[length..];
        Some(character)
    }
}

fn in_name(sign: char) -> bool {
    sign.is_ascii_alphanumeric() || sign == '_' || sign == '$'
}
