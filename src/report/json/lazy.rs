use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Serialize, Serializer};

/// A list whose members are made one by one while it is written, so that only one is ever held. To
/// the schema it is a plain list.
pub struct Lazy<'a, T> {
    length: usize,
    make: Box<dyn Fn(usize) -> T + 'a>,
}

impl<'a, T> Lazy<'a, T> {
    pub fn new<I>(items: &'a [I], make: impl Fn(&'a I) -> T + 'a) -> Self {
        Self {
            length: items.len(),
            make: Box::new(move |index| make(&items[index])),
        }
    }

    /// Of these alone.
    pub fn some<I>(items: &'a [I], chosen: Vec<usize>, make: impl Fn(&'a I) -> T + 'a) -> Self {
        Self {
            length: chosen.len(),
            make: Box::new(move |index| make(&items[chosen[index]])),
        }
    }
}

impl<T: Serialize> Serialize for Lazy<'_, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq((0..self.length).map(&self.make))
    }
}

impl<T: JsonSchema> JsonSchema for Lazy<'_, T> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        Vec::<T>::schema_name()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        Vec::<T>::json_schema(generator)
    }
}
