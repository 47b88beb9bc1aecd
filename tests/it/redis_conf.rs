//! What we say of a redis.conf is what real servers say.

use std::fs;
use std::process::Command;

use rayon::prelude::*;
use stackwright::catalogue::{Catalogue, Directive, DirectiveKind, DirectiveLookup, Version};
use stackwright::diagnostic::Level;
use stackwright::redis_conf;

use crate::tools::{Generation, generations};

/// What the servers of the two generations are.
fn version(generation: &Generation) -> Version {
    let text = if generation.name == "old" {
        "7.0.15"
    } else {
        "8.0.6"
    };
    text.parse().unwrap()
}

/// The number of the first line that a server refuses, and what it says; it never gets to the end of this.
fn refused(generation: &Generation, text: &str) -> (usize, String) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("redis.conf");
    fs::write(&path, format!("{text}\nport none\n")).unwrap();
    let output = Command::new(generation.program("redis-server"))
        .arg(&path)
        .current_dir(directory.path())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let line = said
        .split_once("at line ")
        .and_then(|(_, rest)| rest.lines().next()?.trim().parse().ok());
    (
        line.unwrap_or_else(|| panic!("{}: {text}: {said}", generation.name)),
        said,
    )
}

/// Lines about a directive, right and wrong ones.
fn lines_about(directive: &Directive) -> Vec<String> {
    let values: Vec<String> = match directive.kind {
        DirectiveKind::Bool => ["yes", "NO", "true", "1", "yes yes"].map(Into::into).into(),
        DirectiveKind::Integer => {
            let [low, high] = directive.range.unwrap();
            let outside = [low.checked_sub(1), high.checked_add(1)];
            let inside = [low, high].map(|number| number.to_string());
            let outside = outside
                .into_iter()
                .flatten()
                .map(|number| number.to_string());
            let wrong = ["1kb", "many", ""].map(Into::into);
            inside.into_iter().chain(outside).chain(wrong).collect()
        }
        DirectiveKind::Memory => ["100mb", "1GB", "2000000", "100 mb", "many", "1tb"]
            .map(Into::into)
            .into(),
        DirectiveKind::MemoryOrPercent => ["100mb", "5%", "many", "101%"].map(Into::into).into(),
        DirectiveKind::Octal => ["700", "rwx", "8"].map(Into::into).into(),
        DirectiveKind::Enum => {
            let wrong = ["never".to_owned(), "1".into()];
            directive.values.iter().cloned().chain(wrong).collect()
        }
        DirectiveKind::Text => ["one two", ""].map(Into::into).into(),
        DirectiveKind::Words => {
            let (least, most) = directive.arguments.unwrap();
            let too_few = least.checked_sub(1).map(|count| vec!["1"; count].join(" "));
            let too_many = most.map(|most| vec!["1"; most + 1].join(" "));
            too_few
                .into_iter()
                .chain(too_many)
                .filter(|it| !it.is_empty())
                .collect()
        }
        DirectiveKind::Save => {
            let values = [
                "\"\"",
                "900 1",
                "900 1 300 10",
                "900",
                "0 1",
                "900 -1",
                "x y",
                "900 1 300",
            ];
            values.map(Into::into).into()
        }
        DirectiveKind::OutputBufferLimit => {
            let values = [
                "normal 0 0 0",
                "REPLICA 256mb 64mb 60",
                "pubsub 1 1 1 normal 0 0 0",
                "nobody 0 0 0",
                "normal 0 0",
                "normal x 0 0",
                "normal 0 0 -1",
            ];
            values.map(Into::into).into()
        }
        DirectiveKind::Ignored => vec!["1".into()],
    };
    let name = &directive.name;
    values
        .iter()
        .map(|value| format!("{name} {value}"))
        .collect()
}

#[test]
fn every_verdict_about_a_directive_is_that_of_a_real_server() {
    let catalogue = Catalogue::embedded().unwrap();
    let directives = catalogue.directives();
    for generation in generations() {
        let version = Some(version(&generation));
        let (mut right, mut wrong) = (Vec::new(), Vec::new());
        for directive in directives.iter() {
            let known = directives.look_up(&directive.name, version);
            if !matches!(&known, DirectiveLookup::Known(known) if known.contains(&directive)) {
                continue;
            }
            for line in lines_about(directive) {
                let findings = redis_conf::check(&line, directives, version);
                match findings.iter().any(|finding| finding.level == Level::Error) {
                    true => wrong.push(line),
                    false => right.push(line),
                }
            }
        }
        assert!(
            right.len() > 300 && wrong.len() > 300,
            "{} right, {} wrong",
            right.len(),
            wrong.len()
        );
        // A server stops at the first line that it refuses.
        let mut refusals = Vec::new();
        loop {
            let (line, said) = refused(&generation, &right.join("\n"));
            if line > right.len() {
                break;
            }
            refusals.push(said);
            right.remove(line - 1);
        }
        // Debian's servers are built with another allocator.
        refusals.retain(|said| !said.contains("modified Jemalloc"));
        assert!(
            refusals.is_empty(),
            "{} refuses what we do not: {}",
            generation.name,
            refusals.concat()
        );
        // Redis 8 takes these for a module's, and refuses them when all modules are loaded.
        let later = ["include ", "rename-command "];
        wrong.retain(|line| {
            generation.name == "old" || !later.iter().any(|name| line.starts_with(name))
        });
        let accepted: Vec<&String> = wrong
            .par_iter()
            .filter(|line| refused(&generation, line).0 != 1)
            .collect();
        assert!(
            accepted.is_empty(),
            "{} accepts what we refuse: {accepted:#?}",
            generation.name
        );
    }
}

#[test]
fn each_version_knows_the_directives_that_we_say_it_knows() {
    let catalogue = Catalogue::embedded().unwrap();
    let directives = catalogue.directives();
    for generation in generations() {
        let version = Some(version(&generation));
        // Those that a server names itself are the ones that can be read back.
        let server = parameters(&generation);
        let unknown: Vec<&String> = server
            .iter()
            .filter(|name| !matches!(directives.look_up(name, version), DirectiveLookup::Known(_)))
            .collect();
        assert!(unknown.is_empty(), "{}: {unknown:?}", generation.name);
        let others = directives.iter().filter(|directive| {
            matches!(
                directives.look_up(&directive.name, version),
                DirectiveLookup::OtherVersions(_)
            )
        });
        let others: Vec<&str> = others.map(|directive| directive.name.as_str()).collect();
        for name in &others {
            assert!(
                !server.iter().any(|it| it == name),
                "{}: {name}",
                generation.name
            );
        }
        assert_eq!(others.is_empty(), generation.name == "new", "{others:?}");
    }
}

/// The parameters that `CONFIG GET *` names, without starting a server for good.
fn parameters(generation: &Generation) -> Vec<String> {
    let directory = tempfile::tempdir().unwrap();
    let socket = directory.path().join("s");
    let mut server = Command::new(generation.program("redis-server"))
        .args(["--port", "0", "--save", "", "--unixsocket"])
        .arg(&socket)
        .current_dir(directory.path())
        .stdout(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let ask = || {
        let output = Command::new(generation.program("redis-cli"))
            .arg("-s")
            .arg(&socket)
            .args(["CONFIG", "GET", "*"])
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        (output.status.success() && said.contains("maxmemory")).then_some(said)
    };
    let mut said = None;
    for _ in 0..100 {
        said = ask();
        if said.is_some() {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    let _ = server.kill();
    let _ = server.wait();
    let said = said.expect("redis-server answers");
    said.lines().step_by(2).map(ToOwned::to_owned).collect()
}
