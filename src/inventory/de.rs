use std::borrow::Cow;

use serde::de::value::StrDeserializer;
use serde::de::{
    DeserializeSeed, Deserializer, EnumAccess, IntoDeserializer, MapAccess, SeqAccess,
    VariantAccess, Visitor,
};

use super::blank::Blank;
use super::failure::{Failure, one_of};
use super::held::HELD;
use super::reader::{Reader, found};
use super::template::has_template;
use super::tree::{Id, Kind};
use crate::text::nearest;

/// Gives a node to serde. What does not fit is reported at its place, without its value, and a blank
/// is given instead, so that the rest is looked at as well.
#[derive(Clone, Copy)]
pub(super) struct De<'a> {
    reader: &'a Reader<'a>,
    id: Id,
}

impl<'a> De<'a> {
    pub fn new(reader: &'a Reader<'a>, id: Id) -> Self {
        Self { reader, id }
    }

    fn kind(self) -> Kind<'a> {
        self.reader.tree.kind(self.id)
    }

    fn is_gap(self) -> bool {
        self.reader.is_gap(self.id)
    }

    fn is_null(self) -> bool {
        self.reader.tree.is_null(self.id)
    }

    /// Reports what the visitor says.
    fn checked<T>(self, result: Result<T, Failure>) -> Result<T, Failure> {
        result.map_err(|failure| self.reader.failed(self.id, failure))
    }

    fn wrong(self, expected: &str) -> Blank {
        self.reader.wrong(self.id, expected);
        Blank
    }

    /// Whether a scalar stands for anything that may be wanted.
    fn is_open(self, text: &str) -> bool {
        self.reader.draft && has_template(text)
    }

    /// The scalar, and whether it may be something else than a string.
    fn scalar(self, expected: &str) -> Option<(Cow<'a, str>, bool)> {
        if self.is_gap() {
            return None;
        }
        self.reader.scalar(self.id, expected)
    }

    fn string<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Failure> {
        match self.scalar("a string") {
            Some((text, _)) => self.checked(visitor.visit_str(&text)),
            None => Blank.deserialize_string(visitor),
        }
    }

    fn list<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Failure> {
        if self.is_gap() {
            return Blank.deserialize_seq(visitor);
        }
        match self.kind() {
            Kind::Sequence(items) => {
                let reader = self.reader;
                self.checked(visitor.visit_seq(Items { reader, items }))
            }
            _ => self.wrong("a list").deserialize_seq(visitor),
        }
    }

    /// A map of any keys, or of those that are known.
    fn map<V: Visitor<'a>>(
        self,
        known: Option<&'static [&'static str]>,
        visitor: V,
    ) -> Result<V::Value, Failure> {
        if self.is_gap() {
            return Blank.deserialize_map(visitor);
        }
        let entries = match self.kind() {
            Kind::Mapping(entries) => entries,
            Kind::Scalar(scalar) if scalar.is_null() => &[],
            _ => return self.wrong("a map").deserialize_map(visitor),
        };
        let fields = Fields {
            reader: self.reader,
            map: self.id,
            entries,
            known,
            value: None,
            missing: 0,
        };
        visitor
            .visit_map(fields)
            .map_err(|failure| self.reader.failed(self.id, failure))
    }
}

macro_rules! numbers {
    ($($method:ident $visit:ident $type:ty;)+) => {$(
        fn $method<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Failure> {
            let Some((text, plain)) = self.scalar("a whole number") else {
                return Blank.$method(visitor);
            };
            match text.parse::<$type>() {
                Ok(number) if plain => self.checked(visitor.$visit(number)),
                _ if self.is_open(&text) => Blank.$method(visitor),
                _ => {
                    let expected = format!("a whole number from {} to {}", <$type>::MIN, <$type>::MAX);
                    self.wrong(&expected).$method(visitor)
                }
            }
        }
    )+};
}

impl<'a> Deserializer<'a> for De<'a> {
    type Error = Failure;

    numbers! {
        deserialize_i8 visit_i8 i8;
        deserialize_i16 visit_i16 i16;
        deserialize_i32 visit_i32 i32;
        deserialize_i64 visit_i64 i64;
        deserialize_i128 visit_i128 i128;
        deserialize_u8 visit_u8 u8;
        deserialize_u16 visit_u16 u16;
        deserialize_u32 visit_u32 u32;
        deserialize_u64 visit_u64 u64;
        deserialize_u128 visit_u128 u128;
    }

    fn deserialize_any<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Failure> {
        if self.is_gap() {
            return Blank.deserialize_any(visitor);
        }
        match self.kind() {
            Kind::Sequence(_) => return self.list(visitor),
            Kind::Mapping(_) => return self.map(None, visitor),
            Kind::Scalar(scalar) if scalar.is_null() => return self.checked(visitor.visit_unit()),
            Kind::Scalar(_) => {}
        }
        let Some((text, plain)) = self.scalar("a value") else {
            return Blank.deserialize_any(visitor);
        };
        let result = if !plain {
            visitor.visit_str(&text)
        } else if let Ok(value) = text.parse::<bool>() {
            visitor.visit_bool(value)
        } else if let Ok(number) = text.parse::<u64>() {
            visitor.visit_u64(number)
        } else if let Ok(number) = text.parse::<i64>() {
            visitor.visit_i64(number)
        } else {
            visitor.visit_str(&text)
        };
        self.checked(result)
    }

    fn deserialize_bool<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Failure> {
        let Some((text, plain)) = self.scalar("true or false") else {
            return Blank.deserialize_bool(visitor);
        };
        match &*text {
            "true" | "True" | "TRUE" if plain => self.checked(visitor.visit_bool(true)),
            "false" | "False" | "FALSE" if plain => self.checked(visitor.visit_bool(false)),
            text if self.is_open(text) => Blank.deserialize_bool(visitor),
            _ => self.wrong("true or false").deserialize_bool(visitor),
        }
    }

    fn deserialize_f32<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Failure> {
        self.deserialize_f64(visitor)
    }

    fn deserialize_f64<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Failure> {
        let Some((text, plain)) = self.scalar("a number") else {
            return Blank.deserialize_f64(visitor);
        };
        match text.parse::<f64>() {
            Ok(number) if plain && number.is_finite() => self.checked(visitor.visit_f64(number)),
            _ if self.is_open(&text) => Blank.deserialize_f64(visitor),
            _ => self.wrong("a number").deserialize_f64(visitor),
        }
    }

    fn deserialize_char<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Failure> {
        self.string(visitor)
    }

    fn deserialize_str<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Failure> {
        self.string(visitor)
    }

    fn deserialize_string<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Failure> {
        self.string(visitor)
    }

    fn deserialize_bytes<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Failure> {
        self.string(visitor)
    }

    fn deserialize_byte_buf<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Failure> {
        self.string(visitor)
    }

    fn deserialize_identifier<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Failure> {
        self.string(visitor)
    }

    fn deserialize_ignored_any<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Failure> {
        visitor.visit_unit()
    }

    fn deserialize_option<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Failure> {
        if self.is_gap() || self.is_null() {
            visitor.visit_none()
        } else {
            visitor.visit_some(self)
        }
    }

    fn deserialize_unit<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Failure> {
        if self.is_gap() || self.is_null() {
            visitor.visit_unit()
        } else {
            self.wrong("nothing").deserialize_unit(visitor)
        }
    }

    fn deserialize_unit_struct<V: Visitor<'a>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Failure> {
        self.deserialize_unit(visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'a>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Failure> {
        if name == HELD {
            return visitor.visit_u32(self.id.0);
        }
        self.checked(visitor.visit_newtype_struct(self))
    }

    fn deserialize_seq<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Failure> {
        self.list(visitor)
    }

    fn deserialize_tuple<V: Visitor<'a>>(self, _: usize, visitor: V) -> Result<V::Value, Failure> {
        self.list(visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'a>>(
        self,
        _: &'static str,
        _: usize,
        visitor: V,
    ) -> Result<V::Value, Failure> {
        self.list(visitor)
    }

    fn deserialize_map<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Failure> {
        self.map(None, visitor)
    }

    fn deserialize_struct<V: Visitor<'a>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Failure> {
        self.map(Some(fields), visitor)
    }

    fn deserialize_enum<V: Visitor<'a>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Failure> {
        if self.is_gap() {
            return Blank.deserialize_enum(name, variants, visitor);
        }
        let tree = self.reader.tree;
        let log = self.reader.log;
        let (variant, value) = match self.kind() {
            Kind::Scalar(scalar) if !scalar.is_null() => {
                let Some((text, _)) = self.scalar("a name") else {
                    return Blank.deserialize_enum(name, variants, visitor);
                };
                let known = variants.iter().find(|variant| **variant == text);
                let Some(variant) = known else {
                    if self.is_open(&text) {
                        return Blank.deserialize_enum(name, variants, visitor);
                    }
                    let near = nearest(&text, variants.iter().copied());
                    let message = format!("expected {}", one_of(variants));
                    log.report_with(tree.site(self.id), message, || {
                        Some(format!("did you mean `{}`?", near?))
                    });
                    return Blank.deserialize_enum(name, variants, visitor);
                };
                (*variant, None)
            }
            Kind::Mapping([[key, value]]) => {
                let text = tree.text(*key);
                let Some(variant) = variants.iter().find(|variant| **variant == text) else {
                    self.reader.unknown_key(self.id, *key, variants);
                    return Blank.deserialize_enum(name, variants, visitor);
                };
                (*variant, Some(*value))
            }
            _ => {
                let what = match self.kind() {
                    Kind::Mapping(entries) => format!("{} keys", entries.len()),
                    _ => found(tree, self.id).to_owned(),
                };
                let message = format!("expected {}, found {what}", one_of(variants));
                log.report(tree.site(self.id), message);
                return Blank.deserialize_enum(name, variants, visitor);
            }
        };
        self.checked(visitor.visit_enum(Variant {
            de: self,
            name: variant,
            value,
        }))
    }
}

struct Items<'a> {
    reader: &'a Reader<'a>,
    items: &'a [Id],
}

impl<'a> SeqAccess<'a> for Items<'a> {
    type Error = Failure;

    fn next_element_seed<S: DeserializeSeed<'a>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, Failure> {
        let Some((first, rest)) = self.items.split_first() else {
            return Ok(None);
        };
        self.items = rest;
        seed.deserialize(De::new(self.reader, *first)).map(Some)
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.items.len())
    }
}

struct Fields<'a> {
    reader: &'a Reader<'a>,
    map: Id,
    entries: &'a [[Id; 2]],
    known: Option<&'static [&'static str]>,
    /// `None` stands for a blank.
    value: Option<Id>,
    /// How many blanks were given for keys that are missing.
    missing: usize,
}

impl<'a> MapAccess<'a> for Fields<'a> {
    type Error = Failure;

    fn next_key_seed<S: DeserializeSeed<'a>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, Failure> {
        while let Some((entry, rest)) = self.entries.split_first() {
            self.entries = rest;
            let name = self.reader.tree.text(entry[0]);
            match self.known {
                Some(known) if !known.contains(&name) => {
                    self.reader.unknown(self.map, *entry, known);
                }
                _ => {
                    self.value = Some(entry[1]);
                    let name = StrDeserializer::<Failure>::new(name);
                    return seed.deserialize(name).map(Some);
                }
            }
        }
        self.value = None;
        let Some(missing) = self.reader.missing(self.map, self.missing) else {
            return Ok(None);
        };
        self.missing += 1;
        let name: StrDeserializer<'_, Failure> = missing.into_deserializer();
        seed.deserialize(name).map(Some)
    }

    fn next_value_seed<S: DeserializeSeed<'a>>(&mut self, seed: S) -> Result<S::Value, Failure> {
        match self.value {
            Some(id) => seed.deserialize(De::new(self.reader, id)),
            None => seed.deserialize(Blank),
        }
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.entries.len())
    }
}

struct Variant<'a> {
    de: De<'a>,
    name: &'static str,
    value: Option<Id>,
}

impl<'a> Variant<'a> {
    /// The value, or a blank where there is none.
    fn value(&self) -> Result<De<'a>, Blank> {
        let Some(id) = self.value else {
            self.report(format!("`{0}` needs a value: `{{ {0}: … }}`", self.name));
            return Err(Blank);
        };
        Ok(De::new(self.de.reader, id))
    }

    fn report(&self, message: String) {
        let De { reader, id } = self.de;
        reader.log.report(reader.tree.site(id), message);
    }
}

impl<'a> EnumAccess<'a> for Variant<'a> {
    type Error = Failure;
    type Variant = Self;

    fn variant_seed<S: DeserializeSeed<'a>>(self, seed: S) -> Result<(S::Value, Self), Failure> {
        let name = StrDeserializer::<Failure>::new(self.name);
        Ok((seed.deserialize(name)?, self))
    }
}

impl<'a> VariantAccess<'a> for Variant<'a> {
    type Error = Failure;

    fn unit_variant(self) -> Result<(), Failure> {
        if self
            .value
            .is_some_and(|id| !self.de.reader.tree.is_null(id))
        {
            self.report(format!("`{}` takes no value: write it alone", self.name));
        }
        Ok(())
    }

    fn newtype_variant_seed<S: DeserializeSeed<'a>>(self, seed: S) -> Result<S::Value, Failure> {
        match self.value() {
            Ok(value) => seed.deserialize(value),
            Err(blank) => seed.deserialize(blank),
        }
    }

    fn tuple_variant<V: Visitor<'a>>(self, _: usize, visitor: V) -> Result<V::Value, Failure> {
        match self.value() {
            Ok(value) => value.list(visitor),
            Err(blank) => blank.deserialize_seq(visitor),
        }
    }

    fn struct_variant<V: Visitor<'a>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Failure> {
        match self.value() {
            Ok(value) => value.map(Some(fields), visitor),
            Err(blank) => blank.deserialize_map(visitor),
        }
    }
}
