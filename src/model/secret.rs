//! Where secrets are found, and who reads them.

use std::collections::{BTreeMap, BTreeSet};

use indexmap::IndexMap;

use crate::profile::SecretRef;

/// How a secret gets into a container.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Delivery {
    /// As a file under `/run/secrets`.
    File,
    /// As an environment variable, for programs that read nothing else. Visible in
    /// `docker inspect`.
    Environment,
}

/// One use of a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecretUse {
    /// The service that reads it.
    pub service: String,
    /// What for, as a person would say it: `password of the target cache`.
    pub purpose: String,
    /// How it gets there.
    pub delivery: Delivery,
}

/// A secret of the stack: where it is found, and who reads it. Never its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Secret {
    /// Name inside the stack: the Compose secret's, and the file's under `/run/secrets`.
    pub name: String,
    /// Where it is found.
    pub source: SecretRef,
    /// Who reads it, in the order in which the stack was resolved.
    pub uses: Vec<SecretUse>,
}

impl Secret {
    /// Path inside every container that mounts it.
    pub fn path(&self) -> String {
        format!("/run/secrets/{}", self.name)
    }

    /// Whether some container reads it as a file.
    pub fn is_mounted(&self) -> bool {
        self.uses.iter().any(|user| user.delivery == Delivery::File)
    }
}

/// An environment variable that must be set before the stack starts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Variable {
    /// Its name.
    pub name: String,
    /// What for, each with the services that need it.
    pub uses: Vec<SecretUse>,
}

/// All secrets of a stack, one for each distinct reference.
#[derive(Debug, Clone, Default)]
pub struct Secrets {
    entries: IndexMap<SecretRef, Secret>,
    /// References by the names that they were given.
    names: BTreeMap<String, SecretRef>,
    /// Names of what each service reads as files.
    mounted: BTreeMap<String, BTreeSet<String>>,
}

impl Secrets {
    /// None yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Notes that `service` reads `source` as a file. Gives the file's path in the container.
    pub fn mount(&mut self, source: &SecretRef, service: &str, purpose: &str) -> String {
        self.note(source, service, purpose, Delivery::File).path()
    }

    /// Notes that each of `services`, at least one, reads `source` as a file. Gives the file's path in the containers.
    pub fn mount_all<S: AsRef<str>>(
        &mut self,
        source: &SecretRef,
        services: &[S],
        purpose: &str,
    ) -> String {
        let paths = services
            .iter()
            .map(|service| self.mount(source, service.as_ref(), purpose));
        paths.last().unwrap_or_default()
    }

    /// Notes that `service` is given the environment variable `name` of the one who starts the
    /// stack, as an environment variable of its own.
    pub fn pass_on(&mut self, name: &str, service: &str, purpose: &str) {
        let source = SecretRef::Env(name.into());
        self.note(&source, service, purpose, Delivery::Environment);
    }

    fn note(
        &mut self,
        source: &SecretRef,
        service: &str,
        purpose: &str,
        delivery: Delivery,
    ) -> &Secret {
        if !self.entries.contains_key(source) {
            let name = self.free_name(source);
            self.names.insert(name.clone(), source.clone());
            let secret = Secret {
                name,
                source: source.clone(),
                uses: Vec::new(),
            };
            self.entries.insert(source.clone(), secret);
        }
        let secret = &mut self.entries[source];
        if delivery == Delivery::File {
            let mounted = self.mounted.entry(service.into()).or_default();
            mounted.insert(secret.name.clone());
        }
        let used = SecretUse {
            service: service.into(),
            purpose: purpose.into(),
            delivery,
        };
        if !secret.uses.contains(&used) {
            secret.uses.push(used);
        }
        secret
    }

    /// The variable in lower case, or the file's name; numbered where two references would share it.
    fn free_name(&self, source: &SecretRef) -> String {
        let name = match source {
            SecretRef::Env(name) => name.to_ascii_lowercase(),
            SecretRef::File(path) => path.rsplit('/').next().unwrap_or(path).to_owned(),
        };
        (1..)
            .map(|number| match number {
                1 => name.clone(),
                _ => format!("{name}-{number}"),
            })
            .find(|candidate| !self.names.contains_key(candidate))
            .expect("internal error: some number is free")
    }

    /// All of them, by name.
    pub fn sorted(&self) -> Vec<&Secret> {
        self.names
            .values()
            .map(|source| &self.entries[source])
            .collect()
    }

    /// Those that `service` reads as files, by name.
    pub fn mounted_by(&self, service: &str) -> Vec<&Secret> {
        self.mounted
            .get(service)
            .into_iter()
            .flatten()
            .map(|name| &self.entries[&self.names[name]])
            .collect()
    }

    /// The environment variables that must be set, by name.
    pub fn variables(&self) -> Vec<Variable> {
        let mut variables: Vec<Variable> = self
            .entries
            .values()
            .filter_map(|secret| match &secret.source {
                SecretRef::Env(name) => Some(Variable {
                    name: name.clone(),
                    uses: secret.uses.clone(),
                }),
                SecretRef::File(_) => None,
            })
            .collect();
        variables.sort_by(|a, b| a.name.cmp(&b.name));
        variables
    }

    /// The files that must be there, with who reads them, by path.
    pub fn files(&self) -> Vec<(&str, &Secret)> {
        let mut files: Vec<(&str, &Secret)> = self
            .entries
            .values()
            .filter_map(|secret| match &secret.source {
                SecretRef::File(path) => Some((path.as_str(), secret)),
                SecretRef::Env(_) => None,
            })
            .collect();
        files.sort_by_key(|(path, _)| *path);
        files
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn env(name: &str) -> SecretRef {
        SecretRef::Env(name.into())
    }

    fn file(path: &str) -> SecretRef {
        SecretRef::File(path.into())
    }

    #[test]
    fn one_reference_is_one_secret_and_two_never_share_a_name() {
        let mut secrets = Secrets::new();
        let path = secrets.mount(&env("REDIS_PASSWORD"), "cache", "password");
        assert_eq!(path, "/run/secrets/redis_password");
        assert_eq!(
            path,
            secrets.mount(&env("REDIS_PASSWORD"), "other", "password")
        );
        let second = secrets.mount(&env("redis_password"), "cache", "password");
        let third = secrets.mount(&file("a/b/redis_password"), "cache", "password");
        assert_eq!(second, "/run/secrets/redis_password-2");
        assert_eq!(third, "/run/secrets/redis_password-3");
        assert_eq!(secrets.sorted().len(), 3);
        assert_eq!(secrets.mounted_by("other").len(), 1);
        assert_eq!(secrets.files()[0].0, "a/b/redis_password");
    }

    #[test]
    fn a_variable_that_is_only_passed_on_is_no_file() {
        let mut secrets = Secrets::new();
        secrets.pass_on("REDIS_PASSWORD", "redis-exporter", "password of cache");
        assert!(secrets.mounted_by("redis-exporter").is_empty());
        assert!(!secrets.sorted()[0].is_mounted());
        assert_eq!(secrets.variables()[0].name, "REDIS_PASSWORD");
    }
}
