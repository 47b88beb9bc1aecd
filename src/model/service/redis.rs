use super::{HOST_GATEWAY, ServiceContext, image, volume};
use crate::catalogue::Version;
use crate::document::Route;
use crate::model::redis_conf::{self, RedisConf};
use crate::model::secret::Secrets;
use crate::model::target::REDIS_PORT;
use crate::profile::{Persistence, Problem, SecretRef, Server, Target, Topology, suggestion};

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
    /// Its redis.conf.
    pub conf: RedisConf,
    /// File in the container that holds the password.
    pub password_path: Option<String>,
    /// Name of the exporter's own user, and the file in the container that holds its password.
    pub exporter_user: Option<(String, String)>,
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

/// Reading keys without writing them is a permission of its own since Redis 7.0.
const OLDEST_WITH_USERS: Version = Version::new(7, 0, 0);

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
            Some(service(context, name, target, server, secrets, problems))
        })
        .collect()
}

fn service(
    context: ServiceContext<'_>,
    name: &str,
    target: &Target,
    server: &Server,
    secrets: &mut Secrets,
    problems: &mut Vec<Problem>,
) -> RedisService {
    let service = target.address.host.clone();
    let image = image(context, &service, "redis", server.image.as_ref());
    let tag = image.rsplit_once(':').map(|(_, tag)| tag);
    let version = tag.and_then(Version::from_tag);
    let directives = context.directives;
    let conf = redis_conf::resolve(name, target, server, directives, version, problems);
    let user = target.address.own_user().map(str::to_owned);
    if user.is_some() && version.is_some_and(|version| version < OLDEST_WITH_USERS) {
        problems.push(
            Problem::value(
                "profile/impossible-server",
                Route::of(["targets", name, "address"]),
                format!("`{image}` cannot have a user that may only read keys"),
            )
            .help("use Redis 7.0 or newer, or an address without a user"),
        );
    }
    // The target's password is the exporter's: of a user of its own, or of everybody.
    let (password, own) = match &user {
        Some(_) => (&server.password, &target.password),
        None => (&target.password, &None),
    };
    let mut mount = |source: &Option<SecretRef>, whose: &str| {
        let purpose = format!("password of {whose}Redis {name}");
        let source = source.as_ref()?;
        Some(secrets.mount(source, &service, &purpose))
    };
    let password_path = mount(password, "");
    let own_path = mount(own, "the exporter's user of ");
    RedisService {
        target: name.into(),
        image,
        port: target.address.port_or(REDIS_PORT),
        published: super::published(context, &service, server.port),
        conf,
        password_path,
        exporter_user: user.zip(own_path),
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
    check_users(target, server, &route, problems);
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

/// Who may log in, and with what.
fn check_users(target: &Target, server: &Server, route: &Route, problems: &mut Vec<Problem>) {
    let Some(user) = target.address.own_user() else {
        if server.password.is_some() {
            problems.push(
                Problem::key(
                    "profile/impossible-server",
                    route.key("server").key("password"),
                    "without a user in the address there is one password, the target's",
                )
                .help("remove it, or give the exporter a user: `redis://exporter@…`"),
            );
        }
        return;
    };
    let is_name = |char: char| char.is_ascii_alphanumeric() || matches!(char, '_' | '.' | '-');
    if !user.chars().all(is_name) {
        problems.push(
            Problem::value(
                "profile/impossible-server",
                route.key("address"),
                format!("the stack makes no user `{user}`"),
            )
            .help("use letters, digits, `_`, `.` and `-` in its name"),
        );
    }
    if target.password.is_none() {
        problems.push(
            Problem::key(
                "profile/impossible-server",
                route.clone(),
                format!("the user `{user}` has no password, and could not log in"),
            )
            .help("add `password: {env: REDIS_EXPORTER_PASSWORD}`; that of everybody else is `server.password`"),
        );
    } else if server.password.is_none() {
        problems.push(
            Problem::key(
                "profile/open-server",
                route.key("server"),
                format!("`{user}` needs a password, and everybody else needs none"),
            )
            .warning()
            .help("add `password: {env: REDIS_PASSWORD}` to `server`"),
        );
    } else if server.password == target.password {
        problems.push(
            Problem::value(
                "profile/impossible-server",
                route.key("server").key("password"),
                format!("`{user}` has the password of everybody, and could do everything"),
            )
            .help("give the two different passwords"),
        );
    }
}
