//! What a panel says its values are, and what its queries make them.

use crate::facts::Facts;
use crate::facts::dashboard::{Panel, PanelQuery};
use crate::facts::expression::Expression;
use crate::facts::text::Text;
use crate::lint::share::share;
use crate::promql::analysis::{Unit, ValueKind};
use crate::promql::{BinaryOp, Kind, NodeId};
use crate::setup::Document;

/// What values measure.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Measure {
    /// Something with a unit; shares are pure numbers, scaled by 100 where they are per cent.
    Unit(Unit),
    /// So many things in a second.
    Throughput,
    /// So many things.
    Count,
    /// A point in time, on the given scale: seconds or milliseconds since 1970.
    Date(Unit),
}

impl std::fmt::Display for Measure {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Unit(unit) if unit.is_same(&Unit::NUMBER) => out.write_str("a share from 0 to 1"),
            Self::Unit(unit) if unit.is_same(&Unit::named("percent")) => {
                out.write_str("a percentage from 0 to 100")
            }
            Self::Unit(unit) => {
                let unit = unit.to_string();
                match unit.strip_suffix("/seconds") {
                    Some(amount) => write!(out, "{amount} per second"),
                    None => out.write_str(&unit),
                }
            }
            Self::Throughput => out.write_str("events per second"),
            Self::Count => out.write_str("a number of events"),
            Self::Date(_) => out.write_str("a point in time"),
        }
    }
}

/// Grafana's ids, the base unit, its divisor, and how many of them make one base unit.
const UNITS: &[(&str, &str, f64)] = &[
    ("bytes", "bytes", 1.0),
    ("decbytes", "bytes", 1.0),
    ("kbytes", "bytes", 1.0 / 1024.0),
    ("deckbytes", "bytes", 1e-3),
    ("mbytes", "bytes", 1.0 / 1_048_576.0),
    ("decmbytes", "bytes", 1e-6),
    ("gbytes", "bytes", 1.0 / 1_073_741_824.0),
    ("decgbytes", "bytes", 1e-9),
    ("bits", "bytes", 8.0),
    ("decbits", "bytes", 8.0),
    ("Bps", "bytes/s", 1.0),
    ("binBps", "bytes/s", 1.0),
    ("KBs", "bytes/s", 1e-3),
    ("KiBs", "bytes/s", 1.0 / 1024.0),
    ("MBs", "bytes/s", 1e-6),
    ("MiBs", "bytes/s", 1.0 / 1_048_576.0),
    ("GBs", "bytes/s", 1e-9),
    ("GiBs", "bytes/s", 1.0 / 1_073_741_824.0),
    ("bps", "bytes/s", 8.0),
    ("binbps", "bytes/s", 8.0),
    ("Kbits", "bytes/s", 8e-3),
    ("Mbits", "bytes/s", 8e-6),
    ("Gbits", "bytes/s", 8e-9),
    ("s", "seconds", 1.0),
    ("ms", "seconds", 1e3),
    ("µs", "seconds", 1e6),
    ("ns", "seconds", 1e9),
    ("m", "seconds", 1.0 / 60.0),
    ("h", "seconds", 1.0 / 3600.0),
    ("d", "seconds", 1.0 / 86400.0),
    ("dtdurations", "seconds", 1.0),
    ("dthms", "seconds", 1.0),
    ("clocks", "seconds", 1.0),
    ("dtdurationms", "seconds", 1e3),
    ("clockms", "seconds", 1e3),
    ("percentunit", "", 1.0),
    ("percent", "", 100.0),
];

/// Grafana's ids of things in a second or minute.
const THROUGHPUTS: [&str; 16] = [
    "ops", "reqps", "rps", "wps", "iops", "cps", "mps", "recps", "rowsps", "opm", "reqpm", "rpm",
    "wpm", "cpm", "mpm", "hertz",
];

/// What a unit of Grafana stands for; `None` for plain numbers and what is written freely.
pub(super) fn declared(id: &str) -> Option<Measure> {
    if THROUGHPUTS.contains(&id) {
        return Some(Measure::Throughput);
    }
    if id.starts_with("dateTime") {
        return Some(Measure::Date(Unit::named("milliseconds")));
    }
    let (_, base, scale) = UNITS.iter().find(|(unit, _, _)| *unit == id)?;
    Some(Measure::Unit(base_unit(base).scaled(*scale)))
}

fn base_unit(base: &str) -> Unit {
    match base.strip_suffix("/s") {
        Some(base) => Unit::named(base).per(&Unit::seconds()),
        None => Unit::named(base),
    }
}

/// Grafana's first id for what is measured.
pub(super) fn fitting(measure: &Measure) -> Option<&'static str> {
    match measure {
        Measure::Throughput => Some("ops"),
        Measure::Count => Some("short"),
        Measure::Date(_) => None,
        Measure::Unit(unit) => UNITS
            .iter()
            .find(|(_, base, scale)| base_unit(base).scaled(*scale).is_same(unit))
            .map(|(id, _, _)| *id),
    }
}

/// The units that a panel gives to all its values: the field's, the old axis' or the old number's.
pub(super) fn declared_units(document: &Document, panel: &Panel) -> Vec<Text> {
    let node = &panel.node;
    let field = node
        .get("fieldConfig")
        .and_then(|node| node.get("defaults")?.get("unit"));
    let axis = node
        .get("yaxes")
        .and_then(|node| node.items().first()?.get("format"));
    let number = node
        .get("format")
        .filter(|_| panel.kind.as_str() == "singlestat");
    [field, axis, number]
        .into_iter()
        .flatten()
        .filter(|node| node.as_str().is_some_and(|unit| !unit.is_empty()))
        .map(|node| Text::of(document, node))
        .collect()
}

/// Whether all values of a panel have one unit: it draws them as they are, and no series has its own.
pub(super) fn has_one_unit(panel: &Panel) -> bool {
    const DRAWN: [&str; 7] = [
        "timeseries",
        "graph",
        "stat",
        "singlestat",
        "gauge",
        "bargauge",
        "barchart",
    ];
    let overrides = panel
        .node
        .get("fieldConfig")
        .and_then(|node| node.get("overrides"));
    let has_override = overrides.is_some_and(|overrides| {
        overrides.items().iter().any(|entry| {
            let properties = entry.get("properties").map_or(&[][..], |node| node.items());
            properties.iter().any(|property| {
                property
                    .get("id")
                    .is_some_and(|id| id.scalar_text() == "unit")
            })
        })
    });
    let has_second_axis = panel.node.get("seriesOverrides").is_some_and(|node| {
        node.items().iter().any(|entry| {
            entry
                .get("yaxis")
                .is_some_and(|axis| axis.scalar_text() == "2")
        })
    });
    let is_transformed = panel
        .node
        .get("transformations")
        .is_some_and(|node| !node.items().is_empty());
    // Stacked to 100 %, whatever is drawn becomes a share.
    let custom = panel
        .node
        .get("fieldConfig")
        .and_then(|node| node.get("defaults")?.get("custom"));
    let mode = custom.and_then(|node| node.get("stacking")?.get("mode"));
    let is_normalised = mode.is_some_and(|mode| mode.scalar_text() == "percent")
        || panel
            .node
            .get("percentage")
            .is_some_and(|node| node.scalar_text() == "true");
    !is_normalised
        && DRAWN.contains(&panel.kind.as_str())
        && !has_override
        && !has_second_axis
        && !is_transformed
}

/// The queries that a panel shows, with their expressions.
pub(super) fn shown<'f>(
    facts: &'f Facts<'_>,
    panel: &'f Panel,
) -> impl Iterator<Item = (&'f PanelQuery, &'f Expression)> {
    panel
        .queries
        .iter()
        .filter(|query| !query.is_hidden)
        .filter_map(|query| Some((query, facts.expression(query.expression?))))
        .filter(|(_, expression)| expression.parsed.is_valid())
}

/// What an expression measures; `None` where nobody can tell.
pub(super) fn measured(facts: &Facts<'_>, expression: &Expression) -> Option<Measure> {
    let root = expression.parsed.root();
    let is_conventional = |measure: &Measure| match measure {
        Measure::Unit(unit) | Measure::Date(unit) => unit.is_conventional(),
        Measure::Throughput | Measure::Count => true,
    };
    let share = share(facts, expression, root).map(|share| Unit::NUMBER.scaled(share.scale));
    match share {
        Some(share) => Some(Measure::Unit(share)),
        None => amount(facts, expression, root),
    }
    .filter(is_conventional)
}

/// What an expression measures that is no share.
fn amount(facts: &Facts<'_>, expression: &Expression, root: NodeId) -> Option<Measure> {
    if let Some(unit) = average(expression, root) {
        return Some(Measure::Unit(unit));
    }
    let quantity = expression.analysis.quantity(root);
    match (&quantity.unit, quantity.kind) {
        (_, ValueKind::Boolean | ValueKind::Info | ValueKind::Constant | ValueKind::Counter) => {
            None
        }
        (Some(unit), ValueKind::Timestamp) => Some(Measure::Date(unit.clone())),
        // Seconds of work in a second, and numbers of series: shown in many ways, all of them right.
        (Some(unit), _) if unit.is_number() => None,
        (Some(unit), _) => Some(Measure::Unit(unit.clone())),
        (None, ValueKind::Rate) => counts_events(facts, expression).then_some(Measure::Throughput),
        (None, ValueKind::Increase) => counts_events(facts, expression).then_some(Measure::Count),
        (None, _) => None,
    }
}

/// Whether all that is read are counters without a unit, and nothing is divided.
fn counts_events(facts: &Facts<'_>, expression: &Expression) -> bool {
    let parsed = &expression.parsed;
    let is_counted = |name: &str| match facts.resolved(name) {
        Some(resolved) => resolved.is_cumulative() && resolved.unit().is_none(),
        None => name.strip_suffix("_total").is_some_and(names_events),
    };
    let mut reads = expression.analysis.reads.iter();
    let is_scaled = parsed.nodes().any(|(_, node)| match &node.kind {
        Kind::Binary(binary) => matches!(
            binary.op,
            BinaryOp::Div | BinaryOp::Mul | BinaryOp::Mod | BinaryOp::Pow
        ),
        _ => false,
    });
    !is_scaled
        && reads.all(|read| {
            let names = read.metrics.as_deref().unwrap_or_default();
            !names.is_empty() && names.iter().all(|name| is_counted(name))
        })
}

/// What is counted one by one. Of other words before `_total`, such as `write_time` and `kbytes`, the unit is anybody's guess.
const EVENTS: [&str; 36] = [
    "attempts",
    "calls",
    "commands",
    "completions",
    "connections",
    "drops",
    "errors",
    "events",
    "evictions",
    "exceptions",
    "executions",
    "failures",
    "hits",
    "invocations",
    "jobs",
    "keys",
    "lookups",
    "messages",
    "misses",
    "operations",
    "ops",
    "packets",
    "processed",
    "queries",
    "reads",
    "received",
    "rejections",
    "requests",
    "responses",
    "restarts",
    "retries",
    "sent",
    "tasks",
    "timeouts",
    "transactions",
    "writes",
];

/// Whether the last word of a metric's name is something that happens.
fn names_events(name: &str) -> bool {
    let word = name.rsplit('_').next().unwrap_or(name);
    EVENTS.contains(&word)
}

/// The unit of `x_sum / x_count` and of `x_duration_seconds_total / x_total`: that of a single observation.
fn average(expression: &Expression, root: NodeId) -> Option<Unit> {
    let Kind::Binary(binary) = &expression.parsed[expression.parsed.bare(root)].kind else {
        return None;
    };
    let only = |side: NodeId| {
        let span = expression.parsed[side].span;
        let mut reads = expression.analysis.reads.iter().filter(|read| {
            let at = expression.parsed[read.selector].span;
            at.start() >= span.start() && at.end() <= span.end()
        });
        let read = reads.next().filter(|_| reads.next().is_none())?;
        read.metrics.as_ref()?.first().map(String::as_str)
    };
    let (total, count) = (only(binary.left)?, only(binary.right)?);
    if binary.op != BinaryOp::Div {
        return None;
    }
    if let Some(base) = total.strip_suffix("_duration_seconds_total") {
        return (count.strip_suffix("_total") == Some(base)).then(Unit::seconds);
    }
    let base = total.strip_suffix("_sum")?;
    (count.strip_suffix("_count") == Some(base)).then_some(())?;
    ["seconds", "bytes", "milliseconds"]
        .into_iter()
        .find(|unit| base.ends_with(unit) && base.len() > unit.len())
        .map(Unit::named)
}
