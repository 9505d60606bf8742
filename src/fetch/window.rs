use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::Instant;

use crate::platform::Rate;

/// Lets so many calls pass within any stretch of time.
pub(super) struct Window {
    rate: Rate,
    passed: VecDeque<Instant>,
}

/// A call that passes at the very end of a stretch may arrive within it.
const MARGIN: Duration = Duration::from_millis(5);

impl Window {
    pub fn new(rate: Rate) -> Self {
        Self {
            rate,
            passed: VecDeque::new(),
        }
    }

    /// When the next call may pass; `None` for at once.
    pub fn opens(&mut self, now: Instant) -> Option<Instant> {
        let stretch = self.rate.within + MARGIN;
        while self.passed.front().is_some_and(|&at| at + stretch <= now) {
            self.passed.pop_front();
        }
        if self.passed.len() < self.rate.calls.max(1) as usize {
            return None;
        }
        self.passed.front().map(|&at| at + stretch)
    }

    /// Notes that a call passed.
    pub fn pass(&mut self, now: Instant) {
        self.passed.push_back(now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn never_more_than_the_rate_in_any_stretch() {
        let start = Instant::now();
        let mut window = Window::new(Rate::per_second(3));
        let mut now = start;
        let mut passed = Vec::new();
        while passed.len() < 10 {
            match window.opens(now) {
                Some(opens) => {
                    assert!(opens > now);
                    now = opens;
                }
                None => {
                    window.pass(now);
                    passed.push(now);
                    now += Duration::from_millis(10);
                }
            }
        }
        for four in passed.windows(4) {
            assert!(four[3] - four[0] > Duration::from_secs(1));
        }
        assert!(passed[9] - start < Duration::from_millis(3200));
    }
}
