use crate::diagnostic::{Level, Safety};
use crate::facts::Facts;
use crate::facts::expression::{Expression, Origin};
use crate::facts::prometheus::ScrapeJob;
use crate::lint::{Findings, Lint, Need};
use crate::promql::analysis::{Length, Window};
use crate::promql::{Kind, MatchOp, Selector};
use crate::setup::Place;

pub(super) static LINT: Lint = Lint {
    id: "promql/range-too-short",
    level: Level::Error,
    summary: "a window too short for the scrape interval of the jobs that it reads",
    needs: &[Need::Catalogue, Need::Files],
    check,
};

fn check(facts: &Facts<'_>, findings: &mut Findings<'_>) {
    for expression in &facts.expressions {
        for window in &expression.analysis.windows {
            let is_growth = window.function.is_some_and(|function| {
                matches!(
                    function.name,
                    "rate" | "irate" | "increase" | "delta" | "idelta" | "deriv"
                )
            });
            if is_growth && !window.is_subquery {
                check_window(facts, findings, expression, window);
            }
        }
    }
}

fn check_window(
    facts: &Facts<'_>,
    findings: &mut Findings<'_>,
    expression: &Expression,
    window: &Window,
) {
    let (Length::Fixed(length), Kind::Range(range)) =
        (&window.length, &expression.parsed[window.node].kind)
    else {
        return;
    };
    let Kind::Selector(selector) = &expression.parsed[range.selector].kind else {
        return;
    };
    // Of several jobs that could carry the metric the fastest decides: then the window is too short for all of them.
    let Some((interval, job)) =
        jobs(facts, expression, selector).min_by_key(|(interval, _)| *interval)
    else {
        return;
    };
    let length = u64::try_from(length.milliseconds).unwrap_or_default();
    if interval == 0 || length >= interval * 2 {
        return;
    }
    let seconds = |milliseconds: u64| format!("{}s", milliseconds as f64 / 1000.0);
    let function = window.function.map_or("", |function| function.name);
    let message = format!(
        "{} takes `{function}` over {}, but samples are {} apart: a window needs two of them, so the result is empty, always or most of the time",
        facts.owner(expression),
        seconds(length),
        seconds(interval)
    );
    let enough = in_words(interval * 4);
    let place = expression.place(facts.setup, expression.parsed[range.window].span);
    findings
        .report(place, message)
        .label("too short")
        .related("scraped by this job", job)
        .help(format!("take at least four intervals: `[{enough}]`"))
        .fix(
            Safety::Unsafe,
            format!("take the window `{enough}`"),
            vec![expression.edit(facts.setup, expression.parsed[range.window].span, &enough)],
        );
}

/// Milliseconds as a window is written: in the largest unit that holds them whole.
fn in_words(milliseconds: u64) -> String {
    [(3_600_000, "h"), (60_000, "m"), (1_000, "s")]
        .into_iter()
        .find(|(unit, _)| milliseconds.is_multiple_of(*unit))
        .map_or_else(
            || format!("{milliseconds}ms"),
            |(unit, word)| format!("{}{word}", milliseconds / unit),
        )
}

/// Scrape intervals, in milliseconds, of the jobs that can carry what a selector reads.
fn jobs<'f>(
    facts: &'f Facts<'_>,
    expression: &'f Expression,
    selector: &'f Selector,
) -> impl Iterator<Item = (u64, Place)> + 'f {
    let servers: Vec<usize> = match expression.origin {
        Origin::Rule { file, .. } => facts
            .rule_files
            .get(file)
            .map_or_else(Vec::new, |file| file.loaded_by.clone()),
        _ => (0..facts.prometheus.len()).collect(),
    };
    let wanted = selector
        .label_matchers()
        .find(|matcher| {
            &*matcher.label.text == "job"
                && matcher.op == MatchOp::Equal
                && !matcher.value.has_variables
        })
        .map(|matcher| matcher.value.text().into_owned());
    let exporter = selector
        .metric_name()
        .and_then(|name| facts.resolved(name))
        .map(|resolved| resolved.exporter.name.clone());
    let carries = move |job: &ScrapeJob| match (&wanted, &exporter) {
        (Some(name), _) => job.name.as_str() == name,
        (None, Some(exporter)) => job
            .exporters
            .iter()
            .any(|exposure| exposure.exporter == *exporter),
        // Nobody knows which job it is: any of them.
        (None, None) => true,
    };
    servers
        .into_iter()
        .filter_map(|index| facts.prometheus.get(index))
        .flat_map(|server| &server.jobs)
        .filter(move |job| carries(job))
        .map(|job| (job.scrape_interval.as_millis(), job.name.place))
}
