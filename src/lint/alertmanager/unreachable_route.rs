use crate::diagnostic::{Level, Safety};
use crate::document::Node;
use crate::facts::Facts;
use crate::facts::alertmanager::Route;
use crate::lint::rewriting::Edits;
use crate::lint::{Findings, Lint};
use crate::setup::Document;
use crate::source::Span;

pub(super) static LINT: Lint = Lint {
    id: "alertmanager/unreachable-route",
    level: Level::Warning,
    summary: "an earlier route takes every alert that a later one waits for",
    needs: &[],
    check,
};

fn check(facts: &Facts<'_>, findings: &mut Findings<'_>) {
    for alertmanager in &facts.alertmanagers {
        let document = facts.setup.document(alertmanager.document);
        check_tree(document, &alertmanager.routes, findings);
    }
    for notifications in &facts.grafana_notifications {
        let document = facts.setup.document(notifications.document);
        check_tree(document, &notifications.policies, findings);
    }
}

fn check_tree(document: &Document, routes: &[Route], findings: &mut Findings<'_>) {
    for (index, route) in routes.iter().enumerate() {
        let earlier = routes[..index].iter().find(|earlier| {
            earlier.parent.is_some()
                && earlier.parent == route.parent
                && !earlier.continues
                && earlier.covers(route)
        });
        let Some(earlier) = earlier else {
            continue;
        };
        let what = match route.receiver.as_ref() {
            Some(receiver) => format!("the route to `{}`", receiver.as_str()),
            None => "this route".into(),
        };
        let taken = match earlier.matchers.as_slice() {
            [] => "matches every alert".to_owned(),
            matchers => {
                let written: Vec<String> = matchers
                    .iter()
                    .map(|matcher| format!("`{}`", matcher.written()))
                    .collect();
                format!("already takes {}", written.join(" and "))
            }
        };
        let finding = findings
            .report(
                route.place,
                format!("{what} is never reached: an earlier route {taken}"),
            )
            .label("no alert gets here")
            .related(
                "this route comes first and does not continue",
                earlier.place,
            )
            .help("put the narrower route first, or give the earlier one `continue: true`");
        // Of two alike, the other one would then be out of reach.
        if !route.covers(earlier)
            && let Some(edits) = moved(document, &route.node, &earlier.node)
        {
            finding.fix(Safety::Unsafe, "put it first", edits);
        }
    }
}

/// The item of a block list in front of an earlier one, with the comments above it.
fn moved(document: &Document, item: &Node, earlier: &Node) -> Option<Edits> {
    let text = document.text.text();
    let (lines, column) = lines_of(document, item)?;
    let (before, other_column) = lines_of(document, earlier)?;
    if document.wrapper.is_some() || column != other_column || before.start() >= lines.start() {
        return None;
    }
    let mut moved = text.get(lines.start()..lines.end())?.to_owned();
    if !moved.ends_with('\n') {
        moved.push('\n');
    }
    Some(vec![
        (document.place(Span::at(before.start())), moved),
        (document.place(lines), String::new()),
    ])
}

/// The lines of an item whose dash begins its line, with comments right above it; and the column of the dash.
fn lines_of(document: &Document, item: &Node) -> Option<(Span, usize)> {
    let text = document.text.text();
    let start_of_line = |at: usize| text[..at].rfind('\n').map_or(0, |newline| newline + 1);
    let mut start = start_of_line(item.span.start());
    let column = text[start..item.span.start()]
        .strip_suffix("- ")
        .filter(|rest| rest.bytes().all(|byte| byte == b' '))?
        .len();
    while start > 0 {
        let previous = start_of_line(start - 1);
        let line = &text[previous..start];
        let is_comment =
            line.trim_start().starts_with('#') && line.len() - line.trim_start().len() == column;
        if !is_comment {
            break;
        }
        start = previous;
    }
    let end = item.span.start()
        + text
            .get(item.span.start()..item.span.end())?
            .trim_end()
            .len();
    let end = text[end..]
        .find('\n')
        .map_or(text.len(), |newline| end + newline + 1);
    Some((Span::new(start, end), column))
}
