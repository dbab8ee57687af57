//! Whole nanoseconds that add up: the method of the largest remainder.

/// Rounds `values` so that they add up to `total`, and so that the sum of each group is rounded too:
/// then no function with thousands of frames gains or loses thousands of roundings. `groups` has the
/// group of each value, counted from 0 without gaps that matter.
pub(super) fn round_by_group(values: &[f64], groups: &[u32], total: u64) -> Vec<u64> {
    let count = groups.iter().max().map_or(0, |&last| last as usize + 1);
    let mut sums = vec![0.0; count];
    // Where the members of each group end, once they are in place.
    let mut ends = vec![0usize; count + 1];
    for (&value, &group) in values.iter().zip(groups) {
        sums[group as usize] += value;
        ends[group as usize + 1] += 1;
    }
    for at in 0..count {
        ends[at + 1] += ends[at];
    }
    let mut members = vec![0; values.len()];
    for (at, &group) in groups.iter().enumerate() {
        members[ends[group as usize]] = at;
        ends[group as usize] += 1;
    }
    let mut rounded = vec![0; values.len()];
    let (mut start, mut part) = (0, Vec::new());
    for (&end, whole) in ends.iter().zip(round(&sums, total)) {
        let members = &members[start..end];
        start = end;
        part.clear();
        part.extend(members.iter().map(|&at| values[at]));
        for (&at, value) in members.iter().zip(round(&part, whole)) {
            rounded[at] = value;
        }
    }
    rounded
}

/// Rounds each value up or down so that together they are `total`. Values whose sum is too far from it for
/// that (floats of centuries have no nanoseconds) are mended at the largest one. Ties go to the first.
fn round(values: &[f64], total: u64) -> Vec<u64> {
    let mut rounded: Vec<u64> = values.iter().map(|&value| value as u64).collect();
    let sum: u128 = rounded.iter().map(|&value| u128::from(value)).sum();
    let mut missing = i128::from(total) - i128::try_from(sum).expect("a sum of fewer than 2^32 numbers");
    if missing > 0 {
        // What is whole already, or nothing, has no remainder.
        let fraction = |at: usize| values[at] - rounded[at] as f64;
        let mut order: Vec<usize> = (0..values.len()).filter(|&at| fraction(at) > 0.0).collect();
        let first = |a: &usize, b: &usize| fraction(*b).total_cmp(&fraction(*a)).then(a.cmp(b));
        let count = usize::try_from(missing).map_or(order.len(), |missing| missing.min(order.len()));
        if count < order.len() {
            order.select_nth_unstable_by(count, first);
        }
        for &at in &order[..count] {
            rounded[at] += 1;
        }
        missing -= count as i128;
    }
    if missing != 0 {
        let mut order: Vec<usize> = (0..values.len()).collect();
        order.sort_unstable_by(|&a, &b| rounded[b].cmp(&rounded[a]).then(a.cmp(&b)));
        for at in order {
            let new = (i128::from(rounded[at]) + missing).max(0);
            missing -= new - i128::from(rounded[at]);
            rounded[at] = u64::try_from(new).unwrap_or(u64::MAX);
        }
    }
    rounded
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_largest_remainders_are_rounded_up() {
        assert_eq!(round(&[0.25, 0.5, 0.25], 1), [0, 1, 0]);
        assert_eq!(round(&[1.5, 1.5], 3), [2, 1]);
        assert_eq!(round(&[2.999_999, 4.0, 0.000_001], 7), [3, 4, 0]);
        assert!(round(&[], 0).is_empty());
    }

    #[test]
    fn noise_is_mended_at_the_largest() {
        assert_eq!(round(&[10.0, 1.0, 0.0], 20), [19, 1, 0]);
        assert_eq!(round(&[10.5, 1.0], 20), [19, 1]);
        assert_eq!(round(&[10.0, 1.0], 5), [4, 1]);
        assert_eq!(round(&[10.0, 3.0], 0), [0, 0]);
    }

    #[test]
    fn a_group_is_rounded_once() {
        // Alone each of the thousand would be rounded up, since its remainder is larger.
        let values: Vec<f64> = (0..2000).map(|at| if at % 2 == 0 { 0.6 } else { 0.4 }).collect();
        let groups: Vec<u32> = (0..2000).map(|at| at % 2).collect();
        let rounded = round_by_group(&values, &groups, 1000);
        assert_eq!(rounded.iter().step_by(2).sum::<u64>(), 600);
    }

    proptest! {
        #[test]
        fn the_sum_is_the_total(list in prop::collection::vec((0.0..1e6f64, 0..4u32), 1..50)) {
            let (values, groups): (Vec<f64>, Vec<u32>) = list.into_iter().unzip();
            let total = values.iter().sum::<f64>().round() as u64;
            let rounded = round_by_group(&values, &groups, total);
            prop_assert_eq!(rounded.iter().sum::<u64>(), total);
            for (value, rounded) in values.iter().zip(rounded) {
                prop_assert!((value - rounded as f64).abs() < 1.0 + 1e-6);
            }
        }
    }
}
