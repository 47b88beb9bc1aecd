use crate::diagnostic::Level;
use crate::facts::Facts;
use crate::facts::prometheus::PrometheusServer;
use crate::facts::scalars::each_scalar;
use crate::facts::substitution::{is_filled_in, is_replaced};
use crate::facts::text::Text;
use crate::lint::{Findings, Lint, Need};
use crate::source::Span;

pub(super) static LINT: Lint = Lint {
    id: "scrape/unexpanded-env",
    level: Level::Error,
    summary: "a variable of the environment where Prometheus does not fill in any",
    needs: &[Need::Files],
    check,
};

fn check(facts: &Facts<'_>, findings: &mut Findings<'_>) {
    for server in &facts.prometheus {
        let document = facts.setup.document(server.document);
        each_scalar(&document.root, &mut |keys, node| {
            let Some((name, span)) = variable(node.scalar_text()) else {
                return;
            };
            let in_labels = keys.starts_with(&["global", "external_labels"]);
            let has_default = name.contains([':', '-', '=', '?', '+']);
            // `$1` and `${1}` are groups of a regular expression.
            if (in_labels && !has_default) || keys.last().is_some_and(|key| is_relabeling(key)) {
                return;
            }
            let text = Text::of(document, node);
            let written = &text.as_str()[span.start()..span.end()];
            // `envsubst` knows no defaults either.
            let is_mended = match in_labels {
                true => is_replaced(facts.setup, written),
                false => is_filled_in(facts.setup, written),
            };
            if is_mended {
                return;
            }
            let place = text.part(facts.setup, span);
            let message = match in_labels {
                true => format!("Prometheus knows no defaults: `{written}` is the empty text"),
                false => format!(
                    "Prometheus does not fill in variables here: `{written}` stays as it is"
                ),
            };
            let finding = findings.report(place, message).label("not filled in");
            let finding = finding.help(match (in_labels, secret_file(keys)) {
                (true, _) => "write the value, or `${NAME}` and set the variable".to_owned(),
                (false, Some(file)) => format!("use `{file}`, and mount the secret as a file"),
                (false, None) => {
                    "write the value, or fill the file in before Prometheus reads it".to_owned()
                }
            });
            if !in_labels && !is_read_as_is(facts, server) {
                finding.assuming("nothing fills the file in before Prometheus reads it");
            }
        });
    }
}

/// The first `${…}` of a text, what is in its braces, and where.
fn variable(text: &str) -> Option<(&str, Span)> {
    let start = text.find("${")?;
    let length = text[start..].find('}')?;
    let name = &text[start + 2..start + length];
    let is_name = name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_');
    is_name.then_some((name, Span::new(start, start + length + 1)))
}

fn is_relabeling(key: &str) -> bool {
    matches!(key, "replacement" | "regex" | "target_label")
}

/// The key that takes a file instead of a secret.
fn secret_file(keys: &[&str]) -> Option<String> {
    let key = keys.last()?;
    matches!(
        *key,
        "password" | "credentials" | "bearer_token" | "client_secret"
    )
    .then(|| format!("{key}_file"))
}

/// Whether a service of the setup starts Prometheus with the file, and with nothing before it.
fn is_read_as_is(facts: &Facts<'_>, server: &PrometheusServer) -> bool {
    !server.has_script
        && server
            .service
            .as_ref()
            .and_then(|id| facts.service(id))
            .is_some()
}
