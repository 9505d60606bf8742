/// What becomes of a whole value when it is sent as a header: the first that applies.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Wire {
    /// It holds a zero byte.
    Zero,
    /// It holds a line break.
    LineBreak,
    /// It holds something outside ASCII.
    NotAscii,
    /// It holds another control character.
    Control,
    /// It starts or ends with a blank.
    Blanks,
    /// It can be sent as it is.
    #[default]
    Plain,
}

impl Wire {
    /// How a client sees these bytes.
    #[must_use]
    pub fn of(value: &[u8]) -> Self {
        let any = |is: fn(&u8) -> bool| value.iter().any(is);
        let ends = [value.first(), value.last()];
        if value.contains(&0) {
            Self::Zero
        } else if any(|byte| matches!(byte, b'\n' | b'\r')) {
            Self::LineBreak
        } else if any(|byte| !byte.is_ascii()) {
            Self::NotAscii
        } else if any(|byte| byte.is_ascii_control() && *byte != b'\t') {
            Self::Control
        } else if ends.into_iter().flatten().any(u8::is_ascii_whitespace) {
            Self::Blanks
        } else {
            Self::Plain
        }
    }

    /// What it does to whoever uses the value as a key: one fragment.
    #[must_use]
    pub const fn effect(self) -> &'static str {
        match self {
            Self::Zero => {
                "zero bytes belong in no header, and end the value of an environment variable: no event arrives with it"
            }
            // Both SDKs, measured on the wire.
            Self::LineBreak => {
                "no event leaves the process and nothing is logged: a value with a line break cannot be sent as a header"
            }
            // Measured: the Python SDK drops every event silently, the Rust SDK sends the bytes.
            Self::NotAscii => {
                "the Python SDK drops every event without a sign, the Rust SDK sends what is not ASCII along and is refused"
            }
            Self::Control => {
                "a client that checks its headers sends nothing, any other is refused: no event arrives with it"
            }
            // Measured: the Python SDK drops every event silently, others send the blanks along.
            Self::Blanks => {
                "the Python SDK drops every event without a sign; a client that sends the blanks is refused"
            }
            // Measured: sent as it is; what a 401 then does differs by SDK.
            Self::Plain => {
                "sent as it is and refused: the Python SDK then stays off until the process restarts, the Rust SDK drops every event"
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_in_a_value_decides() {
        for (value, wire) in [
            ("key", Wire::Plain),
            ("two words", Wire::Plain),
            ("a\tb", Wire::Plain),
            ("\"key\"", Wire::Plain),
            (" key", Wire::Blanks),
            ("key\t", Wire::Blanks),
            ("\u{1b}[0mkey ", Wire::Control),
            ("k\u{200b}ey ", Wire::NotAscii),
            ("“key”\n", Wire::LineBreak),
            ("ke\r\ny", Wire::LineBreak),
            ("k\0e\0y\0\n\0", Wire::Zero),
            ("", Wire::Plain),
        ] {
            assert_eq!(Wire::of(value.as_bytes()), wire, "{value:?}");
        }
    }
}
