//! What becomes of a name that code puts together.

use std::sync::LazyLock;

use regex::bytes::Regex;

use super::window::View;

/// Calls that load something by a name which another place may have made.
static LOADERS: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let handed = r#"\s*(?:[^"'`)\s]|["'][^"'\n]{0,200}["']\s*\+|`[^`]{0,200}\$\{)"#;
    let parts = [
        r#"(?:\bfetch|\[\s*["'`]fetch["'`]\s*\]|\baxios|\bRequest|\bimport|\bimportScripts|Worker|\beval)\s*\("#.to_owned()
            + handed,
        r#"(?:\.open|\[\s*["'`]open["'`]\s*\])\s*\(\s*[^,()]{1,40},"#.to_owned() + handed,
        r"\.(?:getScript|getJSON|ajax|addModule|register)\s*\(".to_owned() + handed,
        r"(?:\$|\bjQuery|\baxios|\$http)\s*\.\s*(?:get|post|load|request)\s*\(".to_owned() + handed,
        // A tag is created, or its name kept for that.
        r#"(?:[(,]|[^=!<>]=)\s*["'`]script["'`]"#.to_owned(),
        r#"<scr(?:ipt)?[^>]{0,200}(?:\$\{|["'`]\s*(?:\+|\.\s*concat))"#.to_owned(),
        r"\bdocument\s*\.\s*write|\bcreateContextualFragment\b|\bnew\s+Function\b".to_owned(),
        // Of an image as well, which nobody can tell here.
        r#"\.src\s*=\s*[^=\s"'`]"#.to_owned(),
        r#"["'`]src["'`]\s*,\s*[^\s"'`]|\bsrc\s*:\s*[^\s"'`]"#.to_owned(),
        r"\b(?:System|require|requirejs)\s*[.(\[]".to_owned(),
        r"\.[el]\(\s*[A-Za-z_$]".to_owned(),
    ];
    Regex::new(&format!("(?-u){}", parts.join("|"))).ok()
});

/// The most bytes of a loader.
const LONGEST: usize = 512;

/// Whether something in these places may load what it does not name.
pub(super) fn may_load(view: &View<'_>) -> bool {
    let end = view.bytes.len().min(view.places.end + LONGEST);
    let text = &view.bytes[view.places.start.min(end)..end];
    LOADERS
        .as_ref()
        .is_none_or(|loaders| loaders.is_match(text))
}

/// Whether what a sum or a template makes, which this text leads to, is surely no address: a message, what a text is
/// compared with, or a name that something is looked up by.
pub(super) fn is_harmless(before: &[u8]) -> bool {
    static USES: LazyLock<Option<Regex>> = LazyLock::new(|| {
        Regex::new(
            r"(?-u)(?:Error|\bconsole\.(?:log|warn|error|info|debug)|\.(?:endsWith|startsWith|includes|indexOf|lastIndexOf))\s*\(\s*$|[=!]=\s*$|[\w$)\]]\[\s*$",
        )
        .ok()
    });
    let Some(start) = start(before) else {
        return false;
    };
    let before = &before[start.saturating_sub(100)..start];
    let is_list = [
        &b"return["[..],
        b"case[",
        b"of[",
        b"in[",
        b"yield[",
        b"await[",
    ]
    .iter()
    .any(|word| before.ends_with(word));
    !is_list && USES.iter().any(|uses| uses.is_match(before))
}

/// Whether it is surely handed to something that may load it.
pub(super) fn is_handed(before: &[u8]) -> bool {
    let Some(start) = start(before) else {
        return true;
    };
    let before = before[..start].trim_ascii_end();
    [
        &b".src="[..],
        b".src =",
        b"src:",
        b"src\":",
        b".href=",
        b".href =",
        b"\"src\",",
    ]
    .iter()
    .any(|word| before.ends_with(word))
}

/// Where the sum starts that goes on behind this text.
fn start(before: &[u8]) -> Option<usize> {
    let mut depth = 0_u32;
    let mut at = before.len();
    while at > 0 {
        at -= 1;
        match before[at] {
            quote @ (b'"' | b'\'' | b'`') => {
                at = memchr::memrchr(quote, &before[..at])?;
                // It may be one of the text, which begins elsewhere then.
                if before[..at].ends_with(b"\\") {
                    return None;
                }
            }
            b')' | b']' | b'}' => depth += 1,
            b'(' | b'[' | b'{' if depth == 0 => return Some(at + 1),
            b'(' | b'[' | b'{' => depth -= 1,
            b';' | b',' | b'=' | b'?' | b':' | b'&' | b'|' | b'<' | b'>' if depth == 0 => {
                return Some(at + 1);
            }
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_made_of_a_name_is_told_by_what_stands_before_it() {
        for text in [
            "throw Error(\"cannot find ./\"+n",
            "throw new TypeError('no '+ f(a, \"b\")",
            "console.warn(\"./\"+n",
            "e===n",
            "e.endsWith(n",
            "m[\"./\"+n",
        ] {
            assert!(is_harmless(text.as_bytes()), "{text}");
        }
        for text in [
            "const f=n",
            "x.replace(/\\.js$/,\"\")",
            "s.src=\"/c/\"+n",
            "load(\"/c/\"+n",
            "[n",
            "return[n",
            "[\"a\"+n",
            "Error(a,n",
            "f(Error(\"a\"),n",
            "throw Error(\"a\");s.src=n",
            "",
        ] {
            assert!(!is_harmless(text.as_bytes()), "{text}");
        }
        for (text, is) in [
            ("s.src=\"/c/\"+n", true),
            ("h(a,{src:n", true),
            ("const f=n", false),
            ("f(n", false),
            ("\\\"a\"+n", true),
        ] {
            assert_eq!(is_handed(text.as_bytes()), is, "{text}");
        }
    }

    #[test]
    fn whatever_may_load_a_name_is_seen() {
        let loads = |text: &str| {
            may_load(&View {
                bytes: text.as_bytes(),
                places: 0..text.len(),
                gone: 0,
            })
        };
        for text in [
            "fetch(e)",
            "fetch(\"/c/\"+e)",
            "fetch(`/c/${e}`)",
            "import(e)",
            "importScripts(e)",
            "new Worker(e)",
            "System.import(e)",
            "r.e(t)",
            "x.open(\"GET\",e)",
            "d.createElement(\"script\")",
            "(document,'script',f)",
            "t='script'",
            "s.src=e;",
            "jsx(\"script\",{})",
            "b.append(\"<script src='\"+e+\"'>\")",
            "document.write(e)",
            "$.getScript(e)",
            "axios({url:e})",
            "$.get(e)",
        ] {
            assert!(loads(text), "{text}");
        }
        for text in [
            "const f=n+\".js\";m.get(f)",
            "fetch(\"/config.json\")",
            "fetch(`/config.json`,{a:1})",
            "import(\"./a.js\")",
            "<script src=\"/a.js\"></script>",
            "case\"script\":",
        ] {
            assert!(!loads(text), "{text}");
        }
    }
}
