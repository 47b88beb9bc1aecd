use indexmap::{IndexMap, IndexSet};

use super::{
    PrometheusService, ServiceContext, ServiceSummary, Services, Storing, unknown_service,
    written_links,
};
use crate::document::Route;
use crate::model::address;
use crate::profile::Problem;

/// Everything about the services that only their whole shows.
pub(super) fn check(services: &Services, context: ServiceContext<'_>, problems: &mut Vec<Problem>) {
    let compose = &context.profile.compose;
    let root = Route::of(["compose"]);
    let summaries = services.summaries();
    let known: IndexSet<&str> = summaries.iter().map(|service| service.name).collect();
    for (block, names) in [
        ("ports", compose.ports.keys().collect::<Vec<_>>()),
        ("volumes", compose.volumes.keys().collect()),
        ("images", compose.images.keys().collect()),
    ] {
        for name in names {
            if !known.contains(name.as_str()) {
                let route = root.key(block).key(name);
                problems.push(unknown_service(route, name, known.iter().copied()));
            }
        }
    }
    address::check(context.profile, &known, problems);
    // Two services of one name would share port and volume, too; one problem is enough.
    if !taken_names(services, &summaries, problems) {
        taken_ports(services, &summaries, &root, problems);
        taken_volumes(services, &root, problems);
    }
    images(services, &summaries, context, problems);
    links(context, problems);
    names(services, &root, problems);
}

/// The nearest place that says something about a service.
fn place_of(service: &str, block: &str, root: &Route) -> Route {
    root.key(block).key(service)
}

fn taken_names(
    services: &Services,
    summaries: &[ServiceSummary<'_>],
    problems: &mut Vec<Problem>,
) -> bool {
    let before = problems.len();
    let mut seen: IndexSet<&str> = IndexSet::new();
    for ServiceSummary { name, .. } in summaries {
        let name = *name;
        if seen.insert(name) {
            continue;
        }
        let target = services.redis.iter().find(|redis| redis.service == name);
        let route = match target {
            Some(redis) => Route::of(["targets", &redis.target, "address"]),
            None => Route::of(["exporters", name]),
        };
        problems.push(
            Problem::value(
                "profile/service-name-taken",
                route,
                format!("two services would be called `{name}`"),
            )
            .help("give one of them another name"),
        );
    }
    problems.len() > before
}

fn taken_ports(
    services: &Services,
    summaries: &[ServiceSummary<'_>],
    root: &Route,
    problems: &mut Vec<Problem>,
) {
    let mut seen: IndexMap<u16, &str> = IndexMap::new();
    let published = summaries
        .iter()
        .filter_map(|summary| Some((summary.name, summary.published?)));
    for (service, port) in published {
        if let Some(other) = seen.insert(port, service) {
            let target = services.redis.iter().find(|redis| redis.service == service);
            let route = match target {
                Some(redis) => Route::of(["targets", &redis.target, "server", "port"]),
                None => place_of(service, "ports", root),
            };
            problems.push(
                Problem::value(
                    "profile/port-taken",
                    route,
                    format!("`{service}` and `{other}` are both published on port {port}"),
                )
                .help(format!(
                    "give one of them another port under `compose.ports`, or `{service}: off`"
                )),
            );
        }
        if port == 0 {
            problems.push(
                Problem::value(
                    "profile/port-zero",
                    place_of(service, "ports", root),
                    format!("`{service}` cannot be published on port 0"),
                )
                .help("give a port from 1 to 65535, or `off`"),
            );
        }
    }
}

fn taken_volumes(services: &Services, root: &Route, problems: &mut Vec<Problem>) {
    let mut seen: IndexMap<&str, &str> = IndexMap::new();
    for (volume, service) in services.volumes() {
        if let Some(other) = seen.insert(volume, service) {
            problems.push(
                Problem::value(
                    "profile/volume-taken",
                    place_of(service, "volumes", root),
                    format!("`{service}` and `{other}` would both write to the volume `{volume}`"),
                )
                .help("give each service a volume of its own"),
            );
        }
        if !is_name(volume) {
            problems.push(
                Problem::value(
                    "profile/bad-name",
                    place_of(service, "volumes", root),
                    format!("`{volume}` cannot be the name of a volume"),
                )
                .help("use letters, digits, `_`, `.` and `-`, beginning with a letter or digit"),
            );
        }
    }
}

fn images(
    services: &Services,
    summaries: &[ServiceSummary<'_>],
    context: ServiceContext<'_>,
    problems: &mut Vec<Problem>,
) {
    let profile = context.profile;
    for summary in summaries {
        let (service, image) = (summary.name, summary.image);
        let tag_or_digest = image
            .rsplit('/')
            .next()
            .and_then(|name| name.split_once([':', '@']))
            .map(|(_, tag)| tag);
        let is_reference = image.chars().all(|char| {
            char.is_ascii_alphanumeric() || matches!(char, '.' | '_' | '-' | '/' | ':' | '@')
        });
        let message = match tag_or_digest {
            _ if !is_reference => format!("`{image}` is not an image reference"),
            None | Some("") => format!("the image `{image}` has no tag, which means `latest`"),
            Some("latest") => format!("the image `{image}` is another one every week"),
            Some(_) => continue,
        };
        let from_exporter = context
            .exporters
            .iter()
            .find(|process| process.service == service && process.image.is_some());
        let from_redis = services.redis.iter().find(|redis| redis.service == service);
        let route = if profile.compose.images.contains_key(service) {
            Route::of(["compose", "images", service])
        } else if let Some(process) = from_exporter {
            Route::of(["exporters", &process.exporter, "image"])
        } else if let Some(redis) = from_redis {
            Route::of(["targets", &redis.target, "server", "image"])
        } else {
            Route::of(["versions"])
        };
        problems.push(
            Problem::value("profile/unpinned-image", route, message)
                .help("name a version: `repository/name:v1.2.3`"),
        );
    }
}

fn links(context: ServiceContext<'_>, problems: &mut Vec<Problem>) {
    for (key, link) in written_links(&context.profile.links) {
        let Some(link) = link else { continue };
        let host = link
            .strip_prefix("http://")
            .or_else(|| link.strip_prefix("https://"))
            .and_then(|rest| rest.split(['/', '?', '#']).next());
        let is_clean = link.chars().all(|char| {
            char.is_ascii_graphic() && !matches!(char, '{' | '}' | '"' | '\\' | '<' | '>')
        });
        if !is_clean || host.is_none_or(|host| host.is_empty() || host.contains('@')) {
            problems.push(
                Problem::value(
                    "profile/bad-url",
                    Route::of(["links", key]),
                    "this is not the address of a page",
                )
                .help("write `http(s)://host[:port][/path]`, without credentials"),
            );
        }
    }
}

fn names(services: &Services, root: &Route, problems: &mut Vec<Problem>) {
    let is_project = services
        .project
        .chars()
        .all(|char| char.is_ascii_lowercase() || char.is_ascii_digit() || "_-".contains(char))
        && services
            .project
            .starts_with(|first: char| first.is_ascii_alphanumeric());
    if !is_project {
        problems.push(
            Problem::value(
                "profile/bad-name",
                root.key("project"),
                format!(
                    "`{}` cannot be the name of a Compose project",
                    services.project
                ),
            )
            .help("use lower-case letters, digits, `_` and `-`, beginning with a letter or digit"),
        );
    }
    for (index, profile) in services.profiles.iter().enumerate() {
        if !is_name(profile) {
            problems.push(
                Problem::value(
                    "profile/bad-name",
                    root.key("profiles").index(index),
                    format!("`{profile}` cannot be the name of a Compose profile"),
                )
                .help("use letters, digits, `_`, `.` and `-`, beginning with a letter or digit"),
            );
        }
    }
    for network in &services.networks {
        if !is_name(&network.name) {
            problems.push(
                Problem::key(
                    "profile/bad-name",
                    root.key("networks").key(&network.name),
                    format!("`{}` cannot be the name of a network", network.name),
                )
                .help("use letters, digits, `_`, `.` and `-`, beginning with a letter or digit"),
            );
        }
    }
    if services.bind.parse::<std::net::IpAddr>().is_err() {
        problems.push(
            Problem::value(
                "profile/bad-address",
                root.key("bind"),
                format!("`{}` is not an IP address of this host", services.bind),
            )
            .help("write `127.0.0.1` for this host only, or `0.0.0.0` for everybody"),
        );
    }
    let keeps_nothing = |it: &PrometheusService| matches!(it.storing, Storing::For(retention) if retention.is_zero());
    if services.prometheus.iter().any(keeps_nothing) {
        problems.push(
            Problem::value(
                "profile/zero-duration",
                root.key("retention"),
                "Prometheus would keep no samples at all",
            )
            .help("give a duration such as `15d`"),
        );
    }
}

fn is_name(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_alphanumeric())
        && text
            .chars()
            .all(|char| char.is_ascii_alphanumeric() || matches!(char, '_' | '.' | '-'))
}
