//! What a Dockerfile puts into its image.

use std::collections::BTreeMap;

use super::interpolation::{Variables, interpolate};
use super::text::{Known, Text};
use crate::setup::{Document, DocumentId};
use crate::source::Span;

/// `COPY` or `ADD` from the build context.
#[derive(Debug, Clone)]
pub struct Copy {
    /// What is copied, relative to the build context; may hold `*`.
    pub source: Text,
    /// Where to, as written.
    pub destination: Text,
    /// Whether there is more than one source, so that the destination is a directory.
    pub is_one_of_many: bool,
}

/// The last stage of a Dockerfile.
#[derive(Debug, Clone)]
pub struct Dockerfile {
    /// The document.
    pub document: DocumentId,
    /// The image that it builds on.
    pub base: Option<Known<Text>>,
    /// What it copies, in order.
    pub copies: Vec<Copy>,
    /// `ENV`.
    pub environment: BTreeMap<String, Text>,
    /// `EXPOSE`.
    pub ports: Vec<u16>,
    /// `ENTRYPOINT`; empty where there is none.
    pub entrypoint: Vec<Text>,
    /// `CMD`; empty where there is none.
    pub command: Vec<Text>,
    /// What `HEALTHCHECK CMD` runs; empty where there is none.
    pub healthcheck: Vec<Text>,
    /// The text of every `RUN`.
    pub runs: Vec<Text>,
    /// Whether the last stage builds on an earlier one: then the image holds more than is told here.
    pub has_stages: bool,
}

impl Dockerfile {
    /// Reads the instructions; what is not understood is passed over.
    pub fn of(document: &Document) -> Self {
        let mut file = Self::empty(document.id);
        let mut arguments = Variables::new();
        let mut stages: Vec<String> = Vec::new();
        for (keyword, words) in instructions(document) {
            match (keyword.as_str(), words.as_slice()) {
                ("FROM", [..]) => {
                    let image = words.iter().find(|word| !word.value.starts_with("--"));
                    let is_stage = image
                        .is_some_and(|image| stages.iter().any(|stage| **stage == *image.value));
                    file = Self {
                        base: image.map(|image| match interpolate(&image.value, &arguments) {
                            Known::Value(value) => Known::Value(Text::at(image.place, value)),
                            Known::Placeholder(name) => Known::Placeholder(name),
                        }),
                        has_stages: is_stage,
                        ..Self::empty(document.id)
                    };
                    if let [.., alias, name] = words.as_slice()
                        && alias.value.eq_ignore_ascii_case("as")
                    {
                        stages.push(name.value.to_string());
                    }
                }
                ("ARG", [word, ..]) => {
                    if let Some((name, value)) = word.value.split_once('=') {
                        arguments.insert(name.to_owned(), value.trim_matches('"').to_owned());
                    }
                }
                ("COPY" | "ADD", [..]) => file.copy(&words),
                ("ENV", [name, value]) if !name.value.contains('=') => {
                    file.environment
                        .insert(name.value.to_string(), value.clone());
                }
                ("ENV", [..]) => {
                    for word in &words {
                        if let Some((name, value)) = word.value.split_once('=') {
                            let value = Text::at(word.place, value.trim_matches(['"', '\'']));
                            file.environment.insert(name.to_owned(), value);
                        }
                    }
                }
                ("EXPOSE", [..]) => {
                    let port = |word: &Text| {
                        word.value
                            .split('/')
                            .next()
                            .and_then(|port| port.parse::<u16>().ok())
                    };
                    file.ports.extend(words.iter().filter_map(port));
                }
                ("ENTRYPOINT", [..]) => file.entrypoint = words,
                ("CMD", [..]) => file.command = words,
                ("HEALTHCHECK", [..]) => {
                    let options =
                        |word: &Text| word.value.starts_with("--") || *word.value == *"CMD";
                    file.healthcheck = words.into_iter().skip_while(options).collect();
                }
                ("RUN", [first, .., last]) => {
                    let span = first.place.span.join(last.place.span);
                    let text = document
                        .text
                        .text()
                        .get(span.start()..span.end())
                        .unwrap_or_default();
                    file.runs.push(Text::at(document.place(span), text));
                }
                _ => {}
            }
        }
        file
    }

    fn empty(document: DocumentId) -> Self {
        Self {
            document,
            base: None,
            copies: Vec::new(),
            environment: BTreeMap::new(),
            ports: Vec::new(),
            entrypoint: Vec::new(),
            command: Vec::new(),
            healthcheck: Vec::new(),
            runs: Vec::new(),
            has_stages: false,
        }
    }

    fn copy(&mut self, words: &[Text]) {
        if words.iter().any(|word| word.value.starts_with("--from")) {
            return;
        }
        let paths: Vec<&Text> = words
            .iter()
            .filter(|word| !word.value.starts_with("--"))
            .collect();
        let Some((destination, sources)) = paths.split_last() else {
            return;
        };
        self.copies.extend(sources.iter().map(|source| Copy {
            source: (*source).clone(),
            destination: (*destination).clone(),
            is_one_of_many: sources.len() > 1,
        }));
    }
}

/// Keyword in capitals and the words behind it, continued lines joined, comments left out.
fn instructions(document: &Document) -> Vec<(String, Vec<Text>)> {
    let text = document.text.text();
    let mut all: Vec<(String, Vec<Text>)> = Vec::new();
    let mut is_continued = false;
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let here = start;
        start += line.len();
        let content = line.trim();
        if content.is_empty() || content.starts_with('#') {
            continue;
        }
        let continues = content.ends_with('\\');
        let content_end = here + line.trim_end().trim_end_matches('\\').len();
        let mut words = words(document, text, Span::new(here, content_end.max(here)));
        if is_continued {
            if let Some((_, last)) = all.last_mut() {
                last.extend(words);
            }
        } else if !words.is_empty() {
            let keyword = words.remove(0).value.to_ascii_uppercase();
            all.push((keyword, words));
        }
        is_continued = continues;
    }
    all
}

/// Words between white space; of the JSON form `["a", "b"]` its texts.
fn words(document: &Document, text: &str, span: Span) -> Vec<Text> {
    let mut words = Vec::new();
    let line = &text[span.start()..span.end()];
    let mut at = 0;
    while at < line.len() {
        let rest = &line[at..];
        let skipped = rest.len()
            - rest
                .trim_start_matches(|character: char| {
                    character.is_whitespace() || matches!(character, '[' | ']' | ',')
                })
                .len();
        at += skipped;
        let rest = &line[at..];
        if rest.is_empty() {
            break;
        }
        let (length, value) = match rest
            .strip_prefix('"')
            .and_then(|inside| inside.split_once('"'))
        {
            Some((inside, _)) => (inside.len() + 2, inside),
            None => {
                let length = rest.find(char::is_whitespace).unwrap_or(rest.len());
                (length, rest[..length].trim_end_matches([',', ']']))
            }
        };
        let start = span.start() + at;
        words.push(Text::at(
            document.place(Span::new(start, start + length)),
            value,
        ));
        at += length;
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::setup::Setup;

    #[test]
    fn the_last_stage_is_read() {
        let text = "ARG V=v3.2.1\nFROM golang AS build\nFROM prom/prometheus:${V}\n# x\nCOPY a.yml \\\n  b.yml /etc/x/\nCOPY --from=build /a /b\nENV A=1 B=\"2\"\nEXPOSE 9090\nENTRYPOINT [\"/entrypoint.sh\", \"-x\"]\n";
        let setup = Setup::of_texts("", [("Dockerfile", text.as_bytes())]);
        let file = Dockerfile::of(&setup.documents()[0]);
        assert_eq!(
            file.base
                .as_ref()
                .and_then(|base| base.value())
                .map(|text| text.as_str()),
            Some("prom/prometheus:v3.2.1")
        );
        let copies: Vec<_> = file
            .copies
            .iter()
            .map(|copy| (copy.source.as_str(), copy.destination.as_str()))
            .collect();
        assert_eq!(copies, [("a.yml", "/etc/x/"), ("b.yml", "/etc/x/")]);
        assert_eq!(file.environment["B"].as_str(), "2");
        let entrypoint: Vec<_> = file.entrypoint.iter().map(Text::as_str).collect();
        assert_eq!(entrypoint, ["/entrypoint.sh", "-x"]);
        assert_eq!(file.ports, [9090]);
    }
}
