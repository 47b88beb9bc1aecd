use super::{ComposeContext, compose};
use crate::artifact::{
    self, AlertmanagerContext, BlackboxContext, BuildError, ConsumerContext, EnvExampleContext,
    PrometheusContext, ProvisioningContext, ReadmeContext, ReadmeCounts, VerifyContext,
};
use crate::bundle::Bundle;
use crate::model::alert::{Alerting, Evaluator};
use crate::model::{Stack, address, prometheus, scrape};
use crate::template::Templates;

/// Rules that all Prometheus servers together load; `None` where they evaluate none.
fn loaded_rules(stack: &Stack<'_>) -> Option<usize> {
    let count = |alerting: &Alerting<'_>| alerting.recording.len() + alerting.rules().count();
    let common = match stack.alerting.evaluator {
        Evaluator::Ruler => return None,
        Evaluator::EachShard => stack.counting.len() * count(&stack.alerting),
        Evaluator::Prometheus | Evaluator::Shard(_) => count(&stack.alerting),
    };
    Some(common + stack.counting.iter().map(count).sum::<usize>())
}

/// The bundle of one environment: every artifact at its place.
///
/// # Errors
///
/// A template that does not render, or a name that makes no path.
pub fn assemble(stack: &Stack<'_>, templates: &Templates) -> Result<Bundle, BuildError> {
    let profile = stack.name.as_str();
    let environment = stack.environment.as_str();
    let mut artifacts = artifact::prometheus(
        PrometheusContext {
            profile,
            environment,
            scrape: stack.profile.scrape,
            external_labels: &stack.external_labels,
            alertmanager: &scrape::alertmanager(&stack.profile),
            jobs: &stack.jobs,
            servers: &stack.prometheus_servers,
            sources: &prometheus::sources(&stack.profile),
            alerting: &stack.alerting,
            counting: &stack.counting,
            storages: &stack.storages,
        },
        templates,
    )?;
    let rules = || std::iter::once(&stack.alerting).chain(&stack.counting);
    for alerting in rules() {
        artifacts.extend(artifact::rules(alerting, templates)?);
        artifacts.extend(artifact::rule_tests(alerting, templates)?);
    }
    artifacts.extend(artifact::alertmanager(
        AlertmanagerContext {
            profile,
            environment,
            notification: &stack.notification,
        },
        templates,
    )?);
    artifacts.extend(artifact::grafana_provisioning(
        &ProvisioningContext {
            prometheus: &stack.query_endpoint,
            alertmanager: &scrape::alertmanager(&stack.profile),
            loki: stack.profile.logs.as_ref().map(|logs| logs.url.as_str()),
            scrape_interval: stack.profile.scrape.interval,
            dashboards: &stack.dashboards,
        },
        templates,
    )?);
    artifacts.extend(artifact::dashboards(
        &stack.dashboards,
        stack.profile.scrape.interval,
        templates,
    )?);
    artifacts.extend(artifact::redis_confs(
        &stack.services,
        &stack.exporter_users,
        templates,
    )?);
    artifacts.extend(artifact::consumers(
        ConsumerContext {
            environment,
            consumers: &stack.consumers,
            services: &stack.services,
        },
        templates,
    )?);
    artifacts.extend(artifact::key_scripts(&stack.exporters, templates)?);
    artifacts.extend(artifact::blackbox(
        BlackboxContext {
            profile,
            environment,
            probes: &stack.profile.probes,
        },
        templates,
    )?);
    artifacts.push(artifact::verify(
        VerifyContext {
            profile,
            environment,
            services: &stack.services,
            jobs: &stack.jobs,
            rules: loaded_rules(stack),
            query_endpoint: &stack.query_endpoint,
        },
        templates,
    )?);
    artifacts.extend(artifact::application_metrics(
        &stack.profile,
        environment,
        &stack.applications,
        templates,
    )?);
    let runbooks = artifact::runbooks(stack, templates)?;
    if address::has_compose(&stack.profile) {
        artifacts.push(compose(
            ComposeContext {
                profile,
                environment,
                services: &stack.services,
                secrets: &stack.secrets,
            },
            templates,
        )?);
    }
    artifacts.push(artifact::env_example(
        EnvExampleContext {
            profile,
            environment,
            secrets: &stack.secrets,
        },
        templates,
    )?);
    let listed: Vec<(String, String)> = runbooks
        .iter()
        .map(|(title, artifact)| (title.clone(), artifact.path.to_string()))
        .collect();
    let dashboards: Vec<(String, String)> = stack
        .dashboards
        .iter()
        .map(|dashboard| {
            let link = format!(
                "{}/d/{}",
                stack.services.grafana.external_url, dashboard.uid
            );
            (dashboard.title.clone(), link)
        })
        .collect();
    let servers = stack.prometheus_servers.iter();
    let ports = servers
        .map(|server| server.service.as_str())
        .chain(["alertmanager", "blackbox-exporter"])
        .filter_map(|service| Some((service, address::port(&stack.profile, service)?)))
        .collect();
    artifacts.push(artifact::readme(
        ReadmeContext {
            profile,
            description: &stack.profile.description,
            environment,
            has_compose: address::has_compose(&stack.profile),
            ports: &ports,
            has_applications: !stack.applications.is_empty(),
            services: &stack.services,
            secrets: &stack.secrets,
            runbooks: &listed,
            dashboards: &dashboards,
            counts: ReadmeCounts {
                servers: stack.server_count(),
                alerts: rules().flat_map(Alerting::rules).count(),
            },
            series: &stack.series,
            exporter_users: &stack.exporter_users,
            consumers: &stack.consumers,
            evaluator: stack.alerting.evaluator,
            storages: &stack.storages,
            query_endpoint: &stack.query_endpoint,
        },
        templates,
    )?);
    artifacts.extend(runbooks.into_iter().map(|(_, artifact)| artifact));
    Ok(Bundle::new(artifacts)?)
}
