//! The body of an answer, as it comes and without its gzip.

use std::io::Write;

use bytes::Bytes;
use flate2::write::MultiGzDecoder;
use http_body_util::BodyExt;
use reqwest::header::{CONTENT_ENCODING, CONTENT_LENGTH, HeaderMap};
use reqwest::{Body, Response, Url};

use super::encoding::is_gzip;
use super::failure::broken_off;
use super::url::origin;
use crate::reading::{ErrorKind, ReadError};

/// So much is unpacked at once: it becomes a thousand times as much at most.
const PIECE: usize = 1 << 10;

/// A body that is still to come.
pub(in crate::platform) struct Stream {
    headers: HeaderMap,
    length: Option<u64>,
    arriving: Arriving,
    packed: Option<Packed>,
}

/// A body as it comes.
struct Arriving {
    url: Url,
    body: Body,
    /// The headers behind it, once they came.
    trailers: HeaderMap,
}

/// What is packed with gzip, perhaps in several members.
struct Packed {
    decoder: MultiGzDecoder<Vec<u8>>,
    /// What came and is not unpacked yet.
    left: Bytes,
    /// Whether anything came at all: nothing is nothing, though it be called gzip.
    begun: bool,
    over: bool,
}

impl Stream {
    pub fn of(response: Response) -> Self {
        let (url, length) = (response.url().clone(), response.content_length());
        let (head, body) = http::Response::<Body>::from(response).into_parts();
        let mut headers = head.headers;
        let packed = is_gzip(&headers).then(|| {
            // What comes out is neither packed nor as long.
            headers.remove(CONTENT_ENCODING);
            headers.remove(CONTENT_LENGTH);
            Packed {
                decoder: MultiGzDecoder::new(Vec::new()),
                left: Bytes::new(),
                begun: false,
                over: false,
            }
        });
        let trailers = HeaderMap::new();
        Self {
            headers,
            length,
            arriving: Arriving {
                url,
                body,
                trailers,
            },
            packed,
        }
    }

    pub fn headers(&mut self) -> &mut HeaderMap {
        &mut self.headers
    }

    /// The headers behind the body, once that is at its end.
    pub fn into_trailers(self) -> HeaderMap {
        self.arriving.trailers
    }

    /// How long it will be, where that is known.
    pub fn length(&self) -> Option<u64> {
        match self.packed {
            Some(_) => None,
            None => self.length,
        }
    }

    /// The next bytes; `None` at its end.
    ///
    /// # Errors
    ///
    /// When it breaks off, or is no gzip though it is called that, to its very end.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, ReadError> {
        let Some(packed) = &mut self.packed else {
            return self.arriving.next().await;
        };
        loop {
            let unpacked = match packed.left.is_empty() {
                false => packed.unpack(),
                true if packed.over => return Ok(None),
                true => match self.arriving.next().await? {
                    Some(bytes) => {
                        packed.left = bytes;
                        continue;
                    }
                    None => packed.finish(),
                },
            };
            let unpacked = unpacked.map_err(|_| damaged(&self.arriving.url))?;
            if !unpacked.is_empty() {
                return Ok(Some(unpacked.into()));
            }
        }
    }
}

impl Arriving {
    async fn next(&mut self) -> Result<Option<Bytes>, ReadError> {
        while let Some(frame) = self.body.frame().await {
            let frame = frame.map_err(|error| broken_off(&self.url, &error))?;
            match frame.into_data() {
                Ok(bytes) => return Ok(Some(bytes)),
                Err(frame) => self
                    .trailers
                    .extend(frame.into_trailers().unwrap_or_default()),
            }
        }
        Ok(None)
    }
}

impl Packed {
    fn unpack(&mut self) -> std::io::Result<Vec<u8>> {
        let piece = self.left.split_to(self.left.len().min(PIECE));
        self.begun = true;
        self.decoder.write_all(&piece)?;
        Ok(std::mem::take(self.decoder.get_mut()))
    }

    fn finish(&mut self) -> std::io::Result<Vec<u8>> {
        self.over = true;
        if self.begun {
            self.decoder.try_finish()?;
        }
        Ok(std::mem::take(self.decoder.get_mut()))
    }
}

fn damaged(url: &Url) -> ReadError {
    ReadError::new(
        ErrorKind::Protocol,
        format!(
            "the answer of {} broke off: it is called gzip, and is not that to its end",
            origin(url)
        ),
        "run again, and look at the server's log",
    )
    .transient()
}
