//! What a setup says, computed once: services, scrape jobs, rules, routes, dashboards, expressions, and which of them
//! loads which. Lints read facts and nothing else.

pub mod alertmanager;
pub mod alerts;
pub mod compose;
pub mod container;
pub mod dashboard;
pub mod datasource;
pub mod dockerfile;
mod elements;
pub mod evaluator;
pub mod expression;
pub mod given;
pub mod grafana_alerting;
pub mod grafana_ini;
pub mod image;
pub mod interpolation;
pub mod kubernetes;
pub mod knowledge;
pub mod matcher;
pub mod metric;
pub mod metrics_page;
pub mod missing_metric;
pub mod prometheus;
pub mod provider;
pub mod provisioning;
pub mod rules;
mod overview;
pub mod scalars;
mod scraped;
pub mod secret;
pub mod substitution;
pub mod suppression;
pub mod text;

use std::collections::BTreeMap;
use std::sync::OnceLock;

use alertmanager::Alertmanager;
use compose::{ComposeProject, ComposeService};
use dashboard::{Dashboard, Panel};
use datasource::Datasource;
use expression::{Expression, ExpressionId, Expressions, Origin};
use given::Given;
use grafana_alerting::{GrafanaNotifications, GrafanaRule};
use knowledge::Metrics;
use kubernetes::Kubernetes;
use prometheus::{PrometheusServer, ScrapeJob, ServiceId};
use provider::DashboardProvider;
use rules::{PromRule, RuleFile, RuleKind};
pub use scraped::Scraped;
use suppression::Suppressions;

use crate::catalogue::{Catalogue, Version};
use crate::setup::Setup;

/// What a setup says.
#[derive(Debug)]
pub struct Facts<'a> {
    /// The setup.
    pub setup: &'a Setup,
    /// What is known of the world.
    pub catalogue: &'a Catalogue,
    /// What Kubernetes objects say.
    pub kubernetes: Kubernetes,
    /// Compose projects by directory.
    pub projects: Vec<ComposeProject>,
    /// Every `prometheus.yml`.
    pub prometheus: Vec<PrometheusServer>,
    /// Scrape jobs that stand in no `prometheus.yml`. Whoever has them may scrape more.
    pub lone_jobs: Vec<ScrapeJob>,
    /// Every rule file.
    pub rule_files: Vec<RuleFile>,
    /// Every `alertmanager.yml`.
    pub alertmanagers: Vec<Alertmanager>,
    /// Every provisioned datasource.
    pub datasources: Vec<Datasource>,
    /// Every dashboard provider.
    pub providers: Vec<DashboardProvider>,
    /// Every dashboard.
    pub dashboards: Vec<Dashboard>,
    /// Every rule that Grafana evaluates.
    pub grafana_rules: Vec<GrafanaRule>,
    /// Contact points and policies of Grafana, by file.
    pub grafana_notifications: Vec<GrafanaNotifications>,
    /// Every PromQL expression, rules first.
    pub expressions: Vec<Expression>,
    /// Names that recording rules of the setup give, and the expression of each; `None` where several rules give one name.
    pub recorded: BTreeMap<String, Option<ExpressionId>>,
    /// What comments ask not to be told.
    pub suppressions: Suppressions,
    /// What is known of the setup beyond its files.
    pub given: &'a Given,
    scrapes_applications: OnceLock<bool>,
    has_victoria_metrics: OnceLock<bool>,
    has_alloy: OnceLock<bool>,
}

impl<'a> Facts<'a> {
    /// Reads the facts out of a setup of which nothing else is known.
    pub fn of(setup: &'a Setup, catalogue: &'a Catalogue) -> Self {
        Self::knowing(setup, catalogue, Given::nothing())
    }

    /// Reads the facts out of a setup.
    pub fn knowing(setup: &'a Setup, catalogue: &'a Catalogue, given: &'a Given) -> Self {
        let projects = compose::projects(setup, catalogue);
        let mut prometheus = prometheus::servers(setup, catalogue, &projects);
        given.complete_servers(&mut prometheus);
        let mut expressions = Expressions::default();
        let rule_files = rules::rule_files(
            setup,
            catalogue.evaluators(),
            &projects,
            &prometheus,
            &mut expressions,
        );
        let datasources = datasource::datasources(setup);
        let providers = provider::providers(setup, &projects);
        let mut dashboards = dashboard::dashboards(setup, &datasources, &mut expressions);
        for dashboard in &mut dashboards {
            let path = &setup.document(dashboard.document).path;
            let loading = providers
                .iter()
                .enumerate()
                .filter(|(_, provider)| provider.files.iter().any(|file| **file == **path));
            dashboard.loaded_by = loading.map(|(index, _)| index).collect();
        }
        let grafana_rules = grafana_alerting::rules(setup, &datasources, &mut expressions);
        let mut recorded = BTreeMap::new();
        for (_, rule) in rule_files.iter().flat_map(RuleFile::rules) {
            if rule.kind == RuleKind::Recording {
                recorded
                    .entry(rule.name.value.to_string())
                    .and_modify(|known| *known = None)
                    .or_insert(rule.expression);
            }
        }
        let metrics = Metrics::new(
            catalogue,
            recorded.keys().cloned().collect(),
            &given.metrics,
        );
        let mut alertmanagers = alertmanager::alertmanagers(setup, &projects);
        given.complete_alertmanagers(&mut alertmanagers);
        Self {
            kubernetes: Kubernetes::of(setup),
            alertmanagers,
            suppressions: suppression::suppressions(setup),
            given,
            grafana_notifications: grafana_alerting::notifications(setup),
            expressions: expressions.read(&metrics),
            setup,
            catalogue,
            lone_jobs: prometheus::lone_jobs(setup, catalogue, &projects),
            projects,
            prometheus,
            rule_files,
            datasources,
            providers,
            dashboards,
            grafana_rules,
            recorded,
            scrapes_applications: OnceLock::new(),
            has_victoria_metrics: OnceLock::new(),
            has_alloy: OnceLock::new(),
        }
    }

    /// The expression of that number. Panics on a number of other facts.
    pub fn expression(&self, id: ExpressionId) -> &Expression {
        &self.expressions[id.0 as usize]
    }

    /// What the only recording rule called `name` computes.
    pub fn recording(&self, name: &str) -> Option<&Expression> {
        let id = (*self.recorded.get(name)?)?;
        Some(self.expression(id))
    }

    /// The service of that name and project.
    pub fn service(&self, id: &ServiceId) -> Option<&ComposeService> {
        self.projects.get(id.project)?.services.get(&id.service)
    }

    /// The oldest Grafana of the setup, as far as versions are known.
    pub fn grafana_version(&self) -> Option<Version> {
        let services = self
            .projects
            .iter()
            .flat_map(|project| project.running("grafana"));
        services
            .filter_map(ComposeService::version)
            .min()
            .or_else(|| self.given.version("grafana"))
    }

    /// The rule that an expression belongs to, and its file.
    pub fn rule_of(&self, expression: &Expression) -> Option<(&RuleFile, &PromRule)> {
        let Origin::Rule { file, group, rule } = expression.origin else {
            return None;
        };
        let file = self.rule_files.get(file)?;
        Some((file, file.groups.get(group)?.rules.get(rule)?))
    }

    /// The panel that an expression belongs to, and its dashboard.
    pub fn panel_of(&self, expression: &Expression) -> Option<(&Dashboard, &Panel)> {
        let Origin::Panel {
            dashboard, panel, ..
        } = expression.origin
        else {
            return None;
        };
        let dashboard = self.dashboards.get(dashboard)?;
        Some((dashboard, dashboard.panels.get(panel)?))
    }

    /// What an expression is for, in words that complete "in …": "alert `RedisDown`".
    pub fn owner(&self, expression: &Expression) -> String {
        match expression.origin {
            Origin::Rule { .. } => {
                self.rule_of(expression)
                    .map_or_else(String::new, |(_, rule)| {
                        let kind = match rule.kind {
                            RuleKind::Alerting => "alert",
                            RuleKind::Recording => "recording rule",
                        };
                        format!("{kind} `{}`", rule.name.as_str())
                    })
            }
            Origin::Panel { .. } => self
                .panel_of(expression)
                .map_or_else(String::new, |(_, panel)| panel.named()),
            Origin::Variable {
                dashboard,
                variable,
            } => self
                .dashboards
                .get(dashboard)
                .and_then(|dashboard| dashboard.variables.get(variable))
                .map_or_else(String::new, |variable| {
                    format!("variable `{}`", variable.name.as_str())
                }),
            Origin::Annotation { .. } => "an annotation query".into(),
            Origin::GrafanaRule { rule, .. } => self
                .grafana_rules
                .get(rule)
                .map_or_else(String::new, |rule| {
                    format!("Grafana's alert rule `{}`", rule.title.as_str())
                }),
        }
    }

    /// Whether alerts depend on an expression.
    pub fn is_alerting(&self, expression: &Expression) -> bool {
        match expression.origin {
            Origin::Rule { .. } => self
                .rule_of(expression)
                .is_some_and(|(_, rule)| rule.kind == RuleKind::Alerting),
            Origin::GrafanaRule { .. } => true,
            _ => false,
        }
    }
}
