use std::sync::Arc;

use reqsign_aws_v4::{Credential as Keys, RequestSigner};
use reqsign_core::{Context, SignRequest};
use reqwest::header::{CONTENT_TYPE, HOST, HeaderName, HeaderValue};
use reqwest::{Method, Url};
use serde_json::Value;

use super::Account;
use super::refusal::{Refusal, refusal};
use crate::key::{Fingerprint, Secret};
use crate::platform::MAX_BYTES;
use crate::platform::http::{Call, Clients, Reply};
use crate::reading::{ErrorKind, ReadError};

/// The services that are asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Service {
    SecretsManager,
    Ssm,
    Lambda,
    Ecs,
    Sts,
    /// The portal of IAM Identity Center, and where its logins are refreshed.
    Sso,
    SsoOidc,
}

impl Service {
    /// Its name in hosts and signatures.
    pub fn name(self) -> &'static str {
        match self {
            Self::SecretsManager => "secretsmanager",
            Self::Ssm => "ssm",
            Self::Lambda => "lambda",
            Self::Ecs => "ecs",
            Self::Sts => "sts",
            Self::Sso => "portal.sso",
            Self::SsoOidc => "oidc",
        }
    }

    /// The variable that says where it alone is asked.
    pub fn variable(self) -> &'static str {
        match self {
            Self::SecretsManager => "AWS_ENDPOINT_URL_SECRETS_MANAGER",
            Self::Ssm => "AWS_ENDPOINT_URL_SSM",
            Self::Lambda => "AWS_ENDPOINT_URL_LAMBDA",
            Self::Ecs => "AWS_ENDPOINT_URL_ECS",
            Self::Sts => "AWS_ENDPOINT_URL_STS",
            Self::Sso => "AWS_ENDPOINT_URL_SSO",
            Self::SsoOidc => "AWS_ENDPOINT_URL_SSO_OIDC",
        }
    }

    /// Its name in the section `[services]` of `~/.aws/config`.
    pub fn section(self) -> &'static str {
        match self {
            Self::SecretsManager => "secrets_manager",
            Self::Ssm => "ssm",
            Self::Lambda => "lambda",
            Self::Ecs => "ecs",
            Self::Sts => "sts",
            Self::Sso => "sso",
            Self::SsoOidc => "sso_oidc",
        }
    }

    /// What its actions start with.
    fn target(self) -> &'static str {
        match self {
            Self::SecretsManager => "secretsmanager",
            Self::Ssm => "AmazonSSM",
            Self::Ecs => "AmazonEC2ContainerServiceV20141113",
            Self::Lambda | Self::Sts | Self::Sso | Self::SsoOidc => "",
        }
    }
}

/// A request before it is signed.
pub(super) struct Request<'r> {
    pub service: Service,
    pub region: &'r str,
    pub url: Url,
    pub content: Content,
    /// The most bytes to take.
    pub most: usize,
}

/// What is sent along.
pub(super) enum Content {
    /// An action and its JSON.
    Action(&'static str, Value),
    /// A form.
    Form(Secret),
    /// Nothing: the address says it all.
    Nothing,
}

/// One action of a service that takes JSON.
pub(super) struct Action<'r> {
    pub service: Service,
    /// Unless the store's own.
    pub region: Option<&'r str>,
    pub name: &'static str,
    pub json: Value,
    /// The next step for whoever is denied.
    pub permission: &'r str,
    /// The most bytes to take.
    pub most: usize,
}

impl Account {
    /// Asks for an action. Any answer but a success is a refusal.
    pub(super) async fn act(&self, action: Action<'_>) -> Result<Reply, Refusal> {
        let region = self.region(action.region)?;
        let request = Request {
            service: action.service,
            region: &region,
            url: self.address(action.service, &region)?.at([""]),
            content: Content::Action(action.name, action.json),
            most: action.most,
        };
        let keys = self.keys().await?;
        send(request, &keys, &self.clients, action.permission).await
    }

    /// Looks at an address of a service that has one for everything. The segments hold only what no URL
    /// escapes: AWS would sign those otherwise.
    pub(super) async fn look(
        &self,
        service: Service,
        region: Option<&str>,
        segments: &[&str],
        query: Option<(&str, &str)>,
        permission: &str,
    ) -> Result<Reply, Refusal> {
        let region = self.region(region)?;
        let mut url = self.address(service, &region)?.at(segments.iter().copied());
        if let Some((name, value)) = query {
            url.query_pairs_mut().append_pair(name, value);
        }
        let request = Request {
            service,
            region: &region,
            url,
            content: Content::Nothing,
            most: MAX_BYTES,
        };
        let keys = self.keys().await?;
        send(request, &keys, &self.clients, permission).await
    }
}

/// Signs a request and sends it.
pub(super) async fn send(
    request: Request<'_>,
    keys: &Keys,
    clients: &Clients,
    permission: &str,
) -> Result<Reply, Refusal> {
    let reads = matches!(request.content, Content::Nothing);
    let (kind, target, body) = match request.content {
        Content::Action(name, json) => (
            "application/x-amz-json-1.1",
            Some(format!("{}.{name}", request.service.target())),
            Secret::new(json.to_string().into_bytes()),
        ),
        Content::Form(form) => ("application/x-www-form-urlencoded", None, form),
        Content::Nothing => ("", None, Secret::new(Vec::new())),
    };
    let mut head = http::Request::new(()).into_parts().0;
    head.uri = request.url.as_str().parse().map_err(|_| unsigned())?;
    if !reads {
        head.method = Method::POST;
        head.headers
            .insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    }
    if let Some(target) = target {
        let target = target.parse().map_err(|_| unsigned())?;
        head.headers
            .insert(HeaderName::from_static("x-amz-target"), target);
    }
    let hash = hex::encode(Fingerprint::of(body.expose()).bytes());
    let hash = hash.parse().map_err(|_| unsigned())?;
    head.headers
        .insert(HeaderName::from_static("x-amz-content-sha256"), hash);
    RequestSigner::new(request.service.name(), request.region)
        .sign_request(&Context::new(), &mut head, Some(keys), None)
        .await
        .map_err(|_| unsigned())?;
    // The client writes the same one by itself, and where none belongs it writes none.
    head.headers.remove(HOST);
    let call = match reads {
        true => Call::get(request.url),
        false => Call::post(request.url, kind, body),
    };
    let mut call = call
        .with_all(head.headers, Vec::new())
        .at_most(request.most);
    if let Some(token) = &keys.session_token {
        // AWS repeats it in what it says of a bad signature.
        call = call.carrying(Arc::new(Secret::copied(token.as_bytes())));
    }
    let reply = call.send(clients).await?;
    if reply.status.is_success() {
        return Ok(reply);
    }
    Err(refusal(&reply, permission))
}

fn unsigned() -> ReadError {
    ReadError::new(
        ErrorKind::Denied,
        "the request cannot be signed with the credential for AWS: it is broken or expires now",
        "look at it with `aws sts get-caller-identity`",
    )
}
