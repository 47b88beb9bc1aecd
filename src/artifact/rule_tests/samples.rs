//! Samples of a series in promtool's notation.

/// Twelve significant digits: enough for every threshold, few enough to hide floating-point noise.
pub(super) fn rounded(value: f64) -> f64 {
    // Whole numbers are the most frequent by far, and have no noise.
    if value.fract() == 0.0 && value.abs() < 1e12 {
        return value;
    }
    format!("{value:.11e}").parse().unwrap_or(value)
}

/// Whether sums of this number stay exact.
pub(super) fn is_dyadic(value: f64) -> bool {
    let scaled = value * f64::from(1 << 20);
    scaled.fract() == 0.0 && scaled.abs() < 9e15
}

/// Samples as promtool reads them: `1+0x4` for five equal ones, `0+2x3` for steps, `stale` where a
/// series ends and `_` where there is none.
pub(super) fn notation(samples: &[Option<f64>]) -> String {
    let mut parts: Vec<String> = Vec::new();
    let mut at = 0;
    while at < samples.len() {
        let Some(first) = samples[at] else {
            let length = samples[at..]
                .iter()
                .take_while(|sample| sample.is_none())
                .count();
            let ended = at > 0;
            if ended {
                parts.push("stale".into());
            }
            match length - usize::from(ended) {
                0 => {}
                1 => parts.push("_".into()),
                gap => parts.push(format!("_x{gap}")),
            }
            at += length;
            continue;
        };
        let step = samples
            .get(at + 1)
            .copied()
            .flatten()
            .map_or(0.0, |second| rounded(second - first));
        let mut length = 1;
        while let Some(Some(next)) = samples.get(at + length).copied() {
            let expected = first + step * length as f64;
            if (next - expected).abs() > 1e-9 * step.abs().max(1e-9) {
                break;
            }
            length += 1;
        }
        if length > 2 || (length == 2 && step == 0.0) {
            let sign = if step < 0.0 { '-' } else { '+' };
            parts.push(format!("{first}{sign}{}x{}", step.abs(), length - 1));
            at += length;
        } else {
            parts.push(first.to_string());
            at += 1;
        }
    }
    parts.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn twelve_digits_are_kept() {
        for (value, expected) in [
            (0.1 + 0.2, 0.3),
            (-0.1 - 0.2, -0.3),
            (999_999_999_999.0, 999_999_999_999.0),
            (1_234_567_890_123.0, 1_234_567_890_120.0),
            (1.0 / 3.0, 0.333_333_333_333),
            (0.0, 0.0),
        ] {
            assert_eq!(rounded(value), expected);
        }
    }

    #[test]
    fn runs_are_written_short() {
        let some = |values: &[f64]| values.iter().copied().map(Some).collect::<Vec<_>>();
        assert_eq!(notation(&some(&[1.0; 5])), "1+0x4");
        assert_eq!(notation(&some(&[1.0, 1.0, 3.0, 5.0, 7.0])), "1+0x1 3+2x2");
        assert_eq!(notation(&some(&[9.0, 6.0, 3.0, 0.5])), "9-3x2 0.5");
        assert_eq!(
            notation(&[
                None,
                None,
                Some(1.0),
                Some(1.0),
                None,
                None,
                None,
                Some(2.0)
            ]),
            "_x2 1+0x1 stale _x2 2"
        );
        assert_eq!(notation(&[Some(1.0), None]), "1 stale");
    }
}
