//! The faults, and what each has to look like in a report.

use Became::{Failed, Read};
use Fault::*;

/// What a server does to a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It answers as it should.
    None,
    /// It answers with this status, however often it is asked; 206 with a part of the key.
    Status(u16),
    /// The same, and it wants to be left alone for so many seconds.
    After(u16, u32),
    /// The first request gets this status, every later one what it asks for.
    Once(u16),
    /// The same, and it wants to be left alone for a second.
    OnceAfter(u16),
    /// A refusal that never ends.
    EndlessRefusal,
    /// The connection is reset before anything is answered, or in the middle of the body.
    ResetBeforeHeaders,
    ResetInBody,
    /// The connection is closed in the middle of the body.
    ShortBody,
    /// Nothing comes anymore: at all, or after half of the body.
    StallBeforeHeaders,
    StallInBody,
    /// A byte comes now and then.
    Drip,
    /// The headers, or the body, never end.
    EndlessHeaders,
    EndlessBody,
    /// A body of 7 MB that is 1 GiB once it is unpacked.
    GzipBomb,
    /// What is no gzip is called that.
    NoGzip,
    /// The answer is not HTTP.
    NoHttp,
    /// The JSON holds bytes that are no UTF-8, ends early, or is of another shape.
    InvalidUtf8,
    InvalidJson,
    WrongShape,
    /// A redirect to itself, or to another host.
    RedirectLoop,
    RedirectElsewhere,
    /// A certificate that has expired, or is another's.
    Expired,
    WrongName,
    /// Nobody listens.
    Refused,
}

/// Everything that a hop can meet.
pub const FAULTS: &[Fault] = &[
    Status(204),
    Status(206),
    Status(401),
    Status(403),
    Status(404),
    Status(408),
    Status(429),
    After(429, 1),
    Once(429),
    OnceAfter(429),
    Status(500),
    Once(500),
    Status(503),
    After(503, 1),
    EndlessRefusal,
    ResetBeforeHeaders,
    ResetInBody,
    ShortBody,
    StallBeforeHeaders,
    StallInBody,
    Drip,
    EndlessHeaders,
    EndlessBody,
    GzipBomb,
    NoGzip,
    NoHttp,
    InvalidUtf8,
    InvalidJson,
    WrongShape,
    RedirectLoop,
    RedirectElsewhere,
    Expired,
    WrongName,
    Refused,
];

/// What must become of a hop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Became {
    /// What it holds was read.
    Read,
    /// It was read, and the key is not there.
    Missing,
    /// It could not be read, for this reason; whether it was worth another try.
    Failed(&'static str, bool),
}

impl Fault {
    /// What a server's address calls it.
    pub fn name(self) -> String {
        format!("{self:?}")
            .replace(['(', ',', ' '], "-")
            .replace(')', "")
    }

    pub fn named(name: &str) -> Self {
        let all = FAULTS
            .iter()
            .chain(&[None, After(429, 3600), After(429, 2)]);
        *all.into_iter().find(|fault| fault.name() == name).unwrap()
    }

    /// Whether only a hop that expects JSON can meet it: any bytes may be a key.
    pub fn is_of_json(self) -> bool {
        matches!(self, InvalidUtf8 | InvalidJson | WrongShape)
    }

    /// Whether it is in the certificate or in the address, so that it has a server of its own.
    pub fn is_of_the_host(self) -> bool {
        matches!(self, Expired | WrongName | Refused)
    }

    /// What becomes of a hop that meets it and is retried at least once.
    pub fn becomes(self) -> Became {
        match self {
            None | Once(_) | OnceAfter(_) => Read,
            Status(401 | 403) | EndlessRefusal => Failed("denied", false),
            Status(404) => Failed("not-found", false),
            Status(408) | StallBeforeHeaders | StallInBody | Drip => Failed("timeout", true),
            Status(429) | After(429, _) => Failed("throttled", true),
            Status(204 | 206) | RedirectLoop | RedirectElsewhere => Failed("protocol", false),
            Status(_) | After(..) => Failed("protocol", true),
            ResetBeforeHeaders | ResetInBody | ShortBody | EndlessHeaders | NoGzip | NoHttp => {
                Failed("protocol", true)
            }
            EndlessBody | GzipBomb => Failed("too-large", false),
            InvalidUtf8 | InvalidJson | WrongShape => Failed("bad-data", false),
            Expired | WrongName => Failed("tls", false),
            Refused => Failed("connect", false),
        }
    }
}
