//! `bundle/parse`: every file can be read, and two readers that share no code read it alike. What nobody but us has written is read
//! once: tests hold that both read alike what our templates make of whatever data.

use serde_json::{Number, Value as Json};

use super::inspection::{Inspection, Text};
use super::schema::format_of;
use crate::diagnostic::Diagnostic;
use crate::document::{
    Dialect, Limits, Node, Problem, Route, SyntaxError, Value, parse_json, read_yaml,
};
use crate::source::Span;

pub(super) const NAME: &str = "bundle/parse";

/// What a file is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Language {
    Yaml,
    Json,
}

impl Language {
    /// By the end of the file's name, as the programs that read it decide.
    pub(super) fn of(file_name: &str) -> Option<Self> {
        match file_name.rsplit_once('.')?.1 {
            "yml" | "yaml" => Some(Self::Yaml),
            "json" => Some(Self::Json),
            _ => None,
        }
    }
}

pub(super) fn check(inspection: &Inspection<'_>) -> Vec<Diagnostic> {
    inspection.unreadable_because().cloned().collect()
}

/// Who reads the files of a bundle.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Reader {
    /// Ours alone.
    Ours,
    /// Ours and another that shares no code with it, and they must agree.
    #[default]
    Both,
}

/// The tree of a text, if whoever shall read it agrees on what it says.
pub(super) fn read(
    text: &Text<'_>,
    language: Language,
    reader: Reader,
) -> Result<Node, Vec<Diagnostic>> {
    let ours = || ours(text, language).map_err(|error| vec![syntax(text, error)]);
    if reader == Reader::Ours {
        return ours();
    }
    let (tree, theirs) = rayon::join(ours, || theirs(&text.artifact.text, language));
    let (tree, theirs) = (tree?, theirs);
    let json = theirs.map_err(|error| {
        let message = format!("a second reader does not accept this file: {error}");
        vec![text.error(NAME, Span::at(0), message)]
    })?;
    let mut differences = Vec::new();
    compare(&tree, &json, &Route::root(), &mut differences);
    if differences.is_empty() {
        return Ok(tree);
    }
    Err(differences
        .into_iter()
        .map(|difference| difference.diagnostic(text))
        .collect())
}

/// A file as the program reads it that it is for. What that program passes over in silence is an error all the same.
fn ours(text: &Text<'_>, language: Language) -> Result<Node, SyntaxError> {
    let limits = Limits::default();
    if language == Language::Json {
        return parse_json(&text.artifact.text, limits);
    }
    let dialect =
        format_of(text.kind()).map_or(Dialect::GoYaml3, |format| format.validator().dialect);
    let document = read_yaml(&text.artifact.text, dialect, limits)?;
    if let Some(problem) = document.problems.into_iter().next() {
        return Err(problem);
    }
    match document.ignored {
        Some(ignored) => Err(SyntaxError {
            problem: Problem::SecondDocument,
            message: "a second document begins here, which is never read".into(),
            span: Span::at(ignored.start()),
            first: None,
            help: Some("keep one document in a file; remove the `---`".into()),
        }),
        None => Ok(document.root),
    }
}

fn theirs(text: &str, language: Language) -> Result<Json, String> {
    if language == Language::Json {
        return serde_json::from_str(text).map_err(|error| error.to_string());
    }
    // Merge keys are not part of YAML's core, and this reader leaves them to its user.
    if text.contains("<<") {
        let mut value: serde_yaml::Value =
            serde_yaml::from_str(text).map_err(|error| error.to_string())?;
        value.apply_merge().map_err(|error| error.to_string())?;
        return serde_json::to_value(value).map_err(|error| error.to_string());
    }
    serde_yaml::from_str(text).map_err(|error| error.to_string())
}

fn syntax(text: &Text<'_>, error: SyntaxError) -> Diagnostic {
    let mut diagnostic = text.error(NAME, error.span, error.message);
    if let Some(first) = error.first {
        diagnostic = diagnostic.related("first given here", text.file(), first);
    }
    diagnostic.help = error.help;
    diagnostic
}

/// A place where the readers disagree.
struct Difference {
    route: Route,
    span: Span,
    ours: String,
    theirs: String,
}

impl Difference {
    fn diagnostic(self, text: &Text<'_>) -> Diagnostic {
        let Self {
            route,
            span,
            ours,
            theirs,
        } = self;
        let message = format!("`{route}` is {ours} for one reader and {theirs} for another");
        text.error(NAME, span, message)
            .help("write it so that it has one meaning; quote it if it is text")
    }
}

fn compare(node: &Node, json: &Json, route: &Route, differences: &mut Vec<Difference>) {
    let is_same = match (&node.value, json) {
        (Value::Null, Json::Null) => true,
        (Value::Bool(ours), Json::Bool(theirs)) => ours == theirs,
        (Value::Number(ours), Json::Number(theirs)) => is_same_number(ours, theirs),
        (Value::String(ours), Json::String(theirs)) => **ours == **theirs,
        (Value::Sequence(ours), Json::Array(theirs)) if ours.len() == theirs.len() => {
            for (index, (ours, theirs)) in ours.iter().zip(theirs).enumerate() {
                // Most children agree: a route is made only where it is needed.
                if !agree(ours, theirs) {
                    compare(ours, theirs, &route.index(index), differences);
                }
            }
            true
        }
        (Value::Mapping(ours), Json::Object(theirs)) if ours.len() == theirs.len() => {
            for entry in ours.iter() {
                let name = &*entry.key.text;
                match theirs.get(name) {
                    Some(theirs) if agree(&entry.value, theirs) => {}
                    Some(theirs) => {
                        compare(&entry.value, theirs, &route.key(name), differences);
                    }
                    None => differences.push(Difference {
                        route: route.key(name),
                        span: entry.key.span,
                        ours: "a key".into(),
                        theirs: "no key".into(),
                    }),
                }
            }
            true
        }
        _ => false,
    };
    if !is_same {
        differences.push(Difference {
            route: route.clone(),
            span: node.span,
            ours: describe(&node.to_json()),
            theirs: describe(json),
        });
    }
}

fn agree(node: &Node, json: &Json) -> bool {
    match (&node.value, json) {
        (Value::Null, Json::Null) => true,
        (Value::Bool(ours), Json::Bool(theirs)) => ours == theirs,
        (Value::Number(ours), Json::Number(theirs)) => is_same_number(ours, theirs),
        (Value::String(ours), Json::String(theirs)) => **ours == **theirs,
        (Value::Sequence(ours), Json::Array(theirs)) => {
            ours.len() == theirs.len()
                && ours
                    .iter()
                    .zip(theirs)
                    .all(|(ours, theirs)| agree(ours, theirs))
        }
        (Value::Mapping(ours), Json::Object(theirs)) => {
            ours.len() == theirs.len()
                && ours.iter().all(|entry| {
                    theirs
                        .get(&*entry.key.text)
                        .is_some_and(|theirs| agree(&entry.value, theirs))
                })
        }
        _ => false,
    }
}

fn is_same_number(ours: &Number, theirs: &Number) -> bool {
    ours == theirs || ours.as_f64() == theirs.as_f64()
}

/// A value in a few words; long ones would hide the point.
fn describe(json: &Json) -> String {
    match json {
        Json::Null => "null".into(),
        Json::Bool(value) => format!("the boolean `{value}`"),
        Json::Number(number) => format!("the number `{number}`"),
        Json::String(text) if text.chars().count() <= 40 => {
            format!("the text `{}`", text.escape_debug())
        }
        Json::String(_) => "another text".into(),
        Json::Array(items) => format!("a list of {}", items.len()),
        Json::Object(entries) => format!("a mapping of {}", entries.len()),
    }
}

#[cfg(test)]
mod tests {
    use crate::check::embedded::samples::{findings, findings_of};

    #[test]
    fn what_both_readers_read_alike_passes() {
        let text = "a: &x {b: [1, 1.0, 1e3, 0x1F, +7, .5, -0]}\nc: {<<: *x, d: yes}\n\
                    e: 123\nf: ~\ng: |\n  é\n  #no\nh: 1:30\n";
        assert_eq!(findings("bundle/parse", &[("a.yml", text)]), [""; 0]);
        let json = r#"{"a": [1, 1.5, -0, "é\n", null, true, {}]}"#;
        assert_eq!(findings("bundle/parse", &[("a.json", json)]), [""; 0]);
    }

    #[test]
    fn a_text_that_is_not_what_its_name_says_is_told_with_its_place() {
        assert_eq!(
            findings("bundle/parse", &[("a.yml", "a: 1\nb:\n\tc: 2\n")]),
            ["a.yml:3:1: a tab is used for indentation · help: indent with spaces"]
        );
        assert_eq!(
            findings("bundle/parse", &[("a.json", "{\"a\": 1,\n \"b\": tru}")]),
            ["a.json:2:7: found `t`, expected a value"]
        );
    }

    #[test]
    fn a_key_given_twice_is_told_with_both_places() {
        let found = findings_of("bundle/parse", &[("a.json", r#"{"a": 1, "a": 2}"#)]);
        assert_eq!(found[0].message, "the key `a` is given twice");
        assert_eq!(found[0].related.len(), 1);
        assert_eq!(
            findings("bundle/parse", &[("a.yaml", "a: 1\nb: 2\na: 3\n")]),
            ["a.yaml:3:1: the key `a` is given twice · help: remove one of the two"]
        );
    }

    #[test]
    fn a_value_that_readers_take_differently_is_told_with_its_route() {
        assert_eq!(
            findings("bundle/parse", &[("a.yml", "a: 0123\n")]),
            [
                "a.yml:1:4: `a` is the number `83` for one reader and the text `0123` for another · help: write it so that \
                 it has one meaning; quote it if it is text"
            ]
        );
        assert_eq!(
            findings("bundle/parse", &[("a.yml", "a:\n  - b: .inf\n")]),
            [
                "a.yml:2:8: `a[0].b` is the text `.inf` for one reader and null for another · help: write it so that it \
                 has one meaning; quote it if it is text"
            ]
        );
    }

    #[test]
    fn a_file_is_read_as_by_its_own_program() {
        let words = "route: {receiver: yes}\n";
        let found = findings("bundle/parse", &[("alertmanager/alertmanager.yml", words)]);
        assert!(
            found[0].contains("is the boolean `true` for one reader"),
            "{found:?}"
        );
        assert_eq!(
            findings(
                "bundle/parse",
                &[("prometheus/rules/a.yml", "groups: []\n---\ngroups: []\n")]
            ),
            [
                "prometheus/rules/a.yml:2:1: a second document begins here, which is never read · help: keep one document in \
                 a file; remove the `---`"
            ]
        );
    }

    #[test]
    fn other_checks_of_an_unreadable_file_are_skipped() {
        use crate::check::embedded::samples::verdict;
        assert_eq!(
            verdict(
                "alertmanager/routes",
                &[("alertmanager/alertmanager.yml", "a: [")]
            ),
            "skipped: `alertmanager/alertmanager.yml` is not readable, see `bundle/parse`"
        );
        assert_eq!(
            verdict("alertmanager/routes", &[("a.yml", "a: 1")]),
            "skipped: there is no `alertmanager/alertmanager.yml`"
        );
    }
}
