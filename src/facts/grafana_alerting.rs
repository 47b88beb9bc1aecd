//! What Grafana's own alerting is provisioned with.

use super::alertmanager::{Receiver, Route, collect_routes, head};
use super::datasource::Datasource;
use super::expression::{ExpressionId, Expressions, Origin, Unread};
use super::matcher::LabelMatcher;
use super::prometheus::pairs;
use super::text::Text;
use crate::document::Node;
use crate::promql::BinaryOp;
use crate::setup::{Document, DocumentId, Kind, Place, Setup, is_logql};

/// One alert rule that Grafana evaluates.
#[derive(Debug)]
pub struct GrafanaRule {
    /// The file.
    pub document: DocumentId,
    /// Name of its group.
    pub group: String,
    /// Its title.
    pub title: Text,
    /// Its uid.
    pub uid: Option<Text>,
    /// `condition`: the refId that decides.
    pub condition: Option<Text>,
    /// Its labels.
    pub labels: Vec<(Text, Text)>,
    /// Its annotations.
    pub annotations: Vec<(Text, Text)>,
    /// `noDataState`.
    pub no_data_state: Option<Text>,
    /// Its queries and expressions.
    pub queries: Vec<GrafanaRuleQuery>,
    /// Where to point for it as a whole.
    pub place: Place,
    /// Its mapping.
    pub node: Node,
}

/// One entry of a rule's `data`.
#[derive(Debug)]
pub struct GrafanaRuleQuery {
    /// `refId`.
    pub ref_id: Option<Text>,
    /// `datasourceUid`.
    pub datasource: Option<Text>,
    /// The query, where it is one of a datasource.
    pub text: Option<Text>,
    /// The expression, where it is PromQL.
    pub expression: Option<ExpressionId>,
    /// Its mapping.
    pub node: Node,
    /// Where to point for it as a whole.
    pub place: Place,
}

/// A condition that compares one query with a number.
#[derive(Debug, Clone, Copy)]
pub struct GrafanaCondition<'r> {
    /// `gt` or `lt`.
    pub op: BinaryOp,
    /// The first of its `params`.
    pub number: f64,
    /// Its mapping.
    pub evaluator: &'r Node,
    /// The query of a datasource whose values it compares.
    pub query: &'r GrafanaRuleQuery,
}

impl GrafanaRule {
    /// What the rule's condition asks, where it says so, and of which query.
    pub fn threshold(&self) -> Option<GrafanaCondition<'_>> {
        let named = |name: &str| {
            self.queries
                .iter()
                .find(|query| query.ref_id.as_ref().is_some_and(|id| id.as_str() == name))
        };
        let last = named(self.condition.as_ref()?.as_str())?;
        let model = last.node.get("model")?;
        let (op, number, evaluator) = comparison(model)?;
        let mut input = input(model)?;
        // Reductions of one series keep its value within the same bounds.
        for _ in 0..self.queries.len() {
            let query = named(input)?;
            if query.expression.is_some() {
                return Some(GrafanaCondition {
                    op,
                    number,
                    evaluator,
                    query,
                });
            }
            let model = query.node.get("model")?;
            let reducer = model
                .get("reducer")
                .map_or("last", |node| node.scalar_text());
            if model.get("type")?.scalar_text() != "reduce"
                || !matches!(reducer, "last" | "min" | "max" | "mean" | "median")
            {
                return None;
            }
            input = self::input(model)?;
        }
        None
    }
}

/// The refId that an expression reads.
fn input(model: &Node) -> Option<&str> {
    let expression = model
        .get("expression")
        .map(|node| node.scalar_text().trim_start_matches('$'))
        .filter(|text| !text.is_empty());
    expression.or_else(|| {
        let first = model.get("conditions")?.items().first()?;
        Some(
            first
                .get("query")?
                .get("params")?
                .items()
                .first()?
                .scalar_text(),
        )
    })
}

/// Operator, number and mapping of the only evaluator of an expression.
fn comparison(model: &Node) -> Option<(BinaryOp, f64, &Node)> {
    if !matches!(
        model.get("type")?.scalar_text(),
        "threshold" | "classic_conditions"
    ) {
        return None;
    }
    // Of several conditions none decides alone.
    let [condition] = model.get("conditions")?.items() else {
        return None;
    };
    let evaluator = condition.get("evaluator")?;
    let op = match evaluator.get("type")?.scalar_text() {
        "gt" => BinaryOp::Greater,
        "lt" => BinaryOp::Less,
        _ => return None,
    };
    let number = evaluator.get("params")?.items().first()?.scalar_text();
    let number = number.parse().ok()?;
    Some((op, number, evaluator))
}

/// The rest of one provisioning file.
#[derive(Debug)]
pub struct GrafanaNotifications {
    /// The file.
    pub document: DocumentId,
    /// Contact points.
    pub contact_points: Vec<Receiver>,
    /// Notification policies as trees, one after another: a route without a parent begins one.
    pub policies: Vec<Route>,
    /// Names of mute timings.
    pub mute_times: Vec<Text>,
}

/// Every rule that Grafana evaluates.
pub(super) fn rules(
    setup: &Setup,
    datasources: &[Datasource],
    expressions: &mut Expressions,
) -> Vec<GrafanaRule> {
    let mut rules = Vec::new();
    for document in setup.of_kind(Kind::GrafanaAlerting) {
        for group in document
            .root
            .get("groups")
            .map_or(&[][..], |node| node.items())
        {
            let name = group.get("name").map_or("", |node| node.scalar_text());
            for node in group.get("rules").map_or(&[][..], |node| node.items()) {
                let index = rules.len();
                let text = |key: &str| node.get(key).map(|node| Text::of(document, node));
                let data = node.get("data").map_or(&[][..], |node| node.items());
                rules.push(GrafanaRule {
                    document: document.id,
                    group: name.to_owned(),
                    title: text("title").unwrap_or_else(|| Text::at(head(document, node), "")),
                    uid: text("uid"),
                    no_data_state: text("noDataState"),
                    place: head(document, node),
                    condition: text("condition"),
                    labels: pairs(document, node.get("labels")),
                    annotations: pairs(document, node.get("annotations")),
                    queries: data
                        .iter()
                        .enumerate()
                        .map(|(query, node)| {
                            rule_query(document, node, datasources, (index, query), expressions)
                        })
                        .collect(),
                    node: node.clone(),
                });
            }
        }
    }
    rules
}

fn rule_query(
    document: &Document,
    node: &Node,
    datasources: &[Datasource],
    (rule, query): (usize, usize),
    expressions: &mut Expressions,
) -> GrafanaRuleQuery {
    let datasource = node
        .get("datasourceUid")
        .map(|node| Text::of(document, node));
    let model = node.get("model");
    let text = model
        .and_then(|model| model.get("expr"))
        .filter(|node| node.as_str().is_some())
        .map(|node| Text::of(document, node));
    let kind = datasource.as_ref().and_then(|uid| {
        datasources
            .iter()
            .find(|datasource| datasource.uid == uid.as_str())
            .map(|datasource| datasource.kind.as_str())
    });
    let is_promql = text.as_ref().is_some_and(|text| match kind {
        Some(kind) => kind.contains("prometheus"),
        None => !text.value.trim().is_empty() && !is_logql(&text.value),
    });
    let expression = text.clone().filter(|_| is_promql).map(|text| {
        expressions.add(Unread {
            text,
            origin: Origin::GrafanaRule { rule, query },
            version: None,
        })
    });
    GrafanaRuleQuery {
        ref_id: node.get("refId").map(|node| Text::of(document, node)),
        datasource,
        text,
        expression,
        node: node.clone(),
        place: head(document, node),
    }
}

/// Contact points, policies and mute timings, by file.
pub(super) fn notifications(setup: &Setup) -> Vec<GrafanaNotifications> {
    setup
        .of_kind(Kind::GrafanaAlerting)
        .map(|document| {
            let list = |key: &str| document.root.get(key).map_or(&[][..], |node| node.items());
            let mut policies = Vec::new();
            for policy in list("policies") {
                collect_routes(document, policy, None, &mut policies, &policy_route);
            }
            // The export of another tool wraps each policy once more.
            for policy in list("notificationPolicies")
                .iter()
                .filter_map(|node| node.get("policy"))
            {
                collect_routes(document, policy, None, &mut policies, &policy_route);
            }
            GrafanaNotifications {
                document: document.id,
                contact_points: list("contactPoints")
                    .iter()
                    .filter_map(|node| contact_point(document, node))
                    .collect(),
                policies,
                mute_times: list("muteTimes")
                    .iter()
                    .filter_map(|node| Some(Text::of(document, node.get("name")?)))
                    .collect(),
            }
        })
        .collect()
}

fn contact_point(document: &Document, node: &Node) -> Option<Receiver> {
    let receivers = node.get("receivers").map_or(&[][..], |node| node.items());
    Some(Receiver {
        name: Text::of(document, node.get("name")?),
        integrations: receivers
            .iter()
            .filter_map(|receiver| {
                Some((Text::of(document, receiver.get("type")?), receiver.clone()))
            })
            .collect(),
    })
}

fn policy_route(document: &Document, node: &Node) -> Route {
    let mut matchers = Vec::new();
    let mut has_unread_matchers = false;
    for item in node.get("matchers").map_or(&[][..], |node| node.items()) {
        let text = Text::of(document, item);
        let place = head(document, item);
        let field = |key: &str| item.get(key).map(|node| node.scalar_text());
        let parsed = match item.as_str() {
            Some(_) => LabelMatcher::parse(&text),
            None => field("name").zip(field("value")).and_then(|(name, value)| {
                let operator = field("matchType").unwrap_or("=");
                LabelMatcher::of_operator(name, operator, value, place).map(|matcher| vec![matcher])
            }),
        };
        match parsed {
            Some(parsed) => matchers.extend(parsed),
            None => has_unread_matchers = true,
        }
    }
    for item in node
        .get("object_matchers")
        .map_or(&[][..], |node| node.items())
    {
        let place = document.place(item.span);
        let parts: Vec<&str> = item.items().iter().map(|node| node.scalar_text()).collect();
        let parsed = match parts.as_slice() {
            [name, operator, value] => LabelMatcher::of_operator(name, operator, value, place),
            _ => None,
        };
        match parsed {
            Some(parsed) => matchers.push(parsed),
            None => has_unread_matchers = true,
        }
    }
    let group_by = ["group_by", "groupBy", "groupByStr"]
        .iter()
        .find_map(|key| node.get(key));
    Route {
        parent: None,
        matchers,
        has_unread_matchers,
        receiver: node.get("receiver").map(|node| Text::of(document, node)),
        continues: node
            .get("continue")
            .is_some_and(|node| node.scalar_text() == "true"),
        group_by: group_by
            .map_or(&[][..], |node| node.items())
            .iter()
            .map(|item| Text::of(document, item))
            .collect(),
        node: node.clone(),
        place: head(document, node),
    }
}
