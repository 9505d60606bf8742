use proptest::prelude::*;

use super::*;

const KEY: &str = "ask_live_4Vq8ZkT2mWc7RbX1sYdN6hJp3FgLe9Ua";

fn search(pattern: &str) -> Search {
    Search::new(Arc::new(Format::new(pattern).unwrap()))
}

/// What is found when the text comes in parts of these sizes.
fn found(pattern: &str, text: &[u8], sizes: &[usize]) -> Vec<(Fingerprint, bool)> {
    let mut search = search(pattern);
    let mut window = search.window(0);
    let mut rest = text;
    for size in sizes.iter().cycle() {
        if rest.is_empty() {
            break;
        }
        let (now, later) = rest.split_at((*size).min(rest.len()));
        window.push(now, &mut |view| search.look(view));
        // As if the buffer were as small as this.
        window.show(false, &mut |view| search.look(view));
        rest = later;
    }
    window.show(true, &mut |view| search.look(view));
    told(&search.finish().tokens)
}

fn told(tokens: &[Token]) -> Vec<(Fingerprint, bool)> {
    let told = tokens.iter().map(|token| match token {
        Token::Plain { fingerprint, .. } => (*fingerprint, false),
        Token::Wrapped(value) => (value.fingerprint(), true),
    });
    told.collect()
}

/// The same from the whole text at once.
fn expected(pattern: &str, text: &[u8]) -> Vec<(Fingerprint, bool)> {
    let mut search = search(pattern);
    let mut from = 0;
    let format = Arc::clone(&search.format);
    while let Some(range) = format.find_from(text, from, ends_in_escape) {
        from = range.end;
        search.take(
            &text[..range.start],
            &text[range.clone()],
            &text[range.end..],
        );
    }
    told(&search.finish().tokens)
}

proptest! {
    #[test]
    fn chunks_change_nothing(
        parts in prop::collection::vec(prop::sample::select(vec![
            "a", "ab", "k-a", "k-abc", "_", " ", "\"", "\\n", "\\ ", "n", "é", "\u{a0}", "k-abcdefgh", ",", ";",
        ]), 0..200),
        sizes in prop::collection::vec(1_usize..40, 1..8),
    ) {
        let text = parts.concat();
        for pattern in ["k-[a-z]{1,8}", "[a-z]{2,5}", "k-[a-z-]{2,8}", r"a\bé?", "(?:k-)?a(?:bc)?"] {
            prop_assert_eq!(
                found(pattern, text.as_bytes(), &sizes),
                expected(pattern, text.as_bytes()),
                "{}", pattern
            );
        }
    }
}

const PATTERN: &str = "^ask_live_[A-Za-z0-9]{32}$";

#[test]
fn tokens_at_both_ends_and_across_borders_are_found_once() {
    let filler = "x=1;".repeat(200_000);
    let text = format!("{KEY};{filler}\"{KEY}\\n\"{filler}{KEY}x {KEY}");
    let expected = vec![
        (Fingerprint::of(KEY.as_bytes()), false),
        (Fingerprint::of(format!("{KEY}\n").as_bytes()), true),
        (Fingerprint::of(format!("{KEY}x").as_bytes()), true),
    ];
    for size in [1, 7, 1000, 1 << 20] {
        let size = if size == 1 { 4096 - 1 } else { size };
        assert_eq!(found(PATTERN, text.as_bytes(), &[size]), expected);
    }
}

#[test]
fn a_line_break_before_a_token_does_not_hide_it() {
    let text = format!("a=\"\\n{KEY}\"");
    let value = format!("\n{KEY}");
    assert_eq!(
        found(PATTERN, text.as_bytes(), &[10]),
        [(Fingerprint::of(value.as_bytes()), true)]
    );
}

#[test]
fn spellings_are_found_wherever_a_stream_is_cut() {
    let filler = "x=1;".repeat(3000);
    let codes: Vec<_> = KEY.bytes().map(|code| code.to_string()).collect();
    let letters: Vec<_> = KEY.chars().map(|sign| format!("\"{sign}\"")).collect();
    let (first, second) = KEY.split_at(20);
    let listed = |write: fn(u8) -> String| KEY.bytes().map(write).collect::<Vec<_>>().join(",");
    for spelled in [
        format!("[{}]", codes.join(", ")),
        format!("[{}]", listed(|code| format!("0o{code:o}"))),
        format!("[{}]", listed(|code| format!("0b{code:b}"))),
        format!("[{}]", listed(|code| format!("0b{code:08b}"))),
        format!("fromCharCode({})", listed(|code| format!("0B{code:b}"))),
        format!("\"{}\"", KEY.replace('_', "\\_").replace('k', "\\k")),
        format!("[{}]", letters.join(",")),
        format!("`{first}${{\"{second}\"}}`"),
        format!("\"{}\"", hex::encode(KEY)),
        format!("self.__next_f.push([1,\"{first}\"])\nself.__next_f.push([1,\"{second}\"])"),
    ] {
        let text = format!("{filler}{spelled}{filler}");
        for size in [7, 4099, 1 << 20] {
            let found = found(PATTERN, text.as_bytes(), &[size]);
            let expected = [(Fingerprint::of(KEY.as_bytes()), false)];
            assert_eq!(found, expected, "{spelled}, {size}");
        }
    }
}

#[test]
fn what_is_no_text_is_searched_too() {
    let text = [b"\xff\0\xfe".as_slice(), KEY.as_bytes(), b"\0\xff"].concat();
    assert_eq!(found(PATTERN, &text, &[3]).len(), 1);
}

#[test]
fn more_tokens_than_can_be_keys_are_said_to_be_too_many() {
    let mut search = search("[a-z]{1,4}[0-9]{4}");
    let text: String = (1000..1200).map(|number| format!("a{number} ")).collect();
    let mut window = search.window(0);
    window.push(text.as_bytes(), &mut |view| search.look(view));
    window.show(true, &mut |view| search.look(view));
    let found = search.finish();
    assert_eq!(found.tokens.len(), MOST_TOKENS);
    assert!(found.too_many);
    assert!(search.finish().tokens.is_empty());
}

/// Whether a text says that something in it could not be followed.
fn is_unfollowed(text: &str) -> bool {
    let mut search = search(PATTERN);
    let mut window = search.window(0);
    window.push(text.as_bytes(), &mut |view| search.look(view));
    window.show(true, &mut |view| search.look(view));
    let found = search.finish();
    assert_eq!(told(&found.tokens), [], "{text}");
    found.unfollowed.is_some()
}

#[test]
fn keys_in_parts_are_found_over_comments_and_chains_of_calls() {
    let (first, second) = KEY.split_at(20);
    let (prefix, rest) = KEY.split_at(6);
    let comment = format!("/* {} */", "why \" + it's here ".repeat(30));
    for spelled in [
        format!("\"{first}\" + /* x */ \"{second}\""),
        format!("\"{first}\" /* x */ + \"{second}\""),
        format!("\"{first}\" + // x\n \"{second}\""),
        format!("\"{first}\" // it's \"x\" + y\n + // x\n // y\n \"{second}\""),
        format!("\"{first}\" {comment} + {comment} \"{second}\""),
        format!("\"{prefix}\" {comment} + {comment} \"{rest}\""),
        format!("\"\".concat(\"{first}\").concat(\"{second}\")"),
        format!("\"\".concat(\"{prefix}\").concat(\"{rest}\")"),
        format!("\"\".concat(\"{prefix}\", \"{rest}\")"),
        format!("\"\".concat(\"{first}\", /* x */ \"{second}\")"),
        format!("(\"{first}\")+(\"{second}\")"),
        format!("[\"{first}\", // x\n \"{second}\"].join(\"\")"),
        format!("[\"{prefix}\", /* x */ \"{rest}\"].join(\"\")"),
    ] {
        let filler = "x=a+1;".repeat(3000);
        let text = format!("{filler}{spelled};{filler}");
        for size in [7, 4099, 1 << 20] {
            let found = found(PATTERN, text.as_bytes(), &[size]);
            let expected = [(Fingerprint::of(KEY.as_bytes()), false)];
            assert_eq!(found, expected, "{spelled}, {size}");
        }
    }
}

#[test]
fn the_beginning_of_a_key_that_code_goes_on_with_is_said() {
    let far = format!("\"ask_live_ab\" /* {} */ + \"cd\"", "x".repeat(3000));
    for text in [
        "\"\".concat(\"ask_live_ab\").concat(a,\"cd\")",
        "\"ask_live_ab\".concat(a,\"cd\")",
        "\"\".concat(\"ask_live_ab\",a,\"cd\")",
        "k=\"ask_live_ab\"+a",
        "k='ask_live_ab' + // x\n a + 'cd'",
        "k=\"ask_live_ab\"+\"cd\"+a",
        "k=`ask_live_ab${a}cd`",
        "k=[\"ask_live_ab\",a,\"cd\"].join(\"\")",
        "k=[\"ask_\",\"live_ab\",a].join('')",
        "k=\"ask_\"+\"live_ab\"+a",
        "k='\\x61sk_live_ab'+a",
        &far,
    ] {
        assert!(is_unfollowed(text), "{text}");
    }
    for text in [
        "k.startsWith(\"ask_live_\")",
        "k.indexOf(\"ask_live_\")+1",
        "k.startsWith(\"ask_live_\",0)||[a].join(\"\")",
        "throw Error(\"a key begins with ask_live_, and not with \"+k)",
        "/^ask_live_[A-Za-z0-9]{32}$/.test(k)",
        "placeholder:\"ask_live_...\",label:\"Key\"",
        "<code>ask_live_</code>",
        "[\"ask_live_\",\"ask_test_\"].some(e=>k.startsWith(e))",
        "[\"ask_live_\",\"ask_test_\"].join(\", \")",
        "e===\"ask_live_\"?a+b:c",
    ] {
        assert!(!is_unfollowed(text), "{text}");
    }
}

#[test]
fn base64_in_parts_is_decoded() {
    let base64 = data_encoding::BASE64.encode(format!("{{\"key\":\"{KEY}\"}}").as_bytes());
    let parts = |length: usize, between: &str| {
        let parts = base64.as_bytes().chunks(length);
        let parts: Vec<_> = parts.map(String::from_utf8_lossy).collect();
        parts.join(between)
    };
    for spelled in [
        format!("`-----BEGIN DATA-----\n{}\n`", parts(32, "\n")),
        format!("\"{}\"", parts(16, "\\\n")),
        format!("\"{}\"", parts(20, "\\n")),
        format!("[\"{}\"].join(\"\")", parts(16, "\",\"")),
        format!("[\n  '{}',\n].join('')", parts(10, "',\n  '")),
        format!("'{}'", parts(24, "' +\n    '")),
        format!("atob(\"{}\")", parts(24, "\"/*c.*/+\"")),
        format!("atob(\"{}\")", parts(40, "\" + // x.\n\"")),
        format!("[\"{}\"].join(\"\")", parts(10, "\", // x.\n\"")),
    ] {
        let text = format!("{};{spelled};{}", "x=1;".repeat(3000), "y=2;".repeat(3000));
        for size in [7, 4099, 1 << 20] {
            let found = found(PATTERN, text.as_bytes(), &[size]);
            let expected = [(Fingerprint::of(KEY.as_bytes()), false)];
            assert_eq!(found, expected, "{spelled}, {size}");
        }
    }
}
