//! Why a connection could not be secured: each cause in its own words, with what to do about it.

use std::io;

use memchr::memmem;
use reqwest::{StatusCode, Url};
use rustls::{AlertDescription as Alert, CertificateError, InvalidMessage};

use super::Tls;
use super::failure::causes;
use super::url::{origin, shown};
use crate::platform::reason::reason;
use crate::reading::{ErrorKind, ReadError};

const SHOW_ONE: &str = "name one as `certificate`, with its `key`, in the store's `tls`; `http` and `bundle` can \
                        show none";

/// What TLS itself says in an error, if anything.
pub(super) fn cause(error: &reqwest::Error) -> Option<&rustls::Error> {
    causes(error).find_map(|cause| cause.downcast_ref())
}

/// The error of a connection that TLS refused, before anything was asked or as the first answer. `tls` is
/// what the client was told to show and to trust.
pub(super) fn unsecured(url: &Url, cause: &rustls::Error, tls: &Tls) -> ReadError {
    let (host, why) = (origin(url), reason(cause));
    let shows = tls.certificate.is_some();
    let (message, next) = match cause {
        rustls::Error::AlertReceived(alert) if is_of_certificates(*alert) && !shows => (
            format!("{host} wants a client certificate, and none was shown: {why}"),
            SHOW_ONE,
        ),
        rustls::Error::AlertReceived(alert) if is_of_certificates(*alert) => (
            format!("{host} does not take the client certificate that it was shown: {why}"),
            refused(*alert),
        ),
        // OpenSSL says so under TLS 1.2 to whoever shows no certificate.
        rustls::Error::AlertReceived(Alert::HandshakeFailure) if !shows => (
            format!("{host} broke off before the connection was secure: {why}"),
            "look at the server's log: it may want a client certificate, which is `certificate` in the store's \
             `tls`, or know no cipher of today's",
        ),
        rustls::Error::AlertReceived(Alert::UnrecognisedName) => (
            format!("{host} knows no server of that name: {why}"),
            "write a name in the address that the server goes by",
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
            "write http:// in the address if that server has no TLS, else correct the port",
        ),
        rustls::Error::InvalidCertificate(cause) => (
            format!("no secure connection to {host}: {why}"),
            distrusted(cause, tls),
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
fn refused(alert: Alert) -> &'static str {
    match alert {
        Alert::UnknownCA => {
            "name a client certificate of an authority that the server trusts, in the store's `tls`"
        }
        Alert::CertificateExpired => "renew the client certificate that the store's `tls` names",
        Alert::CertificateRevoked => {
            "name another client certificate in the store's `tls`: this one was revoked"
        }
        _ => {
            "look at the server's log, which says why, and name a client certificate that it takes in the \
             store's `tls`"
        }
    }
}

/// What to do where a server's certificate cannot be trusted.
fn distrusted(cause: &CertificateError, tls: &Tls) -> &'static str {
    match cause {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            "renew the server's certificate, if the clock of this machine is right"
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            "wait until the server's certificate is valid, if the clock of this machine is right"
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            "write a name in the address that the server's certificate has"
        }
        // Who names one trusts that one alone, whatever the variable says.
        _ if tls.ca.is_some() => {
            "correct the server's certificate, or name the authority that signed it as `ca` in the store's `tls`"
        }
        _ => {
            "correct the server's certificate, or point SSL_CERT_FILE to the authority that signed it"
        }
    }
}

/// Whether the other side hung up while the connection was to be secured.
pub(super) fn is_hung_up(error: &reqwest::Error) -> bool {
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
            "write https:// in the address",
        )
    } else if !is_plain && says(NONE_SHOWN) {
        (
            ErrorKind::Tls,
            format!("{host} wants a client certificate, and none was shown: it answered {status}"),
            SHOW_ONE,
        )
    } else if !is_plain && says(NOT_TAKEN) {
        (
            ErrorKind::Tls,
            format!(
                "{host} does not take the client certificate that it was shown: it answered {status}"
            ),
            refused(Alert::BadCertificate),
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
