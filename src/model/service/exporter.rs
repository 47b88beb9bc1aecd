use indexmap::IndexMap;

use super::{HOST_GATEWAY, ServiceContext, image, published};
use crate::document::Route;
use crate::model::exporter::ExporterProcess;
use crate::model::key_scan::SCRIPT_MOUNT;
use crate::model::secret::Secrets;
use crate::profile::{Flag, Problem, SecretRef};

/// One redis_exporter, ready to run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExporterService {
    /// Name of its service.
    pub service: String,
    /// Whole image reference.
    pub image: String,
    /// Port it listens on.
    pub port: u16,
    /// Port on the host; `None` where it is not published.
    pub published: Option<u16>,
    /// Arguments.
    pub args: Vec<String>,
    /// Environment variables that are no secrets.
    pub environment: IndexMap<String, String>,
    /// Environment variable of the one who starts the stack that holds the password.
    pub password_variable: Option<String>,
    /// File in the container that holds the password.
    pub password_path: Option<String>,
    /// Whether the image has a shell and wget, as the `-alpine` variants do.
    pub has_shell: bool,
    /// Where it finds the script that the bundle has for it.
    pub script_mount: Option<&'static str>,
    /// Whether it watches a Redis on the host that runs it.
    pub reaches_host: bool,
}

pub(super) fn resolve(
    context: ServiceContext<'_>,
    secrets: &mut Secrets,
    problems: &mut Vec<Problem>,
) -> Vec<ExporterService> {
    context
        .exporters
        .iter()
        .map(|process| service(context, process, secrets, problems))
        .collect()
}

fn service(
    context: ServiceContext<'_>,
    process: &ExporterProcess,
    secrets: &mut Secrets,
    problems: &mut Vec<Problem>,
) -> ExporterService {
    let name = &process.service;
    let image = image(context, name, "redis_exporter", process.image.as_ref());
    let has_shell = image
        .rsplit_once(':')
        .is_some_and(|(_, tag)| tag.contains("alpine"));
    let mut environment = IndexMap::new();
    // Empty where Prometheus names the server with each scrape: the default, localhost, would be a
    // Redis that is always down.
    let address = process
        .server
        .as_ref()
        .map_or_else(String::new, |server| server.instance.clone());
    environment.insert("REDIS_ADDR".to_owned(), address);
    if let Some(user) = &process.user {
        environment.insert("REDIS_USER".to_owned(), user.clone());
    }
    let purpose = format!("password with which {name} connects to Redis");
    let (mut password_variable, mut password_path) = (None, None);
    match &process.password {
        None => {}
        Some(SecretRef::Env(variable)) => {
            secrets.pass_on(variable, name, &purpose);
            password_variable = Some(variable.clone());
        }
        Some(source @ SecretRef::File(_)) => {
            if !has_shell {
                problems.push(
                    Problem::key(
                        "profile/unreadable-secret",
                        Route::of(["exporters", &process.exporter]),
                        format!(
                            "the image `{image}` cannot read a password from a file: it has no shell"
                        ),
                    )
                    .help(
                        "use a tag with `-alpine`, or give the password as `{env: NAME}`, or \
                         `password_file` with one password per address",
                    ),
                );
            }
            password_path = Some(secrets.mount(source, name, &purpose));
        }
    }
    let mut args: Vec<String> = process
        .flags
        .iter()
        .map(|(flag, value)| match value {
            Flag::Switch(true) => format!("--{flag}"),
            Flag::Switch(false) => format!("--{flag}=false"),
            Flag::Number(number) => format!("--{flag}={number}"),
            Flag::Text(text) => format!("--{flag}={text}"),
        })
        .collect();
    if let Some(source) = &process.password_file {
        let path = secrets.mount(
            source,
            name,
            "passwords by address, JSON: {\"redis://host:port\": \"password\"}",
        );
        args.push(format!("--redis.password-file={path}"));
    }
    let reaches_host = match &process.server {
        Some(server) => server.host == HOST_GATEWAY,
        None => context
            .targets
            .iter()
            .filter(|target| target.exporter == process.exporter)
            .flat_map(|target| &target.servers)
            .any(|server| server.host == HOST_GATEWAY),
    };
    ExporterService {
        service: name.clone(),
        published: published(context, name, None),
        port: process.port,
        args,
        environment,
        password_variable,
        password_path,
        has_shell,
        script_mount: process
            .keys
            .as_ref()
            .filter(|keys| keys.lua)
            .map(|_| SCRIPT_MOUNT),
        reaches_host,
        image,
    }
}
