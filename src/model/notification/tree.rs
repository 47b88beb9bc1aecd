use indexmap::{IndexMap, IndexSet};

use super::{NotificationContext, ReceiverNames, root};
use crate::document::Route;
use crate::model::routing::{
    GROUP_LABEL, Matcher, Origin, Routing, RoutingNode, SEVERITY_LABEL, TARGET_LABEL,
};
use crate::profile::{self, Problem, suggestion};
use crate::quantity::Duration;

type Labels = IndexMap<String, String>;

/// Time to wait for more alerts before the first message, as Alertmanager's own default.
const GROUP_WAIT: Duration = Duration::from_secs(30);
/// Time between messages about alerts that changed, as Alertmanager's own default.
const GROUP_INTERVAL: Duration = Duration::from_secs(5 * 60);
/// When a firing alert is told again, as Alertmanager's own default.
const REPEAT_INTERVAL: Duration = Duration::from_secs(4 * 3600);
/// One message per alert and target; a warning and its critical form are told apart, so that a
/// message has one severity.
const GROUP_BY: [&str; 3] = ["alertname", SEVERITY_LABEL, TARGET_LABEL];

/// The routing tree of the profile's routes that some alert reaches. A route's own repeat
/// interval goes before that of the alert's group, and that before the general one.
pub(super) fn routing(
    context: NotificationContext<'_>,
    receivers: &mut ReceiverNames,
    problems: &mut Vec<Problem>,
) -> Routing {
    let written = context.notifications;
    let group_interval = written.group_interval.unwrap_or(GROUP_INTERVAL);
    if group_interval.is_zero() {
        problems.push(zero(root().key("group_interval")));
    }
    let mut checks = Checks {
        context,
        group_interval,
        problems,
    };
    let default = match &written.default {
        Some(channels) => checks.channels(channels, &root().key("default")),
        None => written.channels.keys().cloned().collect(),
    };
    let mut routing = Routing {
        receiver: receivers.of(default),
        group_by: checks.group_by(),
        group_wait: written.group_wait.unwrap_or(GROUP_WAIT),
        group_interval,
        repeat_interval: written.repeat_interval.unwrap_or(REPEAT_INTERVAL),
        routes: Vec::new(),
    };
    if let Some(interval) = written.repeat_interval {
        checks.repeat_interval(interval, root().key("repeat_interval"));
    }
    for (group, interval) in &written.repeat_intervals {
        let place = root().key("repeat_intervals").key(group);
        if !context.groups.contains(group) {
            checks.unknown_group(group, place.clone());
        }
        checks.repeat_interval(*interval, place);
    }

    let named: IndexSet<&str> = written
        .routes
        .values()
        .flat_map(|route| route.target.iter().map(String::as_str))
        .collect();
    let alerts: Vec<Labels> = context
        .alerts
        .iter()
        .flat_map(|alert| alert.label_sets(&named))
        .collect();
    let mut taken_by: Vec<Option<&str>> = vec![None; alerts.len()];
    for (name, route) in &written.routes {
        let place = root().key("routes").key(name);
        let Some(matchers) = checks.matchers(route, &place) else {
            continue;
        };
        let channels = checks.channels(&route.channels, &place.key("channels"));
        let fitting: Vec<usize> = (0..alerts.len())
            .filter(|index| matchers.iter().all(|matcher| matcher.fits(&alerts[*index])))
            .collect();
        let (taken, shadowed): (Vec<usize>, Vec<usize>) = fitting
            .into_iter()
            .partition(|index| taken_by[*index].is_none());
        if taken.is_empty() {
            let before: IndexSet<&str> = shadowed
                .into_iter()
                .filter_map(|index| taken_by[index])
                .collect();
            checks.problems.push(unreachable(name, place, &before));
            continue;
        }
        for index in &taken {
            taken_by[*index] = Some(name);
        }
        if let Some(interval) = route.repeat_interval {
            checks.repeat_interval(interval, place.key("repeat_interval"));
        }
        let taken: Vec<&Labels> = taken.into_iter().map(|index| &alerts[index]).collect();
        let (repeat_interval, routes) = match route.repeat_interval {
            Some(interval) => (Some(interval), Vec::new()),
            None => refine(context, &taken, routing.repeat_interval),
        };
        routing.routes.push(RoutingNode {
            origin: Origin::Route(name.clone()),
            matchers,
            receiver: Some(receivers.of(channels)),
            repeat_interval: repeat_interval.filter(|it| *it != routing.repeat_interval),
            routes,
        });
    }
    let rest: Vec<&Labels> = alerts
        .iter()
        .zip(&taken_by)
        .filter_map(|(labels, taken)| taken.is_none().then_some(labels))
        .collect();
    let children = by_group(context, &rest, routing.repeat_interval);
    routing.routes.extend(children);
    routing
}

/// How the groups' repeat intervals apply to a route that takes `alerts`: as its own interval
/// where all of them have the same, else as routes below it.
fn refine(
    context: NotificationContext<'_>,
    alerts: &[&Labels],
    inherited: Duration,
) -> (Option<Duration>, Vec<RoutingNode>) {
    let intervals: IndexSet<Duration> = alerts
        .iter()
        .map(|labels| interval_of(context, labels).unwrap_or(inherited))
        .collect();
    match intervals.len() {
        1 => (intervals.first().copied(), Vec::new()),
        _ => (None, by_group(context, alerts, inherited)),
    }
}

/// One route per distinct interval that differs from the inherited one, for the groups that
/// `alerts` have, in the profile's order.
fn by_group(
    context: NotificationContext<'_>,
    alerts: &[&Labels],
    inherited: Duration,
) -> Vec<RoutingNode> {
    let present: IndexSet<&str> = alerts
        .iter()
        .filter_map(|labels| labels.get(GROUP_LABEL))
        .map(String::as_str)
        .collect();
    let mut groups: IndexMap<Duration, Vec<&str>> = IndexMap::new();
    for (group, interval) in &context.notifications.repeat_intervals {
        if *interval != inherited && present.contains(group.as_str()) {
            groups.entry(*interval).or_default().push(group);
        }
    }
    groups
        .into_iter()
        .map(|(interval, groups)| RoutingNode {
            origin: Origin::RepeatIntervals,
            matchers: Matcher::is_one_of(GROUP_LABEL, groups)
                .into_iter()
                .collect(),
            receiver: None,
            repeat_interval: Some(interval),
            routes: Vec::new(),
        })
        .collect()
}

fn interval_of(context: NotificationContext<'_>, labels: &Labels) -> Option<Duration> {
    let group = labels.get(GROUP_LABEL)?;
    context.notifications.repeat_intervals.get(group).copied()
}

fn unreachable(name: &str, place: Route, before: &IndexSet<&str>) -> Problem {
    if before.is_empty() {
        return Problem::key(
            "profile/unreachable-route",
            place,
            format!("no alert of this environment fits the route `{name}`; it is left out"),
        )
        .warning()
        .help("loosen its `severity`, `group`, `alert` and `target`, or remove it");
    }
    let names: Vec<String> = before.iter().map(|name| format!("`{name}`")).collect();
    Problem::key(
        "profile/shadowed-route",
        place,
        format!(
            "every alert that fits the route `{name}` is already taken by {}; it is left out",
            names.join(", ")
        ),
    )
    .warning()
    .help("an alert takes the first route that fits: move the more special route up")
}

fn zero(place: Route) -> Problem {
    Problem::value(
        "profile/zero-interval",
        place,
        "an interval of no time at all would tell without end",
    )
    .help("give a duration such as `4h`")
}

struct Checks<'a, 'p> {
    context: NotificationContext<'a>,
    group_interval: Duration,
    problems: &'p mut Vec<Problem>,
}

impl Checks<'_, '_> {
    fn unknown<'n>(
        &mut self,
        id: &'static str,
        what: &str,
        name: &str,
        place: Route,
        known: impl Iterator<Item = &'n String>,
    ) {
        let mut problem = Problem::value(id, place, format!("there is no {what} `{name}`"));
        problem.help = suggestion(name, known.map(String::as_str), &format!("{what}s"));
        self.problems.push(problem);
    }

    fn unknown_group(&mut self, group: &str, place: Route) {
        let known = self.context.groups.iter();
        self.unknown("profile/unknown-group", "alert group", group, place, known);
    }

    fn repeat_interval(&mut self, interval: Duration, place: Route) {
        if interval.is_zero() {
            self.problems.push(zero(place));
        } else if interval < self.group_interval {
            self.problems.push(
                Problem::value(
                    "profile/repeat-below-group-interval",
                    place,
                    format!(
                        "a repeat interval of {interval} has no effect before the group interval \
                         of {} is over",
                        self.group_interval
                    ),
                )
                .warning()
                .help("lower `group_interval`, or raise this"),
            );
        }
    }

    /// The matchers of a route; `None`, and problems, where it names something that is not there.
    fn matchers(&mut self, route: &profile::Route, place: &Route) -> Option<Vec<Matcher>> {
        let before = self.problems.len();
        for (index, group) in route.group.iter().enumerate() {
            if !self.context.groups.contains(group) {
                self.unknown_group(group, place.key("group").index(index));
            }
        }
        for (index, target) in route.target.iter().enumerate() {
            if !self.context.targets.contains(target) {
                let place = place.key("target").index(index);
                let known = self.context.targets.iter();
                self.unknown("profile/unknown-target", "target", target, place, known);
            }
        }
        let mut alerts = Vec::new();
        for (index, wanted) in route.alert.iter().enumerate() {
            let names = self.context.alerts.iter().map(|alert| &alert.id);
            match self.context.alerts.iter().find(|alert| alert.id == *wanted) {
                Some(alert) => alerts.push(alert.name.clone()),
                None => {
                    let place = place.key("alert").index(index);
                    self.unknown("profile/unknown-alert", "alert", wanted, place, names);
                }
            }
        }
        let severities = route.severity.iter().map(|severity| severity.as_str());
        let matchers = [
            Matcher::is_one_of(SEVERITY_LABEL, severities),
            Matcher::is_one_of(GROUP_LABEL, route.group.iter().cloned()),
            Matcher::is_one_of("alertname", alerts),
            Matcher::is_one_of(TARGET_LABEL, route.target.iter().cloned()),
        ];
        (self.problems.len() == before).then(|| matchers.into_iter().flatten().collect())
    }

    /// Existing channels of a list, each once, in the order in which the profile declares them, so
    /// that `[a, b]` and `[b, a]` are one receiver.
    fn channels(&mut self, written: &[String], place: &Route) -> Vec<String> {
        let known = &self.context.notifications.channels;
        if written.is_empty() {
            self.problems.push(
                Problem::value(
                    "profile/no-channel",
                    place.clone(),
                    "this list of channels is empty, so nobody would be told",
                )
                .help("name a channel; one of `kind: silent` says that this is intended"),
            );
        }
        for (index, name) in written.iter().enumerate() {
            if !known.contains_key(name) {
                let place = place.index(index);
                self.unknown(
                    "profile/unknown-channel",
                    "channel",
                    name,
                    place,
                    known.keys(),
                );
            }
        }
        let mut channels: Vec<String> = known.keys().cloned().collect();
        channels.retain(|name| written.contains(name));
        channels
    }

    fn group_by(&mut self) -> Vec<String> {
        let Some(written) = &self.context.notifications.group_by else {
            return GROUP_BY.map(Into::into).into();
        };
        let place = root().key("group_by");
        for (index, label) in written.iter().enumerate() {
            let is_all = label == "..." && written.len() == 1;
            if !is_all && !is_label_name(label) {
                self.problems.push(
                    Problem::value(
                        "profile/not-a-label",
                        place.index(index),
                        format!("`{label}` is not the name of a label"),
                    )
                    .help("a label's name has letters, digits and `_`; `[...]` alone means all"),
                );
            } else if written[..index].contains(label) {
                self.problems.push(
                    Problem::value(
                        "profile/duplicate-label",
                        place.index(index),
                        format!("`{label}` is named twice"),
                    )
                    .help("remove one of the two"),
                );
            }
        }
        written.clone()
    }
}

fn is_label_name(text: &str) -> bool {
    !text.is_empty()
        && !text.starts_with(|first: char| first.is_ascii_digit())
        && text
            .chars()
            .all(|char| char.is_ascii_alphanumeric() || char == '_')
}
