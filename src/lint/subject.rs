//! What titles speak of, and what metrics are about.

use crate::catalogue::{Catalogue, Evidence, Topic, Unit};
use crate::promql::{Kind, Parsed};

/// Words for products in titles, and how their metrics or labels are recognised.
const PRODUCTS: [(&str, &[&str]); 21] = [
    ("redis", &["redis", "valkey"]),
    ("valkey", &["redis", "valkey"]),
    ("postgres", &["postgres", "pg_", "pgbouncer", "sql"]),
    ("postgresql", &["postgres", "pg_", "pgbouncer", "sql"]),
    ("mysql", &["mysql", "mariadb", "sql"]),
    ("mariadb", &["mysql", "mariadb", "sql"]),
    ("mongodb", &["mongo"]),
    ("elasticsearch", &["elastic"]),
    ("opensearch", &["opensearch", "elastic"]),
    ("kafka", &["kafka"]),
    ("rabbitmq", &["rabbit"]),
    ("nginx", &["nginx", "ingress"]),
    ("haproxy", &["haproxy"]),
    ("traefik", &["traefik"]),
    ("memcached", &["memcache"]),
    ("celery", &["celery"]),
    ("gunicorn", &["gunicorn"]),
    ("cassandra", &["cassandra"]),
    ("clickhouse", &["clickhouse"]),
    ("etcd", &["etcd"]),
    (
        "database",
        &[
            "database", "db", "sql", "query", "queries", "postgres", "pg_", "mongo", "redis",
            "supabase",
        ],
    ),
];

/// Words that make a title speak of an application as well: then nobody can tell what is meant.
const OTHERS: [&str; 14] = [
    "api",
    "http",
    "app",
    "application",
    "backend",
    "request",
    "requests",
    "endpoint",
    "node",
    "host",
    "container",
    "vs",
    "and",
    "database",
];

/// A product that a title names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Product {
    /// The word.
    pub word: &'static str,
    signs: &'static [&'static str],
}

/// Words of a title in lower case; `RedisDown` is two.
pub(super) fn words(title: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut was_lower = false;
    for character in title.chars() {
        if !character.is_alphanumeric() || (was_lower && character.is_uppercase()) {
            words.push(std::mem::take(&mut word));
        }
        if character.is_alphanumeric() {
            word.extend(character.to_lowercase());
        }
        was_lower = character.is_lowercase();
    }
    words.push(word);
    words.retain(|word| !word.is_empty());
    words
}

/// The only product that a title speaks of.
pub(super) fn product(title: &str) -> Option<Product> {
    let words = words(title);
    let mut named = PRODUCTS
        .iter()
        .filter(|(word, _)| words.iter().any(|other| other == word));
    let (word, signs) = named.next()?;
    named.next().is_none().then_some(Product { word, signs })
}

/// Whether a title names the product and nothing that could just as well be meant.
pub(super) fn is_only(title: &str, product: Product) -> bool {
    let words = words(title);
    !OTHERS.iter().any(|other| {
        *other != product.word
            && !matches!(*other, "request" | "requests")
            && words.iter().any(|word| word == other)
    })
}

/// How an expression stands to a product.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Relation<'e> {
    /// It names the product somewhere: in a metric, a label, a value.
    About,
    /// All its metrics are known to be of something else; the first of them, and what it is of.
    Foreign(&'e str, &'e str),
    /// Nobody can tell.
    Unclear,
}

/// How an expression stands to a product.
pub(super) fn relation<'e>(
    catalogue: &'e Catalogue,
    parsed: &'e Parsed,
    product: Product,
) -> Relation<'e> {
    let text = parsed.text().to_ascii_lowercase();
    let names_it = product.signs.iter().any(|sign| match *sign {
        "db" => {
            self::words(&text).iter().any(|word| word.starts_with("db")) || text.contains("_db")
        }
        sign => text.contains(sign),
    });
    if names_it {
        return Relation::About;
    }
    let mut foreign = None;
    for used in parsed.selectors() {
        let Some(name) = used.selector.metric_name() else {
            return Relation::Unclear;
        };
        match technology(catalogue, name) {
            Some(technology) => foreign = foreign.or(Some((name, technology))),
            None => return Relation::Unclear,
        }
    }
    foreign.map_or(Relation::Unclear, |(name, technology)| {
        Relation::Foreign(name, technology)
    })
}

/// What a metric is of, where its name leaves no doubt. Runtimes are found beside everything.
pub(super) fn technology<'c>(catalogue: &'c Catalogue, name: &str) -> Option<&'c str> {
    // Applications count what they do with other systems, under names such as these.
    if name.starts_with("database_") || name.starts_with("db_") {
        return Some("a database");
    }
    if name.starts_with("http_request") || name.starts_with("http_server_request") {
        return Some("an HTTP application");
    }
    let prefix = catalogue.prefixes().of(name)?;
    let is_monitoring = matches!(
        prefix.technology.as_str(),
        "Prometheus" | "Blackbox probe" | "Blackbox exporter itself"
    );
    (prefix.evidence == Evidence::Strong && !is_monitoring).then_some(prefix.technology.as_str())
}

/// Words of titles and metric names, and the topics of Redis metrics that they speak of.
const TOPICS: [(&str, &[Topic]); 47] = [
    ("memory", &[Topic::Memory]),
    ("mem", &[Topic::Memory]),
    ("oom", &[Topic::Memory]),
    ("rss", &[Topic::Memory]),
    ("fragmentation", &[Topic::Memory]),
    ("clients", &[Topic::Clients]),
    ("client", &[Topic::Clients]),
    ("connections", &[Topic::Clients]),
    ("hits", &[Topic::Keyspace]),
    ("hit", &[Topic::Keyspace]),
    ("misses", &[Topic::Keyspace]),
    ("evicted", &[Topic::Keyspace]),
    ("evictions", &[Topic::Keyspace]),
    ("expired", &[Topic::Keyspace]),
    ("keys", &[Topic::Keyspace, Topic::Keys]),
    ("keyspace", &[Topic::Keyspace, Topic::Keys]),
    ("items", &[Topic::Keyspace, Topic::Keys, Topic::Streams]),
    ("commands", &[Topic::Commands, Topic::Latency]),
    ("command", &[Topic::Commands, Topic::Latency]),
    ("cmd", &[Topic::Commands, Topic::Latency]),
    ("latency", &[Topic::Latency]),
    ("latencies", &[Topic::Latency]),
    ("duration", &[Topic::Latency]),
    ("slowlog", &[Topic::Latency]),
    ("cpu", &[Topic::Cpu]),
    ("network", &[Topic::Network]),
    ("net", &[Topic::Network]),
    ("traffic", &[Topic::Network]),
    ("bandwidth", &[Topic::Network]),
    ("rdb", &[Topic::Persistence]),
    ("aof", &[Topic::Persistence]),
    ("persistence", &[Topic::Persistence]),
    ("bgsave", &[Topic::Persistence]),
    ("replication", &[Topic::Replication]),
    ("repl", &[Topic::Replication]),
    ("replica", &[Topic::Replication]),
    ("replicas", &[Topic::Replication]),
    ("slave", &[Topic::Replication]),
    ("slaves", &[Topic::Replication]),
    ("backlog", &[Topic::Replication]),
    ("cluster", &[Topic::Cluster, Topic::Replication]),
    ("slots", &[Topic::Cluster]),
    ("sentinel", &[Topic::Sentinel]),
    ("stream", &[Topic::Streams]),
    ("streams", &[Topic::Streams]),
    ("uptime", &[Topic::Server]),
    ("fork", &[Topic::Latency, Topic::Persistence]),
];

/// The topics that words speak of.
pub(super) fn topics(words: &[String]) -> Vec<Topic> {
    let is_said = |known: &str| words.iter().any(|word| word == known);
    TOPICS
        .iter()
        .filter(|(word, _)| is_said(word))
        .flat_map(|(_, topics)| topics.iter().copied())
        .collect()
}

/// The topics of all metrics of an expression, by the catalogue and by the words of their names; `None` where one of them is
/// not known to the catalogue.
pub(super) fn topics_read(catalogue: &Catalogue, parsed: &Parsed) -> Option<Vec<Topic>> {
    let mut found = Vec::new();
    for (_, node) in parsed.nodes() {
        let Kind::Selector(selector) = &node.kind else {
            continue;
        };
        let name = selector.metric_name()?;
        let resolved = catalogue
            .metric(name)
            .filter(|resolved| resolved.exporter.name == "redis_exporter")?;
        found.push(resolved.metric.topic);
        // What is counted in bytes and does not only grow lies in memory, or on its way to a disk.
        if resolved.unit() == Some(Unit::Bytes) && !resolved.is_cumulative() {
            found.push(Topic::Memory);
        }
        found.extend(topics(&words(name)));
        // A command's calls and the time they take are told apart by labels only.
        for matcher in selector.label_matchers() {
            found.extend(topics(&words(&matcher.value.text())));
        }
    }
    (!found.is_empty()).then_some(found)
}
