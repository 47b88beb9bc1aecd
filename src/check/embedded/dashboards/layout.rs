//! Panels lie inside the grid and not on each other.

use super::NAME;
use crate::check::embedded::inspection::Document;
use crate::diagnostic::Diagnostic;
use crate::document::Node;
use crate::source::Span;

/// Columns of Grafana's grid.
const COLUMNS: i64 = 24;

#[derive(Debug, Clone, Copy)]
struct Place<'n> {
    title: &'n str,
    span: Span,
    x: i64,
    y: i64,
    width: i64,
    height: i64,
}

impl Place<'_> {
    fn overlaps(&self, other: &Self) -> bool {
        self.x < other.x + other.width
            && other.x < self.x + self.width
            && self.y < other.y + other.height
            && other.y < self.y + self.height
    }
}

pub(super) fn check(document: &Document<'_>, findings: &mut Vec<Diagnostic>) {
    group(document, &document.tree, findings);
}

/// Checks the panels directly below `node`. What a collapsed row holds is laid out when the row opens, and then the rest
/// moves away, so it is a group of its own.
fn group(document: &Document<'_>, node: &Node, findings: &mut Vec<Diagnostic>) {
    let mut places: Vec<Place<'_>> = Vec::new();
    for panel in node.get("panels").into_iter().flat_map(|list| list.items()) {
        group(document, panel, findings);
        // One without a place is told of by the schema.
        places.extend(place(panel));
    }
    for place in &places {
        if place.x < 0 || place.y < 0 || place.width < 1 || place.height < 1 {
            let message = format!("the panel `{}` has no size or lies outside", place.title);
            findings.push(document.error(NAME, place.span, message));
        } else if place.x + place.width > COLUMNS {
            let message = format!(
                "the panel `{}` ends in column {}, but there are {COLUMNS}",
                place.title,
                place.x + place.width
            );
            findings.push(document.error(NAME, place.span, message));
        }
    }
    // From top to bottom, only panels that reach down to the next one's top can overlap it.
    places.sort_by_key(|place| (place.y, place.x));
    let mut open: Vec<Place<'_>> = Vec::new();
    for place in places {
        open.retain(|above| above.y + above.height > place.y);
        if let Some(other) = open.iter().find(|above| above.overlaps(&place)) {
            let message = format!(
                "the panel `{}` lies on the panel `{}`",
                place.title, other.title
            );
            findings.push(document.error(NAME, place.span, message).related(
                "lies here",
                document.text.file(),
                other.span,
            ));
        }
        open.push(place);
    }
}

fn place(panel: &Node) -> Option<Place<'_>> {
    let grid = panel.get("gridPos")?;
    let number = |key| super::whole(grid, key).map(|(number, _)| number);
    let title = panel.get("title").and_then(|title| title.as_str());
    Some(Place {
        title: title.unwrap_or_default(),
        span: grid.span,
        x: number("x")?,
        y: number("y")?,
        width: number("w")?,
        height: number("h")?,
    })
}

#[cfg(test)]
mod tests {
    use crate::check::embedded::samples::findings;

    fn found(panels: &str) -> Vec<String> {
        let dashboard = format!("{{\"uid\": \"a\", \"panels\": [\n{panels}]}}");
        findings(
            "grafana/dashboards",
            &[("grafana/dashboards/a.json", &dashboard)],
        )
    }

    #[test]
    fn panels_side_by_side_are_not_reported() {
        let panels = r#"{"title": "a", "gridPos": {"x": 0, "y": 0, "w": 12, "h": 8}},
{"title": "b", "gridPos": {"x": 12, "y": 0, "w": 12, "h": 4}},
{"title": "c", "gridPos": {"x": 12, "y": 4, "w": 12, "h": 4}},
{"title": "r", "type": "row", "gridPos": {"x": 0, "y": 8, "w": 24, "h": 1}, "panels": [
  {"title": "d", "gridPos": {"x": 0, "y": 9, "w": 12, "h": 8}}]},
{"title": "s", "type": "row", "gridPos": {"x": 0, "y": 9, "w": 24, "h": 1}}"#;
        assert_eq!(found(panels), [""; 0]);
    }

    #[test]
    fn panels_on_each_other_or_outside_are_reported() {
        let panels = r#"{"title": "b", "gridPos": {"x": 11, "y": 3, "w": 12, "h": 4}},
{"title": "a", "gridPos": {"x": 0, "y": 0, "w": 12, "h": 8}},
{"title": "c", "gridPos": {"x": 13, "y": 8, "w": 12, "h": 4}},
{"title": "d", "gridPos": {"x": 0, "y": 8, "w": 0, "h": 4}}"#;
        assert_eq!(
            found(panels),
            [
                "grafana/dashboards/a.json:4:27: the panel `c` ends in column 25, but there are 24",
                "grafana/dashboards/a.json:5:27: the panel `d` has no size or lies outside",
                "grafana/dashboards/a.json:2:27: the panel `b` lies on the panel `a`",
            ]
        );
    }
}
