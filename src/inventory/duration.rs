use std::time::Duration;

use jiff::{Span, SpanRelativeTo, Unit};

use super::reader::Reader;
use super::tree::Id;

/// One day.
const DAY: Duration = Duration::from_hours(24);

/// The longest `grace`: who is told a month later was not told.
pub(super) const LONGEST_GRACE: Duration = DAY.saturating_mul(31);

/// The longest `retention`.
pub(super) const LONGEST_RETENTION: Duration = DAY.saturating_mul(36_600);

/// Reads `15m`, `2h`, `400d` and their sums such as `1d12h`.
pub(super) fn duration(reader: &Reader<'_>, id: Id, longest: Duration) -> Option<Duration> {
    let text = reader.text(id)?;
    let message = match parse(&text) {
        None => "expected a duration such as `15m`, `2h` or `400d`".to_owned(),
        Some(duration) if duration.is_zero() || duration > longest => {
            let days = longest.as_secs() / DAY.as_secs();
            format!("expected more than nothing and no more than {days} days")
        }
        Some(duration) => return Some(duration),
    };
    reader.log.report(reader.tree.site(id), message);
    None
}

fn parse(text: &str) -> Option<Duration> {
    let plain = text.starts_with(|first: char| first.is_ascii_digit())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'.');
    let span: Span = text.parse().ok().filter(|_| plain)?;
    // Nobody knows how long a month is.
    if span.get_months() != 0 || span.get_years() != 0 {
        return None;
    }
    let days = SpanRelativeTo::days_are_24_hours();
    let exact = span.total((Unit::Nanosecond, days)).ok()?;
    (exact >= 0.0).then_some(())?;
    Duration::try_from(span.to_duration(days).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_people_write() {
        for (text, seconds) in [
            ("15m", 900),
            ("2h", 7_200),
            ("400d", 34_560_000),
            ("1d12h", 129_600),
            ("2w", 1_209_600),
            ("90s", 90),
            ("0s", 0),
        ] {
            assert_eq!(parse(text), Some(Duration::from_secs(seconds)), "{text}");
        }
    }

    #[test]
    fn refuses_nonsense() {
        for text in [
            "",
            "3",
            "-3s",
            "3 s",
            "+3s",
            "3s ago",
            "p3d",
            "P3D",
            "9e9s",
            "1mo",
            "1y",
            "∞",
            "99999999999999999999d",
            "ten seconds",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
