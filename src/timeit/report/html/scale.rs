//! From values to places on an axis, and the round numbers that stand there.

use super::Drawn;

/// Where times differ by more than this, the axis is logarithmic.
const LOGARITHMIC: f64 = 8.0;

/// From values to places.
pub(super) struct Scale {
    pub(super) low: f64,
    pub(super) high: f64,
    pub(super) from: f64,
    pub(super) to: f64,
    pub(super) is_logarithmic: bool,
}

impl Scale {
    /// All of a range above 0, with some room; logarithmic where it is wide.
    pub(super) fn new(low: f64, high: f64, from: f64, to: f64) -> Scale {
        let is_logarithmic = high > low * LOGARITHMIC;
        let (low, high) = if is_logarithmic {
            (low / 1.1, high * 1.1)
        } else {
            let room = (high - low).max(high * 1e-3) * 0.04;
            ((low - room).max(0.0), high + room)
        };
        Scale {
            low,
            high,
            from,
            to,
            is_logarithmic,
        }
    }

    pub(super) fn place(&self, value: f64) -> f64 {
        let share = if self.is_logarithmic {
            (value / self.low).ln() / (self.high / self.low).ln()
        } else {
            (value - self.low) / (self.high - self.low)
        };
        self.from + share.clamp(0.0, 1.0) * (self.to - self.from)
    }

    /// Round values for the axis.
    pub(super) fn ticks(&self) -> Vec<f64> {
        if self.is_logarithmic {
            let powers = self.low.log10().floor() as i32..=self.high.log10().ceil() as i32;
            let steps: &[f64] = if self.high / self.low > 200.0 {
                &[1.0]
            } else {
                &[1.0, 2.0, 5.0]
            };
            return powers
                .flat_map(|power| steps.iter().map(move |step| step * 10_f64.powi(power)))
                .filter(|&value| value >= self.low && value <= self.high)
                .collect();
        }
        let raw = (self.high - self.low) / 6.0;
        let power = 10_f64.powf(raw.log10().floor());
        let step = [1.0, 2.0, 5.0, 10.0]
            .into_iter()
            .map(|step| step * power)
            .find(|&step| step >= raw)
            .unwrap_or(raw);
        let first = (self.low / step).ceil() as i64;
        (first..first + 20)
            .map(|at| at as f64 * step)
            .take_while(|&value| value <= self.high)
            .collect()
    }
}

/// The range that holds nearly all values of all cases.
pub(super) fn range(all: &[Drawn]) -> (f64, f64) {
    let low = all
        .iter()
        .map(|one| one.values.min())
        .fold(f64::INFINITY, f64::min);
    let high = all.iter().map(|one| {
        let values = &one.values;
        let quarters = values.quantile(0.75) - values.quantile(0.25);
        values
            .max()
            .min(values.quantile(0.75) + 6.0 * quarters.max(values.median() * 0.002))
    });
    (low, high.fold(low, f64::max))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_ticks(low: f64, high: f64, expected: &[f64]) {
        let found = Scale::new(low, high, 0.0, 1.0).ticks();
        assert_eq!(found.len(), expected.len(), "{found:?}");
        for (found, expected) in found.iter().zip(expected) {
            assert!((found / expected - 1.0).abs() < 1e-9, "{found} {expected}");
        }
    }

    #[test]
    fn axes_have_round_numbers() {
        check_ticks(1.0, 2.0, &[1.0, 1.2, 1.4, 1.6, 1.8, 2.0]);
        check_ticks(1.0, 90.0, &[1.0, 2.0, 5.0, 10.0, 20.0, 50.0]);
        check_ticks(1e-6, 1e-3, &[1e-6, 1e-5, 1e-4, 1e-3]);
    }
}
