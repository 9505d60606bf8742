use std::borrow::Cow;

use serde::Deserialize;

use crate::platform::http::Reply;
use crate::reading::{ErrorKind, ReadError};

/// A request that AWS did not fulfil, or that never got there.
pub(super) struct Refusal {
    /// AWS's name for the trouble; empty where it gave none.
    pub code: Box<str>,
    /// What AWS says of it.
    pub said: Box<str>,
    /// What that means.
    pub error: ReadError,
}

impl From<ReadError> for Refusal {
    fn from(error: ReadError) -> Self {
        Self {
            code: Box::default(),
            said: Box::default(),
            error,
        }
    }
}

impl From<Refusal> for ReadError {
    fn from(refusal: Refusal) -> Self {
        refusal.error
    }
}

impl Refusal {
    /// Whether asking for less in one call may do better: the call was refused for what it asked for,
    /// not for who asked, how often, or because nobody answered.
    pub fn is_about_its_content(&self) -> bool {
        !self.code.is_empty()
            && !matches!(
                sort(&self.code, &self.said),
                Sort::Credential | Sort::Expired | Sort::Clock | Sort::Throttled | Sort::Broken
            )
    }

    /// Whether AWS says that there is no such thing.
    pub fn is_not_found(&self) -> bool {
        sort(&self.code, &self.said) == Sort::NotFound
    }
}

/// What an answer that is no success means. Most of AWS's errors come with status 400, so their names
/// decide, and not the status.
pub(super) fn refusal(reply: &Reply, permission: &str) -> Refusal {
    let body = reply.body.expose();
    let header = reply.headers.get("x-amzn-errortype");
    let (code, said) = match serde_json::from_slice::<Told<'_>>(body) {
        Ok(told) => (told.code, told.message.or(told.title)),
        Err(_) => {
            let text = std::str::from_utf8(body).unwrap_or_default();
            let part = |name| element(text, name).map(Cow::Borrowed);
            (part("Code"), part("Message"))
        }
    };
    let code = header
        .and_then(|code| code.to_str().ok())
        .map(Cow::Borrowed)
        .or(code)
        .unwrap_or_default();
    // `com.amazonaws.ssm#Name`, and `Name:http://…` of the REST services.
    let code = code.rsplit('#').next().unwrap_or_default();
    let code = code.split(':').next().unwrap_or_default();
    let said = said.unwrap_or_default();
    let told = match (code, &*said) {
        ("", _) => None,
        (code, "") => Some(code.to_owned()),
        (code, said) => Some(format!("{code}: {said}")),
    };
    let error = reply.refused(told.as_deref(), permission);
    Refusal {
        error: meant(error, sort(code, &said), permission),
        code: code.into(),
        said: said.into(),
    }
}

/// What AWS says of one item among others that it gave.
pub(super) fn item_refusal(code: &str, said: &str, what: &str, permission: &str) -> Refusal {
    let error = ReadError::new(
        ErrorKind::Protocol,
        format!(
            "{what}: {}: {}",
            crate::text::escape(code),
            crate::text::escape(said)
        ),
        "ask for it by hand with `aws`",
    );
    Refusal {
        error: meant(error, sort(code, said), permission),
        code: code.into(),
        said: said.into(),
    }
}

/// The text of an XML element without elements in it.
pub(super) fn element<'t>(xml: &'t str, name: &str) -> Option<&'t str> {
    let (_, rest) = xml.split_once(&format!("<{name}>"))?;
    let (text, _) = rest.split_once(&format!("</{name}>"))?;
    Some(text.trim())
}

/// An error in AWS's JSON. Its services do not agree on the letters' case.
#[derive(Deserialize)]
struct Told<'a> {
    #[serde(rename = "__type", alias = "code", borrow, default)]
    code: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    message: Option<Cow<'a, str>>,
    #[serde(rename = "Message", borrow, default)]
    title: Option<Cow<'a, str>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sort {
    Denied,
    /// The key that encrypts it may not be used, or cannot be.
    Kms,
    Credential,
    Expired,
    Clock,
    Throttled,
    Broken,
    Late,
    NotFound,
    Other,
}

fn sort(code: &str, said: &str) -> Sort {
    match code {
        "RequestTimeTooSkewed" | "RequestExpired" => Sort::Clock,
        "InvalidSignatureException" | "SignatureDoesNotMatch"
            if said.contains("Signature expired") || said.contains("not yet current") =>
        {
            Sort::Clock
        }
        "InvalidSignatureException"
        | "SignatureDoesNotMatch"
        | "UnrecognizedClientException"
        | "InvalidClientTokenId"
        | "InvalidAccessKeyId"
        | "InvalidToken"
        | "MissingAuthenticationToken"
        | "MissingAuthenticationTokenException"
        | "IncompleteSignature"
        | "IncompleteSignatureException"
        | "AuthFailure" => Sort::Credential,
        "DecryptionFailure" | "DecryptionFailureException" | "InvalidKeyId" => Sort::Kms,
        "RequestTimeout" | "RequestTimeoutException" => Sort::Late,
        "TooManyRequestsException"
        | "RequestLimitExceeded"
        | "RequestThrottled"
        | "RequestThrottledException"
        | "SlowDown"
        | "PriorRequestNotComplete"
        | "BandwidthLimitExceeded"
        | "EC2ThrottledException"
        | "TransactionInProgressException" => Sort::Throttled,
        "InternalServiceError"
        | "InternalServiceErrorException"
        | "InternalServerError"
        | "InternalFailure"
        | "InternalError"
        | "ServiceException"
        | "ServerException"
        | "ServiceUnavailable"
        | "ServiceUnavailableException" => Sort::Broken,
        "ParameterNotFound" | "ParameterVersionNotFound" => Sort::NotFound,
        "KMSThrottlingException" => Sort::Throttled,
        _ if code.starts_with("KMS") => Sort::Kms,
        _ if code.starts_with("AccessDenied")
            || matches!(
                code,
                "UnauthorizedOperation" | "NotAuthorized" | "OptInRequired"
            ) =>
        {
            // Secrets Manager says "Access to KMS is not allowed".
            match said.contains("kms:") || said.contains("KMS") {
                true => Sort::Kms,
                false => Sort::Denied,
            }
        }
        _ if code.starts_with("ExpiredToken") => Sort::Expired,
        _ if code.starts_with("Throttl") => Sort::Throttled,
        _ if code.ends_with("NotFoundException") => Sort::NotFound,
        _ => Sort::Other,
    }
}

fn meant(error: ReadError, sort: Sort, permission: &str) -> ReadError {
    let (kind, next): (_, Cow<'static, str>) = match sort {
        Sort::Denied => (ErrorKind::Denied, permission.to_owned().into()),
        Sort::Kms => (
            ErrorKind::Denied,
            "allow `kms:Decrypt` on the key that encrypts it, and enable that key".into(),
        ),
        Sort::Credential => (
            ErrorKind::Denied,
            "correct the credential; `aws sts get-caller-identity` says whose it is".into(),
        ),
        Sort::Expired => (
            ErrorKind::Denied,
            "log in again: the session has expired".into(),
        ),
        Sort::Clock => (
            ErrorKind::Denied,
            "set this host's clock: AWS refuses what is signed more than five minutes off".into(),
        ),
        Sort::Throttled => (
            ErrorKind::Throttled,
            "run again later, or with a lower --concurrency".into(),
        ),
        Sort::Broken => (ErrorKind::Protocol, "run again when AWS is well".into()),
        Sort::Late => (ErrorKind::Timeout, "run again".into()),
        Sort::NotFound => (
            ErrorKind::NotFound,
            "correct the name, the region or the account".into(),
        ),
        Sort::Other => return error,
    };
    let retry = error.retry;
    let error = ReadError::new(kind, error.message, next);
    match (sort, retry) {
        (_, crate::reading::Retry::After(wait)) => error.after(wait),
        (Sort::Broken, _) => error.transient(),
        _ => error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reading::Retry;

    fn meaning(code: &str, said: &str) -> ReadError {
        item_refusal(code, said, "it", "allow `x:Read`").error
    }

    #[test]
    fn the_name_decides_and_not_the_status() {
        for (code, said, kind, next) in [
            ("AccessDeniedException", "", ErrorKind::Denied, "x:Read"),
            (
                "AccessDeniedException",
                "User is not authorized to perform: kms:Decrypt",
                ErrorKind::Denied,
                "kms:Decrypt",
            ),
            (
                "AccessDeniedException",
                "Access to KMS is not allowed",
                ErrorKind::Denied,
                "kms:Decrypt",
            ),
            ("DecryptionFailure", "", ErrorKind::Denied, "kms:Decrypt"),
            ("ThrottlingException", "", ErrorKind::Throttled, "later"),
            ("KMSThrottlingException", "", ErrorKind::Throttled, "later"),
            ("RequestLimitExceeded", "", ErrorKind::Throttled, "later"),
            ("InternalServiceError", "", ErrorKind::Protocol, "well"),
            ("RequestTimeTooSkewed", "", ErrorKind::Denied, "clock"),
            (
                "InvalidSignatureException",
                "Signature expired: 20261124T000000Z is now earlier than",
                ErrorKind::Denied,
                "clock",
            ),
            (
                "UnrecognizedClientException",
                "",
                ErrorKind::Denied,
                "credential",
            ),
            ("ExpiredTokenException", "", ErrorKind::Denied, "log in"),
            ("ResourceNotFoundException", "", ErrorKind::NotFound, "name"),
        ] {
            let error = meaning(code, said);
            assert_eq!(error.kind, kind, "{code}");
            assert!(error.next.contains(next), "{code}: {}", error.next);
        }
    }

    #[test]
    fn only_what_may_pass_is_tried_again() {
        assert_eq!(meaning("Throttling", "").retry, Retry::Later);
        assert_eq!(meaning("InternalFailure", "").retry, Retry::Later);
        assert_eq!(meaning("AccessDenied", "").retry, Retry::Never);
        assert_eq!(meaning("ValidationException", "").retry, Retry::Never);
    }

    #[test]
    fn less_is_asked_for_only_when_that_may_help() {
        for (code, less) in [
            ("AccessDeniedException", true),
            ("ValidationException", true),
            ("ResourceNotFoundException", true),
            ("InvalidKeyId", true),
            ("ThrottlingException", false),
            ("UnrecognizedClientException", false),
            ("InternalServiceError", false),
            ("", false),
        ] {
            let refusal = item_refusal(code, "", "it", "");
            assert_eq!(refusal.is_about_its_content(), less, "{code}");
        }
    }
}
