//! A secret in a configuration becomes a file that Compose mounts.

use crate::document::{Entry, Node, Value};
use crate::facts::Facts;
use crate::facts::compose::{ComposeService, directory_of};
use crate::setup::{Document, Place};
use crate::source::Span;

/// Keys of Alertmanager and Prometheus that have a twin which takes a file.
const KEYS: [&str; 17] = [
    "smtp_auth_password",
    "auth_password",
    "slack_api_url",
    "api_url",
    "routing_key",
    "service_key",
    "opsgenie_api_key",
    "victorops_api_key",
    "api_key",
    "bot_token",
    "webhook_url",
    "password",
    "credentials",
    "bearer_token",
    "token",
    "user_key",
    "url",
];

/// The key that takes a file instead.
pub(super) fn file_key(key: &str) -> Option<String> {
    KEYS.contains(&key).then(|| format!("{key}_file"))
}

/// What moves a secret into a file.
#[derive(Debug)]
pub(super) struct SecretFile {
    /// Edits of the configuration and of the Compose file.
    pub edits: Vec<(Place, String)>,
    /// The file with the secret, path and text, where no variable holds it.
    pub file: Option<(String, String)>,
    /// Name of the Compose secret.
    pub name: String,
}

/// The edits that let `service` read the value of the scalar `node` of `document` from a file: a variable that the value is stays
/// one, of Compose; a value in the clear goes into a file beside the Compose file. `None` where key, value or the way that one of the files is written
/// leave it to people.
pub(super) fn secret_file(
    facts: &Facts<'_>,
    document: &Document,
    node: &Node,
    service: &ComposeService,
) -> Option<SecretFile> {
    let entry = entry_of(&document.root, node)?;
    let key = &*entry.key.text;
    let file_key = file_key(key)?;
    if document.wrapper.is_some() || node.text.contains('\n') {
        return None;
    }
    let value = node.scalar_text();
    let variable = value
        .strip_prefix("${")
        .and_then(|rest| rest.strip_suffix('}'))
        .or_else(|| value.strip_prefix('$'));
    let is_name = |name: &str| {
        name.bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    };
    let name = match variable {
        Some(variable) => variable.to_ascii_lowercase(),
        None => format!("{}_{key}", service.name.as_str()).replace('-', "_"),
    };
    if !is_name(&name) || (variable.is_none() && value.contains('$')) {
        return None;
    }
    let [layer] = &service.layers[..] else {
        return None;
    };
    let compose = facts.setup.document(layer.document);
    let file = format!("secrets/{name}");
    let definition = match variable {
        Some(variable) => format!("environment: {variable}"),
        None => format!("file: ./{file}"),
    };
    let mut edits = compose_edits(compose, &layer.node, &name, &definition)?;
    edits.push((document.place(entry.key.span), file_key));
    edits.push((document.place(node.span), format!("/run/secrets/{name}")));
    let directory = directory_of(&compose.path);
    let path = match directory {
        "" => file,
        directory => format!("{directory}/{file}"),
    };
    Some(SecretFile {
        edits,
        file: variable.is_none().then(|| (path, value.to_owned())),
        name,
    })
}

/// The entry whose value is that very node.
fn entry_of<'n>(root: &'n Node, node: &Node) -> Option<&'n Entry> {
    let mut open = vec![root];
    while let Some(next) = open.pop() {
        for entry in next.entries() {
            if entry.value.is_same(node) {
                return Some(entry);
            }
            open.push(&entry.value);
        }
        open.extend(next.items());
    }
    None
}

/// The secret among those of the service, and its definition.
fn compose_edits(
    compose: &Document,
    service: &Node,
    name: &str,
    definition: &str,
) -> Option<Vec<(Place, String)>> {
    if compose.wrapper.is_some() {
        return None;
    }
    let block = Block(compose);
    let column = block.column(service)?;
    let of_service = match service.get("secrets") {
        Some(secrets) => block.after_items(secrets, name)?,
        None => {
            let indentation = " ".repeat(column);
            let text = format!("\n{indentation}secrets:\n{indentation}  - {name}");
            (block.end(service)?, text)
        }
    };
    let root = &compose.root;
    let definition = |column: usize| {
        let indentation = " ".repeat(column);
        format!("\n{indentation}{name}:\n{indentation}  {definition}")
    };
    let of_project = match root.get("secrets") {
        Some(secrets) if secrets.entry(name).is_some() => return None,
        Some(secrets) => {
            let column = block.column(secrets)?;
            (block.end(secrets)?, definition(column))
        }
        None => (block.end(root)?, format!("\n\nsecrets:{}", definition(2))),
    };
    // Where the service is the last thing in the file, both are written at its end.
    Some(if of_service.0 == of_project.0 {
        let text = format!("{}{}", of_service.1, of_project.1);
        vec![(compose.place(Span::at(of_service.0)), text)]
    } else {
        [of_service, of_project]
            .into_iter()
            .map(|(at, text)| (compose.place(Span::at(at)), text))
            .collect()
    })
}

/// Block collections of a YAML file.
struct Block<'d>(&'d Document);

impl Block<'_> {
    fn text(&self) -> &str {
        self.0.text.text()
    }

    /// What stands before `at` in its line.
    fn before(&self, at: usize) -> Option<&str> {
        let text = self.text().get(..at)?;
        Some(&text[text.rfind('\n').map_or(0, |newline| newline + 1)..])
    }

    /// The column of the keys of a mapping that has each on a line of its own.
    fn column(&self, mapping: &Node) -> Option<usize> {
        let first = mapping.entries().first()?;
        let before = self.before(first.key.span.start())?;
        (before.trim().is_empty()).then(|| before.chars().count())
    }

    /// The end of the last line of a mapping.
    fn end(&self, mapping: &Node) -> Option<usize> {
        let mut last = mapping.entries().last()?;
        while let Value::Mapping(entries) = &last.value.value {
            match entries.last() {
                Some(inner) if inner.key.span.start() > last.key.span.start() => last = inner,
                _ => break,
            }
        }
        let start = last.key.span.start();
        let end = last.value.span.end().max(last.key.span.end());
        let end = start + self.text().get(start..end)?.trim_end().len();
        Some(self.line_end(end))
    }

    fn line_end(&self, at: usize) -> usize {
        let rest = &self.text()[at..];
        let line = rest.split('\n').next().unwrap_or_default();
        at + line.trim_end_matches('\r').len()
    }

    /// A further item of a block list.
    fn after_items(&self, list: &Node, item: &str) -> Option<(usize, String)> {
        let last = list.items().last()?;
        let before = self.before(last.span.start())?;
        let indentation = before
            .strip_suffix("- ")
            .filter(|rest| rest.trim().is_empty())?;
        let at = self.line_end(last.span.end());
        Some((at, format!("\n{indentation}- {item}")))
    }
}
