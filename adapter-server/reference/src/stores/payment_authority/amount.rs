//! Amounts of money: whole millionths of a US dollar, so that sums are exact.

use std::fmt;

const PER_USD: f64 = 1e6;

/// More than any account holds: a trillion dollars.
const USD_MAX: f64 = 1e12;

/// Millionths of a US dollar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Micros(pub(super) i64);

// === impl Micros ===

impl Micros {
    /// The largest amount that is not above this many dollars. `None` for what is no
    /// amount: negative, endless, or more than a trillion.
    pub(super) fn at_most(usd: f64) -> Option<Self> {
        if !(0.0..=USD_MAX).contains(&usd) {
            return None;
        }
        let nearest = Self((usd * PER_USD).round() as i64);
        let is_above = nearest.usd() > usd;
        Some(Self(nearest.0 - i64::from(is_above)))
    }

    /// In dollars.
    pub(super) fn usd(self) -> f64 {
        self.0 as f64 / PER_USD
    }
}

impl fmt::Display for Micros {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} USD", self.usd())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Amounts come back as they went in, and what is finer is never rounded up.
    #[test]
    fn amounts_are_exact_and_never_more() {
        for usd in [0.0, 0.014, 0.1, 0.29, 2.5, 123_456.789_012, 1e12] {
            assert_eq!(Micros::at_most(usd).map(Micros::usd), Some(usd));
        }
        assert_eq!(Micros::at_most(0.000_000_9), Some(Micros(0)));
        assert_eq!(Micros::at_most(1.999_999_9), Some(Micros(1_999_999)));
        for usd in [-0.01, 1e12 + 1.0, f64::NAN, f64::INFINITY] {
            assert_eq!(Micros::at_most(usd), None);
        }
        assert_eq!(Micros(1_250_000).to_string(), "1.25 USD");
    }
}
