//! Waiting for what takes its time.

use std::time::{Duration, Instant};

use crate::Outcome;

/// How long anything may take that should take seconds, on a machine that does other things as well.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// What `probe` finds, as soon as it finds something. An error of the last probe says why it never did.
pub fn until<T>(
    what: &str,
    patience: Duration,
    mut probe: impl FnMut() -> Outcome<Option<T>>,
) -> Outcome<T> {
    let start = Instant::now();
    loop {
        let reason = match probe() {
            Ok(Some(found)) => return Ok(found),
            Ok(None) => String::new(),
            Err(error) => format!(": {error}"),
        };
        if start.elapsed() > patience {
            return Err(format!(
                "not within {}s: {what}{reason}",
                patience.as_secs()
            ));
        }
        std::thread::sleep(Duration::from_millis(100));
    }
}
