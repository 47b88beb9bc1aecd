//! What applications are told of their Redis arrives in their containers.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use crate::program::Program;
use crate::tools::{Generation, generations};

/// A value with everything that some reader of such files takes for its own.
const STRANGE: &str = r##"it's $HOME ${X:-y} #1 "quoted" \n back\slash = ü "##;

/// Renders it, and gives what was said.
fn render(root: &Path, profile: &Value) -> String {
    fs::write(root.join("profile.yaml"), format!("{profile:#}")).unwrap();
    let run = Program::in_directory(root)
        .arguments(["render", "profile.yaml", "--out", "bundles"])
        .run();
    assert_eq!(run.status, 0, "{}{}", run.output, run.errors);
    run.output + &run.errors
}

fn profile(target: &Value) -> Value {
    json!({
        "name": "demo",
        "targets": {"store": target},
        "notifications": {"channels": {"nobody": {"kind": "silent"}}},
        "environments": {"test": {}},
    })
}

/// The environment of the application's service, as Compose gives it to the container.
fn environment(generation: &Generation, root: &Path, service: &Value) -> BTreeMap<String, String> {
    let mut service = service.clone();
    service["image"] = "app:1".into();
    let compose = json!({"services": {"app": service}});
    fs::write(root.join("app.yaml"), compose.to_string()).unwrap();
    let output = Command::new(generation.program("docker-compose"))
        .args(["--file", "app.yaml", "config", "--format", "json"])
        .env("STORE_PASSWORD", "from outside")
        .current_dir(root)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}: {said}", generation.name);
    let config: Value = serde_json::from_slice(&output.stdout).unwrap();
    let environment = config["services"]["app"]["environment"]
        .as_object()
        .unwrap();
    environment
        .iter()
        // What Compose prints can be read by Compose again.
        .map(|(name, value)| (name.clone(), value.as_str().unwrap().replace("$$", "$")))
        .collect()
}

#[test]
fn both_files_say_the_same_to_compose() {
    let root = tempfile::tempdir().unwrap();
    let target = json!({
        "address": "redis://store:6390/3",
        "password": {"env": "STORE_PASSWORD"},
        "consumers": {"app": {
            "description": "Keeps its metrics here.",
            "key_prefix": "gunicorn",
            "ttl": "5m",
            "environment": {"REDIS_ENABLED": "true", "MOTTO": STRANGE, "NOTHING": "", "NUMBER": "0123"},
        }},
    });
    render(root.path(), &profile(&target));
    let mut wanted: BTreeMap<String, String> = [
        ("REDIS_HOST", "store"),
        ("REDIS_PORT", "6390"),
        ("REDIS_DB", "3"),
        ("REDIS_SSL", "false"),
        ("REDIS_KEY_PREFIX", "gunicorn"),
        ("REDIS_TTL_SECONDS", "300"),
        ("REDIS_ENABLED", "true"),
        ("MOTTO", STRANGE),
        ("NOTHING", ""),
        ("NUMBER", "0123"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .into();
    let directory = "bundles/test/consumers/store";
    for generation in generations() {
        let file = json!({"env_file": [format!("{directory}/app.env")]});
        let found = environment(&generation, root.path(), &file);
        assert_eq!(found, wanted, "{}", generation.name);
    }
    // A secret is taken from whoever starts the application, and is in no file.
    wanted.insert("REDIS_PASSWORD".into(), "from outside".into());
    for generation in generations() {
        let extends = json!({"file": format!("{directory}/app.yaml"), "service": "app"});
        let found = environment(&generation, root.path(), &json!({"extends": extends}));
        assert_eq!(found, wanted, "{}", generation.name);
    }
}

#[test]
fn a_consumer_is_told_what_it_asks_for_under_its_own_names() {
    let root = tempfile::tempdir().unwrap();
    let target = json!({
        "address": "rediss://primary.example.com",
        "topology": "sentinel",
        "replicas": ["rediss://replica.example.com:6380"],
        "sentinels": ["rediss://watch-1.example.com", "rediss://watch-2.example.com:26380"],
        "consumers": {"app": {
            "user": "shop",
            "password": {"file": "secrets/shop"},
            "variables": {
                "url": "CACHE_URL", "user": "CACHE_USER", "password": "CACHE_PASSWORD", "tls": "CACHE_TLS",
                "sentinels": "CACHE_SENTINELS", "nodes": "CACHE_NODES",
            },
        }},
    });
    render(root.path(), &profile(&target));
    let text =
        fs::read_to_string(root.path().join("bundles/test/consumers/store/app.env")).unwrap();
    let lines: Vec<&str> = text.lines().filter(|line| !line.starts_with('#')).collect();
    assert_eq!(
        lines,
        [
            "CACHE_URL=rediss://shop@primary.example.com:6379/0",
            "CACHE_TLS=true",
            "CACHE_USER=shop",
            "CACHE_SENTINELS=watch-1.example.com:26379,watch-2.example.com:26380",
            "CACHE_NODES=primary.example.com:6379,replica.example.com:6380",
        ]
    );
    assert!(text.contains(
        "# CACHE_PASSWORD is a secret and not in here: give it the content of secrets/shop."
    ));
}

#[test]
fn the_keys_of_a_consumer_are_watched() {
    let root = tempfile::tempdir().unwrap();
    let consumer = json!({"key_prefix": "gunicorn", "ttl": "5m"});
    let target = json!({"address": "redis://store", "consumers": {"app": consumer}});
    render(root.path(), &profile(&target));
    let bundle = root.path().join("bundles/test");
    let read = |path: &str| fs::read_to_string(bundle.join(path)).unwrap();
    let rules = read("prometheus/rules/capacity.yml");
    for alert in [
        "RedisKeysGrowing",
        "RedisKeysMissingTtl",
        "RedisKeysTtlTooLong",
    ] {
        assert!(rules.contains(&format!("alert: {alert}\n")), "{alert}");
    }
    let script = read("exporters/redis-exporter-keys-store/keys.lua");
    assert!(
        script.contains(r#"{pattern = "gunicorn:*", ttl_ms = 300000}"#),
        "{script}"
    );
    // Who is told elsewhere what to look at is not told here.
    let mut external = profile(&target);
    external["exporters"] =
        json!({"elsewhere": {"mode": "external", "url": "https://exporter.example.com/metrics"}});
    let said = render(root.path(), &external);
    assert!(said.contains("warning[profile/unwatched-policy]"), "{said}");
    assert!(read("prometheus/prometheus.yml").contains("exporter.example.com"));
    assert!(!bundle.join("exporters").exists());
    // A policy of the same pattern says the rest.
    let target = json!({
        "address": "redis://store",
        "key_policies": {"gunicorn:*": {"max_length": 5}},
        "consumers": {"app": consumer},
    });
    render(root.path(), &profile(&target));
    let script = read("exporters/redis-exporter-keys-store/keys.lua");
    let policy = r#"{pattern = "gunicorn:*", ttl_ms = 300000, max_length = 5}"#;
    assert!(script.contains(policy), "{script}");
    assert_eq!(script.matches("pattern = ").count(), 1);
}
