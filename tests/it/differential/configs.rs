//! Configuration files: promtool and amtool say of each whether it is one.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;

use stackwright::catalogue::Version;
use stackwright::check::formats::{Format, Product, Readers};
use stackwright::diagnostic::{Diagnostic, Level};
use stackwright::source::SourceFile;

use super::contexts::{ALERTMANAGER, Context, PROMETHEUS, RULES, VALUES};
use super::random::Random;
use crate::tools::generations;

/// Files that are asked about in one run of a tool.
const IN_A_RUN: usize = 1_000;

struct Judge {
    tool: PathBuf,
    arguments: &'static [&'static str],
    format: Format,
    version: Version,
    is_old: bool,
}

impl Judge {
    fn all(format: Format) -> Vec<Self> {
        let (name, arguments, versions): (_, &[&str], _) = match format {
            Format::Alertmanager => (
                "amtool",
                &["check-config"],
                [Version::new(0, 25, 0), Version::new(0, 33, 1)],
            ),
            Format::Rules => (
                "promtool",
                &["check", "rules", "--lint=none"],
                [Version::new(2, 42, 0), Version::new(3, 5, 3)],
            ),
            _ => (
                "promtool",
                &["check", "config", "--syntax-only"],
                [Version::new(2, 42, 0), Version::new(3, 5, 3)],
            ),
        };
        generations()
            .iter()
            .zip(versions)
            .map(|(generation, version)| Self {
                tool: generation.program(name),
                arguments,
                format,
                version,
                is_old: generation.name == "old",
            })
            .collect()
    }

    fn product(&self) -> Product {
        self.format.validator().product
    }

    /// What the tool says against each of `texts`, where it does.
    fn errors(&self, texts: &[String]) -> BTreeMap<usize, String> {
        let mut found = BTreeMap::new();
        let mut first = 0;
        while first < texts.len() {
            let run = &texts[first..texts.len().min(first + IN_A_RUN)];
            let directory = tempfile::tempdir().expect("a temporary directory");
            for (index, text) in run.iter().enumerate() {
                std::fs::write(directory.path().join(format!("{index}.yml")), text)
                    .expect("a file");
            }
            let said = self.ask(directory.path(), run.len());
            // Of each file it says first that it looks at it.
            for part in said.split("Checking ").skip(1) {
                let name = part.trim_start_matches('\'');
                let Some((index, rest)) = name.split_once(".yml") else {
                    continue;
                };
                let index: usize = index.parse().expect("a number");
                if !rest.contains("SUCCESS") {
                    let (_, why) = rest.split_once("FAILED:").unwrap_or(("", rest));
                    found.insert(first + index, why.trim().to_owned());
                }
            }
            let asked = said.matches("Checking ").count();
            // A file that it falls over is as little accepted as one that it refuses; those behind it are asked again.
            let fell = said.contains("goroutine ");
            assert!(asked == run.len() || (asked > 0 && fell), "{said}");
            first += asked;
        }
        found
    }

    fn ask(&self, directory: &Path, files: usize) -> String {
        let out = directory.join("said");
        let file = std::fs::File::create(&out).expect("a file");
        // One file for both, so that what belongs together stands together.
        let same = file.try_clone().expect("a file");
        Command::new("unshare")
            .args(["--net", "--map-root-user"])
            .arg(&self.tool)
            .args(self.arguments)
            .args((0..files).map(|index| format!("{index}.yml")))
            .current_dir(directory)
            .stdin(Stdio::null())
            .stdout(Stdio::from(file))
            .stderr(Stdio::from(same))
            .status()
            .expect("the tool runs");
        String::from_utf8_lossy(&std::fs::read(out).expect("what it said")).into_owned()
    }

    fn ours(&self, text: &str) -> Vec<Diagnostic> {
        let file = Arc::new(SourceFile::new("file.yml", text));
        let validator = self.format.validator();
        let none: Vec<String> = Vec::new();
        let readers = Readers {
            features: Some(&none),
            ..Readers::default()
        }
        .with(self.product(), self.version);
        let mut found = validator.check(&file, &validator.read(&file), &readers);
        found.retain(|one| one.level == Level::Error);
        found
    }
}

/// The names of all fields that a program's structs have: Go keeps them with the types.
fn fields(tool: &Path) -> BTreeSet<String> {
    let output = Command::new("grep")
        .args(["-aoE", "yaml:\"[a-zA-Z0-9_-]{2,}"])
        .arg(tool)
        .output()
        .expect("grep runs");
    String::from_utf8_lossy(&output.stdout)
        .lines()
        .filter_map(|line| line.strip_prefix("yaml:\""))
        .map(str::to_owned)
        .collect()
}

fn filled(context: &Context, field: &str, value: &str) -> String {
    context.1.replace('§', &format!("{field}: {value}")) + "\n"
}

/// Where a tool's verdict on its file is not that of its server.
fn is_excepted(judge: &Judge, said: Option<&String>, text: &str, ours: &[Diagnostic]) -> bool {
    // Some decode expressions and selectors that are said to be base64, which nobody writes and we do not.
    if text.contains("!!binary") {
        return true;
    }
    match said {
        Some(said) => {
            // Debian leaves out what needs libraries that it does not have.
            let left_out = [
                "_sd_configs not found in type",
                "field azuread not found",
                "field google_iam not found",
            ];
            left_out.iter().any(|words| said.contains(words))
                // promtool relabels static targets to see what becomes of their addresses.
                || (text.contains("relabel_configs") && said.starts_with("instance "))
        }
        // Debian builds Prometheus 3.5.3 with the libraries of HTTP clients and of SigV4 of later ones.
        None if ["client_certificate_key_", "use_fips_sts_endpoint"]
            .iter()
            .any(|field| text.contains(field)) =>
        {
            true
        }
        // For the syntax alone it does not read the files that are named, so it does not see that one's jobs come twice.
        None if ours
            .iter()
            .all(|one| one.message.contains(".yml` is listed twice")) =>
        {
            true
        }
        // A quoted text that goes on left of its key, which the YAML standard forbids and the reader of ours refuses.
        None if ours
            .iter()
            .any(|one| one.message.contains("multiline quoted scalar")) =>
        {
            true
        }
        // Some service discoveries of the older one look at OAuth 2 when they start.
        None if judge.is_old && text.contains("_sd_configs") && text.contains("oauth2: ") => true,
        // The older tools leave half a client certificate to the server, which refuses it when it starts.
        None => judge.is_old && text.contains("cert_file: ") != text.contains("key_file: "),
    }
}

/// Fails with what is said differently of `texts`.
fn compare(judge: &Judge, texts: &[String]) {
    let errors = judge.errors(texts);
    let mut wrong = Vec::new();
    for (index, text) in texts.iter().enumerate() {
        let ours = judge.ours(text);
        let said = errors.get(&index);
        if ours.is_empty() == said.is_none() || is_excepted(judge, said, text, &ours) {
            continue;
        }
        let said = said.map_or("accepts it", |said| said);
        let ours: Vec<String> = ours.iter().map(|one| one.message.clone()).collect();
        wrong.push(format!("{text}\n    tool: {said}\n    ours: {ours:?}"));
    }
    println!(
        "{:?} {}: {} files, {} refused",
        judge.format,
        judge.version,
        texts.len(),
        errors.len()
    );
    assert!(
        wrong.is_empty(),
        "{} of {} for {}:\n{}",
        wrong.len(),
        texts.len(),
        judge.version,
        wrong[..wrong.len().min(40)].join("\n")
    );
}

fn every_field(format: Format, contexts: &[Context]) {
    for judge in Judge::all(format) {
        let names = fields(&judge.tool);
        let mut texts: Vec<String> = contexts
            .iter()
            .flat_map(|context| names.iter().map(|name| filled(context, name, "null")))
            .collect();
        thin(&mut texts, super::cases(3_000), 1);
        compare(&judge, &texts);
    }
}

/// Leaves so many at random.
fn thin(texts: &mut Vec<String>, most: usize, salt: u64) {
    let mut random = Random::new(super::seed() ^ salt);
    let every = texts.len().div_ceil(most).max(1);
    texts.retain(|_| random.once_in(every));
}

/// Fields that a block has for the version.
fn known<'n>(judge: &Judge, context: &Context, names: &'n BTreeSet<String>) -> Vec<&'n str> {
    let is_known = |name: &&str| {
        let found = judge.ours(&filled(context, name, "null"));
        let refusals = ["unknown-field", "too-new-field", "removed-field"];
        !found
            .iter()
            .any(|one| refusals.iter().any(|id| one.id.ends_with(id)))
    };
    names.iter().map(String::as_str).filter(is_known).collect()
}

fn every_value(format: Format, contexts: &[Context]) {
    for judge in Judge::all(format) {
        let names = fields(&judge.tool);
        let mut texts = Vec::new();
        for context in contexts {
            for name in known(&judge, context, &names) {
                texts.extend(VALUES.iter().map(|value| filled(context, name, value)));
            }
        }
        thin(&mut texts, super::cases(2_000), 2);
        compare(&judge, &texts);
    }
}

/// Several fields together, each of which is right alone.
fn combined(format: Format, contexts: &[Context]) {
    const TRIES: usize = 30;
    for judge in Judge::all(format) {
        let names = fields(&judge.tool);
        let known: Vec<Vec<&str>> = contexts
            .iter()
            .map(|context| known(&judge, context, &names))
            .collect();
        let mut random = Random::new(super::seed() ^ 3);
        let mut texts = Vec::new();
        while texts.len() < super::cases(1_000) {
            let place = random.below(contexts.len());
            let (context, names) = (&contexts[place], &known[place]);
            if names.is_empty() {
                continue;
            }
            let mut chosen: BTreeMap<&str, &str> = BTreeMap::new();
            for _ in 0..TRIES {
                let (name, value) = (random.of(names), random.of(VALUES));
                if chosen.len() < 4 && judge.ours(&filled(context, name, value)).is_empty() {
                    chosen.insert(name, value);
                }
            }
            let entries: Vec<String> = chosen
                .iter()
                .map(|(name, value)| format!("{name}: {value}"))
                .collect();
            texts.push(context.1.replace('§', &entries.join(", ")) + "\n");
        }
        compare(&judge, &texts);
    }
}

/// Valid and invalid files of a format, of upstream and of our own.
fn files(format: Format) -> Vec<String> {
    let folder = match format {
        Format::Prometheus => "prometheus-config",
        Format::Rules => "rulefmt",
        _ => "alertmanager-config",
    };
    let own = |path: &Path| match format {
        Format::Prometheus => path.ends_with("prometheus/prometheus.yml"),
        Format::Rules => path
            .parent()
            .is_some_and(|parent| parent.ends_with("prometheus/rules")),
        _ => path.ends_with("alertmanager/alertmanager.yml"),
    };
    let examples = walkdir::WalkDir::new(Path::new(env!("CARGO_MANIFEST_DIR")).join("examples"))
        .sort_by_file_name()
        .into_iter()
        .filter_map(|entry| Some(entry.ok()?.into_path()))
        .filter(|path| own(path));
    // In an order that does not depend on where the two directories are, or each machine would try other slips.
    let mut paths: Vec<PathBuf> = examples.collect();
    if let Some(root) = crate::shared::shared("parity") {
        let upstream = std::fs::read_dir(root.join(folder)).expect("upstream's inputs");
        let mut upstream: Vec<PathBuf> = upstream
            .map(|entry| entry.expect("an entry").path())
            .filter(|path| path.is_file())
            .collect();
        upstream.sort();
        paths.extend(upstream);
    }
    paths
        .iter()
        .filter_map(|path| std::fs::read_to_string(path).ok())
        .collect()
}

/// A file with a slip of the hand: a line lost, doubled, moved, shifted, misspelt, or with another value.
fn slipped(text: &str, random: &mut Random) -> String {
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    if lines.is_empty() {
        return String::new();
    }
    let at = random.below(lines.len());
    match random.below(8) {
        0 => {
            lines.remove(at);
        }
        1 => lines.insert(at, lines[at].clone()),
        2 => {
            let other = random.below(lines.len());
            lines.swap(at, other);
        }
        3 => lines[at].insert(0, ' '),
        4 => lines[at] = lines[at].strip_prefix(' ').unwrap_or(&lines[at]).to_owned(),
        5 => {
            let characters: Vec<char> = lines[at].chars().collect();
            let lost = random.below(characters.len().max(1));
            let rest = characters
                .iter()
                .enumerate()
                .filter(|(place, _)| *place != lost);
            lines[at] = rest.map(|(_, character)| *character).collect();
        }
        _ => {
            if let Some((key, _)) = lines[at].split_once(": ") {
                lines[at] = format!("{key}: {}", random.of(VALUES));
            }
        }
    }
    lines.join("\n") + "\n"
}

fn with_slips(format: Format) {
    let files = files(format);
    for judge in Judge::all(format) {
        let mut random = Random::new(super::seed() ^ 4);
        let texts: Vec<String> = (0..super::cases(1_000))
            .map(|_| slipped(&files[random.below(files.len())], &mut random))
            .collect();
        compare(&judge, &texts);
    }
}

#[test]
fn prometheus_fields_are_known_where_promtool_knows_them() {
    every_field(Format::Prometheus, PROMETHEUS);
}

#[test]
fn rule_fields_are_known_where_promtool_knows_them() {
    every_field(Format::Rules, RULES);
}

#[test]
fn alertmanager_fields_are_known_where_amtool_knows_them() {
    every_field(Format::Alertmanager, ALERTMANAGER);
}

#[test]
fn prometheus_values_get_the_verdict_of_promtool() {
    every_value(Format::Prometheus, PROMETHEUS);
}

#[test]
fn rule_values_get_the_verdict_of_promtool() {
    every_value(Format::Rules, RULES);
}

#[test]
fn alertmanager_values_get_the_verdict_of_amtool() {
    every_value(Format::Alertmanager, ALERTMANAGER);
}

#[test]
fn combined_prometheus_fields_get_the_verdict_of_promtool() {
    combined(Format::Prometheus, PROMETHEUS);
}

#[test]
fn combined_rule_fields_get_the_verdict_of_promtool() {
    combined(Format::Rules, RULES);
}

#[test]
fn combined_alertmanager_fields_get_the_verdict_of_amtool() {
    combined(Format::Alertmanager, ALERTMANAGER);
}

#[test]
fn slips_in_prometheus_files_get_the_verdict_of_promtool() {
    with_slips(Format::Prometheus);
}

#[test]
fn slips_in_rule_files_get_the_verdict_of_promtool() {
    with_slips(Format::Rules);
}

#[test]
fn slips_in_alertmanager_files_get_the_verdict_of_amtool() {
    with_slips(Format::Alertmanager);
}
