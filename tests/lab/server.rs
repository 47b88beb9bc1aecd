//! One redis-server or sentinel.

use std::fs;
use std::path::Path;

use crate::Outcome;
use crate::ports::Ports;
use crate::process::Daemon;
use crate::redis::{Connection, Reply};
use crate::tools::Generation;
use crate::topology::{Plan, Topology};
use crate::wait::{PATIENCE, until};

#[derive(Debug)]
pub struct Server {
    pub port: u16,
    /// Its port on the cluster bus.
    pub bus: u16,
    pub password: Option<&'static str>,
    pub is_sentinel: bool,
    pub directory: std::path::PathBuf,
    pub daemon: Daemon,
}

impl Server {
    /// Starts the server `number` of a topology in a directory of its own.
    pub fn start(
        topology: Topology,
        plan: &Plan,
        number: usize,
        ports: &Ports,
        tools: &Generation,
        root: &Path,
    ) -> Outcome<Self> {
        let directory = root.join(plan.name);
        fs::create_dir_all(&directory).map_err(|error| error.to_string())?;
        let port = ports.redis(number);
        let password = if plan.is_sentinel {
            None
        } else {
            topology.password()
        };
        let mut configuration = format!("port {port}\nbind 127.0.0.1\n{}\n", plan.configuration);
        if !plan.is_sentinel {
            configuration.push_str("save 3600 1\nrepl-diskless-sync-delay 0\n");
            // Well above what a busy machine makes of any command.
            configuration.push_str("slowlog-log-slower-than 150000\n");
        }
        if let Some(password) = password {
            configuration.push_str(&format!("requirepass {password}\nmasterauth {password}\n"));
        }
        // A file, because sentinels write into it who is the primary now.
        let path = directory.join("redis.conf");
        fs::write(&path, configuration).map_err(|error| error.to_string())?;
        let program = if plan.is_sentinel {
            "redis-sentinel"
        } else {
            "redis-server"
        };
        let command = vec![
            "sh".into(),
            "-c".into(),
            // A file that may not grow shall be an error of write(2) to Redis, and not the end of it.
            "trap '' XFSZ; exec \"$@\"".into(),
            "sh".into(),
            tools.program(program).to_string_lossy().into_owned(),
            path.to_string_lossy().into_owned(),
        ];
        let mut server = Self {
            port,
            bus: ports.bus(number),
            password,
            is_sentinel: plan.is_sentinel,
            daemon: Daemon::new(plan.name, command, &directory, root),
            directory,
        };
        server.up()?;
        Ok(server)
    }

    /// Starts it (again), and waits until it answers.
    pub fn up(&mut self) -> Outcome<()> {
        self.daemon.start()?;
        until("redis-server answers", PATIENCE, || {
            self.daemon.check()?;
            Ok(match self.tell(&["PING"])? {
                Reply::Text(_) => Some(()),
                _ => None,
            })
        })
    }

    /// A connection that has logged in.
    pub fn connect(&self) -> Outcome<Connection> {
        let mut connection =
            Connection::open(self.port).map_err(|error| format!("port {}: {error}", self.port))?;
        if let Some(password) = self.password {
            connection.tell(&["AUTH", password])?;
        }
        Ok(connection)
    }

    /// The answer to one command, which must not be an error.
    pub fn tell(&self, words: &[&str]) -> Outcome<Reply> {
        self.connect()?.tell(words)
    }

    /// Sets a parameter.
    pub fn configure(&self, parameter: &str, value: &str) -> Outcome<()> {
        self.tell(&["CONFIG", "SET", parameter, value]).map(drop)
    }

    /// A section of INFO.
    pub fn info(&self, section: &str) -> Outcome<String> {
        text(self.tell(&["INFO", section])?)
    }

    pub fn cluster_info(&self) -> Outcome<String> {
        text(self.tell(&["CLUSTER", "INFO"])?)
    }
}

fn text(reply: Reply) -> Outcome<String> {
    match reply {
        Reply::Text(text) => Ok(text),
        other => Err(format!("not a text: {other:?}")),
    }
}
