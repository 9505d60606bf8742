use std::time::Duration;

use jiff::SignedDuration;

/// Longer is a slip of the hand, and would overflow clocks.
const LONGEST: Duration = Duration::from_hours(24 * 366);

/// Reads `3s`, `15m`, `2h`, `500ms` and their sums such as `1h30m`.
///
/// # Errors
///
/// A lowercase fragment, for anything else, for nothing, and for what no audit could mean.
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    let plain = text
        .bytes()
        .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'.');
    let parsed: Option<SignedDuration> = text.parse().ok().filter(|_| plain);
    let duration = parsed
        .and_then(|duration| Duration::try_from(duration).ok())
        .ok_or("expected a duration such as `500ms`, `3s`, `15m` or `2h`")?;
    if duration.is_zero() || duration > LONGEST {
        return Err("expected more than nothing and no more than a year".to_owned());
    }
    Ok(duration)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_people_write() {
        for (text, milliseconds) in [
            ("500ms", 500),
            ("3s", 3_000),
            ("15m", 900_000),
            ("2h", 7_200_000),
            ("1h30m", 5_400_000),
            ("1.5s", 1_500),
        ] {
            assert_eq!(
                duration(text),
                Ok(Duration::from_millis(milliseconds)),
                "{text}"
            );
        }
    }

    #[test]
    fn refuses_nonsense() {
        for text in [
            "",
            "3",
            "s",
            "-3s",
            "3 s",
            "+3s",
            "3d",
            "0s",
            "0ms",
            "3s ago",
            "PT3S",
            "9e9s",
            "3s5",
            "99999999999999999999h",
            "9000h",
            "ten seconds",
            "3s,4s",
            "∞",
        ] {
            assert!(duration(text).is_err(), "{text}");
        }
    }
}
