//! What etcd's gRPC carries, as far as two calls need it: a framed message of protobuf in each direction.

use zeroize::Zeroizing;

use crate::key::Secret;

/// Before a message: whether it is compressed, and its length.
const HEAD: usize = 5;

/// The most bytes of a tag and a number together.
const NUMBER: usize = 11;

/// How a value is written.
const VARINT: u64 = 0;
const FIXED_64: u64 = 1;
const LENGTH: u64 = 2;
const FIXED_32: u64 = 5;

/// A message that is being written.
pub(super) struct Message(Zeroizing<Vec<u8>>);

/// A value of a message that was read.
pub(super) enum Value<'m> {
    Number(u64),
    Bytes(&'m [u8]),
    /// Of a width that nothing here needs.
    Other,
}

impl Message {
    /// `room` is how many bytes its values have, so that the buffer never grows and leaves a copy behind.
    pub fn of(room: usize) -> Self {
        let mut bytes = Vec::with_capacity(HEAD + room + 4 * NUMBER);
        bytes.extend_from_slice(&[0; HEAD]);
        Self(Zeroizing::new(bytes))
    }

    pub fn bytes(mut self, field: u64, value: &[u8]) -> Self {
        self.varint(field << 3 | LENGTH);
        self.varint(value.len() as u64);
        self.0.extend_from_slice(value);
        self
    }

    pub fn number(mut self, field: u64, value: i64) -> Self {
        self.varint(field << 3 | VARINT);
        self.varint(value.cast_unsigned());
        self
    }

    /// With its length before it; `None` where that is no length that can be said.
    pub fn framed(mut self) -> Option<Secret> {
        let length = u32::try_from(self.0.len() - HEAD).ok()?;
        self.0[1..HEAD].copy_from_slice(&length.to_be_bytes());
        Some(Secret::new(std::mem::take(&mut *self.0)))
    }

    fn varint(&mut self, mut number: u64) {
        while number >= 0x80 {
            self.0.push((number & 0x7f) as u8 | 0x80);
            number >>= 7;
        }
        self.0.push(number as u8);
    }
}

/// The one message in a body; `None` where it is no whole one, or is compressed, which nobody asked for.
pub(super) fn unframed(body: &[u8]) -> Option<&[u8]> {
    let (head, message) = body.split_first_chunk::<HEAD>()?;
    let [0, length @ ..] = head else { return None };
    let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
    (message.len() == length).then_some(message)
}

/// Goes through the values of a message with the numbers of their fields; `None` where it is none.
pub(super) fn values<'m>(
    mut message: &'m [u8],
    mut take: impl FnMut(u64, Value<'m>),
) -> Option<()> {
    while !message.is_empty() {
        let tag = varint(&mut message)?;
        let value = match tag & 7 {
            VARINT => Value::Number(varint(&mut message)?),
            LENGTH => {
                let length = usize::try_from(varint(&mut message)?).ok()?;
                Value::Bytes(message.split_off(..length)?)
            }
            FIXED_64 => message.split_off(..8).map(|_| Value::Other)?,
            FIXED_32 => message.split_off(..4).map(|_| Value::Other)?,
            _ => return None,
        };
        take(tag >> 3, value);
    }
    Some(())
}

fn varint(message: &mut &[u8]) -> Option<u64> {
    let mut number = 0;
    for shift in (0..64).step_by(7) {
        let byte = *message.split_off_first()?;
        number |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Some(number);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(message: &[u8]) -> Option<Vec<(u64, String)>> {
        let mut read = Vec::new();
        values(message, |field, value| {
            let value = match value {
                Value::Number(number) => number.to_string(),
                Value::Bytes(bytes) => String::from_utf8_lossy(bytes).into_owned(),
                Value::Other => "other".to_owned(),
            };
            read.push((field, value));
        })?;
        Some(read)
    }

    #[test]
    fn what_is_written_is_read() {
        let long = "x".repeat(300);
        let message = Message::of(400).bytes(1, b"key").number(4, 1_700_000);
        let framed = message.bytes(2, long.as_bytes()).framed().unwrap();
        let message = unframed(framed.expose()).unwrap();
        let expected = [(1, "key".to_owned()), (4, "1700000".to_owned()), (2, long)];
        assert_eq!(read(message).unwrap(), expected);
        // As protobuf's own documentation has it.
        assert_eq!(read(b"\x08\x96\x01").unwrap(), [(1, "150".to_owned())]);
        let others = [&b"\x09"[..], &[0; 8], b"\x15", &[0; 4]].concat();
        let other = |field| (field, "other".to_owned());
        assert_eq!(read(&others).unwrap(), [other(1), other(2)]);
    }

    #[test]
    fn what_is_cut_off_is_no_message() {
        let framed = Message::of(8).bytes(5, b"a value").framed().unwrap();
        let whole = framed.expose();
        for end in 0..whole.len() {
            assert!(unframed(&whole[..end]).is_none(), "{end}");
        }
        let message = unframed(whole).unwrap();
        for end in 1..message.len() {
            assert!(read(&message[..end]).is_none(), "{end}");
        }
        let compressed = [&[1], &whole[1..]].concat();
        assert!(unframed(&compressed).is_none());
        assert!(read(&[0xff; 12]).is_none());
        assert!(read(b"\x0b").is_none());
    }
}
