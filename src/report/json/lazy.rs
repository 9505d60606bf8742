use std::borrow::Cow;
use std::ops::Range;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Serialize, Serializer};

/// A list whose members are made while they are written, so that few are ever held. To the schema it is a plain
/// list.
pub struct Lazy<'a, T> {
    length: usize,
    make: Option<Make<'a, T>>,
}

/// Makes the member with this number.
type Make<'a, T> = Box<dyn Fn(usize) -> T + Sync + 'a>;

impl<'a, T> Lazy<'a, T> {
    pub fn new<I: Sync>(items: &'a [I], make: impl Fn(&'a I) -> T + Sync + 'a) -> Self {
        Self {
            length: items.len(),
            make: Some(Box::new(move |index| make(&items[index]))),
        }
    }

    /// Of these alone.
    pub fn some<I: Sync>(
        items: &'a [I],
        chosen: Vec<usize>,
        make: impl Fn(&'a I) -> T + Sync + 'a,
    ) -> Self {
        Self {
            length: chosen.len(),
            make: Some(Box::new(move |index| make(&items[chosen[index]]))),
        }
    }

    /// Takes the members out, so that they can be written by themselves.
    pub fn take(&mut self) -> Self {
        let Self { length, make } = self;
        Self {
            length: std::mem::take(length),
            make: make.take(),
        }
    }

    /// How many members there are.
    pub fn len(&self) -> usize {
        self.length
    }

    /// Makes these members.
    pub fn members(&self, range: Range<usize>) -> impl Iterator<Item = T> {
        let make = self.make.iter();
        make.flat_map(move |make| range.clone().map(make))
    }
}

impl<T: Serialize> Serialize for Lazy<'_, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.members(0..self.length))
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
