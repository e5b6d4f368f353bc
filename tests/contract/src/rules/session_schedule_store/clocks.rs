//! Cron expressions across the days on which a time zone changes its clocks.

use super::{cron, made};
use crate::check::{Outcome, present, that};
use crate::context::Cx;
use crate::seed::now;

const DAY: i64 = 86_400;

/// A moment of a day in seconds, by UTC.
const HALF_PAST_MIDNIGHT: i64 = 30 * 60;
const ONE: i64 = 60 * 60;
const HALF_PAST_ONE: i64 = 90 * 60;

/// A day on which a change of clocks matters, and when `30 2 * * *` may fire on it.
struct Case {
    name: &'static str,
    /// Days since 1970.
    day: i64,
    month: u8,
    day_of_month: i64,
    earliest: i64,
    latest: i64,
}

/// In Europe/Berlin clocks go from 2 to 3 on the last Sunday of March, and from 3 back to 2
/// on the last Sunday of October, both at 1 by UTC. The rule asks for each date by itself:
/// the next firing is then known long before.
pub(super) async fn sched_19_clocks_change(cx: Cx) -> Outcome {
    let today = now().seconds.div_euclid(DAY);
    let (spring, autumn) = (coming(today, 3), coming(today, 10));
    let case = |name, (day, month, last): (i64, u8, i64), offset, earliest, latest| Case {
        name,
        day: day + offset,
        month,
        day_of_month: last + offset,
        earliest,
        latest,
    };
    let cases = [
        case(
            "the day before summer time",
            spring,
            -1,
            HALF_PAST_ONE,
            HALF_PAST_ONE,
        ),
        case(
            "the day that has no such time",
            spring,
            0,
            ONE,
            HALF_PAST_ONE,
        ),
        case(
            "the day before winter time",
            autumn,
            -1,
            HALF_PAST_MIDNIGHT,
            HALF_PAST_MIDNIGHT,
        ),
        case(
            "the day that has the time twice",
            autumn,
            0,
            HALF_PAST_MIDNIGHT,
            HALF_PAST_ONE,
        ),
    ];
    let session = cx.session().await?;
    for case in cases {
        let expression = format!("30 2 {} {} *", case.day_of_month, case.month);
        let schedule = made(&cx, cron(&session, &expression, "Europe/Berlin")).await?;
        let what = format!("next_trigger_at of `{expression}` ({})", case.name);
        let next = present(&what, schedule.next_trigger_at)?;
        let (earliest, latest) = (case.day * DAY + case.earliest, case.day * DAY + case.latest);
        that(
            &what,
            &format!("from {earliest} to {latest} (seconds since 1970)"),
            (earliest..=latest).contains(&next.seconds),
            &next,
        )?;
    }
    Ok(())
}

/// The last Sunday of a month with 31 days that is more than two days away: the day since
/// 1970, the month and the day of the month.
fn coming(today: i64, month: u8) -> (i64, u8, i64) {
    let mut year = 1970 + today / 366;
    loop {
        let end = days(year, i64::from(month), 31);
        // The first day of 1970 was a Thursday.
        let since_sunday = (end + 4).rem_euclid(7);
        if end - since_sunday > today + 2 {
            return (end - since_sunday, month, 31 - since_sunday);
        }
        year += 1;
    }
}

/// The days from 1970 to a date, by the civil calendar.
fn days(year: i64, month: i64, day: i64) -> i64 {
    // A year that begins in March ends with the day that leap years add.
    let year = if month <= 2 { year - 1 } else { year };
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    365 * year + year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400) + day_of_year
        - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The changes of some years, as they were and will be.
    #[test]
    fn last_sundays() {
        assert_eq!(days(1970, 1, 1), 0);
        assert_eq!(days(2024, 2, 29), 19_782);
        let today = days(2026, 11, 30);
        assert_eq!(coming(today, 3), (days(2027, 3, 28), 3, 28));
        assert_eq!(coming(today, 10), (days(2027, 10, 31), 10, 31));
        assert_eq!(coming(days(2027, 3, 27), 3), (days(2028, 3, 26), 3, 26));
    }
}
