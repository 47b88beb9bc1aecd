use std::collections::BTreeSet;

use serde::Serialize;

use super::BuildError;
use crate::bundle::{Artifact, Kind};
use crate::model::dashboard::{ALERTMANAGER_UID, Dashboard, LOKI_UID, PROMETHEUS_UID};
use crate::model::remote::QueryEndpoint;
use crate::quantity::Duration;
use crate::template::Templates;

/// Where Grafana's container sees `grafana/dashboards/`. Not below `/var/lib/grafana`, which is a
/// volume.
pub const DASHBOARDS_MOUNT: &str = "/etc/grafana/dashboards";

/// What Grafana is told about the rest of the stack.
#[derive(Debug)]
pub struct ProvisioningContext<'a> {
    /// Where the samples are.
    pub prometheus: &'a QueryEndpoint,
    /// `host:port` of Alertmanager.
    pub alertmanager: &'a str,
    /// Address of Loki, if there is one.
    pub loki: Option<&'a str>,
    /// Global scrape interval.
    pub scrape_interval: Duration,
    /// All dashboards.
    pub dashboards: &'a [Dashboard],
}

#[derive(Serialize)]
struct Datasources {
    prometheus: Prometheus,
    alertmanager: Datasource,
    loki: Option<Datasource>,
}

#[derive(Serialize)]
struct Prometheus {
    uid: &'static str,
    url: String,
    interval: Duration,
    is_own: bool,
    user: Option<String>,
    password: Option<String>,
    /// Name and value.
    headers: Vec<(String, String)>,
}

#[derive(Serialize)]
struct Datasource {
    uid: &'static str,
    url: String,
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
    let QueryEndpoint {
        url,
        is_own,
        credentials,
    } = context.prometheus;
    // Grafana reads the file when it starts.
    let content = |path: &String| format!("$__file{{{path}}}");
    let headers = credentials.headers.iter();
    let headers = headers.map(|(name, value)| (literal(name), literal(value)));
    let token = credentials.token_file.iter();
    let token = token.map(|path| ("Authorization".into(), format!("Bearer {}", content(path))));
    let datasources = Datasources {
        prometheus: Prometheus {
            uid: PROMETHEUS_UID,
            url: literal(url),
            interval: context.scrape_interval,
            is_own: *is_own,
            user: credentials.username.as_deref().map(literal),
            password: credentials.password_file.as_ref().map(content),
            headers: headers.chain(token).collect(),
        },
        alertmanager: Datasource {
            uid: ALERTMANAGER_UID,
            url: literal(&format!("http://{}", context.alertmanager)),
        },
        loki: context.loki.map(|url| Datasource {
            uid: LOKI_UID,
            url: literal(url),
        }),
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
