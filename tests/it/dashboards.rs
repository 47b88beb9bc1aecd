//! Dashboards and what Grafana is told, from the panel library and from profiles.

use std::collections::{BTreeMap, BTreeSet};

use indexmap::IndexMap;
use serde_json::Value;
use stackwright::artifact::{ProvisioningContext, dashboards, grafana_provisioning};
use stackwright::bundle::Artifact;
use stackwright::catalogue::{Catalogue, DashboardLibrary, Feature, PanelKind, Unit};
use stackwright::model::dashboard::{
    ApplicationInput, COLUMNS, Dashboard, DashboardInput, Direction, PanelThreshold, Query, resolve,
};
use stackwright::profile::{Problem, Profile};
use stackwright::promql::{self, Kind, Matching, NodeId, Options, Parsed, Side};
use stackwright::quantity::Duration;
use stackwright::template::Templates;

use crate::tools::generations;

const EVERYTHING: [Feature; 7] = [
    Feature::Replicas,
    Feature::Sentinels,
    Feature::Cluster,
    Feature::Snapshots,
    Feature::AppendOnlyFile,
    Feature::Persistence,
    Feature::Probes,
];

/// A deployment to make dashboards for.
struct Case {
    catalogue: Catalogue,
    library: DashboardLibrary,
    profile: Profile,
    redis_jobs: Vec<String>,
    features: BTreeSet<Feature>,
    thresholds: IndexMap<String, PanelThreshold>,
    unavailable: BTreeMap<String, String>,
}

impl Case {
    /// One that has everything, with a profile in YAML.
    fn with_everything(profile: &str) -> Self {
        let library = DashboardLibrary::embedded().unwrap();
        let thresholds = library
            .panels()
            .values()
            .filter_map(|panel| panel.threshold.clone())
            .map(|name| {
                let direction = if name == "hit-ratio" {
                    Direction::LowerIsWorse
                } else {
                    Direction::HigherIsWorse
                };
                let (warning, critical) = match direction {
                    Direction::HigherIsWorse => (Some(0.8), Some(0.95)),
                    Direction::LowerIsWorse => (Some(0.8), Some(0.5)),
                };
                let threshold = PanelThreshold {
                    direction,
                    warning,
                    critical,
                };
                (name, threshold)
            })
            .collect();
        Self {
            catalogue: Catalogue::embedded().unwrap(),
            library,
            profile: serde_yaml::from_str(profile).unwrap(),
            redis_jobs: vec!["redis".into(), "redis-sentinel".into()],
            features: EVERYTHING.into(),
            thresholds,
            unavailable: BTreeMap::new(),
        }
    }

    fn resolve(&self) -> Result<Vec<Dashboard>, Vec<Problem>> {
        let applications = self
            .profile
            .applications
            .iter()
            .map(|(name, application)| {
                let flavour = application.flavour.as_ref();
                let input = ApplicationInput {
                    job: application.job.as_deref().unwrap_or(name),
                    interval: application.interval.unwrap_or(Duration::from_secs(15)),
                    metrics: &application.metrics,
                    flavour: flavour.map(|flavour| self.catalogue.exporter(flavour).unwrap()),
                };
                (name.clone(), input)
            })
            .collect();
        resolve(&DashboardInput {
            library: &self.library,
            profile: &self.profile.name,
            written: &self.profile.dashboards,
            redis_jobs: &self.redis_jobs,
            redis_interval: Duration::from_secs(30),
            scrape_interval: Duration::from_secs(15),
            applications: &applications,
            thresholds: &self.thresholds,
            features: &self.features,
            unavailable: &|metric| self.unavailable.get(metric).cloned(),
        })
    }

    fn artifacts(&self) -> Vec<Artifact> {
        let resolved = self.resolve().unwrap();
        let templates = Templates::embedded();
        let interval = Duration::from_secs(15);
        let mut artifacts = dashboards(&resolved, interval, &templates).unwrap();
        let context = ProvisioningContext {
            prometheus: "prometheus:9090",
            alertmanager: "alertmanager:9093",
            scrape_interval: interval,
            dashboards: &resolved,
        };
        artifacts.extend(grafana_provisioning(&context, &templates).unwrap());
        artifacts
    }
}

const API: &str = r#"
name: gatewayz
applications:
  api:
    url: http://api:8000/metrics
    job: gatewayz_api
    interval: 30s
    flavour: fastapi_handmade
    metrics:
      cache_hits_total: {type: counter, labels: [cache_type], misses: cache_misses_total}
      cache_misses_total: {type: counter, labels: [cache_type]}
      cache_size_bytes: {type: gauge, unit: bytes, labels: [cache_type]}
      gatewayz_redis_operations_total: {type: counter, labels: [operation]}
      gatewayz_redis_operation_duration_seconds: {type: histogram, unit: seconds, labels: [operation]}
      payload_bytes: {type: summary, unit: bytes}
dashboards:
  gatewayz-redis-services:
    title: GatewayZ Redis Services
    folder: Redis
    sections:
      infrastructure: {title: Redis Infrastructure}
      cache: {title: Application Cache Usage, application: api, panels: [cache_hits_total, cache_misses_total, cache_size_bytes, gatewayz_redis_operation_duration_seconds]}
      api: {title: API Performance, application: api, panels: [request-rate, error-ratio, latency]}
"#;

/// All dashboards of the library and one for each kind of application.
fn whole_library() -> Case {
    let mut case = Case::with_everything("name: demo");
    let flavours = case
        .catalogue
        .exporters()
        .filter(|exporter| exporter.indicators.is_some());
    let mut yaml = String::from("name: demo\napplications:\n");
    for flavour in flavours {
        let name = &flavour.name;
        yaml += &format!("  {name}: {{url: 'http://{name}:8000', flavour: {name}}}\n");
    }
    yaml += "dashboards:\n";
    for name in case.library.dashboards().keys() {
        yaml += &format!("  {name}: {{}}\n");
    }
    for flavour in case.catalogue.exporters() {
        if flavour.indicators.is_some() {
            yaml += &format!("  {}: {{}}\n", flavour.name);
        }
    }
    case.profile = serde_yaml::from_str(&yaml).unwrap();
    case
}

fn problems(case: &Case) -> Vec<String> {
    let problems = case.resolve().unwrap_err();
    problems
        .into_iter()
        .map(|problem| {
            let help = problem.help.unwrap_or_default();
            format!("{}: {} ({help})", problem.route, problem.message)
        })
        .collect()
}

fn json_of(artifacts: &[Artifact]) -> BTreeMap<String, Value> {
    artifacts
        .iter()
        .filter(|artifact| artifact.path.as_str().ends_with(".json"))
        .map(|artifact| {
            let json = serde_json::from_str(&artifact.text).unwrap();
            (artifact.path.as_str().to_owned(), json)
        })
        .collect()
}

/// Every panel of a dashboard, rows and what is folded inside them included.
fn panels_of(dashboard: &Value) -> Vec<&Value> {
    let panels = dashboard["panels"].as_array().unwrap().iter();
    panels
        .flat_map(|panel| {
            let inside = panel["panels"].as_array().into_iter().flatten();
            std::iter::once(panel).chain(inside)
        })
        .collect()
}

#[test]
fn the_library_has_no_mistakes_and_no_two_panels_that_ask_the_same() {
    let library = DashboardLibrary::embedded().unwrap();
    let mut asked = BTreeMap::new();
    for (name, panel) in library.panels() {
        let queries: Vec<_> = panel.queries.iter().map(|query| &query.expr).collect();
        if let Some(other) = asked.insert((panel.kind, queries), name) {
            panic!("`{name}` and `{other}` are the same panel");
        }
        let is_shown = library.shown_on(name).next().is_some();
        let is_choice = ["restarts", "memory-used-now", "memory-used-of-peak"];
        let is_choice = is_choice.contains(&name.as_str()) || is_rarely_wanted(name);
        assert!(is_shown || is_choice, "`{name}` is on no dashboard");
        assert!(panel.description.ends_with('.'), "{name}");
    }
}

/// Panels that a profile can ask for and that no dashboard of ours shows.
fn is_rarely_wanted(name: &str) -> bool {
    [
        "client-buffers",
        "clients-disconnected",
        "pubsub",
        "memory-client-buffers",
        "command-latency-quantiles",
        "commands-failed",
        "last-slow-command",
        "sentinel-primaries",
    ]
    .contains(&name)
}

#[test]
fn every_panel_of_the_five_systems_is_there() {
    let library = DashboardLibrary::embedded().unwrap();
    let performance = &library.dashboards()["redis-performance"];
    let sizes: Vec<_> = performance
        .sections
        .values()
        .map(|section| section.panels.len())
        .collect();
    assert_eq!(sizes, [5, 5, 5, 4, 4]);
    for replaced in ["memory-by-part", "keyspace-lookups", "ttl-average"] {
        let note = library.panels()[replaced].note.as_ref().unwrap();
        assert!(note.starts_with("Stands for "), "{note}");
    }
    let cache: Vec<_> = library.dashboards()["redis-cache-overview"]
        .panels()
        .collect();
    let wanted = [
        "hit-ratio",
        "command-latency",
        "memory-fragmentation",
        "memory-used",
        "clients",
    ];
    assert_eq!(cache, wanted);
    let services: Vec<_> = library.dashboards()["redis-services"].panels().collect();
    for wanted in [
        "memory-used",
        "memory-used-ratio-trend",
        "clients",
        "commands",
        "hit-ratio-trend",
    ] {
        assert!(services.contains(&wanted), "{wanted}");
    }
}

#[test]
fn every_metric_of_a_panel_is_in_the_catalogue_and_asked_for_as_what_it_is() {
    let case = whole_library();
    // Nodes are compared with each other, not with their past.
    let compared = [
        "redis_cluster_current_epoch",
        "redis_master_repl_offset",
        "redis_connected_slave_offset_bytes",
    ];
    for dashboard in case.resolve().unwrap() {
        for (panel, query) in queries(&dashboard) {
            let parsed = parse(&query.expr);
            assert!(parsed.is_valid(), "{panel}: {:?}", parsed.errors);
            for used in parsed.selectors() {
                let name = used.selector.metric_name().unwrap();
                let Some(known) = case.catalogue.metric(name) else {
                    panic!("{panel}: nothing exposes `{name}`");
                };
                assert!(known.is_series(), "{panel}: `{name}` is no series");
                // A counter's value says nothing, and a gauge has no rate.
                let function = used
                    .window
                    .and_then(|_| function_around(&parsed, used.node));
                match (known.is_cumulative(), function.as_deref()) {
                    (true, Some("rate" | "increase")) | (false, None) => {}
                    (true, None) if compared.contains(&name) => {}
                    (false, Some("deriv" | "avg_over_time" | "resets")) => {}
                    (is_counter, function) => {
                        panic!("{panel}: `{name}` (counter: {is_counter}) in {function:?}")
                    }
                }
                let is_small_unit = matches!(
                    known.metric.unit,
                    Some(Unit::Microseconds | Unit::Milliseconds)
                );
                assert_eq!(
                    is_small_unit,
                    query.expr.ends_with("/ 1e6"),
                    "{panel}: unit of `{name}`"
                );
            }
        }
    }
}

fn queries(dashboard: &Dashboard) -> Vec<(String, &Query)> {
    dashboard
        .panels()
        .flat_map(|panel| {
            let name = format!("{}/{}", dashboard.slug, panel.name);
            panel.queries.iter().map(move |query| (name.clone(), query))
        })
        .collect()
}

fn parse(expr: &str) -> Parsed {
    promql::parse_with(expr, &Options::grafana())
}

/// The function that a range selector is given to.
fn function_around(parsed: &Parsed, selector: NodeId) -> Option<String> {
    let parents = parsed.parents();
    let range = parents[selector.index()]?;
    match &parsed[parents[range.index()]?].kind {
        Kind::Call(call) => Some(call.name.text.to_string()),
        _ => None,
    }
}

#[test]
fn legends_use_only_labels_that_the_query_keeps() {
    let mut cases = vec![whole_library(), Case::with_everything(API)];
    for case in &mut cases {
        let described: BTreeMap<String, Vec<String>> = case
            .profile
            .applications
            .values()
            .flat_map(|application| &application.metrics)
            .map(|(name, metric)| (name.clone(), metric.labels.clone()))
            .collect();
        for dashboard in case.resolve().unwrap() {
            for panel in dashboard.panels() {
                for query in &panel.queries {
                    let parsed = parse(&query.expr);
                    let kept = kept_labels(&parsed, parsed.root(), &|metric| {
                        let family = metric
                            .trim_end_matches("_bucket")
                            .trim_end_matches("_sum")
                            .trim_end_matches("_count");
                        let own = described.get(metric).or_else(|| described.get(family));
                        own.cloned().unwrap_or_else(|| {
                            let known = case.catalogue.metric(metric).unwrap();
                            known.metric.labels.clone()
                        })
                    });
                    let legend = labels_of_legend(&query.legend);
                    let columns = panel.columns.keys().map(String::as_str);
                    let columns = columns.filter(|column| *column != "Value");
                    let place = format!("{}/{}", dashboard.slug, panel.name);
                    for label in legend.iter().copied().chain(columns) {
                        assert!(
                            kept.contains(label),
                            "{place}: `{label}` is not in {kept:?} of {}",
                            query.expr
                        );
                    }
                    // Two servers with one name in the legend cannot be told apart.
                    let is_named = legend.contains(&"instance") || legend.contains(&"slave_port");
                    assert!(
                        is_named || !kept.contains("instance") || panel.kind == PanelKind::Table,
                        "{place}: which instance?"
                    );
                }
            }
        }
    }
}

fn labels_of_legend(legend: &str) -> Vec<&str> {
    legend
        .split("{{")
        .skip(1)
        .map(|rest| rest.split("}}").next().unwrap())
        .collect()
}

/// Labels that the result of a node has, given those of metrics.
fn kept_labels(
    parsed: &Parsed,
    node: NodeId,
    labels_of: &dyn Fn(&str) -> Vec<String>,
) -> BTreeSet<String> {
    let kept = |node| kept_labels(parsed, node, labels_of);
    let names = |names: &[promql::Name]| -> BTreeSet<String> {
        names.iter().map(|name| name.text.to_string()).collect()
    };
    match &parsed[node].kind {
        Kind::Selector(selector) => {
            let own = labels_of(selector.metric_name().unwrap()).into_iter();
            // Of the target, of a bucket, and of our alerts.
            let added = ["job", "instance", "redis", "le", "severity"];
            own.chain(added.map(Into::into)).collect()
        }
        Kind::Range(range) => kept(range.selector),
        Kind::Paren(inner) | Kind::Unary(_, inner) => kept(*inner),
        Kind::Call(call) => {
            let mut labels: BTreeSet<String> = call
                .arguments
                .iter()
                .flat_map(|argument| kept(*argument))
                .collect();
            if &*call.name.text == "histogram_quantile" {
                assert!(labels.remove("le"), "{}", parsed.text());
            }
            labels
        }
        Kind::Aggregation(aggregation) => {
            let inner = kept(aggregation.expr);
            match &aggregation.grouping {
                Some(grouping) if !grouping.without => {
                    let by = names(&grouping.labels);
                    assert!(by.is_subset(&inner), "{by:?} of {}", parsed.text());
                    by
                }
                Some(grouping) => &inner - &names(&grouping.labels),
                // The inputs themselves, ranked.
                None if aggregation.parameter.is_some() => inner,
                None => BTreeSet::new(),
            }
        }
        Kind::Binary(binary) => {
            let (left, right) = (kept(binary.left), kept(binary.right));
            if parsed.number(binary.left).is_some()
                || parsed.slice(parsed[binary.left].span) == "time()"
            {
                return right;
            }
            if parsed.number(binary.right).is_some()
                || parsed.slice(parsed[binary.right].span) == "time()"
            {
                return left;
            }
            match &binary.matching {
                Some(Matching {
                    cardinality: Some(group),
                    ..
                }) if group.side == Side::Right => right,
                _ if parsed.slice(binary.op_span) == "or" => &left & &right,
                _ => left,
            }
        }
        _ => BTreeSet::new(),
    }
}

#[test]
fn promtool_accepts_every_query() {
    let mut rules = String::from("groups:\n  - name: panels\n    rules:\n");
    for case in [whole_library(), Case::with_everything(API)] {
        for dashboard in case.resolve().unwrap() {
            for (index, (panel, query)) in queries(&dashboard).into_iter().enumerate() {
                let expr = query
                    .expr
                    .replace("$__rate_interval", "1m")
                    .replace("$__range", "1h");
                let name = panel.replace(|char: char| !char.is_ascii_alphanumeric(), "_");
                let expr = serde_json::to_string(&expr).unwrap();
                rules += &format!("      - {{record: \"{name}:{index}\", expr: {expr}}}\n");
            }
        }
    }
    for generation in generations() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("panels.yml");
        std::fs::write(&path, &rules).unwrap();
        let output = std::process::Command::new(generation.program("promtool"))
            .args(["check", "rules", "--lint=none"])
            .arg(&path)
            .output()
            .unwrap();
        assert!(output.status.success(), "{}: {output:?}", generation.name);
    }
}

#[test]
fn ids_are_unique_and_nothing_overlaps_in_the_json() {
    let case = whole_library();
    let artifacts = case.artifacts();
    let mut uids = BTreeSet::new();
    for (path, dashboard) in json_of(&artifacts) {
        assert!(uids.insert(dashboard["uid"].to_string()), "{path}");
        assert!(dashboard.get("id").is_none());
        let panels = panels_of(&dashboard);
        let ids: BTreeSet<_> = panels.iter().map(|panel| panel["id"].as_u64()).collect();
        assert_eq!(ids.len(), panels.len(), "{path}");
        // What is folded away takes its place when its row is opened.
        for (index, a) in panels.iter().enumerate() {
            let [x, y, w, h] = place_of(a);
            assert!(x + w <= u64::from(COLUMNS) && w > 0 && h > 0, "{path}: {a}");
            for b in &panels[index + 1..] {
                let [x2, y2, w2, h2] = place_of(b);
                let apart = x + w <= x2 || x2 + w2 <= x || y + h <= y2 || y2 + h2 <= y;
                assert!(apart, "{path}: {} and {}", a["title"], b["title"]);
            }
        }
        for panel in panels.iter().filter(|panel| panel["type"] != "row") {
            assert_eq!(panel["datasource"]["uid"], "stackwright-prometheus");
            let refs: BTreeSet<_> = panel["targets"]
                .as_array()
                .unwrap()
                .iter()
                .map(|query| query["refId"].to_string())
                .collect();
            assert_eq!(refs.len(), panel["targets"].as_array().unwrap().len());
        }
    }
}

fn place_of(panel: &Value) -> [u64; 4] {
    ["x", "y", "w", "h"].map(|key| panel["gridPos"][key].as_u64().unwrap())
}

#[test]
fn the_same_profile_gives_the_same_bytes() {
    assert_eq!(whole_library().artifacts(), whole_library().artifacts());
}

#[test]
fn the_combined_dashboard_has_its_three_sections() {
    let case = Case::with_everything(API);
    let dashboards = case.resolve().unwrap();
    assert_eq!(dashboards.len(), 1);
    let dashboard = &dashboards[0];
    assert_eq!(dashboard.uid, "gatewayz-gatewayz-redis-services");
    let titles: Vec<_> = dashboard
        .rows
        .iter()
        .map(|row| row.title.as_str())
        .collect();
    assert_eq!(
        titles,
        [
            "Redis Infrastructure",
            "Application Cache Usage",
            "API Performance"
        ]
    );
    let cache: Vec<_> = dashboard.rows[1]
        .panels
        .iter()
        .map(|panel| panel.title.as_str())
        .collect();
    // The misses are on the panel of the hits.
    assert_eq!(
        cache,
        [
            "Cache hit ratio",
            "Cache hits and misses",
            "Cache size",
            "Gatewayz redis operation duration",
            "Gatewayz redis operation duration by operation"
        ]
    );
    let errors = &dashboard.rows[2].panels[1].queries[0];
    assert!(
        errors
            .expr
            .contains(r#"{job="gatewayz_api",status_code=~"5.."}"#),
        "{}",
        errors.expr
    );
    // The application is scraped every 30s, and the datasource counts on 15s.
    assert_eq!(errors.interval, Some(Duration::from_secs(30)));
}

#[test]
fn a_threshold_colours_in_its_own_direction() {
    let case = Case::with_everything("name: demo\ndashboards: {redis-performance: {}}");
    let dashboards = case.resolve().unwrap();
    let steps = |name: &str| {
        let panel = dashboards[0]
            .panels()
            .find(|panel| panel.name == name)
            .unwrap();
        panel
            .steps
            .iter()
            .map(|step| (step.color, step.from))
            .collect::<Vec<_>>()
    };
    use stackwright::catalogue::Color::{Green, Red, Yellow};
    assert_eq!(
        steps("memory-used-ratio"),
        [(Green, None), (Yellow, Some(0.8)), (Red, Some(0.95))]
    );
    assert_eq!(
        steps("hit-ratio"),
        [(Red, None), (Yellow, Some(0.5)), (Green, Some(0.8))]
    );
}

#[test]
fn severities_that_are_off_have_no_colour_and_nothing_is_not_too_much() {
    let steps = |direction, warning, critical| {
        let threshold = PanelThreshold {
            direction,
            warning,
            critical,
        };
        let steps = threshold.steps();
        steps
            .iter()
            .map(|step| (format!("{:?}", step.color), step.from))
            .collect::<Vec<_>>()
    };
    let step = |color: &str, from| (color.to_owned(), from);
    use Direction::{HigherIsWorse, LowerIsWorse};
    assert_eq!(steps(HigherIsWorse, None, None), [step("Green", None)]);
    assert_eq!(
        steps(HigherIsWorse, None, Some(0.9)),
        [step("Green", None), step("Red", Some(0.9))]
    );
    assert_eq!(
        steps(LowerIsWorse, Some(0.5), None),
        [step("Yellow", None), step("Green", Some(0.5))]
    );
    // `> 0` is no alert at 0, so it is no colour at 0.
    assert!(steps(HigherIsWorse, Some(0.0), None)[1].1 > Some(0.0));
}

#[test]
fn only_what_can_show_something_is_shown() {
    let mut case = Case::with_everything("name: demo");
    case.features = [Feature::Snapshots, Feature::Persistence].into();
    for metric in [
        "redis_max_clients",
        "redis_key_group_count",
        "redis_key_group_memory_usage_bytes",
    ] {
        case.unavailable.insert(metric.into(), "needs --x".into());
    }
    let dashboards = case.resolve().unwrap();
    let slugs: Vec<_> = dashboards
        .iter()
        .map(|dashboard| dashboard.slug.as_str())
        .collect();
    assert_eq!(slugs, ["stack", "redis-overview"]);
    let panel = |name: &str| dashboards[1].panels().find(|panel| panel.name == name);
    for absent in ["aof-status", "replication-lag", "key-group-count"] {
        assert!(panel(absent).is_none(), "{absent}");
    }
    assert!(
        dashboards[1]
            .rows
            .iter()
            .all(|row| row.title != "Replication")
    );
    let ratio = &panel("clients-ratio").unwrap().queries;
    assert_eq!(ratio.len(), 1);
    assert!(
        ratio[0].expr.contains("redis_config_maxclients"),
        "the fallback"
    );
}

#[test]
fn names_that_do_not_exist_are_errors_with_a_suggestion() {
    let case = Case::with_everything(
        r#"
name: demo
applications: {api: {url: 'http://api', metrics: {jobs_done_total: {type: counter}}}}
dashboards:
  redis-overveiw: {}
  mine:
    uid: "a b"
    sections:
      memory: {panels: [memory-usd, memory-used, memory-used]}
      api: {application: apu}
      jobs: {panels: [jobs_done_total]}
      empty: {panels: []}
      overview: {}
"#,
    );
    assert_eq!(
        problems(&case),
        [
            "dashboards.redis-overveiw: dashboard `redis-overveiw` has no sections, and none of the library has its name (did you mean `redis-overview`?)",
            "dashboards.mine.sections.memory.panels[0]: there is no panel `memory-usd` (did you mean `memory-used`?)",
            "dashboards.mine.sections.memory.panels[2]: panel `memory-used` is on this dashboard already (remove it from one of the sections)",
            "dashboards.mine.sections.api.application: there is no application `apu` (did you mean `api`?)",
            "dashboards.mine.sections.jobs.panels[0]: there is no panel `jobs_done_total` (set `application: api` on this section: it has this metric)",
            "dashboards.mine.sections.empty.panels: section `empty` has an empty list of panels (remove `panels` to get all of the section, or the section itself)",
            "dashboards.mine.sections.overview: section `overview` has no panels (name some in `panels` (`stackwright list panels`), or an `application`)",
            "dashboards.mine.uid: Grafana does not take this as a uid (use at most 40 letters, digits, `-` and `_`)",
        ]
    );
}

#[test]
fn a_panel_that_is_asked_for_and_could_show_nothing_is_an_error() {
    let mut case = Case::with_everything(
        r#"
name: demo
dashboards:
  mine:
    sections:
      a: {panels: [replication-lag, key-group-count]}
  redis-sentinel: {}
  other: {uid: mine, sections: {a: {panels: [memory-used]}}}
  another: {uid: Mine, sections: {a: {panels: [memory-used]}}}
"#,
    );
    case.features.clear();
    case.unavailable.insert(
        "redis_key_group_count".into(),
        "needs --check-key-groups".into(),
    );
    assert_eq!(
        problems(&case),
        [
            "dashboards.mine.sections.a.panels[0]: panel `replication-lag` has nothing to show here: it needs a target with replicas (remove it, or give it what it needs)",
            "dashboards.mine.sections.a.panels[1]: panel `key-group-count` has nothing to show here: `redis_key_group_count` is not exposed: needs --check-key-groups (remove it, or give it what it needs)",
            "dashboards.redis-sentinel: no panel of dashboard `redis-sentinel` has anything to show here (panel `sentinel-quorum`: it needs a target of topology `sentinel`)",
            "dashboards.another: dashboards `other` and `another` have the same uid `Mine` (give one of them another `uid`)",
        ]
    );
}

#[test]
fn a_metric_name_cannot_smuggle_in_a_query() {
    let case = Case::with_everything(
        r#"
name: demo
applications:
  api:
    url: http://api
    metrics:
      'up} or vector(1) #': {type: gauge}
      fine_total: {type: counter, labels: ['a) (up']}
"#,
    );
    assert_eq!(
        problems(&case),
        [
            "applications.api.metrics.up} or vector(1) #: this cannot be the name of a metric (use letters, digits, `_` and `:`, beginning with no digit)",
            "applications.api.metrics.fine_total.labels[0]: this cannot be the name of a label (use letters, digits and `_`, beginning with no digit)",
        ]
    );
}

#[test]
fn dashboards_can_be_switched_off() {
    let case = Case::with_everything(
        "name: demo\ndashboards: {stack: {enabled: false}, redis-cluster: {enabled: false}}",
    );
    let slugs: Vec<_> = case
        .resolve()
        .unwrap()
        .into_iter()
        .map(|found| found.slug)
        .collect();
    assert_eq!(slugs, ["endpoints", "redis-overview", "redis-sentinel"]);
    let case = Case::with_everything("name: demo\ndashboards: {stakc: {enabled: false}}");
    assert_eq!(
        problems(&case),
        ["dashboards.stakc: there is no dashboard `stakc` to leave out (did you mean `stack`?)"]
    );
}

#[test]
fn strange_texts_come_out_as_data() {
    let long = "long ".repeat(2048);
    let texts = [
        "\"quotes\" and 'these' \\ back",
        "two\nlines\ttab\r",
        "{{ instance }} <{ x }> <% if %>",
        "${HOME} $job $$ [[job]]",
        "a: b # c",
        "🚀\u{85}\u{2028}\u{feff}",
        "</script>",
        "../../etc",
        long.as_str(),
    ];
    for text in texts {
        let mut case = Case::with_everything(API);
        let dashboard = case
            .profile
            .dashboards
            .get_mut("gatewayz-redis-services")
            .unwrap();
        dashboard.title = Some(text.into());
        dashboard.description = Some(text.into());
        dashboard.folder = Some(text.into());
        dashboard.tags = vec![text.into()];
        dashboard.sections[0].title = Some(text.into());
        let application = case.profile.applications.get_mut("api").unwrap();
        application.job = Some(text.into());
        application.metrics["cache_size_bytes"].help = text.into();
        case.redis_jobs = vec![text.into()];
        let artifacts = case.artifacts();
        for artifact in &artifacts {
            assert!(
                !artifact.path.as_str().contains(".."),
                "{}",
                artifact.path.as_str()
            );
        }
        let dashboards = json_of(&artifacts);
        let (path, dashboard) = dashboards.iter().next().unwrap();
        assert_eq!(dashboard["title"], text);
        assert_eq!(dashboard["description"], text);
        assert_eq!(dashboard["tags"][0], text);
        assert_eq!(dashboard["panels"][0]["title"], text);
        let expressions = panels_of(dashboard)
            .into_iter()
            .flat_map(|panel| panel["targets"].as_array().into_iter().flatten())
            .map(|query| query["expr"].as_str().unwrap().to_owned());
        for expr in expressions {
            let parsed = parse(&expr);
            assert!(parsed.is_valid(), "{expr}: {:?}", parsed.errors);
            let known = ["job", "instance", "__rate_interval"];
            for variable in &parsed.variables {
                assert!(known.contains(&variable.name.as_str()), "{expr}");
            }
            for used in parsed.selectors() {
                let job = used
                    .selector
                    .matchers
                    .iter()
                    .find(|m| &*m.label.text == "job")
                    .unwrap();
                if !job.value.has_variables {
                    assert_eq!(job.value.bytes.as_ref(), text.as_bytes());
                }
            }
        }
        let providers = artifacts
            .iter()
            .find(|found| found.path.as_str().ends_with("dashboards.yaml"));
        let providers: Value = serde_yaml::from_str(&providers.unwrap().text).unwrap();
        let provider = &providers["providers"][0];
        assert_eq!(provider["folder"], text.replace('$', "$$"));
        let directory = provider["options"]["path"].as_str().unwrap();
        let folder = directory.strip_prefix("/etc/grafana/dashboards/").unwrap();
        assert_eq!(
            path,
            &format!("grafana/dashboards/{folder}/gatewayz-redis-services.json")
        );
    }
}

#[test]
fn grafana_counts_on_the_real_scrape_interval() {
    let artifacts = Case::with_everything(API).artifacts();
    let text = |end: &str| {
        let found = artifacts
            .iter()
            .find(|found| found.path.as_str().ends_with(end));
        serde_yaml::from_str::<Value>(&found.unwrap().text).unwrap()
    };
    let datasources = text("datasources.yaml");
    let prometheus = &datasources["datasources"][0];
    assert_eq!(prometheus["uid"], "stackwright-prometheus");
    assert_eq!(prometheus["url"], "http://prometheus:9090");
    assert_eq!(prometheus["jsonData"]["timeInterval"], "15s");
    assert_eq!(
        prometheus["jsonData"]["alertmanagerUid"],
        datasources["datasources"][1]["uid"]
    );
    let providers = text("dashboards.yaml");
    assert_eq!(providers["providers"].as_array().unwrap().len(), 1);
    assert_eq!(providers["providers"][0]["folder"], "Redis");
}
