//! The jobs beside those of the exporters, and the times of all of them.

use indexmap::IndexMap;

use super::address;
use super::application::Application;
use super::exporter::{split_url, timing};
use super::job::{
    Discovery, JobBasicAuth, JobKind, Relabeling, ScrapeJob, TargetGroup, discovery, grouped,
};
use super::prometheus::{self, PROMETHEUS, PROMETHEUS_PORT, QUERY_JOB};
use super::secret::Secrets;
use crate::document::Route;
use crate::profile::{Problem, Profile};
use crate::quantity::Duration;

/// `host:port` of Alertmanager.
pub fn alertmanager(profile: &Profile) -> String {
    address::of(profile, "alertmanager", 9093)
}

fn grafana(profile: &Profile) -> String {
    address::of(profile, "grafana", 3000)
}

fn blackbox(profile: &Profile) -> String {
    address::of(profile, "blackbox-exporter", 9115)
}

/// Job of the probes.
pub const PROBE_JOB: &str = "probe";

/// The jobs with which the stack watches itself.
pub fn own_jobs(profile: &Profile) -> Vec<ScrapeJob> {
    let mut jobs = vec![
        prometheus_job(profile),
        own(
            "alertmanager",
            [alertmanager(profile)],
            "Whether alerts get out.",
            profile,
        ),
        own(
            "grafana",
            [grafana(profile)],
            "Whether dashboards can be looked at.",
            profile,
        ),
    ];
    if !profile.probes.is_empty() {
        let comment = "The prober itself: it is what fails when all probes seem to.";
        jobs.push(own(
            "blackbox-exporter",
            [blackbox(profile)],
            comment,
            profile,
        ));
    }
    if prometheus::has_query(profile) {
        let comment = "The Prometheus that people and Grafana ask.";
        jobs.push(own(
            QUERY_JOB,
            [prometheus::address(profile)],
            comment,
            profile,
        ));
    }
    jobs
}

fn prometheus_job(profile: &Profile) -> ScrapeJob {
    let servers = prometheus::scraping(profile);
    if servers.len() > 1 {
        let addresses = servers
            .iter()
            .map(|service| address::of(profile, service, PROMETHEUS_PORT));
        let comment = "Each Prometheus is watched by another one: one that is down cannot say so.";
        return own(PROMETHEUS, addresses, comment, profile);
    }
    // Prometheus reaches itself without the network of the stack.
    let address = match profile.addresses.get(PROMETHEUS) {
        Some(address) => address.clone(),
        None => format!("localhost:{PROMETHEUS_PORT}"),
    };
    own(PROMETHEUS, [address], "Prometheus itself.", profile)
}

fn own(
    name: &str,
    addresses: impl IntoIterator<Item = String>,
    comment: &str,
    profile: &Profile,
) -> ScrapeJob {
    let (interval, timeout) = timing(profile, None, None);
    ScrapeJob {
        name: name.into(),
        kind: JobKind::Own,
        comment: comment.into(),
        scheme: "http".into(),
        metrics_path: "/metrics".into(),
        params: IndexMap::new(),
        interval,
        timeout,
        discovery: Discovery::Static {
            groups: grouped(
                addresses
                    .into_iter()
                    .map(|address| (address, IndexMap::new())),
            ),
        },
        relabeling: Relabeling::None,
        basic_auth: None,
        keep: None,
        dropped_labels: Vec::new(),
        shard: None,
        sample_limit: None,
    }
}

/// The jobs of the applications.
pub fn application_jobs(
    profile: &Profile,
    applications: &IndexMap<String, Application<'_>>,
    secrets: &mut Secrets,
    problems: &mut Vec<Problem>,
) -> Vec<ScrapeJob> {
    let mut jobs = Vec::new();
    let scraper = prometheus::first(profile);
    for (name, application) in &profile.applications {
        let route = Route::of(["applications", name]);
        let Some((scheme, host, path)) = split_url(&application.url) else {
            problems.push(
                Problem::value(
                    "profile/bad-url",
                    route.key("url"),
                    "this is not a URL that Prometheus can scrape",
                )
                .help("write `http(s)://host[:port][/metrics]`"),
            );
            continue;
        };
        let (interval, timeout) = timing(profile, application.interval, application.timeout);
        let basic_auth = application.basic_auth.as_ref().map(|auth| JobBasicAuth {
            username: auth.username.clone(),
            // Several Prometheus servers leave what there is only one of to the first.
            password_file: secrets.mount(
                &auth.password,
                &scraper,
                &format!("password of the metrics of {name}"),
            ),
        });
        let comment = if application.description.is_empty() {
            format!("The application {name}.")
        } else {
            application.description.clone()
        };
        jobs.push(ScrapeJob {
            name: application.job.clone().unwrap_or_else(|| name.clone()),
            kind: JobKind::Application,
            comment,
            scheme: scheme.into(),
            metrics_path: path.into(),
            params: IndexMap::new(),
            interval,
            timeout,
            discovery: Discovery::Static {
                groups: grouped([(host.to_owned(), application.labels.clone())]),
            },
            relabeling: Relabeling::None,
            basic_auth,
            keep: None,
            dropped_labels: applications
                .get(name)
                .map_or_else(Vec::new, |found| found.dropped_labels.clone()),
            shard: None,
            sample_limit: None,
        });
    }
    jobs
}

/// The jobs of the probes: one for each distinct module and timing.
pub fn probe_jobs(profile: &Profile, problems: &mut Vec<Problem>) -> Vec<ScrapeJob> {
    let mut jobs = Vec::new();
    for (name, probe) in &profile.probes {
        let scheme_ok = ["http://", "https://"].iter().any(|scheme| {
            probe
                .url
                .strip_prefix(scheme)
                .is_some_and(|rest| !rest.is_empty())
        });
        if !scheme_ok || probe.url.contains(char::is_whitespace) || probe.url.contains('@') {
            problems.push(
                Problem::value(
                    "profile/bad-url",
                    Route::of(["probes", name, "url"]),
                    "this is not a URL that can be probed",
                )
                .help("write `http(s)://host[:port]/path`, without credentials"),
            );
            continue;
        }
        let (interval, timeout) = timing(profile, probe.interval, probe.timeout);
        let mut labels = IndexMap::from([("probe".to_owned(), name.clone())]);
        labels.extend(probe.labels.clone());
        let job = if profile.probes.len() == 1 {
            PROBE_JOB.to_owned()
        } else {
            format!("{PROBE_JOB}-{name}")
        };
        jobs.push(ScrapeJob {
            kind: JobKind::Probe,
            comment: if probe.description.is_empty() {
                format!("The endpoint {name}, asked from outside.")
            } else {
                probe.description.clone()
            },
            scheme: "http".into(),
            metrics_path: "/probe".into(),
            params: IndexMap::from([("module".to_owned(), vec![name.clone()])]),
            interval,
            timeout,
            discovery: discovery(
                &job,
                vec![TargetGroup {
                    targets: vec![probe.url.clone()],
                    labels,
                }],
            ),
            relabeling: Relabeling::Through {
                exporter: blackbox(profile),
                labels: IndexMap::new(),
            },
            basic_auth: None,
            keep: None,
            dropped_labels: Vec::new(),
            shard: None,
            sample_limit: None,
            name: job,
        });
    }
    jobs
}

/// A rate needs two samples; twice as many survive a lost scrape.
pub const SCRAPES_PER_WINDOW: u64 = 4;

/// The longest time between two scrapes of any job.
fn longest_interval(profile: &Profile) -> Duration {
    let own = profile.exporters.values().map(|it| it.interval);
    own.chain(profile.applications.values().map(|it| it.interval))
        .chain(profile.probes.values().map(|it| it.interval))
        .flatten()
        .chain([profile.scrape.interval])
        .max()
        .unwrap_or_default()
}

/// Times that cannot be: nothing, a timeout beyond its interval.
pub fn check_timings(profile: &Profile, problems: &mut Vec<Problem>) {
    let scrape = Route::of(["scrape"]);
    for (key, value) in [
        ("interval", profile.scrape.interval),
        ("timeout", profile.scrape.timeout),
        ("evaluation_interval", profile.scrape.evaluation_interval),
    ] {
        if value.is_zero() {
            problems.push(Problem::value(
                "profile/zero-duration",
                scrape.key(key),
                format!("`scrape.{key}` is no time at all"),
            ));
        }
        // A gap longer than Prometheus' lookback of 5 minutes makes series vanish between samples.
        if key != "timeout" && value > Duration::from_secs(120) {
            problems.push(
                Problem::value(
                    "profile/interval-too-long",
                    scrape.key(key),
                    format!(
                        "`scrape.{key}` is {value}, and a missed sample would make series vanish"
                    ),
                )
                .help("use at most 2m: Prometheus looks back 5m for the last sample"),
            );
        }
    }
    let longest = longest_interval(profile);
    if let Some(window) = profile.scrape.window
        && window < longest.times(SCRAPES_PER_WINDOW)
    {
        problems.push(
            Problem::value(
                "profile/window-too-short",
                scrape.key("window"),
                format!("a rate over {window} does not survive a lost scrape every {longest}"),
            )
            .help(format!(
                "use at least {}, four scrapes",
                longest.times(SCRAPES_PER_WINDOW)
            )),
        );
    }
    if profile.scrape.timeout > profile.scrape.interval {
        problems.push(
            Problem::value(
                "profile/timeout-exceeds-interval",
                scrape.key("timeout"),
                format!(
                    "the scrape timeout of {} is longer than the interval of {}",
                    profile.scrape.timeout, profile.scrape.interval
                ),
            )
            .help("make the timeout at most the interval; Prometheus refuses to start otherwise"),
        );
    }
    let own: Vec<(Route, Option<Duration>, Option<Duration>)> = profile
        .exporters
        .iter()
        .map(|(name, x)| (Route::of(["exporters", name]), x.interval, x.timeout))
        .chain(
            profile
                .applications
                .iter()
                .map(|(name, x)| (Route::of(["applications", name]), x.interval, x.timeout)),
        )
        .chain(
            profile
                .probes
                .iter()
                .map(|(name, x)| (Route::of(["probes", name]), x.interval, x.timeout)),
        )
        .collect();
    for (route, interval, timeout) in own {
        let (real_interval, real_timeout) = timing(profile, interval, timeout);
        let key = if timeout.is_some() {
            "timeout"
        } else {
            "interval"
        };
        if real_interval.is_zero() || real_timeout.is_zero() {
            problems.push(Problem::value(
                "profile/zero-duration",
                route.key(key),
                format!("`{}` is no time at all", route.key(key)),
            ));
        } else if real_timeout > real_interval {
            problems.push(
                Problem::value(
                    "profile/timeout-exceeds-interval",
                    route.key(key),
                    format!("the timeout of {real_timeout} is longer than the interval of {real_interval}"),
                )
                .help("make the timeout at most the interval; Prometheus refuses to start otherwise"),
            );
        } else if real_interval > Duration::from_secs(120) {
            problems.push(
                Problem::value(
                    "profile/interval-too-long",
                    route.key("interval"),
                    format!("an interval of {real_interval} makes series vanish when one sample is missed"),
                )
                .help("use at most 2m: Prometheus looks back 5m for the last sample"),
            );
        }
    }
}
