//! How labels pass through functions, aggregations and operators.

use super::super::node::{
    Aggregation, Binary, Call, Grouping, Kind, METRIC_NAME, Matcher, Matching, Name, Selector, Side,
};
use super::super::operator::{AggregateOp, BinaryOp, MatchOp, Sign};
use super::super::{NodeId, Parsed, ValueType, regexp};
use super::labels::{LabelFacts, Labels, Presence};
use super::{ImpossibleMatch, Knowledge, RemovedLabel};
use crate::source::Span;
use std::sync::Arc;

/// Labels of every node, and the places where they cannot be what the author meant.
pub(super) struct Flow<'a> {
    parsed: &'a Parsed,
    knowledge: &'a dyn Knowledge,
    pub labels: Vec<Arc<Labels>>,
    pub removed: Vec<RemovedLabel>,
    pub impossible: Vec<ImpossibleMatch>,
}

impl<'a> Flow<'a> {
    pub fn of(parsed: &'a Parsed, knowledge: &'a dyn Knowledge) -> Self {
        let mut flow = Self {
            parsed,
            knowledge,
            labels: Vec::with_capacity(parsed.node_count()),
            removed: Vec::new(),
            impossible: Vec::new(),
        };
        let nothing = Arc::new(Labels::none(None));
        for (id, node) in parsed.nodes() {
            let labels = match &node.kind {
                _ if node.value_type == ValueType::Duration => Arc::clone(&nothing),
                Kind::Number(_) | Kind::String(_) => Arc::clone(&nothing),
                Kind::Selector(selector) => flow.selector(selector).kept(),
                Kind::Range(range) => flow.get(range.selector),
                Kind::Subquery(subquery) => flow.get(subquery.expr),
                Kind::Paren(inner) | Kind::Unary(Sign::Plus, inner) => flow.get(*inner),
                Kind::Unary(Sign::Minus, inner) => flow.without_name(*inner, id),
                Kind::Call(call) => flow.call(call, id),
                Kind::Aggregation(aggregation) => flow.aggregation(aggregation, id).kept(),
                Kind::Binary(binary) => flow.binary(binary, id),
                Kind::Variable(_) | Kind::Invalid => Arc::new(Labels::any()),
            };
            flow.labels.push(labels);
        }
        flow
    }

    fn get(&self, id: NodeId) -> Arc<Labels> {
        self.labels
            .get(id.index())
            .map_or_else(|| Arc::new(Labels::any()), Arc::clone)
    }

    /// The labels of `inner` without the metric name, which `by` takes away.
    fn without_name(&self, inner: NodeId, by: NodeId) -> Arc<Labels> {
        let labels = self.get(inner);
        if labels.presence(METRIC_NAME) == Presence::Never {
            return labels;
        }
        let mut labels = Labels::clone(&labels);
        labels.set(METRIC_NAME, LabelFacts::never(Some(by)));
        labels.kept()
    }

    fn selector(&self, selector: &Selector) -> Labels {
        let mut labels = Labels::any();
        if let Some(facts) = selector
            .metric_name()
            .and_then(|name| self.knowledge.metric(name))
            && let Some(all) = facts.labels
        {
            labels = Labels::none(None);
            for label in all {
                labels.set(&label, LabelFacts::MAYBE);
            }
        }
        labels.set(
            METRIC_NAME,
            match selector.metric_name() {
                Some(name) => LabelFacts::value(name),
                None => LabelFacts::ALWAYS,
            },
        );
        for matcher in selector.label_matchers() {
            if let Some(facts) = matched(matcher) {
                let known = labels.get(&matcher.label.text).meet(&facts);
                labels.set(&matcher.label.text, known);
            }
        }
        labels
    }

    fn call(&mut self, call: &Call, id: NodeId) -> Arc<Labels> {
        let Some(function) = call.function else {
            return Arc::new(Labels::any());
        };
        let vector = function
            .arguments
            .iter()
            .position(|argument| matches!(argument, ValueType::Vector | ValueType::Matrix))
            .and_then(|index| call.arguments.get(index).copied());
        let Some(vector) = vector else {
            return Arc::new(Labels::none(Some(id)));
        };
        match function.name {
            "scalar" => Arc::new(Labels::none(Some(id))),
            "absent" | "absent_over_time" => self.absent(vector, id).kept(),
            "last_over_time" | "first_over_time" | "sort" | "sort_desc" | "sort_by_label"
            | "sort_by_label_desc" => self.get(vector),
            "info" => self.info(vector, call.arguments.get(1).copied()).kept(),
            "label_replace" => self.label_replace(call, vector, id).kept(),
            "label_join" => self.label_join(call, vector, id).kept(),
            "histogram_quantile" | "histogram_fraction" | "histogram_quantiles" => {
                let mut labels = Labels::clone(&self.without_name(vector, id));
                labels.set("le", LabelFacts::never(Some(id)));
                if function.name == "histogram_quantiles" {
                    match call.arguments.get(1).and_then(|label| self.string(*label)) {
                        Some(label) => labels.set(&label, LabelFacts::ALWAYS),
                        None => labels.blur(),
                    }
                }
                labels.kept()
            }
            _ => self.without_name(vector, id),
        }
    }

    /// A string argument that no Grafana variable changes.
    fn string(&self, id: NodeId) -> Option<String> {
        match &self.parsed[id].kind {
            Kind::String(text) if !text.has_variables => Some(text.text().into_owned()),
            _ => None,
        }
    }

    /// What stands within parentheses.
    fn peel(&self, mut id: NodeId) -> NodeId {
        while let Kind::Paren(inner) = self.parsed[id].kind {
            id = inner;
        }
        id
    }

    /// `absent` makes labels of the `=` matchers of a selector, where there is one for the label.
    fn absent(&self, argument: NodeId, id: NodeId) -> Labels {
        let argument = self.peel(argument);
        let selector = match &self.parsed[argument].kind {
            Kind::Selector(selector) => Some(selector),
            Kind::Range(range) => match &self.parsed[range.selector].kind {
                Kind::Selector(selector) => Some(selector),
                _ => None,
            },
            Kind::Variable(_) | Kind::Invalid => return Labels::any(),
            _ => None,
        };
        let mut labels = Labels::none(Some(id));
        let Some(selector) = selector else {
            return labels;
        };
        if !selector.placeholders.is_empty() {
            return Labels::any();
        }
        let mut seen: Vec<&str> = Vec::new();
        for matcher in selector.label_matchers().take(256) {
            let label = &*matcher.label.text;
            let is_first = !seen.contains(&label);
            seen.push(label);
            if matcher.op != MatchOp::Equal || !is_first {
                labels.set(label, LabelFacts::never(Some(id)));
            } else if let Some(facts) = matched(matcher) {
                labels.set(label, facts);
            }
        }
        labels
    }

    fn info(&self, vector: NodeId, matchers: Option<NodeId>) -> Labels {
        let mut labels = Labels::clone(&self.get(vector));
        let selector = matchers.map(|matchers| &self.parsed[matchers].kind);
        match selector {
            Some(Kind::Selector(selector)) if !selector.matchers.is_empty() => {
                for matcher in selector.label_matchers() {
                    let label = &*matcher.label.text;
                    if labels.presence(label) != Presence::Always {
                        labels.set(label, LabelFacts::MAYBE);
                    }
                }
                labels
            }
            _ => {
                let any = Labels::any();
                labels.combine(&any, |_, known, _| match known.presence {
                    Presence::Always => known.clone(),
                    _ => LabelFacts::MAYBE,
                })
            }
        }
    }

    fn label_replace(&mut self, call: &Call, vector: NodeId, id: NodeId) -> Labels {
        let mut labels = Labels::clone(&self.get(vector));
        let text =
            |flow: &Self, index: usize| call.arguments.get(index).and_then(|id| flow.string(*id));
        let (Some(target), Some(replacement), Some(source), Some(pattern)) =
            (text(self, 1), text(self, 2), text(self, 3), text(self, 4))
        else {
            labels.blur();
            return labels;
        };
        if let Some(argument) = call.arguments.get(3) {
            self.use_label(&labels, &source, self.parsed[*argument].span, id);
        }
        let matches_empty = regexp::read(&pattern).is_ok_and(|pattern| pattern.matches_empty);
        // No label has an empty name: as source, it is the idiom for setting a label in any case.
        let source_is_empty = source.is_empty() || labels.presence(&source) == Presence::Never;
        let matches_all = matches!(pattern.as_str(), ".*" | "(.*)" | "^.*$" | "^(.*)$")
            || (matches!(pattern.as_str(), ".+" | "(.+)")
                && labels.presence(&source) == Presence::Always)
            || (source_is_empty && matches_empty);
        let applies_never = source_is_empty && !matches_empty;
        if applies_never {
            return labels;
        }
        let facts = if replacement.is_empty() && matches_all {
            LabelFacts::never(Some(id))
        } else if replacement.is_empty() {
            labels.get(&target).join(&LabelFacts::never(Some(id)))
        } else {
            let replaced = if replacement.contains('$') {
                // What a group matches can be empty; text around it cannot.
                let has_text = replacement
                    .split('$')
                    .next()
                    .is_some_and(|text| !text.is_empty());
                let copies_certain = matches!(pattern.as_str(), ".*" | "(.*)" | ".+" | "(.+)")
                    && labels.presence(&source) == Presence::Always;
                if has_text || copies_certain {
                    LabelFacts::ALWAYS
                } else {
                    LabelFacts::MAYBE
                }
            } else {
                LabelFacts::value(&replacement)
            };
            if matches_all {
                replaced
            } else {
                labels.get(&target).join(&replaced)
            }
        };
        labels.set(&target, facts);
        labels
    }

    fn label_join(&mut self, call: &Call, vector: NodeId, id: NodeId) -> Labels {
        let mut labels = Labels::clone(&self.get(vector));
        let strings: Option<Vec<(String, Span)>> = call
            .arguments
            .iter()
            .skip(1)
            .map(|argument| {
                self.string(*argument)
                    .map(|text| (text, self.parsed[*argument].span))
            })
            .collect();
        let Some([(target, _), (separator, _), sources @ ..]) = strings.as_deref() else {
            labels.blur();
            return labels;
        };
        let mut any_always = sources.len() > 1 && !separator.is_empty();
        let mut all_never = !any_always;
        for (source, span) in sources {
            self.use_label(&labels, source, *span, id);
            any_always |= labels.presence(source) == Presence::Always;
            all_never &= labels.presence(source) == Presence::Never;
        }
        let facts = match (any_always, all_never) {
            (true, _) => LabelFacts::ALWAYS,
            (false, true) => LabelFacts::never(Some(id)),
            (false, false) => LabelFacts::MAYBE,
        };
        labels.set(target, facts);
        labels
    }

    /// Notes that `label` is used where an inner part has taken it away.
    fn use_label(&mut self, labels: &Labels, label: &str, span: Span, user: NodeId) {
        // `label_replace(v, "added", "value", "", "")` sets a label in any case.
        if label.is_empty() {
            return;
        }
        let facts = labels.get(label);
        if facts.presence == Presence::Never
            && let Some(removed_by) = facts.removed_by
        {
            self.removed.push(RemovedLabel {
                label: label.to_owned(),
                span,
                user,
                removed_by,
            });
        }
    }

    fn use_labels(&mut self, labels: &Labels, names: &[Name], user: NodeId) {
        for name in names.iter().filter(|name| !name.has_variables) {
            self.use_label(labels, &name.text, name.span, user);
        }
    }

    fn aggregation(&mut self, aggregation: &Aggregation, id: NodeId) -> Labels {
        let inner = self.get(aggregation.expr);
        let no_labels: &[Name] = &[];
        let (without, names) = match &aggregation.grouping {
            Some(Grouping {
                without, labels, ..
            }) => (*without, labels.as_slice()),
            None => (false, no_labels),
        };
        if !without {
            self.use_labels(&inner, names, id);
        }
        if aggregation.op.keeps_series() {
            return Labels::clone(&inner);
        }
        let mut labels = if without {
            let mut labels = Labels::clone(&inner);
            labels.set(METRIC_NAME, LabelFacts::never(Some(id)));
            for name in names {
                labels.set(&name.text, LabelFacts::never(Some(id)));
            }
            labels
        } else {
            let mut labels = Labels::none(Some(id));
            for name in names {
                labels.set(&name.text, inner.get(&name.text).clone());
            }
            labels
        };
        if names.iter().any(|name| name.has_variables) || aggregation.op == AggregateOp::Variable {
            labels.blur();
        }
        if aggregation.op == AggregateOp::CountValues {
            match aggregation
                .parameter
                .and_then(|parameter| self.string(parameter))
            {
                Some(label) => labels.set(&label, LabelFacts::ALWAYS),
                None => labels.blur(),
            }
        }
        labels
    }

    fn binary(&mut self, binary: &Binary, id: NodeId) -> Arc<Labels> {
        let (left_type, right_type) = (
            self.parsed[binary.left].value_type,
            self.parsed[binary.right].value_type,
        );
        let drops_name = binary.op.is_arithmetic() || binary.return_bool.is_some();
        match (left_type, right_type) {
            (ValueType::Scalar, ValueType::Scalar) => return Arc::new(Labels::none(None)),
            (ValueType::Vector, ValueType::Scalar) if drops_name => {
                return self.without_name(binary.left, id);
            }
            (ValueType::Scalar, ValueType::Vector) if drops_name => {
                return self.without_name(binary.right, id);
            }
            (ValueType::Vector, ValueType::Scalar) => return self.get(binary.left),
            (ValueType::Scalar, ValueType::Vector) => return self.get(binary.right),
            (ValueType::Vector, ValueType::Vector) => {}
            _ => return Arc::new(Labels::any()),
        }
        if binary.op == BinaryOp::Variable {
            return Arc::new(Labels::any());
        }
        let (left, right) = (self.get(binary.left), self.get(binary.right));
        if let Some(matching) = binary.matching.as_ref().filter(|matching| matching.on) {
            self.use_labels(&left, &matching.labels, id);
            self.use_labels(&right, &matching.labels, id);
        }
        if binary.op == BinaryOp::Or {
            return left
                .combine(&right, |_, left, right| left.join(right))
                .kept();
        }
        self.find_impossible(binary, &left, &right, id);
        if binary.op.is_set() {
            return left;
        }
        self.matched_vectors(binary, &left, &right, id).kept()
    }

    /// The labels of an arithmetic operator or comparison between two vectors.
    fn matched_vectors(
        &mut self,
        binary: &Binary,
        left: &Labels,
        right: &Labels,
        id: NodeId,
    ) -> Labels {
        let matching = binary.matching.as_ref();
        let cardinality = matching.and_then(|matching| matching.cardinality.as_ref());
        let (many, one) = match cardinality.map(|modifier| modifier.side) {
            Some(Side::Right) => (right, left),
            _ => (left, right),
        };
        let is_filled = binary.fill.span.is_some();
        let mut labels = many.combine(one, |label, many, one| {
            if !is_matched(matching, label) {
                many.clone()
            } else if is_filled {
                many.join(one)
            } else {
                many.meet(one)
            }
        });
        // Labels of which only the list knows: both sides agree on those of `on`, the many side keeps those of `ignoring`.
        for name in matching.iter().flat_map(|matching| &matching.labels) {
            let label = &*name.text;
            let facts = match (is_matched(matching, label), is_filled) {
                (false, _) => many.get(label).clone(),
                (true, false) => many.get(label).meet(one.get(label)),
                (true, true) => many.get(label).join(one.get(label)),
            };
            labels.set(label, facts);
        }
        let drops_name = binary.op.is_arithmetic() || binary.return_bool.is_some();
        if drops_name {
            labels.set(METRIC_NAME, LabelFacts::never(Some(id)));
        }
        let has_variables = |names: &[Name]| names.iter().any(|name| name.has_variables);
        match (matching, cardinality) {
            (Some(matching), None) if matching.on => {
                let mut kept = Labels::none(Some(id));
                for name in &matching.labels {
                    kept.set(&name.text, labels.get(&name.text).clone());
                }
                labels = kept;
            }
            (Some(matching), None) => {
                for name in &matching.labels {
                    labels.set(&name.text, LabelFacts::never(Some(id)));
                }
            }
            (_, Some(modifier)) => {
                self.use_labels(one, &modifier.labels, id);
                for name in &modifier.labels {
                    labels.set(&name.text, one.get(&name.text).clone());
                }
            }
            (None, None) => {}
        }
        let is_open = matching.is_some_and(|matching| has_variables(&matching.labels))
            || cardinality.is_some_and(|modifier| has_variables(&modifier.labels));
        if is_open {
            labels.blur();
        }
        labels
    }

    /// Notes labels on which two sides must agree and never do.
    fn find_impossible(&mut self, binary: &Binary, left: &Labels, right: &Labels, id: NodeId) {
        let matching = binary.matching.as_ref();
        if binary.fill.span.is_some()
            || binary.op == BinaryOp::Unless
            || matching
                .is_some_and(|matching| matching.labels.iter().any(|name| name.has_variables))
        {
            return;
        }
        let mut names: Vec<&str> = left
            .known()
            .chain(right.known())
            .map(|(label, _)| label)
            .collect();
        names.sort_unstable();
        names.dedup();
        for label in names
            .into_iter()
            .filter(|label| is_matched(matching, label))
        {
            let (on_left, on_right) = (left.get(label), right.get(label));
            let differs = match (on_left.presence, on_right.presence) {
                (Presence::Always, Presence::Never) | (Presence::Never, Presence::Always) => true,
                (Presence::Always, Presence::Always) => {
                    matches!((&on_left.value, &on_right.value), (Some(one), Some(two)) if one != two)
                }
                _ => false,
            };
            if differs {
                self.impossible.push(ImpossibleMatch {
                    node: id,
                    label: label.to_owned(),
                    left: on_left.clone(),
                    right: on_right.clone(),
                });
            }
        }
    }
}

/// Whether two sides must agree on `label`; the metric name only counts where `on` names it.
fn is_matched(matching: Option<&Matching>, label: &str) -> bool {
    let is_named = |matching: &Matching| matching.labels.iter().any(|name| &*name.text == label);
    match matching {
        Some(matching) if matching.on => is_named(matching),
        Some(matching) => label != METRIC_NAME && !is_named(matching),
        None => label != METRIC_NAME,
    }
}

/// What a matcher says of its label; `None` where it says nothing.
fn matched(matcher: &Matcher) -> Option<LabelFacts> {
    if matcher.value.has_variables || matcher.label.has_variables {
        return None;
    }
    let value = matcher.value.text();
    match matcher.op {
        MatchOp::Equal if value.is_empty() => Some(LabelFacts::never(None)),
        MatchOp::Equal => Some(LabelFacts::value(&value)),
        MatchOp::NotEqual => value.is_empty().then_some(LabelFacts::ALWAYS),
        MatchOp::Regex | MatchOp::NotRegex => {
            let matches_empty = regexp::read(&value).ok()?.matches_empty;
            (matches_empty != (matcher.op == MatchOp::Regex)).then_some(LabelFacts::ALWAYS)
        }
    }
}
