//! Everything that is broken in the lab, and who must hear of it.

mod cluster;
mod replicated;
mod sentinel;
mod standalone;
mod two_standalones;

use crate::Outcome;
use crate::failure::Failure;
use crate::stack::Stack;
use crate::topology::Topology;

/// What goes wrong in a topology, in the order of the page.
pub fn of(topology: Topology) -> &'static [Failure] {
    match topology {
        Topology::Standalone => standalone::FAILURES,
        Topology::TwoStandalones => two_standalones::FAILURES,
        Topology::Replicated => replicated::FAILURES,
        Topology::Sentinel => sentinel::FAILURES,
        Topology::Cluster => cluster::FAILURES,
    }
}

/// What nobody has set.
const WRONG_PASSWORD: &str = "wrong";

/// Which of these servers is a primary now.
fn primary(stack: &Stack, among: impl IntoIterator<Item = usize>) -> Outcome<usize> {
    among
        .into_iter()
        .find(|number| {
            let info = stack.servers[*number].info("replication");
            info.is_ok_and(|info| info.contains("role:master"))
        })
        .ok_or("there is no primary".into())
}
