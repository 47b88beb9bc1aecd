//! What an experienced engineer knows about metrics, exporters and versions: the typed, validated
//! view of the data under `templates/`.
//!
//! Everything here is pure: texts in, knowledge or a list of mistakes out. A new kind of data file is one
//! variant of `DataFile` in [`load`], one field of [`Catalogue`] and one file of this module.

pub mod alert;
pub mod alert_test;
pub mod availability;
pub mod closest;
pub mod dashboard;
pub mod directive;
pub mod evaluator;
pub mod explain;
pub mod exporter;
pub mod flag;
pub mod grafana;
pub mod image;
pub mod instrumentation;
mod knowledge;
pub mod load;
pub mod metric;
pub mod panel;
pub mod permission;
pub mod prefix;
pub mod series;
pub mod threshold;
pub mod title;
pub mod version;

#[cfg(test)]
mod tests;

use indexmap::IndexMap;

pub use alert::{Alert, AlertCatalogue, AlertGroup, RecordingRule, Severity};
pub use availability::{Availability, Circumstances, Needs, Product, Reason, ServerKind};
pub use closest::{Suggestion, nearest};
pub use dashboard::{DashboardLibrary, LibraryDashboard, LibrarySection};
pub use directive::{Directive, DirectiveKind, DirectiveLookup, Directives};
pub use evaluator::{Evaluator, Evaluators};
pub use exporter::{Exporter, Flag, Included, Part, Resolved};
pub use flag::ProgramFlag;
pub use grafana::GrafanaTypes;
pub use image::{Image, Images};
pub use instrumentation::{Indicator, IndicatorName, Indicators, LabelMatch};
pub use load::CatalogueError;
use load::Scrutiny;
pub use metric::{Domain, Metric, MetricType, Semantic, Topic, Unit, Zero};
pub use panel::{
    Color, Feature, GrafanaUnit, LibraryPanel, LibraryQuery, PanelKind, PanelSize, QueryStyle,
    Stacking, State, Step,
};
pub use permission::Permission;
pub use prefix::{Evidence, MetricPrefix, MetricPrefixes};
pub use threshold::{Direction, ThresholdDefinition, ThresholdUnit};
pub use title::TitleWords;
pub use version::{Since, Tool, Version};

/// All we know, checked.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Catalogue {
    exporters: IndexMap<String, Exporter>,
    tools: IndexMap<String, Tool>,
    prefixes: MetricPrefixes,
    images: Images,
    flags: Vec<ProgramFlag>,
    grafana: GrafanaTypes,
    evaluators: Evaluators,
    titles: TitleWords,
    directives: Directives,
    dashboards: DashboardLibrary,
    alerting: AlertCatalogue,
}

/// What the catalogue knows about a metric name.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Known<'c> {
    /// A metric, or a series of one.
    Metric(Resolved<'c>),
    /// One of the names that an exporter makes at run time.
    Dynamic(&'c Exporter, &'c exporter::DynamicFamily),
    /// A metric of older versions only.
    Removed(&'c Exporter, &'c exporter::RemovedMetric),
    /// A name that never existed.
    Misnomer(&'c Exporter, &'c exporter::Misnomer),
}

impl Catalogue {
    /// Reads data files. Paths are relative to `templates/`, with `/`; files that are no data of the
    /// catalogue are passed over. Reports every mistake it finds, not only the first.
    pub fn load<'t>(
        files: impl IntoIterator<Item = (&'t str, &'t str)>,
    ) -> Result<Self, Vec<CatalogueError>> {
        Self::load_with(files, Scrutiny::Full)
    }

    fn load_with<'t>(
        files: impl IntoIterator<Item = (&'t str, &'t str)>,
        scrutiny: Scrutiny,
    ) -> Result<Self, Vec<CatalogueError>> {
        let files: Vec<(&str, &str)> = files.into_iter().collect();
        let (dashboards, catalogue) = rayon::join(
            || DashboardLibrary::load(files.iter().copied(), scrutiny),
            || load::load(files.iter().copied(), scrutiny),
        );
        match (dashboards, catalogue) {
            (Ok(dashboards), Ok(catalogue)) => Ok(Self {
                dashboards,
                ..catalogue
            }),
            (dashboards, catalogue) => Err(dashboards
                .err()
                .into_iter()
                .chain(catalogue.err())
                .flatten()
                .collect()),
        }
    }

    /// The catalogue inside the binary. It was checked by the tests; only debug builds check it again at every start, so that
    /// whoever changes the data sees at once what is wrong with it.
    pub fn embedded() -> Result<Self, Vec<CatalogueError>> {
        let scrutiny = match cfg!(debug_assertions) {
            true => Scrutiny::Full,
            false => Scrutiny::Shape,
        };
        Self::load_with(crate::template::data(), scrutiny)
    }

    /// All exporters, sorted by name.
    pub fn exporters(&self) -> impl Iterator<Item = &Exporter> {
        self.exporters.values()
    }

    /// The exporter called `name`.
    pub fn exporter(&self, name: &str) -> Option<&Exporter> {
        self.exporters.get(name)
    }

    /// The tool called `name`, with the version we pin.
    pub fn tool(&self, name: &str) -> Option<&Tool> {
        self.tools.get(name)
    }

    /// All tools in the order of `versions.yaml`.
    pub fn tools(&self) -> impl Iterator<Item = &Tool> {
        self.tools.values()
    }

    /// Prefixes of metric names and the technology behind them.
    pub fn prefixes(&self) -> &MetricPrefixes {
        &self.prefixes
    }

    /// What runs in which image.
    pub const fn images(&self) -> &Images {
        &self.images
    }

    /// Flags that not every version of a program has.
    pub fn flags(&self) -> &[ProgramFlag] {
        &self.flags
    }

    /// What Grafana has without plugins.
    pub const fn grafana(&self) -> &GrafanaTypes {
        &self.grafana
    }

    /// What reads files of Prometheus, and more than it does.
    pub const fn evaluators(&self) -> &Evaluators {
        &self.evaluators
    }

    /// What words in titles speak of.
    pub const fn titles(&self) -> &TitleWords {
        &self.titles
    }

    /// What may stand in a redis.conf.
    pub const fn directives(&self) -> &Directives {
        &self.directives
    }

    /// Panels and dashboards.
    pub const fn dashboards(&self) -> &DashboardLibrary {
        &self.dashboards
    }

    /// Alerts, thresholds and recording rules.
    pub fn alerting(&self) -> &AlertCatalogue {
        &self.alerting
    }

    /// The metric of which `name` is a series, whichever exporter it belongs to, under default namespaces.
    pub fn metric(&self, name: &str) -> Option<Resolved<'_>> {
        self.exporters().find_map(|exporter| exporter.resolve(name))
    }

    /// Whether a metric is 1 while all is well, and 0 otherwise: by its entry, or by that of its prefix.
    pub fn tells_health(&self, name: &str) -> bool {
        match self.metric(name) {
            Some(resolved) => resolved.metric.tells_health(),
            None => {
                let prefix = self.prefixes.of(name);
                prefix.is_some_and(|prefix| prefix.health.as_deref() == Some(name))
            }
        }
    }

    /// What `name` is, under default namespaces.
    pub fn know(&self, name: &str) -> Option<Known<'_>> {
        self.metric(name).map(Known::Metric).or_else(|| {
            self.exporters()
                .find_map(|exporter| exporter.know_beyond_metrics(name))
        })
    }

    /// What `name` is at an exporter that runs with `namespace`, the metrics of its client library included.
    pub fn know_at<'c>(
        &'c self,
        exporter: &'c Exporter,
        name: &str,
        namespace: Option<&str>,
    ) -> Option<Known<'c>> {
        let renamed = match namespace {
            Some(namespace) => exporter.default_name(name, namespace),
            None => Some(name.to_owned()),
        };
        let own = renamed.and_then(|name| {
            exporter
                .resolve(&name)
                .map(Known::Metric)
                .or_else(|| exporter.know_beyond_metrics(&name))
        });
        own.or_else(|| {
            let library = self.exporter(&self.included(exporter, name)?.exporter)?;
            library
                .resolve(name)
                .map(Known::Metric)
                .or_else(|| library.know_beyond_metrics(name))
        })
    }

    /// Whether an exporter exposes `name` under these circumstances, `None` for a name it does not
    /// know at all. `name` is as the exporter exposes it, so under the namespace of `circumstances`.
    pub fn availability(
        &self,
        exporter: &Exporter,
        name: &str,
        circumstances: &Circumstances,
    ) -> Option<Availability> {
        let known = self.know_at(exporter, name, circumstances.namespace.as_deref())?;
        Some(match known {
            Known::Metric(Resolved {
                exporter: owner, ..
            })
            | Known::Dynamic(owner, _)
                if owner.name != exporter.name =>
            {
                self.included(exporter, name)?
                    .availability(exporter, circumstances)
            }
            Known::Metric(resolved) => resolved.metric.availability(exporter, circumstances),
            Known::Dynamic(_, family) => family.availability(exporter, circumstances),
            Known::Removed(_, removed) => match circumstances.exporter {
                Some(version) if version < removed.removed_in => Availability::Available,
                version => Availability::Unavailable(Reason::Removed {
                    until: removed.removed_in,
                    version: version.unwrap_or(removed.removed_in),
                }),
            },
            Known::Misnomer(..) => return None,
        })
    }

    /// The client library's part of `exporter` that `name` belongs to.
    fn included<'c>(&self, exporter: &'c Exporter, name: &str) -> Option<&'c Included> {
        exporter
            .includes
            .iter()
            .find(|included| name.starts_with(&included.prefix))
    }
}

impl Exporter {
    /// What `name` is besides a metric of the newest version.
    fn know_beyond_metrics(&self, name: &str) -> Option<Known<'_>> {
        self.removed(name)
            .map(|removed| Known::Removed(self, removed))
            .or_else(|| self.misnomer(name).map(|m| Known::Misnomer(self, m)))
            .or_else(|| self.dynamic_family(name).map(|d| Known::Dynamic(self, d)))
    }
}
