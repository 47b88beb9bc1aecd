//! Scrape configs, and what the global block shares with them.

use std::collections::HashMap;

use super::super::block::{Block, head_of};
use super::super::checker::Checker;
use super::super::http::check_http;
use super::super::http::prometheus::HTTP;
use super::super::relabel::RELABEL;
use super::super::scalar::{is_legacy_label_name, millis};
use super::super::table::Kind::{
    Bool, Custom, Duration, Float, LabelName, LabelValue, List, Map, Sections, Size, Text, Uint,
};
use super::super::table::{Choice, Field, TableOf, field, word};
use super::discovery::DISCOVERY;
use crate::document::{Node, Value};
use crate::source::Span;

pub(super) static GLOBAL: TableOf = TableOf {
    what: "the global config",
    fields: &[&[
        field("scrape_interval", Duration),
        field("scrape_timeout", Duration),
        field("scrape_protocols", Custom(protocols)).since(2, 49),
        field("evaluation_interval", Duration),
        field("rule_query_offset", Duration).since(2, 53),
        field("query_log_file", Text),
        field("scrape_failure_log_file", Text).since(2, 55),
        field("external_labels", Map(&LabelName, &LabelValue)),
        field("body_size_limit", Size).since(2, 45),
        field("sample_limit", Uint).since(2, 45),
        field("target_limit", Uint).since(2, 45),
        field("label_limit", Uint).since(2, 45),
        field("label_name_length_limit", Uint).since(2, 45),
        field("label_value_length_limit", Uint).since(2, 45),
        field("keep_dropped_targets", Uint).since(2, 47),
        field("metric_name_validation_scheme", Text).since(2, 55),
        field("metric_name_escaping_scheme", Text).since(3, 4),
        field("scrape_native_histograms", Bool).since(3, 8),
        field("convert_classic_histograms_to_nhcb", Bool).since(3, 4),
        field("always_scrape_classic_histograms", Bool).since(3, 5),
        field("extra_scrape_metrics", Bool).since(3, 10),
    ]],
    rules: &[check_global],
};

pub(super) static VALIDATION: Choice = Choice {
    what: "a validation scheme",
    words: &[word("legacy"), word("utf8")],
    ignores_case: false,
    may_be_empty: true,
};

static PROTOCOL: Choice = Choice {
    what: "a scrape protocol",
    words: &[
        word("PrometheusProto"),
        word("OpenMetricsText0.0.1"),
        word("OpenMetricsText1.0.0"),
        word("PrometheusText0.0.4"),
        word("PrometheusText1.0.0").since(3, 0),
    ],
    ignores_case: false,
    may_be_empty: false,
};

/// Ways to escape metric names; checked for each scrape config together with the validation scheme.
const ESCAPING: [&str; 4] = ["allow-utf-8", "underscores", "dots", "values"];

/// A scrape config.
pub(super) static SCRAPE_CONFIG: TableOf = TableOf {
    what: "a scrape config",
    fields: &[OWN, HTTP, DISCOVERY],
    rules: &[
        check_own,
        check_http,
        check_static_targets,
        check_default_port,
    ],
};

static OWN: &[Field] = &[
    field("job_name", Text),
    field("honor_labels", Bool),
    field("honor_timestamps", Bool),
    field("track_timestamps_staleness", Bool).since(2, 48),
    field("params", Map(&Text, &List(&Text))),
    field("scrape_interval", Duration),
    field("scrape_timeout", Duration),
    field("scrape_protocols", Custom(protocols)).since(2, 49),
    field("fallback_scrape_protocol", Text).since(3, 0),
    field("scrape_native_histograms", Bool).since(3, 8),
    field("scrape_classic_histograms", Bool)
        .since(2, 45)
        .until(3, 0),
    field("always_scrape_classic_histograms", Bool).since(3, 0),
    field("convert_classic_histograms_to_nhcb", Bool).since(2, 55),
    field("scrape_failure_log_file", Text).since(2, 55),
    field("metrics_path", Text),
    field("scheme", Text),
    field("enable_compression", Bool).since(2, 49),
    field("body_size_limit", Size),
    field("sample_limit", Uint),
    field("target_limit", Uint),
    field("label_limit", Uint),
    field("label_name_length_limit", Uint),
    field("label_value_length_limit", Uint),
    field("native_histogram_bucket_limit", Uint).since(2, 45),
    field("native_histogram_min_bucket_factor", Float).since(2, 50),
    field("keep_dropped_targets", Uint).since(2, 47),
    field("metric_name_validation_scheme", Text).since(2, 55),
    field("metric_name_escaping_scheme", Text).since(3, 4),
    field("extra_scrape_metrics", Bool).since(3, 10),
    field(
        "relabel_configs",
        Sections(&RELABEL, "a target relabeling rule"),
    ),
    field(
        "metric_relabel_configs",
        Sections(&RELABEL, "a metric relabeling rule"),
    ),
];

const DEFAULT_INTERVAL: u64 = 60_000;

/// A duration; `None` where it is missing, null, zero or no duration.
fn duration(block: &Block<'_>, name: &str) -> Option<u64> {
    millis(block.text(name)?).filter(|millis| *millis > 0)
}

fn check_global(checker: &mut Checker<'_>, block: &Block<'_>) {
    let interval = duration(block, "scrape_interval").unwrap_or(DEFAULT_INTERVAL);
    timeout_exceeds(checker, block, interval, "the global scrape interval");
    if checker.legacy_scheme
        && let Some(labels) = block.given("external_labels")
    {
        for entry in labels.value.entries() {
            if !is_legacy_label_name(&entry.key.text) {
                checker
                    .error(
                        "invalid-label-name",
                        entry.key.span,
                        format!(
                            "`{}` is not a label name under the scheme `legacy`",
                            entry.key.text
                        ),
                    )
                    .help = Some("use letters, digits and `_`, not beginning with a digit".into());
            }
        }
    }
    // Until 3.5 it was looked at for the sake of a scrape config only.
    if checker.at_least(3, 6) {
        check_validation(checker, block);
    }
}

/// The validation scheme must be a known one.
pub(super) fn check_validation(checker: &mut Checker<'_>, block: &Block<'_>) {
    if let Some(entry) = block.given("metric_name_validation_scheme") {
        checker.check_choice(&entry.value.text, entry.value.span, &VALIDATION);
    }
}

fn timeout_exceeds(checker: &mut Checker<'_>, block: &Block<'_>, interval: u64, what: &str) {
    if let (Some(timeout), Some(entry)) = (
        duration(block, "scrape_timeout"),
        block.given("scrape_timeout"),
    ) && timeout > interval
    {
        let text = crate::quantity::Duration::from_millis(interval);
        checker
            .error(
                "timeout-exceeds-interval",
                entry.value.span,
                format!(
                    "`scrape_timeout` is {}, longer than {what}, which is {text}",
                    entry.value.text
                ),
            )
            .help = Some(format!("use at most `{text}`"));
        if let Some(interval) = block.given("scrape_interval") {
            checker.relate("the interval", interval.value.span);
        }
    }
}

/// The protocols to ask for: not none, none twice, only known ones.
fn protocols(checker: &mut Checker<'_>, node: &Node) {
    let items = match &node.value {
        Value::Null => return,
        Value::Sequence(items) => items,
        _ => return checker.wrong_type(node, "a list"),
    };
    if items.is_empty() {
        checker
            .error(
                "missing-field",
                node.span,
                "`scrape_protocols` names no protocol",
            )
            .help = Some("name one, or remove the line for the default".into());
    }
    let mut seen: HashMap<String, Span> = HashMap::new();
    for item in items.iter() {
        let lower = item.text.to_lowercase();
        if let Some(first) = seen.get(&lower) {
            let first = *first;
            checker.error(
                "duplicate-name",
                item.span,
                format!("`{}` is named twice", item.text),
            );
            checker.relate("first named here", first);
            continue;
        }
        seen.insert(lower, item.span);
        checker.check_choice(&item.text, item.span, &PROTOCOL);
    }
}

fn check_own(checker: &mut Checker<'_>, block: &Block<'_>) {
    checker.require(block, "job_name", "a scrape config");
    check_validation(checker, block);
    if let Some(entry) = block.written("fallback_scrape_protocol") {
        checker.check_choice(&entry.value.text, entry.value.span, &PROTOCOL);
    }
}

/// Targets are `host:port`; a URL is one only where relabeling takes it apart. Also for Alertmanagers.
pub(super) fn check_static_targets(checker: &mut Checker<'_>, block: &Block<'_>) {
    if block.has_content("relabel_configs") {
        return;
    }
    for section in block.blocks("static_configs") {
        for target in section.items("targets") {
            if target.scalar_text().is_empty() {
                checker
                    .error("invalid-target", target.span, "this target is empty")
                    .help = Some("write it as `host:port`, or remove it".into());
            } else if target.text.contains('/') {
                checker
                    .error(
                        "invalid-target",
                        target.span,
                        format!("`{}` is a URL, and a target is `host:port`", target.text),
                    )
                    .help =
                    Some("give the scheme with `scheme` and the path with `metrics_path`".into());
            }
        }
    }
}

/// Until 3.0 a target without a port got that of its scheme, and other schemes have none.
fn check_default_port(checker: &mut Checker<'_>, block: &Block<'_>) {
    let Some(scheme) = block.written("scheme").map(|entry| &entry.value) else {
        return;
    };
    let is_known = matches!(&*scheme.text, "http" | "https");
    if is_known || checker.at_least(3, 0) || block.has_content("relabel_configs") {
        return;
    }
    let without_port = block
        .blocks("static_configs")
        .flat_map(|section| section.items("targets"))
        .find(|target| !target.text.is_empty() && !target.text.contains([':', '/']));
    if let Some(target) = without_port {
        checker
            .error(
                "invalid-scheme",
                scheme.span,
                format!(
                    "`{}` is no scheme that has a port for `{}`",
                    scheme.text, target.text
                ),
            )
            .help = Some("use `http` or `https`".into());
        checker.relate("a target without a port", target.span);
    }
}

/// What the global block sets for the scrape configs.
#[derive(Debug, Clone, Copy)]
pub(super) struct Inherited<'a> {
    interval: u64,
    validation: Option<&'a str>,
    escaping: Option<&'a str>,
}

impl<'a> Inherited<'a> {
    pub(super) fn of(global: Option<&Block<'a>>) -> Self {
        Self {
            interval: global
                .and_then(|global| duration(global, "scrape_interval"))
                .unwrap_or(DEFAULT_INTERVAL),
            validation: global.and_then(|global| global.text("metric_name_validation_scheme")),
            escaping: global.and_then(|global| global.text("metric_name_escaping_scheme")),
        }
    }

    /// Whether the names of this Prometheus are restricted to letters, digits and `_`.
    pub(super) fn is_legacy(&self) -> bool {
        self.validation == Some("legacy")
    }
}

/// What one scrape config must be, given the global block.
pub(super) fn check_with_global(
    checker: &mut Checker<'_>,
    global: Option<&Block<'_>>,
    block: &Block<'_>,
) {
    let inherited = Inherited::of(global);
    let own_interval = duration(block, "scrape_interval");
    let what = if own_interval.is_some() {
        "its scrape interval"
    } else {
        "the scrape interval it inherits"
    };
    let interval = own_interval.unwrap_or(inherited.interval);
    timeout_exceeds(checker, block, interval, what);
    if checker.at_least(3, 4) {
        check_names(checker, global, &inherited, block);
    }
}

/// `allow-utf-8` needs the validation scheme `utf8`.
fn check_names(
    checker: &mut Checker<'_>,
    global: Option<&Block<'_>>,
    inherited: &Inherited<'_>,
    block: &Block<'_>,
) {
    let own_validation = block.text("metric_name_validation_scheme");
    let validation = own_validation.or(inherited.validation).unwrap_or("utf8");
    let own_escaping = block.given("metric_name_escaping_scheme");
    let own_escaping = own_escaping.filter(|entry| !entry.value.text.is_empty());
    if let Some(entry) = own_escaping
        && !is_escaping(checker, &entry.value)
    {
        return;
    }
    let global_escaping = global.and_then(|global| global.written("metric_name_escaping_scheme"));
    if let Some(entry) = global_escaping
        && !ESCAPING.contains(&&*entry.value.text)
    {
        // Reported once, for the global block.
        return;
    }
    let infers = own_validation.is_some() && checker.at_least(3, 7);
    let escaping = match own_escaping {
        Some(entry) => Some(&*entry.value.text),
        None if infers => None,
        None => inherited.escaping,
    };
    // Before 3.7 the global default was `allow-utf-8` even for a scrape config of its own scheme.
    let implied = match own_validation {
        Some("legacy") if !infers && inherited.validation != Some("legacy") => "allow-utf-8",
        _ if validation == "legacy" => "underscores",
        _ => "allow-utf-8",
    };
    if escaping.unwrap_or(implied) == "allow-utf-8" && validation == "legacy" {
        let span = own_escaping
            .map(|entry| entry.value.span)
            .or_else(|| {
                block
                    .given("metric_name_validation_scheme")
                    .map(|entry| entry.value.span)
            })
            .or_else(|| global_escaping.map(|entry| entry.value.span))
            .unwrap_or(block.head);
        checker
            .error(
                "conflicting-fields",
                span,
                "the escaping scheme `allow-utf-8` needs the validation scheme `utf8`, and `legacy` is in force",
            )
            .help = Some("use `metric_name_escaping_scheme: underscores`".into());
    }
}

/// Whether a text names a way to escape; says so where it does not.
pub(super) fn is_escaping(checker: &mut Checker<'_>, node: &Node) -> bool {
    if ESCAPING.contains(&&*node.text) {
        return true;
    }
    checker.error(
        "unknown-value",
        node.span,
        format!(
            "`{}` is not an escaping scheme, expected {}",
            node.text,
            super::super::scalar::quoted(&ESCAPING)
        ),
    );
    false
}

/// Checks a list of scrape configs; `jobs` holds the names seen so far, also of other files, with where they stand.
pub(super) fn check_scrape_configs(
    checker: &mut Checker<'_>,
    root: &Node,
    global: Option<&Block<'_>>,
    jobs: &mut HashMap<String, (std::sync::Arc<crate::source::SourceFile>, Span)>,
) {
    let Some(entry) = root.entry("scrape_configs") else {
        return;
    };
    for item in entry.value.items() {
        if !matches!(item.value, Value::Mapping(_)) {
            continue;
        }
        let block = Block {
            node: item,
            head: head_of(item),
        };
        check_with_global(checker, global, &block);
        let Some(name) = block.written("job_name") else {
            continue;
        };
        let span = name.value.span;
        match jobs.get(&*name.value.text) {
            Some((file, first)) => {
                let (file, first) = (std::sync::Arc::clone(file), *first);
                let message = format!(
                    "there are two scrape configs of the job name `{}`",
                    name.value.text
                );
                let diagnostic = checker.error("duplicate-name", span, message);
                diagnostic.help = Some("give one of them another name".into());
                let related = diagnostic.clone().related("the first", &file, first);
                *diagnostic = related;
            }
            None => {
                jobs.insert(
                    name.value.text.to_string(),
                    (std::sync::Arc::clone(checker.file), span),
                );
            }
        }
    }
}
