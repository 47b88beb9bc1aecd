//! Clients.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::Outcome;
use crate::redis::{Connection, Reply};
use crate::server::Server;

/// As many connections to a server, all of them open.
pub fn crowd(server: &Server, size: usize) -> Outcome<Vec<Connection>> {
    (0..size).map(|_| server.connect()).collect()
}

/// Something that is done again and again, until it is dropped.
#[derive(Debug)]
pub struct Load {
    is_over: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Load {
    /// Calls `act` with this pause in between.
    pub fn every(pause: Duration, mut act: impl FnMut() + Send + 'static) -> Self {
        let is_over = Arc::new(AtomicBool::new(false));
        let seen = Arc::clone(&is_over);
        let thread = std::thread::spawn(move || {
            while !seen.load(Ordering::Relaxed) {
                act();
                std::thread::sleep(pause);
            }
        });
        Self {
            is_over,
            thread: Some(thread),
        }
    }

    /// What a healthy application does: it reads more than it writes, finds most of what it asks for, and gives most
    /// keys a time to live. It takes errors as they come, and is so small that its hit ratio means nothing.
    pub fn traffic(servers: &[Server]) -> Self {
        let mut clients: Vec<Client> = servers
            .iter()
            .filter(|server| !server.is_sentinel)
            .map(Client::new)
            .collect();
        let mut turn = 0_u32;
        Self::every(Duration::from_millis(400), move || {
            turn = turn.wrapping_add(1);
            for client in &mut clients {
                client.work(turn);
            }
        })
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// A client of one server that comes back after an error.
struct Client {
    port: u16,
    password: Option<&'static str>,
    connection: Option<Connection>,
}

impl Client {
    fn new(server: &Server) -> Self {
        Self {
            port: server.port,
            password: server.password,
            connection: None,
        }
    }

    fn work(&mut self, turn: u32) {
        let known = format!("lab:{}", turn % 20);
        let kept = format!("kept:{}", turn % 5);
        let commands: [&[&str]; 5] = [
            &["SET", &known, "value", "EX", "300"],
            &["SET", &kept, "value"],
            &["GET", &known],
            &["GET", &known],
            &["GET", "lab:nothing"],
        ];
        for command in commands {
            if self.ask(command).is_err() {
                self.connection = None;
                return;
            }
        }
    }

    fn ask(&mut self, command: &[&str]) -> std::io::Result<Reply> {
        let connection = match &mut self.connection {
            Some(connection) => connection,
            none => {
                let mut connection = Connection::open(self.port)?;
                if let Some(password) = self.password
                    && let Reply::Error(error) = connection.ask(&["AUTH", password])?
                {
                    return Err(std::io::Error::other(error));
                }
                none.insert(connection)
            }
        };
        connection.ask(command)
    }
}
