//! One Prometheus of a setup, and what it is part of, on the way to a profile.

use super::draft::Draft;
use super::prose::Prose;
use crate::facts::Facts;
use crate::facts::compose::{ComposeProject, ComposeService};
use crate::facts::prometheus::{PrometheusServer, ScrapeJob};
use crate::facts::text::{Known, Text};
use crate::profile::SecretRef;
use crate::setup::Place;
use crate::source::Span;

/// Something of the setup that the profile does not say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remainder {
    /// Where it stands; `None` for what is about the setup as a whole.
    pub place: Option<Place>,
    /// What it is: "scrape job `redis_gateway`".
    pub subject: String,
    /// Why it is not in the profile, in a sentence without its first capital and its full stop.
    pub reason: String,
}

/// What is read, and what has become of it.
pub(super) struct Reading<'a> {
    pub(super) facts: &'a Facts<'a>,
    /// Files that are no documents of the setup.
    pub(super) prose: &'a Prose<'a>,
    /// The Prometheus whose jobs are adopted; of several that share the targets, the first.
    pub(super) server: Option<&'a PrometheusServer>,
    /// The Compose project that runs it.
    pub(super) project: Option<&'a ComposeProject>,
    pub(super) draft: Draft,
    pub(super) remainders: Vec<Remainder>,
    /// Service by which an exporter of the draft is run: name of the exporter, names of its services.
    pub(super) exporter_services: Vec<(String, Vec<String>)>,
    /// Name of the environment that the setup is.
    pub(super) environment: String,
}

impl<'a> Reading<'a> {
    /// Notes what the profile does not say.
    pub(super) fn remains(
        &mut self,
        place: impl Into<Option<Place>>,
        subject: impl Into<String>,
        reason: impl Into<String>,
    ) {
        let remainder = Remainder {
            place: place.into(),
            subject: subject.into(),
            reason: reason.into(),
        };
        if !self.remainders.contains(&remainder) {
            self.remainders.push(remainder);
        }
    }

    /// Notes what the profile does not say of a job; `span` is in the file of the job.
    pub(super) fn remains_of_job(
        &mut self,
        job: &ScrapeJob,
        span: Span,
        what: &str,
        reason: impl Into<String>,
    ) {
        let place = self.facts.setup.document(job.document).place(span);
        let subject = format!("{what} of the job `{}`", job.name.as_str());
        self.remains(place, subject, reason);
    }

    /// The service of the project that answers to a host name.
    pub(super) fn service_at(&self, host: &str) -> Option<&'a ComposeService> {
        let project = self.project?;
        project
            .services
            .values()
            .find(|service| service.hosts.iter().any(|name| name == host))
    }

    /// The text of a file of the setup.
    pub(super) fn file(&self, path: &str) -> Option<&'a str> {
        let setup = self.facts.setup;
        let document = setup.at(path).next()?;
        Some(document.file().text())
    }

    /// Where the secret in a variable of a service comes from. A value that stands there is never repeated: the profile
    /// then refers to the variable's own name, and the remainder says so.
    pub(super) fn secret_variable(
        &mut self,
        service: &'a ComposeService,
        variable: &str,
    ) -> Option<SecretRef> {
        match service.environment.get(variable)? {
            None => Some(SecretRef::Env(variable.to_owned())),
            Some(Known::Placeholder(text)) => {
                let name = referenced_variable(text).unwrap_or_else(|| variable.to_owned());
                Some(SecretRef::Env(name))
            }
            Some(Known::Value(text)) => {
                let written = self.facts.setup.slice(text.place);
                if let Some(name) = referenced_variable(written) {
                    return Some(SecretRef::Env(name));
                }
                if text.as_str().is_empty() {
                    return None;
                }
                self.remains(
                    text.place,
                    format!("password in `{variable}`"),
                    format!("a profile holds no secret: put the value into the environment variable `{variable}`, and change it, because it has been read here"),
                );
                Some(SecretRef::Env(variable.to_owned()))
            }
        }
    }

    /// Where the secret in a file that a container sees comes from.
    pub(super) fn secret_file(&self, path: &str) -> Option<SecretRef> {
        let name = path.strip_prefix("/run/secrets/")?;
        let project = self.project?;
        let documents = project.documents.iter();
        let secret = documents
            .map(|id| self.facts.setup.document(*id))
            .find_map(|document| document.root.get("secrets")?.get(name).cloned())?;
        if let Some(variable) = secret.get("environment").and_then(|node| node.as_str()) {
            return Some(SecretRef::Env(variable.to_owned()));
        }
        let file = secret.get("file")?.as_str()?;
        Some(SecretRef::File(
            file.strip_prefix("./").unwrap_or(file).to_owned(),
        ))
    }
}

/// A reference as a profile has it.
pub(super) fn secret_json(secret: &SecretRef) -> serde_json::Value {
    match secret {
        SecretRef::Env(name) => serde_json::json!({"env": name}),
        SecretRef::File(path) => serde_json::json!({"file": path}),
    }
}

/// A text as the name of an environment variable.
pub(super) fn variable_name(text: &str) -> String {
    let name: String = text
        .chars()
        .map(|char| match char.is_ascii_alphanumeric() {
            true => char.to_ascii_uppercase(),
            false => '_',
        })
        .collect();
    let name = name.trim_matches('_').to_owned();
    match name.starts_with(|first: char| first.is_ascii_digit()) || name.is_empty() {
        true => format!("JOB_{name}"),
        false => name,
    }
}

/// The name in `${NAME…}` or `$NAME`, where the text is nothing else.
pub(super) fn referenced_variable(text: &str) -> Option<String> {
    let text = text.trim().trim_matches(['"', '\'']);
    let bare = text.strip_prefix('$')?;
    let bare = bare.strip_prefix('{').unwrap_or(bare);
    let end = bare
        .find(|char: char| !(char.is_ascii_alphanumeric() || char == '_'))
        .unwrap_or(bare.len());
    let name = &bare[..end];
    SecretRef::Env(name.to_owned())
        .is_well_formed()
        .then(|| name.to_owned())
}

/// A text as a name of a profile: lower case, letters, digits, `-` and `_`, at most `longest` bytes; `None` where nothing is left.
pub(super) fn name_of(text: &str, longest: usize) -> Option<String> {
    let mut name = String::new();
    for char in text.chars() {
        match char.to_ascii_lowercase() {
            char if char.is_ascii_lowercase() || char.is_ascii_digit() || char == '_' => {
                name.push(char);
            }
            _ if !name.is_empty() && !name.ends_with('-') => name.push('-'),
            _ => {}
        }
        if name.len() >= longest {
            break;
        }
    }
    let name = name.trim_matches(['-', '_']);
    (!name.is_empty()).then(|| name.to_owned())
}

/// `name`, with a number behind it where it is taken.
pub(super) fn free_name(name: &str, is_taken: impl Fn(&str) -> bool) -> String {
    if !is_taken(name) {
        return name.to_owned();
    }
    (2_usize..)
        .map(|number| format!("{name}-{number}"))
        .find(|name| !is_taken(name))
        .unwrap_or_default()
}

/// The text of a value that is known.
pub(super) fn known(text: &Known<Text>) -> Option<&str> {
    text.value().map(Text::as_str)
}
