//! Which alerts say nothing new while another one fires.

use indexmap::IndexSet;
use serde::Deserialize;

use super::job::{JobKind, Relabeling, ScrapeJob};
use super::routing::{Matcher, RoutableAlert, SEVERITY_LABEL, TARGET_LABEL};
use crate::profile::Severity;
use crate::template;

/// An entry of `inhibitions.yaml`: while one alert fires, others are not told.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Inhibition {
    /// The alert that says it all, by its name in the catalogue.
    pub source: String,
    /// The alerts that add nothing.
    pub mutes: Mutes,
    /// Labels in which both must agree.
    #[serde(default)]
    pub equal: Vec<String>,
    /// Whether the source is about an exporter, and the muted ones about what is scraped through
    /// it. Their jobs differ, so no label could be equal.
    #[serde(default)]
    pub behind: bool,
    /// Why, for the file's reader.
    pub reason: String,
}

impl Inhibition {
    /// Those of the catalogue, in its order.
    pub fn embedded() -> Vec<Self> {
        let mut files: Vec<(&str, &str)> = template::data()
            .filter(|(path, _)| {
                path.starts_with("exporters/") && path.ends_with("/inhibitions.yaml")
            })
            .collect();
        files.sort_unstable();
        files
            .into_iter()
            .flat_map(|(_, text)| {
                serde_json::from_str::<Vec<Self>>(text)
                    .expect("internal error: the embedded inhibitions are well-formed")
            })
            .collect()
    }
}

/// The muted side of an [`Inhibition`].
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mutes {
    /// Every other alert about a target whose series have the labels of `equal`.
    Others,
    /// These, by their names in the catalogue.
    #[serde(untagged)]
    Alerts(Vec<String>),
}

/// An inhibit rule of `alertmanager.yml`. Both of its sides are rendered alerts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InhibitRule {
    /// Why, in a sentence.
    pub reason: String,
    /// What must fire.
    pub source_matchers: Vec<Matcher>,
    /// What is then muted.
    pub target_matchers: Vec<Matcher>,
    /// Labels in which both agree.
    pub equal: Vec<String>,
}

/// The inhibit rules that `alerts` call for: those of the catalogue whose both sides are rendered,
/// and that a critical alert mutes its own warning.
pub fn inhibit_rules(
    inhibitions: &[Inhibition],
    alerts: &[RoutableAlert],
    jobs: &[ScrapeJob],
) -> Vec<InhibitRule> {
    inhibitions
        .iter()
        .flat_map(|inhibition| {
            let Some(rule) = from_catalogue(inhibition, alerts) else {
                return Vec::new();
            };
            if inhibition.behind {
                per_exporter(&rule, jobs)
            } else {
                vec![rule]
            }
        })
        .chain(own_warnings(alerts))
        .collect()
}

fn from_catalogue(inhibition: &Inhibition, alerts: &[RoutableAlert]) -> Option<InhibitRule> {
    let agrees = |alert: &RoutableAlert| {
        inhibition
            .equal
            .iter()
            .all(|label| label == TARGET_LABEL || alert.identity.contains(label))
    };
    let source = alerts
        .iter()
        .find(|alert| alert.id == inhibition.source && agrees(alert))?;
    let target = match &inhibition.mutes {
        Mutes::Others => {
            alerts.iter().find(|alert| {
                alert.name != source.name && !alert.targets.is_empty() && agrees(alert)
            })?;
            Matcher::is_not("alertname", &source.name)
        }
        Mutes::Alerts(ids) => Matcher::is_one_of(
            "alertname",
            alerts
                .iter()
                .filter(|alert| ids.contains(&alert.id) && agrees(alert))
                .map(|alert| &alert.name)
                .filter(|name| **name != source.name),
        )?,
    };
    Some(InhibitRule {
        reason: inhibition.reason.clone(),
        source_matchers: vec![Matcher::is("alertname", &source.name)],
        target_matchers: vec![target],
        equal: inhibition.equal.clone(),
    })
}

/// `rule` once for each exporter with a job of its own, with the jobs that are scraped through it.
fn per_exporter(rule: &InhibitRule, jobs: &[ScrapeJob]) -> Vec<InhibitRule> {
    jobs.iter()
        .filter(|job| job.kind == JobKind::Exporter)
        .filter_map(|own| {
            let addresses: Vec<&String> = own
                .discovery
                .groups()
                .iter()
                .flat_map(|group| &group.targets)
                .collect();
            let served = jobs.iter().filter(|job| match &job.relabeling {
                Relabeling::Through { exporter, .. } => addresses.contains(&exporter),
                Relabeling::None => false,
            });
            let served = Matcher::is_one_of("job", served.map(|job| &job.name))?;
            let mut rule = rule.clone();
            rule.source_matchers.push(Matcher::is("job", &own.name));
            rule.target_matchers.push(served);
            Some(rule)
        })
        .collect()
}

/// One rule for all alerts with both severities. `equal` holds every label that tells their series
/// apart: a label that both sides lack counts as equal, so naming too many is harmless, and
/// naming too few would let the critical alert of one database mute the warning of another.
fn own_warnings(alerts: &[RoutableAlert]) -> Option<InhibitRule> {
    let has_both = |alert: &&RoutableAlert| {
        alert.severity == Severity::Critical
            && alerts
                .iter()
                .any(|other| other.name == alert.name && other.severity == Severity::Warning)
    };
    let pairs: Vec<&RoutableAlert> = alerts.iter().filter(has_both).collect();
    if pairs.is_empty() {
        return None;
    }
    let mut equal: IndexSet<&str> = IndexSet::from(["alertname"]);
    if pairs.iter().any(|alert| !alert.targets.is_empty()) {
        equal.insert(TARGET_LABEL);
    }
    for alert in pairs {
        equal.extend(alert.identity.iter().map(String::as_str));
    }
    Some(InhibitRule {
        reason: "An alert that has become critical needs no warning any more.".into(),
        source_matchers: vec![Matcher::is(SEVERITY_LABEL, "critical")],
        target_matchers: vec![Matcher::is(SEVERITY_LABEL, "warning")],
        equal: equal.into_iter().map(Into::into).collect(),
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use indexmap::IndexMap;

    use super::*;

    fn alert(name: &str, severity: Severity, identity: &[&str], target: &str) -> RoutableAlert {
        RoutableAlert {
            id: name.into(),
            name: name.into(),
            severity,
            group: "availability".into(),
            labels: IndexMap::new(),
            identity: identity.iter().map(|label| (*label).into()).collect(),
            targets: Arc::new(
                Some(target.to_owned())
                    .filter(|target| !target.is_empty())
                    .into_iter()
                    .collect(),
            ),
        }
    }

    fn down() -> Inhibition {
        Inhibition {
            source: "RedisDown".into(),
            mutes: Mutes::Others,
            equal: vec![TARGET_LABEL.into(), "instance".into()],
            behind: false,
            reason: "It is down.".into(),
        }
    }

    #[test]
    fn a_rule_needs_both_of_its_sides() {
        let redis_down = alert("RedisDown", Severity::Critical, &["instance"], "cache");
        let probe = alert("EndpointDown", Severity::Critical, &["instance"], "");
        let memory = alert("RedisMemoryHigh", Severity::Warning, &["instance"], "cache");
        let replicas = alert("RedisReplicasMissing", Severity::Warning, &[], "cache");
        for (alerts, rules) in [
            (vec![], 0),
            (vec![redis_down.clone()], 0),
            (vec![memory.clone()], 0),
            (vec![redis_down.clone(), probe, replicas], 0),
            (vec![redis_down, memory], 1),
        ] {
            assert_eq!(inhibit_rules(&[down()], &alerts, &[]).len(), rules);
        }
    }

    #[test]
    fn the_source_does_not_mute_itself_and_keeps_its_given_name() {
        let mut renamed = alert("RedisDown", Severity::Critical, &["instance"], "cache");
        renamed.name = "CacheGone".into();
        let memory = alert("RedisMemoryHigh", Severity::Warning, &["instance"], "cache");
        let rules = inhibit_rules(&[down()], &[renamed, memory], &[]);
        assert_eq!(rules[0].source_matchers[0].to_text(), "alertname=CacheGone");
        assert_eq!(
            rules[0].target_matchers[0].to_text(),
            "alertname!=CacheGone"
        );
    }

    #[test]
    fn a_critical_alert_mutes_the_warning_about_the_same_series_only() {
        let alerts = [
            alert(
                "RedisKeysHigh",
                Severity::Warning,
                &["instance", "db"],
                "cache",
            ),
            alert(
                "RedisKeysHigh",
                Severity::Critical,
                &["instance", "db"],
                "cache",
            ),
        ];
        let rules = inhibit_rules(&[], &alerts, &[]);
        assert_eq!(rules.len(), 1);
        assert_eq!(rules[0].equal, ["alertname", "redis", "instance", "db"]);
        assert!(inhibit_rules(&[], &alerts[..1], &[]).is_empty());
    }

    #[test]
    fn the_muted_side_is_read_as_a_word_or_a_list() {
        let read = |mutes: &str| {
            serde_yaml::from_str::<Inhibition>(&format!(
                "{{source: A, mutes: {mutes}, equal: [instance], reason: r}}"
            ))
        };
        assert_eq!(read("others").unwrap().mutes, Mutes::Others);
        assert_eq!(read("[B]").unwrap().mutes, Mutes::Alerts(vec!["B".into()]));
        assert!(read("other").is_err());
    }
}
