//! Alerting and recording rules of Prometheus.

use super::compose::ComposeProject;
use super::evaluator::Ruler;
use super::expression::{ExpressionId, Expressions, Origin, Unread};
use super::prometheus::{PrometheusServer, ServiceId, pairs};
use super::text::Text;
use crate::catalogue::{Evaluator, Evaluators};
use crate::document::Node;
use crate::quantity::Duration;
use crate::setup::{Document, DocumentId, Kind, Place, Setup};

/// One rule file.
#[derive(Debug)]
pub struct RuleFile {
    /// The document.
    pub document: DocumentId,
    /// Its rule groups.
    pub groups: Vec<RuleGroup>,
    /// Indices in [`Facts::prometheus`](super::Facts::prometheus) of the servers that load it.
    pub loaded_by: Vec<usize>,
    /// The service that evaluates it in place of Prometheus.
    pub ruler: Option<ServiceId>,
    /// What evaluates it, as far as the setup tells.
    pub evaluator: Evaluator,
}

/// One rule group.
#[derive(Debug)]
pub struct RuleGroup {
    /// Its name.
    pub name: Text,
    /// Its own `interval`; `None` for the server's evaluation interval.
    pub interval: Option<Duration>,
    /// `labels` that every rule of it gets.
    pub labels: Vec<(Text, Text)>,
    /// Its rules.
    pub rules: Vec<PromRule>,
}

/// What a rule makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RuleKind {
    /// Alerts.
    Alerting,
    /// Series.
    Recording,
}

/// One alerting or recording rule.
#[derive(Debug)]
pub struct PromRule {
    /// Alert or record.
    pub kind: RuleKind,
    /// The alert's name, or the series'.
    pub name: Text,
    /// Its expression, where it has one.
    pub expression: Option<ExpressionId>,
    /// `for`, zero where it is not given; `None` where it is no duration.
    pub pending: Option<Duration>,
    /// Its own labels.
    pub labels: Vec<(Text, Text)>,
    /// Its annotations.
    pub annotations: Vec<(Text, Text)>,
    /// Its mapping.
    pub node: Node,
}

impl PromRule {
    /// The value of a label that the rule sets.
    pub fn label(&self, name: &str) -> Option<&Text> {
        self.labels
            .iter()
            .find(|(key, _)| key.as_str() == name)
            .map(|(_, value)| value)
    }

    /// The text of an annotation.
    pub fn annotation(&self, name: &str) -> Option<&Text> {
        self.annotations
            .iter()
            .find(|(key, _)| key.as_str() == name)
            .map(|(_, value)| value)
    }

    /// Where to point for the rule as a whole: its name.
    pub fn place(&self) -> Place {
        self.name.place
    }
}

impl RuleFile {
    /// Whether something of the setup loads it.
    pub fn is_loaded(&self) -> bool {
        !self.loaded_by.is_empty() || self.ruler.is_some()
    }

    /// Every rule with the group that it is in.
    pub fn rules(&self) -> impl Iterator<Item = (&RuleGroup, &PromRule)> {
        self.groups
            .iter()
            .flat_map(|group| group.rules.iter().map(move |rule| (group, rule)))
    }
}

/// Every rule file of a setup.
pub(super) fn rule_files(
    setup: &Setup,
    evaluators: &Evaluators,
    projects: &[ComposeProject],
    servers: &[PrometheusServer],
    expressions: &mut Expressions,
) -> Vec<RuleFile> {
    let rulers = Ruler::all(setup, projects);
    setup
        .of_kind(Kind::Rules)
        .enumerate()
        .map(|(index, document)| {
            let loaded_by: Vec<usize> = servers
                .iter()
                .enumerate()
                .filter(|(_, server)| {
                    server
                        .rule_patterns
                        .iter()
                        .any(|pattern| pattern.documents.contains(&document.id))
                })
                .map(|(server, _)| server)
                .collect();
            // Of several versions the oldest decides what is allowed.
            let version = loaded_by
                .iter()
                .filter_map(|server| servers[*server].version)
                .min();
            let groups = document
                .root
                .get("groups")
                .map_or(&[][..], |node| node.items());
            let ruler = rulers.iter().find(|ruler| ruler.loads(document));
            let (ruler, evaluator) = match ruler {
                Some(ruler) => (Some(ruler.service.clone()), ruler.evaluator),
                None if loaded_by.is_empty() => (None, written_for(setup, evaluators, document)),
                None => (None, Evaluator::Prometheus),
            };
            RuleFile {
                ruler,
                evaluator,
                document: document.id,
                groups: groups
                    .iter()
                    .enumerate()
                    .map(|(group, node)| {
                        rule_group(document, node, version, (index, group), expressions)
                    })
                    .collect(),
                loaded_by,
            }
        })
        .collect()
}

/// Of a file that nothing loads, its keys tell, or the resource that it is in.
fn written_for(setup: &Setup, evaluators: &Evaluators, document: &Document) -> Evaluator {
    let wrapper = document.wrapper.map(|id| setup.document(id));
    let kind = wrapper
        .and_then(|wrapper| wrapper.root.get("kind"))
        .and_then(|kind| kind.as_str());
    match kind {
        Some("VMRule") => Evaluator::VictoriaMetrics,
        _ => evaluators.of_rules(&document.root),
    }
}

fn rule_group(
    document: &Document,
    node: &Node,
    version: Option<crate::catalogue::Version>,
    (file, group): (usize, usize),
    expressions: &mut Expressions,
) -> RuleGroup {
    let rules = node.get("rules").map_or(&[][..], |node| node.items());
    let mut found: Vec<PromRule> = Vec::new();
    for node in rules {
        let (kind, name) = match (node.get("alert"), node.get("record")) {
            (Some(name), _) => (RuleKind::Alerting, name),
            (None, Some(name)) => (RuleKind::Recording, name),
            (None, None) => continue,
        };
        let expression = node.get("expr").map(|expr| {
            expressions.add(Unread {
                text: Text::of(document, expr),
                origin: Origin::Rule {
                    file,
                    group,
                    rule: found.len(),
                },
                version,
            })
        });
        found.push(PromRule {
            kind,
            name: Text::of(document, name),
            expression,
            pending: node.get("for").map_or(Some(Duration::default()), |node| {
                node.scalar_text().parse().ok()
            }),
            labels: pairs(document, node.get("labels")),
            annotations: pairs(document, node.get("annotations")),
            node: node.clone(),
        });
    }
    RuleGroup {
        name: node.get("name").map_or_else(
            || Text::at(document.place(node.span), ""),
            |name| Text::of(document, name),
        ),
        interval: node
            .get("interval")
            .and_then(|node| node.scalar_text().parse().ok()),
        labels: pairs(document, node.get("labels")),
        rules: found,
    }
}
