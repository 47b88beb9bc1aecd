//! What a document is, judged by its content. Names only decide where content cannot.

use super::kind::Kind;
use super::mixin::mixin_parts;
use crate::document::{Node, Value};

/// What the tree of a YAML or JSON document is; `None` for nothing of ours.
pub(super) fn classify(root: &Node, path: &str) -> Option<Kind> {
    match &root.value {
        Value::Sequence(items) => {
            let is_group = |node: &Node| {
                node.get("targets").is_some_and(|targets| {
                    targets
                        .items()
                        .iter()
                        .all(|target| target.as_str().is_some())
                }) && node
                    .entries()
                    .iter()
                    .all(|entry| matches!(&*entry.key.text, "targets" | "labels" | "label"))
            };
            match items.is_empty() {
                true => None,
                false if items.iter().all(is_group) => Some(Kind::Targets),
                false => is_scrape_configs(root).then_some(Kind::ScrapeConfigs),
            }
        }
        Value::Mapping(_) => of_mapping(root, path),
        _ => None,
    }
}

fn of_mapping(root: &Node, path: &str) -> Option<Kind> {
    let has = |key: &str| root.get(key).is_some();
    let list = |key: &str| {
        root.get(key)
            .is_some_and(|node| matches!(node.value, Value::Sequence(_)))
    };
    let mapping = |key: &str| {
        root.get(key)
            .is_some_and(|node| matches!(node.value, Value::Mapping(_)))
    };
    let text = |key: &str| root.get(key).is_some_and(|node| node.as_str().is_some());
    if is_workflow(path) && (has("jobs") || path.ends_with(".gitlab-ci.yml")) {
        return Some(Kind::Workflow);
    }
    if text("apiVersion") && text("kind") {
        return Some(Kind::Kubernetes);
    }
    // Older ones say nothing of what they are but their name.
    if matches!(file_name(path), "kustomization.yaml" | "kustomization.yml") {
        return Some(Kind::Kubernetes);
    }
    if super::helm::values(root).is_some() {
        return Some(Kind::HelmValues);
    }
    if is_dashboard(root) {
        return Some(Kind::Dashboard);
    }
    if root.get("dashboard").is_some_and(is_dashboard) {
        return Some(Kind::DashboardExport);
    }
    if mixin_parts(root).next().is_some() {
        return Some(Kind::Mixin);
    }
    if list("datasources") || (list("deleteDatasources") && has("apiVersion")) {
        return Some(Kind::Datasources);
    }
    if list("providers") && (has("apiVersion") || are_dashboard_providers(root)) {
        return Some(Kind::DashboardProviders);
    }
    let grafana_alerting = [
        "contactPoints",
        "policies",
        "muteTimes",
        "deleteRules",
        "deleteContactPoints",
    ];
    if grafana_alerting.iter().any(|key| list(key)) || list("notificationPolicies") {
        return Some(Kind::GrafanaAlerting);
    }
    if list("groups") {
        return of_groups(root);
    }
    if list("tests") && list("rule_files") {
        return Some(Kind::RuleTests);
    }
    if mapping("service") && mapping("receivers") && mapping("exporters") {
        return Some(Kind::OpenTelemetry);
    }
    if (list("clients") || mapping("positions")) && list("scrape_configs") {
        return Some(Kind::Promtail);
    }
    if has("schema_config") || (has("limits_config") && has("ingester") && !has("blocks_storage")) {
        return Some(Kind::Loki);
    }
    if has("blocks_storage") || has("multitenancy_enabled") {
        return Some(Kind::Mimir);
    }
    if mapping("distributor") && (mapping("metrics_generator") || mapping("storage")) {
        return Some(Kind::Tempo);
    }
    if list("scrape_configs")
        || list("rule_files")
        || list("scrape_config_files")
        || (mapping("global") && (has("alerting") || list("remote_write")))
        || root.get("global").is_some_and(|global| {
            global.get("scrape_interval").is_some() || global.get("evaluation_interval").is_some()
        })
    {
        return Some(Kind::Prometheus);
    }
    if list("receivers") && (mapping("route") || root.get("receivers").is_some_and(named)) {
        return Some(Kind::Alertmanager);
    }
    if mapping("route") && (list("inhibit_rules") || mapping("global")) {
        return Some(Kind::Alertmanager);
    }
    if root.get("modules").is_some_and(|modules| {
        !modules.entries().is_empty()
            && modules
                .entries()
                .iter()
                .all(|module| module.value.get("prober").is_some())
    }) {
        return Some(Kind::Blackbox);
    }
    if root.get("services").is_some_and(is_services) {
        return Some(Kind::Compose);
    }
    let is_compose_name = file_name(path).contains("compose");
    (is_compose_name && (list("include") || mapping("services") || mapping("volumes")))
        .then_some(Kind::Compose)
}

/// Keys that a Compose service has and little else has.
const OF_SERVICES: [&str; 12] = [
    "image",
    "build",
    "ports",
    "volumes",
    "environment",
    "env_file",
    "depends_on",
    "restart",
    "networks",
    "command",
    "healthcheck",
    "extends",
];

fn is_services(node: &Node) -> bool {
    let services = node.entries();
    !services.is_empty()
        && services.iter().all(|service| match service.value.value {
            Value::Mapping(_) => {
                service.value.entries().is_empty()
                    || OF_SERVICES
                        .iter()
                        .any(|key| service.value.get(key).is_some())
            }
            Value::Null => true,
            _ => false,
        })
        && services
            .iter()
            .any(|service| !service.value.entries().is_empty())
}

fn named(receivers: &Node) -> bool {
    let items = receivers.items();
    !items.is_empty() && items.iter().all(|item| item.get("name").is_some())
}

/// Whether a mapping is a dashboard of any age: rows of Grafana 4, panels, or the elements of the newer schema.
pub(super) fn is_dashboard(node: &Node) -> bool {
    let list = |key: &str| {
        node.get(key)
            .is_some_and(|node| matches!(node.value, Value::Sequence(_)))
    };
    let has = |key: &str| node.get(key).is_some();
    let marks = [
        "schemaVersion",
        "templating",
        "time",
        "timezone",
        "annotations",
        "uid",
        "gnetId",
        "__inputs",
        "refresh",
        "editable",
    ];
    // Of generators that write such a file in words of their own the variables are a list.
    if list("templating") {
        return false;
    }
    let has_mark = marks.iter().any(|mark| has(mark));
    (list("panels") && (has_mark || has("title")))
        || (list("rows") && has_mark && has("title"))
        || (has("elements") && has("layout"))
        || (has("schemaVersion") && has("title"))
}

/// Whether a list has scrape jobs of Prometheus and nothing else.
pub(super) fn is_scrape_configs(list: &Node) -> bool {
    let jobs = list.items();
    let is_job = |job: &Node| {
        job.get("job_name")
            .is_some_and(|name| name.as_str().is_some())
    };
    !jobs.is_empty() && jobs.iter().all(is_job)
}

/// Rules of Prometheus, Loki, or Grafana: all three have `groups` with `rules`.
pub(super) fn of_groups(root: &Node) -> Option<Kind> {
    let groups = root.get("groups")?.items();
    let rules = || {
        groups
            .iter()
            .flat_map(|group| group.get("rules").map_or(&[][..], |rules| rules.items()))
    };
    if rules().any(|rule| {
        rule.get("data").is_some() && (rule.get("uid").is_some() || rule.get("title").is_some())
    }) || groups.iter().any(|group| group.get("folder").is_some())
    {
        return Some(Kind::GrafanaAlerting);
    }
    let is_rule = |rule: &Node| {
        rule.get("expr").is_some() || rule.get("alert").is_some() || rule.get("record").is_some()
    };
    if rules().any(is_rule) {
        let expressions = || rules().filter_map(|rule| rule.get("expr")?.as_str());
        // Of Loki's queries not every one has a filter that gives it away, but none has a metric's name.
        let is_loki = expressions().any(is_logql)
            && expressions()
                .filter(|query| is_logql(query) || is_nameless(query))
                .count()
                * 2
                > expressions().count();
        return Some(match is_loki {
            true => Kind::LokiRules,
            false => Kind::Rules,
        });
    }
    groups
        .iter()
        .any(|group| group.get("name").is_some() && group.get("rules").is_some())
        .then_some(Kind::Rules)
}

/// Whether the first selector of a query has no name before its braces.
fn is_nameless(query: &str) -> bool {
    query.find('{').is_some_and(|brace| {
        let before = query[..brace].trim_end();
        (before.is_empty() || before.ends_with('(')) && !query.contains("__name__")
    })
}

/// Whether a query can only be Loki's: a line filter or a parser stage.
pub fn is_logql(query: &str) -> bool {
    let mut quote = None;
    let mut escaped = false;
    let bytes = query.as_bytes();
    for (at, byte) in bytes.iter().enumerate() {
        if escaped {
            escaped = false;
            continue;
        }
        match (quote, byte) {
            (Some(b'"'), b'\\') => escaped = true,
            (Some(open), close) if open == *close => quote = None,
            (Some(_), _) => {}
            (None, b'"' | b'`' | b'\'') => quote = Some(*byte),
            // PromQL has no `|`.
            (None, b'|') => {
                let after = query.get(at + 1..).unwrap_or_default().trim_start();
                // A word behind a bar is a stage only behind a stream, which has no name: elsewhere it is a slip in PromQL.
                return after.starts_with(['=', '~', '>', '!'])
                    || after
                        .starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
                        && (is_nameless(query) || !query.contains('{') && query.contains('$'));
            }
            // A filter of lines compares with a text, which PromQL's comparisons cannot.
            (None, b'!')
                if query[at..]
                    .strip_prefix("!=")
                    .is_some_and(|rest| rest.trim_start().starts_with(['"', '`']))
                    && query[..at].trim_end().ends_with('}') =>
            {
                return true;
            }
            _ => {}
        }
    }
    false
}

/// What a broken text would be, judged by the keys at its left margin or, in JSON, anywhere.
pub(super) fn guess(text: &str, path: &str, is_json: bool) -> Option<Kind> {
    if is_json {
        let has = |key: &str| text.contains(key);
        return if has("\"panels\"")
            && (has("\"schemaVersion\"") || has("\"targets\"") || has("\"gridPos\""))
        {
            Some(Kind::Dashboard)
        } else {
            None
        };
    }
    let has = |key: &str| {
        text.lines().any(|line| {
            line.strip_prefix(key)
                .is_some_and(|rest| rest.trim_start().starts_with(':'))
        })
    };
    if is_workflow(path) {
        Some(Kind::Workflow)
    } else if has("apiVersion") && has("kind") {
        None
    } else if has("scrape_configs") && !has("clients") && !has("positions") {
        Some(Kind::Prometheus)
    } else if has("route") && has("receivers") {
        Some(Kind::Alertmanager)
    } else if has("datasources") {
        Some(Kind::Datasources)
    } else if has("providers") && has("apiVersion") {
        Some(Kind::DashboardProviders)
    } else if has("contactPoints") || has("policies") && has("apiVersion") {
        Some(Kind::GrafanaAlerting)
    } else if has("groups") && !has("apiVersion") && (text.contains("expr:")) {
        Some(Kind::Rules)
    } else if has("services") && (text.contains("image:") || text.contains("build:")) {
        Some(Kind::Compose)
    } else {
        None
    }
}

/// Whether the `providers` of a file without `apiVersion` are of dashboards: proxies and gateways have lists of that name, too.
fn are_dashboard_providers(root: &Node) -> bool {
    let items = root.get("providers").map_or(&[][..], |list| list.items());
    items.is_empty()
        || items.iter().any(|item| {
            ["options", "folder"]
                .iter()
                .any(|key| item.get(key).is_some())
        })
}

/// Whether a broken text is a template for something else: Helm, Jinja, ERB, Jsonnet.
pub(super) fn is_template(text: &str) -> bool {
    let marks = [
        "{{- ",
        "{{ .Values",
        "{{.Values",
        "{{ include",
        "{% ",
        "{%- ",
        "<%",
        "{{ .Release",
        "{{ template \"",
        "{{ if ",
        "{{ range ",
    ];
    marks.iter().any(|mark| text.contains(mark))
        || text.lines().any(|line| {
            // A value that begins with `{{` is a mapping within a mapping for YAML, and a template for people.
            line.split_once(": ")
                .is_some_and(|(_, value)| value.trim_start().starts_with("{{"))
        })
}

pub(super) fn is_workflow(path: &str) -> bool {
    path.contains(".github/workflows/") || file_name(path) == ".gitlab-ci.yml"
}

pub(super) fn file_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::{Dialect, Limits, read_yaml};

    fn kind(text: &str) -> Option<Kind> {
        let document = read_yaml(text, Dialect::GoYaml3, Limits::default()).unwrap();
        classify(&document.root, "a.yml")
    }

    #[test]
    fn content_tells_what_a_document_is() {
        for (text, expected) in [
            ("services: {a: {image: b}}", Some(Kind::Compose)),
            ("services: {a: 1}", None),
            ("scrape_configs: []", Some(Kind::Prometheus)),
            ("scrape_configs: []\nclients: []", Some(Kind::Promtail)),
            (
                "groups: [{name: a, rules: [{alert: A, expr: up}]}]",
                Some(Kind::Rules),
            ),
            (
                "groups: [{name: a, rules: [{alert: A, expr: '{a=\"b\"} |= \"x\"'}]}]",
                Some(Kind::LokiRules),
            ),
            (
                "apiVersion: 1\ngroups: [{name: a, folder: f, rules: []}]",
                Some(Kind::GrafanaAlerting),
            ),
            ("rule_files: []\ntests: []", Some(Kind::RuleTests)),
            (
                "route: {receiver: a}\nreceivers: [{name: a}]",
                Some(Kind::Alertmanager),
            ),
            (
                "receivers: {otlp: }\nexporters: {x: }\nservice: {pipelines: {}}",
                Some(Kind::OpenTelemetry),
            ),
            ("apiVersion: 1\ndatasources: []", Some(Kind::Datasources)),
            (
                "apiVersion: 1\nproviders: []",
                Some(Kind::DashboardProviders),
            ),
            ("- targets: ['a:1']", Some(Kind::Targets)),
            ("modules: {m: {prober: http}}", Some(Kind::Blackbox)),
            ("panels: []\ntitle: a", Some(Kind::Dashboard)),
            ("- job_name: a\n- job_name: b", Some(Kind::ScrapeConfigs)),
            ("- job_name: a\n- b: c", None),
            ("a.json: {panels: [], title: a}", Some(Kind::Mixin)),
            ("a.json: {panels: [], title: a}\nb: 1", None),
            (
                "prometheusAlerts: {groups: [{name: a, rules: [{alert: A, expr: up}]}]}",
                Some(Kind::Mixin),
            ),
            ("apiVersion: v1\nkind: ConfigMap", Some(Kind::Kubernetes)),
            ("a: 1", None),
            ("- a", None),
        ] {
            assert_eq!(kind(text), expected, "{text}");
        }
    }

    #[test]
    fn logs_are_told_from_metrics() {
        for text in [
            "{a=\"b\"} |= \"x\"",
            "sum(rate({a=\"b\"} | json [5m]))",
            "{a=\"b\"} != \"x\"",
            "{a=\"b\"} != `x`",
            "$streams | json",
            "rate({a=\"b\"} |~ \"x\" [5m])",
        ] {
            assert!(is_logql(text), "{text}");
        }
        for text in [
            "up == 1",
            "a{b=~\"x|y\"}",
            "a{b=\"c\"} > 1",
            "a{b=\"c\"} != 1",
            "a{b=\"c\"} < /dev/null | tail",
            "label_replace(up, \"a\", \"$1|x\", \"b\", \"(.*)\")",
        ] {
            assert!(!is_logql(text), "{text}");
        }
    }
}
