use std::collections::BTreeMap;

use crate::diagnostic::{Level, Safety};
use crate::facts::Facts;
use crate::facts::expression::Origin;
use crate::lint::{Findings, Lint};
use crate::promql::analysis::Length;
use crate::promql::{Function, Kind};
use crate::setup::Place;

pub(super) static LINT: Lint = Lint {
    id: "dashboard/fixed-rate-range",
    level: Level::Info,
    summary: "a rate in a graph over a window that does not follow the graph's step",
    needs: &[],
    check,
};

/// Panels that draw a point for every step.
const GRAPHS: [&str; 5] = [
    "timeseries",
    "graph",
    "heatmap",
    "barchart",
    "state-timeline",
];

/// Longer windows are there to smooth.
const LONGEST_SECONDS: f64 = 600.0;

/// Rates of one dashboard over fixed windows: told once, because what holds for one holds for all.
struct Fixed {
    place: Place,
    function: &'static str,
    window: String,
    count: usize,
}

fn check(facts: &Facts<'_>, findings: &mut Findings<'_>) {
    let mut fixed: BTreeMap<usize, Fixed> = BTreeMap::new();
    for expression in &facts.expressions {
        let Origin::Panel {
            dashboard, query, ..
        } = expression.origin
        else {
            continue;
        };
        let Some((_, panel)) = facts.panel_of(expression) else {
            continue;
        };
        let is_instant = panel.queries.get(query).is_some_and(|query| {
            query
                .node
                .get("instant")
                .is_some_and(|node| node.scalar_text() == "true")
        });
        if is_instant || !GRAPHS.contains(&panel.kind.as_str()) {
            continue;
        }
        for window in expression
            .analysis
            .windows
            .iter()
            .filter(|window| !window.is_subquery)
        {
            let function = window.function.map_or("", |function| function.name);
            let Kind::Range(range) = &expression.parsed[window.node].kind else {
                continue;
            };
            let span = expression.parsed[range.window].span;
            let place = expression.place(facts.setup, span);
            match &window.length {
                Length::Variable(name)
                    if matches!(name.as_str(), "$__interval" | "${__interval}")
                        && window.function.is_some_and(Function::takes_growth) =>
                {
                    findings
                        .report(
                            place,
                            format!("`{function}` over `$__interval` finds less than two samples where the graph is zoomed in"),
                        )
                        .label("as short as one step")
                        .help("write `$__rate_interval`, which is never shorter than four scrapes")
                        .fix(
                            Safety::Safe,
                            "write `$__rate_interval`",
                            vec![(place, "$__rate_interval".to_owned())],
                        );
                }
                Length::Fixed(length)
                    if matches!(function, "rate" | "irate")
                        && length.seconds() <= LONGEST_SECONDS
                        && !names_window(panel.title.as_str(), expression.parsed.slice(span)) =>
                {
                    let found = fixed.entry(dashboard).or_insert_with(|| Fixed {
                        place,
                        function,
                        window: expression.parsed.slice(span).to_owned(),
                        count: 0,
                    });
                    found.count += 1;
                }
                _ => {}
            }
        }
    }
    for (dashboard, fixed) in fixed {
        let Some(dashboard) = facts.dashboards.get(dashboard) else {
            continue;
        };
        let what = match fixed.count {
            1 => format!("a rate of {} is", dashboard.named()),
            count => format!("{count} rates of {} are", dashboard.named()),
        };
        findings
            .report(
                fixed.place,
                format!(
                    "{what} over a fixed window, which leaves out samples where a step of the graph is longer"
                ),
            )
            .label(format!("`{}` over `{}`, whatever the step", fixed.function, fixed.window))
            .help("write `$__rate_interval`, which follows the step");
    }
}

/// Whether a title promises this very window: `Errors (5m)`, `per minute`.
fn names_window(title: &str, window: &str) -> bool {
    let title = title.to_ascii_lowercase();
    let is_named = title
        .split(|character: char| !character.is_alphanumeric())
        .any(|word| word == window);
    is_named || title.contains("minute") || title.contains(" min")
}
