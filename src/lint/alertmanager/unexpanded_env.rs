use crate::diagnostic::{Level, Safety};
use crate::facts::Facts;
use crate::facts::scalars::each_scalar;
use crate::facts::substitution::is_filled_in;
use crate::facts::text::{Text, placeholder};
use crate::lint::secret_file::{file_key, secret_file};
use crate::lint::{Findings, Lint, Need};
use crate::source::Span;

pub(super) static LINT: Lint = Lint {
    id: "alertmanager/unexpanded-env",
    level: Level::Error,
    summary: "a variable of the environment in `alertmanager.yml`, where none is filled in",
    needs: &[Need::Files],
    check,
};

fn check(facts: &Facts<'_>, findings: &mut Findings<'_>) {
    for alertmanager in &facts.alertmanagers {
        let document = facts.setup.document(alertmanager.document);
        let service = alertmanager
            .service
            .as_ref()
            .and_then(|id| facts.service(id));
        // A template of Helm or a script is somebody else's text.
        if document.wrapper.is_some() {
            continue;
        }
        each_scalar(&document.root, &mut |keys, node| {
            let value = node.scalar_text();
            let Some(found) = variable(value) else { return };
            let written = &value[found.start()..found.end()];
            if is_filled_in(facts.setup, written) {
                return;
            }
            let text = Text::of(document, node);
            let place = text.part(facts.setup, found);
            let key = keys.last().copied().unwrap_or_default();
            let finding = findings
                .report(
                    place,
                    format!(
                        "Alertmanager fills in no variables: `{key}` is `{value}`, letter by letter"
                    ),
                )
                .label("not filled in")
                .help(match file_key(key) {
                    Some(file) => format!("use `{file}`, and mount the secret as a file"),
                    None => {
                        "write the value, or fill the file in before Alertmanager reads it".into()
                    }
                });
            let moved = service.and_then(|service| secret_file(facts, document, node, service));
            let finding = match moved {
                Some(moved) => {
                    let title = format!("read it from the Compose secret `{}`", moved.name);
                    finding.fix(Safety::Unsafe, title, moved.edits)
                }
                None => finding,
            };
            match service {
                Some(service) if service.entrypoint.is_empty() => {
                    finding.related("who reads it", service.place());
                }
                Some(_) | None => {
                    finding.assuming("nothing fills the file in before Alertmanager reads it");
                }
            }
        });
    }
}

/// The first `${NAME}` or `$NAME` in capitals; templates have a syntax of their own.
fn variable(text: &str) -> Option<Span> {
    let start = text.find('$')?;
    let rest = &text[start + 1..];
    if text[..start].contains("{{") {
        return None;
    }
    if rest.starts_with('{') {
        let whole = placeholder(&text[start..])?;
        return whole
            .starts_with("${")
            .then(|| Span::new(start, start + whole.len()));
    }
    let length = rest
        .find(|character: char| {
            !(character.is_ascii_uppercase() || character.is_ascii_digit() || character == '_')
        })
        .unwrap_or(rest.len());
    let is_name = length > 2 && rest.starts_with(|first: char| first.is_ascii_uppercase());
    is_name.then(|| Span::new(start, start + 1 + length))
}
