//! Values with a syntax of their own, which the schema takes for mere texts.

use super::mount::Mount;
use super::port;
use super::project::{Project, given, is_at, is_open, known_text};
use super::words::{is_command_line, is_duration, is_size};
use crate::document::{Node, Value};
use crate::source::Span;

/// What a text has to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Duration,
    Size,
    CommandLine,
    Float,
    Int,
    /// Not negative.
    Count,
    /// A number of devices, or `all`.
    Devices,
    /// `0440`.
    Mode,
    /// Text is refused: only a number can be one.
    NumberOnly,
    Bool,
}

const FORMS: [(&str, Form); 45] = [
    ("services.*.healthcheck.interval", Form::Duration),
    ("services.*.healthcheck.timeout", Form::Duration),
    ("services.*.healthcheck.start_period", Form::Duration),
    ("services.*.healthcheck.start_interval", Form::Duration),
    ("services.*.healthcheck.retries", Form::Count),
    ("services.*.stop_grace_period", Form::Duration),
    ("services.*.deploy.update_config.delay", Form::Duration),
    ("services.*.deploy.update_config.monitor", Form::Duration),
    ("services.*.deploy.rollback_config.delay", Form::Duration),
    ("services.*.deploy.rollback_config.monitor", Form::Duration),
    ("services.*.deploy.restart_policy.delay", Form::Duration),
    ("services.*.deploy.restart_policy.window", Form::Duration),
    ("services.*.mem_limit", Form::Size),
    ("services.*.mem_reservation", Form::Size),
    ("services.*.memswap_limit", Form::Size),
    ("services.*.mem_swappiness", Form::Size),
    ("services.*.shm_size", Form::Size),
    ("services.*.build.shm_size", Form::Size),
    ("services.*.volumes.[].tmpfs.size", Form::Size),
    ("services.*.volumes.[].tmpfs.mode", Form::NumberOnly),
    ("services.*.deploy.resources.limits.memory", Form::Size),
    ("services.*.deploy.resources.limits.cpus", Form::Float),
    ("services.*.deploy.resources.limits.pids", Form::Int),
    (
        "services.*.deploy.resources.reservations.memory",
        Form::Size,
    ),
    ("services.*.deploy.resources.reservations.cpus", Form::Float),
    (
        "services.*.deploy.resources.reservations.devices.[].count",
        Form::Devices,
    ),
    (
        "services.*.deploy.resources.reservations.generic_resources.[].discrete_resource_spec.value",
        Form::Int,
    ),
    ("services.*.gpus.[].count", Form::Devices),
    (
        "services.*.blkio_config.device_read_bps.[].rate",
        Form::Size,
    ),
    (
        "services.*.blkio_config.device_read_iops.[].rate",
        Form::Size,
    ),
    (
        "services.*.blkio_config.device_write_bps.[].rate",
        Form::Size,
    ),
    (
        "services.*.blkio_config.device_write_iops.[].rate",
        Form::Size,
    ),
    ("services.*.blkio_config.weight", Form::NumberOnly),
    (
        "services.*.blkio_config.weight_device.[].weight",
        Form::NumberOnly,
    ),
    ("services.*.command", Form::CommandLine),
    ("services.*.entrypoint", Form::CommandLine),
    ("services.*.post_start.[].command", Form::CommandLine),
    ("services.*.post_start.[].privileged", Form::Bool),
    ("services.*.pre_stop.[].command", Form::CommandLine),
    ("services.*.pre_stop.[].privileged", Form::Bool),
    ("services.*.secrets.[].mode", Form::Mode),
    ("services.*.configs.[].mode", Form::Mode),
    ("services.*.build.secrets.[].mode", Form::Mode),
    ("services.*.depends_on.*.restart", Form::Bool),
    ("services.*.env_file.[].required", Form::Bool),
];

/// The short forms of ports, mounts and devices. Compose reads them in every file, also what another one overrides.
pub(super) fn check_short_forms(project: &mut Project<'_>, model: &Node) {
    for service in services(model) {
        for item in items(service, "ports") {
            let text = match &item.value {
                Value::String(_) => known_text(item).map(str::to_owned),
                Value::Number(number) => Some(number.to_string()),
                _ => None,
            };
            if let Some(Err(problem)) = text.as_deref().map(port::check) {
                project
                    .error(
                        "invalid-port",
                        item.span,
                        format!("`{}`: {problem}", item.text),
                    )
                    .help = Some(
                    "write `[ADDRESS:][PUBLISHED:]TARGET[/PROTOCOL]`, such as `127.0.0.1:8080:80`"
                        .into(),
                );
            }
        }
        for item in items(service, "volumes") {
            if let Some(Err(problem)) = known_text(item).map(Mount::parse) {
                project
                    .error(
                        "invalid-volume",
                        item.span,
                        format!("`{}` is not a mount: {problem}", item.text),
                    )
                    .help =
                    Some("write `SOURCE:TARGET[:OPTIONS]`, such as `./data:/data:ro`".into());
            }
        }
        for item in items(service, "devices") {
            if known_text(item).is_some_and(|text| text.split(':').count() > 3) {
                project
                    .error(
                        "invalid-device",
                        item.span,
                        format!("`{}` has too many colons", item.text),
                    )
                    .help = Some(
                    "write `SOURCE:TARGET:PERMISSIONS`, or `source`, `target` and `permissions`"
                        .into(),
                );
            }
        }
        let contexts = service
            .get("build")
            .map(|build| items(build, "additional_contexts"));
        for item in contexts.unwrap_or_default() {
            if known_text(item).is_some_and(|text| !text.contains('=')) {
                project
                    .error(
                        "invalid-context",
                        item.span,
                        format!("`{}` has no value", item.text),
                    )
                    .help = Some("write `NAME=CONTEXT`".into());
            }
        }
    }
}

/// Everything that has a notation of its own.
pub(super) fn check_values(project: &mut Project<'_>, model: &Node) {
    walk(project, model, &mut Vec::new());
    for service in services(model) {
        for block in [Some(service), service.get("build")].into_iter().flatten() {
            for item in items(block, "extra_hosts") {
                check_host(project, item);
            }
        }
    }
}

pub(super) fn services(model: &Node) -> impl Iterator<Item = &Node> {
    model
        .get("services")
        .into_iter()
        .flat_map(|services| services.entries())
        .map(|entry| &entry.value)
}

pub(super) fn items<'n>(block: &'n Node, name: &str) -> &'n [Node] {
    block.get(name).map_or(&[], |node| node.items())
}

fn check_host(project: &mut Project<'_>, item: &Node) {
    let Some(text) = known_text(item) else {
        return;
    };
    let problem = match text.split_once(['=', ':']) {
        None => "its address is missing",
        Some(("", _)) => "its name is missing",
        Some(_) => return,
    };
    project
        .error(
            "invalid-host",
            item.span,
            format!("`{text}` is not a host: {problem}"),
        )
        .help = Some("write `NAME=ADDRESS`".into());
}

fn walk<'n>(project: &mut Project<'_>, node: &'n Node, place: &mut Vec<&'n str>) {
    match &node.value {
        Value::Mapping(entries) => {
            for entry in entries.iter() {
                place.push(&entry.key.text);
                walk(project, &entry.value, place);
                place.pop();
            }
        }
        Value::Sequence(items) => {
            place.push("[]");
            for item in items.iter() {
                walk(project, item, place);
            }
            place.pop();
        }
        Value::Null => {}
        _ if is_open(node) => {}
        _ => {
            if let Some((_, form)) = FORMS.iter().find(|(pattern, _)| is_at(place, pattern)) {
                scalar(
                    project,
                    node,
                    *form,
                    place.last().copied().unwrap_or_default(),
                );
            }
        }
    }
}

fn scalar(project: &mut Project<'_>, node: &Node, form: Form, name: &str) {
    let text = &*node.text;
    let number = match &node.value {
        Value::Number(number) => number.as_f64(),
        _ => None,
    };
    let is_word = |word: &str| text.eq_ignore_ascii_case(word);
    let (fits, defect, what, help) = match form {
        Form::Duration => (
            is_duration(text, project.at_least(2, 35)),
            "invalid-duration",
            "a duration",
            "write it as `30s`, `1m30s` or `1h`",
        ),
        Form::Size => (
            number.is_some() || is_size(text, !project.at_least(2, 35)),
            "invalid-size",
            "a size in bytes",
            "write a number with a unit: `512m`, `1.5g`, `64kb`",
        ),
        Form::CommandLine => (
            is_command_line(text),
            "invalid-command",
            "a command line: a quote or a parenthesis stays open",
            "close it, or write the command as a list; a shell is `[sh, -c, \"…\"]`",
        ),
        Form::Float => (
            number.is_some() || text.parse::<f64>().is_ok(),
            "wrong-type",
            "a number",
            "write it as `0.5`",
        ),
        Form::Int => (
            number.is_some() || text.parse::<i64>().is_ok(),
            "wrong-type",
            "a whole number",
            "write a number",
        ),
        Form::Count => (
            number.is_none_or(|number| number >= 0.0),
            "value-out-of-range",
            "a number from 0 on",
            "write 0 or more",
        ),
        Form::Devices => (
            number.is_some() || is_word("all") || text.parse::<i64>().is_ok(),
            "wrong-type",
            "a number of devices",
            "write a number, or `all`",
        ),
        Form::Mode => (
            number.is_some() || is_mode(text, project.at_least(2, 35)),
            "wrong-type",
            "a file mode",
            "write it in octal: `0440`",
        ),
        Form::NumberOnly => (
            number.is_some_and(|number| number >= 0.0),
            "wrong-type",
            "a number from 0 on",
            "write it without quotes",
        ),
        Form::Bool => (
            number.is_none()
                && ["true", "false", "yes", "no", "on", "off", "y", "n"]
                    .into_iter()
                    .any(is_word),
            "wrong-type",
            "`true` or `false`",
            "write `true` or `false`",
        ),
    };
    if !fits {
        let message = format!("`{name}` is `{text}`, which is not {what}");
        project.error(defect, node.span, message).help = Some(help.into());
    }
}

fn is_mode(text: &str, is_octal: bool) -> bool {
    if is_octal {
        i64::from_str_radix(text, 8).is_ok()
    } else {
        text.parse::<i64>().is_ok()
    }
}

/// What only looking at several fields of one block can tell.
pub(super) fn check_blocks(project: &mut Project<'_>, model: &Node) {
    for section in ["networks", "volumes", "secrets", "configs"] {
        let blocks = model.get(section).map(|node| node.entries());
        for block in blocks.unwrap_or_default() {
            let name = &*block.key.text;
            check_external(project, section, name, &block.value);
            let sources: &[&str] = match section {
                "secrets" => &["file", "environment"],
                "configs" => &["file", "environment", "content"],
                _ => continue,
            };
            check_source(
                project,
                section,
                block.key.span,
                name,
                &block.value,
                sources,
            );
        }
    }
    for service in services(model) {
        for port in items(service, "ports") {
            if let Some(address) = given(port, "host_ip")
                && let Some(text) = known_text(&address.value)
                && project.at_least(2, 35)
                && text.parse::<std::net::IpAddr>().is_err()
            {
                let message = format!("`{text}` is not an IP address");
                project.error("invalid-port", address.value.span, message);
            }
        }
        let reserved = service
            .get("deploy")
            .and_then(|deploy| deploy.get("resources")?.get("reservations"))
            .map(|reservations| items(reservations, "devices"));
        for device in reserved
            .unwrap_or_default()
            .iter()
            .chain(items(service, "gpus"))
        {
            if let (Some(count), Some(ids)) = (device.entry("count"), device.entry("device_ids")) {
                exclude(project, count.key.span, "count", ids.key.span, "device_ids");
            }
        }
        let watch = service
            .get("develop")
            .map(|develop| items(develop, "watch"));
        for rule in watch.unwrap_or_default() {
            if let Some(path) = rule.entry("path")
                && known_text(&path.value) == Some("")
            {
                project
                    .error("missing-field", path.value.span, "`path` is empty")
                    .help = Some("name a directory or file".into());
            }
        }
    }
}

fn check_external(project: &mut Project<'_>, section: &str, name: &str, block: &Node) {
    let Some(external) = block.entry("external") else {
        return;
    };
    if let (Some(own), Some(inner)) = (block.entry("name"), external.value.entry("name"))
        && own.value.text != inner.value.text
    {
        let message = format!("`{name}` has two names: `name` and `external.name`");
        project
            .error("conflicting-fields", inner.key.span, message)
            .help = Some("keep `name`".into());
        project.relate("the other name", own.key.span);
    }
    let is_external = external.value.value == Value::Bool(true)
        || matches!(external.value.value, Value::Mapping(_));
    // Of networks, Compose ignores what it says besides.
    if section != "volumes" || !is_external {
        return;
    }
    for other in block.entries() {
        let key = &*other.key.text;
        if !matches!(key, "name" | "external") && !key.starts_with("x-") {
            exclude(project, external.key.span, "external", other.key.span, key);
        }
    }
}

fn check_source(
    project: &mut Project<'_>,
    section: &str,
    span: Span,
    name: &str,
    block: &Node,
    sources: &[&str],
) {
    let kind = section.trim_end_matches('s');
    let mut found = sources.iter().filter_map(|source| block.entry(source));
    match (found.next(), found.next()) {
        (Some(one), Some(other)) => {
            exclude(
                project,
                one.key.span,
                &one.key.text,
                other.key.span,
                &other.key.text,
            );
        }
        (None, _) if block.get("external").is_none() => {
            let sources: Vec<String> = sources.iter().map(|source| format!("`{source}`")).collect();
            // A driver may know where a config comes from; a secret needs its source nevertheless.
            if section == "configs" && block.get("driver").is_some() {
                return;
            }
            project
                .error(
                    "missing-field",
                    span,
                    format!("nothing says where the {kind} `{name}` comes from"),
                )
                .help = Some(format!(
                "give {}, or `external: true`",
                sources.join(" or ")
            ));
        }
        _ => {}
    }
}

/// Says at the later of two fields that they exclude each other.
pub(super) fn exclude(
    project: &mut Project<'_>,
    one: Span,
    one_name: &str,
    other: Span,
    other_name: &str,
) {
    let (first, second) = if one <= other {
        (one, other)
    } else {
        (other, one)
    };
    let message = format!("`{one_name}` and `{other_name}` exclude each other");
    project.error("conflicting-fields", second, message).help =
        Some("remove one of the two".into());
    project.relate("the other one", first);
}
