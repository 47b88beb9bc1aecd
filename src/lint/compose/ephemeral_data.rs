use crate::diagnostic::{Level, Safety};
use crate::document::{Change, Route, Value};
use crate::facts::Facts;
use crate::facts::compose::ComposeService;
use crate::facts::container::{Resolved, inside};
use crate::lint::rewriting::{Edits, edits, with_item};
use crate::lint::{Findings, Lint, Need};
use crate::redis_conf;

pub(super) static LINT: Lint = Lint {
    id: "compose/ephemeral-data",
    level: Level::Warning,
    summary: "what a service stores is gone when its container is replaced",
    needs: &[Need::Files],
    check,
};

fn check(facts: &Facts<'_>, findings: &mut Findings<'_>) {
    for service in facts
        .projects
        .iter()
        .flat_map(|project| project.services.values())
    {
        let Some(program) = &service.program else {
            continue;
        };
        let (flag, what, level) = match program.program.as_str() {
            "prometheus" => ("storage.tsdb.path", "every sample", Level::Warning),
            "alertmanager" => (
                "storage.path",
                "silences, and which notifications were sent",
                Level::Info,
            ),
            "grafana" => (
                "",
                "users, and dashboards that are edited by hand",
                Level::Info,
            ),
            "redis" => ("dir", "every key", Level::Warning),
            _ => continue,
        };
        if program.program == "redis" && !persists(facts, service) {
            continue;
        }
        // An agent, and a server whose samples go elsewhere, keep nothing for long.
        if service.has_flag("agent") || service.has_flag("enable-feature") && is_agent(service) {
            continue;
        }
        let path = service
            .flag(flag)
            .map(|path| path.value.to_string())
            .or_else(|| program.data.first().cloned());
        let Some(path) = path.filter(|path| path.starts_with('/') && !path.contains('$')) else {
            continue;
        };
        let is_mounted = service.container.mounts.iter().any(|mount| {
            inside(&path, &mount.target).is_some() || inside(&mount.target, &path).is_some()
        });
        let has_other = ["tmpfs", "volumes_from", "extends"]
            .iter()
            .any(|key| service.get(key).is_some());
        if is_mounted || has_other || service.build.is_some() {
            continue;
        }
        let finding = findings
            .report(
                service.place(),
                format!(
                    "`{path}` of `{}` is on no volume: {what} will be gone when the container is replaced",
                    service.name.as_str()
                ),
            )
            .label("keeps nothing")
            .help(format!("mount a named volume at `{path}`"))
            .level(level);
        if let Some(edits) = with_volume(facts, service, &path) {
            let title = format!("mount a named volume at `{path}`");
            finding.fix(Safety::Unsafe, title, edits);
        }
    }
}

/// A volume of the project's own, mounted at `path`.
fn with_volume(facts: &Facts<'_>, service: &ComposeService, path: &str) -> Option<Edits> {
    let [layer] = &service.layers[..] else {
        return None;
    };
    let name = format!("{}-data", service.name.as_str());
    let mut all = with_item(facts, service, "volumes", format!("{name}:{path}").into())?;
    let document = facts.setup.document(layer.document);
    let (route, key, value) = match document.root.get("volumes") {
        Some(volumes) if volumes.entry(&name).is_some() => return Some(all),
        Some(volumes) if matches!(volumes.value, Value::Mapping(_)) => {
            (Route::of(["volumes"]), name, serde_json::json!({}))
        }
        Some(_) => return None,
        None => (
            Route::root(),
            "volumes".to_owned(),
            serde_json::json!({ name: {} }),
        ),
    };
    let defined = edits(document, &[Change::Insert(route, key, value)])?;
    all.extend(defined);
    // Where the service is the last thing in the file, both are written at its end.
    if let [(first, mounted), (second, defined)] = &all[..]
        && first == second
    {
        let text = format!(
            "{}\n{}",
            mounted.trim_end_matches('\n'),
            defined.trim_start_matches('\n')
        );
        return Some(vec![(*first, text)]);
    }
    Some(all)
}

fn is_agent(service: &ComposeService) -> bool {
    service.flag("enable-feature").is_some_and(|features| {
        features
            .as_str()
            .split(',')
            .any(|feature| feature == "agent")
    })
}

/// Whether somebody asked Redis to write what it holds: on its command line, or in the configuration that it is given.
fn persists(facts: &Facts<'_>, service: &ComposeService) -> bool {
    let asks = |directive: &str, value: &str| match directive {
        "appendonly" => value == "yes",
        "save" => !matches!(value, "" | "\"\"" | "''"),
        _ => false,
    };
    let by_flag = ["appendonly", "save"].iter().any(|directive| {
        service
            .flag(directive)
            .is_some_and(|value| asks(directive, value.as_str()))
    });
    let by_file = service
        .command
        .iter()
        .filter(|word| word.as_str().ends_with(".conf"))
        .filter_map(|word| {
            match service
                .container
                .resolve(facts.setup.listing(), word.as_str())
            {
                Resolved::Setup(path) => facts.setup.at(&path).next(),
                _ => None,
            }
        })
        .any(|document| {
            redis_conf::lines(document.text.text())
                .filter_map(Result::ok)
                .any(|line| {
                    let value = line.arguments.first().map_or("", |word| word.text.as_str());
                    asks(&line.name(), value)
                })
        });
    by_flag || by_file
}
