//! What an API server says, and a way to it, for tests.

use serde_json::{Value, json};
use tempfile::NamedTempFile;

use crate::platform::http::testing::{Server, response};

/// A kubeconfig that leads to a server, and the store that names it. It goes when dropped.
pub(crate) fn store(server: &Server) -> (NamedTempFile, Value) {
    let file = NamedTempFile::new().unwrap();
    let kubeconfig = json!({
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "test",
        "contexts": [{"name": "test", "context": {"cluster": "test", "user": "test"}}],
        "clusters": [{"name": "test", "cluster": {"server": server.url("")}}],
        "users": [],
    });
    std::fs::write(&file, kubeconfig.to_string()).unwrap();
    let store = json!({"kubernetes": {"kubeconfig": file.path()}});
    (file, store)
}

/// When every answer is given, by the clock of the server.
pub(crate) const NOW: &str = "Fri, 20 Nov 2026 12:00:00 GMT";

/// An answer in JSON.
pub(crate) fn answer(status: &str, body: &Value) -> Vec<u8> {
    response(
        status,
        &format!("Content-Type: application/json\r\nDate: {NOW}\r\n"),
        body.to_string().as_bytes(),
    )
}

/// What an API server says in the place of an answer.
pub(crate) fn status(code: u16, reason: &str, message: &str, details: Value) -> Vec<u8> {
    let body = json!({
        "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
        "message": message, "reason": reason, "details": details, "code": code,
    });
    answer(&format!("{code} {reason}"), &body)
}

/// That a name is not there.
pub(crate) fn not_found(resource: &str, name: &str) -> Vec<u8> {
    let message = format!("{resource} \"{name}\" not found");
    status(
        404,
        "NotFound",
        &message,
        json!({"name": name, "kind": resource}),
    )
}

/// That the account may not.
pub(crate) fn forbidden(resource: &str, name: &str) -> Vec<u8> {
    let message = format!(
        "{resource} \"{name}\" is forbidden: User \"system:serviceaccount:straggler:straggler\" cannot get resource \
         \"{resource}\" in API group \"\" in the namespace \"checkout\""
    );
    status(
        403,
        "Forbidden",
        &message,
        json!({"name": name, "kind": resource}),
    )
}
