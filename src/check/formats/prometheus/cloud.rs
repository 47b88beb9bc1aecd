//! The service discoveries that ask a provider of machines.

use super::super::http::check_http;
use super::super::http::prometheus::{HTTP, TLS};
use super::super::table::Kind::{
    Block as Of, Bool, Choice as OneOf, Custom, Int, List, Secret, Text,
};
use super::super::table::{Choice, TableOf, field, word};
use super::discovery::{FILTER, PORT, REFRESH};
use super::discovery_rules as rules;

pub(super) static AWS: TableOf = TableOf {
    what: "an AWS service discovery",
    fields: &[
        &[
            field("role", OneOf(&AWS_ROLE)),
            field("region", Text),
            field("endpoint", Text),
            field("access_key", Text),
            field("secret_key", Secret),
            field("profile", Text),
            field("role_arn", Text),
            field("external_id", Text).since(3, 11),
            REFRESH,
            PORT,
            field("filters", List(&Of(&FILTER))),
            field("clusters", List(&Text)),
            field("request_concurrency", Int).since(3, 11),
        ],
        HTTP,
    ],
    rules: &[rules::aws],
};

static AWS_ROLE: Choice = Choice {
    what: "a role of the AWS service discovery",
    words: &[
        word("ec2"),
        word("ecs"),
        word("lightsail"),
        word("msk").since(3, 10),
        word("elasticache").since(3, 11),
        word("rds").since(3, 11),
        word("mq").since(3, 13),
    ],
    ignores_case: false,
    may_be_empty: false,
};

pub(super) static AZURE: TableOf = TableOf {
    what: "an Azure service discovery",
    fields: &[
        &[
            field("environment", Text),
            PORT,
            field("subscription_id", Text),
            field("tenant_id", Text),
            field("client_id", Text),
            field("client_secret", Secret),
            REFRESH,
            field("authentication_method", Text),
            field("resource_group", Text),
        ],
        HTTP,
    ],
    rules: &[rules::azure, rules::http_since_2_48],
};

pub(super) static DIGITALOCEAN: TableOf = TableOf {
    what: "a DigitalOcean service discovery",
    fields: &[&[REFRESH, PORT], HTTP],
    rules: &[check_http],
};

pub(super) static EC2: TableOf = TableOf {
    what: "an EC2 service discovery",
    fields: &[
        &[
            field("endpoint", Text),
            field("region", Text),
            field("access_key", Text),
            field("secret_key", Secret),
            field("profile", Text),
            field("role_arn", Text),
            field("external_id", Text).since(3, 11),
            REFRESH,
            PORT,
            field("filters", List(&Of(&FILTER))),
        ],
        HTTP,
    ],
    rules: &[
        rules::region_from_metadata,
        rules::filters,
        rules::http_since_2_48,
    ],
};

pub(super) static GCE: TableOf = TableOf {
    what: "a GCE service discovery",
    fields: &[&[
        field("project", Text),
        field("zone", Text),
        field("filter", Text),
        REFRESH,
        PORT,
        field("tag_separator", Text),
    ]],
    rules: &[rules::gce],
};

pub(super) static HETZNER: TableOf = TableOf {
    what: "a Hetzner service discovery",
    fields: &[
        &[
            REFRESH,
            PORT,
            field("role", OneOf(&HETZNER_ROLE)),
            field("label_selector", Text).since(3, 5),
        ],
        HTTP,
    ],
    rules: &[rules::role, check_http],
};

static HETZNER_ROLE: Choice = Choice {
    what: "a role of the Hetzner service discovery",
    words: &[word("hcloud"), word("robot")],
    ignores_case: false,
    may_be_empty: false,
};

pub(super) static IONOS: TableOf = TableOf {
    what: "an IONOS service discovery",
    fields: &[&[field("datacenter_id", Text), REFRESH, PORT], HTTP],
    rules: &[rules::ionos, check_http],
};

pub(super) static LIGHTSAIL: TableOf = TableOf {
    what: "a Lightsail service discovery",
    fields: &[
        &[
            field("endpoint", Text),
            field("region", Text),
            field("access_key", Text),
            field("secret_key", Secret),
            field("profile", Text),
            field("role_arn", Text),
            field("external_id", Text).since(3, 11),
            REFRESH,
            PORT,
        ],
        HTTP,
    ],
    rules: &[rules::region_from_metadata, rules::http_since_2_48],
};

pub(super) static LINODE: TableOf = TableOf {
    what: "a Linode service discovery",
    fields: &[
        &[
            REFRESH,
            PORT,
            field("tag_separator", Text),
            field("region", Text).since(2, 52),
        ],
        HTTP,
    ],
    rules: &[check_http],
};

pub(super) static OCI: TableOf = TableOf {
    what: "an OCI service discovery",
    fields: &[
        &[
            field("auth", OneOf(&OCI_AUTH)),
            field("authentication_method", OneOf(&OCI_AUTH)),
            field("user", Text),
            field("fingerprint", Text),
            field("key_file", Text),
            field("private_key", Secret),
            field("private_key_file", Text),
            field("pass_phrase", Secret),
            field("passphrase", Secret),
            field("passphrase_file", Text),
            field("tenancy", Text),
            field("region", Text),
            field("compartment", Text),
            field("compartments", List(&Text)),
            field("include_subcompartments", Bool),
            REFRESH,
            PORT,
        ],
        HTTP,
    ],
    rules: &[check_http],
};

static OCI_AUTH: Choice = Choice {
    what: "an authentication method of the OCI service discovery",
    words: &[word("api_key"), word("instance_principal")],
    ignores_case: false,
    may_be_empty: true,
};

pub(super) static OPENSTACK: TableOf = TableOf {
    what: "an OpenStack service discovery",
    fields: &[&[
        field("identity_endpoint", Text),
        field("username", Text),
        field("userid", Text),
        field("password", Secret),
        field("project_name", Text),
        field("project_id", Text),
        field("domain_name", Text),
        field("domain_id", Text),
        field("application_credential_name", Text),
        field("application_credential_id", Text),
        field("application_credential_secret", Secret),
        field("role", OneOf(&OPENSTACK_ROLE)),
        field("region", Text),
        REFRESH,
        PORT,
        field("all_tenants", Bool),
        field("tls_config", Of(&TLS)),
        field("availability", OneOf(&OPENSTACK_AVAILABILITY)),
    ]],
    rules: &[rules::openstack],
};

static OPENSTACK_ROLE: Choice = Choice {
    what: "a role of the OpenStack service discovery",
    words: &[
        word("instance"),
        word("hypervisor"),
        word("loadbalancer").since(3, 2),
    ],
    ignores_case: false,
    may_be_empty: false,
};

static OPENSTACK_AVAILABILITY: Choice = Choice {
    what: "an availability of an OpenStack endpoint",
    words: &[word("public"), word("admin"), word("internal")],
    ignores_case: false,
    may_be_empty: false,
};

pub(super) static OUTSCALE: TableOf = TableOf {
    what: "an Outscale service discovery",
    fields: &[
        &[
            field("endpoint", Text),
            field("region", Text),
            field("access_key", Text),
            field("secret_key", Secret),
            field("secret_key_file", Text),
            REFRESH,
            PORT,
        ],
        HTTP,
    ],
    rules: &[rules::outscale, check_http],
};

pub(super) static OVHCLOUD: TableOf = TableOf {
    what: "an OVHcloud service discovery",
    fields: &[&[
        field("endpoint", Text),
        field("application_key", Text),
        field("application_secret", Secret),
        field("consumer_key", Secret),
        REFRESH,
        field("service", OneOf(&OVHCLOUD_SERVICE)),
    ]],
    rules: &[rules::ovhcloud],
};

static OVHCLOUD_SERVICE: Choice = Choice {
    what: "a service of the OVHcloud service discovery",
    words: &[word("dedicated_server"), word("vps")],
    ignores_case: false,
    may_be_empty: false,
};

pub(super) static SCALEWAY: TableOf = TableOf {
    what: "a Scaleway service discovery",
    fields: &[
        &[
            field("project_id", Text),
            field("api_url", Text),
            field("zone", Text),
            field("access_key", Text),
            field("secret_key", Secret),
            field("secret_key_file", Text),
            field("name_filter", Text),
            field("tags_filter", List(&Text)),
            REFRESH,
            PORT,
            field("role", OneOf(&SCALEWAY_ROLE)),
        ],
        HTTP,
    ],
    rules: &[rules::scaleway, check_http],
};

static SCALEWAY_ROLE: Choice = Choice {
    what: "a role of the Scaleway service discovery",
    words: &[word("instance"), word("baremetal")],
    ignores_case: false,
    may_be_empty: false,
};

pub(super) static STACKIT: TableOf = TableOf {
    what: "a STACKIT service discovery",
    fields: &[
        &[
            REFRESH,
            PORT,
            field("region", Text),
            field("endpoint", Custom(rules::stackit_endpoint)),
            field("project", Text),
            field("service_account_key", Secret),
            field("private_key", Secret),
            field("service_account_key_path", Text),
            field("private_key_path", Text),
            field("credentials_file_path", Text),
            field("role", Text).since(3, 12),
        ],
        HTTP,
    ],
    rules: &[check_http],
};

pub(super) static TRITON: TableOf = TableOf {
    what: "a Triton service discovery",
    fields: &[&[
        field("account", Text),
        field("role", OneOf(&TRITON_ROLE)),
        field("dns_suffix", Text),
        field("endpoint", Text),
        field("groups", List(&Text)),
        PORT,
        REFRESH,
        field("tls_config", Of(&TLS)),
        field("version", Int),
    ]],
    rules: &[rules::triton],
};

static TRITON_ROLE: Choice = Choice {
    what: "a role of the Triton service discovery",
    words: &[word("container"), word("cn")],
    ignores_case: false,
    may_be_empty: false,
};

pub(super) static VULTR: TableOf = TableOf {
    what: "a Vultr service discovery",
    fields: &[&[REFRESH, PORT], HTTP],
    rules: &[check_http],
};
