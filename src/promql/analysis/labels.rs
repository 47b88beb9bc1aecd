//! What is known of the labels of a result.

use std::sync::Arc;

use arcstr::ArcStr;

use super::super::NodeId;

/// Whether the series of a result have a label.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presence {
    /// Every series has it, with a value that is not empty.
    Always,
    /// Nothing in the expression decides it.
    Maybe,
    /// No series has it.
    Never,
}

/// What is known of one label.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LabelFacts {
    /// Whether it is there.
    pub presence: Presence,
    /// Its value, where every series has the same.
    pub value: Option<ArcStr>,
    /// The node that took it away, where it is never there.
    pub removed_by: Option<NodeId>,
}

impl LabelFacts {
    pub(super) const MAYBE: Self = Self {
        presence: Presence::Maybe,
        value: None,
        removed_by: None,
    };

    pub(super) const ALWAYS: Self = Self {
        presence: Presence::Always,
        value: None,
        removed_by: None,
    };

    pub(super) fn value(value: &str) -> Self {
        Self {
            presence: Presence::Always,
            value: Some(value.into()),
            removed_by: None,
        }
    }

    pub(super) const fn never(removed_by: Option<NodeId>) -> Self {
        Self {
            presence: Presence::Never,
            value: None,
            removed_by,
        }
    }

    /// Of a label that both sides must share: what is certain of one is certain of both.
    pub(super) fn meet(&self, other: &Self) -> Self {
        match (self.presence, other.presence) {
            (Presence::Never, _) => self.clone(),
            (_, Presence::Never) => other.clone(),
            (Presence::Always, _) => Self {
                value: self.value.clone().or_else(|| other.value.clone()),
                ..self.clone()
            },
            _ => other.clone(),
        }
    }

    /// Of a label of series that come from either side.
    pub(super) fn join(&self, other: &Self) -> Self {
        match (self.presence, other.presence) {
            (Presence::Always, Presence::Always) => Self {
                value: self
                    .value
                    .clone()
                    .filter(|value| Some(value) == other.value.as_ref()),
                ..Self::ALWAYS
            },
            (Presence::Never, Presence::Never) => self.clone(),
            _ => Self::MAYBE,
        }
    }
}

/// So many labels are told apart; what a longer list says of further ones is forgotten.
const MOST_LABELS: usize = 256;

/// What is known of all labels of a result, [`METRIC_NAME`](super::super::METRIC_NAME) among them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Labels {
    /// By name, in order. A vector, because it holds a few of them, and every node of every expression has one.
    known: Vec<(ArcStr, LabelFacts)>,
    /// Of every label that is not listed.
    others: LabelFacts,
}

impl Labels {
    /// Any labels, none of them certain.
    pub(super) const fn any() -> Self {
        Self {
            known: Vec::new(),
            others: LabelFacts::MAYBE,
        }
    }

    /// No labels, because of `removed_by`.
    pub(super) const fn none(removed_by: Option<NodeId>) -> Self {
        Self {
            known: Vec::new(),
            others: LabelFacts::never(removed_by),
        }
    }

    /// These, for as long as the expression lives, so without room for more.
    pub(super) fn kept(mut self) -> Arc<Self> {
        self.known.shrink_to_fit();
        Arc::new(self)
    }

    /// What is known of `label`.
    pub fn get(&self, label: &str) -> &LabelFacts {
        match self.place(label) {
            Ok(place) => &self.known[place].1,
            Err(_) => &self.others,
        }
    }

    /// Where a label is listed, or would be.
    fn place(&self, label: &str) -> Result<usize, usize> {
        self.known.binary_search_by(|(name, _)| (**name).cmp(label))
    }

    /// Whether series have `label`.
    pub fn presence(&self, label: &str) -> Presence {
        self.get(label).presence
    }

    /// Whether labels can be there that [`Labels::known`] does not list.
    pub fn may_have_others(&self) -> bool {
        self.others.presence != Presence::Never
    }

    /// The labels of which something is known, by name.
    pub fn known(&self) -> impl Iterator<Item = (&str, &LabelFacts)> {
        self.known.iter().map(|(label, facts)| (&**label, facts))
    }

    /// The labels that can be there and are known by name.
    pub fn possible(&self) -> impl Iterator<Item = &str> {
        self.known()
            .filter(|(_, facts)| facts.presence != Presence::Never)
            .map(|(label, _)| label)
    }

    pub(super) fn set(&mut self, label: &str, facts: LabelFacts) {
        match self.place(label) {
            Ok(place) if facts == self.others => drop(self.known.remove(place)),
            Ok(place) => self.known[place].1 = facts,
            Err(_) if facts == self.others => {}
            Err(place) if self.known.len() < MOST_LABELS => {
                self.known.insert(place, (label.into(), facts));
            }
            // What cannot be listed must not be denied.
            Err(_) => self.others = LabelFacts::MAYBE,
        }
    }

    /// Forgets what was certain: every label may now be there, or not.
    pub(super) fn blur(&mut self) {
        *self = Self::any();
    }

    /// Label by label, what `combine` makes of both.
    pub(super) fn combine(
        &self,
        other: &Self,
        combine: impl Fn(&str, &LabelFacts, &LabelFacts) -> LabelFacts,
    ) -> Self {
        let mut out = Self {
            known: Vec::new(),
            others: combine("", &self.others, &other.others),
        };
        for (label, _) in self.known.iter().chain(&other.known) {
            let facts = combine(label, self.get(label), other.get(label));
            out.set(label, facts);
        }
        out
    }
}
