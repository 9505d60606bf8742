//! Environments that were probably meant to be others.

/// What people call two environments that have one name in full.
const SHORT: [(&str, &str); 2] = [("stg", "staging"), ("prd", "production")];

/// The environment with a key of its own that this name was probably meant to be. Names that may well
/// stand for environments of their own, such as `prod-eu` beside `prod-us`, are none.
pub(super) fn meant<'a>(
    name: &str,
    environments: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    let words = words(name);
    environments
        .into_iter()
        .find(|other| is_near(&words, &self::words(other)))
}

/// What a name is made of, whichever way that is written.
fn words(name: &str) -> Vec<String> {
    name.trim()
        .to_lowercase()
        .split(|sign: char| !sign.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
        .collect()
}

/// Whether at most one word is another, and that one nearly the same.
fn is_near(one: &[String], other: &[String]) -> bool {
    if one.len() != other.len() {
        return one.concat() == other.concat();
    }
    let mut different = one.iter().zip(other).filter(|(one, other)| one != other);
    match (different.next(), different.next()) {
        (None, _) => true,
        (Some((one, other)), None) => is_slip(one, other),
        _ => false,
    }
}

fn is_slip(one: &str, other: &str) -> bool {
    let letters = |word: &str| word.chars().all(char::is_alphabetic);
    if one.len().max(other.len()) > 64 || !letters(one) || !letters(other) {
        // `dev1` and `dev2` are two.
        return false;
    }
    let [short, long] = if one.len() <= other.len() {
        [one, other]
    } else {
        [other, one]
    };
    let count = long.chars().count();
    let common = short.chars().zip(long.chars());
    let common = common.take_while(|(one, other)| one == other).count();
    let distance = strsim::damerau_levenshtein(one, other);
    (count >= 4 && distance <= (count / 4).max(1))
        || (common >= 3 && common == short.chars().count())
        || (common >= 4 && distance <= 3)
        || SHORT.contains(&(short, long))
}

#[cfg(test)]
mod tests {
    use super::meant;

    #[test]
    fn a_slip_is_another_name_for_the_same_and_a_sibling_is_not() {
        for (name, environment) in [
            ("stagin", "staging"),
            ("Staging", "staging"),
            ("STAGING", "staging"),
            ("stagging", "staging"),
            ("satging", "staging"),
            ("stage", "staging"),
            ("stag", "staging"),
            ("stg", "staging"),
            ("prod", "production"),
            ("prodution", "production"),
            ("production", "prod"),
            ("dev", "development"),
            (" staging", "staging"),
            ("staging_eu", "staging-eu"),
            ("stagingeu", "staging-eu"),
            ("stagin-eu", "staging-eu"),
        ] {
            assert_eq!(
                meant(name, ["unlike", environment]),
                Some(environment),
                "{name}"
            );
        }
        for (name, environment) in [
            ("production", "staging"),
            ("staging-eu", "staging"),
            ("prod-eu", "prod-us"),
            ("dev1", "dev2"),
            ("preprod", "prod"),
            ("qa", "dev"),
            ("", "staging"),
            ("test", "dev"),
            ("eu", "us"),
        ] {
            assert_eq!(meant(name, [environment]), None, "{name}");
        }
    }
}
