//! The kinds of documents that a setup has.

use crate::check::formats::Format;

/// What a document is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// A Compose file, whole or overlay.
    Compose,
    /// `prometheus.yml`.
    Prometheus,
    /// Scrape jobs alone: in the values of a Helm chart, for the Prometheus operator, of an OpenTelemetry collector.
    ScrapeConfigs,
    /// Alerting and recording rules of Prometheus.
    Rules,
    /// Unit tests of rules, for promtool.
    RuleTests,
    /// Targets for file-based discovery.
    Targets,
    /// `alertmanager.yml`.
    Alertmanager,
    /// Templates of Alertmanager's notifications.
    NotificationTemplate,
    /// A dashboard: classic, or of the newer schema with `elements`.
    Dashboard,
    /// A dashboard wrapped as Grafana's API answers it: `{"dashboard": …}`.
    DashboardExport,
    /// Provisioned datasources.
    Datasources,
    /// Provisioned dashboard providers.
    DashboardProviders,
    /// Provisioned alert rules, contact points, notification policies.
    GrafanaAlerting,
    /// `grafana.ini`.
    GrafanaIni,
    /// Configuration of the blackbox exporter.
    Blackbox,
    /// `redis.conf`, `sentinel.conf`.
    RedisConf,
    /// Variables for Compose: `.env`.
    EnvFile,
    /// How an image is built.
    Dockerfile,
    /// A shell script, perhaps an image's entry point.
    Script,
    /// What CI runs.
    Workflow,
    /// Promtail.
    Promtail,
    /// Loki.
    Loki,
    /// Rules in Loki's language.
    LokiRules,
    /// Tempo.
    Tempo,
    /// Mimir.
    Mimir,
    /// The OpenTelemetry collector.
    OpenTelemetry,
    /// Grafana Alloy, in its own language.
    Alloy,
    /// What a mixin renders to in one object: dashboards by file name, groups of rules. Each is a document of its own.
    Mixin,
    /// A Kubernetes object. What it wraps is a document of its own.
    Kubernetes,
    /// Values of a Helm chart that brings a monitoring stack.
    HelmValues,
}

impl Kind {
    /// Every kind, in the order in which they are listed.
    pub const ALL: [Self; 30] = [
        Self::Compose,
        Self::Dockerfile,
        Self::EnvFile,
        Self::Script,
        Self::Kubernetes,
        Self::HelmValues,
        Self::Prometheus,
        Self::ScrapeConfigs,
        Self::Targets,
        Self::Rules,
        Self::RuleTests,
        Self::Blackbox,
        Self::Alertmanager,
        Self::NotificationTemplate,
        Self::Datasources,
        Self::DashboardProviders,
        Self::Dashboard,
        Self::DashboardExport,
        Self::GrafanaAlerting,
        Self::GrafanaIni,
        Self::RedisConf,
        Self::Loki,
        Self::LokiRules,
        Self::Promtail,
        Self::Tempo,
        Self::Mimir,
        Self::OpenTelemetry,
        Self::Alloy,
        Self::Mixin,
        Self::Workflow,
    ];

    /// One such document, in words.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Compose => "compose file",
            Self::Prometheus => "prometheus.yml",
            Self::ScrapeConfigs => "list of scrape jobs",
            Self::Rules => "rule file",
            Self::RuleTests => "rule test file",
            Self::Targets => "target file",
            Self::Alertmanager => "alertmanager.yml",
            Self::NotificationTemplate => "notification template",
            Self::Dashboard => "dashboard",
            Self::DashboardExport => "dashboard export",
            Self::Datasources => "datasource file",
            Self::DashboardProviders => "dashboard provider file",
            Self::GrafanaAlerting => "Grafana alerting file",
            Self::GrafanaIni => "grafana.ini",
            Self::Blackbox => "blackbox configuration",
            Self::RedisConf => "redis.conf",
            Self::EnvFile => "environment file",
            Self::Dockerfile => "Dockerfile",
            Self::Script => "script",
            Self::Workflow => "CI workflow",
            Self::Promtail => "Promtail configuration",
            Self::Loki => "Loki configuration",
            Self::LokiRules => "Loki rule file",
            Self::Tempo => "Tempo configuration",
            Self::Mimir => "Mimir configuration",
            Self::OpenTelemetry => "OpenTelemetry configuration",
            Self::Alloy => "Alloy configuration",
            Self::Mixin => "mixin",
            Self::Kubernetes => "Kubernetes object",
            Self::HelmValues => "Helm values file",
        }
    }

    /// The format, where one file of it can be validated by itself.
    pub const fn format(self) -> Option<Format> {
        Some(match self {
            Self::Prometheus => Format::Prometheus,
            Self::Targets => Format::Targets,
            Self::Rules => Format::Rules,
            Self::RuleTests => Format::RuleTests,
            Self::Alertmanager => Format::Alertmanager,
            Self::Datasources => Format::Datasources,
            Self::DashboardProviders => Format::DashboardProviders,
            Self::GrafanaAlerting => Format::GrafanaAlerting,
            Self::Dashboard => Format::Dashboard,
            _ => return None,
        })
    }

    /// Whether a setup that has only such documents has nothing to lint.
    pub const fn is_background(self) -> bool {
        matches!(
            self,
            Self::EnvFile
                | Self::Dockerfile
                | Self::Script
                | Self::Workflow
                | Self::Kubernetes
                | Self::HelmValues
                | Self::Alloy
        )
    }
}
