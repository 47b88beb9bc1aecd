//! `redis/conf`: every server starts with its redis.conf. A profile's lines were checked when it was read; here is what
//! templates of one's own and later hands have made of them.

use super::compose::ComposeFile;
use super::inspection::{Inspection, Text};
use crate::bundle::Kind;
use crate::catalogue::Version;
use crate::diagnostic::{Diagnostic, Level};
use crate::redis_conf;

pub(super) const NAME: &str = "redis/conf";

pub(super) fn check(inspection: &Inspection<'_>) -> Vec<Diagnostic> {
    let compose = ComposeFile::of(inspection);
    let directives = inspection.catalogue.directives();
    let texts = inspection
        .texts()
        .filter(|text| text.kind() == Kind::RedisConf);
    texts
        .flat_map(|text| {
            let version = compose.as_ref().and_then(|it| version(it, text));
            let findings = redis_conf::check(&text.artifact.text, directives, version);
            let fatal = findings
                .into_iter()
                .filter(|finding| finding.level == Level::Error);
            fatal.map(|finding| {
                let error = text.error(NAME, finding.span, finding.message);
                match finding.help {
                    Some(help) => error.help(help),
                    None => error,
                }
            })
        })
        .collect()
}

/// The version of the server that the file is mounted into.
fn version(compose: &ComposeFile<'_>, text: &Text<'_>) -> Option<Version> {
    let directory = text.path().rsplit_once('/')?.0;
    let mut services = compose.services.values();
    let server = services.find(|service| {
        let mut mounts = service.mounts.iter();
        mounts.any(|mount| mount.in_bundle() == Some(directory))
    })?;
    Version::from_tag(server.image?.rsplit_once(':')?.1)
}

#[cfg(test)]
mod tests {
    use super::super::samples::{findings, verdict};
    use super::*;

    fn compose(tag: &str) -> String {
        format!(
            "services:\n  cache:\n    image: redis:{tag}\n    volumes: ['./redis/cache:/usr/local/etc/redis:ro']\n"
        )
    }

    #[test]
    fn a_line_with_which_the_server_does_not_start_is_found_by_its_version() {
        let text = "maxmemory 1gb\nhide-user-data-from-log yes\nsave 900 1 # sometimes\n";
        let found = |compose: &str| {
            findings(
                NAME,
                &[("compose.yaml", compose), ("redis/cache/redis.conf", text)],
            )
        };
        let comment = "redis/cache/redis.conf:3:12: Redis knows no comments behind a directive; it takes this for arguments \
                       · help: put the comment on a line of its own";
        let old = found(&compose("7.0.15-alpine"));
        assert_eq!(old.len(), 2, "{old:?}");
        assert!(
            old[0].starts_with("redis/cache/redis.conf:2:1: "),
            "{old:?}"
        );
        assert_eq!(old[1], comment);
    }

    #[test]
    fn without_a_server_there_is_nothing_to_check() {
        assert!(verdict(NAME, &[("compose.yaml", "services: {}\n")]).starts_with("skipped"));
        let files = [(
            "redis/cache/exporter-user.conf",
            "user exporter on resetpass -@all +info\n",
        )];
        assert_eq!(verdict(NAME, &files), "passed");
    }
}
