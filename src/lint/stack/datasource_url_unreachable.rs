use crate::diagnostic::{Level, Safety};
use crate::facts::Facts;
use crate::facts::compose::{ComposeProject, ComposeService};
use crate::facts::datasource::Datasource;
use crate::facts::interpolation::{Variables, interpolate};
use crate::facts::prometheus::host_and_port;
use crate::facts::provider::grafana_with;
use crate::lint::{Findings, Lint, Need};

pub(super) static LINT: Lint = Lint {
    id: "stack/datasource-url-unreachable",
    level: Level::Error,
    summary: "the address of a datasource is no service that Grafana reaches, or a port that nothing listens on",
    needs: &[Need::Files],
    check,
};

fn check(facts: &Facts<'_>, findings: &mut Findings<'_>) {
    for datasource in &facts.datasources {
        let path = &facts.setup.document(datasource.document).path;
        let Some(id) = grafana_with(facts.setup, &facts.projects, path) else {
            continue;
        };
        let (Some(project), Some(grafana)) = (facts.projects.get(id.project), facts.service(&id))
        else {
            continue;
        };
        let Some(url) = url(datasource, grafana) else {
            continue;
        };
        // Through the browser, `localhost` is the reader's own machine, and may well be meant.
        let is_direct = datasource
            .node
            .get("access")
            .is_some_and(|access| access.scalar_text() == "direct");
        if !is_direct && grafana.get("network_mode").is_none() {
            check_url(datasource, &url, project, grafana, findings);
        }
    }
}

/// The address with variables of Grafana's environment filled in.
fn url(datasource: &Datasource, grafana: &ComposeService) -> Option<String> {
    let node = datasource.node.get("url")?;
    let variables: Variables = grafana
        .environment
        .iter()
        .filter_map(|(name, value)| {
            let value = value.as_ref()?.value()?;
            Some((name.clone(), value.value.to_string()))
        })
        .collect();
    interpolate(node.scalar_text(), &variables).value().cloned()
}

fn check_url(
    datasource: &Datasource,
    url: &str,
    project: &ComposeProject,
    grafana: &ComposeService,
    findings: &mut Findings<'_>,
) {
    let Some((host, port)) = host_and_port(url) else {
        return;
    };
    let place = match &datasource.url {
        Some(crate::facts::text::Known::Value(text)) => text.place,
        _ => datasource.place,
    };
    let name = datasource.name.as_str();
    if matches!(host, "localhost" | "127.0.0.1" | "::1") {
        if port == Some(3000) {
            return;
        }
        let mut meant = project
            .services
            .values()
            .filter(|service| port.is_some_and(|port| service.listens_on().contains(&port)));
        let only = meant.next().filter(|_| meant.next().is_none());
        let finding = findings
            .report(
                place,
                format!("datasource `{name}` is looked for in Grafana's own container: `{host}` is not the host"),
            )
            .label("nothing listens here")
            .related("this is where Grafana runs", grafana.place());
        match (only, &datasource.url) {
            (Some(service), Some(crate::facts::text::Known::Value(text))) => {
                let service = service.name.as_str();
                let fixed = url.replacen(host, service, 1);
                finding.help(format!("write `{fixed}`")).fix(
                    Safety::Safe,
                    format!("write `{fixed}`"),
                    vec![(text.place, fixed)],
                );
            }
            _ => {
                finding.help("name a service, or `host.docker.internal` for the host");
            }
        }
        return;
    }
    if host.contains(['.', ':', '$', '{']) || host.is_empty() {
        return;
    }
    let here: Vec<&ComposeService> = project.services_at(host).collect();
    let Some(first) = here.first() else {
        let is_elsewhere = project.is_open(grafana)
            || ["extra_hosts", "external_links"]
                .iter()
                .any(|key| grafana.get(key).is_some());
        if !is_elsewhere {
            findings
                .report(
                    place,
                    format!("datasource `{name}` is at `{host}`, which is no service of the Compose project"),
                )
                .label("no such host")
                .related("who wants to reach it", grafana.place())
                .help("name a service, or remove the datasource");
        }
        return;
    };
    if here.iter().all(|service| !grafana.reaches(service)) {
        findings
            .report(
                place,
                format!("datasource `{name}` is at `{host}`, which is on no network of Grafana"),
            )
            .label("out of reach")
            .related("the service", first.place())
            .help("put both services on one network");
        return;
    }
    let (Some(port), [service]) = (port, here.as_slice()) else {
        return;
    };
    let Some(program) = &service.program else {
        return;
    };
    // Prometheus and Alertmanager are moved by this flag alone.
    let is_simple = service.runs("prometheus") || service.runs("alertmanager");
    let is_plain = service.entrypoint.is_empty() && !service.has_flag("web.listen-address");
    let is_moved = service.build.is_some()
        || match is_simple && is_plain {
            true => !service
                .command
                .iter()
                .all(|word| word.as_str().starts_with('-')),
            false => !service.command.is_empty() || !service.environment.is_empty(),
        };
    if program.ports.is_empty() || is_moved || service.listens_on().contains(&port) {
        return;
    }
    let finding = findings
        .report(
            place,
            format!("datasource `{name}` is at port {port} of `{host}`, where nothing listens"),
        )
        .label("connection refused")
        .related("the service", service.place());
    if let Some(known) = program.ports.first() {
        finding.help(format!("{} listens on port {known}", program.program));
    }
}
