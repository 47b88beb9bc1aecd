use std::collections::BTreeMap;

use crate::catalogue::{Exporter, Known, Suggestion};
use crate::diagnostic::{Level, Safety};
use crate::facts::expression::Expression;
use crate::facts::{Facts, Scraped};
use crate::lint::{Findings, Lint, Need};
use crate::promql::{Kind, NodeId};

pub(super) static LINT: Lint = Lint {
    id: "promql/unknown-metric",
    level: Level::Error,
    summary: "a metric that neither a known exporter nor a recording rule makes",
    needs: &[Need::Catalogue, Need::Files],
    check,
};

fn check(facts: &Facts<'_>, findings: &mut Findings<'_>) {
    // Every name that is listed or recorded is looked at for a slip: once for each name that somebody reads.
    let mut slips = BTreeMap::new();
    for expression in &facts.expressions {
        for read in &expression.analysis.reads {
            let Kind::Selector(selector) = &expression.parsed[read.selector].kind else {
                continue;
            };
            // A regular expression over names may match nothing on purpose.
            let Some(name) = selector.metric_name() else {
                continue;
            };
            if facts.given.metrics.has(name) {
                continue;
            }
            if let Some(exporter) = unknown_to(facts, name) {
                report(facts, findings, expression, read.selector, name, exporter);
            } else if let Some((known, among)) =
                slips.entry(name).or_insert_with(|| slip_in(facts, name))
            {
                report_slip(
                    facts,
                    findings,
                    expression,
                    read.selector,
                    (name, known),
                    among,
                );
            }
        }
    }
}

/// The name that is meant where `name` is one with a slip in it, and which names are without it.
fn slip_in<'f>(facts: &'f Facts<'_>, name: &str) -> Option<(&'f str, &'static str)> {
    let listed = || {
        Some((
            slip(facts, name)?,
            "which is not among the metrics of this project",
        ))
    };
    listed().or_else(|| Some((slip_in_recorded(facts, name)?, "which no rule records")))
}

/// The exporter in whose complete namespace `name` lies without being one of its metrics.
fn unknown_to<'f>(facts: &'f Facts<'_>, name: &str) -> Option<&'f Exporter> {
    let catalogue = facts.catalogue;
    if facts.recorded.contains_key(name) || name.contains(':') {
        return None;
    }
    match catalogue.know(name) {
        Some(Known::Misnomer(exporter, _)) => return Some(exporter),
        Some(_) => return None,
        None => {}
    }
    catalogue.exporters().find(|exporter| {
        let namespace = exporter.namespace.as_deref();
        exporter.complete
            && namespace.is_some_and(|namespace| {
                name.strip_prefix(namespace)
                    .is_some_and(|rest| rest.starts_with('_'))
            })
    })
}

/// The metric that the project lists and that differs from `name` as a slip of the pen does, where nobody knows `name`.
fn slip<'f>(facts: &'f Facts<'_>, name: &str) -> Option<&'f str> {
    let is_known = facts.recorded.contains_key(name) || facts.catalogue.know(name).is_some();
    if is_known || name.contains(':') || name.len() < SHORTEST {
        return None;
    }
    let listed = facts.given.metrics.names();
    let mut near = listed.filter(|listed| strsim::damerau_levenshtein(listed, name) <= SLIPS);
    near.next()
}

/// The recorded series whose name differs from `name` in its punctuation, or by a slip before its last part: that often tells
/// windows apart, of which another setup may record the rest.
fn slip_in_recorded<'f>(facts: &'f Facts<'_>, name: &str) -> Option<&'f str> {
    let (before, last) = name.rsplit_once(':')?;
    if facts.recorded.contains_key(name) {
        return None;
    }
    let bare = |name: &str| name.replace([':', '_'], "");
    let is_near = |recorded: &str| {
        bare(recorded) == bare(name)
            || recorded.rsplit_once(':').is_some_and(|(other, its)| {
                its == last
                    && before.len() >= SHORTEST
                    && strsim::damerau_levenshtein(other, before) <= 1
            })
    };
    let mut recorded = facts.recorded.keys().map(String::as_str);
    recorded.find(|recorded| is_near(recorded))
}

/// In shorter names a slip makes another word.
const SHORTEST: usize = 8;
/// More slips than this are another name.
const SLIPS: usize = 2;

fn report_slip(
    facts: &Facts<'_>,
    findings: &mut Findings<'_>,
    expression: &Expression,
    node: NodeId,
    (name, listed): (&str, &str),
    among: &str,
) {
    let parsed = &expression.parsed;
    let Kind::Selector(selector) = &parsed[node].kind else {
        return;
    };
    let span = selector.metric_name_span().unwrap_or(parsed[node].span);
    let place = expression.place(facts.setup, span);
    let message = format!("{} reads `{name}`, {among}", facts.owner(expression));
    findings
        .report(place, message)
        .label("no such metric")
        .help(format!("did you mean `{listed}`?"))
        .fix(
            Safety::Unsafe,
            format!("rename to `{listed}`"),
            vec![(place, listed.to_owned())],
        )
        .assuming(&format!("`{listed}` is meant"));
}

fn report(
    facts: &Facts<'_>,
    findings: &mut Findings<'_>,
    expression: &Expression,
    node: NodeId,
    name: &str,
    exporter: &Exporter,
) {
    let scraped = facts.scraped(exporter);
    // Without that exporter the name is somebody else's, who may well expose it.
    if scraped == Scraped::Nowhere {
        return;
    }
    let Kind::Selector(selector) = &expression.parsed[node].kind else {
        return;
    };
    let span = selector
        .metric_name_span()
        .unwrap_or(expression.parsed[node].span);
    let place = expression.place(facts.setup, span);
    let suggestions = facts.catalogue.closest(name);
    // An application may expose what it likes; that the exporter is meant is certain only of a name that many mistake for its.
    let may_be_of_application =
        !suggestions.iter().any(|known| known.is_known) && facts.scrapes_applications();
    if may_be_of_application && !suggestions.iter().any(|near| is_slip(name, &near.name)) {
        return;
    }
    let message = format!(
        "{} reads `{name}`, which {} does not expose",
        facts.owner(expression),
        exporter.title
    );
    let mut finding = findings.report(place, message).label("no such metric");
    if let Some(best) = suggestions.first() {
        finding = finding.help(help(best));
        if best.is_known && best.expr.is_none() {
            let edits = vec![(place, best.name.clone())];
            finding = finding.fix(Safety::Unsafe, format!("rename to `{}`", best.name), edits);
        }
    }
    if scraped == Scraped::Unknown || may_be_of_application {
        finding.assuming(&format!(
            "`{name}` is meant to come from {}",
            exporter.title
        ));
    }
}

/// Whether `name` is that of a metric with slips of the pen, or with too little or too much around it.
fn is_slip(name: &str, metric: &str) -> bool {
    let bare = metric.split_once('_').map_or(metric, |(_, bare)| bare);
    strsim::damerau_levenshtein(name, metric) <= SLIPS
        || metric.starts_with(name)
        || name.ends_with(bare)
}

fn help(suggestion: &Suggestion) -> String {
    let mut help = match &suggestion.expr {
        Some(expr) => format!("use `{expr}`"),
        None if suggestion.is_known => format!("use `{}`", suggestion.name),
        None => format!("did you mean `{}`?", suggestion.name),
    };
    if let Some(note) = &suggestion.note {
        help.push_str(": ");
        help.push_str(note);
    }
    help
}
