use super::{ComposeContext, compose};
use crate::artifact::{
    self, AlertmanagerContext, BlackboxContext, BuildError, EnvExampleContext, PrometheusContext,
    ProvisioningContext, ReadmeContext, ReadmeCounts, VerifyContext,
};
use crate::bundle::Bundle;
use crate::model::{Stack, address, scrape};
use crate::template::Templates;

/// The bundle of one environment: every artifact at its place.
///
/// # Errors
///
/// A template that does not render, or a name that makes no path.
pub fn assemble(stack: &Stack<'_>, templates: &Templates) -> Result<Bundle, BuildError> {
    let profile = stack.name.as_str();
    let environment = stack.environment.as_str();
    let mut artifacts = artifact::prometheus(
        &PrometheusContext {
            profile,
            environment,
            scrape_interval: stack.profile.scrape.interval,
            scrape_timeout: stack.profile.scrape.timeout,
            evaluation_interval: stack.profile.scrape.evaluation_interval,
            external_labels: &stack.external_labels,
            alertmanager: &scrape::alertmanager(&stack.profile),
            jobs: &stack.jobs,
        },
        templates,
    )?;
    artifacts.extend(artifact::rules(&stack.alerting, templates)?);
    artifacts.extend(artifact::rule_tests(&stack.alerting, templates)?);
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
            prometheus: &scrape::prometheus(&stack.profile),
            alertmanager: &scrape::alertmanager(&stack.profile),
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
            rules: stack.alerting.recording.len() + stack.alerting.rules().count(),
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
    let ports = ["prometheus", "alertmanager", "blackbox-exporter"]
        .into_iter()
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
                alerts: stack.alerting.rules().count(),
            },
            series: &stack.series,
        },
        templates,
    )?);
    artifacts.extend(runbooks.into_iter().map(|(_, artifact)| artifact));
    Ok(Bundle::new(artifacts)?)
}
