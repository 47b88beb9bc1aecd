//! Every provider finds dashboards, and every dashboard is found by a provider.

use super::NAME;
use crate::bundle::Kind;
use crate::check::embedded::compose::ComposeFile;
use crate::check::embedded::container::{Trace, trace};
use crate::check::embedded::inspection::Inspection;
use crate::diagnostic::Diagnostic;
use crate::source::Span;

pub(super) fn check(inspection: &Inspection<'_>) -> Vec<Diagnostic> {
    // Paths of providers are paths in Grafana's container: only the Compose file tells what they are.
    let Some(compose) = ComposeFile::of(inspection) else {
        return Vec::new();
    };
    let Some(grafana) = compose.grafana() else {
        return Vec::new();
    };
    let mut findings = Vec::new();
    // Directories in the bundle; and whether somewhere we cannot see there may be more.
    let mut directories: Vec<String> = Vec::new();
    for document in inspection.of_kind(Kind::GrafanaDashboardProviders) {
        let providers = document.tree.get("providers").into_iter();
        for provider in providers.flat_map(|providers| providers.items()) {
            let path = provider
                .get("options")
                .and_then(|options| options.get("path"));
            let Some(node) = path else { continue };
            let path = node.as_str().unwrap_or_default();
            let problem = match trace(grafana, path) {
                Trace::Bundle(directory) if holds_dashboards(inspection, &directory) => {
                    directories.push(directory);
                    continue;
                }
                Trace::Bundle(directory) => {
                    format!("`{path}` is `{directory}`, which holds no dashboard")
                }
                Trace::Elsewhere => {
                    format!(
                        "`{path}` is not a directory of the bundle in `{}`",
                        grafana.name
                    )
                }
                Trace::Nowhere => format!("`{path}` is not mounted into `{}`", grafana.name),
            };
            findings.push(document.error(NAME, node.span, problem));
        }
    }
    for document in inspection.of_kind(Kind::GrafanaDashboard) {
        let is_found = directories
            .iter()
            .any(|directory| is_below(document.path(), directory));
        if !is_found && findings.is_empty() {
            let message = format!("no provider of `{}` reads this dashboard", grafana.name);
            let span = Span::at(document.tree.span.start());
            let help = "add its directory to the dashboard providers";
            findings.push(document.error(NAME, span, message).help(help));
        }
    }
    findings
}

fn is_below(path: &str, directory: &str) -> bool {
    path.strip_prefix(directory)
        .is_some_and(|rest| rest.starts_with('/'))
}

fn holds_dashboards(inspection: &Inspection<'_>, directory: &str) -> bool {
    inspection
        .of_kind(Kind::GrafanaDashboard)
        .any(|document| is_below(document.path(), directory))
}

#[cfg(test)]
mod tests {
    use crate::check::embedded::samples::findings;

    fn found(path: &str) -> Vec<String> {
        let providers = format!("providers: [{{name: a, options: {{path: {path}}}}}]");
        let compose = "services:
  grafana:
    image: grafana/grafana:12.4.3
    volumes: ['./grafana/dashboards:/etc/dashboards:ro', 'data:/var/lib/grafana']
volumes: {data: {}}
";
        findings(
            "grafana/dashboards",
            &[
                ("grafana/dashboards/redis/a.json", r#"{"uid": "a"}"#),
                ("grafana/provisioning/dashboards/p.yaml", &providers),
                ("compose.yaml", compose),
            ],
        )
    }

    #[test]
    fn a_provider_of_the_dashboards_is_not_reported() {
        assert_eq!(found("/etc/dashboards/redis"), [""; 0]);
        assert_eq!(found("/etc/dashboards"), [""; 0]);
    }

    #[test]
    fn a_provider_that_finds_nothing_is_reported() {
        let at = "grafana/provisioning/dashboards/p.yaml:1:39:";
        assert_eq!(
            found("/etc/dashboards/cache"),
            [format!(
                "{at} `/etc/dashboards/cache` is `grafana/dashboards/cache`, which holds no dashboard"
            )]
        );
        assert_eq!(
            found("/var/lib/grafana/dashboards"),
            [format!(
                "{at} `/var/lib/grafana/dashboards` is not a directory of the bundle in `grafana`"
            )]
        );
        assert_eq!(
            found("/dashboards"),
            [format!("{at} `/dashboards` is not mounted into `grafana`")]
        );
    }

    #[test]
    fn a_dashboard_that_no_provider_reads_is_reported() {
        let compose = "services: {grafana: {image: grafana/grafana}}";
        assert_eq!(
            findings(
                "grafana/dashboards",
                &[
                    ("grafana/dashboards/a.json", r#"{"uid": "a"}"#),
                    ("compose.yaml", compose),
                ],
            ),
            [
                "grafana/dashboards/a.json:1:1: no provider of `grafana` reads this dashboard · help: add its directory to \
                 the dashboard providers"
            ]
        );
    }
}
