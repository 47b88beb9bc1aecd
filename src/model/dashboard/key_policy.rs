//! Panels for the key policies of a target: one for each.

use indexmap::IndexMap;

use super::draw::{graph, literal};
use crate::catalogue::{GrafanaUnit, LibraryPanel};
use crate::model::key_policy::{KeyPolicies, KeyPolicy};

/// The panel of each policy, by its pattern.
pub(super) fn panels(keys: &KeyPolicies) -> IndexMap<String, LibraryPanel> {
    let panels = keys.policies.iter().map(|policy| {
        let pattern = policy.pattern.as_str();
        (pattern.to_owned(), panel(keys, policy))
    });
    panels.collect()
}

fn panel(keys: &KeyPolicies, policy: &KeyPolicy) -> LibraryPanel {
    let pattern = policy.pattern.as_str();
    let mut panel = graph(pattern, &description(keys, policy), GrafanaUnit::Short)
        .asking("keys", last(keys, "redis_keys_count", pattern));
    if !keys.lua {
        return panel;
    }
    let readings = [
        (
            "without_ttl",
            "without a time to live",
            policy.ttl.is_some(),
        ),
        (
            "over_ttl",
            "with too long a time to live",
            policy.ttl.is_some(),
        ),
        ("too_long", "too long", policy.max_length.is_some()),
    ];
    for (reading, legend, _) in readings.into_iter().filter(|(_, _, is_read)| *is_read) {
        let key = format!("{reading} {pattern}");
        panel = panel.asking(legend, last(keys, "redis_script_values", &key));
    }
    panel
}

/// The sum of what the last scans of the primaries say.
fn last(keys: &KeyPolicies, metric: &str, key: &str) -> String {
    let (target, key) = (literal(&keys.target), literal(key));
    format!(
        "sum(last_over_time({metric}{{redis={target},instance=~\"$instance\",key={key}}}[$__rate_interval]) \
         and on (instance) redis_instance_info{{job=~\"$job\",instance=~\"$instance\",role=\"master\"}})"
    )
}

fn description(keys: &KeyPolicies, policy: &KeyPolicy) -> String {
    let mut limits = Vec::new();
    limits.extend(policy.ttl.map(|ttl| format!("live at most {ttl}")));
    limits.extend(
        policy
            .max_length
            .map(|length| format!("have at most {length} elements")),
    );
    if policy.is_durable {
        limits.push("must not be evicted".into());
    }
    let mut text = policy.description.trim().trim_end_matches('.').to_owned();
    if !text.is_empty() {
        text.push_str(". ");
    }
    text.push_str(&match limits.as_slice() {
        [] => "How many there are.".to_owned(),
        [only] => format!("They {only}."),
        [first @ .., last] => format!("They {}, and {last}.", first.join(", ")),
    });
    if keys.lua && (policy.ttl.is_some() || policy.max_length.is_some()) {
        text.push_str(&format!(
            " What breaks the policy is looked for among {} keys.",
            keys.sample
        ));
    }
    text
}
