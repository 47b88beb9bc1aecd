//! What others can read or do who should not.

mod exporter_leaks_secrets;
mod exposed_admin_port;
mod grafana_open_admin;
mod open_redis;
mod plaintext_secret;
mod unverified_tls;

use super::Lint;
use crate::facts::Facts;
use crate::facts::compose::PublishedPort;
use crate::setup::Place;
use crate::source::Span;

pub(super) static LINTS: &[&Lint] = &[
    &exporter_leaks_secrets::LINT,
    &exposed_admin_port::LINT,
    &grafana_open_admin::LINT,
    &open_redis::LINT,
    &plaintext_secret::LINT,
    &unverified_tls::LINT,
];

/// The address in front of a port in the short form, as in `9090:9090`.
fn on_this_host(facts: &Facts<'_>, port: &PublishedPort) -> Option<(Place, String)> {
    let written = facts.setup.slice(port.place);
    let quote = usize::from(written.starts_with(['"', '\'']));
    let (host, container) = written.trim_matches(['"', '\'']).split_once(':')?;
    let is_number = |text: &str| text.parse::<u16>().is_ok();
    let is_short = is_number(host) && is_number(container.trim_end_matches("/tcp"));
    let place = Place {
        span: Span::at(port.place.span.start() + quote),
        ..port.place
    };
    is_short.then(|| (place, "127.0.0.1:".into()))
}
