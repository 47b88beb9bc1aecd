use crate::diagnostic::{Level, Safety};
use crate::facts::Facts;
use crate::facts::expression::Expression;
use crate::facts::prometheus::{PrometheusServer, ScrapeJob};
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
    let carriers = Carriers::of(facts, expression, selector);
    // Of several jobs that could carry the metric the fastest decides: then the window is too short for all of them.
    let fastest = carriers
        .intervals
        .iter()
        .min_by_key(|(interval, _)| *interval);
    let Some(&(interval, job)) = fastest else {
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
    let finding = findings
        .report(place, message)
        .label("too short")
        .related("scraped by this job", job)
        .help(format!("take at least four intervals: `[{enough}]`"))
        .fix(
            Safety::Unsafe,
            format!("take the window `{enough}`"),
            vec![expression.edit(facts.setup, expression.parsed[range.window].span, &enough)],
        );
    if !carriers.are_all {
        finding.assuming("nothing else scrapes it more often");
    }
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

/// The jobs that can carry what a selector reads.
struct Carriers {
    /// How often each of them scrapes, in milliseconds, and where it stands.
    intervals: Vec<(u64, Place)>,
    /// Whether no other job can, and each says how often it scrapes.
    are_all: bool,
}

impl Carriers {
    fn of(facts: &Facts<'_>, expression: &Expression, selector: &Selector) -> Self {
        let wanted = selector
            .label_matchers()
            .find(|matcher| {
                &*matcher.label.text == "job"
                    && matcher.op == MatchOp::Equal
                    && !matcher.value.has_variables
            })
            .map(|matcher| matcher.value.text());
        let exporter = selector
            .metric_name()
            .and_then(|name| facts.resolved(name))
            .map(|resolved| &resolved.exporter.name);
        let carries = |job: &&ScrapeJob| match (&wanted, exporter) {
            (Some(name), _) => job.name.as_str() == &**name,
            (None, Some(exporter)) => job
                .exporters
                .iter()
                .any(|exposure| exposure.exporter == *exporter),
            // Nobody knows which job it is: any of them, if there are no others.
            (None, None) => !facts.has_other_scrapers(),
        };
        let of_servers = servers(facts, expression).flat_map(|server| &server.jobs);
        let mut are_all = wanted.is_some() || !facts.has_other_scrapers();
        let mut intervals = Vec::new();
        for job in of_servers.chain(&facts.lone_jobs).filter(carries) {
            match job.tells_interval {
                true => intervals.push((job.scrape_interval.as_millis(), job.place())),
                false => are_all = false,
            }
        }
        Self { intervals, are_all }
    }
}

/// The servers whose series an expression can see.
fn servers<'f>(
    facts: &'f Facts<'_>,
    expression: &Expression,
) -> impl Iterator<Item = &'f PrometheusServer> {
    let loading = facts.rule_of(expression).map(|(file, _)| &file.loaded_by);
    facts
        .prometheus
        .iter()
        .enumerate()
        .filter(move |(index, _)| loading.is_none_or(|loading| loading.contains(index)))
        .map(|(_, server)| server)
}
