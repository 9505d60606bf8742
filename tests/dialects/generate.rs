//! Files by the thousand, the same ones in every run.

/// SplitMix64: small, and good enough to pick from lists.
pub struct Random(u64);

impl Random {
    /// `STRAGGLER_DIALECTS_SEED` tries other files.
    pub fn new(salt: u64) -> Self {
        let seed = std::env::var("STRAGGLER_DIALECTS_SEED").ok();
        Self(seed.and_then(|s| s.parse().ok()).unwrap_or(20_261_120) ^ salt << 32)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ mixed >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ mixed >> 31
    }

    pub fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.next() % limit as u64).unwrap()
    }

    fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }

    pub fn pick<'p, T: ?Sized>(&mut self, from: &[&'p T]) -> &'p T {
        from[self.below(from.len())]
    }
}

/// How many files, unless `STRAGGLER_DIALECTS_FILES` says otherwise.
pub fn count(default: usize) -> usize {
    let count = std::env::var("STRAGGLER_DIALECTS_FILES").ok();
    count.and_then(|c| c.parse().ok()).unwrap_or(default)
}

const NAMES: &[&str] = &["K", "K", "K", "L", "A", "B", "AB", "K_1", "_x"];
const ODD_NAMES: &[&str] = &[
    "a.b",
    "a-b",
    "1K",
    "",
    "'K'",
    "\"K\"",
    "a b",
    "ä",
    "export",
    "K\u{a0}",
    "K[0]",
    "__proto__",
    "K+",
    "$K",
];
const EQUALS: &[&str] = &[
    "=", "=", "=", "=", "=", "=", "=", " =", "= ", " = ", "=\t", ": ", ":", "==", "\n=", "=\n",
];
const PLAIN: &[&str] = &[
    "v",
    "abc",
    "0",
    "ask_live_1",
    "a.b/c",
    "ä",
    "x-y",
    "%d",
    "K",
    "a,b",
];
const SPECIAL: &[&str] = &[
    " ",
    " ",
    "  ",
    "\t",
    "#",
    " #",
    " # ",
    "'",
    "\"",
    "`",
    "\\",
    "\\n",
    "\\r",
    "\\t",
    "\\\\",
    "\\'",
    "\\\"",
    "\\`",
    "\\$",
    "\\ ",
    "$",
    "$$",
    "$K",
    "${K}",
    "$A",
    "${A}",
    "${A:-x}",
    "${B-y}",
    "${A:+z}",
    "${K+w}",
    "${A:-a\\}b}",
    "${A:-${B:-q}}",
    "${",
    "}",
    "{",
    ":-",
    "=",
    ":",
    ";",
    "\\\n",
    "\n",
    "\r\n",
    "\r",
    "\u{a0}",
    "\u{feff}",
    "\u{85}",
    "\u{2028}",
    "\u{1c}",
    "\u{b}",
    "\u{3000}",
    "export ",
    "\\0101",
    "\\a",
    "~",
    "!",
    "*",
    "&",
];
const BYTES: &[&[u8]] = &[
    b"\xff",
    b"\xc3",
    b"\xa4",
    b"\xed\xa0\x80",
    b"\xe2\x80",
    b"\0",
    b"\x81",
    b"\xef\xbb\xbf",
    b"\xef\xbf\xbf",
];
const ENDS: &[&str] = &[
    "\n", "\n", "\n", "\n", "\n", "\r\n", "\r\n", "\n\n", " \n", "\r", " # c\n", ";", "",
];

/// Something like an env file, from tidy to soup.
pub fn file(random: &mut Random, corpus: &[Vec<u8>]) -> Vec<u8> {
    let mut file = Vec::new();
    match random.below(10) {
        0..=5 => {
            // Some files are spoilt in one way, not in every way: one mistake hides the next.
            let odd = random.one_in(4);
            for _ in 0..=random.below(6) {
                statement(random, odd, &mut file);
            }
        }
        6 | 7 => {
            for _ in 0..=random.below(20) {
                piece(random, &mut file);
            }
        }
        _ => {
            file.extend_from_slice(&corpus[random.below(corpus.len())]);
            for _ in 0..=random.below(3) {
                let at = random.below(file.len() + 1);
                let end = (at + random.below(3)).min(file.len());
                let mut new = Vec::new();
                if !random.one_in(3) {
                    piece(random, &mut new);
                }
                file.splice(at..end, new);
            }
        }
    }
    if random.one_in(40) {
        file.splice(0..0, *b"\xef\xbb\xbf");
    }
    if random.one_in(40) {
        let at = random.below(file.len() + 1);
        file.splice(at..at, random.pick(BYTES).iter().copied());
    }
    file
}

fn piece(random: &mut Random, to: &mut Vec<u8>) {
    let piece = match random.below(12) {
        0 | 1 => random.pick(NAMES),
        2 | 3 => random.pick(EQUALS),
        4 => random.pick(PLAIN),
        5 => random.pick(ENDS),
        6 => random.pick(ODD_NAMES),
        _ => random.pick(SPECIAL),
    };
    to.extend_from_slice(piece.as_bytes());
}

fn statement(random: &mut Random, odd: bool, to: &mut Vec<u8>) {
    let mut text = String::new();
    if random.one_in(12) {
        text += random.pick(&["# c", "  #", "", "#K=v", "#\\", "# 'x", "; c", "what", "\t"]);
        text += random.pick(ENDS);
        to.extend_from_slice(text.as_bytes());
        return;
    }
    if random.one_in(8) {
        text += random.pick(&["export ", "export ", "export\t", " ", "export  "]);
    }
    text += if odd && random.one_in(3) {
        random.pick(ODD_NAMES)
    } else {
        random.pick(NAMES)
    };
    text += if odd { random.pick(EQUALS) } else { "=" };
    value(random, odd, &mut text);
    text += if odd {
        random.pick(ENDS)
    } else {
        random.pick(&["\n", "\n", "\n", "\r\n", " \n", " # c\n"])
    };
    to.extend_from_slice(text.as_bytes());
}

fn value(random: &mut Random, odd: bool, to: &mut String) {
    let quote = random.pick(&["", "", "'", "\"", "\"", "`"]);
    *to += quote;
    for _ in 0..random.below(5) {
        let piece = if random.one_in(2) {
            random.pick(PLAIN)
        } else {
            random.pick(SPECIAL)
        };
        // In tidy files the value stays within its quotes and its line.
        let stray = [
            "'", "\"", "`", "\n", "\r\n", "\r", "\\", " ", ";", "&", "  ", "\t",
        ]
        .contains(&piece);
        if odd || !stray || (!quote.is_empty() && piece != quote && piece != "\\") {
            *to += piece;
        }
    }
    *to += quote;
    if random.one_in(8) {
        *to += random.pick(&[" # c", "'x'", "\"$A\"", "x", "#", " ", "\\ ", "''"]);
    }
}

/// Many of them.
pub fn files(salt: u64, count: usize, corpus: &[Vec<u8>]) -> Vec<Vec<u8>> {
    let mut random = Random::new(salt);
    (0..count).map(|_| file(&mut random, corpus)).collect()
}
