//! Parts that panels of applications are made of.

use indexmap::IndexMap;

use crate::catalogue::{GrafanaUnit, LibraryPanel, LibraryQuery, PanelKind, QueryStyle, Stacking};
use crate::template::promql_string;

/// A PromQL string that Grafana cannot take for one with variables in it.
pub(super) fn literal(text: &str) -> String {
    promql_string(text)
        .replace('$', r"\x24")
        .replace("[[", r"\x5b\x5b")
}

pub(super) fn panel(
    title: String,
    description: String,
    kind: PanelKind,
    unit: GrafanaUnit,
) -> LibraryPanel {
    LibraryPanel {
        title,
        description,
        note: None,
        kind,
        size: None,
        needs: Vec::new(),
        queries: Vec::new(),
        unit,
        decimals: None,
        min: Some(0.0),
        max: None,
        threshold: None,
        steps: Vec::new(),
        states: IndexMap::new(),
        stacking: Stacking::None,
        sparkline: false,
        columns: IndexMap::new(),
        no_value: None,
    }
}

impl LibraryPanel {
    pub(super) fn asking(mut self, legend: impl Into<String>, expr: String) -> Self {
        self.queries.push(LibraryQuery {
            expr,
            legend: legend.into(),
            instant: false,
            style: QueryStyle::Normal,
            fallback: false,
        });
        self
    }

    pub(super) fn at_most(mut self, max: f64) -> Self {
        self.max = Some(max);
        self
    }

    pub(super) fn without_minimum(mut self) -> Self {
        self.min = None;
        self
    }

    pub(super) fn stacked(mut self) -> Self {
        self.stacking = Stacking::Normal;
        self
    }

    pub(super) fn coloured_by(mut self, threshold: &str) -> Self {
        self.threshold = Some(threshold.into());
        self
    }

    pub(super) fn or_else_shows(mut self, text: &str) -> Self {
        self.no_value = Some(text.into());
        self
    }
}

pub(super) fn graph(title: &str, description: &str, unit: GrafanaUnit) -> LibraryPanel {
    panel(
        title.into(),
        description.into(),
        PanelKind::Timeseries,
        unit,
    )
}

pub(super) fn legend_of(label: &str) -> String {
    format!("{{{{{label}}}}}")
}

pub(super) fn quantile(quantile: f64, buckets: &str, label: Option<&str>) -> String {
    let label = label.map_or_else(String::new, |label| format!(", {label}"));
    format!(
        "histogram_quantile({quantile}, sum by (le{label}) (rate({buckets}[$__rate_interval])))"
    )
}

pub(super) fn quantiles(panel: LibraryPanel, buckets: &str) -> LibraryPanel {
    [("p50", 0.5), ("p95", 0.95), ("p99", 0.99)]
        .into_iter()
        .fold(panel, |panel, (legend, value)| {
            panel.asking(legend, quantile(value, buckets, None))
        })
}
