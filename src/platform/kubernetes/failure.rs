use std::fmt;

use kube::Error;
use kube::client::AuthError;
use reqwest::Url;
use serde::Deserialize;

use super::Kubectl;
use super::connect::no_login;
use crate::platform::http::{Reply, causes, innermost, origin};
use crate::reading::{ErrorKind, ReadError};
use crate::text::escape;

/// What a request needs to be allowed to do: one rule of a Role.
pub(super) struct Permission<'p> {
    pub verb: &'static str,
    pub group: &'static str,
    pub resource: &'static str,
    pub namespace: &'p str,
    /// The one object that is meant; all of them otherwise.
    pub name: Option<&'p str>,
}

/// As a Role is written, on one line.
impl fmt::Display for Permission<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let group = match self.group {
            "" => "''",
            group => group,
        };
        write!(
            f,
            "a Role in the namespace {} with {{ apiGroups: [{group}], resources: [{}], verbs: [{}]",
            escape(self.namespace),
            self.resource,
            self.verb
        )?;
        if let Some(name) = self.name {
            write!(f, ", resourceNames: [{}]", escape(name))?;
        }
        f.write_str(" }")
    }
}

/// What an API server says in the place of what was asked for.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Status {
    kind: Box<str>,
    reason: Box<str>,
    message: Box<str>,
    details: Details,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Details {
    name: Box<str>,
    kind: Box<str>,
}

impl Status {
    /// Anything else than a Status gives an empty one.
    pub fn of(reply: &Reply) -> Self {
        let status: Self = serde_json::from_slice(reply.body.expose()).unwrap_or_default();
        match &*status.kind {
            "Status" => status,
            _ => Self::default(),
        }
    }

    /// Whether it says of this very object that it is not there. Who may not read it is told 403
    /// whether it is there or not, so this is an answer.
    pub fn says_absent(&self, permission: &Permission<'_>) -> bool {
        &*self.reason == "NotFound"
            && &*self.details.kind == permission.resource
            && Some(&*self.details.name) == permission.name
    }

    /// Whether it is about an object, and not about a path that is not served.
    pub fn is_about_an_object(&self) -> bool {
        !self.details.name.is_empty()
    }

    /// Whether somebody was refused whom the API server does not know.
    fn is_about_nobody(&self) -> bool {
        self.message.contains("User \"system:anonymous\"")
    }

    /// The error of a request that was refused for any other reason.
    pub fn into_error(
        self,
        reply: &Reply,
        permission: &Permission<'_>,
        kubectl: &Kubectl,
    ) -> ReadError {
        let said = Some(&*self.message).filter(|said| !said.is_empty());
        let next = match reply.status.as_u16() {
            401 => format!(
                "log in again, or renew the user's credential in the kubeconfig: `{}` tries it",
                kubectl.global("auth whoami")
            ),
            // No Role is for nobody.
            403 if self.is_about_nobody() => format!(
                "give the user in the kubeconfig a credential: none was sent, so the API server takes straggler for \
                 anybody; `{}` tries it",
                kubectl.global("auth whoami")
            ),
            _ => format!("give straggler's account {permission}"),
        };
        let error = reply.refused(said, &next);
        match reply.status.as_u16() {
            // The rest of a list was asked for too late.
            410 => ReadError {
                kind: ErrorKind::Protocol,
                next: "run again: the list changed faster than it could be read".into(),
                ..error
            },
            // It had not enough time for all that was asked for.
            504 if &*self.reason == "Timeout" => ReadError {
                kind: ErrorKind::Timeout,
                ..error
            },
            _ => error,
        }
    }
}

/// Why no answer came.
pub(super) fn unanswered(url: &Url, error: &Error) -> ReadError {
    let causes = || causes(error);
    if let Some(error) = causes().find_map(|cause| cause.downcast_ref::<AuthError>()) {
        return no_login(error);
    }
    let (host, why) = (origin(url), innermost(error));
    if causes().any(|cause| cause.is::<rustls::Error>()) {
        return ReadError::new(
            ErrorKind::Tls,
            format!("no secure connection to {host}: {why}"),
            "correct `certificate-authority` in the kubeconfig, or the client certificate",
        );
    }
    let unconnected = |error: &hyper_util::client::legacy::Error| error.is_connect();
    if causes().any(|cause| cause.downcast_ref().is_some_and(unconnected)) {
        return ReadError::new(
            ErrorKind::Connect,
            format!("no connection to {host}: {why}"),
            "check `server` in the kubeconfig, and the way there: VPN, DNS, firewall, HTTPS_PROXY, NO_PROXY",
        );
    }
    ReadError::new(
        ErrorKind::Protocol,
        format!("the answer of {host} broke off: {why}"),
        "run again, and look at the API server's log",
    )
    .transient()
}
