use crate::diagnostic::{Level, Safety};
use crate::document::Node;
use crate::facts::Facts;
use crate::lint::{Findings, Lint};
use crate::setup::{Document, Kind};

pub(super) static LINT: Lint = Lint {
    id: "provisioning/unknown-key",
    level: Level::Error,
    summary: "a key of a provisioning file that Grafana does not read",
    needs: &[],
    check,
};

const OF_ALERTING: [&str; 12] = [
    "apiVersion",
    "groups",
    "deleteRules",
    "contactPoints",
    "deleteContactPoints",
    "policies",
    "resetPolicies",
    "templates",
    "deleteTemplates",
    "muteTimes",
    "deleteMuteTimes",
    "inhibitionRules",
];
const OF_DATASOURCES: [&str; 4] = ["apiVersion", "datasources", "deleteDatasources", "prune"];
const OF_PROVIDERS: [&str; 2] = ["apiVersion", "providers"];
const OF_POLICIES: [&str; 15] = [
    "orgId",
    "receiver",
    "group_by",
    "matchers",
    "object_matchers",
    "match",
    "match_re",
    "mute_time_intervals",
    "active_time_intervals",
    "continue",
    "routes",
    "group_wait",
    "group_interval",
    "repeat_interval",
    "name",
];
const OF_ONE_DATASOURCE: [&str; 19] = [
    "name",
    "type",
    "access",
    "orgId",
    "uid",
    "url",
    "user",
    "password",
    "database",
    "basicAuth",
    "basicAuthUser",
    "basicAuthPassword",
    "withCredentials",
    "isDefault",
    "correlations",
    "jsonData",
    "secureJsonData",
    "editable",
    "version",
];

fn check(facts: &Facts<'_>, findings: &mut Findings<'_>) {
    for document in facts.setup.documents() {
        // Parts of a Helm chart's values have keys of their own around them.
        if document.is_part() {
            continue;
        }
        let root = &document.root;
        let items = |key: &str| root.get(key).map_or(&[][..], |node| node.items());
        match document.kind {
            Kind::GrafanaAlerting => {
                report(document, root, &OF_ALERTING, "alerting", findings);
                for policy in items("policies") {
                    report_policy(document, policy, findings);
                }
            }
            Kind::Datasources => {
                report(document, root, &OF_DATASOURCES, "datasources", findings);
                for datasource in items("datasources") {
                    report(
                        document,
                        datasource,
                        &OF_ONE_DATASOURCE,
                        "a datasource",
                        findings,
                    );
                }
            }
            Kind::DashboardProviders => {
                report(
                    document,
                    root,
                    &OF_PROVIDERS,
                    "dashboard providers",
                    findings,
                );
            }
            _ => {}
        }
    }
}

fn report_policy(document: &Document, policy: &Node, findings: &mut Findings<'_>) {
    report(document, policy, &OF_POLICIES, "a policy", findings);
    for child in policy.get("routes").map_or(&[][..], |node| node.items()) {
        report_policy(document, child, findings);
    }
}

fn report(document: &Document, node: &Node, known: &[&str], of: &str, findings: &mut Findings<'_>) {
    for entry in node.entries() {
        let key = &*entry.key.text;
        // YAML's merge key, and places for anchors.
        if known.contains(&key) || key.starts_with(['<', '.']) || key.starts_with("x-") {
            continue;
        }
        let place = document.place(entry.key.span);
        let mut finding = findings
            .report(
                place,
                format!("Grafana reads no `{key}` in the provisioning of {of}: it has no effect"),
            )
            .label("not read");
        finding = match nearest(key, known) {
            Some(near) if node.entry(near).is_some() => {
                finding.help(format!("move it to `{near}`, which is there as well"))
            }
            Some(near) => finding.help(format!("write `{near}`")).fix(
                Safety::Unsafe,
                format!("rename to `{near}`"),
                vec![(place, near.into())],
            ),
            None => finding.help(format!("keys here are {}", known.join(", "))),
        };
        // Everything else in the file may still be read.
        if of.starts_with("a ") {
            finding.level(Level::Warning);
        }
    }
}

/// The key that has the same letters, or of which the given one is a longer name.
fn nearest<'k>(key: &str, known: &[&'k str]) -> Option<&'k str> {
    let bare = |text: &str| {
        text.chars()
            .filter(char::is_ascii_alphanumeric)
            .collect::<String>()
            .to_ascii_lowercase()
    };
    let wanted = bare(key);
    known
        .iter()
        .find(|known| bare(known) == wanted)
        .or_else(|| {
            known.iter().find(|known| {
                let known = bare(known);
                known.len() > 4
                    && (wanted.ends_with(&known)
                        || wanted.starts_with(&known)
                        || known.starts_with(&wanted))
            })
        })
        .copied()
}
