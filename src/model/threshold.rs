//! The numbers of one environment: the catalogue's defaults with the profile's values laid over them.

use indexmap::IndexMap;

use crate::catalogue::{
    AlertCatalogue, Color, Direction, Severity, ThresholdDefinition, ThresholdUnit,
};
use crate::document::Route;
use crate::profile::{Colors, Pending, Problem, Threshold, ThresholdValue, suggestion};
use crate::quantity::Duration;

/// A threshold, complete.
#[derive(Debug, Clone, PartialEq)]
pub struct ResolvedThreshold {
    /// Its name.
    pub name: String,
    /// What it is measured in.
    pub unit: ThresholdUnit,
    /// Which side is bad.
    pub direction: Direction,
    /// Where it becomes a warning; a guard's only value. `None` for never.
    pub warning: Option<f64>,
    /// Where it becomes critical. `None` for never.
    pub critical: Option<f64>,
    /// How long a warning must hold.
    pub warning_pending: Duration,
    /// How long it must hold to be critical.
    pub critical_pending: Duration,
    /// Where panels change their colour, mildest first; empty where that follows from the values.
    pub colors: Vec<(Color, f64)>,
}

impl ResolvedThreshold {
    /// Value and pending time of one severity; `None` where it is off.
    pub fn of(&self, severity: Severity) -> Option<(f64, Duration)> {
        match severity {
            Severity::Warning => self.warning.map(|value| (value, self.warning_pending)),
            Severity::Critical => self.critical.map(|value| (value, self.critical_pending)),
        }
    }

    /// Both values as a sentence has them: `80% (warning), 90% (critical)`, `off`.
    pub fn in_words(&self) -> String {
        let values: Vec<String> = [(self.warning, "warning"), (self.critical, "critical")]
            .into_iter()
            .filter_map(|(value, word)| {
                let value = self.unit.in_words(value?);
                Some(match self.direction {
                    Direction::Guard => value,
                    _ => format!("{value} ({word})"),
                })
            })
            .collect();
        if values.is_empty() {
            "off".into()
        } else {
            values.join(", ")
        }
    }
}

/// Every threshold of the catalogue with the profile's values.
pub fn resolve(
    catalogue: &AlertCatalogue,
    written: &IndexMap<String, Threshold>,
    problems: &mut Vec<Problem>,
) -> IndexMap<String, ResolvedThreshold> {
    for name in written.keys() {
        if !catalogue.thresholds.contains_key(name) {
            let mut problem = Problem::key(
                "profile/unknown-threshold",
                Route::of(["thresholds", name]),
                format!("there is no threshold `{name}`"),
            );
            problem.help = suggestion(
                name,
                catalogue.thresholds.keys().map(String::as_str),
                "thresholds",
            );
            problems.push(problem);
        }
    }
    catalogue
        .thresholds
        .values()
        .map(|definition| {
            let nothing = Threshold::default();
            let written = written.get(&definition.name).unwrap_or(&nothing);
            (definition.name.clone(), one(definition, written, problems))
        })
        .collect()
}

fn one(
    definition: &ThresholdDefinition,
    written: &Threshold,
    problems: &mut Vec<Problem>,
) -> ResolvedThreshold {
    let route = Route::of(["thresholds", &definition.name]);
    let before = problems.len();
    let mut value = |key: &str, written: Option<&ThresholdValue>, default: Option<f64>| {
        written.map_or(default, |written| {
            read(definition, written)
                .map_err(|message| {
                    problems.push(Problem::value(
                        "profile/bad-threshold",
                        route.key(key),
                        message,
                    ));
                })
                .unwrap_or(default)
        })
    };
    let warning = value("warning", written.warning.as_ref(), definition.warning);
    let critical = value("critical", written.critical.as_ref(), definition.critical);
    let (warning_pending, critical_pending) = match written.pending {
        None => (definition.warning_pending, definition.critical_pending),
        Some(Pending::Both(both)) => (both, both),
        Some(Pending::Each { warning, critical }) => (
            warning.unwrap_or(definition.warning_pending),
            critical.unwrap_or(definition.critical_pending),
        ),
    };
    let colors = colors(definition, written, warning.or(critical), &route, problems);
    if definition.direction == Direction::Guard {
        for (key, given) in [
            ("critical", written.critical.is_some()),
            ("for", written.pending.is_some()),
            ("colors", written.colors.is_some()),
        ] {
            if given {
                problems.push(
                    Problem::key(
                        "profile/bad-threshold",
                        route.key(key),
                        format!(
                            "`{}` is no alarm but the amount below which one is silent; it has no `{key}`",
                            definition.name
                        ),
                    )
                    .help("its only value is `warning`"),
                );
            }
        }
        if warning.is_none() && problems.len() == before {
            problems.push(
                Problem::value(
                    "profile/bad-threshold",
                    route.key("warning"),
                    format!("`{}` cannot be off", definition.name),
                )
                .help(format!(
                    "write {} instead",
                    definition.unit.in_words(definition.range[0])
                )),
            );
        }
    } else if let (Some(warn), Some(page)) = (warning, critical)
        && definition.direction.is_beyond(warn, page)
        && problems.len() == before
    {
        let words = |value| definition.unit.in_words(value);
        let (key, other) = if written.warning.is_some() {
            ("warning", "critical")
        } else {
            ("critical", "warning")
        };
        let side = match definition.direction {
            Direction::LowerIsWorse => "below",
            _ => "above",
        };
        let mut problem = Problem::value(
            "profile/contradicting-thresholds",
            route.key(key),
            format!(
                "`{}` warns at {}, which is {side} the critical {}",
                definition.name,
                words(warn),
                words(page)
            ),
        );
        let one_written = written.warning.is_some() != written.critical.is_some();
        problem.help = Some(if one_written {
            format!("set `{other}` too; what you do not give keeps its default")
        } else {
            "swap the two values".into()
        });
        problems.push(problem);
    }
    ResolvedThreshold {
        name: definition.name.clone(),
        unit: definition.unit,
        direction: definition.direction,
        // A guard that was switched off has been reported; with its default the rest can still be checked.
        warning: warning.or_else(|| {
            definition
                .warning
                .filter(|_| definition.direction == Direction::Guard)
        }),
        critical: critical.filter(|_| definition.direction != Direction::Guard),
        warning_pending,
        critical_pending,
        colors,
    }
}

/// The colours that a profile gives to panels. `alarm` is where the first alert fires.
fn colors(
    definition: &ThresholdDefinition,
    written: &Threshold,
    alarm: Option<f64>,
    route: &Route,
    problems: &mut Vec<Problem>,
) -> Vec<(Color, f64)> {
    let nothing = Colors::default();
    let written = written.colors.as_ref().unwrap_or(&nothing);
    let route = route.key("colors");
    let mut colors: Vec<(Color, f64)> = Vec::new();
    for (key, color, value) in [
        ("yellow", Color::Yellow, &written.yellow),
        ("orange", Color::Orange, &written.orange),
        ("red", Color::Red, &written.red),
    ] {
        let Some(value) = value else { continue };
        match read(definition, value) {
            Err(message) => problems.push(Problem::value(
                "profile/bad-threshold",
                route.key(key),
                message,
            )),
            Ok(None) => {}
            Ok(Some(value)) => {
                if let Some((_, milder)) = colors.last()
                    && !definition.direction.is_beyond(value, *milder)
                {
                    problems.push(
                        Problem::value(
                            "profile/contradicting-colors",
                            route.key(key),
                            format!(
                                "{key} begins at {}, which is not beyond the milder colour's {}",
                                definition.unit.in_words(value),
                                definition.unit.in_words(*milder)
                            ),
                        )
                        .help("colours get worse from yellow over orange to red"),
                    );
                }
                colors.push((color, value));
            }
        }
    }
    if let (Some((Color::Red, red)), Some(alarm)) = (colors.last(), alarm)
        && definition.direction.is_beyond(alarm, *red)
    {
        problems.push(
            Problem::value(
                "profile/red-before-alert",
                route.key("red"),
                format!(
                    "panels turn red at {}, and the first alert of `{}` is at {}",
                    definition.unit.in_words(*red),
                    definition.name,
                    definition.unit.in_words(alarm)
                ),
            )
            .warning()
            .help("a colour that nobody is told about hides trouble; let red begin at the alert"),
        );
    }
    colors
}

fn read(definition: &ThresholdDefinition, written: &ThresholdValue) -> Result<Option<f64>, String> {
    let (value, text) = match written {
        ThresholdValue::Number(number) => (*number, number.to_string()),
        ThresholdValue::Text(_) if written.is_off() => return Ok(None),
        ThresholdValue::Text(text) => (
            definition.unit.parse(text).ok_or_else(|| {
                format!(
                    "`{text}` is no value for `{}`, expected {} or `off`",
                    definition.name,
                    definition.unit.expectation()
                )
            })?,
            text.clone(),
        ),
    };
    let [low, high] = definition.range;
    if !(low..=high).contains(&value) {
        let words = |value| definition.unit.in_words(value);
        return Err(format!(
            "`{text}` is outside the range of `{}`, {} to {}",
            definition.name,
            words(low),
            words(high)
        ));
    }
    Ok(Some(value))
}
