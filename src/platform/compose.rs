//! Docker Compose.

use indexmap::IndexMap;
use serde::Serialize;

use crate::artifact::{
    BuildError, DASHBOARDS_MOUNT, EXPORTER_USER_FILE, key_script_directory, redis_directory,
};
use crate::bundle::{Artifact, Kind};
use crate::model::prometheus::PROMETHEUS_PORT;
use crate::model::redis_conf::MOUNT;
use crate::model::secret::{Delivery, Secret, Secrets};
use crate::model::service::{
    ExporterService, MonitoringService, OWN_NETWORK, RedisService, Services,
};
use crate::profile::SecretRef;
use crate::quantity::Duration;
use crate::template::Templates;

/// What `compose.yaml` says.
#[derive(Debug, Clone, Copy)]
pub struct ComposeContext<'a> {
    /// Name of the profile.
    pub profile: &'a str,
    /// Name of the environment.
    pub environment: &'a str,
    /// What runs.
    pub services: &'a Services,
    /// The secrets of the whole stack.
    pub secrets: &'a Secrets,
}

/// `compose.yaml`.
///
/// # Errors
///
/// A template that does not render.
pub fn compose(context: ComposeContext<'_>, templates: &Templates) -> Result<Artifact, BuildError> {
    let view = View::new(context);
    let text = templates.render("platforms/compose/compose.yaml.j2", &view)?;
    Ok(Artifact::new("compose.yaml", Kind::Compose, text)?)
}

/// The template's values. Whatever comes from the profile has its `$` doubled, because Compose
/// expands variables in every value.
#[derive(Debug, Serialize)]
struct View<'a> {
    profile: &'a str,
    environment: &'a str,
    project: &'a str,
    required: Vec<Required>,
    notification_retention: String,
    dashboards: &'a str,
    grafana_password_file: &'a str,
    prometheus: Vec<Prometheus<'a>>,
    alertmanager: Page<'a>,
    grafana: Page<'a>,
    blackbox: Option<Blackbox<'a>>,
    exporters: Vec<Exporter<'a>>,
    redis: Vec<Redis<'a>>,
    own_network: &'a str,
    networks: Vec<Network<'a>>,
    volumes: Vec<&'a str>,
    secrets: Vec<SecretView<'a>>,
}

#[derive(Debug, Serialize)]
struct Required {
    name: String,
    guard: String,
}

/// What every service says.
#[derive(Debug, Serialize)]
struct Shared<'a> {
    profiles: &'a [String],
    networks: Vec<&'a str>,
    published: Option<String>,
    reaches_host: bool,
    secrets: Vec<Mounted<'a>>,
}

#[derive(Debug, Serialize)]
struct Mounted<'a> {
    name: &'a str,
    /// A file keeps the permissions it has on the host.
    is_file: bool,
}

#[derive(Debug, Serialize)]
struct Page<'a> {
    image: &'a str,
    volume: &'a str,
    external_url: String,
    #[serde(flatten)]
    shared: Shared<'a>,
}

#[derive(Debug, Serialize)]
struct Prometheus<'a> {
    service: &'a str,
    flags: Vec<String>,
    #[serde(flatten)]
    page: Page<'a>,
}

#[derive(Debug, Serialize)]
struct Blackbox<'a> {
    image: &'a str,
    #[serde(flatten)]
    shared: Shared<'a>,
}

#[derive(Debug, Serialize)]
struct Exporter<'a> {
    service: &'a str,
    image: &'a str,
    args: Vec<String>,
    environment: IndexMap<&'a str, String>,
    password: Option<String>,
    password_path: Option<&'a str>,
    /// Directories of the bundle, as Compose mounts them.
    mounts: Vec<String>,
    health: Option<[String; 5]>,
    #[serde(flatten)]
    shared: Shared<'a>,
}

#[derive(Debug, Serialize)]
struct Redis<'a> {
    service: &'a str,
    image: &'a str,
    /// The directory of its redis.conf, as Compose mounts it.
    mount: String,
    conf: String,
    /// What makes a configuration of the passwords, where there are some.
    script: Option<String>,
    volume: Option<&'a str>,
    health: [String; 2],
    #[serde(flatten)]
    shared: Shared<'a>,
}

#[derive(Debug, Serialize)]
struct Network<'a> {
    key: &'a str,
    name: &'a str,
    external: bool,
}

#[derive(Debug, Serialize)]
struct SecretView<'a> {
    name: &'a str,
    purpose: String,
    environment: Option<&'a str>,
    file: Option<String>,
}

impl<'a> View<'a> {
    fn new(context: ComposeContext<'a>) -> Self {
        let ComposeContext {
            services, secrets, ..
        } = context;
        let shared = |service: &str, port: u16, published: Option<u16>, reaches_host: bool| {
            shared(context, service, port, published, reaches_host)
        };
        let page = |name: &str, port: u16, service: &'a MonitoringService| Page {
            image: &service.image,
            volume: &service.volume,
            external_url: literal(&service.external_url),
            shared: shared(name, port, service.published, service.reaches_host),
        };
        Self {
            profile: context.profile,
            environment: context.environment,
            project: &services.project,
            required: secrets.variables().into_iter().map(required).collect(),
            notification_retention: hours(services.notification_retention),
            dashboards: DASHBOARDS_MOUNT,
            grafana_password_file: &services.grafana_password_file,
            prometheus: services
                .prometheus
                .iter()
                .map(|it| Prometheus {
                    service: &it.service,
                    flags: it.flags(&format!("/etc/prometheus/{}", it.config), "/prometheus"),
                    page: page(&it.service, PROMETHEUS_PORT, &it.page),
                })
                .collect(),
            alertmanager: page("alertmanager", 9093, &services.alertmanager),
            grafana: page("grafana", 3000, &services.grafana),
            blackbox: services.blackbox.as_ref().map(|probe| Blackbox {
                image: &probe.image,
                shared: shared(
                    "blackbox-exporter",
                    9115,
                    probe.published,
                    probe.reaches_host,
                ),
            }),
            exporters: services
                .exporters
                .iter()
                .map(|exporter| Exporter::new(exporter, shared))
                .collect(),
            redis: services
                .redis
                .iter()
                .map(|redis| Redis::new(redis, shared))
                .collect(),
            own_network: OWN_NETWORK,
            networks: services
                .networks
                .iter()
                .map(|network| Network {
                    key: &network.key,
                    name: &network.name,
                    external: network.external,
                })
                .collect(),
            volumes: services
                .volumes()
                .into_iter()
                .map(|(volume, _)| volume)
                .collect(),
            secrets: secrets
                .sorted()
                .into_iter()
                .filter(|secret| secret.is_mounted())
                .map(SecretView::new)
                .collect(),
        }
    }
}

/// The blocks that all services have. Only what meets the outside joins the outside's networks.
fn shared<'a>(
    context: ComposeContext<'a>,
    service: &str,
    port: u16,
    published: Option<u16>,
    reaches_host: bool,
) -> Shared<'a> {
    let services = context.services;
    let meets_outside = match service {
        "alertmanager" => services.alertmanager_meets_outside,
        "grafana" => services.grafana_meets_outside,
        _ => true,
    };
    let outside = services
        .networks
        .iter()
        .filter(|_| meets_outside)
        .map(|network| network.key.as_str());
    let bind = if services.bind.contains(':') {
        format!("[{}]", services.bind)
    } else {
        services.bind.clone()
    };
    Shared {
        profiles: &services.profiles,
        networks: std::iter::once(OWN_NETWORK).chain(outside).collect(),
        published: published.map(|host| format!("{bind}:{host}:{port}")),
        reaches_host,
        secrets: context
            .secrets
            .mounted_by(service)
            .into_iter()
            .map(|secret| Mounted {
                name: &secret.name,
                is_file: matches!(secret.source, SecretRef::File(_)),
            })
            .collect(),
    }
}

impl<'a> Exporter<'a> {
    fn new(
        exporter: &'a ExporterService,
        shared: impl Fn(&str, u16, Option<u16>, bool) -> Shared<'a>,
    ) -> Self {
        let port = exporter.port;
        Self {
            service: &exporter.service,
            image: &exporter.image,
            args: exporter.args.iter().map(|arg| literal(arg)).collect(),
            environment: exporter
                .environment
                .iter()
                .map(|(name, value)| (name.as_str(), literal(value)))
                .collect(),
            password: exporter.password_variable.as_deref().map(guard),
            password_path: exporter.password_path.as_deref(),
            mounts: exporter
                .script_mount
                .iter()
                .map(|mount| {
                    let directory = key_script_directory(&exporter.service);
                    format!("./{directory}:{mount}:ro")
                })
                .collect(),
            health: exporter.has_shell.then(|| {
                let url = format!("http://127.0.0.1:{port}/health");
                ["CMD", "wget", "-q", "--spider", &url].map(Into::into)
            }),
            shared: shared(
                &exporter.service,
                port,
                exporter.published,
                exporter.reaches_host,
            ),
        }
    }
}

impl<'a> Redis<'a> {
    fn new(
        redis: &'a RedisService,
        shared: impl Fn(&str, u16, Option<u16>, bool) -> Shared<'a>,
    ) -> Self {
        let port = redis.port;
        let path = redis.password_path.as_deref();
        // `redis-cli` takes the password from its environment; an error reply exits with 0.
        let login = path.map_or_else(String::new, |path| {
            format!("REDISCLI_AUTH=\"$$(head -n 1 {path})\" ")
        });
        Self {
            service: &redis.service,
            image: &redis.image,
            mount: format!("./{}:{MOUNT}:ro", redis_directory(&redis.target)),
            conf: format!("{MOUNT}/redis.conf"),
            script: (path.is_some() || redis.exporter_user.is_some())
                .then(|| literal(&start_script(redis))),
            volume: redis.volume.as_deref(),
            health: [
                "CMD-SHELL".into(),
                format!("{login}redis-cli -p {port} ping | grep -q PONG"),
            ],
            shared: Shared {
                // It is not there for monitoring's sake, and runs with every Compose profile.
                profiles: &[],
                ..shared(&redis.service, port, redis.published, false)
            },
        }
    }
}

/// Starts Redis with the passwords from their files. Redis is told their hashes only: then neither a
/// strange character nor `CONFIG GET requirepass` gives one away. The image's own entrypoint follows,
/// which gives up root. An empty password would be none, so it stops there.
fn start_script(redis: &RedisService) -> String {
    let mut script = String::from(
        "hash() {\n  \
         head -n 1 \"$1\" | grep -q . || { echo \"the password in $1 is empty\" >&2; return 1; }\n  \
         head -n 1 \"$1\" | tr -d '\\n' | sha256sum | cut -c 1-64\n}\n",
    );
    let mut lines = format!("  echo 'include {MOUNT}/redis.conf'\n");
    if let Some(path) = &redis.password_path {
        script.push_str(&format!("everybody=$(hash {path})\n"));
        lines.push_str("  echo \"user default on #$everybody ~* &* +@all\"\n");
    }
    if let Some((user, path)) = &redis.exporter_user {
        script.push_str(&format!("exporter=$(hash {path})\n"));
        lines.push_str(&format!(
            "  sed -n \"s/^user {user} on resetpass/& #$exporter/p\" {MOUNT}/{EXPORTER_USER_FILE}\n"
        ));
    }
    script.push_str(&format!("{{\n{lines}}} > /run/redis/redis.conf\n"));
    script.push_str("exec docker-entrypoint.sh redis-server /run/redis/redis.conf\n");
    script
}

impl<'a> SecretView<'a> {
    fn new(secret: &'a Secret) -> Self {
        let purposes: Vec<&str> = secret
            .uses
            .iter()
            .filter(|used| used.delivery == Delivery::File)
            .map(|used| used.purpose.as_str())
            .collect();
        let (environment, file) = match &secret.source {
            SecretRef::Env(name) => (Some(name.as_str()), None),
            SecretRef::File(path) if path.starts_with(['/', '.']) => (None, Some(path.clone())),
            SecretRef::File(path) => (None, Some(format!("./{path}"))),
        };
        Self {
            name: &secret.name,
            purpose: sentence(&purposes.join("; ")),
            environment,
            file,
        }
    }
}

fn required(variable: crate::model::secret::Variable) -> Required {
    Required {
        guard: guard(&variable.name),
        name: variable.name,
    }
}

/// A variable that must be set and not empty.
fn guard(name: &str) -> String {
    format!("${{{name}:?set {name} in .env}}")
}

/// Text in which Compose finds no variable.
fn literal(text: &str) -> String {
    text.replace('$', "$$")
}

fn sentence(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| {
        format!("{}{}.", first.to_uppercase(), chars.as_str())
    })
}

/// A duration as Go's `time.ParseDuration` takes it, which knows no days.
fn hours(duration: Duration) -> String {
    format!("{}h", duration.as_millis().div_ceil(3_600_000))
}
