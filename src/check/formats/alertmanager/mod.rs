//! `alertmanager.yml`.

mod address;
mod chat;
mod global;
mod matcher;
mod receiver;
mod receiver_rules;
mod route;
mod time;

use std::collections::HashMap;
use std::sync::Arc;

use self::global::{GLOBAL, check_receivers};
pub(super) use self::matcher::check as check_matcher;
use self::receiver::RECEIVER;
use self::route::{INHIBIT_RULE, ROUTE, check_tree};
pub(super) use self::time::TIME_INTERVAL;
use super::block::{Block, head_of};
use super::checker::Checker;
use super::http::HTTP_CONFIG;
use super::http::alertmanager::{HEADER, TLS};
use super::reader::{Reader, Reading, Unknown, read};
use super::table::Kind::{
    Block as Of, Bool, Choice as OneOf, Duration, Float, Int, List, Map, Scalar, Text,
};
use super::table::{Choice, TableOf, field, word};
use crate::catalogue::Version;
use crate::diagnostic::Diagnostic;
use crate::document::{Dialect, Value};
use crate::source::{SourceFile, Span};

pub(super) static CONFIG: TableOf = TableOf {
    what: "an Alertmanager configuration",
    fields: &[&[
        field("global", Of(&GLOBAL)),
        field("route", Of(&ROUTE)),
        field("inhibit_rules", List(&Of(&INHIBIT_RULE))),
        field("receivers", List(&Of(&RECEIVER))),
        field("templates", List(&Text)),
        field("mute_time_intervals", List(&Of(&NAMED_INTERVAL))),
        field("time_intervals", List(&Of(&NAMED_INTERVAL))),
        field("tracing", Of(&TRACING)).since(0, 30),
        field("event_recorder", Of(&EVENT_RECORDER)).since(0, 33),
    ]],
    rules: &[check_names, check_receivers, check_tree],
};

static NAMED_INTERVAL: TableOf = TableOf {
    what: "a named time interval",
    fields: &[&[
        field("name", Text),
        field("time_intervals", List(&Of(&TIME_INTERVAL))),
    ]],
    rules: &[check_interval_name],
};

static TRACING: TableOf = TableOf {
    what: "the tracing config",
    fields: &[&[
        field("client_type", OneOf(&CLIENT_TYPE)),
        field("endpoint", Text),
        field("sampling_fraction", Float),
        field("insecure", Bool),
        field("tls_config", Of(&TLS)),
        field("headers", Map(&Text, &Of(&HEADER))),
        field("compression", OneOf(&COMPRESSION)),
        field("timeout", Duration),
    ]],
    rules: &[check_tracing],
};

static EVENT_RECORDER: TableOf = TableOf {
    what: "the event recorder",
    fields: &[&[
        field("file_outputs", List(&Of(&FILE_OUTPUT))),
        field("webhook_outputs", List(&Of(&WEBHOOK_OUTPUT))),
        field("kafka_outputs", List(&Of(&KAFKA_OUTPUT))),
    ]],
    rules: &[],
};

static FILE_OUTPUT: TableOf = TableOf {
    what: "a file output",
    fields: &[&[field("path", Text)]],
    rules: &[check_file_output],
};

static WEBHOOK_OUTPUT: TableOf = TableOf {
    what: "a webhook output",
    fields: &[&[
        field("url", Scalar(address::secret_url)),
        field("http_config", Of(&HTTP_CONFIG)),
        field("timeout", Duration),
        field("workers", Int),
        field("max_retries", Int),
        field("retry_backoff", Duration),
    ]],
    rules: &[check_webhook_output],
};

static KAFKA_OUTPUT: TableOf = TableOf {
    what: "a Kafka output",
    fields: &[&[
        field("brokers", List(&Text)),
        field("topic", Text),
        field("acks", Text),
        field("format", Text),
        field("compression", Text),
        field("client_id", Text),
        field("buffer_size", Int),
        field("tls_config", Of(&TLS)),
    ]],
    rules: &[],
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

pub(super) const DIALECT: Dialect = Dialect::GoYaml2;

/// Everything wrong with an `alertmanager.yml`, for an Alertmanager of that version.
pub fn check_alertmanager(file: &Arc<SourceFile>, version: Version) -> Vec<Diagnostic> {
    check(file, &read(file.text(), DIALECT), version)
}

pub(super) fn check(
    file: &Arc<SourceFile>,
    reading: &Reading,
    version: Version,
) -> Vec<Diagnostic> {
    let reader = Reader {
        area: "alertmanager",
        product: "Alertmanager",
        version,
        dialect: DIALECT,
        unknown: Unknown::Refused,
    };
    let mut checker = Checker::new(file, reader);
    // Since 0.27 both syntaxes of matchers are read, and any label name goes where labels are only named.
    checker.utf8_names = checker.at_least(0, 27);
    let Some(document) = checker.take(reading) else {
        return checker.finish();
    };
    let root = &document.root;
    if root.value == Value::Null {
        let span = Span::at(root.span.start());
        checker
            .error("missing-field", span, "this configuration is empty")
            .help = Some("give `route` and `receivers`".into());
        return checker.finish();
    }
    checker.block(root, head_of(root), &CONFIG);
    checker.finish()
}

fn check_interval_name(checker: &mut Checker<'_>, block: &Block<'_>) {
    checker.require(block, "name", "a time interval");
}

fn check_file_output(checker: &mut Checker<'_>, block: &Block<'_>) {
    checker.require(block, "path", "a file output");
}

fn check_webhook_output(checker: &mut Checker<'_>, block: &Block<'_>) {
    checker.require(block, "url", "a webhook output");
}

fn check_tracing(checker: &mut Checker<'_>, block: &Block<'_>) {
    checker.require(block, "endpoint", "tracing");
}

/// Names of receivers and of time intervals are unique.
fn check_names(checker: &mut Checker<'_>, block: &Block<'_>) {
    for (sections, what) in [
        (&["receivers"][..], "receivers"),
        (&["mute_time_intervals", "time_intervals"], "time intervals"),
    ] {
        let mut seen: HashMap<&str, Span> = HashMap::new();
        for named in sections.iter().flat_map(|section| block.blocks(section)) {
            let Some(name) = named.written("name") else {
                continue;
            };
            let span = name.value.span;
            if let Some(first) = seen.insert(&name.value.text, span) {
                checker
                    .error(
                        "duplicate-name",
                        span,
                        format!("there are two {what} of the name `{}`", name.value.text),
                    )
                    .help = Some("rename one of them, or join them".into());
                checker.relate("the first", first);
            }
        }
    }
}
