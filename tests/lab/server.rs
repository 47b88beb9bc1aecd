//! One redis-server or sentinel.

use std::fs;
use std::path::Path;
use std::time::Duration;

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
        let arguments = if plan.is_sentinel {
            let path = directory.join("sentinel.conf");
            fs::write(&path, sentinel(port, ports.redis(0))).map_err(|error| error.to_string())?;
            vec![path.to_string_lossy().into_owned()]
        } else {
            let mut arguments = words(&format!(
                "--port {port} --bind 127.0.0.1 --loglevel notice --repl-diskless-sync-delay 0"
            ));
            arguments.extend(plan.arguments.iter().cloned());
            if let Some(password) = password {
                arguments.extend(words(&format!(
                    "--requirepass {password} --masterauth {password}"
                )));
            }
            arguments
        };
        let program = if plan.is_sentinel {
            "redis-sentinel"
        } else {
            "redis-server"
        };
        // A file that may not grow shall be an error of write(2) to Redis, and not the end of it.
        let mut command = words("sh -c");
        command.push("trap '' XFSZ; exec \"$0\" \"$@\"".into());
        command.push(tools.program(program).to_string_lossy().into_owned());
        command.extend(arguments);
        let mut server = Self {
            port,
            bus: ports.bus(number),
            password,
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

    /// Waits until a section of INFO has this line.
    pub fn shows(&self, section: &str, line: &str, patience: Duration) -> Outcome<()> {
        until(line, patience, || {
            let info = self.info(section)?;
            Ok(info.lines().any(|it| it == line).then_some(()))
        })
    }
}

fn text(reply: Reply) -> Outcome<String> {
    match reply {
        Reply::Text(text) => Ok(text),
        other => Err(format!("not a text: {other:?}")),
    }
}

fn words(text: &str) -> Vec<String> {
    text.split(' ').map(str::to_owned).collect()
}

/// The configuration of a sentinel that acts within seconds.
fn sentinel(port: u16, primary: u16) -> String {
    format!(
        "port {port}\n\
         bind 127.0.0.1\n\
         sentinel monitor cache 127.0.0.1 {primary} 2\n\
         sentinel down-after-milliseconds cache 2000\n\
         sentinel failover-timeout cache 6000\n\
         sentinel parallel-syncs cache 2\n"
    )
}
