use super::{HOST_GATEWAY, ServiceContext, image, volume};
use crate::document::Route;
use crate::model::secret::Secrets;
use crate::model::target::REDIS_PORT;
use crate::profile::{Persistence, Problem, Server, Target, Topology, suggestion};

/// A Redis that the stack runs itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RedisService {
    /// Name of its service: the host of the target's address.
    pub service: String,
    /// Name of its target.
    pub target: String,
    /// Whole image reference.
    pub image: String,
    /// Port it listens on.
    pub port: u16,
    /// Port on the host; `None` where it is not published.
    pub published: Option<u16>,
    /// Arguments of `redis-server`.
    pub args: Vec<String>,
    /// File in the container that holds the password.
    pub password_path: Option<String>,
    /// Named volume of its data; `None` for a pure cache.
    pub volume: Option<String>,
}

/// Values of `maxmemory-policy` that Redis 7 and 8 know.
const POLICIES: [&str; 8] = [
    "noeviction",
    "allkeys-lru",
    "allkeys-lfu",
    "allkeys-random",
    "volatile-lru",
    "volatile-lfu",
    "volatile-random",
    "volatile-ttl",
];

pub(super) fn resolve(
    context: ServiceContext<'_>,
    secrets: &mut Secrets,
    problems: &mut Vec<Problem>,
) -> Vec<RedisService> {
    context
        .profile
        .targets
        .iter()
        .filter_map(|(name, target)| {
            let server = target.server.as_ref()?;
            check(name, target, server, problems);
            Some(service(context, name, target, server, secrets))
        })
        .collect()
}

fn service(
    context: ServiceContext<'_>,
    name: &str,
    target: &Target,
    server: &Server,
    secrets: &mut Secrets,
) -> RedisService {
    let service = target.address.host.clone();
    let port = target.address.port_or(REDIS_PORT);
    let mut args = Vec::new();
    let mut set = |directive: &str, value: String| {
        args.push(format!("--{directive}"));
        args.push(value);
    };
    if port != REDIS_PORT {
        set("port", port.to_string());
    }
    if let Some(limit) = target.maxmemory.filter(|limit| limit.0 > 0) {
        set("maxmemory", limit.to_string());
    }
    if let Some(policy) = &server.maxmemory_policy {
        set("maxmemory-policy", policy.clone());
    }
    if let Some(limit) = target.maxclients {
        set("maxclients", limit.to_string());
    }
    match target.persistence {
        Persistence::Rdb => {}
        Persistence::None => set("save", String::new()),
        Persistence::Aof => {
            set("save", String::new());
            set("appendonly", "yes".into());
        }
        Persistence::RdbAndAof => set("appendonly", "yes".into()),
    }
    RedisService {
        target: name.into(),
        image: image(context, &service, "redis", server.image.as_ref()),
        port,
        published: super::published(context, &service, server.port),
        args,
        password_path: target
            .password
            .as_ref()
            .map(|source| secrets.mount(source, &service, &format!("password of Redis {name}"))),
        volume: (target.persistence != Persistence::None || server.volume.is_some())
            .then(|| volume(context, &service, server.volume.as_ref())),
        service,
    }
}

/// What a Redis that the stack runs cannot be.
fn check(name: &str, target: &Target, server: &Server, problems: &mut Vec<Problem>) {
    let route = Route::of(["targets", name]);
    let mut wrong = |at: Route, message: String, help: &str| {
        problems.push(Problem::value("profile/impossible-server", at, message).help(help));
    };
    let host = target.address.host.as_str();
    let is_elsewhere =
        host == "localhost" || host == HOST_GATEWAY || host.parse::<std::net::IpAddr>().is_ok();
    if is_elsewhere {
        wrong(
            route.key("address"),
            format!("`{host}` cannot be the name of a service, and `server` makes it one"),
            "give the address the service's name, such as `redis://cache:6379`, or remove `server`",
        );
    }
    if target.address.tls {
        wrong(
            route.key("address"),
            "a Redis that the stack runs itself speaks no TLS".into(),
            "write `redis://`; the connection stays inside the stack's network",
        );
    }
    if target
        .address
        .user
        .as_deref()
        .is_some_and(|user| user != "default")
    {
        wrong(
            route.key("address"),
            "a Redis that the stack runs itself has no users but `default`".into(),
            "remove the user from the address, or remove `server`",
        );
    }
    if target.topology != Topology::Standalone {
        problems.push(
            Problem::key(
                "profile/impossible-server",
                route.key("server"),
                "the stack itself runs standalone servers only",
            )
            .help("remove `server`, or set `topology: standalone`"),
        );
    }
    if let Some(policy) = &server.maxmemory_policy
        && !POLICIES.contains(&policy.as_str())
    {
        let mut problem = Problem::value(
            "profile/unknown-policy",
            route.key("server").key("maxmemory_policy"),
            format!("Redis has no `maxmemory-policy` `{policy}`"),
        );
        problem.help = suggestion(policy, POLICIES, "policies");
        problems.push(problem);
    }
}
