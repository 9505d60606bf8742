//! Who may do what: RBAC, as far as Roles in namespaces go.

use serde::Deserialize;

/// What somebody tries to do.
pub struct Attempt<'a> {
    pub user: &'a str,
    pub verb: &'a str,
    pub group: &'a str,
    pub resource: &'a str,
    pub namespace: &'a str,
    pub name: Option<&'a str>,
}

/// A rule of a Role, bound to a user.
#[derive(Clone, Debug)]
pub struct Rule {
    pub user: String,
    pub namespace: String,
    pub rule: Written,
}

/// A rule as a Role writes it.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Written {
    pub api_groups: Vec<String>,
    pub resources: Vec<String>,
    pub verbs: Vec<String>,
    #[serde(default)]
    pub resource_names: Vec<String>,
}

impl Rule {
    /// A rule for `straggler` over one resource, by these names if there are any.
    pub fn new(
        namespace: &str,
        (group, resource): (&str, &str),
        verb: &str,
        names: &[&str],
    ) -> Self {
        Self {
            user: crate::USER.to_owned(),
            namespace: namespace.to_owned(),
            rule: Written {
                api_groups: vec![group.to_owned()],
                resources: vec![resource.to_owned()],
                verbs: vec![verb.to_owned()],
                resource_names: names.iter().map(|name| (*name).to_owned()).collect(),
            },
        }
    }

    /// A rule that names objects says nothing of a list, which has no name.
    pub fn allows(&self, attempt: &Attempt<'_>) -> bool {
        let has = |list: &[String], item: &str| list.iter().any(|known| known == item);
        let names = &self.rule.resource_names;
        self.user == attempt.user
            && self.namespace == attempt.namespace
            && has(&self.rule.api_groups, attempt.group)
            && has(&self.rule.resources, attempt.resource)
            && has(&self.rule.verbs, attempt.verb)
            && (names.is_empty() || attempt.name.is_some_and(|name| has(names, name)))
    }
}

/// Pods, and this Secret, in a namespace.
pub fn usual(namespace: &str, secret: &str) -> [Rule; 2] {
    [
        Rule::new(namespace, ("", "pods"), "list", &[]),
        Rule::new(namespace, ("", "secrets"), "get", &[secret]),
    ]
}
