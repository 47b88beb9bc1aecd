//! When which alert fires in a test. A test has four stages: all is well; it is bad enough for the first
//! severity; it is bad enough for the second, where there is one; all is well again.
//!
//! Both generations of Prometheus must agree, and they do not look back equally far (a range includes
//! its left end in 2.x and excludes it in 3.x). So each moment is known to be firing, known to be silent, or
//! uncertain, and only certain ones are checked.

/// How soon an expression follows its series.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reaction {
    /// At the next evaluation.
    Immediate,
    /// With the first increment, because anything above 0 is too much; it forgets after so many steps.
    FirstSample(usize),
    /// When the whole window lies in the new stage.
    Window(usize),
    /// The same, but a regression leans towards the new slope earlier than a mean does.
    Regression(usize),
}

impl Reaction {
    /// Steps until an earlier stage is forgotten for certain.
    pub(super) const fn memory(self) -> usize {
        match self {
            Self::Immediate => 0,
            Self::FirstSample(steps) | Self::Window(steps) | Self::Regression(steps) => steps + 1,
        }
    }

    /// Steps until the value is that of the new stage.
    pub(super) const fn settling(self) -> usize {
        match self {
            Self::Immediate => 0,
            Self::FirstSample(steps) | Self::Window(steps) | Self::Regression(steps) => steps,
        }
    }
}

/// A stage, in steps from the beginning.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Stage {
    /// First step.
    pub start: usize,
    /// First step after it.
    pub end: usize,
}

impl Stage {
    pub(super) const fn is_empty(self) -> bool {
        self.start == self.end
    }
}

/// When the condition of one rule holds for one server.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Truth {
    /// First step at which it may hold.
    pub earliest: usize,
    /// First step at which it holds for certain.
    pub certain: usize,
    /// First step at which it may have ended.
    pub end: usize,
    /// First step at which it has ended for certain.
    pub over: usize,
}

impl Truth {
    /// Whether an alert that must hold for `pending` steps fires at `step`; `None` where uncertain.
    pub(super) fn fires(self, pending: usize, step: usize) -> Option<bool> {
        if self.end < self.certain + pending {
            // It may or may not have fired for a moment.
            return (step < self.earliest + pending || step >= self.over).then_some(false);
        }
        if step < self.earliest + pending || step >= self.over {
            Some(false)
        } else if step >= self.certain + pending && step < self.end {
            Some(true)
        } else {
            None
        }
    }
}

/// What a server measures in one stage, and whether that is beyond the threshold.
#[derive(Debug, Clone, Copy)]
pub(super) struct Level {
    pub stage: Stage,
    pub value: f64,
    pub is_beyond: bool,
}

/// When the condition holds. `threshold` tells how close a value is to it.
pub(super) fn truths(levels: &[Level], reaction: Reaction, threshold: Option<f64>) -> Vec<Truth> {
    let levels: Vec<Level> = levels
        .iter()
        .copied()
        .filter(|level| !level.stage.is_empty())
        .collect();
    let mut truths = Vec::new();
    let mut at = 0;
    while at < levels.len() {
        if !levels[at].is_beyond {
            at += 1;
            continue;
        }
        let first = levels[at];
        let start = first.stage.start;
        let before = at.checked_sub(1).map(|before| levels[before].value);
        // A mean over a window with one last sample of the earlier stage is still within the threshold
        // when the new value lies only just beyond it.
        let is_close = |steps: usize| {
            before.zip(threshold).is_some_and(|(before, threshold)| {
                (first.value - before).abs() / steps as f64 > 2.0 * (first.value - threshold).abs()
            })
        };
        let (earliest, certain) = match reaction {
            _ if before.is_none() => (start, start),
            Reaction::Immediate => (start, start),
            Reaction::FirstSample(_) => (start + 1, start + 1),
            Reaction::Window(steps) if is_close(steps) => (start + steps - 1, start + steps),
            Reaction::Window(steps) => (start + 1, start + steps),
            Reaction::Regression(steps) if is_close(1) => (start + steps * 4 / 5, start + steps),
            Reaction::Regression(steps) => (start + 1, start + steps),
        };
        while at < levels.len() && levels[at].is_beyond {
            at += 1;
        }
        let end = levels[at - 1].stage.end;
        truths.push(Truth {
            earliest,
            certain,
            end,
            over: end + reaction.memory(),
        });
    }
    truths
}

#[cfg(test)]
mod tests {
    use super::*;

    fn levels(values: &[(usize, usize, f64)], threshold: f64) -> Vec<Level> {
        values
            .iter()
            .map(|(start, end, value)| Level {
                stage: Stage {
                    start: *start,
                    end: *end,
                },
                value: *value,
                is_beyond: *value > threshold,
            })
            .collect()
    }

    #[test]
    fn a_gauge_fires_as_soon_as_it_has_held_long_enough() {
        let levels = levels(&[(0, 2, 0.0), (2, 8, 11.0), (8, 10, 0.0)], 10.0);
        let truths = truths(&levels, Reaction::Immediate, Some(10.0));
        let fires: Vec<Option<bool>> = (0..10).map(|step| truths[0].fires(3, step)).collect();
        assert_eq!(
            fires,
            [
                Some(false),
                Some(false),
                Some(false),
                Some(false),
                Some(false),
                Some(true),
                Some(true),
                Some(true),
                Some(false),
                Some(false)
            ]
        );
    }

    #[test]
    fn a_rate_is_uncertain_only_while_the_window_fills() {
        let levels = levels(&[(0, 7, 5.0), (7, 16, 10.01), (16, 24, 5.0)], 10.0);
        let truth = truths(&levels, Reaction::Window(5), Some(10.0))[0];
        assert_eq!((truth.earliest, truth.certain), (11, 12));
        assert_eq!(truth.fires(0, 10), Some(false));
        assert_eq!(truth.fires(0, 11), None);
        assert_eq!(truth.fires(0, 12), Some(true));
        assert_eq!(truth.fires(0, 16), None);
        assert_eq!(truth.fires(0, 22), Some(false));
    }
}
