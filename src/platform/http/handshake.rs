//! Why a connection could not be secured: each cause in its own words, with what to do about it.

use std::error::Error;
use std::io;

use memchr::memmem;
use reqwest::{StatusCode, Url};
use rustls::{AlertDescription as Alert, CertificateError, InvalidMessage};

use super::Tls;
use super::failure::causes;
use super::url::{origin, shown};
use crate::platform::reason::reason;
use crate::reading::{ErrorKind, ReadError};

/// What a client was told to show and to trust, and how whoever told it so can do better.
pub(in crate::platform) struct Settings<'s> {
    /// Whether it shows a certificate of its own.
    pub shows: bool,
    /// Whether it trusts an authority that was named, and no other.
    pub trusts: bool,
    pub advice: &'s Advice,
}

/// What to do about each cause, in the words of where the client's settings stand.
pub(in crate::platform) struct Advice {
    /// The server wants a client certificate, and none was named.
    pub show_one: &'static str,
    /// It broke off, as some do who want one.
    pub perhaps_show_one: &'static str,
    /// It refused the one that it was shown: its authority is not trusted.
    pub strange: &'static str,
    /// The same: it expired.
    pub expired: &'static str,
    /// The same: it was revoked.
    pub revoked: &'static str,
    /// The same, for another reason.
    pub refused: &'static str,
    /// The server does not go by the name that it was asked for, or its certificate does not have it.
    pub renamed: &'static str,
    /// It does not speak TLS on that port.
    pub without: &'static str,
    /// It speaks TLS there, and was asked without.
    pub with: &'static str,
    /// Nobody who is trusted signed its certificate: some authority was named.
    pub other_authority: &'static str,
    /// The same: none was named.
    pub no_authority: &'static str,
}

/// Of a store's `tls`.
const OF_STORES: Advice = Advice {
    show_one: "name one as `certificate`, with its `key`, in the store's `tls`; `http` and `bundle` can show none",
    perhaps_show_one: "look at the server's log: it may want a client certificate, which is `certificate` in the store's \
                       `tls`, or know no cipher of today's",
    strange: "name a client certificate of an authority that the server trusts, in the store's `tls`",
    expired: "renew the client certificate that the store's `tls` names",
    revoked: "name another client certificate in the store's `tls`: this one was revoked",
    refused: "look at the server's log, which says why, and name a client certificate that it takes in the store's `tls`",
    renamed: "write a name in the address that the server's certificate has",
    without: "write http:// in the address if that server has no TLS, else correct the port",
    with: "write https:// in the address",
    other_authority: "correct the server's certificate, or name the authority that signed it as `ca` in the store's `tls`",
    no_authority: "correct the server's certificate, or point SSL_CERT_FILE to the authority that signed it",
};

impl Tls {
    /// In the words of the store that names it.
    pub(super) fn settings(&self) -> Settings<'static> {
        Settings {
            shows: self.certificate.is_some(),
            trusts: self.ca.is_some(),
            advice: &OF_STORES,
        }
    }
}

/// What TLS itself says in an error, if anything.
pub(in crate::platform) fn cause<'e>(
    error: &'e (dyn Error + 'static),
) -> Option<&'e rustls::Error> {
    causes(error).find_map(|cause| cause.downcast_ref())
}

/// The error of a connection that TLS refused, before anything was asked or as the first answer.
pub(in crate::platform) fn unsecured(
    url: &Url,
    cause: &rustls::Error,
    settings: &Settings<'_>,
) -> ReadError {
    let (host, why) = (origin(url), reason(cause));
    let Settings { shows, advice, .. } = *settings;
    let (message, next) = match cause {
        rustls::Error::AlertReceived(alert) if is_of_certificates(*alert) && !shows => (
            format!("{host} wants a client certificate, and none was shown: {why}"),
            advice.show_one,
        ),
        rustls::Error::AlertReceived(alert) if is_of_certificates(*alert) => (
            format!("{host} does not take the client certificate that it was shown: {why}"),
            refused(*alert, advice),
        ),
        // OpenSSL says so under TLS 1.2 to whoever shows no certificate.
        rustls::Error::AlertReceived(Alert::HandshakeFailure) if !shows => (
            format!("{host} broke off before the connection was secure: {why}"),
            advice.perhaps_show_one,
        ),
        rustls::Error::AlertReceived(Alert::UnrecognisedName) => (
            format!("{host} knows no server of that name: {why}"),
            advice.renamed,
        ),
        rustls::Error::AlertReceived(Alert::ProtocolVersion)
        | rustls::Error::PeerIncompatible(_) => (
            format!("{host} speaks no TLS that is safe: {why}"),
            "let the server speak TLS 1.2 or newer, with a cipher of today's",
        ),
        rustls::Error::AlertReceived(_) => (
            format!("{host} broke off before the connection was secure: {why}"),
            "look at the server's log, which says why",
        ),
        rustls::Error::InvalidMessage(InvalidMessage::InvalidContentType) => (
            format!("{host} does not speak TLS on that port: {why}"),
            advice.without,
        ),
        rustls::Error::InvalidCertificate(cause) => (
            format!("no secure connection to {host}: {why}"),
            distrusted(cause, settings),
        ),
        _ => (
            format!("no secure connection to {host}: {why}"),
            "look at the server's log, and run again",
        ),
    };
    ReadError::new(ErrorKind::Tls, message, next)
}

/// Whether a server says this of a client's certificate, or of there being none. Older ones of Go's say
/// that of none which others say of a bad one.
fn is_of_certificates(alert: Alert) -> bool {
    matches!(
        alert,
        Alert::CertificateRequired
            | Alert::NoCertificate
            | Alert::BadCertificate
            | Alert::UnsupportedCertificate
            | Alert::CertificateRevoked
            | Alert::CertificateExpired
            | Alert::CertificateUnknown
            | Alert::UnknownCA
            | Alert::AccessDenied
    )
}

/// What to do where a server refused the certificate that it was shown.
fn refused(alert: Alert, advice: &Advice) -> &'static str {
    match alert {
        Alert::UnknownCA => advice.strange,
        Alert::CertificateExpired => advice.expired,
        Alert::CertificateRevoked => advice.revoked,
        _ => advice.refused,
    }
}

/// What to do where a server's certificate cannot be trusted.
fn distrusted(cause: &CertificateError, settings: &Settings<'_>) -> &'static str {
    match cause {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            "renew the server's certificate, if the clock of this machine is right"
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            "wait until the server's certificate is valid, if the clock of this machine is right"
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            settings.advice.renamed
        }
        // Who names one trusts that one alone, whatever the variable says.
        _ if settings.trusts => settings.advice.other_authority,
        _ => settings.advice.no_authority,
    }
}

/// Whether the other side hung up while the connection was to be secured.
pub(in crate::platform) fn is_hung_up(error: &(dyn Error + 'static)) -> bool {
    let gone = |error: &io::Error| {
        use io::ErrorKind::{BrokenPipe, ConnectionReset, UnexpectedEof};
        matches!(error.kind(), UnexpectedEof | ConnectionReset | BrokenPipe)
    };
    causes(error).any(|cause| cause.downcast_ref::<io::Error>().is_some_and(gone))
}

/// What servers say, beside 400, to who does not secure the connection: Go's, nginx, Apache, Tomcat.
const PLAIN: [&str; 4] = [
    "Client sent an HTTP request to an HTTPS server",
    "The plain HTTP request was sent to HTTPS port",
    "speaking plain HTTP to an SSL-enabled server port",
    "This combination of host and port requires TLS",
];

/// What nginx says, beside 400, to who shows no certificate, and to who shows one that it does not take.
const NONE_SHOWN: &str = "No required SSL certificate was sent";
const NOT_TAKEN: &str = "The SSL certificate error";

/// What a server means that answers a fault of TLS by HTTP; `None` where the answer is about something else.
pub(super) fn told(url: &Url, status: StatusCode, body: &[u8]) -> Option<ReadError> {
    told_to(url, status, body, &OF_STORES)
}

/// The same, with this to do about it.
pub(in crate::platform) fn told_to(
    url: &Url,
    status: StatusCode,
    body: &[u8],
    advice: &Advice,
) -> Option<ReadError> {
    // The numbers from 495 on are nginx's own.
    if !matches!(status.as_u16(), 400 | 495..=497) {
        return None;
    }
    let says = |words: &str| memmem::find(body, words.as_bytes()).is_some();
    let host = origin(url);
    let is_plain = url.scheme() == "http";
    let (kind, message, next) = if is_plain && PLAIN.iter().any(|words| says(words)) {
        (
            ErrorKind::Protocol,
            format!(
                "{host} speaks TLS on that port, and was asked without: {} answered {status}",
                shown(url)
            ),
            advice.with,
        )
    } else if !is_plain && says(NONE_SHOWN) {
        (
            ErrorKind::Tls,
            format!("{host} wants a client certificate, and none was shown: it answered {status}"),
            advice.show_one,
        )
    } else if !is_plain && says(NOT_TAKEN) {
        (
            ErrorKind::Tls,
            format!(
                "{host} does not take the client certificate that it was shown: it answered {status}"
            ),
            refused(Alert::BadCertificate, advice),
        )
    } else {
        return None;
    };
    Some(ReadError::new(kind, message, next).answered())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_about_tls_is_taken_for_it() {
        let [plain, secure] = ["http://host/", "https://host/"].map(|url| Url::parse(url).unwrap());
        let page = format!("<html><center>{NONE_SHOWN}</center></html>");
        let said = |url, status: u16, body: &str| {
            let status = StatusCode::from_u16(status).unwrap();
            told(url, status, body.as_bytes()).map(|error| error.message.into_owned())
        };
        for words in PLAIN {
            let message = said(&plain, 400, words).unwrap();
            assert!(message.contains("speaks TLS on that port"), "{message}");
            assert_eq!(said(&secure, 400, words), None);
            assert_eq!(said(&plain, 403, words), None);
        }
        for status in [400, 496] {
            let message = said(&secure, status, &page).unwrap();
            assert!(message.contains("wants a client certificate"), "{message}");
        }
        assert_eq!(said(&plain, 400, &page), None);
        assert_eq!(said(&secure, 400, "a bad request"), None);
    }
}
