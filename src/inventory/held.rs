use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::de::{Deserialize, Deserializer, Error, Visitor};

use super::tree::Id;

/// A part of the file that is read later, as a `T`: when its templates can be filled in, or one
/// item of a long list at a time. Until then it is its place in the tree.
pub(super) struct Held<T> {
    pub id: Id,
    as_what: PhantomData<fn() -> T>,
}

/// How a [`Held`] asks a [`super::de::De`] for its place.
pub(super) const HELD: &str = "straggler::inventory::Held";

impl<T> Clone for Held<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Held<T> {}

impl<'de, T> Deserialize<'de> for Held<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Place;
        impl Visitor<'_> for Place {
            type Value = Id;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a part of targets.yaml")
            }
            fn visit_u32<E: Error>(self, id: u32) -> Result<Id, E> {
                Ok(Id(id))
            }
        }
        let id = deserializer.deserialize_newtype_struct(HELD, Place)?;
        Ok(Self {
            id,
            as_what: PhantomData,
        })
    }
}

impl<T: JsonSchema> JsonSchema for Held<T> {
    fn inline_schema() -> bool {
        T::inline_schema()
    }

    fn schema_name() -> Cow<'static, str> {
        T::schema_name()
    }

    fn schema_id() -> Cow<'static, str> {
        T::schema_id()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        T::json_schema(generator)
    }
}
