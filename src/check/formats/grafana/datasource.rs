//! Provisioning of datasources.

use std::sync::Arc;

use super::{
    LONGEST_UID, Names, boolean, expansion, is_expanded, organization, provisioning, whole,
};
use crate::catalogue::Version;
use crate::check::formats::block::{Block, head_of};
use crate::check::formats::checker::Checker;
use crate::check::formats::reader::Reading;
use crate::check::formats::table::Kind::{
    Anything, Block as Of, Bool, Int, List, Map, Scalar, Text,
};
use crate::check::formats::table::{TableOf, field};
use crate::diagnostic::Diagnostic;
use crate::document::{Node, Value};
use crate::source::SourceFile;

static FILE: TableOf = TableOf {
    what: "a file of datasources",
    fields: &[&[
        field("apiVersion", Scalar(whole)),
        field("prune", Bool),
        field("datasources", List(&Of(&DATASOURCE))),
        field("deleteDatasources", List(&Of(&DELETED))),
    ]],
    rules: &[check_names, check_default],
};

static DATASOURCE: TableOf = TableOf {
    what: "a datasource",
    fields: &[&[
        field("name", Text),
        field("type", Text),
        field("access", Scalar(access)),
        field("uid", Scalar(datasource_uid)),
        field("orgId", Scalar(whole)),
        field("orgName", Text),
        field("version", Scalar(whole)),
        field("url", Text),
        field("user", Text),
        field("password", Text).until(9, 0),
        field("database", Text),
        field("basicAuth", Scalar(boolean)),
        field("basicAuthUser", Text),
        field("basicAuthPassword", Text).until(9, 0),
        field("withCredentials", Scalar(boolean)),
        field("isDefault", Scalar(boolean)),
        field("correlations", List(&Map(&Text, &Anything))),
        field("jsonData", Map(&Text, &Anything)),
        field("secureJsonData", Map(&Text, &Text)),
        field("editable", Scalar(boolean)),
    ]],
    rules: &[check_datasource],
};

static DELETED: TableOf = TableOf {
    what: "a datasource to delete",
    fields: &[&[
        field("name", Text),
        field("orgId", Scalar(whole)),
        field("orgName", Text),
    ]],
    rules: &[check_deleted],
};

/// What is read where `apiVersion` is missing.
static OLDEST: TableOf = TableOf {
    what: "a file of datasources without `apiVersion`",
    fields: &[&[
        field("apiVersion", Scalar(whole)),
        field("datasources", List(&Of(&OLDEST_DATASOURCE))),
        field("delete_datasources", List(&Map(&Text, &Anything))),
    ]],
    rules: &[check_names],
};

static OLDEST_DATASOURCE: TableOf = TableOf {
    what: "a datasource in a file without `apiVersion`",
    fields: &[&[
        field("name", Text),
        field("type", Text),
        field("access", Scalar(access)),
        field("org_id", Int),
        field("org_name", Text),
        field("version", Int),
        field("url", Text),
        field("user", Text),
        field("database", Text),
        field("basic_auth", Bool),
        field("basic_auth_user", Text),
        field("with_credentials", Bool),
        field("is_default", Bool),
        field("correlations", Anything),
        field("json_data", Map(&Text, &Anything)),
        field("secure_json_data", Map(&Text, &Text)),
        field("editable", Bool),
    ]],
    rules: &[check_datasource],
};

/// Everything wrong with a file under `provisioning/datasources`.
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
    if root.value == Value::Null {
        return checker.finish();
    }
    let head = head_of(root);
    let api_version = root.get("apiVersion").map_or("0", |node| &node.text);
    if api_version == "0" {
        checker
            .warning(
                "missing-field",
                head,
                "without `apiVersion`, Grafana reads this file in its oldest form",
            )
            .help = Some("add `apiVersion: 1`".into());
        checker.block(root, head, &OLDEST);
    } else {
        checker.whole = Some(&FILE);
        checker.block(root, head, &FILE);
        expansion::check(&mut checker, root);
    }
    checker.finish()
}

fn access(checker: &mut Checker<'_>, node: &Node) {
    if !matches!(&*node.text, "proxy" | "direct" | "") && !is_expanded(node) {
        let message = format!(
            "`{}` is not a way of access: Grafana takes `proxy` instead",
            node.text
        );
        checker.warning("unknown-value", node.span, message).help =
            Some("use `proxy` or `direct`".into());
    }
}

fn datasource_uid(checker: &mut Checker<'_>, node: &Node) {
    // Other characters are stored, and only addresses suffer from them.
    if node.text.len() > LONGEST_UID && !is_expanded(node) {
        let message = format!("a uid has at most {LONGEST_UID} characters, and this one has more");
        checker.error("invalid-uid", node.span, message).help = Some("shorten it".into());
    }
}

fn check_datasource(checker: &mut Checker<'_>, block: &Block<'_>) {
    checker.require(block, "name", "a datasource");
    checker.require(block, "type", "a datasource");
}

fn check_deleted(checker: &mut Checker<'_>, block: &Block<'_>) {
    checker.require(block, "name", "a datasource to delete");
}

/// A datasource with the name of another replaces it; one with its uid cannot be stored.
fn check_names(checker: &mut Checker<'_>, file: &Block<'_>) {
    let mut names = Names::default();
    let mut uids = Names::default();
    for datasource in file.blocks("datasources") {
        let scope = organization(&datasource);
        let name = datasource.written("name");
        if let Some(name) = name
            && let Some(first) = names.add(scope, name)
        {
            let message = format!(
                "there are two datasources `{}`, and the later replaces the earlier",
                name.value.text
            );
            checker
                .error("duplicate-name", name.value.span, message)
                .help = Some("give one of them another name".into());
            checker.relate("the first", first.value.span);
            continue;
        }
        if let Some(uid) = datasource.written("uid")
            && let Some(first) = uids.add(scope, uid)
        {
            let message = format!("there are two datasources of the uid `{}`", uid.value.text);
            checker.error("duplicate-uid", uid.value.span, message).help =
                Some("give one of them another uid".into());
            checker.relate("the first", first.value.span);
        }
    }
}

/// Grafana does not start with two defaults.
fn check_default(checker: &mut Checker<'_>, file: &Block<'_>) {
    let mut first = std::collections::HashMap::new();
    for datasource in file.blocks("datasources") {
        let Some(default) = datasource.given("isDefault") else {
            continue;
        };
        if !matches!(
            &*default.value.text,
            "true" | "True" | "TRUE" | "t" | "T" | "1"
        ) {
            continue;
        }
        let span = default.value.span;
        if let Some(first) = first.insert(organization(&datasource), span) {
            checker
                .error("two-defaults", span, "another datasource is the default already, and Grafana does not start with two")
                .help = Some("keep `isDefault: true` at one of them".into());
            checker.relate("the other one", first);
        }
    }
}
