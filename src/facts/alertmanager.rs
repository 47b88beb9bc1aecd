//! Alertmanagers: routes, receivers, inhibition.

use super::compose::{ComposeProject, directory_of};
use super::container::glob_matches;
use super::matcher::LabelMatcher;
use super::prometheus::{ServiceId, reader_of};
use super::text::Text;
use crate::catalogue::Version;
use crate::document::Node;
use crate::promql::MatchOp;
use crate::setup::{Document, DocumentId, Kind, Place, Setup, joined};

/// One `alertmanager.yml`, and who runs it.
#[derive(Debug)]
pub struct Alertmanager {
    /// The configuration.
    pub document: DocumentId,
    /// The service that reads it; `None` where the setup does not tell.
    pub service: Option<ServiceId>,
    /// The version that its image pins.
    pub version: Option<Version>,
    /// The routing tree, root first and parents before children; empty where there is none.
    pub routes: Vec<Route>,
    /// Its receivers.
    pub receivers: Vec<Receiver>,
    /// Its inhibit rules.
    pub inhibit_rules: Vec<InhibitRule>,
    /// Names of its time intervals.
    pub time_intervals: Vec<Text>,
    /// Patterns of `templates`, and the files of the setup that each finds.
    pub templates: Vec<(Text, Vec<String>)>,
}

/// One route, of Alertmanager or of Grafana's notification policies.
#[derive(Debug)]
pub struct Route {
    /// Index of the route that it is under; `None` for the root.
    pub parent: Option<usize>,
    /// All of these must hold.
    pub matchers: Vec<LabelMatcher>,
    /// Whether there are matchers that could not be read: then nothing is known of what it matches.
    pub has_unread_matchers: bool,
    /// Its own receiver; `None` where it inherits one.
    pub receiver: Option<Text>,
    /// Whether the routes after it are tried as well.
    pub continues: bool,
    /// `group_by`.
    pub group_by: Vec<Text>,
    /// Its mapping.
    pub node: Node,
    /// Where to point for it as a whole: its first line.
    pub place: Place,
}

impl Route {
    /// Whether every alert that fits `other` fits this one, as far as is known.
    pub fn covers(&self, other: &Self) -> bool {
        !self.has_unread_matchers
            && !other.has_unread_matchers
            && self
                .matchers
                .iter()
                .all(|mine| other.matchers.iter().any(|theirs| mine.covers(theirs)))
    }
}

/// One receiver or contact point.
#[derive(Debug)]
pub struct Receiver {
    /// Its name.
    pub name: Text,
    /// Its integrations: the key (`email_configs`, or the type of a contact point) and its mapping.
    pub integrations: Vec<(Text, Node)>,
}

/// One inhibit rule.
#[derive(Debug)]
pub struct InhibitRule {
    /// Matchers of the alerts that silence.
    pub source: Vec<LabelMatcher>,
    /// Matchers of the alerts that are silenced.
    pub target: Vec<LabelMatcher>,
    /// Labels in which both agree.
    pub equal: Vec<Text>,
    /// Whether there are matchers that could not be read.
    pub has_unread_matchers: bool,
    /// Its mapping.
    pub node: Node,
    /// Where to point for it as a whole.
    pub place: Place,
}

/// Every `alertmanager.yml` of a setup.
pub(super) fn alertmanagers(setup: &Setup, projects: &[ComposeProject]) -> Vec<Alertmanager> {
    setup
        .of_kind(Kind::Alertmanager)
        .map(|document| alertmanager(setup, projects, document))
        .collect()
}

fn alertmanager(setup: &Setup, projects: &[ComposeProject], document: &Document) -> Alertmanager {
    let root = &document.root;
    let found = reader_of(setup, projects, document, "alertmanager", "config.file");
    let service = found
        .as_ref()
        .and_then(|(id, _)| projects.get(id.project)?.services.get(&id.service));
    let list = |key: &str| root.get(key).map_or(&[][..], |node| node.items());
    let mut routes = Vec::new();
    if let Some(route) = root.get("route") {
        collect_routes(document, route, None, &mut routes, &classic_route);
    }
    let templates = list("templates").iter().map(|pattern| {
        let text = Text::of(document, pattern);
        let files = match (&found, service) {
            (Some((_, config)), Some(service)) => {
                let absolute = match text.value.starts_with('/') {
                    true => text.value.to_string(),
                    false => format!("{}/{}", directory_of(config), text.value),
                };
                service.container.expand(setup.listing(), &absolute).files
            }
            _ => joined(directory_of(&document.path), &text.value)
                .map(|pattern| {
                    let files = setup.listing().files();
                    files
                        .filter(|file| glob_matches(&pattern, file))
                        .map(str::to_owned)
                        .collect()
                })
                .unwrap_or_default(),
        };
        (text, files)
    });
    let intervals = list("time_intervals")
        .iter()
        .chain(list("mute_time_intervals"));
    Alertmanager {
        document: document.id,
        version: service.and_then(|service| service.version()),
        routes,
        receivers: list("receivers")
            .iter()
            .filter_map(|node| receiver(document, node))
            .collect(),
        inhibit_rules: list("inhibit_rules")
            .iter()
            .map(|node| inhibit_rule(document, node))
            .collect(),
        time_intervals: intervals
            .filter_map(|node| Some(Text::of(document, node.get("name")?)))
            .collect(),
        templates: templates.collect(),
        service: found.map(|(id, _)| id),
    }
}

/// The first line of a mapping in a list.
pub fn head(document: &Document, node: &Node) -> Place {
    let span = node
        .entries()
        .first()
        .map_or(node.span, |entry| entry.key.span.join(entry.value.span));
    let line = document.text.position(span.start()).line;
    let end = document.text.line_span(line).end().max(span.start());
    document.place(crate::source::Span::new(
        span.start(),
        end.min(span.end().max(span.start())),
    ))
}

/// Reads one route without its children.
type ReadRoute = dyn Fn(&Document, &Node) -> Route;

pub(super) fn collect_routes(
    document: &Document,
    node: &Node,
    parent: Option<usize>,
    routes: &mut Vec<Route>,
    read: &ReadRoute,
) {
    let index = routes.len();
    routes.push(Route {
        parent,
        ..read(document, node)
    });
    for child in node.get("routes").map_or(&[][..], |node| node.items()) {
        collect_routes(document, child, Some(index), routes, read);
    }
}

fn classic_route(document: &Document, node: &Node) -> Route {
    let (matchers, has_unread_matchers) =
        matchers(document, node, ["matchers", "match", "match_re"]);
    Route {
        parent: None,
        matchers,
        has_unread_matchers,
        receiver: node.get("receiver").map(|node| Text::of(document, node)),
        continues: node
            .get("continue")
            .is_some_and(|node| node.scalar_text() == "true"),
        group_by: texts(document, node.get("group_by")),
        node: node.clone(),
        place: head(document, node),
    }
}

fn texts(document: &Document, node: Option<&Node>) -> Vec<Text> {
    node.map_or(&[][..], |node| node.items())
        .iter()
        .map(|item| Text::of(document, item))
        .collect()
}

/// Matchers under the newer key and the two older ones, and whether some could not be read.
fn matchers(
    document: &Document,
    node: &Node,
    [newer, equal, regex]: [&str; 3],
) -> (Vec<LabelMatcher>, bool) {
    let mut all = Vec::new();
    let mut has_unread = false;
    for item in node.get(newer).map_or(&[][..], |node| node.items()) {
        match LabelMatcher::parse(&Text::of(document, item)) {
            Some(matchers) => all.extend(matchers),
            None => has_unread = true,
        }
    }
    for (key, comparison) in [(equal, MatchOp::Equal), (regex, MatchOp::Regex)] {
        for entry in node.get(key).map_or(&[][..], |node| node.entries()) {
            let place = document.place(entry.key.span.join(entry.value.span));
            all.push(LabelMatcher::new(
                &entry.key.text,
                comparison,
                entry.value.scalar_text(),
                place,
            ));
        }
    }
    (all, has_unread)
}

fn receiver(document: &Document, node: &Node) -> Option<Receiver> {
    let integrations = node
        .entries()
        .iter()
        .filter(|entry| entry.key.text.ends_with("_configs"));
    Some(Receiver {
        name: Text::of(document, node.get("name")?),
        integrations: integrations
            .flat_map(|entry| {
                let key = Text::of_key(document, &entry.key);
                entry
                    .value
                    .items()
                    .iter()
                    .map(move |item| (key.clone(), item.clone()))
            })
            .collect(),
    })
}

fn inhibit_rule(document: &Document, node: &Node) -> InhibitRule {
    let (source, source_unread) = matchers(
        document,
        node,
        ["source_matchers", "source_match", "source_match_re"],
    );
    let (target, target_unread) = matchers(
        document,
        node,
        ["target_matchers", "target_match", "target_match_re"],
    );
    InhibitRule {
        source,
        target,
        equal: texts(document, node.get("equal")),
        has_unread_matchers: source_unread || target_unread,
        node: node.clone(),
        place: head(document, node),
    }
}
