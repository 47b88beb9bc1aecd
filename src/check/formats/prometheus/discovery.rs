//! Every service discovery of Prometheus.

use super::super::block::Block;
use super::super::checker::Checker;
use super::super::go_url;
use super::super::http::check_http;
use super::super::http::prometheus::HTTP;
use super::super::scalar::check_json_text;
use super::super::table::Kind::{
    Block as Of, Bool, Choice as OneOf, Duration, Int, LabelName, LabelValue, List, Map, Scalar,
    Secret, Sections, Text, Url,
};
use super::super::table::{Choice, Field, TableOf, field, word};
use super::cloud::{
    AWS, AZURE, DIGITALOCEAN, EC2, GCE, HETZNER, IONOS, LIGHTSAIL, LINODE, OCI, OPENSTACK,
    OUTSCALE, OVHCLOUD, SCALEWAY, STACKIT, TRITON, VULTR,
};
use super::discovery_rules as rules;
use super::kubernetes::KUBERNETES;

pub(super) const REFRESH: Field = field("refresh_interval", Duration);
pub(super) const PORT: Field = field("port", Int);

const fn sections(name: &'static str, table: &'static TableOf, empty: &'static str) -> Field {
    field(name, Sections(table, empty))
}

/// `…_sd_configs`, as they stand in a scrape config and among the Alertmanagers.
pub(super) static DISCOVERY: &[Field] = &[
    sections("static_configs", &TARGETS, "a section of `static_configs`"),
    sections("aws_sd_configs", &AWS, "a section of `aws_sd_configs`").since(3, 8),
    sections(
        "azure_sd_configs",
        &AZURE,
        "a section of `azure_sd_configs`",
    ),
    sections(
        "consul_sd_configs",
        &CONSUL,
        "a section of `consul_sd_configs`",
    ),
    sections(
        "digitalocean_sd_configs",
        &DIGITALOCEAN,
        "a section of `digitalocean_sd_configs`",
    ),
    sections("dns_sd_configs", &DNS, "a section of `dns_sd_configs`"),
    sections(
        "docker_sd_configs",
        &DOCKER,
        "a section of `docker_sd_configs`",
    ),
    sections(
        "dockerswarm_sd_configs",
        &DOCKERSWARM,
        "a section of `dockerswarm_sd_configs`",
    ),
    sections("ec2_sd_configs", &EC2, "a section of `ec2_sd_configs`"),
    sections(
        "eureka_sd_configs",
        &EUREKA,
        "a section of `eureka_sd_configs`",
    ),
    sections("file_sd_configs", &FILE, "a section of `file_sd_configs`"),
    sections("gce_sd_configs", &GCE, "a section of `gce_sd_configs`"),
    sections(
        "hetzner_sd_configs",
        &HETZNER,
        "a section of `hetzner_sd_configs`",
    ),
    sections(
        "http_sd_configs",
        &HTTP_SD,
        "a section of `http_sd_configs`",
    ),
    sections(
        "ionos_sd_configs",
        &IONOS,
        "a section of `ionos_sd_configs`",
    ),
    sections(
        "kubernetes_sd_configs",
        &KUBERNETES,
        "a section of `kubernetes_sd_configs`",
    ),
    sections("kuma_sd_configs", &KUMA, "a section of `kuma_sd_configs`"),
    sections(
        "lightsail_sd_configs",
        &LIGHTSAIL,
        "a section of `lightsail_sd_configs`",
    ),
    sections(
        "linode_sd_configs",
        &LINODE,
        "a section of `linode_sd_configs`",
    ),
    sections(
        "marathon_sd_configs",
        &MARATHON,
        "a section of `marathon_sd_configs`",
    ),
    sections(
        "nerve_sd_configs",
        &ZOOKEEPER,
        "a section of `nerve_sd_configs`",
    ),
    sections(
        "nomad_sd_configs",
        &NOMAD,
        "a section of `nomad_sd_configs`",
    ),
    sections("oci_sd_configs", &OCI, "a section of `oci_sd_configs`").since(3, 13),
    sections(
        "openstack_sd_configs",
        &OPENSTACK,
        "a section of `openstack_sd_configs`",
    ),
    sections(
        "outscale_sd_configs",
        &OUTSCALE,
        "a section of `outscale_sd_configs`",
    )
    .since(3, 12),
    sections(
        "ovhcloud_sd_configs",
        &OVHCLOUD,
        "a section of `ovhcloud_sd_configs`",
    ),
    sections(
        "puppetdb_sd_configs",
        &PUPPETDB,
        "a section of `puppetdb_sd_configs`",
    ),
    sections(
        "scaleway_sd_configs",
        &SCALEWAY,
        "a section of `scaleway_sd_configs`",
    ),
    sections(
        "serverset_sd_configs",
        &ZOOKEEPER,
        "a section of `serverset_sd_configs`",
    ),
    sections(
        "stackit_sd_configs",
        &STACKIT,
        "a section of `stackit_sd_configs`",
    )
    .since(3, 5),
    sections(
        "triton_sd_configs",
        &TRITON,
        "a section of `triton_sd_configs`",
    ),
    sections(
        "uyuni_sd_configs",
        &UYUNI,
        "a section of `uyuni_sd_configs`",
    ),
    sections(
        "vultr_sd_configs",
        &VULTR,
        "a section of `vultr_sd_configs`",
    ),
];

/// A group of targets, here and in files of `file_sd_configs`.
pub(in super::super) static TARGETS: TableOf = TableOf {
    what: "a target group",
    fields: &[&[
        field("targets", List(&Text)),
        field("labels", Map(&LabelName, &LabelValue)),
    ]],
    rules: &[],
};

/// The same in JSON, where a number is no text.
pub(in super::super) static JSON_TARGETS: TableOf = TableOf {
    what: "a target group",
    fields: &[&[
        field("targets", List(&Scalar(check_json_text))),
        field("labels", Map(&LabelName, &Scalar(check_json_text))),
    ]],
    rules: &[],
};

pub(super) static FILTER: TableOf = TableOf {
    what: "a filter",
    fields: &[&[field("name", Text), field("values", List(&Text))]],
    rules: &[],
};

static CONSUL: TableOf = TableOf {
    what: "a Consul service discovery",
    fields: &[
        &[
            field("server", Text),
            field("path_prefix", Text).since(2, 45),
            field("token", Secret),
            field("datacenter", Text),
            field("namespace", Text),
            field("partition", Text),
            field("tag_separator", Text),
            field("scheme", Text),
            field("username", Text),
            field("password", Secret),
            field("allow_stale", Bool),
            REFRESH,
            field("services", List(&Text)),
            field("tags", List(&Text)),
            field("node_meta", Map(&Text, &Text)),
            field("filter", Text).since(3, 0),
            field("health_filter", Text).since(3, 12),
        ],
        HTTP,
    ],
    rules: &[rules::consul, check_http],
};

static DNS: TableOf = TableOf {
    what: "a DNS service discovery",
    fields: &[&[
        field("names", List(&Text)),
        REFRESH,
        field("type", OneOf(&DNS_TYPE)),
        PORT,
    ]],
    rules: &[rules::dns],
};

static DNS_TYPE: Choice = Choice {
    what: "a type of DNS record",
    words: &[
        word("SRV"),
        word("A"),
        word("AAAA"),
        word("MX"),
        word("NS").since(2, 49),
    ],
    ignores_case: true,
    may_be_empty: false,
};

static DOCKER: TableOf = TableOf {
    what: "a Docker service discovery",
    fields: &[
        &[
            field("host", Text),
            PORT,
            field("filters", List(&Of(&FILTER))),
            field("host_networking_host", Text),
            field("match_first_network", Bool).since(2, 54),
            REFRESH,
        ],
        HTTP,
    ],
    rules: &[rules::docker, check_http],
};

static DOCKERSWARM: TableOf = TableOf {
    what: "a Docker Swarm service discovery",
    fields: &[
        &[
            field("host", Text),
            field("role", OneOf(&SWARM_ROLE)),
            PORT,
            field("filters", List(&Of(&FILTER))),
            REFRESH,
        ],
        HTTP,
    ],
    rules: &[rules::docker, rules::role, check_http],
};

static SWARM_ROLE: Choice = Choice {
    what: "a role of the Docker Swarm service discovery",
    words: &[word("services"), word("nodes"), word("tasks")],
    ignores_case: false,
    may_be_empty: true,
};

static EUREKA: TableOf = TableOf {
    what: "a Eureka service discovery",
    fields: &[&[field("server", Text), REFRESH], HTTP],
    rules: &[rules::eureka, check_http],
};

static FILE: TableOf = TableOf {
    what: "a file service discovery",
    fields: &[&[field("files", List(&Text)), REFRESH]],
    rules: &[rules::file],
};

static HTTP_SD: TableOf = TableOf {
    what: "an HTTP service discovery",
    fields: &[&[field("url", Text), REFRESH], HTTP],
    rules: &[rules::http_sd, rules::http_since_2_48],
};

static KUMA: TableOf = TableOf {
    what: "a Kuma service discovery",
    fields: &[
        &[
            field("server", Text),
            field("client_id", Text).since(2, 50),
            REFRESH,
            field("fetch_timeout", Duration),
        ],
        HTTP,
    ],
    rules: &[rules::kuma, check_http],
};

static MARATHON: TableOf = TableOf {
    what: "a Marathon service discovery",
    fields: &[
        &[
            field("servers", List(&Text)),
            REFRESH,
            field("auth_token", Secret),
            field("auth_token_file", Text),
        ],
        HTTP,
    ],
    rules: &[rules::marathon, check_http],
};

static ZOOKEEPER: TableOf = TableOf {
    what: "a ZooKeeper service discovery",
    fields: &[&[
        field("servers", List(&Text)),
        field("paths", List(&Text)),
        field("timeout", Duration),
    ]],
    rules: &[rules::zookeeper],
};

static NOMAD: TableOf = TableOf {
    what: "a Nomad service discovery",
    fields: &[
        &[
            field("allow_stale", Bool),
            field("namespace", Text),
            REFRESH,
            field("region", Text),
            field("server", Text),
            field("tag_separator", Text),
        ],
        HTTP,
    ],
    rules: &[rules::nomad, check_http],
};

static PUPPETDB: TableOf = TableOf {
    what: "a PuppetDB service discovery",
    fields: &[
        &[
            field("url", Text),
            field("query", Text),
            field("include_parameters", Bool),
            REFRESH,
            PORT,
        ],
        HTTP,
    ],
    rules: &[rules::puppetdb, rules::http_since_2_48],
};

static UYUNI: TableOf = TableOf {
    what: "a Uyuni service discovery",
    fields: &[
        &[
            field("server", Url),
            field("username", Text),
            field("password", Secret),
            field("entitlement", Text),
            field("separator", Text),
            REFRESH,
        ],
        HTTP,
    ],
    rules: &[rules::uyuni, rules::http_since_2_48],
};

/// Checks that the text under `name` is a URL with one of `schemes` (any, where there are none) and a host.
pub(super) fn check_url(
    checker: &mut Checker<'_>,
    block: &Block<'_>,
    name: &str,
    schemes: &[&str],
    needs_host: bool,
) {
    let Some(entry) = block.written(name) else {
        return;
    };
    let text = &entry.value.text;
    let problem = match go_url::parse(text) {
        Err(problem) => problem,
        Ok(url) => {
            let scheme = url.scheme.to_lowercase();
            if !schemes.is_empty() && !schemes.contains(&scheme.as_str()) {
                "its scheme must be `http` or `https`".into()
            } else if needs_host && url.host.is_empty() {
                "it has no host".into()
            } else {
                return;
            }
        }
    };
    checker
        .error(
            "invalid-url",
            entry.value.span,
            format!("`{text}` is no URL for `{name}`: {problem}"),
        )
        .help = Some("write it as `http://host:port/path`".into());
}
