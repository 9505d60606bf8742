/// A variable in an environment.
pub enum LookUp<'e> {
    /// Once, or always the same.
    Once(&'e [u8]),
    /// The first of several that differ.
    First(&'e [u8]),
    /// It is not there.
    Nowhere,
    /// It is not there, but neither is all that was.
    Overwritten,
}

/// Looks a variable up in an initial environment, as `getenv` would.
#[must_use]
pub fn look_up<'e>(environment: &'e [u8], variable: &str) -> LookUp<'e> {
    let entries = environment.strip_suffix(b"\0").unwrap_or(environment);
    let mut values = entries
        .split(|&byte| byte == 0)
        .filter_map(|entry| entry.strip_prefix(variable.as_bytes())?.strip_prefix(b"="));
    if let Some(first) = values.next() {
        return if values.all(|other| other == first) {
            LookUp::Once(first)
        } else {
            LookUp::First(first)
        };
    }
    // What a program writes over its environment leaves zeros, or pieces that are no variables.
    let is_variable = |entry: &[u8]| entry.iter().position(|&byte| byte == b'=') > Some(0);
    if entries.split(|&byte| byte == 0).all(is_variable) {
        LookUp::Nowhere
    } else {
        LookUp::Overwritten
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_of_several_counts_as_it_does_for_getenv() {
        assert!(matches!(look_up(b"K=a\0K=b\0", "K"), LookUp::First(b"a")));
        assert!(matches!(
            look_up(b"K=a\0X=1\0K=a\0", "K"),
            LookUp::Once(b"a")
        ));
        assert!(matches!(look_up(b"XK=a\0K=\0", "K"), LookUp::Once(b"")));
    }

    #[test]
    fn what_a_program_overwrote_is_not_taken_for_absence() {
        for overwritten in [
            &b""[..],
            b"\0",
            b"\0\0\0\0",
            b"title\0PATH=/bin\0",
            b"PATH=/bin\0\0\0",
            b"=x\0",
        ] {
            assert!(
                matches!(look_up(overwritten, "K"), LookUp::Overwritten),
                "{overwritten:?}"
            );
        }
        for whole in [&b"PATH=/bin\0"[..], b"PATH=/bin\0EMPTY=\0", b"KK=1"] {
            assert!(matches!(look_up(whole, "K"), LookUp::Nowhere), "{whole:?}");
        }
        assert!(matches!(look_up(b"title\0K=v\0", "K"), LookUp::Once(b"v")));
    }
}
