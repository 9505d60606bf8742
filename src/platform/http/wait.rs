use std::time::Duration;

use jiff::Timestamp;
use jiff::fmt::rfc2822;
use reqwest::StatusCode;
use reqwest::header::{HeaderMap, RETRY_AFTER};

/// Numbers above this are seconds since 1970, and no stretch of time.
const EPOCH: u64 = 1_000_000_000;

/// How long a server that had enough asks to be left alone: the standard's header, or those of the
/// platforms (GitHub, Doppler and GitLab name the moment, others the seconds, Azure milliseconds).
/// Where a limit starts anew stands in every answer of some platforms, so it counts only in one that is
/// about the limit.
pub(in crate::platform) fn wait(
    status: StatusCode,
    headers: &HeaderMap,
    now: Timestamp,
) -> Option<Duration> {
    let text = |name: &str| headers.get(name)?.to_str().ok().map(str::trim);
    if let Some(wait) = text(RETRY_AFTER.as_str()).and_then(|text| stretch(text, now)) {
        return Some(wait);
    }
    let milliseconds = |name| text(name)?.parse().ok().map(Duration::from_millis);
    if let Some(wait) = milliseconds("retry-after-ms").or(milliseconds("x-ms-retry-after-ms")) {
        return Some(wait);
    }
    let spent = ["x-ratelimit-remaining", "ratelimit-remaining"]
        .into_iter()
        .any(|name| text(name) == Some("0"));
    if status != StatusCode::TOO_MANY_REQUESTS && !spent {
        return None;
    }
    ["x-ratelimit-reset", "ratelimit-reset"]
        .into_iter()
        .find_map(|name| stretch(text(name)?, now))
}

/// Seconds, seconds since 1970, or an HTTP date.
fn stretch(text: &str, now: Timestamp) -> Option<Duration> {
    let until = |moment: Timestamp| Duration::try_from(moment.duration_since(now)).ok();
    match text.split('.').next()?.parse::<u64>() {
        Ok(seconds) if seconds < EPOCH => Some(Duration::from_secs(seconds)),
        Ok(seconds) => {
            let moment = Timestamp::from_second(i64::try_from(seconds).ok()?).ok()?;
            Some(until(moment).unwrap_or_default())
        }
        Err(_) => {
            let moment = rfc2822::DateTimeParser::new().parse_timestamp(text).ok()?;
            Some(until(moment).unwrap_or_default())
        }
    }
}

#[cfg(test)]
mod tests {
    use reqwest::header::{HeaderName, HeaderValue};

    use super::*;

    #[test]
    fn every_way_to_say_it_is_understood() {
        let now = "2026-11-24T08:49:37Z".parse().unwrap();
        for (name, value, seconds) in [
            ("retry-after", "7", Some(7.0)),
            ("retry-after", "Tue, 24 Nov 2026 08:49:47 GMT", Some(10.0)),
            ("retry-after", "Tue, 24 Nov 2026 08:49:27 GMT", Some(0.0)),
            ("retry-after", "soon", None),
            ("retry-after", "-1", None),
            ("retry-after-ms", "1500", Some(1.5)),
            ("x-ms-retry-after-ms", "250", Some(0.25)),
            ("x-ratelimit-reset", "1795510180", Some(3.0)),
            ("x-ratelimit-reset", "12", Some(12.0)),
            ("ratelimit-reset", "30", Some(30.0)),
            ("ratelimit-reset", "99999999999999999999", None),
            ("date", "7", None),
        ] {
            let name = HeaderName::from_static(name);
            let headers = HeaderMap::from_iter([(name.clone(), HeaderValue::from_static(value))]);
            let expected = seconds.map(Duration::from_secs_f64);
            let told = wait(StatusCode::TOO_MANY_REQUESTS, &headers, now);
            assert_eq!(told, expected, "{name}: {value}");
        }
    }

    #[test]
    fn a_refusal_that_tells_of_a_limit_with_room_is_a_refusal() {
        let now = Timestamp::UNIX_EPOCH;
        let headers = |remaining: &'static str| {
            let pairs = [
                ("x-ratelimit-reset", "30"),
                ("x-ratelimit-remaining", remaining),
            ];
            let header = |(name, value)| {
                (
                    HeaderName::from_static(name),
                    HeaderValue::from_static(value),
                )
            };
            HeaderMap::from_iter(pairs.map(header))
        };
        let forbidden = StatusCode::FORBIDDEN;
        assert_eq!(wait(forbidden, &headers("4999"), now), None);
        let seconds = Some(Duration::from_secs(30));
        assert_eq!(wait(forbidden, &headers("0"), now), seconds);
    }
}
