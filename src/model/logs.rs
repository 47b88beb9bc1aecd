//! Logs beside metrics.

use crate::document::Route;
use crate::profile::{Logs, Problem};
use crate::promql::{self, Kind, Name};

/// What Loki could not be asked.
pub fn check(logs: Option<&Logs>, problems: &mut Vec<Problem>) {
    let Some(logs) = logs else { return };
    let route = Route::of(["logs"]);
    let place = ["http://", "https://"]
        .iter()
        .find_map(|scheme| logs.url.strip_prefix(scheme));
    let is_url = place.is_some_and(|place| {
        !place.is_empty() && !place.contains('@') && place.chars().all(|it| it.is_ascii_graphic())
    });
    if !is_url {
        problems.push(
            Problem::value(
                "profile/bad-url",
                route.key("url"),
                "this is not an address at which Grafana could find Loki",
            )
            .help("write `http(s)://host[:port]`, without credentials"),
        );
    }
    // A selector of streams is one of PromQL, of plain labels alone: without a metric's name, a time, or quoted names.
    let parsed = promql::parse(&logs.selector);
    let is_plain = |name: &Name| name.span.end() - name.span.start() == name.text.len();
    let is_braced = logs.selector.starts_with('{') && logs.selector.ends_with('}');
    let is_selector = is_braced
        && matches!(&parsed[parsed.root()].kind, Kind::Selector(selector)
            if selector.metric_name().is_none()
                && selector.matchers.iter().all(|matcher| is_plain(&matcher.label)));
    let message = if logs.selector.contains('$') {
        // Grafana would take it for a variable; expressions are anchored without it.
        "a `$` in this selector would be a variable of Grafana".to_owned()
    } else if let Some(error) = parsed.errors.first() {
        format!("this selects no streams: {}", error.message)
    } else if is_selector {
        return;
    } else {
        "this selects no streams by their labels".to_owned()
    };
    problems.push(
        Problem::value("profile/bad-selector", route.key("selector"), message)
            .help("write labels in braces: `{compose_service=~\"redis.*\"}`"),
    );
}
