/// A variable in an environment.
pub enum LookUp<'e> {
    /// Once, or always the same.
    Once(&'e [u8]),
    /// Those that differ, the first and at least one more: `getenv` takes the first one, and shells the last.
    Several(&'e [u8], Vec<&'e [u8]>),
    /// It is not there.
    Nowhere,
    /// It is not there, but neither is all that was.
    Overwritten,
}

/// Looks a variable up in an initial environment.
#[must_use]
pub fn look_up<'e>(environment: &'e [u8], variable: &str) -> LookUp<'e> {
    let entries = environment.strip_suffix(b"\0").unwrap_or(environment);
    let values = entries
        .split(|&byte| byte == 0)
        .filter_map(|entry| entry.strip_prefix(variable.as_bytes())?.strip_prefix(b"="));
    let mut different: Vec<&[u8]> = Vec::new();
    for value in values {
        if !different.contains(&value) {
            different.push(value);
        }
    }
    if let [first, others @ ..] = &different[..] {
        return match others {
            [] => LookUp::Once(first),
            _ => LookUp::Several(first, others.to_vec()),
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
    fn all_that_differ_are_told() {
        let LookUp::Several(b"a", others) = look_up(b"K=a\0K=b\0K=a\0K=c\0", "K") else {
            panic!("not several");
        };
        assert_eq!(others, [b"b", b"c"]);
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
