//! Provisioning of dashboards: where their files are.

use std::sync::Arc;

use super::{Names, boolean, expansion, is_expanded, organization, provisioning, whole};
use crate::catalogue::Version;
use crate::check::formats::block::{Block, head_of};
use crate::check::formats::checker::Checker;
use crate::check::formats::reader::Reading;
use crate::check::formats::table::Kind::{
    Anything, Block as Of, Bool, Int, List, Map, Scalar, Sections, Text,
};
use crate::check::formats::table::{TableOf, field};
use crate::check::formats::words::nearest;
use crate::diagnostic::Diagnostic;
use crate::document::{Node, Value};
use crate::source::SourceFile;

static FILE: TableOf = TableOf {
    what: "a file of dashboard providers",
    fields: &[&[
        field("apiVersion", Scalar(whole)),
        field("providers", List(&Of(&PROVIDER))),
    ]],
    rules: &[check_names],
};

static PROVIDER: TableOf = TableOf {
    what: "a dashboard provider",
    fields: &[&[
        field("name", Text),
        field("orgId", Scalar(whole)),
        field("orgName", Text),
        field("type", Scalar(kind)),
        field("folder", Text),
        field("folderUid", Text),
        field("editable", Scalar(boolean)),
        field("disableDeletion", Scalar(boolean)),
        field("updateIntervalSeconds", Scalar(whole)),
        field("allowUiUpdates", Scalar(boolean)),
        field("options", Map(&Text, &Anything)),
    ]],
    rules: &[check_options],
};

/// A list without `apiVersion` is the oldest form.
static OLDEST: TableOf = TableOf {
    what: "a dashboard provider in a file without `apiVersion`",
    fields: &[&[
        field("name", Text),
        field("type", Scalar(kind)),
        field("org_id", Int),
        field("org_name", Text),
        field("folder", Text),
        field("folderUid", Text),
        field("editable", Bool),
        field("disableDeletion", Bool),
        field("updateIntervalSeconds", Int),
        field("allowUiUpdates", Bool),
        field("options", Map(&Text, &Anything)),
    ]],
    rules: &[check_options],
};

/// Everything wrong with a file under `provisioning/dashboards`.
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
    let head = head_of(root);
    let api_version = root.get("apiVersion").map_or("0", |node| &node.text);
    match &root.value {
        Value::Null => {}
        Value::Sequence(_) => checker.value(root, head, Sections(&OLDEST, "a dashboard provider")),
        Value::Mapping(_) if matches!(api_version, "0" | "") => {
            checker
                .error(
                    "missing-field",
                    head,
                    "without `apiVersion`, Grafana expects a list here and does not start",
                )
                .help = Some("add `apiVersion: 1`".into());
        }
        _ => {
            checker.whole = Some(&FILE);
            checker.block(root, head, &FILE);
            expansion::check(&mut checker, root);
        }
    }
    checker.finish()
}

fn kind(checker: &mut Checker<'_>, node: &Node) {
    if !matches!(&*node.text, "file" | "") && !is_expanded(node) {
        let message = format!(
            "`{}` is not a type of dashboard provider, expected `file`",
            node.text
        );
        checker.error("unknown-value", node.span, message).help = Some("use `file`".into());
    }
}

fn check_options(checker: &mut Checker<'_>, provider: &Block<'_>) {
    let Some(options) = provider.block("options") else {
        checker.require(provider, "options", "a dashboard provider");
        return;
    };
    const KNOWN: [&str; 3] = ["path", "folder", "foldersFromFilesStructure"];
    for entry in options.node.entries() {
        let name = &*entry.key.text;
        if KNOWN.contains(&name) {
            continue;
        }
        let message = format!("the options of a dashboard provider have no `{name}`");
        match nearest(name, KNOWN.into_iter()) {
            Some(near) => {
                checker.error("unknown-field", entry.key.span, message).help =
                    Some(format!("did you mean `{near}`?"))
            }
            None => {
                checker
                    .warning("ignored-field", entry.key.span, message)
                    .help = Some("remove it".into())
            }
        }
    }
    if options.given("folder").is_none() {
        checker.require(&options, "path", "a dashboard provider");
    }
    for name in ["path", "folder"] {
        if let Some(entry) = options.given(name)
            && !matches!(entry.value.value, Value::String(_))
        {
            checker.wrong_type(&entry.value, "text");
        }
    }
    if options.flag("foldersFromFilesStructure") == Some(true)
        && let Some(folder) = provider.written("folder").or(provider.written("folderUid"))
    {
        let name = &folder.key.text;
        checker
            .error(
                "conflicting-fields",
                folder.key.span,
                format!("`{name}` and `foldersFromFilesStructure` exclude each other"),
            )
            .help = Some(format!("remove `{name}`; the folders come from the files"));
    }
}

/// Each of two providers of one name would delete the dashboards of the other.
fn check_names(checker: &mut Checker<'_>, file: &Block<'_>) {
    let mut names = Names::default();
    for provider in file.blocks("providers") {
        if let Some(name) = provider.written("name")
            && let Some(first) = names.add(organization(&provider), name)
        {
            let message = format!(
                "there are two dashboard providers `{}`, and each removes the dashboards of the other",
                name.value.text
            );
            checker
                .error("duplicate-name", name.value.span, message)
                .help = Some("give one of them another name".into());
            checker.relate("the first", first.value.span);
        }
    }
}
