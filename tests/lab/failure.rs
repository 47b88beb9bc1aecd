//! One way in which things go wrong, and whether the right people are told.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use crate::Outcome;
use crate::receiver::Arrival;
use crate::stack::Stack;
use crate::wait::{PATIENCE, until};

/// Something that is broken, seen, and mended.
#[derive(Debug)]
pub struct Failure {
    /// As somebody would say it who reads the table.
    pub name: &'static str,
    /// The target that it is about; alerts about another one are false. `None` for all of them.
    pub target: Option<&'static str>,
    /// Alerts that must arrive, each with the channel that it must arrive at.
    pub told: &'static [(&'static str, &'static str)],
    /// Alerts that are true as well, and may arrive.
    pub beside: &'static [&'static str],
    /// Alerts that may arrive once it is mended, and are true until everything has caught up.
    pub afterwards: &'static [&'static str],
    pub cause: fn(&mut Stack) -> Outcome<()>,
    pub mend: fn(&mut Stack) -> Outcome<()>,
}

/// One alert of one failure.
#[derive(Debug, Clone)]
pub struct Row {
    pub alert: &'static str,
    pub channel: &'static str,
    /// From the failure to the message.
    pub told_after: Duration,
    /// From its end to the message that it is over.
    pub resolved_after: Duration,
}

impl Failure {
    /// Whatever an entry does not say.
    pub const REST: Self = Self {
        name: "",
        target: None,
        told: &[],
        beside: &[],
        afterwards: &[],
        cause: |_| Ok(()),
        mend: |_| Ok(()),
    };

    /// Breaks and mends a stack on which all is well, and leaves it so. While it is broken, somebody may `look`.
    pub fn run(
        &self,
        stack: &mut Stack,
        look: impl FnOnce(&Stack) -> Outcome<()>,
    ) -> Outcome<Vec<Row>> {
        stack.receiver.clear();
        let broken = Instant::now();
        let told = (self.cause)(stack).and_then(|()| self.is_told(stack));
        let looked = look(stack);
        let mended = Instant::now();
        stack.release();
        let calm = (self.mend)(stack).and_then(|()| stack.calms_down(PATIENCE));
        let arrivals = stack.receiver.arrivals();
        told?;
        looked?;
        calm?;
        self.expect_nothing_else(&arrivals, mended)?;
        Ok(self
            .told
            .iter()
            .filter_map(|told| {
                let of = |arrival: &&Arrival| is(arrival, told);
                let firing = arrivals.iter().filter(of).map(|it| it.firing).min()?;
                let resolved = arrivals
                    .iter()
                    .filter(of)
                    .filter_map(|it| it.resolved)
                    .max()?;
                Some(Row {
                    alert: told.0,
                    channel: told.1,
                    told_after: firing - broken,
                    resolved_after: resolved.saturating_duration_since(mended),
                })
            })
            .collect())
    }

    /// Waits until every alert has arrived at its channel.
    fn is_told(&self, stack: &Stack) -> Outcome<()> {
        until("everybody is told", PATIENCE, || {
            let arrivals = stack.receiver.arrivals();
            let missing: Vec<&str> = self
                .told
                .iter()
                .filter(|told| !arrivals.iter().any(|arrival| is(arrival, told)))
                .map(|(alert, _)| *alert)
                .collect();
            if missing.is_empty() {
                return Ok(Some(()));
            }
            let alerts = stack.api().alerts().unwrap_or_default();
            Err(format!(
                "{} (in Prometheus: {}; arrived: {})",
                missing.join(", "),
                alerts.join(", "),
                names(&arrivals)
            ))
        })
    }

    /// Alerts that are not true, or about something else.
    fn expect_nothing_else(&self, arrivals: &[Arrival], mended: Instant) -> Outcome<()> {
        let false_alarms: BTreeSet<String> = arrivals
            .iter()
            .filter(|arrival| {
                let name = arrival.name();
                let is_known = self.told.iter().any(|(alert, _)| *alert == name)
                    || self.beside.contains(&name)
                    || (arrival.firing > mended && self.afterwards.contains(&name));
                let target = arrival.label("redis");
                let is_elsewhere = self
                    .target
                    .is_some_and(|it| !target.is_empty() && target != it);
                !is_known || is_elsewhere
            })
            .map(|arrival| {
                let about = ["redis", "instance"]
                    .map(|name| arrival.label(name))
                    .join(" ");
                format!(
                    "{} ({}) at {}",
                    arrival.name(),
                    about.trim(),
                    arrival.channel
                )
            })
            .collect();
        if false_alarms.is_empty() {
            return Ok(());
        }
        let list: Vec<String> = false_alarms.into_iter().collect();
        Err(format!("false alarms: {}", list.join(", ")))
    }
}

fn is(arrival: &Arrival, (alert, channel): &(&str, &str)) -> bool {
    arrival.name() == *alert && arrival.channel == *channel
}

fn names(arrivals: &[Arrival]) -> String {
    let names: BTreeSet<&str> = arrivals.iter().map(Arrival::name).collect();
    names.into_iter().collect::<Vec<_>>().join(", ")
}
