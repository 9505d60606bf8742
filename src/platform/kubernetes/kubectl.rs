//! What people type to change something in a cluster.

use std::sync::Arc;

use super::settings::Kubernetes;
use crate::platform::commands::quoted;

/// How kubectl is told which cluster is meant: `--context` and `--kubeconfig`, where the store names them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Kubectl {
    options: Arc<str>,
}

impl Kubectl {
    pub(super) fn of(said: &Kubernetes) -> Self {
        let kubeconfig = said.kubeconfig.as_ref();
        let kubeconfig = kubeconfig.map(|path| path.to_string_lossy());
        let context = said.context.as_deref();
        let named = [
            ("--context", context),
            ("--kubeconfig", kubeconfig.as_deref()),
        ];
        let named = named
            .into_iter()
            .filter_map(|(option, value)| Some((option, value?)));
        let options: String = named
            .map(|(option, value)| format!(" {option} {}", quoted([value])))
            .collect();
        Self {
            options: options.into(),
        }
    }

    /// Whether it asks the same cluster without being told.
    #[must_use]
    pub fn is_plain(&self) -> bool {
        self.options.is_empty()
    }

    /// A command about something in a namespace, to be typed in a shell.
    #[must_use]
    pub fn command<'w>(&self, words: impl IntoIterator<Item = &'w str>, namespace: &str) -> String {
        let (words, namespace) = (quoted(words), quoted([namespace]));
        format!("kubectl {words} -n {namespace}{}", self.options)
    }

    /// A command about the cluster as a whole.
    #[must_use]
    pub fn global(&self, words: &str) -> String {
        format!("kubectl {words}{}", self.options)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_command_says_which_cluster_the_store_means() {
        for (settings, command) in [
            (json!({}), "kubectl get pods -n shop"),
            (json!({"in_cluster": true}), "kubectl get pods -n shop"),
            (
                json!({"context": "prod-eu"}),
                "kubectl get pods -n shop --context prod-eu",
            ),
            (
                json!({"context": "arn:aws:eks:eu/a b", "kubeconfig": "/etc/it's"}),
                r"kubectl get pods -n shop --context 'arn:aws:eks:eu/a b' --kubeconfig '/etc/it'\''s'",
            ),
        ] {
            let said: Kubernetes = serde_json::from_value(settings).unwrap();
            let kubectl = Kubectl::of(&said);
            assert_eq!(kubectl.command(["get", "pods"], "shop"), command);
        }
    }
}
