//! Where panels stand.

use crate::facts::dashboard::Panel;
use crate::setup::{Document, Place};

/// Columns of the grid.
pub(super) const WIDTH: i64 = 24;

/// `gridPos` of a panel.
#[derive(Debug, Clone, Copy)]
pub(super) struct Area {
    pub x: i64,
    pub y: i64,
    pub width: i64,
    pub height: i64,
    pub place: Place,
}

impl Area {
    /// Whether both claim some place.
    pub(super) fn overlaps(&self, other: &Self) -> bool {
        let meet = |start: i64, length: i64, other_start: i64, other_length: i64| {
            start < other_start.saturating_add(other_length)
                && other_start < start.saturating_add(length)
        };
        meet(self.x, self.width, other.x, other.width)
            && meet(self.y, self.height, other.y, other.height)
    }
}

impl std::fmt::Display for Area {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let end = |start: i64, length: i64| start.saturating_add(length);
        write!(
            out,
            "columns {} to {}, lines {} to {}",
            self.x,
            end(self.x, self.width),
            self.y,
            end(self.y, self.height)
        )
    }
}

/// The place of a panel that has one, all of it.
pub(super) fn area(document: &Document, panel: &Panel) -> Option<Area> {
    let node = panel.node.get("gridPos")?;
    let number = |key: &str| node.get(key)?.scalar_text().parse::<i64>().ok();
    Some(Area {
        x: number("x")?,
        y: number("y")?,
        width: number("w")?,
        height: number("h")?,
        // The line that says how far down it is: in the middle of what describes the panel.
        place: document.place(node.get("y")?.span),
    })
}
