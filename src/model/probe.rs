//! Endpoints that are probed.

use indexmap::IndexMap;

use crate::document::Route;
use crate::profile::{Probe, Problem};

/// What no endpoint can answer: status codes that are none, bodies that no expression describes.
pub fn check(probes: &IndexMap<String, Probe>, problems: &mut Vec<Problem>) {
    for (name, probe) in probes {
        let route = Route::of(["probes", name]);
        for (index, code) in probe.status.iter().enumerate() {
            if !(100..600).contains(code) {
                problems.push(
                    Problem::value(
                        "profile/not-a-status",
                        route.key("status").index(index),
                        format!("`{code}` is not an HTTP status code"),
                    )
                    .help("name codes from 100 to 599; without any, every 2xx is healthy"),
                );
            }
        }
        if let Some(body) = &probe.body
            && let Err(error) = regex_syntax::parse(body)
        {
            let reason = match error {
                regex_syntax::Error::Parse(error) => error.kind().to_string(),
                regex_syntax::Error::Translate(error) => error.kind().to_string(),
                _ => "unknown construct".into(),
            };
            problems.push(
                Problem::value(
                    "profile/bad-regex",
                    route.key("body"),
                    format!("`body` is not a regular expression: {reason}"),
                )
                .help("write RE2 syntax; escape what is meant literally with `\\`"),
            );
        }
    }
}
