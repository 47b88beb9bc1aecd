//! `alertmanager/routes`: who is told of which alert. That receivers, time intervals and matchers are what Alertmanager
//! accepts is part of `bundle/schema`.

use std::collections::{BTreeMap, BTreeSet};

use super::inspection::{Document, Inspection};
use super::matcher::{KnownLabels, LabelMatcher, Truth};
use super::rules::{Rule, alerts};
use crate::bundle::Kind;
use crate::check::ExpectedRoute;
use crate::diagnostic::Diagnostic;
use crate::document::{Node, Value};
use crate::profile::suggestion;
use crate::source::Span;

pub(super) const NAME: &str = "alertmanager/routes";

pub(super) fn check(inspection: &Inspection<'_>) -> Vec<Diagnostic> {
    let alerts = alerts(inspection);
    let known: Vec<(Rule<'_>, KnownLabels<'_>)> = alerts
        .into_iter()
        .map(|alert| (alert, known_labels(alert)))
        .collect();
    inspection
        .of_kind(Kind::AlertmanagerConfig)
        .flat_map(|document| {
            let mut routing = Routing {
                document,
                alerts: &known,
                findings: Vec::new(),
            };
            routing.check();
            routing.findings
        })
        .collect()
}

fn known_labels(alert: Rule<'_>) -> KnownLabels<'_> {
    let mut labels = BTreeMap::from([("alertname", Some(alert.name()))]);
    for (name, value) in alert.labels() {
        let is_made = value.contains("{{");
        labels.insert(name, (!is_made).then_some(value));
    }
    KnownLabels { labels }
}

/// Where alerts end up whatever labels their series bring: the alerts whose own labels decide every route that they are
/// asked about.
pub(super) fn certain(inspection: &Inspection<'_>) -> Vec<ExpectedRoute> {
    let documents = inspection.of_kind(Kind::AlertmanagerConfig);
    let trees = documents.filter_map(|document| Some(route(document.tree.get("route")?, None)));
    let trees: Vec<Route<'_>> = trees.collect();
    let [tree] = trees.as_slice() else {
        return Vec::new();
    };
    let expected = alerts(inspection).into_iter().filter_map(|alert| {
        let known = known_labels(alert);
        let mut receivers = Vec::new();
        if !decide(tree, &known, &mut receivers)? {
            return None;
        }
        let labels = known.labels.into_iter();
        Some(ExpectedRoute {
            // A label that a template makes decides nothing here, or `decide` had given up.
            labels: labels
                .filter_map(|(name, value)| Some((name.to_owned(), value?.to_owned())))
                .collect(),
            receivers,
        })
    });
    let mut expected: Vec<ExpectedRoute> = expected.collect();
    // Levels of one alert often have the same labels.
    expected.sort_by(|a, b| a.labels.cmp(&b.labels));
    expected.dedup_by(|a, b| a.labels == b.labels);
    expected
}

/// Whether the route takes the alert, and whom it tells, in order; `None` where that depends on labels that only the
/// firing alert has.
fn decide(
    route: &Route<'_>,
    labels: &KnownLabels<'_>,
    receivers: &mut Vec<String>,
) -> Option<bool> {
    match labels.fits_all(&route.matchers) {
        Truth::No => return Some(false),
        Truth::Maybe => return None,
        Truth::Yes => {}
    }
    let mut is_taken = false;
    for child in &route.routes {
        if decide(child, labels, receivers)? {
            is_taken = true;
            if !child.continues {
                break;
            }
        }
    }
    if !is_taken {
        receivers.extend(route.receiver.map(str::to_owned));
    }
    Some(true)
}

/// A route, read.
struct Route<'i> {
    node: &'i Node,
    receiver: Option<&'i str>,
    matchers: Vec<LabelMatcher>,
    continues: bool,
    routes: Vec<Route<'i>>,
}

struct Routing<'r, 'i> {
    document: &'i Document<'i>,
    alerts: &'r [(Rule<'i>, KnownLabels<'i>)],
    findings: Vec<Diagnostic>,
}

impl<'i> Routing<'_, 'i> {
    fn error(&mut self, span: Span, message: String, help: Option<String>) {
        let mut diagnostic = self.document.error(NAME, span, message);
        diagnostic.help = help;
        self.findings.push(diagnostic);
    }

    fn check(&mut self) {
        let root = &self.document.tree;
        let Some(top) = root.get("route") else {
            return;
        };
        let receivers = named(root, "receivers");
        let mut routed = BTreeSet::new();
        name_receivers(top, &mut routed);
        for (name, span) in &receivers {
            if !routed.contains(name) {
                let message = format!("no route leads to the receiver `{name}`");
                let help = "route alerts to it, or remove it".to_owned();
                self.error(*span, message, Some(help));
            }
        }
        let route = route(top, None);
        if !self.alerts.is_empty() {
            self.reach(&route, &receivers);
        }
        self.inhibit_rules(root);
    }

    /// Follows every alert down the tree: it has to arrive somewhere, and every route has to be taken by one.
    fn reach(&mut self, root: &Route<'i>, receivers: &BTreeMap<&'i str, Span>) {
        let mut taken = BTreeSet::new();
        for (alert, labels) in self.alerts {
            let mut reached = BTreeSet::new();
            follow(root, labels, &mut taken, &mut reached);
            if !reached.iter().any(|name| receivers.contains_key(name)) {
                let message = format!("`{}` reaches no receiver", alert.name());
                let span = alert.head.value.span;
                self.findings
                    .push(alert.document.error(NAME, span, message));
            }
        }
        self.untaken(root, &taken);
    }

    fn untaken(&mut self, route: &Route<'i>, taken: &BTreeSet<Span>) {
        if !taken.contains(&route.node.span) {
            // Its children are not reached either, which goes without saying.
            let receiver = route.receiver.unwrap_or_default();
            let message = format!("no alert takes this route to `{receiver}`");
            let help = "no alert fits its matchers, or an earlier route takes them all; remove it";
            return self.error(route.node.span, message, Some(help.to_owned()));
        }
        for child in &route.routes {
            self.untaken(child, taken);
        }
    }

    fn inhibit_rules(&mut self, root: &'i Node) {
        let rules = root.get("inhibit_rules").into_iter();
        for rule in rules.flat_map(|rules| rules.items()) {
            for (key, side) in [
                ("source_matchers", "mutes nothing"),
                ("target_matchers", "has nothing to mute"),
            ] {
                let matchers = matchers(rule, key);
                let Some(list) = rule.get(key) else { continue };
                if self.alerts.is_empty() || self.unknown_alerts(list, &matchers) {
                    continue;
                }
                let fits_any = self
                    .alerts
                    .iter()
                    .any(|(_, labels)| labels.fits_all(&matchers) != Truth::No);
                if !fits_any {
                    let message = format!("no alert fits `{key}`: this inhibit rule {side}");
                    self.error(list.span, message, None);
                }
            }
        }
    }

    /// Tells of names in `alertname` matchers that no alert has.
    fn unknown_alerts(&mut self, list: &Node, matchers: &[LabelMatcher]) -> bool {
        let names: BTreeSet<&str> = self.alerts.iter().map(|(alert, _)| alert.name()).collect();
        let mut is_any_unknown = false;
        for matcher in matchers
            .iter()
            .filter(|matcher| matcher.name == "alertname")
        {
            for choice in matcher.choices().unwrap_or_default() {
                if names.contains(choice) {
                    continue;
                }
                is_any_unknown = true;
                let item = list.items().iter().find(|item| {
                    item.as_str()
                        .is_some_and(|text| text.contains(matcher.value.as_str()))
                });
                let message =
                    format!("an inhibit rule names `{choice}`, which no rule file defines");
                let help = suggestion(choice, names.iter().copied(), "alerts");
                self.error(item.map_or(list.span, |item| item.span), message, help);
            }
        }
        is_any_unknown
    }
}

/// Reads a route and its children.
fn route<'i>(node: &'i Node, parent: Option<&'i str>) -> Route<'i> {
    let receiver = text(node, "receiver").or(parent);
    let mut all = matchers(node, "matchers");
    for (key, is_regex) in [("match", false), ("match_re", true)] {
        let entries = node.get(key).into_iter().flat_map(|node| node.entries());
        all.extend(entries.filter_map(|entry| {
            let value = entry.value.as_str()?;
            LabelMatcher::new(&entry.key.text, value, is_regex, false).ok()
        }));
    }
    let routes = node.get("routes").into_iter();
    Route {
        node,
        receiver,
        matchers: all,
        continues: node
            .get("continue")
            .is_some_and(|value| value.value == Value::Bool(true)),
        routes: routes
            .flat_map(|routes| routes.items())
            .map(|child| route(child, receiver))
            .collect(),
    }
}

fn matchers(node: &Node, key: &str) -> Vec<LabelMatcher> {
    let items = node.get(key).into_iter().flat_map(|node| node.items());
    items
        .filter_map(|item| LabelMatcher::parse(item.as_str()?).ok())
        .collect()
}

/// Receivers that routes name.
fn name_receivers<'i>(node: &'i Node, routed: &mut BTreeSet<&'i str>) {
    routed.extend(text(node, "receiver"));
    for child in node.get("routes").into_iter().flat_map(|node| node.items()) {
        name_receivers(child, routed);
    }
}

/// Names and places of a list of mappings with `name`.
fn named<'i>(root: &'i Node, key: &str) -> BTreeMap<&'i str, Span> {
    let items = root.get(key).into_iter().flat_map(|node| node.items());
    items
        .filter_map(|item| {
            let name = item.get("name")?;
            Some((name.as_str()?, name.span))
        })
        .collect()
}

fn text<'i>(node: &'i Node, key: &str) -> Option<&'i str> {
    node.get(key).and_then(|value| value.as_str())
}

/// Adds every route and receiver that the alert may come to. True if the route certainly takes it.
fn follow<'i>(
    route: &Route<'i>,
    labels: &KnownLabels<'_>,
    taken: &mut BTreeSet<Span>,
    reached: &mut BTreeSet<&'i str>,
) -> Truth {
    let truth = labels.fits_all(&route.matchers);
    if truth == Truth::No {
        return Truth::No;
    }
    taken.insert(route.node.span);
    // The most that is certain about the children: one takes it, one may, none does.
    let mut by_child = Truth::No;
    for child in &route.routes {
        let fits = follow(child, labels, taken, reached);
        by_child = by_child.max(fits);
        if fits == Truth::Yes && !child.continues {
            break;
        }
    }
    if by_child != Truth::Yes {
        reached.extend(route.receiver);
    }
    truth
}

#[cfg(test)]
mod tests {
    use crate::catalogue::Catalogue;
    use crate::check::embedded::certain_routes;
    use crate::check::embedded::samples::{bundle, findings};

    const RULES: &str = "groups:
  - name: a
    rules:
      - {alert: RedisDown, expr: up == 0, labels: {severity: critical, group: availability}}
      - {alert: RedisMemoryHigh, expr: up == 0, labels: {severity: warning, group: saturation}}
";

    fn found(config: &str) -> Vec<String> {
        findings(
            "alertmanager/routes",
            &[
                ("alertmanager/alertmanager.yml", config),
                ("prometheus/rules/a.yml", RULES),
            ],
        )
    }

    #[test]
    fn a_tree_that_uses_all_of_itself_is_not_reported() {
        let config = r#"route:
  receiver: slack
  routes:
    - receiver: pager
      matchers: ['severity="critical"']
      continue: true
    - receiver: slack
      match_re: {group: saturation|availability}
      mute_time_intervals: [night]
      routes:
        - {receiver: mail, matchers: ['instance=~"redis://.*"']}
receivers: [{name: slack}, {name: pager}, {name: mail}]
time_intervals: [{name: night, time_intervals: []}]
inhibit_rules:
  - {source_matchers: ['alertname="RedisDown"'], target_matchers: ['alertname=~"Redis.+"', severity=warning]}
"#;
        assert_eq!(found(config), [""; 0]);
    }

    #[test]
    fn routes_are_certain_where_labels_of_rules_decide_them() {
        let config = r#"route:
  receiver: slack
  routes:
    - {receiver: pager, matchers: ['severity="critical"'], continue: true}
    - {receiver: mail, matchers: ['severity=~"critical|info"']}
    - receiver: slack
      matchers: ['severity="warning"']
      routes: [{receiver: mail, matchers: ['instance="a:9121"']}]
receivers: [{name: slack}, {name: pager}, {name: mail}]
"#;
        let bundle = bundle(&[
            ("alertmanager/alertmanager.yml", config),
            ("prometheus/rules/a.yml", RULES),
        ]);
        let catalogue = Catalogue::embedded().unwrap();
        let routes = certain_routes(&bundle, &catalogue);
        let told: Vec<_> = routes
            .iter()
            .map(|route| {
                (
                    route.labels["alertname"].as_str(),
                    route.receivers.as_slice(),
                )
            })
            .collect();
        let both: &[String] = &["pager".into(), "mail".into()];
        assert_eq!(told, [("RedisDown", both)]);
    }

    #[test]
    fn a_receiver_that_no_route_names_is_reported() {
        let config = "route: {receiver: slack}\nreceivers: [{name: slack}, {name: mail}]\n";
        assert_eq!(
            found(config),
            [
                "alertmanager/alertmanager.yml:2:35: no route leads to the receiver `mail` · help: route alerts to it, or \
                 remove it",
            ]
        );
    }

    #[test]
    fn an_alert_that_reaches_nobody_is_reported() {
        let config = "route: {receiver: nobody}\nreceivers: []\n";
        assert_eq!(
            found(config),
            [
                "prometheus/rules/a.yml:4:17: `RedisDown` reaches no receiver",
                "prometheus/rules/a.yml:5:17: `RedisMemoryHigh` reaches no receiver",
            ]
        );
    }

    #[test]
    fn a_route_that_nothing_takes_is_reported() {
        let config = "route:
  receiver: a
  routes:
    - {receiver: a, matchers: [severity=info]}
    - {receiver: a, matchers: ['severity=~\"warning|critical\"']}
    - {receiver: a, matchers: [group=saturation]}
receivers: [{name: a}]
";
        let help = "no alert fits its matchers, or an earlier route takes them all; remove it";
        assert_eq!(
            found(config),
            [4, 6].map(|line| format!(
                "alertmanager/alertmanager.yml:{line}:7: no alert takes this route to `a` · help: {help}"
            ))
        );
    }

    #[test]
    fn an_inhibit_rule_must_fit_alerts() {
        let config = "route: {receiver: a}
receivers: [{name: a}]
inhibit_rules:
  - {source_matchers: ['alertname=~\"RedisDown|RedisDwn\"'], target_matchers: [severity=warning]}
  - {source_matchers: [severity=critical], target_matchers: [severity=info]}
  - {source_matchers: [severity=page], target_matchers: [severity=warning]}
";
        assert_eq!(
            found(config),
            [
                "alertmanager/alertmanager.yml:4:24: an inhibit rule names `RedisDwn`, which no rule file defines · help: \
                 did you mean `RedisDown`?",
                "alertmanager/alertmanager.yml:5:61: no alert fits `target_matchers`: this inhibit rule has nothing to mute",
                "alertmanager/alertmanager.yml:6:23: no alert fits `source_matchers`: this inhibit rule mutes nothing",
            ]
        );
    }
}
