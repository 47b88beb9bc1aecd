//! What the applications that use a target are told of it.

use std::borrow::Cow;

use super::target::{REDIS_PORT, SENTINEL_PORT};
use crate::document::Route;
use crate::profile::{
    Address, Consumer as Written, ConsumerVariables, Problem, Profile, SecretRef, Target,
};

/// An application that uses a target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Consumer {
    /// Its name.
    pub name: String,
    /// Name of the target.
    pub target: String,
    /// One sentence for people.
    pub description: String,
    /// Its environment, in order.
    pub environment: Vec<EnvironmentVariable>,
}

/// One variable of a process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnvironmentVariable {
    /// Its name.
    pub name: String,
    /// What it holds.
    pub value: VariableValue,
}

/// What a variable holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum VariableValue {
    /// This.
    Text(String),
    /// A secret that is found there.
    Secret(SecretRef),
}

/// Parts of names that say that something is a secret.
const SECRET_WORDS: [&str; 5] = ["PASSWORD", "PASSWD", "SECRET", "TOKEN", "API_KEY"];

/// The consumers of all targets.
pub fn resolve(profile: &Profile, problems: &mut Vec<Problem>) -> Vec<Consumer> {
    let mut consumers = Vec::new();
    for (target_name, target) in &profile.targets {
        for (name, consumer) in &target.consumers {
            let route = Route::of(["targets", target_name, "consumers", name]);
            consumers.push(Consumer {
                name: name.clone(),
                target: target_name.clone(),
                description: consumer.description.clone(),
                environment: environment(target, consumer, &route, problems),
            });
        }
    }
    consumers
}

/// The pattern of the keys that begin with a consumer's prefix; `None` for a prefix that SCAN would read otherwise.
pub fn key_pattern(prefix: &str) -> Option<String> {
    let is_plain = |char: char| char.is_ascii_graphic() && !"*?[]\\^".contains(char);
    if prefix.is_empty() || !prefix.chars().all(is_plain) {
        return None;
    }
    let separator = if prefix.ends_with(|char: char| char.is_ascii_alphanumeric()) {
        ":"
    } else {
        ""
    };
    Some(format!("{prefix}{separator}*"))
}

/// Where the password is found: the consumer's own, or everybody's. A target's password is the exporter's alone where
/// its address names a user.
fn password<'a>(target: &'a Target, consumer: &'a Written) -> Option<&'a SecretRef> {
    let everybody = match target.address.own_user() {
        Some(_) => target.server.as_ref()?.password.as_ref(),
        None => target.password.as_ref(),
    };
    consumer.password.as_ref().or(everybody)
}

/// One thing that a consumer can be told.
struct Setting<'a> {
    /// Its key in the profile.
    key: &'static str,
    /// The name that the profile gives it.
    name: Option<&'a String>,
    /// The name where the profile names none at all.
    usual: Option<&'static str>,
    value: Option<VariableValue>,
    /// What is missing where it has no value.
    missing: &'static str,
}

fn settings<'a>(target: &'a Target, consumer: &'a Written) -> [Setting<'a>; 11] {
    let ConsumerVariables {
        url,
        host,
        port,
        db,
        tls,
        user,
        password: password_name,
        key_prefix,
        ttl_seconds,
        sentinels,
        nodes,
    } = &consumer.variables;
    let text = |text: String| Some(VariableValue::Text(text));
    let address = &target.address;
    let list = |servers: &[&Address], port| {
        let places = servers.iter().map(|server| server.host_and_port(port));
        let places: Vec<String> = places.collect();
        (!places.is_empty()).then(|| VariableValue::Text(places.join(",")))
    };
    let nodes_of_it: Vec<&Address> = std::iter::once(address)
        .chain(&target.replicas)
        .chain(&target.nodes)
        .collect();
    let sentinels_of_it: Vec<&Address> = target.sentinels.iter().collect();
    let database = address.db.unwrap_or(0);
    let scheme = if address.tls { "rediss" } else { "redis" };
    let login = consumer
        .user
        .as_ref()
        .map_or_else(String::new, |user| format!("{user}@"));
    let place = address.host_and_port(REDIS_PORT);
    let setting = |key, name: &'a Option<String>, usual, value, missing| Setting {
        key,
        name: name.as_ref(),
        usual,
        value,
        missing,
    };
    let always = "";
    [
        setting(
            "url",
            url,
            None,
            text(format!("{scheme}://{login}{place}/{database}")),
            always,
        ),
        setting(
            "host",
            host,
            Some("REDIS_HOST"),
            text(address.host.clone()),
            always,
        ),
        setting(
            "port",
            port,
            Some("REDIS_PORT"),
            text(address.port_or(REDIS_PORT).to_string()),
            always,
        ),
        setting(
            "db",
            db,
            Some("REDIS_DB"),
            text(database.to_string()),
            always,
        ),
        setting(
            "tls",
            tls,
            Some("REDIS_SSL"),
            text(address.tls.to_string()),
            always,
        ),
        setting(
            "user",
            user,
            Some("REDIS_USERNAME"),
            consumer.user.clone().map(VariableValue::Text),
            "give the consumer a `user`",
        ),
        setting(
            "password",
            password_name,
            Some("REDIS_PASSWORD"),
            password(target, consumer)
                .cloned()
                .map(VariableValue::Secret),
            "give the consumer or the target a `password`",
        ),
        setting(
            "key_prefix",
            key_prefix,
            Some("REDIS_KEY_PREFIX"),
            consumer.key_prefix.clone().map(VariableValue::Text),
            "give the consumer a `key_prefix`",
        ),
        setting(
            "ttl_seconds",
            ttl_seconds,
            Some("REDIS_TTL_SECONDS"),
            consumer
                .ttl
                .and_then(|ttl| text((ttl.as_millis() / 1000).to_string())),
            "give the consumer a `ttl`",
        ),
        setting(
            "sentinels",
            sentinels,
            None,
            list(&sentinels_of_it, SENTINEL_PORT),
            "list the target's `sentinels`",
        ),
        setting("nodes", nodes, None, list(&nodes_of_it, REDIS_PORT), always),
    ]
}

fn environment(
    target: &Target,
    consumer: &Written,
    route: &Route,
    problems: &mut Vec<Problem>,
) -> Vec<EnvironmentVariable> {
    check(consumer, route, problems);
    let names_some = consumer.variables != ConsumerVariables::default();
    let mut variables: Vec<EnvironmentVariable> = Vec::new();
    let mut add = |name: &str, value: VariableValue, place: Problem| {
        let is_name = SecretRef::Env(name.to_owned()).is_well_formed();
        if !is_name {
            problems.push(
                Problem {
                    message: format!("`{name}` is no name of an environment variable"),
                    ..place
                }
                .help("use letters, digits and `_`, beginning with a letter or `_`"),
            );
        } else if variables.iter().any(|known| known.name == name) {
            problems.push(
                Problem {
                    message: format!("`{name}` would be there twice"),
                    ..place
                }
                .help("remove it here, or give one of them another name"),
            );
        } else {
            variables.push(EnvironmentVariable {
                name: name.to_owned(),
                value,
            });
        }
    };
    let mut without_value = Vec::new();
    for setting in settings(target, consumer) {
        let name = match (setting.name, setting.usual) {
            (Some(name), _) => name.as_str(),
            (None, Some(usual)) if !names_some => usual,
            (None, _) => continue,
        };
        let place = route.key("variables").key(setting.key);
        match setting.value {
            Some(value) => add(
                name,
                value,
                Problem::value("profile/bad-variable", place, ""),
            ),
            None if setting.name.is_some() => without_value.push(
                Problem::value(
                    "profile/bad-variable",
                    place,
                    format!("`{name}` would have no value"),
                )
                .help(format!("{}, or remove it", setting.missing)),
            ),
            None => {}
        }
    }
    for (name, value) in &consumer.environment {
        let place = route.key("environment").key(name);
        add(
            name,
            VariableValue::Text(value.clone()),
            Problem::key("profile/bad-variable", place, ""),
        );
    }
    problems.extend(without_value);
    variables
}

/// What is wrong with a consumer, whatever its target is.
fn check(consumer: &Written, route: &Route, problems: &mut Vec<Problem>) {
    let mut wrong = |id, at: Route, message: Cow<'static, str>, help: &str| {
        problems.push(Problem::value(id, at, message).help(help));
    };
    if let Some(prefix) = &consumer.key_prefix
        && key_pattern(prefix).is_none()
    {
        wrong(
            "profile/bad-key-prefix",
            route.key("key_prefix"),
            format!("keys that begin with `{prefix}` cannot be looked for").into(),
            "write what they begin with, such as `shop`: no pattern, no spaces; anything else is a `key_policies` of the target",
        );
    }
    // That no key lives for no time at all is said where the keys are watched.
    let is_watched = consumer.key_prefix.is_some();
    if (consumer.ttl)
        .is_some_and(|ttl| ttl.as_millis() % 1000 != 0 || (ttl.is_zero() && !is_watched))
    {
        wrong(
            "profile/bad-key-policy",
            route.key("ttl"),
            "Redis and its clients count times to live in whole seconds".into(),
            "give a duration such as `5m`",
        );
    }
    if let (Some(user), None) = (&consumer.user, &consumer.password) {
        wrong(
            "profile/missing-key",
            route.key("user"),
            format!("the user `{user}` has no password").into(),
            "add `password: {env: …}`; that of the target is not this user's",
        );
    }
    for (name, value) in &consumer.environment {
        let place = || route.key("environment").key(name);
        let upper = name.to_ascii_uppercase();
        if SECRET_WORDS.iter().any(|word| upper.ends_with(word)) {
            wrong(
                "profile/literal-secret",
                place(),
                format!("`{name}` is a secret, and this is its value").into(),
                "keep it out of the profile: the consumer's `password` takes a reference, other secrets are the application's own business",
            );
        } else if value.chars().any(char::is_control) {
            wrong(
                "profile/bad-variable",
                place(),
                format!("the value of `{name}` does not fit into one line").into(),
                "use one line of text",
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_becomes_the_pattern_of_its_keys() {
        assert_eq!(key_pattern("gunicorn").as_deref(), Some("gunicorn:*"));
        assert_eq!(
            key_pattern("prod-gunicorn").as_deref(),
            Some("prod-gunicorn:*")
        );
        assert_eq!(key_pattern("shop.").as_deref(), Some("shop.*"));
        assert_eq!(key_pattern("shop:v2:").as_deref(), Some("shop:v2:*"));
        for strange in ["", "shop*", "a b", "[a]", "ü"] {
            assert_eq!(key_pattern(strange), None, "{strange}");
        }
    }
}
