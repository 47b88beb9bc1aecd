//! `prometheus.yml`, the files that it includes, and files of targets.

mod cloud;
mod discovery;
mod discovery_rules;
mod kubernetes;
mod remote;
mod scrape;

use std::collections::HashMap;
use std::sync::Arc;

use self::discovery::DISCOVERY;
use self::discovery_rules::is_glob_in_last_part;
use self::remote::{REMOTE_READ, REMOTE_WRITE, SIGV4};
use self::scrape::{
    GLOBAL, Inherited, SCRAPE_CONFIG, check_scrape_configs, check_validation, is_escaping,
};
use super::block::{Block, head_of};
use super::checker::Checker;
use super::http::check_http;
use super::http::prometheus::{HTTP, TLS};
use super::reader::{Reader, Reading, Unknown, read, read_json};
use super::relabel::RELABEL;
use super::table::Kind::{
    Block as Of, Bool, Choice as OneOf, Duration, Float, Int, List, Map, Sections, Size, Text,
};
use super::table::{Choice, TableOf, field, word};
use crate::catalogue::Version;
use crate::diagnostic::{Diagnostic, Level};
use crate::document::{Dialect, Value};
use crate::source::SourceFile;

pub(super) use self::discovery::{JSON_TARGETS, TARGETS};

pub(super) static CONFIG: TableOf = TableOf {
    what: "a Prometheus configuration",
    fields: &[&[
        field("global", Of(&GLOBAL)),
        field("runtime", Of(&RUNTIME)).since(2, 53),
        field("alerting", Of(&ALERTING)),
        field("rule_files", List(&Text)),
        field("scrape_config_files", List(&Text)).since(2, 43),
        field(
            "scrape_configs",
            Sections(&SCRAPE_CONFIG, "a scrape config"),
        ),
        field("storage", Of(&STORAGE)),
        field("tracing", Of(&TRACING)),
        field(
            "remote_write",
            Sections(&REMOTE_WRITE, "a remote write config"),
        ),
        field(
            "remote_read",
            Sections(&REMOTE_READ, "a remote read config"),
        ),
        field("otlp", Of(&OTLP)).since(2, 55),
    ]],
    rules: &[
        check_paths,
        check_names,
        check_otlp_names,
        check_global_escaping,
    ],
};

static INCLUDED: TableOf = TableOf {
    what: "a file of scrape configs",
    fields: &[&[field(
        "scrape_configs",
        Sections(&SCRAPE_CONFIG, "a scrape config"),
    )]],
    rules: &[],
};

static RUNTIME: TableOf = TableOf {
    what: "the runtime config",
    fields: &[&[field("gogc", Int)]],
    rules: &[],
};

static ALERTING: TableOf = TableOf {
    what: "the alerting config",
    fields: &[&[
        field(
            "alert_relabel_configs",
            Sections(&RELABEL, "an alert relabeling rule"),
        ),
        // Of an empty one, every Prometheus crashes.
        field(
            "alertmanagers",
            Sections(&ALERTMANAGER, "an Alertmanager config"),
        ),
    ]],
    rules: &[],
};

static ALERTMANAGER: TableOf = TableOf {
    what: "an Alertmanager config",
    fields: &[
        &[
            field("sigv4", Of(&SIGV4)).since(2, 48),
            field("scheme", Text),
            field("path_prefix", Text),
            field("timeout", Duration),
            field("api_version", OneOf(&API_VERSION)),
            field(
                "relabel_configs",
                Sections(&RELABEL, "a target relabeling rule of an Alertmanager"),
            ),
            field(
                "alert_relabel_configs",
                Sections(&RELABEL, "an alert relabeling rule of an Alertmanager"),
            )
            .since(2, 51),
        ],
        HTTP,
        DISCOVERY,
    ],
    rules: &[check_http, check_sigv4, scrape::check_static_targets],
};

static API_VERSION: Choice = Choice {
    what: "a version of the Alertmanager API",
    words: &[word("v1").until(3, 0), word("v2")],
    ignores_case: false,
    may_be_empty: false,
};

static STORAGE: TableOf = TableOf {
    what: "the storage config",
    fields: &[&[field("tsdb", Of(&TSDB)), field("exemplars", Of(&EXEMPLARS))]],
    rules: &[],
};

static TSDB: TableOf = TableOf {
    what: "the TSDB config",
    fields: &[&[
        field("out_of_order_time_window", Duration),
        // Without a tag of its own upstream, the field in milliseconds can be set too.
        field("outofordertimewindow", Int),
        field("stale_series_compaction_threshold", Float).since(3, 10),
        field("retention", Of(&RETENTION)).since(3, 10),
        field("chunk_encoding", Of(&CHUNK_ENCODING)).since(3, 13),
    ]],
    rules: &[check_tsdb],
};

static RETENTION: TableOf = TableOf {
    what: "the retention config",
    fields: &[&[
        field("time", Duration),
        field("size", Size),
        field("percentage", Float).since(3, 11),
    ]],
    rules: &[check_retention],
};

static CHUNK_ENCODING: TableOf = TableOf {
    what: "the chunk encoding",
    fields: &[&[field("floats", OneOf(&FLOAT_ENCODING))]],
    rules: &[],
};

static FLOAT_ENCODING: Choice = Choice {
    what: "an encoding of float chunks",
    words: &[word("xor"), word("xor2")],
    ignores_case: false,
    may_be_empty: true,
};

static EXEMPLARS: TableOf = TableOf {
    what: "the exemplars config",
    fields: &[&[field("max_exemplars", Int)]],
    rules: &[],
};

static TRACING: TableOf = TableOf {
    what: "the tracing config",
    fields: &[&[
        field("client_type", OneOf(&CLIENT_TYPE)),
        field("endpoint", Text),
        field("sampling_fraction", Float),
        field("insecure", Bool),
        field("tls_config", Of(&TLS)),
        field("headers", Map(&Text, &Text)),
        field("compression", OneOf(&COMPRESSION)),
        field("timeout", Duration),
    ]],
    rules: &[check_tracing],
};

static CLIENT_TYPE: Choice = Choice {
    what: "a client type of tracing",
    words: &[word("http"), word("grpc")],
    ignores_case: false,
    may_be_empty: false,
};

static COMPRESSION: Choice = Choice {
    what: "a compression",
    words: &[word("gzip")],
    ignores_case: false,
    may_be_empty: true,
};

static OTLP: TableOf = TableOf {
    what: "the OTLP config",
    fields: &[&[
        field("promote_resource_attributes", List(&Text)),
        field("promote_all_resource_attributes", Bool).since(3, 5),
        field("ignore_resource_attributes", List(&Text)).since(3, 5),
        field("translation_strategy", OneOf(&STRATEGY)).since(3, 0),
        field("keep_identifying_resource_attributes", Bool).since(3, 1),
        field("convert_histograms_to_nhcb", Bool).since(3, 4),
        field("promote_scope_metadata", Bool).since(3, 6),
        field("label_name_underscore_sanitization", Bool).since(3, 8),
        field("label_name_preserve_multiple_underscores", Bool).since(3, 8),
    ]],
    rules: &[check_otlp],
};

static STRATEGY: Choice = Choice {
    what: "a translation strategy",
    words: &[
        word("UnderscoreEscapingWithSuffixes"),
        word("NoUTF8EscapingWithSuffixes"),
        word("UnderscoreEscapingWithoutSuffixes").since(3, 6),
        word("NoTranslation").since(3, 4),
    ],
    ignores_case: false,
    may_be_empty: true,
};

/// Finds the files that a pattern names, in the order of their paths.
pub type Included<'a> = dyn Fn(&str) -> Vec<Arc<SourceFile>> + Sync + 'a;

/// How a `prometheus.yml` is checked.
#[derive(Clone, Copy)]
pub struct PrometheusOptions<'a> {
    /// The Prometheus whose verdict is given.
    pub version: Version,
    /// Whether it runs as an agent, which allows no rules, no alerting and no remote read.
    pub agent: bool,
    /// The files of `scrape_config_files`; `None`: they are not looked at.
    pub included: Option<&'a Included<'a>>,
}

impl PrometheusOptions<'_> {
    /// For a version, as a server, without looking at other files.
    pub fn new(version: Version) -> Self {
        Self {
            version,
            agent: false,
            included: None,
        }
    }
}

fn reader(version: Version) -> Reader {
    Reader {
        area: "prometheus",
        product: "Prometheus",
        version,
        dialect: DIALECT,
        unknown: Unknown::Refused,
    }
}

pub(super) const DIALECT: Dialect = Dialect::GoYaml2;

/// Everything wrong with a `prometheus.yml`.
pub fn check_prometheus(
    file: &Arc<SourceFile>,
    options: &PrometheusOptions<'_>,
) -> Vec<Diagnostic> {
    check(file, &read(file.text(), DIALECT), options)
}

pub(super) fn check(
    file: &Arc<SourceFile>,
    reading: &Reading,
    options: &PrometheusOptions<'_>,
) -> Vec<Diagnostic> {
    let mut checker = Checker::new(file, reader(options.version));
    let Some(document) = checker.take(reading) else {
        return checker.found;
    };
    let root = &document.root;
    if root.value == Value::Null {
        return checker.found;
    }
    let whole = Block {
        node: root,
        head: head_of(root),
    };
    let global = whole.block("global");
    let inherited = Inherited::of(global.as_ref());
    checker.legacy_scheme = inherited.is_legacy() && checker.at_least(3, 6);
    checker.block(root, whole.head, &CONFIG);
    let mut jobs = HashMap::new();
    check_scrape_configs(&mut checker, root, global.as_ref(), &mut jobs);
    if options.agent {
        check_agent(&mut checker, &whole);
    }
    let mut found = checker.finish();
    if let Some(included) = options.included {
        for pattern in whole.items("scrape_config_files") {
            for other in included(&pattern.text) {
                let mut checker = Checker::new(&other, reader(options.version));
                checker.legacy_scheme = inherited.is_legacy() && checker.at_least(3, 6);
                let reading = read(other.text(), DIALECT);
                if let Some(document) = checker.take(&reading) {
                    let root = &document.root;
                    if root.value != Value::Null {
                        checker.block(root, head_of(root), &INCLUDED);
                        check_scrape_configs(&mut checker, root, global.as_ref(), &mut jobs);
                    }
                }
                found.extend(checker.finish());
            }
        }
    }
    found
}

/// Everything wrong with one of the files that `scrape_config_files` names, by itself: what it inherits is not known.
pub fn check_scrape_config_file(file: &Arc<SourceFile>, version: Version) -> Vec<Diagnostic> {
    let mut checker = Checker::new(file, reader(version));
    let reading = read(file.text(), DIALECT);
    if let Some(document) = checker.take(&reading) {
        let root = &document.root;
        if root.value != Value::Null {
            checker.block(root, head_of(root), &INCLUDED);
            check_scrape_configs(&mut checker, root, None, &mut HashMap::new());
        }
    }
    checker.finish()
}

/// Everything wrong with a file of targets for `file_sd_configs`: JSON where its name ends so, else YAML.
pub fn check_targets(file: &Arc<SourceFile>, version: Version) -> Vec<Diagnostic> {
    check_target_groups(file, &read_targets(file), version)
}

fn is_json(file: &SourceFile) -> bool {
    let extension = file.path().extension();
    extension.is_some_and(|extension| extension.eq_ignore_ascii_case("json"))
}

/// A file of targets as Prometheus reads it.
pub(super) fn read_targets(file: &SourceFile) -> Reading {
    match is_json(file) {
        true => read_json(file.text()),
        false => read(file.text(), DIALECT),
    }
}

pub(super) fn check_target_groups(
    file: &Arc<SourceFile>,
    reading: &Reading,
    version: Version,
) -> Vec<Diagnostic> {
    let mut checker = Checker::new(file, reader(version));
    let table = match is_json(file) {
        true => &JSON_TARGETS,
        false => &TARGETS,
    };
    if let Some(document) = checker.take(reading) {
        let kind = Sections(table, "a target group");
        checker.value(&document.root, head_of(&document.root), kind);
    }
    // Of a repeated key in JSON, Go takes the last.
    for found in &mut checker.found {
        if is_json(file) && found.id.ends_with("/duplicate-key") {
            found.level = Level::Warning;
        }
    }
    checker.finish()
}

fn check_agent(checker: &mut Checker<'_>, whole: &Block<'_>) {
    let alerting = whole.block("alerting").filter(|alerting| {
        alerting.has_content("alertmanagers") || alerting.has_content("alert_relabel_configs")
    });
    let refused = [
        ("alerting", alerting.is_some()),
        ("rule_files", whole.has_content("rule_files")),
        ("remote_read", whole.has_content("remote_read")),
    ];
    for (name, is_given) in refused {
        if let (true, Some(entry)) = (is_given, whole.given(name)) {
            checker
                .error(
                    "not-in-agent-mode",
                    entry.key.span,
                    format!("an agent takes no `{name}`"),
                )
                .help = Some("remove it, or run Prometheus as a server".into());
        }
    }
}

fn check_paths(checker: &mut Checker<'_>, block: &Block<'_>) {
    let mut seen = HashMap::new();
    let literal_paths = block
        .items("scrape_config_files")
        .iter()
        .filter(|path| !path.text.contains('*'));
    for path in literal_paths {
        if let Some(first) = seen.insert(&*path.text, path.span) {
            // Each of its scrape configs would be there twice.
            checker
                .error(
                    "duplicate-name",
                    path.span,
                    format!("`{}` is listed twice", path.text),
                )
                .help = Some("remove one of the two".into());
            checker.relate("first listed here", first);
        }
    }
    for name in ["rule_files", "scrape_config_files"] {
        for path in block.items(name) {
            if !is_glob_in_last_part(&path.text) {
                checker
                    .error(
                        "invalid-path",
                        path.span,
                        format!("`{}` has a `*` before its last part", path.text),
                    )
                    .help = Some("use `*` in the file name only".into());
            }
        }
    }
}

/// Names of remote write and remote read configs are unique.
fn check_names(checker: &mut Checker<'_>, block: &Block<'_>) {
    for section in ["remote_write", "remote_read"] {
        let mut seen = HashMap::new();
        for config in block.blocks(section) {
            let Some(name) = config.written("name") else {
                continue;
            };
            let span = name.value.span;
            if let Some(first) = seen.insert(name.value.text.to_string(), span) {
                checker
                    .error(
                        "duplicate-name",
                        span,
                        format!(
                            "there are two `{section}` configs of the name `{}`",
                            name.value.text
                        ),
                    )
                    .help = Some("give one of them another name".into());
                checker.relate("the first", first);
            }
        }
    }
}

/// Names beyond letters, digits and `_` cannot be kept where the validation scheme forbids them.
fn check_otlp_names(checker: &mut Checker<'_>, block: &Block<'_>) {
    let legacy = Inherited::of(block.block("global").as_ref()).is_legacy();
    let Some(otlp) = block.block("otlp") else {
        return;
    };
    if let (true, Some(entry)) = (legacy, otlp.written("translation_strategy"))
        && matches!(
            &*entry.value.text,
            "NoTranslation" | "NoUTF8EscapingWithSuffixes"
        )
    {
        checker
            .error(
                "conflicting-fields",
                entry.value.span,
                format!(
                    "`{}` needs the validation scheme `utf8`, and `legacy` is in force",
                    entry.value.text
                ),
            )
            .help = Some("use `UnderscoreEscapingWithSuffixes`".into());
    }
}

/// Looked at only where there is a scrape config that may inherit it.
fn check_global_escaping(checker: &mut Checker<'_>, block: &Block<'_>) {
    let Some(global) = block.block("global") else {
        return;
    };
    if !block.has_content("scrape_configs") {
        return;
    }
    if let Some(entry) = global.written("metric_name_escaping_scheme") {
        is_escaping(checker, &entry.value);
    }
    if !checker.at_least(3, 6) {
        check_validation(checker, &global);
    }
}

fn check_sigv4(checker: &mut Checker<'_>, block: &Block<'_>) {
    let Some(sigv4) = block.given("sigv4") else {
        return;
    };
    for name in [
        "basic_auth",
        "authorization",
        "oauth2",
        "bearer_token",
        "bearer_token_file",
    ] {
        if let Some(other) = block.given(name) {
            checker.conflict(&[sigv4, other]);
            return;
        }
    }
}

fn check_tsdb(checker: &mut Checker<'_>, block: &Block<'_>) {
    fraction(checker, block, "stale_series_compaction_threshold", 1.0);
}

fn check_retention(checker: &mut Checker<'_>, block: &Block<'_>) {
    fraction(checker, block, "percentage", 100.0);
}

/// A number from 0 to `most`.
fn fraction(checker: &mut Checker<'_>, block: &Block<'_>, name: &str, most: f64) {
    let Some(entry) = block.given(name) else {
        return;
    };
    let Value::Number(number) = &entry.value.value else {
        return;
    };
    if number
        .as_f64()
        .is_some_and(|number| !(0.0..=most).contains(&number))
    {
        checker.error(
            "value-out-of-range",
            entry.value.span,
            format!("`{name}` is from 0 to {most}"),
        );
    }
}

fn check_tracing(checker: &mut Checker<'_>, block: &Block<'_>) {
    checker.require(block, "endpoint", "tracing");
    remote::check_headers(checker, block, "remove it: tracing cannot send one yet");
}

fn check_otlp(checker: &mut Checker<'_>, block: &Block<'_>) {
    let all = block.flag("promote_all_resource_attributes") == Some(true);
    let promoted = block.items("promote_resource_attributes");
    let ignored = block.items("ignore_resource_attributes");
    if all && !promoted.is_empty() {
        checker.at_most_one(
            block,
            &[
                "promote_all_resource_attributes",
                "promote_resource_attributes",
            ],
        );
        return;
    }
    if !all
        && !ignored.is_empty()
        && let Some(entry) = block.given("ignore_resource_attributes")
    {
        checker
            .error(
                "conflicting-fields",
                entry.key.span,
                "`ignore_resource_attributes` does nothing unless `promote_all_resource_attributes` is true",
            )
            .help = Some("set `promote_all_resource_attributes: true`, or remove this".into());
        return;
    }
    let mut seen: HashMap<&str, crate::source::Span> = HashMap::new();
    for item in if all { ignored } else { promoted } {
        let name = item.scalar_text().trim();
        if name.is_empty() {
            checker
                .error("missing-field", item.span, "a resource attribute is empty")
                .help = Some("remove it".into());
        } else if let Some(first) = seen.insert(name, item.span) {
            checker
                .error(
                    "duplicate-name",
                    item.span,
                    format!("the resource attribute `{name}` is listed twice"),
                )
                .help = Some("remove one of the two".into());
            checker.relate("first listed here", first);
        }
    }
}
