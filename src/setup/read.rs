//! From the text of a file to the documents in it.

use std::sync::{Arc, LazyLock};

use arcstr::ArcStr;

use super::classify::{classify, file_name, guess, is_scrape_configs, is_template, is_workflow};
use super::embedded::Placement;
use super::kind::Kind;
use super::mixin::mixin_parts;
use super::{dialect, helm, kubernetes};
use crate::document::{
    Dialect, Document as YamlDocument, Limits, Node, SyntaxError, Value, parse_json, read_yaml,
    written_offsets,
};
use crate::source::{SourceFile, Span};

/// Deeper than any configuration or dashboard.
const LIMITS: Limits = Limits {
    depth: 200,
    nodes: 4_000_000,
};
/// More documents than this in one YAML file are no setup of anybody.
const MOST_DOCUMENTS: usize = 2_000;

/// How a file's text is to be taken, judged by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Language {
    Yaml,
    Json,
    /// YAML once something has filled it in.
    Template,
    /// No tree of ours; facts read the lines.
    Lines(Kind),
}

/// `None` for files that are nothing to us, whatever they hold.
pub(super) fn language(path: &str) -> Option<Language> {
    let name = file_name(path).to_ascii_lowercase();
    let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension);
    // Files for something else to fill in: `prometheus.yml.j2`, `alertmanager.yaml.tmpl`.
    let is_template = name
        .rsplit_once('.')
        .filter(|(_, extension)| {
            matches!(*extension, "j2" | "jinja2" | "tmpl" | "tpl" | "template")
        })
        .is_some_and(|(stem, _)| stem.ends_with(".yml") || stem.ends_with(".yaml"));
    if is_template {
        return Some(Language::Template);
    }
    let is_dockerfile = ["dockerfile", "containerfile"].iter().any(|word| {
        name == *word
            || name.starts_with(&format!("{word}."))
            || name.ends_with(&format!(".{word}"))
    });
    Some(match extension {
        _ if is_dockerfile => Language::Lines(Kind::Dockerfile),
        "yml" | "yaml" | "rules" => Language::Yaml,
        "json" => Language::Json,
        "sh" => Language::Lines(Kind::Script),
        "alloy" => Language::Lines(Kind::Alloy),
        "tmpl" | "gotmpl" => Language::Lines(Kind::NotificationTemplate),
        "ini" if name == "grafana.ini" => Language::Lines(Kind::GrafanaIni),
        "conf"
            if name.contains("redis") || name.contains("sentinel") || path.contains("redis/") =>
        {
            Language::Lines(Kind::RedisConf)
        }
        _ if name == ".env" || name.starts_with(".env.") || extension == "env" => {
            Language::Lines(Kind::EnvFile)
        }
        _ => return None,
    })
}

/// A document before it has its number.
pub(super) struct Found {
    pub name: Arc<str>,
    pub kind: Kind,
    pub text: Arc<SourceFile>,
    pub root: Node,
    pub syntax_error: Option<SyntaxError>,
    pub problems: Vec<SyntaxError>,
    pub comments: Vec<Span>,
    /// Index of the one that holds it, among those of the same file.
    pub wrapper: Option<usize>,
    pub placement: Placement,
    /// Whether its text holds more than it.
    pub is_part: bool,
}

/// What reading a file came to.
pub(super) enum Outcome {
    /// These documents; none where the file is nothing to us.
    Documents(Vec<Found>),
    /// It was not read, for this reason.
    Skipped(String),
}

/// A tree with nothing in it.
pub(super) fn nothing() -> Node {
    static NOTHING: LazyLock<Node> =
        LazyLock::new(|| Node::plain(Span::at(0), Value::Null, ArcStr::new()));
    NOTHING.clone()
}

/// The documents in the text of a file.
pub(super) fn read(path: &str, language: Language, file: &Arc<SourceFile>) -> Outcome {
    let whole = Placement::Shifted(0);
    let name: Arc<str> = file_name(path).into();
    match language {
        Language::Lines(kind) => Outcome::Documents(vec![Found {
            name,
            kind,
            text: Arc::clone(file),
            root: nothing(),
            syntax_error: None,
            problems: Vec::new(),
            comments: Vec::new(),
            wrapper: None,
            placement: whole,
            is_part: false,
        }]),
        Language::Template => match guess(file.text(), path, false) {
            Some(kind) => Outcome::Skipped(format!(
                "a template ({}), to be filled in by something else first",
                kind.as_str()
            )),
            None => Outcome::Documents(Vec::new()),
        },
        Language::Json => json(path, name, file),
        Language::Yaml => yaml(path, &name, file),
    }
}

/// Words one of which every JSON file of ours holds. Reading all others would take long and find nothing.
const JSON_WORDS: [&str; 9] = [
    "\"panels\"",
    "\"rows\"",
    "\"elements\"",
    "\"targets\"",
    "\"apiVersion\"",
    "\"groups\"",
    "\"scrape_configs\"",
    "\"services\"",
    "\"contactPoints\"",
];

fn json(path: &str, name: Arc<str>, file: &Arc<SourceFile>) -> Outcome {
    let text = file.text();
    if !JSON_WORDS.iter().any(|word| text.contains(word)) {
        return Outcome::Documents(Vec::new());
    }
    let mut found = Found {
        name,
        kind: Kind::Dashboard,
        text: Arc::clone(file),
        root: nothing(),
        syntax_error: None,
        problems: Vec::new(),
        comments: Vec::new(),
        wrapper: None,
        placement: Placement::Shifted(0),
        is_part: false,
    };
    match parse_json(text, LIMITS) {
        Ok(root) => match classify(&root, path) {
            Some(kind) => {
                found.kind = kind;
                found.root = root;
                Outcome::Documents(unwrapped(found))
            }
            None => Outcome::Documents(Vec::new()),
        },
        Err(error) => match guess(text, path, true) {
            Some(kind) => {
                found.kind = kind;
                found.syntax_error = Some(error);
                Outcome::Documents(vec![found])
            }
            None => Outcome::Skipped(format!("not JSON: {}", error.message)),
        },
    }
}

fn yaml(path: &str, name: &Arc<str>, file: &Arc<SourceFile>) -> Outcome {
    let text = file.text();
    let mut documents = Vec::new();
    let mut start = 0;
    while start < text.len() && documents.len() < MOST_DOCUMENTS {
        // A document that is not the first is a text of its own, so that every reader begins at its beginning.
        let part = match start {
            0 => Arc::clone(file),
            _ => Arc::new(SourceFile::new(file.path(), &text[start..])),
        };
        let placement = Placement::Shifted(start);
        match read_yaml(part.text(), Dialect::GoYaml3, LIMITS) {
            Ok(document) => {
                let ignored = document.ignored;
                documents.extend(of_tree(
                    path,
                    name,
                    part,
                    document,
                    placement,
                    documents.len(),
                ));
                let Some(rest) = ignored.filter(|rest| rest.start() > 0) else {
                    break;
                };
                start += rest.start();
            }
            Err(error) => {
                if is_template(text) && !is_workflow(path) {
                    return Outcome::Skipped(
                        "a template, to be filled in by something else first".into(),
                    );
                }
                match guess(part.text(), path, false) {
                    Some(kind) => documents.push(Found {
                        name: Arc::clone(name),
                        kind,
                        text: part,
                        root: nothing(),
                        syntax_error: Some(error),
                        problems: Vec::new(),
                        comments: Vec::new(),
                        wrapper: None,
                        placement,
                        is_part: false,
                    }),
                    None if documents.is_empty() => {
                        return Outcome::Skipped(format!("not YAML: {}", error.message));
                    }
                    None => {}
                }
                break;
            }
        }
    }
    Outcome::Documents(documents)
}

/// A document and what it wraps; nothing where it is nothing to us. `before` documents of the file come before it.
fn of_tree(
    path: &str,
    name: &Arc<str>,
    text: Arc<SourceFile>,
    document: YamlDocument,
    placement: Placement,
    before: usize,
) -> Vec<Found> {
    let Some(kind) = classify(&document.root, path) else {
        return Vec::new();
    };
    // The few scalars that the older library reads differently (`yes`) must be as its program sees them.
    let document = match dialect(kind) {
        Dialect::GoYaml3 => document,
        dialect => read_yaml(text.text(), dialect, LIMITS).unwrap_or(document),
    };
    let mut documents = unwrapped(Found {
        name: Arc::clone(name),
        kind,
        text,
        root: document.root,
        syntax_error: None,
        problems: document.problems,
        comments: document.comments,
        wrapper: None,
        placement,
        is_part: false,
    });
    for document in &mut documents {
        document.wrapper = document.wrapper.map(|wrapper| wrapper + before);
    }
    documents
}

/// The document, and those in it.
fn unwrapped(found: Found) -> Vec<Found> {
    let inner = match found.kind {
        Kind::Kubernetes => kubernetes::inner(&found),
        Kind::HelmValues => helm::inner(&found),
        Kind::OpenTelemetry => scrape_configs(&found),
        Kind::Mixin => mixin_parts(&found.root)
            .map(|(name, kind, root)| Found {
                name: name.into(),
                ..part(&found, kind, root)
            })
            .collect(),
        Kind::DashboardExport => found
            .root
            .get("dashboard")
            .map(|root| part(&found, Kind::Dashboard, root))
            .into_iter()
            .collect(),
        _ => Vec::new(),
    };
    std::iter::once(found).chain(inner).collect()
}

/// Configurations of the Prometheus receivers of an OpenTelemetry collector: each could be a `prometheus.yml` without rules.
pub fn prometheus_receivers(collector: &Node) -> impl Iterator<Item = &Node> {
    let receivers = collector.get("receivers");
    let receivers = receivers.map_or(&[][..], |node| node.entries()).iter();
    receivers
        .filter(|entry| entry.key.text.split('/').next() == Some("prometheus"))
        .filter_map(|entry| entry.value.get("config"))
}

/// What the Prometheus receivers of an OpenTelemetry collector scrape.
fn scrape_configs(found: &Found) -> Vec<Found> {
    prometheus_receivers(&found.root)
        .filter_map(|configuration| configuration.get("scrape_configs"))
        .filter(|list| is_scrape_configs(list))
        .map(|list| part(found, Kind::ScrapeConfigs, list))
        .collect()
}

/// A subtree that is a document by itself.
pub(super) fn part(outer: &Found, kind: Kind, root: &Node) -> Found {
    Found {
        name: Arc::clone(&outer.name),
        kind,
        text: Arc::clone(&outer.text),
        root: root.clone(),
        syntax_error: None,
        problems: Vec::new(),
        comments: Vec::new(),
        wrapper: Some(0),
        placement: outer.placement.clone(),
        is_part: true,
    }
}

/// A text within `outer` that is a file by itself, called `name` where it is unpacked.
pub(super) fn unpacked(outer: &Found, name: &str, scalar: &Node) -> Vec<Found> {
    let Some(language) = language(name) else {
        return Vec::new();
    };
    let text = SourceFile::new(outer.text.path(), ArcStr::clone(&scalar.text));
    let Outcome::Documents(mut documents) = read(name, language, &Arc::new(text)) else {
        return Vec::new();
    };
    let table = written_offsets(outer.text.text(), scalar);
    let inner = outer.placement.within(table);
    for document in &mut documents {
        document.wrapper = document
            .wrapper
            .map_or(Some(0), |wrapper| Some(wrapper + 1));
        document.placement = match document.placement {
            Placement::Shifted(0) => inner.clone(),
            // The second document of a text within a text: its offsets begin later.
            Placement::Shifted(by) => inner.within((by..=scalar.text.len()).collect()),
            _ => continue,
        };
    }
    documents
}
