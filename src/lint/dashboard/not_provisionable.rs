use serde_json::json;

use super::json_text;
use crate::diagnostic::{Level, Safety};
use crate::document::{Item, Node};
use crate::facts::Facts;
use crate::facts::dashboard::Dashboard;
use crate::facts::text::Text;
use crate::lint::rewriting::Edits;
use crate::lint::{Findings, Lint, Need};
use crate::setup::{Document, Kind};
use crate::source::Span;

pub(super) static LINT: Lint = Lint {
    id: "dashboard/not-provisionable",
    level: Level::Error,
    summary: "a dashboard in a form that only an import by hand understands, in the directory of a provider",
    needs: &[Need::Files],
    check,
};

fn check(facts: &Facts<'_>, findings: &mut Findings<'_>) {
    for dashboard in &facts.dashboards {
        let Some(provider) = dashboard
            .loaded_by
            .first()
            .and_then(|index| facts.providers.get(*index))
        else {
            continue;
        };
        let place = facts.setup.document(provider.document).head();
        check_wrapper(facts, dashboard, place, findings);
        let document = facts.setup.document(dashboard.document);
        for input in &dashboard.inputs {
            // A variable of that name is filled in by Grafana itself.
            if dashboard.variable(input.as_str()).is_some() {
                continue;
            }
            let name = input.as_str();
            let message = format!(
                "{} has the input `{name}`, which only an import by hand fills in: `${{{name}}}` stays as it is, and its panels find no datasource",
                dashboard.named()
            );
            findings
                .report(input.place, message)
                .label("never filled in")
                .related("this provider loads the file", place)
                .help(format!("name the datasource by its uid in place of `${{{name}}}`, or make `{name}` a variable of type datasource, and remove `__inputs`"))
                .fix(
                    Safety::Safe,
                    format!("make `{name}` a variable of type datasource"),
                    as_variable(document, dashboard, input).unwrap_or_default(),
                );
        }
    }
}

/// `{"dashboard": {…}}` as the API exports it.
fn check_wrapper(
    facts: &Facts<'_>,
    dashboard: &Dashboard,
    provider: crate::setup::Place,
    findings: &mut Findings<'_>,
) {
    let document = facts.setup.document(dashboard.document);
    let wrapper = document.wrapper.map(|id| facts.setup.document(id));
    let is_export = |kind: Kind| kind == Kind::DashboardExport;
    if !wrapper.is_some_and(|wrapper| is_export(wrapper.kind)) && !is_export(document.kind) {
        return;
    }
    let place = wrapper.unwrap_or(document).head();
    findings
        .report(place, format!("{} is wrapped in `{{\"dashboard\": …}}`: Grafana reads a dashboard without title, and refuses it", dashboard.named()))
        .label("the form of the API")
        .related("this provider loads the file", provider)
        .help("keep only what stands under `dashboard`")
        .fix(Safety::Safe, "unwrap the dashboard", unwrapped(document));
}

/// Everything around the dashboard goes; `meta` and the like mean something to the API only.
fn unwrapped(document: &Document) -> Edits {
    let text = document.text.text();
    let inner = document.root.span;
    let (Some(first), Some(last)) = (text.find('{'), text.rfind('}')) else {
        return Vec::new();
    };
    let is_json = document.is_part() && json_text(document).is_some();
    if !is_json || first >= inner.start() || inner.end() > last {
        return Vec::new();
    }
    let mut edits = vec![
        (
            document.place(Span::new(first, inner.start())),
            String::new(),
        ),
        (
            document.place(Span::new(inner.end(), last + 1)),
            String::new(),
        ),
    ];
    // Its lines move to the left by what its last one is too far to the right: no text of JSON has a line break in it.
    let last_line = text[..inner.end() - 1]
        .rfind('\n')
        .map_or(0, |newline| newline + 1);
    let surplus = &text[last_line..inner.end() - 1];
    if last_line <= inner.start() || surplus.is_empty() || !surplus.trim().is_empty() {
        return edits;
    }
    let lines = text[inner.start()..inner.end()].match_indices('\n');
    for start in lines.map(|(newline, _)| inner.start() + newline + 1) {
        if text[start..].starts_with(surplus) {
            let span = Span::new(start, start + surplus.len());
            edits.push((document.place(span), String::new()));
        }
    }
    edits
}

/// The input as a variable that Grafana fills in by itself.
fn as_variable(document: &Document, dashboard: &Dashboard, input: &Text) -> Option<Edits> {
    let text = json_text(document)?;
    let inputs = dashboard.node.get("__inputs")?;
    let index = inputs.items().iter().position(|item| {
        item.get("name")
            .is_some_and(|name| name.scalar_text() == input.as_str())
    })?;
    let item = &inputs.items()[index];
    let given = |key: &str| item.get(key).map(|node| node.scalar_text());
    if given("type") != Some("datasource") {
        return None;
    }
    let variable = json!({
        "name": input.as_str(),
        "label": given("label").unwrap_or("Datasource"),
        "type": "datasource",
        "query": given("pluginId")?,
        "refresh": 1,
    });
    let kept = |list: &Node, but: Option<usize>| -> Vec<&str> {
        let items = list.items().iter().enumerate();
        items
            .filter(|(index, _)| Some(*index) != but)
            .filter_map(|(_, item)| document.text.text().get(item.span.start()..item.span.end()))
            .collect()
    };
    let mut splices = match inputs.items().len() {
        1 => text.updated(&dashboard.node, &[("__inputs", None)]),
        _ => {
            let kept = kept(inputs, Some(index));
            let items: Vec<Item<'_>> = kept.into_iter().map(Item::Kept).collect();
            vec![text.listed(inputs, &items)]
        }
    };
    match dashboard.node.get("templating") {
        Some(templating) => match templating.get("list") {
            Some(list) => {
                let kept = kept(list, None);
                let mut items = vec![Item::New(&variable)];
                items.extend(kept.into_iter().map(Item::Kept));
                splices.push(text.listed(list, &items));
            }
            None => splices.extend(text.updated(templating, &[("list", Some(json!([variable])))])),
        },
        None => {
            let added = ("templating", Some(json!({"list": [variable]})));
            splices = match inputs.items().len() {
                1 => text.updated(&dashboard.node, &[("__inputs", None), added]),
                _ => {
                    splices.extend(text.updated(&dashboard.node, &[added]));
                    splices
                }
            };
        }
    }
    let edits = splices.into_iter();
    Some(
        edits
            .map(|(span, text)| (document.place(span), text))
            .collect(),
    )
}
