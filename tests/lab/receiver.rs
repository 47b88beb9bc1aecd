//! Where Alertmanager's webhooks arrive: the people who are told.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread::JoinHandle;
use std::time::Instant;

use serde::Deserialize;

use crate::application::{Application, Behaviour};
use crate::{Outcome, http};

/// One alert that somebody was told of.
#[derive(Debug, Clone)]
pub struct Arrival {
    /// Last part of the path that it arrived at: the channel's name in the profile.
    pub channel: String,
    pub labels: BTreeMap<String, String>,
    /// When its first message arrived.
    pub firing: Instant,
    /// When the message arrived that it is over.
    pub resolved: Option<Instant>,
}

impl Arrival {
    pub fn name(&self) -> &str {
        self.label("alertname")
    }

    pub fn label(&self, name: &str) -> &str {
        self.labels.get(name).map_or("", String::as_str)
    }
}

/// What Alertmanager sends to a webhook.
#[derive(Deserialize)]
struct Message {
    alerts: Vec<Alert>,
}

#[derive(Deserialize)]
struct Alert {
    status: String,
    labels: BTreeMap<String, String>,
}

#[derive(Debug)]
struct State {
    arrivals: Mutex<Vec<Arrival>>,
    problems: Mutex<Vec<String>>,
    application: Mutex<Application>,
    is_healthy: AtomicBool,
    is_over: AtomicBool,
}

/// An HTTP server that takes webhooks at `/<channel>`, answers probes at `/health`, and has the metrics of an application.
/// They also stand for those of Grafana, which is not in the lab.
#[derive(Debug)]
pub struct Receiver {
    port: u16,
    state: Arc<State>,
    thread: Option<JoinHandle<()>>,
}

impl Receiver {
    pub fn start(listener: TcpListener) -> Outcome<Self> {
        let port = listener
            .local_addr()
            .map_err(|error| error.to_string())?
            .port();
        let state = Arc::new(State {
            arrivals: Mutex::default(),
            problems: Mutex::default(),
            application: Mutex::default(),
            is_healthy: AtomicBool::new(true),
            is_over: AtomicBool::new(false),
        });
        let served = Arc::clone(&state);
        let thread = std::thread::spawn(move || {
            for stream in listener.incoming() {
                if served.is_over.load(Ordering::Relaxed) {
                    break;
                }
                // A client that goes away in the middle is no business of ours.
                let _ = stream.and_then(|stream| served.serve(&stream));
            }
        });
        Ok(Self {
            port,
            state,
            thread: Some(thread),
        })
    }

    /// Everything that has arrived since the last `clear`.
    pub fn arrivals(&self) -> Vec<Arrival> {
        locked(&self.state.arrivals).clone()
    }

    /// Messages that could not be read.
    pub fn problems(&self) -> Vec<String> {
        locked(&self.state.problems).clone()
    }

    /// Forgets what has arrived.
    pub fn clear(&self) {
        locked(&self.state.arrivals).clear();
    }

    /// How the application fares from now on.
    pub fn behave(&self, behaviour: Behaviour) {
        locked(&self.state.application).behaviour = behaviour;
    }

    /// What `/health` says from now on.
    pub fn set_healthy(&self, is_healthy: bool) {
        self.state.is_healthy.store(is_healthy, Ordering::Relaxed);
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.state.is_over.store(true, Ordering::Relaxed);
        // Wakes the thread, which waits for the next connection.
        let _ = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port));
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl State {
    fn serve(&self, stream: &TcpStream) -> std::io::Result<()> {
        let request = http::request(stream)?;
        match request.path.as_str() {
            "/metrics" => http::respond(stream, 200, &locked(&self.application).metrics()),
            "/health" | "/api/health" if self.is_healthy.load(Ordering::Relaxed) => {
                http::respond(stream, 200, "healthy\n")
            }
            "/health" => http::respond(stream, 503, "unhealthy\n"),
            path => {
                self.take(path.trim_start_matches('/'), &request.body);
                http::respond(stream, 200, "")
            }
        }
    }

    fn take(&self, channel: &str, body: &str) {
        let now = Instant::now();
        let message: Message = match serde_json::from_str(body) {
            Ok(message) => message,
            Err(error) => {
                locked(&self.problems).push(format!("{channel}: {error}: {body}"));
                return;
            }
        };
        let mut arrivals = locked(&self.arrivals);
        for alert in message.alerts {
            let known = arrivals.iter_mut().rev().find(|arrival| {
                arrival.channel == channel
                    && arrival.labels == alert.labels
                    && arrival.resolved.is_none()
            });
            match (known, alert.status.as_str()) {
                (Some(known), "resolved") => known.resolved = Some(now),
                (None, "firing") => arrivals.push(Arrival {
                    channel: channel.to_owned(),
                    labels: alert.labels,
                    firing: now,
                    resolved: None,
                }),
                // Told again.
                _ => {}
            }
        }
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner)
}
