//! Time intervals: when a route is muted or active.

use super::super::block::Block;
use super::super::checker::Checker;
use super::super::table::Kind::{Block as Of, List, Scalar};
use super::super::table::{TableOf, field};
use crate::document::Node;

/// One of the `time_intervals` of a named interval.
pub(in crate::check::formats) static TIME_INTERVAL: TableOf = TableOf {
    what: "a time interval",
    fields: &[&[
        field("times", List(&Of(&TIMES))),
        field("weekdays", List(&Scalar(weekday))),
        field("days_of_month", List(&Scalar(day_of_month))),
        field("months", List(&Scalar(month))),
        field("years", List(&Scalar(year))),
        field("location", Scalar(location)),
    ]],
    rules: &[],
};

static TIMES: TableOf = TableOf {
    what: "a range of times",
    fields: &[&[
        field("start_time", super::super::table::Kind::Text),
        field("end_time", super::super::table::Kind::Text),
    ]],
    rules: &[check_times],
};

const DAYS: [&str; 7] = [
    "sunday",
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
];

const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];

fn check_times(checker: &mut Checker<'_>, block: &Block<'_>) {
    let start = checker.require(block, "start_time", "a range of times");
    let end = checker.require(block, "end_time", "a range of times");
    if !(start && end) {
        return;
    }
    let mut minutes = [0; 2];
    for (at, name) in ["start_time", "end_time"].into_iter().enumerate() {
        let Some(entry) = block.given(name) else {
            return;
        };
        let Some(parsed) = minute_of_day(&entry.value.text) else {
            checker
                .error(
                    "invalid-time",
                    entry.value.span,
                    format!("`{}` is not a time of day", entry.value.text),
                )
                .help = Some("write it with four digits: `09:00`, `24:00`".into());
            return;
        };
        minutes[at] = parsed;
    }
    if minutes[0] >= minutes[1]
        && let Some(entry) = block.given("end_time")
    {
        checker
            .error(
                "value-out-of-range",
                entry.value.span,
                "this time range ends before it starts",
            )
            .help = Some("split a range over midnight in two".into());
    }
}

/// `HH:MM`, up to `24:00`.
fn minute_of_day(text: &str) -> Option<u32> {
    let (hours, minutes) = text.split_once(':')?;
    let number = |digits: &str| {
        (digits.len() == 2 && digits.bytes().all(|byte| byte.is_ascii_digit()))
            .then(|| digits.parse::<u32>().ok())
            .flatten()
    };
    let (hours, minutes) = (number(hours)?, number(minutes)?);
    let fits = hours < 24 && minutes < 60 || hours == 24 && minutes == 0;
    fits.then_some(hours * 60 + minutes)
}

/// `a:b` or `a`, each read by `member`; the end must not come before the start by `order`.
fn range(
    checker: &mut Checker<'_>,
    node: &Node,
    what: &str,
    example: &str,
    member: &dyn Fn(&str) -> Option<i64>,
    order: &dyn Fn(i64, i64) -> bool,
) {
    let text = node.text.to_lowercase();
    let parts: Vec<&str> = text.split(':').collect();
    let members: Vec<Option<i64>> = parts.iter().map(|part| member(part)).collect();
    match members[..] {
        [Some(_)] => {}
        [Some(start), Some(end)] => {
            if !order(start, end) {
                checker
                    .error(
                        "value-out-of-range",
                        node.span,
                        format!("the range `{}` ends before it starts", node.text),
                    )
                    .help = Some("split it in two list items".into());
            }
        }
        _ => {
            checker
                .error(
                    "invalid-time",
                    node.span,
                    format!("`{}` is not {what}", node.text),
                )
                .help = Some(format!("write it as {example}"));
        }
    }
}

fn weekday(checker: &mut Checker<'_>, node: &Node) {
    let member = |text: &str| position(&DAYS, text);
    range(
        checker,
        node,
        "a day of the week or a range of them",
        "`monday:friday` or `saturday`",
        &member,
        &|start, end| start <= end,
    );
}

fn position(names: &[&str], text: &str) -> Option<i64> {
    names
        .iter()
        .position(|name| *name == text)
        .and_then(|position| i64::try_from(position).ok())
}

fn day_of_month(checker: &mut Checker<'_>, node: &Node) {
    let member = |text: &str| {
        let day: i64 = text.parse().ok()?;
        (day != 0 && (-31..=31).contains(&day)).then_some(day)
    };
    // Counted from the end of a month of 30 days, as Alertmanager compares them.
    let order = |start: i64, end: i64| {
        let from_start = |day: i64| if day < 0 { 30 + day } else { day };
        !(start < 0 && end > 0) && from_start(start) <= from_start(end)
    };
    range(
        checker,
        node,
        "a day of the month or a range of them",
        "`1:5`, `15` or, from the end, `-3:-1`",
        &member,
        &order,
    );
}

fn month(checker: &mut Checker<'_>, node: &Node) {
    let member = |text: &str| {
        position(&MONTHS, text)
            .map(|month| month + 1)
            .or_else(|| text.parse().ok().filter(|month| (1..=12).contains(month)))
    };
    range(
        checker,
        node,
        "a month or a range of them",
        "`january:march` or `12`",
        &member,
        &|start, end| start <= end,
    );
}

fn year(checker: &mut Checker<'_>, node: &Node) {
    let member = |text: &str| text.parse().ok();
    range(
        checker,
        node,
        "a year or a range of them",
        "`2026` or `2026:2027`",
        &member,
        &|start, end| start <= end,
    );
}

/// Regions of the time zone database, and its names without a region.
const REGIONS: [&str; 17] = [
    "Africa",
    "America",
    "Antarctica",
    "Arctic",
    "Asia",
    "Atlantic",
    "Australia",
    "Brazil",
    "Canada",
    "Chile",
    "Etc",
    "Europe",
    "Indian",
    "Mexico",
    "Pacific",
    "US",
    "posix",
];
const ZONES: [&str; 48] = [
    "",
    "UTC",
    "Local",
    "CET",
    "CST6CDT",
    "Cuba",
    "EET",
    "EST",
    "EST5EDT",
    "Egypt",
    "Eire",
    "Factory",
    "GB",
    "GB-Eire",
    "GMT",
    "GMT+0",
    "GMT-0",
    "GMT0",
    "Greenwich",
    "HST",
    "Hongkong",
    "Iceland",
    "Iran",
    "Israel",
    "Jamaica",
    "Japan",
    "Kwajalein",
    "Libya",
    "MET",
    "MST",
    "MST7MDT",
    "NZ",
    "NZ-CHAT",
    "Navajo",
    "PRC",
    "PST8PDT",
    "Poland",
    "Portugal",
    "ROC",
    "ROK",
    "Singapore",
    "Turkey",
    "UCT",
    "Universal",
    "W-SU",
    "WET",
    "Zulu",
    "localtime",
];

/// A time zone; which cities a region has is left to the machine's own database.
fn location(checker: &mut Checker<'_>, node: &Node) {
    let text = &*node.text;
    let is_in_region = text.split_once('/').is_some_and(|(region, city)| {
        REGIONS.contains(&region)
            && !city.is_empty()
            && city.bytes().all(|byte| {
                byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'+' | b'/')
            })
    });
    if is_in_region || ZONES.contains(&text) {
        return;
    }
    checker
        .error(
            "invalid-time",
            node.span,
            format!("`{text}` is not a time zone"),
        )
        .help = Some("write it as `Europe/Vienna` or `UTC`".into());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_two_digits_each() {
        assert_eq!(minute_of_day("09:30"), Some(570));
        assert_eq!(minute_of_day("24:00"), Some(1440));
        for text in ["9:30", "24:01", "12:60", "1200", "", "12:0a"] {
            assert_eq!(minute_of_day(text), None, "{text}");
        }
    }
}
