//! When a schedule fires.

use crate::db::errors::refused;
use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use croner::Cron;
use croner::parser::{CronParser, Seconds, Year};
use mortise_proto::StoreError;

/// What a schedule was asked to fire at.
#[derive(Debug, Clone, Copy)]
pub(super) struct When<'a> {
    pub(super) cron_expression: Option<&'a str>,
    pub(super) scheduled_at: Option<DateTime<Utc>>,
    pub(super) timezone: &'a str,
}

impl When<'_> {
    /// The first time.
    pub(super) fn first(self, now: DateTime<Utc>) -> Result<DateTime<Utc>, StoreError> {
        let timezone = self.timezone()?;
        match (self.cron_expression, self.scheduled_at) {
            (Some(expression), _) => next(expression, timezone, now),
            (None, Some(scheduled_at)) => Ok(scheduled_at),
            (None, None) => Err(refused(
                "neither a cron expression nor a time is given; give one of them",
            )),
        }
    }

    /// The next time after it has fired; `None` for one that fires once. What was missed
    /// is not made up for.
    pub(super) fn next(self, now: DateTime<Utc>) -> Result<Option<DateTime<Utc>>, StoreError> {
        let timezone = self.timezone()?;
        let expression = self.cron_expression;
        expression
            .map(|expression| next(expression, timezone, now))
            .transpose()
    }

    fn timezone(self) -> Result<Tz, StoreError> {
        self.timezone.parse().map_err(|_| {
            refused(format!(
                "unknown time zone `{}`; give an IANA name, such as UTC or Europe/Berlin",
                self.timezone
            ))
        })
    }
}

/// The next time of a cron expression, by the clocks of a time zone. A time that the
/// change to summer time skips fires when the clocks have changed.
fn next(expression: &str, timezone: Tz, now: DateTime<Utc>) -> Result<DateTime<Utc>, StoreError> {
    let cron = parsed(expression)?;
    let next = cron.find_next_occurrence(&now.with_timezone(&timezone), false);
    next.map(|next| next.with_timezone(&Utc)).map_err(|_| {
        refused(format!(
            "the cron expression `{expression}` never fires; give one that does"
        ))
    })
}

fn parsed(expression: &str) -> Result<Cron, StoreError> {
    let parser = CronParser::builder()
        .seconds(Seconds::Disallowed)
        .year(Year::Disallowed)
        .build();
    parser.parse(expression).map_err(|fault| {
        refused(format!(
            "the cron expression `{expression}` cannot be read ({fault}); give five fields \
             (minute, hour, day of the month, month, day of the week), such as `0 3 * * *`"
        ))
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    fn cron<'a>(expression: &'a str, timezone: &'a str) -> When<'a> {
        When {
            cron_expression: Some(expression),
            scheduled_at: None,
            timezone,
        }
    }

    /// Three in the morning is by the clocks of the time zone, in summer and in winter.
    #[test]
    fn local_clocks() {
        let daily = cron("0 3 * * *", "Europe/Berlin");
        let first = daily.first(at("2026-06-01T12:00:00Z")).unwrap();
        assert_eq!(first, at("2026-06-02T01:00:00Z"));
        let first = daily.first(at("2026-12-01T12:00:00Z")).unwrap();
        assert_eq!(first, at("2026-12-02T02:00:00Z"));
    }

    /// A time that summer time skips or repeats comes once a day.
    #[test]
    fn changes_of_the_clocks() {
        let daily = cron("30 2 * * *", "Europe/Berlin");
        for (start, days) in [("2026-03-28T00:00:00Z", 4), ("2026-10-24T00:00:00Z", 4)] {
            let mut times = vec![at(start)];
            for _ in 0..days {
                let last = *times.last().unwrap();
                times.push(daily.next(last).unwrap().unwrap());
            }
            for pair in times.windows(2).skip(1) {
                let hours = (pair[1] - pair[0]).num_hours();
                assert!((23..=25).contains(&hours), "{times:?}");
            }
        }
    }

    /// What cannot be understood is refused with the value and what to give instead.
    #[test]
    fn refusals() {
        let now = at("2026-01-01T00:00:00Z");
        for (when, words) in [
            (cron("0 3 * *", "UTC"), ["`0 3 * *`", "five fields"]),
            (cron("* * * * * *", "UTC"), ["`* * * * * *`", "five fields"]),
            (cron("0 0 30 2 *", "UTC"), ["`0 0 30 2 *`", "never fires"]),
            (
                cron("* * * * *", "Mars/Olympus"),
                ["`Mars/Olympus`", "IANA"],
            ),
        ] {
            let error = when.first(now).unwrap_err().message;
            assert!(words.iter().all(|word| error.contains(word)), "{error}");
        }
    }
}
