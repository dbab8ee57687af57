//! Many comparisons at once: the chance that any of them alarms falsely stays at one in twenty.
//!
//! Source: Holm, *A simple sequentially rejective multiple test procedure*, 1979.

use super::interval::LEVEL;

/// The level of the interval of each comparison, given the chance of each. The smallest chance must pass the
/// strictest level; each that passes makes the next a bit easier; those after the first that fails share its level.
/// So an interval leaves out 0 just where Holm's procedure rejects.
///
/// ```
/// let levels = prof::statistics::holm::levels(&[0.03, 0.001]);
/// assert!((levels[1] - 0.975).abs() < 1e-12 && (levels[0] - 0.95).abs() < 1e-12);
/// ```
#[must_use]
pub fn levels(chances: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..chances.len()).collect();
    order.sort_by(|&a, &b| chances[a].total_cmp(&chances[b]));
    let mut levels = vec![LEVEL; chances.len()];
    let mut left = chances.len();
    for at in order {
        let allowed = (1.0 - LEVEL) / left as f64;
        levels[at] = 1.0 - allowed;
        if chances[at] <= allowed && left > 1 {
            left -= 1;
        }
        // One that fails leaves `left` as it is, and so does every later one: its chance is greater still.
    }
    levels
}

#[cfg(test)]
mod tests {
    use super::levels;

    fn check(chances: &[f64], rejected: &[bool]) {
        let found: Vec<bool> = levels(chances)
            .iter()
            .zip(chances)
            .map(|(level, chance)| *chance <= 1.0 - level + 1e-15)
            .collect();
        assert_eq!(found, rejected, "{chances:?}");
    }

    /// Expected: R's `p.adjust(chances, "holm") <= 0.05`, by hand.
    #[test]
    fn the_steps_of_holm() {
        check(&[], &[]);
        check(&[0.04], &[true]);
        check(&[0.04, 0.04], &[false, false]);
        check(&[0.04, 0.02], &[true, true]);
        check(&[0.01, 0.04, 0.03, 0.005], &[true, false, false, true]);
    }
}
