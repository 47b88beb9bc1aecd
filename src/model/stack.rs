use std::collections::BTreeSet;
use std::sync::Arc;

use indexmap::{IndexMap, IndexSet};

use super::alert::{self, AlertLinks, Alerting, AlertingInputs, Evaluation, Evaluator};
use super::application::{self, Application};
use super::consumer::{self, Consumer};
use super::dashboard::{Dashboard, DashboardParts};
use super::exporter::{self, ExporterProcess, Exporting};
use super::exporter_flags::{self, REDIS_EXPORTER};
use super::exporter_user::{self, ExporterUser};
use super::image;
use super::inhibition::Inhibition;
use super::job::{self, JobKind, ScrapeJob};
use super::notification::{Notification, NotificationContext};
use super::prometheus::{self, PrometheusProcess};
use super::remote::{self, QueryEndpoint, RemoteStorage};
use super::routing::{self, RoutableAlert};
use super::secret::Secrets;
use super::series::{self, SeriesEstimate, SeriesInputs};
use super::service::{ServiceContext, Services};
use super::target::{self, RedisTarget};
use super::{label, logs, memory_pressure, probe, scrape};
use crate::catalogue::{Catalogue, Circumstances, Version};
use crate::document::Route;
use crate::profile::{EnvironmentProfile, Flag, Problem, Profile};
use crate::template::{TemplateError, Templates};

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
        let own_exporter_version = exporter_flags::version(profile, &tools);
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
        job::check_names(profile, &jobs, &mut problems);
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
        let links = AlertLinks::resolve(profile, catalogue.dashboards(), &mut problems);
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
            Evaluator::EachShard => alert::counting(
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
        exporter_flags::check(profile, catalogue, own_exporter_version, &mut problems);
        let series = series::estimate(
            SeriesInputs {
                profile,
                catalogue,
                targets: &targets,
                jobs: &jobs,
                servers: &prometheus_servers,
                circumstances: &exporter_flags::circumstances(
                    own_exporter_version,
                    redis_version,
                    &exporters,
                ),
                tools: &tools,
            },
            &mut problems,
        );
        let scraped = prometheus_servers.iter_mut().flat_map(|it| &mut it.jobs);
        for job in jobs.iter_mut().chain(scraped) {
            job.sample_limit = series.sample_limit(&job.name);
        }

        let dashboards = DashboardParts {
            profile,
            catalogue,
            targets: &targets,
            jobs: &jobs,
            applications: &applications,
            exporters: &exporters,
            alerting: &alerting,
            exporter_version: own_exporter_version,
            redis_version,
        }
        .resolve(&mut problems);

        let routable = routing::routable(std::iter::once(&alerting).chain(&counting), &targets);
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
        exporter_flags::circumstances(self.exporter_version, self.redis_version, &self.exporters)
    }

    /// How many Redis servers and sentinels are named.
    pub fn server_count(&self) -> usize {
        self.targets.iter().map(|target| target.servers.len()).sum()
    }
}
