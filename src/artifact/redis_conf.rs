use serde::Serialize;

use super::BuildError;
use crate::bundle::{Artifact, Kind};
use crate::model::exporter_user::ExporterUser;
use crate::model::service::Services;
use crate::template::Templates;

/// Name of the file that says what the exporter's user may do.
pub const EXPORTER_USER_FILE: &str = "exporter-user.conf";

/// The directory in the bundle of what the Redis of a target is configured with.
pub fn redis_directory(target: &str) -> String {
    format!("redis/{target}")
}

/// `redis/<target>/redis.conf` of each Redis that the stack runs, and `redis/<target>/exporter-user.conf` of each
/// target with a user for its exporter.
///
/// # Errors
///
/// A template that does not render.
pub fn redis_confs(
    services: &Services,
    users: &[ExporterUser],
    templates: &Templates,
) -> Result<Vec<Artifact>, BuildError> {
    let mut artifacts = Vec::new();
    let mut add = |target: &str, file: &str, text: String| {
        let path = format!("{}/{file}", redis_directory(target));
        artifacts.push(Artifact::new(&path, Kind::RedisConf, text)?);
        Ok::<(), BuildError>(())
    };
    for server in &services.redis {
        let view = ConfView {
            target: &server.target,
            fields: &server.conf.fields,
            own: &server.conf.own,
        };
        let text = templates.render("stack/redis/redis.conf.j2", &view)?;
        add(&server.target, "redis.conf", text)?;
    }
    for user in users {
        let view = UserView {
            target: &user.target,
            name: &user.name,
            rules: &user.rules,
            runs_here: services.runs(&user.target),
        };
        let text = templates.render("stack/redis/exporter-user.conf.j2", &view)?;
        add(&user.target, EXPORTER_USER_FILE, text)?;
    }
    Ok(artifacts)
}

#[derive(Debug, Serialize)]
struct ConfView<'a> {
    target: &'a str,
    fields: &'a [String],
    own: &'a [String],
}

#[derive(Debug, Serialize)]
struct UserView<'a> {
    target: &'a str,
    name: &'a str,
    rules: &'a [String],
    runs_here: bool,
}
