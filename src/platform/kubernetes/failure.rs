use std::fmt;

use kube::Error;
use kube::client::AuthError;
use reqwest::{StatusCode, Url};
use serde::Deserialize;

use super::Kubectl;
use super::config::Loaded;
use super::connect::no_login;
use crate::platform::http::{
    Advice, Reply, Settings, cause_of_tls, causes, innermost, is_hung_up, origin, told_of_tls,
    unsecured,
};
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

/// What to do about TLS where a kubeconfig names the API server.
const IN_KUBECONFIG: Advice = Advice {
    show_one: "give the user in the kubeconfig a `client-certificate` and its `client-key`",
    perhaps_show_one: "look at the API server's log: it may want a client certificate, which is the user's \
                       `client-certificate` in the kubeconfig, or know no cipher of today's",
    strange: "give the user in the kubeconfig a `client-certificate` of an authority that the API server trusts",
    expired: "renew the user's `client-certificate` in the kubeconfig",
    revoked: "give the user in the kubeconfig another `client-certificate`: this one was revoked",
    refused: "look at the API server's log, which says why, and give the user in the kubeconfig a `client-certificate` \
              that it takes",
    renamed: "write a name in `server` that the API server's certificate has, or name one as `tls-server-name`, in the \
              kubeconfig",
    without: "correct the port of `server` in the kubeconfig, or write http:// there if that API server has no TLS",
    with: "write https:// in `server`, in the kubeconfig",
    other_authority: "check that `server` in the kubeconfig leads to the right cluster, and put the authority that signed its \
                      certificate into `certificate-authority-data`: the one that stands there did not",
    no_authority: "put the authority that signed the API server's certificate into `certificate-authority-data` of the \
                   cluster in the kubeconfig, which names none",
};

/// The same where a pod is told.
const IN_POD: Advice = Advice {
    renamed: "give the API server's certificate the name or address that KUBERNETES_SERVICE_HOST has in this pod",
    without: "look at who answers at KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT: it is no API server",
    other_authority: "look at who answers at KUBERNETES_SERVICE_HOST: its certificate was not signed by the authority in \
                      /var/run/secrets/kubernetes.io/serviceaccount/ca.crt",
    ..IN_KUBECONFIG
};

fn advice(loaded: &Loaded) -> &'static Advice {
    match loaded.in_pod {
        true => &IN_POD,
        false => &IN_KUBECONFIG,
    }
}

/// What an API server means that answers a fault of TLS by HTTP; `None` where the answer is about something else.
pub(super) fn insecure(
    url: &Url,
    status: StatusCode,
    body: &[u8],
    loaded: &Loaded,
) -> Option<ReadError> {
    told_of_tls(url, status, body, advice(loaded))
}

/// Why no answer came.
pub(super) fn unanswered(url: &Url, error: &Error, loaded: &Loaded) -> ReadError {
    let causes = || causes(error);
    if let Some(error) = causes().find_map(|cause| cause.downcast_ref::<AuthError>()) {
        return no_login(error);
    }
    let (host, why) = (origin(url), innermost(error));
    if let Some(cause) = cause_of_tls(error) {
        let user = &loaded.config.auth_info;
        let settings = Settings {
            shows: user.client_certificate.is_some() || user.client_certificate_data.is_some(),
            trusts: loaded.config.root_cert.is_some(),
            advice: advice(loaded),
        };
        return unsecured(url, cause, &settings);
    }
    let unconnected = |error: &hyper_util::client::legacy::Error| error.is_connect();
    if causes().any(|cause| cause.downcast_ref().is_some_and(unconnected)) {
        if url.scheme() == "https" && is_hung_up(error) {
            return ReadError::new(
                ErrorKind::Connect,
                format!("{host} hung up before the connection was secure: {why}"),
                "check `server` in the kubeconfig and its port, for a server without TLS may hang up so; else the API \
                 server's log says why",
            );
        }
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
