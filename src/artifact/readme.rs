use indexmap::IndexMap;
use serde::Serialize;

use super::{BuildError, key_script_directory, shell};
use crate::bundle::{Artifact, Kind};
use crate::model::alert::Evaluator;
use crate::model::consumer::Consumer;
use crate::model::exporter_user::ExporterUser;
use crate::model::remote::{QueryEndpoint, RemoteStorage};
use crate::model::secret::Secrets;
use crate::model::series::SeriesEstimate;
use crate::model::service::{PrometheusService, ServiceSummary, Services, Storing};
use crate::quantity::{Count, Duration};
use crate::template::Templates;

/// What the bundle's `README.md` says.
#[derive(Debug, Clone, Copy)]
pub struct ReadmeContext<'a> {
    /// Name of the profile.
    pub profile: &'a str,
    /// Its description.
    pub description: &'a str,
    /// Name of the environment.
    pub environment: &'a str,
    /// Whether Compose runs it.
    pub has_compose: bool,
    /// Ports of Prometheus, Alertmanager and blackbox_exporter by service, where the profile says them.
    pub ports: &'a IndexMap<&'a str, u16>,
    /// Whether applications are scraped.
    pub has_applications: bool,
    /// What runs.
    pub services: &'a Services,
    /// The secrets of the whole stack.
    pub secrets: &'a Secrets,
    /// Title and path of every runbook in the bundle, in order.
    pub runbooks: &'a [(String, String)],
    /// Title, and where people open it, of every dashboard, in order.
    pub dashboards: &'a [(String, String)],
    /// How much there is.
    pub counts: ReadmeCounts,
    /// About how many series there are.
    pub series: &'a SeriesEstimate,
    /// ACL users with which exporters connect.
    pub exporter_users: &'a [ExporterUser],
    /// Applications that use the targets.
    pub consumers: &'a [Consumer],
    /// Who evaluates the rules.
    pub evaluator: Evaluator,
    /// Where samples are sent.
    pub storages: &'a [RemoteStorage],
    /// Where Grafana asks.
    pub query_endpoint: &'a QueryEndpoint,
}

/// How much there is.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub struct ReadmeCounts {
    /// Redis servers that are watched; a cluster's nodes that only the exporter knows count once.
    pub servers: usize,
    /// Alerting rules.
    pub alerts: usize,
}

/// `README.md`: how to deploy this bundle, and what is in it.
///
/// # Errors
///
/// A template that does not render.
pub fn readme(context: ReadmeContext<'_>, templates: &Templates) -> Result<Artifact, BuildError> {
    let services = context.services;
    let reads = |uses: &[crate::model::secret::SecretUse]| {
        let uses: Vec<String> = uses
            .iter()
            .map(|used| format!("{} ({})", used.purpose, used.service))
            .collect();
        uses.join("; ")
    };
    // Never in the bundle, which the next render replaces as a whole.
    let data = format!("/var/lib/{}", services.project);
    let view = View {
        profile: context.profile,
        description: context.description,
        environment: context.environment,
        bind: &services.bind,
        is_everywhere: services.bind == "0.0.0.0" || services.bind == "::",
        is_loopback: services
            .bind
            .parse::<std::net::IpAddr>()
            .is_ok_and(|it| it.is_loopback()),
        profiles: &services.profiles,
        flags: services
            .profiles
            .iter()
            .map(|profile| format!(" --profile {profile}"))
            .collect(),
        grafana: &services.grafana.external_url,
        alertmanager: &services.alertmanager.external_url,
        has_compose: context.has_compose,
        ports: context.ports,
        exporters: services
            .exporters
            .iter()
            .map(|exporter| {
                let variables = exporter
                    .environment
                    .iter()
                    .map(|(name, value)| format!("{name}={}", shell::word(value)));
                // The container sees its script elsewhere.
                let here = |arg: &String| match exporter.script_mount {
                    Some(mount) => arg.replace(
                        &format!("--script={mount}/"),
                        &format!("--script={}/", key_script_directory(&exporter.service)),
                    ),
                    None => arg.clone(),
                };
                variables
                    .chain(["redis_exporter".to_owned()])
                    .chain(exporter.args.iter().map(|arg| shell::word(&here(arg))))
                    .collect::<Vec<_>>()
                    .join(" ")
            })
            .collect(),
        services: services.summaries(),
        volumes: services.volumes(),
        networks: services
            .networks
            .iter()
            .filter(|network| network.external)
            .map(|network| network.name.as_str())
            .collect(),
        variables: context
            .secrets
            .variables()
            .into_iter()
            .map(|variable| (variable.name, reads(&variable.uses)))
            .collect(),
        files: context
            .secrets
            .files()
            .into_iter()
            .map(|(path, secret)| (path.to_owned(), reads(&secret.uses)))
            .collect(),
        redis_files: RedisFilesView::new(services, context.exporter_users),
        has_consumers: !context.consumers.is_empty(),
        has_probes: services.blackbox.is_some(),
        has_applications: context.has_applications,
        runbooks: context.runbooks,
        dashboards: context.dashboards,
        counts: context.counts,
        series: SeriesView::new(context.series),
        prometheus: services
            .prometheus
            .iter()
            .map(|it| PrometheusView::new(it, &data))
            .collect(),
        alertmanager_data: shell::word(&format!("{data}/alertmanager")),
        notification_retention: services.notification_retention,
        is_agent: services
            .prometheus
            .iter()
            .any(|it| matches!(it.storing, Storing::Agent(_))),
        data: &data,
        rules_in: context.evaluator.directory(),
        storages: context.storages,
        query_url: (!context.query_endpoint.is_own).then_some(&context.query_endpoint.url),
    };
    let text = templates.render("stack/README.md.j2", &view)?;
    Ok(Artifact::new("README.md", Kind::Document, text)?)
}

#[derive(Debug, Serialize)]
struct View<'a> {
    profile: &'a str,
    description: &'a str,
    environment: &'a str,
    bind: &'a str,
    is_everywhere: bool,
    is_loopback: bool,
    profiles: &'a [String],
    /// ` --profile a --profile b`.
    flags: String,
    grafana: &'a str,
    alertmanager: &'a str,
    has_compose: bool,
    ports: &'a IndexMap<&'a str, u16>,
    /// Command lines of the exporters, for a shell.
    exporters: Vec<String>,
    services: Vec<ServiceSummary<'a>>,
    volumes: Vec<(&'a str, &'a str)>,
    networks: Vec<&'a str>,
    variables: Vec<(String, String)>,
    files: Vec<(String, String)>,
    redis_files: RedisFilesView<'a>,
    has_consumers: bool,
    has_probes: bool,
    has_applications: bool,
    runbooks: &'a [(String, String)],
    dashboards: &'a [(String, String)],
    counts: ReadmeCounts,
    series: SeriesView<'a>,
    prometheus: Vec<PrometheusView<'a>>,
    /// Directory of everything that the programs remember, where no Compose file says.
    data: &'a str,
    alertmanager_data: String,
    notification_retention: Duration,
    is_agent: bool,
    /// Directory of rules and tests.
    rules_in: &'a str,
    storages: &'a [RemoteStorage],
    /// `None` where Grafana asks Prometheus.
    query_url: Option<&'a String>,
}

/// Which files for Redis there are.
#[derive(Debug, Serialize)]
struct RedisFilesView<'a> {
    confs: bool,
    users: bool,
    /// Target, user and rules, as arguments for a shell, where somebody else runs the servers.
    users_elsewhere: Vec<(&'a str, String, String)>,
}

impl<'a> RedisFilesView<'a> {
    fn new(services: &Services, users: &'a [ExporterUser]) -> Self {
        let runs_here = |user: &&ExporterUser| services.runs(&user.target);
        let elsewhere = users.iter().filter(|user| !runs_here(user));
        Self {
            confs: !services.redis.is_empty(),
            users: !users.is_empty(),
            users_elsewhere: elsewhere
                .map(|user| {
                    let rules: Vec<String> =
                        user.rules.iter().map(|rule| shell::word(rule)).collect();
                    (
                        user.target.as_str(),
                        shell::word(&user.name),
                        rules.join(" "),
                    )
                })
                .collect(),
        }
    }
}

#[derive(Debug, Serialize)]
struct PrometheusView<'a> {
    service: &'a str,
    config: &'a str,
    /// Whether it only asks the others.
    is_asked: bool,
    /// Its command line, for a shell.
    command: String,
}

impl<'a> PrometheusView<'a> {
    fn new(prometheus: &'a PrometheusService, data: &str) -> Self {
        let configuration = format!("prometheus/{}", prometheus.config);
        let flags = prometheus.flags(&configuration, &format!("{data}/{}", prometheus.service));
        let flags: Vec<_> = flags.iter().map(|flag| shell::word(flag)).collect();
        Self {
            service: &prometheus.service,
            config: &prometheus.config,
            is_asked: prometheus.storing == Storing::Nothing,
            command: format!("prometheus {}", flags.join(" ")),
        }
    }
}

/// The estimate in numbers as people write them.
#[derive(Debug, Serialize)]
struct SeriesView<'a> {
    total: String,
    samples_per_second: String,
    budget: Option<String>,
    jobs: Vec<JobSeriesView<'a>>,
    servers: Vec<ServerSeriesView<'a>>,
    not_counted: &'a [String],
}

#[derive(Debug, Serialize)]
struct ServerSeriesView<'a> {
    service: &'a str,
    targets: String,
    series: String,
}

#[derive(Debug, Serialize)]
struct JobSeriesView<'a> {
    job: &'a str,
    targets: String,
    per_target: String,
    series: String,
    sample_limit: String,
}

impl<'a> SeriesView<'a> {
    fn new(estimate: &'a SeriesEstimate) -> Self {
        let count = |number: usize| Count(number).to_string();
        Self {
            total: Count::about(estimate.total).to_string(),
            samples_per_second: Count::about(estimate.samples_per_second.round() as usize)
                .to_string(),
            budget: estimate.budget.map(count),
            jobs: estimate
                .jobs
                .iter()
                .map(|job| JobSeriesView {
                    job: &job.job,
                    targets: count(job.targets),
                    per_target: count(job.per_target),
                    series: count(job.series),
                    sample_limit: count(job.sample_limit),
                })
                .collect(),
            servers: estimate
                .servers
                .iter()
                .map(|server| ServerSeriesView {
                    service: &server.service,
                    targets: count(server.targets),
                    series: count(server.series),
                })
                .collect(),
            not_counted: &estimate.not_counted,
        }
    }
}
