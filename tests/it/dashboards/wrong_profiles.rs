//! What is said about dashboards that cannot be.

use super::Case;

fn problems(case: &Case) -> Vec<String> {
    let problems = case.resolve().unwrap_err();
    problems
        .into_iter()
        .map(|problem| {
            let help = problem.help.unwrap_or_default();
            format!("{}: {} ({help})", problem.route, problem.message)
        })
        .collect()
}

#[test]
fn names_that_do_not_exist_are_errors_with_a_suggestion() {
    let case = Case::with_everything(
        r#"
name: demo
applications: {api: {url: 'http://api', metrics: {jobs_done_total: {type: counter}}}}
dashboards:
  redis-overveiw: {}
  mine:
    uid: "a b"
    sections:
      memory: {panels: [memory-usd, memory-used, memory-used]}
      api: {application: apu}
      jobs: {panels: [jobs_done_total]}
      empty: {panels: []}
      overview: {}
"#,
    );
    assert_eq!(
        problems(&case),
        [
            "dashboards.redis-overveiw: dashboard `redis-overveiw` has no sections, and none of the library has its name (did you mean `redis-overview`?)",
            "dashboards.mine.sections.memory.panels[0]: there is no panel `memory-usd` (did you mean `memory-used`?)",
            "dashboards.mine.sections.memory.panels[2]: panel `memory-used` is on this dashboard already (remove it from one of the sections)",
            "dashboards.mine.sections.api.application: there is no application `apu` (did you mean `api`?)",
            "dashboards.mine.sections.jobs.panels[0]: there is no panel `jobs_done_total` (set `application: api` on this section: it has this metric)",
            "dashboards.mine.sections.empty.panels: section `empty` has an empty list of panels (remove `panels` to get all of the section, or the section itself)",
            "dashboards.mine.sections.overview: section `overview` has no panels (name some in `panels` (`stackwright list panels`), or an `application`)",
            "dashboards.mine.uid: Grafana does not take this as a uid (use at most 40 letters, digits, `-` and `_`)",
        ]
    );
}

#[test]
fn a_panel_that_is_asked_for_and_could_show_nothing_is_an_error() {
    let mut case = Case::with_everything(
        r#"
name: demo
dashboards:
  mine:
    sections:
      a: {panels: [replication-lag, key-group-count]}
  redis-sentinel: {}
  other: {uid: mine, sections: {a: {panels: [memory-used]}}}
  another: {uid: Mine, sections: {a: {panels: [memory-used]}}}
"#,
    );
    case.features.clear();
    case.unavailable.insert(
        "redis_key_group_count".into(),
        "needs --check-key-groups".into(),
    );
    assert_eq!(
        problems(&case),
        [
            "dashboards.mine.sections.a.panels[0]: panel `replication-lag` has nothing to show here: it needs a target with replicas (remove it, or give it what it needs)",
            "dashboards.mine.sections.a.panels[1]: panel `key-group-count` has nothing to show here: `redis_key_group_count` is not exposed: needs --check-key-groups (remove it, or give it what it needs)",
            "dashboards.redis-sentinel: no panel of dashboard `redis-sentinel` has anything to show here (panel `sentinel-quorum`: it needs a target of topology `sentinel`)",
            "dashboards.another: dashboards `other` and `another` have the same uid `Mine` (give one of them another `uid`)",
        ]
    );
}

#[test]
fn a_metric_name_cannot_smuggle_in_a_query() {
    let case = Case::with_everything(
        r#"
name: demo
applications:
  api:
    url: http://api
    metrics:
      'up} or vector(1) #': {type: gauge}
      fine_total: {type: counter, labels: ['a) (up']}
"#,
    );
    assert_eq!(
        problems(&case),
        [
            "applications.api.metrics.up} or vector(1) #: this cannot be the name of a metric (use letters, digits, `_` and `:`, beginning with no digit)",
            "applications.api.metrics.fine_total.labels[0]: this cannot be the name of a label (use letters, digits and `_`, beginning with no digit)",
        ]
    );
}

#[test]
fn dashboards_can_be_switched_off() {
    let case = Case::with_everything(
        "name: demo\ndashboards: {stack: {enabled: false}, redis-cluster: {enabled: false}}",
    );
    let slugs: Vec<_> = case
        .resolve()
        .unwrap()
        .into_iter()
        .map(|found| found.slug)
        .collect();
    assert_eq!(
        slugs,
        [
            "endpoints",
            "redis-keys",
            "redis-overview",
            "redis-sentinel"
        ]
    );
    let case = Case::with_everything("name: demo\ndashboards: {stakc: {enabled: false}}");
    assert_eq!(
        problems(&case),
        ["dashboards.stakc: there is no dashboard `stakc` to leave out (did you mean `stack`?)"]
    );
}
