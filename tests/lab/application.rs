//! A program in front of Redis that behaves as it is told, as far as its metrics show.

use std::time::Instant;

/// How it fares.
#[derive(Debug, Clone, Copy)]
pub struct Behaviour {
    /// What it says about itself: 1 up, 0.5 degraded, 0 down.
    pub health: f64,
    /// Share of the requests that it answers with an error.
    pub failing: f64,
    /// Share of the requests that take seconds.
    pub slow: f64,
}

impl Behaviour {
    pub const WELL: Self = Self {
        health: 1.0,
        failing: 0.0,
        slow: 0.0,
    };
}

/// It serves a hundred requests per second. Counters only go up, whatever becomes of it.
#[derive(Debug)]
pub struct Application {
    pub behaviour: Behaviour,
    counted: Instant,
    requests: f64,
    failed: f64,
    slow: f64,
}

impl Default for Application {
    fn default() -> Self {
        Self {
            behaviour: Behaviour::WELL,
            counted: Instant::now(),
            requests: 0.0,
            failed: 0.0,
            slow: 0.0,
        }
    }
}

impl Application {
    /// What it says to Prometheus.
    pub fn metrics(&mut self) -> String {
        let new = self.counted.elapsed().as_secs_f64() * 100.0;
        self.counted = Instant::now();
        self.requests += new;
        self.failed += new * self.behaviour.failing;
        self.slow += new * self.behaviour.slow;
        let Self {
            requests,
            failed,
            slow,
            ..
        } = *self;
        let health = self.behaviour.health;
        let (fine, fast) = (requests - failed, requests - slow);
        let sum = fast * 0.01 + slow * 5.0;
        format!(
            "# TYPE lab_requests_total counter\n\
             lab_requests_total{{code=\"200\"}} {fine}\n\
             lab_requests_total{{code=\"500\"}} {failed}\n\
             # TYPE lab_request_seconds histogram\n\
             lab_request_seconds_bucket{{le=\"0.1\"}} {fast}\n\
             lab_request_seconds_bucket{{le=\"10\"}} {requests}\n\
             lab_request_seconds_bucket{{le=\"+Inf\"}} {requests}\n\
             lab_request_seconds_sum {sum}\n\
             lab_request_seconds_count {requests}\n\
             # TYPE lab_health gauge\n\
             lab_health {health}\n"
        )
    }
}
