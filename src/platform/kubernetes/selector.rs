//! Label selectors, as `kubectl -l` takes them and as workloads write them.

use std::collections::HashMap;

use serde::Deserialize;

/// Which labels are meant: all of these have to hold.
#[derive(Debug, PartialEq, Eq)]
pub struct Selector(Vec<Requirement>);

#[derive(Debug, PartialEq, Eq)]
struct Requirement {
    label: Box<str>,
    test: Test,
}

#[derive(Debug, PartialEq, Eq)]
enum Test {
    In(Vec<Box<str>>),
    /// Holds where there is no such label, too.
    NotIn(Vec<Box<str>>),
    Exists,
    Missing,
}

const EXPECTED: &str =
    "expected a label selector such as `app=checkout,tier!=test,env in (a,b),!canary`";

impl Selector {
    /// Reads what `kubectl -l` takes: `a=b`, `a==b`, `a!=b`, `a in (b,c)`, `a notin (b,c)`, `a`, `!a`.
    ///
    /// # Errors
    ///
    /// What was expected, a lowercase fragment.
    pub fn parse(text: &str) -> Result<Self, String> {
        let requirements = split(text).map(|part| Requirement::parse(part.trim()));
        requirements
            .collect::<Option<_>>()
            .map(Self)
            .ok_or_else(|| EXPECTED.to_owned())
    }

    /// Whether labels are meant.
    #[must_use]
    pub fn matches(&self, labels: &HashMap<Box<str>, Box<str>>) -> bool {
        self.0.iter().all(|requirement| {
            let value = labels.get(&requirement.label);
            match &requirement.test {
                Test::In(values) => value.is_some_and(|value| values.contains(value)),
                Test::NotIn(values) => value.is_none_or(|value| !values.contains(value)),
                Test::Exists => value.is_some(),
                Test::Missing => value.is_none(),
            }
        })
    }
}

/// The parts between the commas that stand outside of parentheses.
fn split(text: &str) -> impl Iterator<Item = &str> {
    let mut inside = false;
    text.split(move |character| {
        match character {
            '(' => inside = true,
            ')' => inside = false,
            _ => {}
        }
        character == ',' && !inside
    })
}

impl Requirement {
    fn parse(part: &str) -> Option<Self> {
        let made = |label: &str, test| {
            let label = label.trim();
            is_name(label).then(|| Self {
                label: label.into(),
                test,
            })
        };
        let one = |value: &str| {
            let value = value.trim();
            is_value(value).then(|| vec![value.into()])
        };
        if let Some(label) = part.strip_prefix('!') {
            return made(label, Test::Missing);
        }
        if let Some((label, value)) = part.split_once("!=") {
            return made(label, Test::NotIn(one(value)?));
        }
        if let Some((label, value)) = part.split_once('=') {
            let value = value.strip_prefix('=').unwrap_or(value);
            return made(label, Test::In(one(value)?));
        }
        let Some((before, values)) = part.split_once('(') else {
            return made(part, Test::Exists);
        };
        let values: Vec<Box<str>> = values
            .strip_suffix(')')?
            .split(',')
            .map(|value| {
                Some(value.trim())
                    .filter(|value| is_value(value))
                    .map(Into::into)
            })
            .collect::<Option<_>>()?;
        match before.split_whitespace().collect::<Vec<_>>()[..] {
            [label, "in"] => made(label, Test::In(values)),
            [label, "notin"] => made(label, Test::NotIn(values)),
            _ => None,
        }
    }
}

/// A label's name: a part, perhaps behind a domain and a slash.
fn is_name(name: &str) -> bool {
    let (domain, name) = name.rsplit_once('/').unwrap_or(("d", name));
    !domain.is_empty() && is_value(domain) && !name.is_empty() && is_value(name)
}

/// A label's value, which may be empty.
fn is_value(value: &str) -> bool {
    let fits = |character: char| character.is_ascii_alphanumeric() || "-_.".contains(character);
    value.chars().all(fits)
}

/// A selector as a workload writes it.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Written {
    match_labels: HashMap<Box<str>, Box<str>>,
    match_expressions: Vec<Expression>,
}

#[derive(Deserialize)]
struct Expression {
    key: Box<str>,
    operator: Operator,
    #[serde(default)]
    values: Vec<Box<str>>,
}

#[derive(Deserialize)]
enum Operator {
    In,
    NotIn,
    Exists,
    DoesNotExist,
}

impl From<Written> for Selector {
    fn from(written: Written) -> Self {
        let labels = written
            .match_labels
            .into_iter()
            .map(|(label, value)| Requirement {
                label,
                test: Test::In(vec![value]),
            });
        let expressions = written
            .match_expressions
            .into_iter()
            .map(|expression| Requirement {
                label: expression.key,
                test: match expression.operator {
                    Operator::In => Test::In(expression.values),
                    Operator::NotIn => Test::NotIn(expression.values),
                    Operator::Exists => Test::Exists,
                    Operator::DoesNotExist => Test::Missing,
                },
            });
        Self(labels.chain(expressions).collect())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn labels(pairs: &[(&str, &str)]) -> HashMap<Box<str>, Box<str>> {
        let pairs = pairs.iter();
        pairs
            .map(|(name, value)| ((*name).into(), (*value).into()))
            .collect()
    }

    #[test]
    fn every_form_that_kubectl_takes_is_matched() {
        let pod = labels(&[
            ("app", "checkout"),
            ("tier", "web"),
            ("empty", ""),
            ("a.io/b", "c"),
        ]);
        for (text, meant) in [
            ("app=checkout", true),
            ("app==checkout", true),
            (" app = checkout , tier = web ", true),
            ("app=checkout,tier=db", false),
            ("app=check", false),
            ("app!=shop", true),
            ("app!=checkout", false),
            ("none!=x", true),
            ("app in (shop, checkout)", true),
            ("app in (shop),tier=web", false),
            ("app notin (shop,cart)", true),
            ("app notin (checkout)", false),
            ("none notin (checkout)", true),
            ("none in (checkout)", false),
            ("app", true),
            ("none", false),
            ("!none", true),
            ("!app", false),
            ("a.io/b=c", true),
            ("empty=", true),
            ("empty in ()", true),
            ("app=", false),
        ] {
            assert_eq!(
                Selector::parse(text).unwrap().matches(&pod),
                meant,
                "{text}"
            );
        }
    }

    #[test]
    fn what_is_none_is_refused_and_not_repeated() {
        for text in [
            "",
            ",",
            "app=a,",
            "=a",
            "a=b=c",
            "app in a",
            "app in (a",
            "app on (a)",
            "a b",
            "a/b/c=d",
            "app=a;b",
            "!",
            "app=\u{1b}[31m",
            "(a)",
            "app in (a) b",
        ] {
            assert_eq!(Selector::parse(text), Err(EXPECTED.to_owned()), "{text:?}");
        }
    }

    #[test]
    fn a_workloads_selector_is_matched_likewise() {
        let selector = |value| Selector::from(serde_json::from_value::<Written>(value).unwrap());
        let both = selector(json!({
            "matchLabels": {"app": "checkout"},
            "matchExpressions": [
                {"key": "tier", "operator": "NotIn", "values": ["db"]},
                {"key": "track", "operator": "DoesNotExist"},
            ],
        }));
        assert!(both.matches(&labels(&[("app", "checkout"), ("tier", "web")])));
        assert!(both.matches(&labels(&[("app", "checkout")])));
        assert!(!both.matches(&labels(&[("app", "checkout"), ("tier", "db")])));
        assert!(!both.matches(&labels(&[("app", "checkout"), ("track", "canary")])));
        let exists = selector(json!({"matchExpressions": [{"key": "app", "operator": "Exists"}]}));
        assert!(exists.matches(&labels(&[("app", "")])) && !exists.matches(&labels(&[])));
    }
}
