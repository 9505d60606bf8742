use jiff::{SignedDuration, Timestamp};

/// Within this long of the audit, a day is too coarse to tell before from after.
const RECENT: SignedDuration = SignedDuration::from_hours(48);

/// A time as it is told at `now`: the second when it is recent, else the day. UTC.
#[must_use]
pub fn when(time: Timestamp, now: Timestamp) -> String {
    if time.duration_since(now).abs() <= RECENT {
        second(time)
    } else {
        time.strftime("%Y-%m-%d").to_string()
    }
}

/// Two times that are compared, told so that they differ wherever they do.
pub fn apart(one: Timestamp, other: Timestamp, now: Timestamp) -> [String; 2] {
    let told = [when(one, now), when(other, now)];
    if told[0] == told[1] {
        [second(one), second(other)]
    } else {
        told
    }
}

/// RFC 3339 to the second.
pub fn second(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_day_is_enough_until_it_is_recent_or_compared() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let now = at("2026-11-23T12:00:00Z");
        assert_eq!(when(at("2026-11-02T07:08:09Z"), now), "2026-11-02");
        assert_eq!(
            when(at("2026-11-23T07:08:09.5Z"), now),
            "2026-11-23T07:08:09Z"
        );
        assert_eq!(when(at("2026-12-31T23:59:59Z"), now), "2026-12-31");
        assert_eq!(
            apart(at("2026-11-02T07:08:09Z"), at("2026-11-02T09:00:00Z"), now),
            ["2026-11-02T07:08:09Z", "2026-11-02T09:00:00Z"]
        );
        assert_eq!(
            apart(at("2026-11-01T07:08:09Z"), at("2026-11-02T09:00:00Z"), now),
            ["2026-11-01", "2026-11-02"]
        );
        assert_eq!(
            when(Timestamp::MAX, Timestamp::MIN).len(),
            "9999-12-30".len()
        );
    }
}
