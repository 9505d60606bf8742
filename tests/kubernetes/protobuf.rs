//! What kubectl creates comes in protobuf: Secrets, ConfigMaps, and Jobs as far as their names and owners.

use data_encoding::BASE64;
use serde_json::{Map, Value, json};

/// Starts every message of the API.
const MAGIC: &[u8] = b"k8s\0";

/// The object in a body, whichever way it is written.
pub fn object(body: &[u8]) -> Value {
    let Some(message) = body.strip_prefix(MAGIC) else {
        return serde_json::from_slice(body).unwrap();
    };
    let message = Message(message);
    let kind = Message(message.one(1));
    let (api_version, kind) = (kind.text(1), kind.text(2));
    let raw = Message(message.one(2));
    let metadata = Message(raw.one(1));
    let owners: Vec<Value> = metadata
        .all(13)
        .into_iter()
        .map(|owner| {
            let owner = Message(owner);
            json!({"kind": owner.text(1), "name": owner.text(3), "uid": owner.text(4), "apiVersion": owner.text(5),
                   "controller": true})
        })
        .collect();
    let mut object = json!({
        "kind": kind, "apiVersion": api_version,
        "metadata": {"name": metadata.text(1), "ownerReferences": owners},
    });
    match kind {
        "Secret" => {
            object["data"] = raw.map(2, |bytes| BASE64.encode(bytes).into());
            object["type"] = "Opaque".into();
        }
        "ConfigMap" => object["data"] = raw.map(2, |bytes| text(bytes).into()),
        "Job" => {}
        other => panic!("{other} is not known here"),
    }
    object
}

/// The fields of a message that have a length.
struct Message<'a>(&'a [u8]);

impl<'a> Message<'a> {
    fn all(&self, wanted: u64) -> Vec<&'a [u8]> {
        let mut rest = self.0;
        let mut found = Vec::new();
        while !rest.is_empty() {
            let tag = number(&mut rest);
            let length = match tag & 7 {
                0 => {
                    number(&mut rest);
                    continue;
                }
                2 => usize::try_from(number(&mut rest)).unwrap(),
                other => panic!("wire type {other}"),
            };
            let (value, tail) = rest.split_at(length);
            rest = tail;
            if tag >> 3 == wanted {
                found.push(value);
            }
        }
        found
    }

    fn one(&self, wanted: u64) -> &'a [u8] {
        self.all(wanted).first().copied().unwrap_or_default()
    }

    fn text(&self, wanted: u64) -> &'a str {
        text(self.one(wanted))
    }

    fn map(&self, wanted: u64, value: impl Fn(&[u8]) -> Value) -> Value {
        let entries = self.all(wanted).into_iter().map(Message);
        let entries = entries.map(|entry| (entry.text(1).to_owned(), value(entry.one(2))));
        entries.collect::<Map<_, _>>().into()
    }
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

fn number(rest: &mut &[u8]) -> u64 {
    let mut value = 0;
    for shift in (0..).step_by(7) {
        let (byte, tail) = rest.split_first().unwrap();
        *rest = tail;
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            break;
        }
    }
    value
}
