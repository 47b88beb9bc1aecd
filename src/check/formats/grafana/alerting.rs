//! Provisioning of alerting: rules, contact points, notification policies, mute timings, templates.

use std::sync::Arc;

use super::alert_rule::RULE_GROUP;
use super::contact_point::CONTACT_POINT;
use super::policy::POLICY;
use super::{Names, expansion, organization, provisioning, whole};
use crate::catalogue::Version;
use crate::check::formats::alertmanager::TIME_INTERVAL;
use crate::check::formats::block::{Block, head_of};
use crate::check::formats::checker::Checker;
use crate::check::formats::reader::Reading;
use crate::check::formats::table::Kind::{Block as Of, List, Scalar, Text};
use crate::check::formats::table::{TableOf, field};
use crate::check::formats::{NOTIFICATION_FUNCTIONS, go_template};
use crate::diagnostic::Diagnostic;
use crate::document::{Value, written_span};
use crate::source::SourceFile;

static FILE: TableOf = TableOf {
    what: "a file of alerting resources",
    fields: &[&[
        field("apiVersion", Scalar(whole)),
        field("groups", List(&Of(&RULE_GROUP))),
        field("deleteRules", List(&Of(&DELETED_UID))),
        field("contactPoints", List(&Of(&CONTACT_POINT))),
        field("deleteContactPoints", List(&Of(&DELETED_UID))),
        field("policies", List(&Of(&POLICY))),
        field("resetPolicies", List(&Scalar(whole))),
        field("muteTimes", List(&Of(&MUTE_TIMING))),
        field("deleteMuteTimes", List(&Of(&DELETED_NAME))),
        field("templates", List(&Of(&TEMPLATE))),
        field("deleteTemplates", List(&Of(&DELETED_NAME))),
    ]],
    rules: &[check_unique],
};

static DELETED_UID: TableOf = TableOf {
    what: "something to delete",
    fields: &[&[field("orgId", Scalar(whole)), field("uid", Text)]],
    rules: &[|checker, block| {
        checker.require(block, "uid", "something to delete");
    }],
};

static DELETED_NAME: TableOf = TableOf {
    what: "something to delete",
    fields: &[&[field("orgId", Scalar(whole)), field("name", Text)]],
    rules: &[|checker, block| {
        checker.require(block, "name", "something to delete");
    }],
};

static MUTE_TIMING: TableOf = TableOf {
    what: "a mute timing",
    fields: &[&[
        field("orgId", Scalar(whole)),
        field("name", Text),
        field("time_intervals", List(&Of(&TIME_INTERVAL))),
    ]],
    rules: &[|checker, block| {
        checker.require(block, "name", "a mute timing");
    }],
};

static TEMPLATE: TableOf = TableOf {
    what: "a notification template",
    fields: &[&[
        field("orgId", Scalar(whole)),
        field("name", Text),
        field("template", Text),
        field("kind", Text),
    ]],
    rules: &[check_template],
};

/// Functions that Grafana added to those of Alertmanager's notification templates.
const ADDED_FUNCTIONS: [&str; 9] = [
    "humanize",
    "humanize1024",
    "humanizePercentage",
    "coll",
    "data",
    "tmpl",
    "time",
    "tojson",
    "now",
];

/// Everything wrong with a file under `provisioning/alerting`, YAML or JSON.
pub(in crate::check::formats) fn check(
    file: &Arc<SourceFile>,
    reading: &Reading,
    version: Version,
) -> Vec<Diagnostic> {
    let mut checker = Checker::new(file, provisioning(version));
    let Some(document) = checker.take(reading) else {
        return checker.finish();
    };
    let root = &document.root;
    if root.value != Value::Null {
        checker.whole = Some(&FILE);
        checker.block(root, head_of(root), &FILE);
        for section in ["policies", "muteTimes"] {
            if let Some(entry) = root.entry(section) {
                expansion::check(&mut checker, &entry.value);
            }
        }
    }
    checker.finish()
}

fn check_template(checker: &mut Checker<'_>, block: &Block<'_>) {
    checker.require(block, "name", "a notification template");
    if !checker.require(block, "template", "a notification template") {
        return;
    }
    let Some(template) = block.given("template") else {
        return;
    };
    let functions = [&NOTIFICATION_FUNCTIONS[..], &ADDED_FUNCTIONS].concat();
    if let Err(error) = go_template::check(&template.value.text, &functions, &[]) {
        let span = written_span(checker.file.text(), &template.value, error.span);
        checker.error("invalid-template", span, error.message);
    }
}

/// Names and uids that may be given once in an organization.
fn check_unique(checker: &mut Checker<'_>, file: &Block<'_>) {
    for (section, what) in [
        ("muteTimes", "mute timings"),
        ("templates", "notification templates"),
    ] {
        let mut names = Names::default();
        for block in file.blocks(section) {
            if let Some(name) = block.written("name")
                && let Some(first) = names.add(organization(&block), name)
            {
                let message = format!(
                    "there are two {what} `{}`, and the later replaces the earlier",
                    name.value.text
                );
                checker
                    .error("duplicate-name", name.value.span, message)
                    .help = Some("rename one of them".into());
                checker.relate("the first", first.value.span);
            }
        }
    }
    let mut uids = Names::default();
    for point in file.blocks("contactPoints") {
        for receiver in point.blocks("receivers") {
            if let Some(uid) = receiver.written("uid")
                && let Some(first) = uids.add(organization(&point), uid)
            {
                let message = format!(
                    "two receivers have the uid `{}`, and the later replaces the earlier",
                    uid.value.text
                );
                checker.error("duplicate-uid", uid.value.span, message).help =
                    Some("give one of them another uid".into());
                checker.relate("the first", first.value.span);
            }
        }
    }
    let mut rules = Names::default();
    let mut titles = Names::default();
    for group in file.blocks("groups") {
        let folder = group.text("folder").unwrap_or_default();
        for rule in group.blocks("rules") {
            if let Some(uid) = rule.written("uid")
                && let Some(first) = rules.add(organization(&group), uid)
            {
                let message = format!(
                    "two rules have the uid `{}`, and the later replaces the earlier",
                    uid.value.text
                );
                checker.error("duplicate-uid", uid.value.span, message).help =
                    Some("give one of them another uid".into());
                checker.relate("the first", first.value.span);
            } else if let Some(title) = rule.written("title")
                && let Some(first) = titles.add(folder, title)
            {
                let message = format!(
                    "two rules of the folder `{folder}` have the title `{}`",
                    title.value.text
                );
                checker
                    .error("duplicate-name", title.value.span, message)
                    .help = Some("give one of them another title".into());
                checker.relate("the first", first.value.span);
            }
        }
    }
}
