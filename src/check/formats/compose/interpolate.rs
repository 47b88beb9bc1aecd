//! Variables in the values of a file, and the types that texts then get.

use serde_json::Number;

use super::project::{Project, is_at, open_at, text_at, with};
use super::variable::{Variable, expand};
use crate::document::{Entry, Node, Value};

/// What a text has to be once its variables are replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cast {
    Int,
    Float,
    Bool,
}

/// Where texts become something else, so that `"${REPLICAS}"` can be a number.
const CASTS: [(&str, Cast); 45] = [
    ("services.*.cpu_count", Cast::Int),
    ("services.*.cpu_percent", Cast::Float),
    ("services.*.cpu_period", Cast::Int),
    ("services.*.cpu_quota", Cast::Int),
    ("services.*.cpu_rt_period", Cast::Int),
    ("services.*.cpu_rt_runtime", Cast::Int),
    ("services.*.cpus", Cast::Float),
    ("services.*.cpu_shares", Cast::Int),
    ("services.*.init", Cast::Bool),
    ("services.*.deploy.replicas", Cast::Int),
    ("services.*.deploy.update_config.parallelism", Cast::Int),
    (
        "services.*.deploy.update_config.max_failure_ratio",
        Cast::Float,
    ),
    ("services.*.deploy.rollback_config.parallelism", Cast::Int),
    (
        "services.*.deploy.rollback_config.max_failure_ratio",
        Cast::Float,
    ),
    ("services.*.deploy.restart_policy.max_attempts", Cast::Int),
    (
        "services.*.deploy.placement.max_replicas_per_node",
        Cast::Int,
    ),
    ("services.*.healthcheck.retries", Cast::Int),
    ("services.*.healthcheck.disable", Cast::Bool),
    ("services.*.oom_kill_disable", Cast::Bool),
    ("services.*.oom_score_adj", Cast::Int),
    ("services.*.pids_limit", Cast::Int),
    ("services.*.ports.[].target", Cast::Int),
    ("services.*.privileged", Cast::Bool),
    ("services.*.read_only", Cast::Bool),
    ("services.*.scale", Cast::Int),
    ("services.*.stdin_open", Cast::Bool),
    ("services.*.tty", Cast::Bool),
    ("services.*.ulimits.*", Cast::Int),
    ("services.*.ulimits.*.hard", Cast::Int),
    ("services.*.ulimits.*.soft", Cast::Int),
    ("services.*.volumes.[].read_only", Cast::Bool),
    ("services.*.volumes.[].volume.nocopy", Cast::Bool),
    ("services.*.volumes.[].bind.create_host_path", Cast::Bool),
    ("services.*.attach", Cast::Bool),
    ("services.*.build.no_cache", Cast::Bool),
    ("services.*.build.privileged", Cast::Bool),
    ("services.*.build.pull", Cast::Bool),
    ("networks.*.external", Cast::Bool),
    ("networks.*.internal", Cast::Bool),
    ("networks.*.attachable", Cast::Bool),
    ("networks.*.enable_ipv4", Cast::Bool),
    ("networks.*.enable_ipv6", Cast::Bool),
    ("volumes.*.external", Cast::Bool),
    ("secrets.*.external", Cast::Bool),
    ("configs.*.external", Cast::Bool),
];

/// `document` with its variables replaced. What cannot be replaced is reported and stays.
pub(super) fn interpolate(
    project: &mut Project<'_>,
    document: &Node,
    lookup: &dyn Fn(&str) -> Variable,
) -> Node {
    let mut place = Vec::new();
    value(project, document, lookup, &mut place)
}

fn value<'n>(
    project: &mut Project<'_>,
    node: &'n Node,
    lookup: &dyn Fn(&str) -> Variable,
    place: &mut Vec<&'n str>,
) -> Node {
    match &node.value {
        Value::String(text) => scalar(project, node, text, lookup, place),
        Value::Sequence(items) => {
            place.push("[]");
            let items = items
                .iter()
                .map(|item| value(project, item, lookup, place))
                .collect();
            place.pop();
            with(node, Value::Sequence(items))
        }
        Value::Mapping(entries) => {
            let entries = entries
                .iter()
                .map(|entry| {
                    place.push(&entry.key.text);
                    let value = value(project, &entry.value, lookup, place);
                    place.pop();
                    Entry {
                        value,
                        ..entry.clone()
                    }
                })
                .collect();
            with(node, Value::Mapping(entries))
        }
        _ => node.clone(),
    }
}

fn scalar(
    project: &mut Project<'_>,
    node: &Node,
    text: &str,
    lookup: &dyn Fn(&str) -> Variable,
    place: &[&str],
) -> Node {
    let expanded = match expand(text, lookup) {
        Ok(Some(expanded)) => expanded,
        Ok(None) => return open_at(node),
        Err(flaw) => {
            let span = project.within(node, flaw.span);
            let defect = if flaw.is_missing {
                "missing-variable"
            } else {
                "invalid-variable"
            };
            project.error(defect, span, flaw.message).help = Some(flaw.help);
            return open_at(node);
        }
    };
    let cast = CASTS
        .iter()
        .find(|(pattern, _)| is_at(place, pattern))
        .map(|(_, cast)| *cast);
    let Some(cast) = cast else {
        return if expanded == *text {
            node.clone()
        } else {
            text_at(node, &expanded)
        };
    };
    let (value, expected) = match cast {
        Cast::Int => (
            expanded
                .parse()
                .ok()
                .map(|number: i64| Value::Number(number.into())),
            "a whole number",
        ),
        Cast::Float => (
            expanded
                .parse()
                .ok()
                .and_then(Number::from_f64)
                .map(Value::Number),
            "a number",
        ),
        Cast::Bool => (boolean(&expanded).map(Value::Bool), "`true` or `false`"),
    };
    let Some(value) = value else {
        let name = place.last().copied().unwrap_or_default();
        let message = if expanded.is_empty() && !text.is_empty() {
            format!("`{name}` takes {expected}, and `{text}` is empty")
        } else {
            format!("`{name}` takes {expected}, and this is `{expanded}`")
        };
        let help = (expanded != *text)
            .then(|| "set the variable, or give it a default: `${NAME:-default}`".to_owned());
        project.error("wrong-type", node.span, message).help = help;
        return open_at(node);
    };
    with(node, value)
}

/// The words of YAML 1.1.
fn boolean(text: &str) -> Option<bool> {
    match text.to_lowercase().as_str() {
        "y" | "yes" | "true" | "on" | "1" => Some(true),
        "n" | "no" | "false" | "off" | "0" => Some(false),
        _ => None,
    }
}
