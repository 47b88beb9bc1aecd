use crate::diagnostic::{Level, Safety};
use crate::facts::Facts;
use crate::facts::compose::{ComposeProject, ComposeService};
use crate::facts::container::Resolved;
use crate::facts::prometheus::host_and_port;
use crate::lint::rewriting::{in_place, with_variable};
use crate::lint::{Findings, Lint, Need};
use crate::redis_conf::{Line, lines};
use crate::setup::{Kind, Place};

pub(super) static LINT: Lint = Lint {
    id: "stack/exporter-cannot-reach-redis",
    level: Level::Error,
    summary: "redis_exporter asks an address where no Redis is, or without the password that it wants",
    needs: &[Need::Files],
    check,
};

fn check(facts: &Facts<'_>, findings: &mut Findings<'_>) {
    for project in &facts.projects {
        for exporter in project.running("redis_exporter") {
            // What a Dockerfile or a file of variables adds is not seen.
            if exporter.build.is_none() && exporter.get("env_file").is_none() {
                check_exporter(facts, project, exporter, findings);
            }
        }
    }
}

fn check_exporter(
    facts: &Facts<'_>,
    project: &ComposeProject,
    exporter: &ComposeService,
    findings: &mut Findings<'_>,
) {
    let is_multi = facts.scrape_jobs().any(|job| {
        job.metrics_path
            .value()
            .is_none_or(|path| path == "/scrape")
    });
    let given = exporter
        .flag("redis.addr")
        .or_else(|| exporter.variable("REDIS_ADDR").cloned());
    let is_unknown = exporter
        .environment
        .get("REDIS_ADDR")
        .is_some_and(|value| value.as_ref().is_none_or(|value| value.is_placeholder()));
    let (address, place) = match &given {
        Some(text) => (text.as_str(), text.place),
        None if is_unknown => return,
        None => ("redis://localhost:6379", exporter.place()),
    };
    let Some((host, _)) = host_and_port(address) else {
        return;
    };
    if matches!(host, "localhost" | "127.0.0.1") {
        if exporter.get("network_mode").is_some() || is_multi || address.contains('$') {
            return;
        }
        let finding = findings
            .report(
                place,
                format!(
                    "`{}` looks for Redis in its own container: `{host}` is not the host",
                    exporter.name.as_str()
                ),
            )
            .label("no Redis here");
        let finding = match project.running("redis").next() {
            Some(redis) => {
                let name = redis.name.as_str();
                let edits = match &given {
                    Some(text) => in_place(facts.setup, text.place, host, name),
                    None => {
                        let address = format!("redis://{name}:6379");
                        with_variable(facts, exporter, "REDIS_ADDR", &address)
                    }
                };
                let finding = finding
                    .related("this is Redis", redis.place())
                    .help(format!("set `REDIS_ADDR` to `redis://{name}:6379`"));
                match edits {
                    Some(edits) => {
                        finding.fix(Safety::Unsafe, format!("ask Redis at `{name}`"), edits)
                    }
                    None => finding,
                }
            }
            None => finding.help("set `REDIS_ADDR` to where Redis is"),
        };
        if facts.has_alloy() {
            finding.assuming("Alloy does not name a Redis with each scrape");
        }
        return;
    }
    let Some(redis) = project
        .services_at(host)
        .find(|service| service.runs("redis"))
    else {
        return;
    };
    if !exporter.reaches(redis) {
        findings
            .report(
                place,
                format!("`{host}` is on no network of `{}`", exporter.name.as_str()),
            )
            .label("out of reach")
            .related("this is Redis", redis.place())
            .help("put both services on one network");
        return;
    }
    let settings = Settings::of(facts, redis);
    if let Some(bound) = settings.loopback {
        findings
            .report(place, format!("`{host}` listens only to its own container"))
            .label("refused")
            .related("this is all that Redis listens on", bound)
            .help("leave `bind` out: what reaches a container is decided by networks and `ports`");
        return;
    }
    let Some(wants) = settings.password else {
        return;
    };
    let has_password = ["REDIS_PASSWORD", "REDIS_PASSWORD_FILE", "REDIS_USER"]
        .iter()
        .any(|name| exporter.environment.contains_key(*name))
        || exporter.has_flag("redis.password")
        || exporter.has_flag("redis.password-file")
        || address.contains('@');
    if !has_password {
        let finding = findings
            .report(
                place,
                format!(
                    "`{}` gives no password, and Redis wants one: `redis_up` stays 0",
                    exporter.name.as_str()
                ),
            )
            .label("refused")
            .related("the password is set here", wants)
            .help("give the exporter `REDIS_PASSWORD` or `--redis.password-file`");
        // A password that is a variable is one for the exporter, too; one in the clear belongs into a secret.
        let written = facts.setup.slice(wants);
        let edits = variable(written)
            .and_then(|variable| with_variable(facts, exporter, "REDIS_PASSWORD", variable));
        if let Some(edits) = edits {
            finding.fix(Safety::Unsafe, "give it the same password", edits);
        }
    }
}

/// What a Redis is started with, as far as an exporter notices.
struct Settings {
    /// Where it is told to want a password.
    password: Option<Place>,
    /// Where it is told to listen on addresses of its own container only.
    loopback: Option<Place>,
}

impl Settings {
    /// Arguments come before the file that they name.
    fn of(facts: &Facts<'_>, redis: &ComposeService) -> Self {
        let arguments = || redis.entrypoint.iter().chain(&redis.command);
        let told = |name: &str| {
            let mut found = arguments().filter(|argument| argument.as_str().contains(name));
            found.next().map(|argument| argument.place)
        };
        let file = arguments()
            .filter(|argument| argument.as_str().ends_with(".conf"))
            .find_map(|argument| {
                let listing = facts.setup.listing();
                match redis.container.resolve(listing, argument.as_str()) {
                    Resolved::Setup(path) => facts.setup.at(&path).next(),
                    _ => None,
                }
            });
        let lines: Vec<Line> = file
            .filter(|document| document.kind == Kind::RedisConf)
            .map(|document| lines(document.text.text()).flatten().collect())
            .unwrap_or_default();
        // The last one counts.
        let set = |name: &str| lines.iter().rev().find(|line| line.name() == name);
        let place = |line: &Line| file.map(|document| document.place(line.span));
        let wants = |line: &&Line| line.arguments.iter().any(|word| !word.text.is_empty());
        let is_loopback = |line: &&Line| {
            let mut addresses = line
                .arguments
                .iter()
                .map(|word| word.text.trim_start_matches('-'));
            !line.arguments.is_empty()
                && addresses.all(|address| {
                    address.starts_with("127.") || matches!(address, "::1" | "localhost")
                })
        };
        let shares_a_network_of_another = redis.get("network_mode").is_some();
        Self {
            password: told("requirepass")
                .or_else(|| set("requirepass").filter(wants).and_then(place)),
            loopback: set("bind")
                .filter(is_loopback)
                .filter(|_| told("bind").is_none() && !shares_a_network_of_another)
                .and_then(place),
        }
    }
}

/// `${NAME}` behind `requirepass`.
fn variable(command: &str) -> Option<&str> {
    let (_, rest) = command.split_once("requirepass")?;
    let start = rest.find("${")?;
    let end = start + rest[start..].find('}')? + 1;
    Some(&rest[start..end])
}
