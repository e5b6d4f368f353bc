//! Pauses that double, with jitter, so that those who wait do not come back at once.

use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

/// The pauses between attempts.
#[derive(Debug, Clone)]
pub struct Backoff {
    first: Duration,
    longest: Duration,
    pause: Duration,
}

// === impl Backoff ===

impl Backoff {
    /// Begins with one pause and grows to another.
    #[must_use]
    pub fn new(first: Duration, longest: Duration) -> Self {
        Self {
            first,
            longest,
            pause: first,
        }
    }

    /// How long to pause now: between half of the pause and all of it. The next one is
    /// twice as long.
    #[expect(
        clippy::should_implement_trait,
        reason = "pauses have no end, so this is no iterator"
    )]
    pub fn next(&mut self) -> Duration {
        let pause = self.pause;
        self.pause = (pause * 2).min(self.longest);
        jittered(pause)
    }

    /// Begins anew.
    pub fn reset(&mut self) {
        self.pause = self.first;
    }
}

/// Between half of a wait and all of it. A fresh hasher's keys are random, which is all
/// the randomness that jitter needs.
#[must_use]
pub fn jittered(wait: Duration) -> Duration {
    let random = RandomState::new().hash_one(()) % 1024;
    wait / 2 + wait * u32::try_from(random).unwrap_or(0) / 2048
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Pauses grow to the longest, each between half and all of what it is.
    #[test]
    fn pauses_grow_to_a_bound() {
        let mut backoff = Backoff::new(Duration::from_millis(10), Duration::from_millis(35));
        for whole in [10, 20, 35, 35] {
            let pause = backoff.next();
            let whole = Duration::from_millis(whole);
            assert!(
                pause >= whole / 2 && pause <= whole,
                "{pause:?} of {whole:?}"
            );
        }
        backoff.reset();
        assert!(backoff.next() <= Duration::from_millis(10));
    }
}
