use std::collections::BTreeSet;

use serde::Serialize;

use super::BuildError;
use crate::bundle::{Artifact, Kind};
use crate::model::dashboard::{ALERTMANAGER_UID, Dashboard, PROMETHEUS_UID};
use crate::quantity::Duration;
use crate::template::Templates;

/// Where Grafana's container sees `grafana/dashboards/`. Not below `/var/lib/grafana`, which is a
/// volume.
pub const DASHBOARDS_MOUNT: &str = "/etc/grafana/dashboards";

/// What Grafana is told about the rest of the stack.
#[derive(Debug)]
pub struct ProvisioningContext<'a> {
    /// `host:port` of Prometheus.
    pub prometheus: &'a str,
    /// `host:port` of Alertmanager.
    pub alertmanager: &'a str,
    /// Global scrape interval.
    pub scrape_interval: Duration,
    /// All dashboards.
    pub dashboards: &'a [Dashboard],
}

#[derive(Serialize)]
struct Datasources {
    prometheus: Datasource,
    alertmanager: Datasource,
}

#[derive(Serialize)]
struct Datasource {
    uid: &'static str,
    url: String,
    interval: Duration,
}

#[derive(Serialize)]
struct Providers {
    folders: Vec<Provider>,
}

#[derive(Serialize)]
struct Provider {
    uid: String,
    title: String,
    path: String,
}

/// `grafana/provisioning/datasources/datasources.yaml` and, where there are dashboards,
/// `grafana/provisioning/dashboards/dashboards.yaml`.
///
/// # Errors
///
/// A template that does not render.
pub fn grafana_provisioning(
    context: &ProvisioningContext<'_>,
    templates: &Templates,
) -> Result<Vec<Artifact>, BuildError> {
    let datasource = |uid, address: &str| Datasource {
        uid,
        url: literal(&format!("http://{address}")),
        interval: context.scrape_interval,
    };
    let datasources = Datasources {
        prometheus: datasource(PROMETHEUS_UID, context.prometheus),
        alertmanager: datasource(ALERTMANAGER_UID, context.alertmanager),
    };
    let mut artifacts = vec![Artifact::new(
        "grafana/provisioning/datasources/datasources.yaml",
        Kind::GrafanaDatasources,
        templates.render(
            "stack/grafana/provisioning/datasources/datasources.yaml.j2",
            &datasources,
        )?,
    )?];
    let folders: BTreeSet<_> = context
        .dashboards
        .iter()
        .map(|dashboard| &dashboard.folder)
        .collect();
    if !folders.is_empty() {
        let folders = folders.into_iter().map(|folder| Provider {
            uid: folder.uid.clone(),
            title: literal(&folder.title),
            path: format!("{DASHBOARDS_MOUNT}/{}", folder.slug),
        });
        let providers = Providers {
            folders: folders.collect(),
        };
        artifacts.push(Artifact::new(
            "grafana/provisioning/dashboards/dashboards.yaml",
            Kind::GrafanaDashboardProviders,
            templates.render(
                "stack/grafana/provisioning/dashboards/dashboards.yaml.j2",
                &providers,
            )?,
        )?);
    }
    Ok(artifacts)
}

/// Grafana replaces `$NAME` and `${NAME}` in provisioning files by environment variables, and
/// `$$` by `$`.
fn literal(text: &str) -> String {
    text.replace('$', "$$")
}
