use super::on_this_host;
use crate::diagnostic::{Level, Safety};
use crate::facts::Facts;
use crate::facts::compose::ComposeService;
use crate::facts::container::Resolved;
use crate::lint::{Findings, Lint, Need};

pub(super) static LINT: Lint = Lint {
    id: "security/open-redis",
    level: Level::Error,
    summary: "Redis is published on every address of the host, and asks for no password",
    needs: &[Need::Files],
    check,
};

fn check(facts: &Facts<'_>, findings: &mut Findings<'_>) {
    for service in facts
        .projects
        .iter()
        .flat_map(|project| project.running("redis"))
    {
        if has_password(facts, service) {
            continue;
        }
        let is_official = service
            .image
            .as_ref()
            .and_then(|image| image.repository.as_deref())
            .is_some_and(|repository| !repository.contains("bitnami"));
        let ignored = ["REDIS_PASSWORD", "REDIS_PASS", "REQUIREPASS"]
            .iter()
            .find_map(|name| Some((*name, service.environment.get(*name)?)))
            .filter(|_| is_official);
        let port = service.ports.iter().find(|port| {
            port.container_port == 6379
                && port
                    .host_address
                    .as_deref()
                    .is_none_or(|address| matches!(address, "0.0.0.0" | "::" | "[::]"))
        });
        match (port, ignored) {
            (Some(port), _) => {
                let mut finding = findings
                    .report(
                        port.place,
                        format!(
                            "whoever reaches this host can do anything with Redis `{}`: it asks for no password",
                            service.name.as_str()
                        ),
                    )
                    .label("on every address");
                if let Some(edit) = on_this_host(facts, port) {
                    finding =
                        finding.fix(Safety::Unsafe, "publish it on 127.0.0.1 only", vec![edit]);
                }
                match ignored {
                    Some((name, _)) => finding.help(format!(
                        "the image does not read `{name}`: start Redis with `--requirepass`"
                    )),
                    None => finding.help("publish it on 127.0.0.1 or not at all, and start Redis with `--requirepass`"),
                };
            }
            (None, Some((name, value))) => {
                let place = value
                    .as_ref()
                    .and_then(|value| value.value())
                    .map_or(service.place(), |text| text.place);
                findings
                    .report(
                        place,
                        format!(
                            "Redis `{}` asks for no password: its image does not read `{name}`",
                            service.name.as_str()
                        ),
                    )
                    .label("read by nothing")
                    .level(Level::Warning)
                    .help("start Redis with `--requirepass`, or with a configuration that has it");
            }
            (None, None) => {}
        }
    }
}

/// Whether it speaks TLS only, and so asks clients for a certificate, unless it is told not to.
fn wants_certificates(service: &ComposeService) -> bool {
    let arguments = service.entrypoint.iter().chain(&service.command);
    let words: Vec<&str> = arguments
        .flat_map(|argument| argument.as_str().split_whitespace())
        .collect();
    let has = |flag: &str, value: &str| words.windows(2).any(|pair| pair == [flag, value]);
    has("--port", "0")
        && words.contains(&"--tls-port")
        && !has("--tls-auth-clients", "no")
        && !has("--tls-auth-clients", "optional")
}

/// Whether it asks for a password, as far as is known: of a configuration that is not here, anything is.
fn has_password(facts: &Facts<'_>, service: &ComposeService) -> bool {
    let arguments = || service.entrypoint.iter().chain(&service.command);
    let tells = |text: &str| {
        ["requirepass", "aclfile", "--user", "$", ".sh"]
            .iter()
            .any(|mark| text.contains(mark))
    };
    let is_told = arguments().any(|argument| tells(argument.as_str()));
    // What redis-stack hands to the server; filled in later, it may be anything.
    let passed = service.variable("REDIS_ARGS");
    let is_passed = service.environment.contains_key("REDIS_ARGS")
        && passed.is_none_or(|arguments| tells(arguments.as_str()));
    if is_told
        || is_passed
        || wants_certificates(service)
        || service.build.is_some()
        || service.get("env_file").is_some()
    {
        return true;
    }
    let bitnami = [
        "REDIS_PASSWORD",
        "REDIS_PASSWORD_FILE",
        "VALKEY_PASSWORD",
        "VALKEY_PASSWORD_FILE",
    ];
    let is_bitnami = service
        .image
        .as_ref()
        .and_then(|image| image.repository.as_deref())
        .is_some_and(|repository| repository.contains("bitnami"));
    if is_bitnami
        && bitnami
            .iter()
            .any(|name| service.environment.contains_key(*name))
    {
        return true;
    }
    let mut configurations = arguments().filter(|argument| argument.as_str().ends_with(".conf"));
    configurations.any(|argument| {
        match service
            .container
            .resolve(facts.setup.listing(), argument.as_str())
        {
            Resolved::Setup(path) => facts.setup.at(&path).next().is_none_or(|document| {
                document.text.text().lines().any(|line| {
                    let line = line.trim_start();
                    ["requirepass ", "user ", "aclfile "]
                        .iter()
                        .any(|directive| line.starts_with(directive))
                })
            }),
            _ => true,
        }
    })
}
