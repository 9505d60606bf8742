use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fmt;
use std::marker::PhantomData;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, Visitor};

/// All members of a JSON object, each of which stands in it once: where one stands twice, its readers do not
/// agree on which of them counts, so the whole is refused.
pub struct Members<V>(pub HashMap<Box<str>, V>);

impl<V> Default for Members<V> {
    fn default() -> Self {
        Self(HashMap::new())
    }
}

impl<'de, V: Deserialize<'de>> Deserialize<'de> for Members<V> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Once(PhantomData))
    }
}

struct Once<V>(PhantomData<V>);

impl<'de, V: Deserialize<'de>> Visitor<'de> for Once<V> {
    type Value = Members<V>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Self::Value, A::Error> {
        let mut all = HashMap::new();
        while let Some((name, value)) = members.next_entry()? {
            match all.entry(name) {
                Entry::Vacant(place) => {
                    place.insert(value);
                }
                Entry::Occupied(_) => return Err(A::Error::custom("a member twice")),
            }
        }
        Ok(Members(all))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::extract::SecretText;

    #[test]
    fn a_member_that_stands_twice_makes_the_whole_no_answer() {
        let read = |text| serde_json::from_str::<Members<SecretText>>(text);
        let Members(all) = read(r#"{"K":"a","X":"b"}"#).unwrap();
        assert_eq!((all.len(), all["K"].0.expose()), (2, &b"a"[..]));
        for text in [r#"{"K":"a","K":"b"}"#, r#"{"K":"a","X":"","\u004b":"a"}"#] {
            let told = read(text).err().unwrap().to_string();
            assert!(told.contains("a member twice"), "{told}");
        }
    }
}
