//! Dashboards and what Grafana is told, from the panel library and from profiles.

mod queries;
mod wrong_profiles;

use std::collections::{BTreeMap, BTreeSet};

use indexmap::IndexMap;
use serde_json::Value;
use stackwright::artifact::{ProvisioningContext, dashboards, grafana_provisioning};
use stackwright::bundle::Artifact;
use stackwright::catalogue::{Catalogue, DashboardLibrary, Feature};
use stackwright::model::application;
use stackwright::model::dashboard::{
    COLUMNS, Dashboard, DashboardInput, Direction, PanelThreshold, resolve,
};
use stackwright::model::key_policy;
use stackwright::model::remote::{Credentials, QueryEndpoint};
use stackwright::profile::{Problem, Profile};
use stackwright::promql::{self, Options, Parsed};
use stackwright::quantity::Duration;
use stackwright::template::Templates;

const EVERYTHING: [Feature; 11] = [
    Feature::Replicas,
    Feature::Sentinels,
    Feature::Cluster,
    Feature::Snapshots,
    Feature::AppendOnlyFile,
    Feature::Persistence,
    Feature::Probes,
    Feature::KeyPolicies,
    Feature::OwnRules,
    Feature::RemoteWrite,
    Feature::Logs,
];

const KEYS: &str = r#"
address: redis://cache
key_policies:
  "user:*": {ttl: 1h, description: Profiles.}
  'a"\$job[[x]*{{b}}': {max_length: 3, durable: true}
  "*": {}
"#;

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
        let library = Catalogue::embedded().unwrap().dashboards().clone();
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
                    colors: Vec::new(),
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
        let mut problems = Vec::new();
        let applications = application::resolve(&self.profile, &self.catalogue, &mut problems);
        if !problems.is_empty() {
            return Err(problems);
        }
        let target = serde_yaml::from_str(KEYS).unwrap();
        let keys = key_policy::resolve("cache", &target, &mut problems);
        let key_policies: Vec<_> = keys
            .iter()
            .filter(|_| self.features.contains(&Feature::KeyPolicies))
            .collect();
        assert!(problems.is_empty(), "{problems:?}");
        resolve(&DashboardInput {
            library: &self.library,
            profile: &self.profile.name,
            written: &self.profile.dashboards,
            redis_jobs: &self.redis_jobs,
            redis_interval: Duration::from_secs(30),
            scrape_interval: Duration::from_secs(15),
            key_policies: &key_policies,
            applications: &applications,
            thresholds: &self.thresholds,
            logs: Some("{compose_service=\"redis\"}"),
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
            prometheus: &QueryEndpoint {
                url: "http://prometheus:9090".into(),
                is_own: true,
                credentials: Credentials::default(),
            },
            alertmanager: "alertmanager:9093",
            loki: Some("http://loki:3100"),
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

fn parse(expr: &str) -> Parsed {
    promql::parse_with(expr, &Options::grafana())
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
    let library = Catalogue::embedded().unwrap().dashboards().clone();
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
    let library = Catalogue::embedded().unwrap().dashboards().clone();
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
        "clients-ratio",
        "activity-logs",
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
            let datasource = match panel["type"].as_str() {
                Some("logs") => "stackwright-loki",
                _ => "stackwright-prometheus",
            };
            assert_eq!(panel["datasource"]["uid"], datasource);
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
fn colours_of_the_profile_go_before_those_of_the_severities() {
    use stackwright::catalogue::Color::{Green, Orange, Red, Yellow};
    let steps = |direction, colors: &[(stackwright::catalogue::Color, f64)]| {
        let threshold = PanelThreshold {
            direction,
            warning: Some(0.5),
            critical: None,
            colors: colors.to_vec(),
        };
        let steps = threshold.steps();
        steps
            .iter()
            .map(|step| (step.color, step.from))
            .collect::<Vec<_>>()
    };
    let colors = [(Yellow, 0.7), (Orange, 0.85), (Red, 0.95)];
    assert_eq!(
        steps(Direction::HigherIsWorse, &colors),
        [
            (Green, None),
            (Yellow, Some(0.7)),
            (Orange, Some(0.85)),
            (Red, Some(0.95))
        ]
    );
    let colors = [(Yellow, 0.9), (Orange, 0.7), (Red, 0.3)];
    assert_eq!(
        steps(Direction::LowerIsWorse, &colors),
        [
            (Red, None),
            (Orange, Some(0.3)),
            (Yellow, Some(0.7)),
            (Green, Some(0.9))
        ]
    );
}

#[test]
fn severities_that_are_off_have_no_colour_and_nothing_is_not_too_much() {
    let steps = |direction, warning, critical| {
        let threshold = PanelThreshold {
            direction,
            warning,
            critical,
            colors: Vec::new(),
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
