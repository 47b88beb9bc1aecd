//! Places on Grafana's grid.

use serde::Serialize;

use crate::catalogue::PanelSize;

/// Columns of Grafana's grid.
pub const COLUMNS: u8 = 24;

/// A place on the grid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Place {
    /// First column, from 0.
    pub x: u8,
    /// First line, from 0.
    pub y: u32,
    /// Columns.
    pub w: u8,
    /// Lines.
    pub h: u8,
}

/// Places for panels of wished sizes, in order, from line `top`, and the first free line below.
///
/// Panels of one height stand together; lines are as few as possible, as even as possible, and
/// filled to the last column.
pub fn place(sizes: &[PanelSize], top: u32) -> (Vec<Place>, u32) {
    let mut places = Vec::with_capacity(sizes.len());
    let mut y = top;
    for (widths, h) in bands(sizes) {
        let mut rest = widths.as_slice();
        for length in lines(&widths) {
            let (line, others) = rest.split_at(length);
            rest = others;
            let mut x = 0;
            for w in stretched(line) {
                places.push(Place { x, y, w, h });
                x += w;
            }
            y += u32::from(h);
        }
    }
    (places, y)
}

/// Runs of panels of one height. A run that does not fill half a line joins the one after it, at
/// whose height its panels then are, or the one before it.
fn bands(sizes: &[PanelSize]) -> Vec<(Vec<u8>, u8)> {
    let mut bands: Vec<(Vec<u8>, u8)> = Vec::new();
    for size in sizes {
        let (width, height) = (size.width.clamp(1, COLUMNS), size.height.max(1));
        match bands.last_mut() {
            Some((widths, h)) if *h == height => widths.push(width),
            Some((widths, h)) if is_short(widths) => {
                widths.push(width);
                *h = height;
            }
            _ => bands.push((vec![width], height)),
        }
    }
    if bands.len() > 1 && bands.last().is_some_and(|(widths, _)| is_short(widths)) {
        let (last, _) = bands.pop().unwrap_or_default();
        if let Some((widths, _)) = bands.last_mut() {
            widths.extend(last);
        }
    }
    bands
}

fn is_short(widths: &[u8]) -> bool {
    widths.iter().map(|width| u32::from(*width)).sum::<u32>() < u32::from(COLUMNS) / 2
}

/// Numbers of panels per line: fewest lines, then the least sum of squares of empty columns, then
/// the fuller line first.
fn lines(widths: &[u8]) -> Vec<usize> {
    // best[n]: (lines, sum of squares, length of the last line) for the first n panels.
    let mut best: Vec<(u32, u64, usize)> = vec![(0, 0, 0)];
    for end in 1..=widths.len() {
        let mut chosen = (u32::MAX, u64::MAX, 1);
        let mut used = 0;
        for (length, width) in widths[..end].iter().rev().enumerate() {
            used += u64::from(*width);
            if used > u64::from(COLUMNS) {
                break;
            }
            let (lines, squares, _) = best[end - length - 1];
            let empty = u64::from(COLUMNS) - used;
            let candidate = (lines + 1, squares + empty * empty, length + 1);
            if (candidate.0, candidate.1) < (chosen.0, chosen.1) {
                chosen = candidate;
            }
        }
        best.push(chosen);
    }
    let mut lengths = Vec::new();
    let mut end = widths.len();
    while end > 0 {
        lengths.push(best[end].2);
        end -= best[end].2;
    }
    lengths.reverse();
    lengths
}

/// Widths in proportion that fill the line; what is left over goes to the widest, the first ones
/// among equals.
fn stretched(line: &[u8]) -> Vec<u8> {
    let sum: u32 = line.iter().map(|width| u32::from(*width)).sum();
    let mut widths: Vec<u8> = line
        .iter()
        .map(|width| (u32::from(*width) * u32::from(COLUMNS) / sum.max(1)) as u8)
        .collect();
    let left = COLUMNS - widths.iter().sum::<u8>();
    let mut widest: Vec<usize> = (0..line.len()).collect();
    widest.sort_by_key(|index| std::cmp::Reverse(line[*index]));
    for index in widest.into_iter().take(left.into()) {
        widths[index] += 1;
    }
    widths
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn widths_by_line(sizes: &[(u8, u8)]) -> Vec<Vec<u8>> {
        let sizes: Vec<PanelSize> = sizes
            .iter()
            .map(|&(width, height)| PanelSize { width, height })
            .collect();
        let mut lines: Vec<(u32, Vec<u8>)> = Vec::new();
        for place in place(&sizes, 0).0 {
            match lines.last_mut() {
                Some((y, widths)) if *y == place.y => widths.push(place.w),
                _ => lines.push((place.y, vec![place.w])),
            }
        }
        lines.into_iter().map(|(_, widths)| widths).collect()
    }

    #[test]
    fn lines_are_few_even_and_full() {
        assert_eq!(widths_by_line(&[(4, 5); 5]), [[5, 5, 5, 5, 4]]);
        assert_eq!(widths_by_line(&[(8, 8); 4]), [[12, 12], [12, 12]]);
        assert_eq!(widths_by_line(&[(8, 8); 5]), [vec![8, 8, 8], vec![12, 12]]);
        assert_eq!(widths_by_line(&[(24, 8)]), [[24]]);
        assert_eq!(widths_by_line(&[]), Vec::<Vec<u8>>::new());
    }

    #[test]
    fn a_small_panel_beside_large_ones_takes_their_height() {
        let sizes = [(4, 5), (8, 8), (8, 8)];
        assert_eq!(widths_by_line(&sizes), [[4, 10, 10]]);
        assert_eq!(widths_by_line(&[(8, 8), (8, 8), (4, 5)]), [[10, 10, 4]]);
    }

    proptest! {
        #[test]
        fn nothing_overlaps_and_every_line_is_full(
            sizes in proptest::collection::vec((0u8..=40, 0u8..=20), 0..40),
            top in 0u32..1000,
        ) {
            let sizes: Vec<_> = sizes
                .into_iter()
                .map(|(width, height)| PanelSize { width, height })
                .collect();
            let (places, below) = place(&sizes, top);
            prop_assert_eq!(places.len(), sizes.len());
            let (mut x, mut y, mut h) = (u8::MAX, 0, 0);
            let mut next_line = top;
            for place in &places {
                if place.x == 0 {
                    // A new line, right below the full one before.
                    prop_assert!(x == u8::MAX || x == COLUMNS);
                    prop_assert_eq!(place.y, next_line);
                    (y, h) = (place.y, place.h);
                    next_line = y + u32::from(h);
                    x = 0;
                }
                prop_assert_eq!((place.x, place.y, place.h), (x, y, h));
                prop_assert!(place.w > 0 && place.h > 0);
                x += place.w;
                prop_assert!(x <= COLUMNS);
            }
            prop_assert!(places.is_empty() || x == COLUMNS);
            prop_assert_eq!(below, next_line);
        }
    }
}
