use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// What editors check of an address; the rest is [`Address::from_str`]'s.
pub(super) const ADDRESS_PATTERN: &str = "^rediss?://";

/// A Redis address without a password: `redis://[user@]host[:port][/db]`, `rediss://` for TLS.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Address {
    /// Whether the connection is encrypted.
    pub tls: bool,
    /// ACL user; Redis' `default` unless given.
    pub user: Option<String>,
    /// Host name or IP address, lower case; IPv6 without brackets.
    pub host: String,
    /// Port, if it was given.
    pub port: Option<u16>,
    /// Number of the database, if it was given. The exporter reads all of them; it is for people.
    pub db: Option<u16>,
}

/// Why a text is not an [`Address`]. Never holds the text, which may contain a password.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// Neither `redis://` nor `rediss://`.
    #[error("an address begins with `redis://`, or `rediss://` for TLS")]
    Scheme,
    /// `redis://user:password@…`.
    #[error("an address must not contain a password; give a reference in `password`")]
    Password,
    /// Nothing before the port.
    #[error("the address has no host")]
    NoHost,
    /// A character no host name has.
    #[error("the host of an address consists of letters, digits, `.`, `-` and `_`")]
    Host,
    /// Not a number from 1 to 65535.
    #[error("the port of an address is a number from 1 to 65535")]
    Port,
    /// Not a number.
    #[error("what follows the host is the number of a database, such as `/0`")]
    Database,
    /// `?…` or `#…`.
    #[error("an address has neither a query nor a fragment; the exporter does not read them")]
    Query,
}

impl Address {
    /// The port, or `default` where none was given.
    pub fn port_or(&self, default: u16) -> u16 {
        self.port.unwrap_or(default)
    }

    /// `host:port`, with brackets around IPv6.
    pub fn host_and_port(&self, default: u16) -> String {
        let port = self.port_or(default);
        if self.host.contains(':') {
            format!("[{}]:{port}", self.host)
        } else {
            format!("{}:{port}", self.host)
        }
    }

    /// Its user, unless that is the one whom everybody is without a name.
    pub fn own_user(&self) -> Option<&str> {
        self.user.as_deref().filter(|user| *user != "default")
    }

    /// The address as redis_exporter takes it in `target`: without the database, which it ignores,
    /// and always with a port, so that one server has one spelling.
    pub fn to_exporter_target(&self, default_port: u16) -> String {
        let scheme = if self.tls { "rediss" } else { "redis" };
        let user = self
            .user
            .as_ref()
            .map_or_else(String::new, |user| format!("{user}@"));
        format!("{scheme}://{user}{}", self.host_and_port(default_port))
    }
}

impl FromStr for Address {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        let (tls, rest) = if let Some(rest) = text.strip_prefix("redis://") {
            (false, rest)
        } else if let Some(rest) = text.strip_prefix("rediss://") {
            (true, rest)
        } else {
            return Err(AddressError::Scheme);
        };
        let (rest, user) = match rest.rsplit_once('@') {
            None => (rest, None),
            Some((user, _)) if user.contains(':') => return Err(AddressError::Password),
            Some((user, rest)) => (rest, Some(user)),
        };
        if rest.contains(['?', '#']) {
            return Err(AddressError::Query);
        }
        let (place, db) = match rest.split_once('/') {
            None | Some((_, "")) => (rest.trim_end_matches('/'), None),
            Some((place, db)) => (place, Some(db.parse().map_err(|_| AddressError::Database)?)),
        };
        let (host, port) = split_host(place)?;
        let ipv6 = host.contains(':');
        if host.is_empty() {
            return Err(AddressError::NoHost);
        }
        let host_ok = if ipv6 {
            host.parse::<std::net::Ipv6Addr>().is_ok()
        } else {
            host.chars()
                .all(|char| char.is_ascii_alphanumeric() || matches!(char, '.' | '-' | '_'))
        };
        let user_ok = user.is_none_or(|user| {
            !user.is_empty()
                && user
                    .chars()
                    .all(|char| char.is_ascii_graphic() && char != '/')
        });
        if !host_ok || !user_ok {
            return Err(AddressError::Host);
        }
        Ok(Self {
            tls,
            user: user.map(Into::into),
            host: host.to_ascii_lowercase(),
            port,
            db,
        })
    }
}

fn split_host(place: &str) -> Result<(&str, Option<u16>), AddressError> {
    let (host, port) = if let Some(bracketed) = place.strip_prefix('[') {
        let (host, after) = bracketed.split_once(']').ok_or(AddressError::Host)?;
        (host, after.strip_prefix(':'))
    } else {
        match place.split_once(':') {
            None => (place, None),
            Some((host, port)) => (host, Some(port)),
        }
    };
    let port = port
        .map(|port| match port.parse::<u16>() {
            Ok(port) if port > 0 => Ok(port),
            _ => Err(AddressError::Port),
        })
        .transpose()?;
    Ok((host, port))
}

impl fmt::Display for Address {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(if self.tls { "rediss://" } else { "redis://" })?;
        if let Some(user) = &self.user {
            write!(out, "{user}@")?;
        }
        if self.host.contains(':') {
            write!(out, "[{}]", self.host)?;
        } else {
            out.write_str(&self.host)?;
        }
        if let Some(port) = self.port {
            write!(out, ":{port}")?;
        }
        if let Some(db) = self.db {
            write!(out, "/{db}")?;
        }
        Ok(())
    }
}

impl Serialize for Address {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Address {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

impl JsonSchema for Address {
    fn schema_name() -> Cow<'static, str> {
        "Address".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "A Redis address without a password: redis://[user@]host[:port][/db], rediss:// for TLS.",
            "type": "string",
            "pattern": ADDRESS_PATTERN,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_and_written_in_one_spelling() {
        for (text, target) in [
            ("redis://Cache", "redis://cache:6379"),
            ("rediss://h:6380/2", "rediss://h:6380"),
            ("redis://monitor@h:1", "redis://monitor@h:1"),
            ("redis://[::1]:7000/", "redis://[::1]:7000"),
            ("redis://10.0.0.1", "redis://10.0.0.1:6379"),
        ] {
            let address: Address = text.parse().unwrap();
            assert_eq!(address.to_exporter_target(6379), target);
            assert_eq!(address.to_string().parse::<Address>().unwrap(), address);
        }
    }

    #[test]
    fn wrong_addresses_say_why_without_repeating_themselves() {
        for (text, error) in [
            ("cache:6379", AddressError::Scheme),
            ("http://cache", AddressError::Scheme),
            ("redis://:hunter2@cache", AddressError::Password),
            ("redis://u:hunter2@cache", AddressError::Password),
            ("redis://", AddressError::NoHost),
            ("redis://:6379", AddressError::NoHost),
            ("redis://a b", AddressError::Host),
            ("redis://h:0", AddressError::Port),
            ("redis://h:99999", AddressError::Port),
            ("redis://h/x", AddressError::Database),
            ("redis://h/0?x=1", AddressError::Query),
            ("redis://[::1", AddressError::Host),
            ("redis://{{ x }}", AddressError::Host),
        ] {
            let found = text.parse::<Address>().unwrap_err();
            assert_eq!(found, error, "{text}");
            assert!(!found.to_string().contains("hunter2"));
        }
    }
}
