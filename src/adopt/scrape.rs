//! How often Prometheus asks, how long it waits, and what it shows at the door.

use serde_json::{Value as Json, json};

use super::reading::{Reading, secret_json, variable_name};
use crate::facts::prometheus::ScrapeJob;
use crate::quantity::Duration;

/// The longest interval that a profile takes: Prometheus knows a sample for 5 minutes, and one may be missed.
const LONGEST_INTERVAL: Duration = Duration::from_secs(120);

const TOO_LONG: &str =
    "an interval above 2m makes series vanish when one sample is missed; it is 2m in the profile";

/// The global times.
pub(super) fn adopt(reading: &mut Reading<'_>) {
    let Some(server) = reading.server else { return };
    let document = reading.facts.setup.document(server.document);
    for (key, value) in [
        ("interval", server.scrape_interval),
        ("timeout", global_timeout(reading)),
        ("evaluation_interval", server.evaluation_interval),
    ] {
        if key != "timeout" && value > LONGEST_INTERVAL {
            reading.remains(
                document.head(),
                format!("the global {key} of {value}"),
                TOO_LONG,
            );
        }
        reading
            .draft
            .set(&["scrape", key], value.min(LONGEST_INTERVAL).to_string());
    }
}

/// The times of a job, where they are not the global ones.
pub(super) fn timings(reading: &mut Reading<'_>, job: &ScrapeJob, written: &mut Json) {
    let global = global_timeout(reading);
    let usual = reading.server.map(|server| server.scrape_interval);
    let own = Some(job.scrape_interval).filter(|own| job.tells_interval && !own.is_zero());
    if let Some(own) = own.filter(|own| usual != Some(*own)) {
        if own > LONGEST_INTERVAL {
            reading.remains_of_job(job, job.place().span, "`scrape_interval`", TOO_LONG);
        }
        written["interval"] = json!(own.min(LONGEST_INTERVAL).to_string());
    }
    let timeout = job.node.get("scrape_timeout");
    let timeout: Option<Duration> = timeout.and_then(|node| node.scalar_text().parse().ok());
    let interval = job.scrape_interval.min(LONGEST_INTERVAL);
    if let Some(timeout) = timeout.filter(|own| *own != global.min(interval) && !own.is_zero()) {
        written["timeout"] = json!(timeout.min(interval).to_string());
    }
}

/// `global.scrape_timeout`, or Prometheus' default, and never above the interval.
pub(super) fn global_timeout(reading: &Reading<'_>) -> Duration {
    let Some(server) = reading.server else {
        return Duration::from_secs(10);
    };
    let root = &reading.facts.setup.document(server.document).root;
    let written = root.get("global").and_then(|it| it.get("scrape_timeout"));
    let written = written.and_then(|node| node.scalar_text().parse().ok());
    written
        .filter(|it: &Duration| !it.is_zero())
        .unwrap_or(Duration::from_secs(10))
        .min(server.scrape_interval)
}

/// Credentials at the door of a job.
pub(super) fn basic_auth(reading: &mut Reading<'_>, job: &ScrapeJob, written: &mut Json) {
    for key in [
        "authorization",
        "oauth2",
        "bearer_token",
        "bearer_token_file",
        "tls_config",
    ] {
        if let Some(entry) = job.node.entry(key) {
            let reason = "a profile knows basic authentication only";
            reading.remains_of_job(job, entry.key.span, &format!("`{key}`"), reason);
        }
    }
    let Some(auth) = job.node.get("basic_auth") else {
        return;
    };
    let username = auth.get("username").map_or("", |node| node.scalar_text());
    let file = auth.get("password_file").and_then(|node| node.as_str());
    let secret = file.and_then(|file| reading.secret_file(file));
    let password = match (secret, auth.entry("password")) {
        (Some(secret), _) => secret_json(&secret),
        (None, found) => {
            let variable = format!("{}_PASSWORD", variable_name(job.name.as_str()));
            if let Some(entry) = found {
                let reason = format!(
                    "a profile holds no secret: put it into the environment variable `{variable}`"
                );
                reading.remains_of_job(job, entry.key.span, "password", reason);
            }
            json!({"env": variable})
        }
    };
    written["basic_auth"] = json!({"username": username, "password": password});
}
