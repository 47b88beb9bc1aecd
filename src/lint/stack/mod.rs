//! Across files: what one of them expects of another.

mod alert_reaches_no_one;
mod datasource_url_unreachable;
mod dead_link;
mod duplicate_dashboard_uid;
mod duplicate_exporter;
mod exporter_cannot_reach_redis;
mod inhibit_never_applies;
mod label_never_attached;
mod label_under_two_names;
mod metric_behind_flag;
mod metric_dropped_by_relabel;
mod metric_not_in_pinned_exporter;
mod metric_under_two_names;
mod missing_copy_source;
mod no_alerting_path;
mod odd_stream_label;
mod orphan_artifact;
mod plugin_not_installed;
mod rate_interval_mismatch;
mod route_never_matches;
mod rule_glob_matches_nothing;
mod severity_under_two_names;
mod unknown_job;
mod unmounted_provider_path;
mod unnoticed_exporter_death;
mod unread_config;
mod unresolvable_target;
mod unresolved_datasource;
mod unscraped_exporter;
mod unscraped_metric;
mod unselected_resource;
mod up_blind_to_redis;

use super::Lint;

pub(super) static LINTS: &[&Lint] = &[
    &alert_reaches_no_one::LINT,
    &datasource_url_unreachable::LINT,
    &dead_link::LINT,
    &duplicate_dashboard_uid::LINT,
    &duplicate_exporter::LINT,
    &exporter_cannot_reach_redis::LINT,
    &inhibit_never_applies::LINT,
    &label_never_attached::LINT,
    &label_under_two_names::LINT,
    &metric_behind_flag::LINT,
    &metric_dropped_by_relabel::LINT,
    &metric_not_in_pinned_exporter::LINT,
    &metric_under_two_names::LINT,
    &missing_copy_source::LINT,
    &no_alerting_path::LINT,
    &odd_stream_label::LINT,
    &orphan_artifact::LINT,
    &plugin_not_installed::LINT,
    &rate_interval_mismatch::LINT,
    &route_never_matches::LINT,
    &rule_glob_matches_nothing::LINT,
    &severity_under_two_names::LINT,
    &unknown_job::LINT,
    &unmounted_provider_path::LINT,
    &unnoticed_exporter_death::LINT,
    &unread_config::LINT,
    &unresolvable_target::LINT,
    &unresolved_datasource::LINT,
    &unscraped_exporter::LINT,
    &unscraped_metric::LINT,
    &unselected_resource::LINT,
    &up_blind_to_redis::LINT,
];
