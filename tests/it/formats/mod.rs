//! The native validators against upstream's own test inputs and real setups.

mod agreement;
mod cases;
mod compose;
mod grafana;
mod positions;
mod setups;
mod targets;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use stackwright::catalogue::Version;
use stackwright::check::formats::{
    self, NEWEST_COMPOSE, Product, PrometheusOptions, Readers, RuleOptions, check_alertmanager,
    check_prometheus, check_rules,
};
use stackwright::diagnostic::{Diagnostic, Level};
use stackwright::source::SourceFile;

/// A format, as the folders of the upstream inputs name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    Prometheus,
    Rules { legacy: bool },
    Alertmanager,
    Compose,
    Grafana(formats::Format),
}

impl Format {
    const fn newest(self) -> Version {
        match self {
            Self::Prometheus | Self::Rules { .. } => Product::Prometheus.newest(),
            Self::Alertmanager => Product::Alertmanager.newest(),
            Self::Compose => NEWEST_COMPOSE,
            Self::Grafana(_) => Product::Grafana.newest(),
        }
    }
}

/// The errors that a file has for a version.
fn errors(path: &Path, format: Format, version: Version) -> Vec<Diagnostic> {
    let bytes = std::fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let file = match SourceFile::decode(path, &bytes) {
        Ok(file) => Arc::new(file),
        Err(error) => {
            let file = Arc::new(error.file);
            let message = "this is not UTF-8";
            return vec![Diagnostic::error("rules/syntax", message).at(&file, error.span)];
        }
    };
    let directory = path.parent().map(Path::to_path_buf).unwrap_or_default();
    let included = |pattern: &str| -> Vec<Arc<SourceFile>> {
        let path = directory.join(pattern);
        std::fs::read(&path)
            .ok()
            .and_then(|bytes| SourceFile::decode(path, &bytes).ok())
            .map(Arc::new)
            .into_iter()
            .collect()
    };
    let found = match format {
        Format::Prometheus => {
            let mut options = PrometheusOptions::new(version);
            options.included = Some(&included);
            check_prometheus(&file, &options)
        }
        Format::Rules { legacy } => {
            let mut options = RuleOptions::new(version);
            options.legacy_names |= legacy;
            check_rules(&file, &options)
        }
        Format::Alertmanager => check_alertmanager(&file, version),
        Format::Compose => compose::errors(path, version),
        Format::Grafana(format) => {
            let readers = Readers::default().with(Product::Grafana, version);
            format.validator().check_file(&file, &readers)
        }
    };
    found
        .into_iter()
        .filter(|diagnostic| diagnostic.level == Level::Error)
        .collect()
}

/// `line:column id`.
fn place(diagnostic: &Diagnostic) -> String {
    match &diagnostic.location {
        Some(location) => {
            let position = location.file.position(location.span.start());
            format!("{}:{} {}", position.line, position.column, diagnostic.id)
        }
        None => diagnostic.id.clone(),
    }
}

/// One upstream input.
struct Case {
    /// `folder/file`.
    name: String,
    path: PathBuf,
    format: Format,
    /// `accept` or `reject`, for the newest version, where upstream says so.
    expect: Option<String>,
    /// What upstream's message contains.
    reason: Option<String>,
    /// Verdicts of released tools.
    tools: BTreeMap<String, String>,
}

/// Every upstream input, by name; empty where there is no shared data.
fn cases() -> Vec<Case> {
    let Some(root) = crate::shared::shared("parity") else {
        return Vec::new();
    };
    let manifest = std::fs::read_to_string(root.join("manifest.json")).expect("a manifest");
    let manifest: serde_json::Value = serde_json::from_str(&manifest).expect("JSON");
    let text = |value: &serde_json::Value| value.as_str().map(str::to_owned);
    let mut cases = Vec::new();
    for folder in ["prometheus-config", "rulefmt", "alertmanager-config"] {
        for (file, said) in manifest[folder].as_object().expect("files by name") {
            let mut tools: BTreeMap<String, String> = said["debian_promtool"]
                .as_object()
                .into_iter()
                .flatten()
                .filter_map(|(version, verdict)| Some((version.clone(), text(verdict)?)))
                .collect();
            if folder == "alertmanager-config" {
                let verdict = match said["amtool_0.33.1"] {
                    serde_json::Value::Null => "accept",
                    _ => "reject",
                };
                tools.insert("0.33.1".into(), verdict.into());
            }
            cases.push(Case {
                name: format!("{folder}/{file}"),
                path: root.join(folder).join(file),
                format: match folder {
                    "prometheus-config" => Format::Prometheus,
                    "rulefmt" => Format::Rules {
                        legacy: said["scheme"] == "legacy",
                    },
                    _ => Format::Alertmanager,
                },
                expect: text(&said["expect"]),
                reason: text(&said["error_contains"]).or_else(|| text(&said["amtool_0.33.1"])),
                tools,
            });
        }
    }
    cases.sort_by(|a, b| a.name.cmp(&b.name));
    cases
}

const fn verdict(errors: &[Diagnostic]) -> &'static str {
    if errors.is_empty() {
        "accept"
    } else {
        "reject"
    }
}

/// Compares `text` with what is committed at `path`; with `UPDATE_EXPECTED` it is written instead.
fn expect_committed(path: &str, text: &str) {
    let whole = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    if std::env::var_os("UPDATE_EXPECTED").is_some() {
        std::fs::write(&whole, text).expect("a writable checkout");
        return;
    }
    let committed = std::fs::read_to_string(&whole).unwrap_or_default();
    assert!(
        committed == text,
        "{path} changed, run `UPDATE_EXPECTED=1 cargo test --test it formats` and read `git diff`"
    );
}
