//! Plugins that log in: the `exec` of a user in a kubeconfig.

use data_encoding::BASE64;
use jiff::Timestamp;
use kube::config::{AuthInfo, ExecConfig, ExecInteractiveMode};
use reqwest::header::HeaderValue;
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::json;
use tokio::process::Command;

use super::config::unsendable;
use crate::platform::commands::login;
use crate::reading::{ErrorKind, ReadError};
use crate::text::escape;

/// What a plugin prints: JSON as a rule, YAML by some.
#[derive(Deserialize)]
struct Printed {
    status: Option<Status>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Status {
    expiration_timestamp: Option<Box<str>>,
    token: Option<String>,
    client_certificate_data: Option<String>,
    client_key_data: Option<String>,
}

/// Runs the plugin and puts what it gives in its place; until when that holds, where it says so.
pub(super) async fn log_in(
    exec: &ExecConfig,
    user: &mut AuthInfo,
) -> Result<Option<Timestamp>, ReadError> {
    let program = exec.command.as_deref().unwrap_or_default();
    if program.is_empty() {
        let what = "the `exec` of the user in the kubeconfig names no command".to_owned();
        return Err(no_login(&what, "correct it: `kubectl config view`"));
    }
    let name = escape(program).into_owned();
    if exec.interactive_mode == Some(ExecInteractiveMode::Always) {
        let what = format!("the plugin `{name}` has to ask somebody (`interactiveMode: Always`)");
        return Err(no_login(
            &what,
            "log in beforehand, and set `interactiveMode: IfAvailable`",
        ));
    }
    let printed = login(program, command(program, exec)?).await;
    let printed = printed.map_err(|error| {
        let what = match error.kind {
            ErrorKind::NotFound => {
                format!("the plugin could not be started: {}", error.message)
            }
            ErrorKind::Interrupted => return error,
            _ => format!("the plugin {}", error.message),
        };
        let next = match error.kind {
            ErrorKind::NotFound => {
                "install the program that the user's `exec` in the kubeconfig names".to_owned()
            }
            ErrorKind::Protocol => {
                "log in as the plugin wants it, and try it with `kubectl auth whoami`".to_owned()
            }
            _ => error.next.to_string(),
        };
        no_login(&what, &next)
    })?;
    let unfit = |_| {
        let what = format!("the plugin `{name}` printed no ExecCredential");
        no_login(
            &what,
            "try it by hand; `kubectl auth whoami` takes the same kubeconfig",
        )
    };
    // What it printed holds credentials, so nothing of an error is repeated.
    let printed: Printed = serde_yaml::from_slice(printed.expose()).map_err(|_| unfit(()))?;
    let status = printed.status.ok_or(()).map_err(unfit)?;
    let until = match &status.expiration_timestamp {
        None => None,
        Some(time) => Some(time.parse().map_err(|_| unfit(()))?),
    };
    match (
        status.client_certificate_data,
        status.client_key_data,
        status.token,
    ) {
        (Some(certificate), Some(key), _) => {
            user.client_certificate_data = Some(BASE64.encode(certificate.as_bytes()));
            user.client_key_data = Some(SecretString::from(BASE64.encode(key.as_bytes())));
        }
        (_, _, Some(token)) => {
            if HeaderValue::from_str(&token).is_err() {
                return Err(unsendable());
            }
            user.token = Some(SecretString::from(token));
        }
        // As kubectl has it, it may give nothing, and the server then says what it thinks of that.
        _ => {}
    }
    Ok(until)
}

/// As the specification of credential plugins has it.
fn command(program: &str, exec: &ExecConfig) -> Result<Command, ReadError> {
    let mut spec = json!({ "interactive": false });
    if exec.provide_cluster_info {
        let cluster = exec.cluster.as_ref().map(serde_json::to_value);
        let Some(Ok(cluster)) = cluster else {
            let what = "the plugin is to be told of the cluster, of which nothing is known";
            return Err(no_login(
                what,
                "correct `provideClusterInfo` in the kubeconfig",
            ));
        };
        spec["cluster"] = cluster;
    }
    let info = json!({ "apiVersion": exec.api_version, "kind": "ExecCredential", "spec": spec });
    let mut command = Command::new(program);
    command.args(exec.args.iter().flatten());
    let variables = exec.env.iter().flatten();
    command.envs(variables.filter_map(|set| Some((set.get("name")?, set.get("value")?))));
    command.env("KUBERNETES_EXEC_INFO", info.to_string());
    Ok(command)
}

fn no_login(what: &str, next: &str) -> ReadError {
    ReadError::new(
        ErrorKind::Denied,
        format!("no credential for the cluster: {what}"),
        next.to_owned(),
    )
}
