use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use indexmap::{IndexMap, IndexSet};

use super::alert::{self, AlertLinks, Alerting, AlertingInputs, Evaluation, Evaluator};
use super::application::{self, Application};
use super::consumer::{self, Consumer};
use super::dashboard::{self, Dashboard, DashboardInput, PanelThreshold};
use super::exporter::{self, ExporterProcess, Exporting};
use super::exporter_user::{self, ExporterUser};
use super::image::{self, PinnedTool};
use super::inhibition::Inhibition;
use super::job::{JobKind, ScrapeJob};
use super::notification::{Notification, NotificationContext};
use super::prometheus::{self, PrometheusProcess, Shard};
use super::remote::{self, QueryEndpoint, RemoteStorage};
use super::routing::RoutableAlert;
use super::secret::Secrets;
use super::series::{self, SeriesEstimate, SeriesInputs};
use super::service::{ServiceContext, Services};
use super::target::{self, RedisTarget};
use super::{label, logs, memory_pressure, probe, scrape};
use crate::catalogue::{
    AlertCatalogue, Availability, Catalogue, Circumstances, DashboardLibrary, Feature, Version,
};
use crate::document::Route;
use crate::profile::{
    self, EnvironmentProfile, Flag, Persistence, Problem, Profile, Topology, suggestion,
};
use crate::template::{TemplateError, Templates};

/// Name of the exporter whose catalogue describes Redis.
const REDIS_EXPORTER: &str = "redis_exporter";
/// The dashboard that alerts link to, unless the profile has its own.
const DEFAULT_DASHBOARD: &str = "redis-overview";

/// Everything that one environment consists of.
#[derive(Debug)]
pub struct Stack<'c> {
    /// Name of the profile.
    pub name: String,
    /// Name of the environment.
    pub environment: String,
    /// The profile, its overlay applied.
    pub profile: Arc<Profile>,
    /// External labels, `environment` among them.
    pub external_labels: IndexMap<String, String>,
    /// Redis deployments.
    pub targets: Vec<RedisTarget>,
    /// Exporters that the stack runs.
    pub exporters: Vec<ExporterProcess>,
    /// ACL users with which exporters connect.
    pub exporter_users: Vec<ExporterUser>,
    /// Applications that use the targets.
    pub consumers: Vec<Consumer>,
    /// Scrape jobs, in the order of `prometheus.yml`.
    pub jobs: Vec<ScrapeJob>,
    /// Programs beside Redis, by name.
    pub applications: IndexMap<String, Application<'c>>,
    /// Rules.
    pub alerting: Alerting<'c>,
    /// What each of several Prometheus servers must find, in their order.
    pub counting: Vec<Alerting<'c>>,
    /// The Prometheus servers, the one that people ask first.
    pub prometheus_servers: Vec<PrometheusProcess>,
    /// Where samples are sent.
    pub storages: Vec<RemoteStorage>,
    /// Where Grafana asks.
    pub query_endpoint: QueryEndpoint,
    /// Dashboards.
    pub dashboards: Vec<Dashboard>,
    /// Alerts as Alertmanager sees them.
    pub routable: Vec<RoutableAlert>,
    /// Routes, receivers and inhibit rules.
    pub notification: Notification,
    /// What runs.
    pub services: Services,
    /// Where secrets are found.
    pub secrets: Secrets,
    /// About how many series there are.
    pub series: SeriesEstimate,
    /// The version of the exporters, oldest first where they differ.
    pub exporter_version: Option<Version>,
    /// The version of Redis.
    pub redis_version: Option<Version>,
}

/// Why a stack cannot be resolved.
#[derive(Debug)]
pub enum StackError {
    /// The profile is wrong. Warnings may be among them.
    Profile(Vec<Problem>),
    /// A text of the catalogue does not render: our mistake.
    Catalogue(Box<TemplateError>),
}

impl<'c> Stack<'c> {
    /// What `profile` means. Warnings come beside the stack.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with the profile's content.
    pub fn resolve(
        environment: &EnvironmentProfile,
        catalogue: &'c Catalogue,
        templates: &Templates,
    ) -> Result<(Self, Vec<Problem>), StackError> {
        let profile = &*environment.profile;
        let mut problems = Vec::new();
        let mut secrets = Secrets::new();
        if profile.targets.is_empty() {
            problems.push(
                Problem::key(
                    "profile/no-targets",
                    Route::of(["targets"]),
                    "this profile watches no Redis",
                )
                .help("add a target: `targets: {cache: {address: redis://cache:6379}}`"),
            );
        }
        let tools = image::resolve(profile, catalogue, &mut problems);
        label::check(profile, catalogue, &mut problems);
        scrape::check_timings(profile, &mut problems);
        probe::check(&profile.probes, &mut problems);
        logs::check(profile.logs.as_ref(), &mut problems);
        let own_exporter_version = exporter_version(profile, &tools);
        let written_exporters = target::exporters(profile);
        let targets = target::resolve(profile, &written_exporters, &mut problems);
        let Exporting {
            processes: mut exporters,
            jobs: redis_jobs,
        } = exporter::resolve(
            profile,
            &written_exporters,
            &targets,
            own_exporter_version,
            &mut secrets,
            &mut problems,
        );
        let mut jobs = redis_jobs;
        if profile.sharding.shards > 1 {
            // Several Prometheus servers read the same list and keep a part of it.
            for job in &mut jobs {
                if job.kind != JobKind::Exporter {
                    job.discovery = job.discovery.clone().into_file(&job.name);
                }
            }
        }
        let applications = application::resolve(profile, catalogue, &mut problems);
        jobs.extend(scrape::application_jobs(
            profile,
            &applications,
            &mut secrets,
            &mut problems,
        ));
        jobs.extend(scrape::probe_jobs(profile, &mut problems));
        jobs.extend(scrape::own_jobs(profile));
        check_job_names(profile, &jobs, &mut problems);
        let redis_version = tools.get("redis").and_then(|tool| tool.version);
        let prometheus_version = tools.get("prometheus").and_then(|tool| tool.version);
        let storages = remote::resolve(profile, &mut secrets, &mut problems);
        let query_endpoint = remote::query_endpoint(profile, &mut secrets);
        let mut external_labels = profile.labels.clone();
        external_labels
            .entry("environment".into())
            .or_insert_with(|| environment.environment.clone());
        let evaluation = Evaluation {
            by: match (profile.agent, profile.sharding.shards) {
                (true, _) => Evaluator::Ruler,
                (false, 0 | 1) => Evaluator::Prometheus,
                (false, _) => Evaluator::EachShard,
            },
            // A ruler elsewhere does not know them.
            labels: match profile.agent {
                true => external_labels.clone(),
                false => IndexMap::new(),
            },
            has_remote_write: !storages.is_empty(),
        };
        let links = alert_links(profile, catalogue.dashboards(), &mut problems);
        let own_runbooks: BTreeSet<String> = profile.runbooks.keys().cloned().collect();
        let is_alarm = profile
            .thresholds
            .get("memory-pressure")
            .is_some_and(|threshold| {
                let values = [&threshold.warning, &threshold.critical];
                values.into_iter().flatten().any(|value| !value.is_off())
            });
        let pressure = memory_pressure::resolve(&profile.memory_pressure, is_alarm, &mut problems);
        let inputs = AlertingInputs {
            targets: &targets,
            jobs: &jobs,
            applications: &applications,
            exporter: own_exporter_version,
            redis: redis_version,
            thresholds: &profile.thresholds,
            pressure: &pressure,
            overrides: &profile.alerts,
            own_runbooks: &own_runbooks,
            links: &links,
            window: profile.scrape.window,
            evaluation: &evaluation,
        };
        let ours = |error| StackError::Catalogue(Box::new(error));
        let alerting = alert::resolve(catalogue.alerting(), &inputs, templates, &mut problems)
            .map_err(ours)?;
        let mut prometheus_servers = prometheus::resolve(profile, &jobs);
        prometheus::check(
            profile,
            &prometheus_servers,
            prometheus_version,
            &mut problems,
        );
        let counting = match evaluation.by {
            Evaluator::EachShard => counting(
                catalogue.alerting(),
                &inputs,
                &prometheus_servers,
                templates,
            )
            .map_err(ours)?,
            _ => Vec::new(),
        };
        // What alerts ask for is watched by the other ones, which are scraped more often.
        for exporter in exporters.iter_mut().filter(|it| it.keys.is_none()) {
            for flag in &alerting.flags {
                exporter
                    .flags
                    .entry(flag.clone())
                    .or_insert(Flag::Switch(true));
            }
        }
        check_flags(profile, catalogue, own_exporter_version, &mut problems);
        let series = series::estimate(
            SeriesInputs {
                profile,
                catalogue,
                targets: &targets,
                jobs: &jobs,
                servers: &prometheus_servers,
                circumstances: &circumstances(own_exporter_version, redis_version, &exporters),
                tools: &tools,
            },
            &mut problems,
        );
        let scraped = prometheus_servers.iter_mut().flat_map(|it| &mut it.jobs);
        for job in jobs.iter_mut().chain(scraped) {
            job.sample_limit = series.sample_limit(&job.name);
        }

        let dashboards = dashboards(
            &DashboardParts {
                profile,
                catalogue,
                targets: &targets,
                jobs: &jobs,
                applications: &applications,
                exporters: &exporters,
                alerting: &alerting,
                exporter_version: own_exporter_version,
                redis_version,
            },
            &mut problems,
        );

        let routable = routable(std::iter::once(&alerting).chain(&counting), &targets);
        let groups: IndexSet<String> = catalogue.alerting().groups.keys().cloned().collect();
        let names: IndexSet<String> = profile.targets.keys().cloned().collect();
        let alertmanager = tools.get("alertmanager").and_then(|tool| tool.version);
        let notification = Notification::resolve(
            NotificationContext {
                notifications: &profile.notifications,
                alerts: &routable,
                groups: &groups,
                targets: &names,
                inhibitions: &Inhibition::embedded(),
                jobs: &jobs,
                has_webhook_url_file: alertmanager
                    .is_none_or(|version| "0.26".parse().is_ok_and(|since| version >= since)),
            },
            &mut secrets,
            &mut problems,
        );
        let images: IndexMap<String, String> = tools
            .iter()
            .map(|(name, tool)| (name.clone(), tool.image.clone()))
            .collect();
        let services = Services::resolve(
            ServiceContext {
                profile,
                environment: &environment.environment,
                images: &images,
                directives: catalogue.directives(),
                targets: &targets,
                exporters: &exporters,
                prometheus_servers: &prometheus_servers,
                query_endpoint: &query_endpoint,
                agent_flag: profile
                    .agent
                    .then(|| prometheus::agent_flag(prometheus_version)),
                longest_repeat_interval: notification.routing.longest_repeat_interval(),
            },
            &mut secrets,
            &mut problems,
        );
        let consumers = consumer::resolve(profile, &mut problems);
        if problems.iter().any(Problem::is_error) {
            return Err(StackError::Profile(problems));
        }
        let expands = prometheus_version
            .is_none_or(|version| "3.0".parse().is_ok_and(|since| version >= since));
        if expands {
            // Since 3.0 `$` names an environment variable of Prometheus here, and nowhere else.
            for value in external_labels.values_mut() {
                *value = value.replace('$', "$$");
            }
        }
        let permissions = catalogue
            .exporter(REDIS_EXPORTER)
            .map_or(&[][..], |exporter| &exporter.permissions);
        let stack = Self {
            exporter_users: exporter_user::resolve(&targets, &exporters, permissions),
            consumers,
            name: profile.name.clone(),
            environment: environment.environment.clone(),
            profile: Arc::clone(&environment.profile),
            external_labels,
            targets,
            exporters,
            jobs,
            applications,
            alerting,
            counting,
            prometheus_servers,
            storages,
            query_endpoint,
            dashboards,
            routable,
            notification,
            services,
            secrets,
            series,
            exporter_version: own_exporter_version,
            redis_version,
        };
        Ok((stack, problems))
    }

    /// What decides which metrics of redis_exporter there are.
    pub fn circumstances(&self) -> Circumstances {
        circumstances(self.exporter_version, self.redis_version, &self.exporters)
    }

    /// How many Redis servers and sentinels are named.
    pub fn server_count(&self) -> usize {
        self.targets.iter().map(|target| target.servers.len()).sum()
    }
}

/// The oldest version among the exporters: what an alert may rely on. An exporter that runs
/// elsewhere has the pinned version unless the profile says otherwise.
fn exporter_version(profile: &Profile, tools: &IndexMap<String, PinnedTool>) -> Option<Version> {
    let pinned = tools.get(REDIS_EXPORTER).and_then(|tool| tool.version);
    let own = profile
        .exporters
        .values()
        .filter_map(|exporter| exporter.image.as_deref())
        .map(|image| Version::from_tag(image.rsplit(':').next().unwrap_or_default()));
    own.chain([pinned]).flatten().min()
}

/// The last place that asks for a job of this name.
fn job_route(profile: &Profile, job: &str) -> Route {
    let applications = profile.applications.iter();
    let exporters = profile.exporters.iter();
    let asked = exporters
        .map(|(name, exporter)| ("exporters", name, &exporter.job))
        .chain(applications.map(|(name, application)| ("applications", name, &application.job)));
    asked
        .rev()
        .find(|(_, name, written)| written.as_deref().unwrap_or(name) == job)
        .map_or_else(Route::root, |(block, name, written)| {
            let route = Route::of([block]).key(name.as_str());
            match written {
                Some(_) => route.key("job"),
                None => route,
            }
        })
}

fn check_job_names(profile: &Profile, jobs: &[ScrapeJob], problems: &mut Vec<Problem>) {
    let mut seen = IndexSet::new();
    for job in jobs {
        if !seen.insert(job.name.as_str()) {
            problems.push(
                Problem::key(
                    "profile/duplicate-job",
                    job_route(profile, &job.name),
                    format!("two scrape jobs would be called `{}`", job.name),
                )
                .help("give one of them another name with `job:`, or rename the exporter, application or probe"),
            );
        }
    }
}

/// Flags that no exporter has, or not yet in this version.
fn check_flags(
    profile: &Profile,
    catalogue: &Catalogue,
    version: Option<Version>,
    problems: &mut Vec<Problem>,
) {
    let Some(known) = catalogue.exporter(REDIS_EXPORTER) else {
        return;
    };
    for (name, exporter) in &profile.exporters {
        for flag in exporter.flags.keys() {
            let route = Route::of(["exporters", name, "flags", flag]);
            match known.flag(flag) {
                None => {
                    let mut problem = Problem::key(
                        "profile/unknown-flag",
                        route,
                        format!("redis_exporter has no flag `{flag}`"),
                    );
                    let names = known.flags.iter().map(|flag| flag.name.as_str());
                    problem.help = suggestion(flag, names, "flags")
                        .or_else(|| Some("`stackwright list flags` names them all".into()));
                    problems.push(problem);
                }
                Some(found) => {
                    if let Some(version) = version
                        && !found.since.includes(version)
                    {
                        problems.push(
                            Problem::key(
                                "profile/flag-too-new",
                                route,
                                format!(
                                    "redis_exporter {version} has no flag `{flag}`; it came with {}",
                                    found.since
                                ),
                            )
                            .help("set `versions.redis_exporter` to a newer one, or remove the flag"),
                        );
                    }
                }
            }
        }
    }
}

/// Slug and uid of every dashboard of the profile, whether written or the catalogue's own.
fn main_dashboard(profile: &Profile) -> String {
    let own = profile
        .dashboards
        .iter()
        .find(|(_, written)| written.enabled != Some(false));
    match own {
        Some((slug, written)) => written
            .uid
            .clone()
            .unwrap_or_else(|| dashboard::uid(&profile.name, slug)),
        None => dashboard::uid(&profile.name, DEFAULT_DASHBOARD),
    }
}

/// Uid of the dashboard that shows each application: its own, or the first one with a section of it.
fn application_dashboards(
    profile: &Profile,
    library: &DashboardLibrary,
) -> BTreeMap<String, String> {
    let mut written = profile
        .dashboards
        .iter()
        .filter(|(_, dashboard)| dashboard.enabled != Some(false))
        .peekable();
    let uid = |slug: &str, dashboard: Option<&profile::Dashboard>| {
        let own = dashboard.and_then(|dashboard| dashboard.uid.clone());
        own.unwrap_or_else(|| dashboard::uid(&profile.name, slug))
    };
    let has_own = written.peek().is_some();
    profile
        .applications
        .keys()
        .filter_map(|name| {
            if !has_own {
                let slug = dashboard::application_slug(name, library);
                let is_off = profile.dashboards.contains_key(&slug);
                return (!is_off).then(|| (name.clone(), uid(&slug, None)));
            }
            let (slug, dashboard) = written.clone().find(|(slug, dashboard)| {
                let mut sections = dashboard.sections.values();
                let shows = |section: &profile::Section| section.application.as_ref() == Some(name);
                (*slug == name && dashboard.sections.is_empty()) || sections.any(shows)
            })?;
            Some((name.clone(), uid(slug, Some(dashboard))))
        })
        .collect()
}

fn alert_links(
    profile: &Profile,
    library: &DashboardLibrary,
    problems: &mut Vec<Problem>,
) -> AlertLinks {
    let links = &profile.links;
    for (key, link) in [
        ("grafana", &links.grafana),
        ("prometheus", &links.prometheus),
        ("alertmanager", &links.alertmanager),
        ("runbooks", &links.runbooks),
    ] {
        let is_url = |link: &String| {
            ["http://", "https://"].iter().any(|scheme| {
                link.strip_prefix(scheme).is_some_and(|rest| {
                    !rest.is_empty() && rest.chars().all(|char| char.is_ascii_graphic())
                })
            }) && !link.contains('@')
        };
        if link.as_ref().is_some_and(|link| !is_url(link)) {
            problems.push(
                Problem::value(
                    "profile/bad-url",
                    Route::of(["links", key]),
                    "this is not an address that a browser can open",
                )
                .help("write `https://host/path`, without credentials"),
            );
        }
    }
    let trimmed = |link: &String| link.trim_end_matches('/').to_owned();
    AlertLinks {
        grafana: links.grafana.as_ref().map_or_else(
            || {
                let port = match profile.compose.ports.get("grafana") {
                    Some(crate::profile::Port::Published(port)) => *port,
                    _ => 3000,
                };
                format!("http://localhost:{port}")
            },
            trimmed,
        ),
        dashboard: Some(main_dashboard(profile)),
        dashboards: BTreeMap::new(),
        applications: application_dashboards(profile, library),
        runbooks: links.runbooks.as_ref().map(trimmed),
    }
}

struct DashboardParts<'a, 'c> {
    profile: &'a Profile,
    catalogue: &'c Catalogue,
    targets: &'a [RedisTarget],
    jobs: &'a [ScrapeJob],
    applications: &'a IndexMap<String, Application<'c>>,
    exporters: &'a [ExporterProcess],
    alerting: &'a Alerting<'c>,
    exporter_version: Option<Version>,
    redis_version: Option<Version>,
}

fn dashboards(parts: &DashboardParts<'_, '_>, problems: &mut Vec<Problem>) -> Vec<Dashboard> {
    let of_redis = |job: &&ScrapeJob| matches!(job.kind, JobKind::Redis | JobKind::Sentinel);
    let redis_jobs: Vec<String> = parts
        .jobs
        .iter()
        .filter(of_redis)
        .map(|job| job.name.clone())
        .collect();
    let redis_interval = parts
        .jobs
        .iter()
        .filter(of_redis)
        .map(|job| job.interval)
        .max()
        .unwrap_or(parts.profile.scrape.interval);
    let thresholds: IndexMap<String, PanelThreshold> = parts
        .alerting
        .thresholds
        .values()
        .filter_map(|threshold| {
            let shown = PanelThreshold {
                direction: dashboard::Direction::of(threshold.direction)?,
                warning: threshold.warning,
                critical: threshold.critical,
                colors: threshold.colors.clone(),
            };
            Some((threshold.name.clone(), shown))
        })
        .collect();
    let circumstances = circumstances(parts.exporter_version, parts.redis_version, parts.exporters);
    let exporter = parts.catalogue.exporter(REDIS_EXPORTER);
    let unavailable = |metric: &str| -> Option<String> {
        match parts
            .catalogue
            .availability(exporter?, metric, &circumstances)?
        {
            Availability::Unavailable(reason) => Some(reason.to_string()),
            Availability::Available | Availability::Conditional(_) => None,
        }
    };
    dashboard::resolve(&DashboardInput {
        library: parts.catalogue.dashboards(),
        profile: &parts.profile.name,
        written: &parts.profile.dashboards,
        redis_jobs: &redis_jobs,
        redis_interval,
        scrape_interval: parts.profile.scrape.interval,
        key_policies: &parts
            .targets
            .iter()
            .filter_map(|target| target.keys.as_ref())
            .collect::<Vec<_>>(),
        applications: parts.applications,
        thresholds: &thresholds,
        logs: parts
            .profile
            .logs
            .as_ref()
            .map(|logs| logs.selector.as_str()),
        features: &features(parts.targets, parts.profile),
        unavailable: &unavailable,
    })
    .unwrap_or_else(|found| {
        problems.extend(found);
        Vec::new()
    })
}

fn circumstances(
    exporter: Option<Version>,
    redis: Option<Version>,
    exporters: &[ExporterProcess],
) -> Circumstances {
    Circumstances {
        exporter,
        flags: flags(exporters),
        server_version: redis,
        ..Circumstances::default()
    }
}

/// The flags of all exporters together: a metric is there if one of them exposes it. `None` where
/// none is ours, because nobody knows how the others run.
fn flags(exporters: &[ExporterProcess]) -> Option<IndexMap<String, String>> {
    if exporters.is_empty() {
        return None;
    }
    let flags = exporters.iter().flat_map(|exporter| &exporter.flags);
    Some(
        flags
            .map(|(name, value)| (name.clone(), value.to_string()))
            .collect(),
    )
}

fn features(targets: &[RedisTarget], profile: &Profile) -> BTreeSet<Feature> {
    let mut features = BTreeSet::new();
    for target in targets {
        match target.topology {
            Topology::Standalone => {}
            Topology::Replicated => {
                features.insert(Feature::Replicas);
            }
            Topology::Sentinel => {
                features.extend([Feature::Replicas, Feature::Sentinels]);
            }
            Topology::Cluster => {
                features.extend([Feature::Replicas, Feature::Cluster]);
            }
        }
        match target.persistence {
            Persistence::None => {}
            Persistence::Rdb => features.extend([Feature::Snapshots, Feature::Persistence]),
            Persistence::Aof => features.extend([Feature::AppendOnlyFile, Feature::Persistence]),
            Persistence::RdbAndAof => features.extend([
                Feature::Snapshots,
                Feature::AppendOnlyFile,
                Feature::Persistence,
            ]),
        }
    }
    if !profile.probes.is_empty() {
        features.insert(Feature::Probes);
    }
    if profile.logs.is_some() {
        features.insert(Feature::Logs);
    }
    if targets.iter().any(|target| target.keys.is_some()) {
        features.insert(Feature::KeyPolicies);
    }
    if !profile.agent {
        features.insert(Feature::OwnRules);
    }
    if !profile.remote_write.is_empty() {
        features.insert(Feature::RemoteWrite);
    }
    features
}

/// What each of several Prometheus servers must find: the only rules in which they differ.
fn counting<'c>(
    catalogue: &'c AlertCatalogue,
    inputs: &AlertingInputs<'_>,
    servers: &[PrometheusProcess],
    templates: &Templates,
) -> Result<Vec<Alerting<'c>>, TemplateError> {
    let mut counting = Vec::new();
    for server in servers {
        let Some(Shard { number, .. }) = server.shard() else {
            continue;
        };
        let found = server
            .jobs
            .iter()
            .filter(|job| prometheus::holds_targets(job));
        let evaluation = Evaluation {
            by: Evaluator::Shard(number),
            labels: IndexMap::from([("shard".to_owned(), number.to_string())]),
            ..inputs.evaluation.clone()
        };
        let inputs = AlertingInputs {
            jobs: &found.cloned().collect::<Vec<_>>(),
            evaluation: &evaluation,
            ..*inputs
        };
        // What is wrong with the profile has been said once.
        let alerting = alert::resolve(catalogue, &inputs, templates, &mut Vec::new())?;
        counting.push(alerting);
    }
    Ok(counting)
}

/// Every alerting rule as Alertmanager sees it.
fn routable<'a>(
    alerting: impl Iterator<Item = &'a Alerting<'a>>,
    targets: &[RedisTarget],
) -> Vec<RoutableAlert> {
    let mut by_topology: IndexMap<Vec<String>, Arc<IndexSet<String>>> = IndexMap::new();
    let none = Arc::new(IndexSet::new());
    alerting
        .flat_map(Alerting::rules)
        .map(|rule| {
            let keeps_target = rule.alert.keeps.iter().any(|label| label == "redis");
            let topologies = &rule.alert.needs.topologies;
            let about = || {
                let fits = |target: &&RedisTarget| {
                    topologies.is_empty()
                        || topologies
                            .iter()
                            .any(|name| name == target.topology.as_str())
                };
                let names = targets
                    .iter()
                    .filter(fits)
                    .map(|target| target.name.clone());
                Arc::new(names.collect())
            };
            let targets = if keeps_target {
                Arc::clone(by_topology.entry(topologies.clone()).or_insert_with(about))
            } else {
                Arc::clone(&none)
            };
            let mut identity = rule.alert.keeps.clone();
            // Labels beyond those of the target: a command, a replica, a database.
            identity.extend(rule.alert.test.result.keys().cloned());
            RoutableAlert {
                id: rule.alert.name.clone(),
                name: rule.name.clone(),
                severity: rule.severity,
                group: rule.labels.get("group").cloned().unwrap_or_default(),
                labels: rule.labels.clone(),
                identity,
                targets,
            }
        })
        .collect()
}
