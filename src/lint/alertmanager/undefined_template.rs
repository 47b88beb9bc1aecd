use std::collections::BTreeSet;

use crate::diagnostic::Level;
use crate::facts::Facts;
use crate::facts::alertmanager::Alertmanager;
use crate::facts::rules::RuleKind;
use crate::facts::scalars::each_scalar;
use crate::facts::text::Text;
use crate::lint::{Findings, Lint, Need};
use crate::source::Span;

pub(super) static LINT: Lint = Lint {
    id: "alertmanager/undefined-template",
    level: Level::Error,
    summary: "a notification uses a template that no file defines, or an annotation that no alert has",
    needs: &[Need::Files],
    check,
};

fn check(facts: &Facts<'_>, findings: &mut Findings<'_>) {
    for alertmanager in &facts.alertmanagers {
        check_patterns(alertmanager, findings);
        check_names(facts, alertmanager, findings);
        check_annotations(facts, alertmanager, findings);
    }
}

fn check_patterns(alertmanager: &Alertmanager, findings: &mut Findings<'_>) {
    for (pattern, files) in &alertmanager.templates {
        if !files.is_empty() {
            continue;
        }
        let finding = findings
            .report(
                pattern.place,
                format!("`{}` finds no template", pattern.as_str()),
            )
            .label("finds no file")
            .level(Level::Warning)
            .help("mount the templates there, or remove the pattern");
        if alertmanager.service.is_none() {
            finding.assuming("files lie in the container as they do here");
        }
    }
}

fn check_names(facts: &Facts<'_>, alertmanager: &Alertmanager, findings: &mut Findings<'_>) {
    // Where a pattern finds nothing, nobody knows what would have been there.
    if alertmanager
        .templates
        .iter()
        .any(|(_, files)| files.is_empty())
    {
        return;
    }
    let files = alertmanager.templates.iter().flat_map(|(_, files)| files);
    let mut defined: BTreeSet<String> = BTreeSet::new();
    for file in files {
        for document in facts.setup.at(file) {
            defined.extend(names(document.text.text(), "define").map(|(name, _)| name.to_owned()));
        }
    }
    let document = facts.setup.document(alertmanager.document);
    each_scalar(&document.root, &mut |_, node| {
        let Some(value) = node.as_str() else { return };
        defined.extend(names(value, "define").map(|(name, _)| name.to_owned()));
        for (name, span) in names(value, "template") {
            // Alertmanager's own: `slack.default.title`, `__subject`, `email.default.html`.
            if defined.contains(name) || name.contains(".default.") || name.starts_with("__") {
                continue;
            }
            let text = Text::of(document, node);
            let known: Vec<String> = defined.iter().map(|name| format!("`{name}`")).collect();
            let finding = findings
                .report(
                    text.part(facts.setup, span),
                    format!("no template file defines `{name}`: the notification fails"),
                )
                .label("not defined");
            match known.as_slice() {
                [] => finding.help("define it in a file that `templates` names"),
                known => finding.help(format!("defined are {}", known.join(", "))),
            };
        }
    });
}

/// Names after `{{ template "` or `{{ define "`, and where they are.
fn names<'t>(text: &'t str, keyword: &'static str) -> impl Iterator<Item = (&'t str, Span)> {
    text.match_indices(keyword).filter_map(move |(at, _)| {
        let before = text[..at].trim_end_matches([' ', '-']);
        let rest = &text[at + keyword.len()..];
        let quoted = rest.trim_start().strip_prefix(['"', '`'])?;
        let length = quoted.find(['"', '`'])?;
        let start = text.len() - quoted.len();
        before
            .ends_with("{{")
            .then(|| (&quoted[..length], Span::new(start, start + length)))
    })
}

fn check_annotations(facts: &Facts<'_>, alertmanager: &Alertmanager, findings: &mut Findings<'_>) {
    let rules = || {
        facts
            .rule_files
            .iter()
            .flat_map(|file| file.rules())
            .filter(|(_, rule)| rule.kind == RuleKind::Alerting)
    };
    let known: BTreeSet<&str> = rules()
        .flat_map(|(_, rule)| &rule.annotations)
        .map(|(key, _)| key.as_str())
        .collect();
    if known.is_empty() {
        return;
    }
    let document = facts.setup.document(alertmanager.document);
    let mut told: BTreeSet<String> = BTreeSet::new();
    each_scalar(&document.root, &mut |_, node| {
        let Some(value) = node.as_str().filter(|value| value.contains("{{")) else {
            return;
        };
        for (at, mark) in value.match_indices("Annotations.") {
            let start = at + mark.len();
            let length = value[start..]
                .find(|character: char| !(character.is_ascii_alphanumeric() || character == '_'))
                .unwrap_or(value.len() - start);
            let name = &value[start..start + length];
            // `Annotations.SortedPairs` and its like are methods.
            let is_method = name.starts_with(|first: char| first.is_ascii_uppercase());
            if name.is_empty() || is_method || known.contains(name) || !told.insert(name.to_owned())
            {
                continue;
            }
            let text = Text::of(document, node);
            let place = text.part(facts.setup, Span::new(start, start + length));
            let finding = findings
                .report(
                    place,
                    format!(
                        "no alert of the setup has the annotation `{name}`: it is always empty"
                    ),
                )
                .label("no alert has it")
                .level(Level::Warning);
            let stem = name.trim_end_matches("_url");
            let label = rules()
                .flat_map(|(_, rule)| &rule.labels)
                .find(|(key, _)| key.as_str() == name || key.as_str() == stem);
            match label {
                Some((key, _)) => finding
                    .related("alerts have it as a label", key.place)
                    .help(format!(
                        "make it an annotation of the alerts, called `{name}`"
                    )),
                None => finding.help("give the alerts this annotation, or read one that they have"),
            };
        }
    });
}
