//! Intervals of any statistic of values that come in clusters, by resampling.
//!
//! Values of one process are alike, so whole clusters are drawn, and in [`within`] the values of each drawn
//! cluster, too. Draws come from a fixed seed: the same values give the same interval. Source: Davison and
//! Hinkley, *Bootstrap Methods and their Application*, 3.8. With few clusters the plain percentiles are too narrow,
//! hence Hesterberg's wider ones (*What teachers should know about the bootstrap*, 2015, 6.1): those of Student's t, and
//! for whole clusters stretched by the root of n / (n - 1). Where values are drawn, too, their spread counts twice, and
//! makes up for that.

use super::Samples;
use super::distributions::{normal_quantile, normal_tails, student_quantile, student_tails};
use super::interval::{Interval, Method};
use crate::random::Random;

/// The seed of all draws.
pub const SEED: u64 = 0x70_72_6f_66;

/// How often a statistic is taken anew.
pub const DRAWS: usize = 2000;

/// A statistic, taken anew of many draws.
#[derive(Clone, Debug, PartialEq)]
pub struct Draws {
    values: Samples,
    clusters: usize,
    /// How much wider than their spread the interval is.
    stretch: f64,
}

impl Draws {
    /// The interval at this level.
    #[must_use]
    pub fn interval(&self, level: f64) -> Interval {
        let wider = student_quantile(level, self.freedom()) * self.stretch;
        let tail = normal_tails(wider) / 2.0;
        Interval {
            low: self.values.quantile(tail),
            high: self.values.quantile(1.0 - tail),
            coverage: level,
            method: Method::Bootstrap,
        }
    }

    /// The chance of a statistic so far from 0 if 0 were the truth: the level at which the interval would end there.
    /// Beyond the outermost draw it goes on as that of normal values would.
    #[must_use]
    pub fn chance(&self) -> f64 {
        let draws = self.values.len() as f64;
        let below = self.values.sorted().partition_point(|&value| value <= 0.0) as f64;
        let share = below.min(draws - below) / draws;
        let mut deviations = normal_quantile(share.max(1.0 / draws));
        if share < 1.0 / draws && self.values.deviation() > 0.0 {
            deviations = deviations.max(self.values.mean().abs() / self.values.deviation());
        } else if share < 1.0 / draws {
            return 0.0;
        }
        student_tails(deviations / self.stretch, self.freedom())
    }

    fn freedom(&self) -> f64 {
        (self.clusters - 1) as f64
    }
}

/// Draws from several groups of clusters, from each by itself. `None` where a group holds fewer than two clusters:
/// nothing is known of how they vary.
pub fn of_groups<C>(groups: &[&[C]], statistic: impl Fn(&[Vec<&C>]) -> f64) -> Option<Draws> {
    let fewest = groups.iter().map(|group| group.len()).min()?;
    if fewest < 2 {
        return None;
    }
    let mut random = Random::new(SEED);
    let mut drawn: Vec<Vec<&C>> = groups
        .iter()
        .map(|group| Vec::with_capacity(group.len()))
        .collect();
    let values = (0..DRAWS).map(|_| {
        for (drawn, group) in drawn.iter_mut().zip(groups) {
            drawn.clear();
            drawn.extend((0..group.len()).map(|_| &group[random.place(group.len())]));
        }
        statistic(&drawn)
    });
    let values = Samples::new(values.collect())?;
    Some(Draws {
        values,
        clusters: fewest,
        stretch: (fewest as f64 / (fewest - 1) as f64).sqrt(),
    })
}

/// Draws clusters, and then values in them. `None` for fewer than two clusters, or an empty one.
pub fn within(clusters: &[Vec<f64>], statistic: impl Fn(&mut [f64]) -> f64) -> Option<Draws> {
    if clusters.len() < 2 || clusters.iter().any(Vec::is_empty) {
        return None;
    }
    let mut random = Random::new(SEED);
    let mut drawn = Vec::new();
    let values = (0..DRAWS).map(|_| {
        drawn.clear();
        for _ in clusters {
            let cluster = &clusters[random.place(clusters.len())];
            drawn.extend(cluster.iter().map(|_| cluster[random.place(cluster.len())]));
        }
        statistic(&mut drawn)
    });
    let values = Samples::new(values.collect())?;
    Some(Draws {
        values,
        clusters: clusters.len(),
        stretch: 1.0,
    })
}

/// The median, without sorting all; the values change places. Not a number if there are none.
#[must_use]
pub fn median(values: &mut [f64]) -> f64 {
    let half = values.len() / 2;
    if values.is_empty() {
        return f64::NAN;
    }
    let is_odd = values.len() % 2 == 1;
    let (below, &mut middle, _) = values.select_nth_unstable_by(half, f64::total_cmp);
    if is_odd {
        return middle;
    }
    below
        .iter()
        .copied()
        .max_by(f64::total_cmp)
        .map_or(middle, |lower| f64::midpoint(lower, middle))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_said_of_one_cluster() {
        assert_eq!(within(&[vec![1.0, 2.0]], median), None);
        assert_eq!(within(&[vec![1.0], vec![]], median), None);
        assert_eq!(of_groups(&[&[1.0][..]], |_| 0.0), None);
    }

    /// Clusters around 0 that differ by more than their values do: the truth must be inside in most of 60 worlds,
    /// and would be in few if values were taken for independent.
    #[test]
    fn most_intervals_hold_the_truth() {
        let mut random = Random::new(5);
        let mut bell = || (0..12).map(|_| random.unit()).sum::<f64>() - 6.0;
        let (mut plain, mut by_cluster) = (0, 0);
        for _ in 0..60 {
            let clusters: Vec<Vec<f64>> = (0..8)
                .map(|_| {
                    let center = bell();
                    (0..6).map(|_| center + 0.3 * bell()).collect()
                })
                .collect();
            let found = within(&clusters, median).expect("eight clusters").interval(0.95);
            by_cluster += usize::from(found.contains(0.0));
            let all = Samples::new(clusters.concat()).expect("values");
            plain += usize::from(super::super::interval::of_median(&all, 0.95).contains(0.0));
        }
        assert!(by_cluster >= 52, "{by_cluster} of 60");
        assert!(plain < 45, "{plain} of 60");
    }

    #[test]
    fn groups_are_drawn_from_each_by_itself() {
        let (low, high): (Vec<f64>, Vec<f64>) = (
            (0..9).map(f64::from).collect(),
            (100..109).map(f64::from).collect(),
        );
        let found = of_groups(&[&low[..], &high[..]], |drawn| {
            let middle = |at: usize| median(&mut drawn[at].iter().map(|value| **value).collect::<Vec<_>>());
            middle(1) - middle(0)
        });
        let found = found.expect("nine clusters each").interval(0.95);
        assert!(
            found.low > 90.0 && found.low < 100.0 && found.high > 100.0 && found.high < 110.0,
            "{found:?}"
        );
    }

    #[test]
    fn the_chance_is_where_the_interval_ends_at_0() {
        let mut random = Random::new(3);
        for shift in [0.0, 0.2, 0.4, 0.8] {
            let clusters: Vec<Vec<f64>> = (0..10)
                .map(|_| (0..10).map(|_| random.unit() - 0.5 + shift * 0.3).collect())
                .collect();
            let draws = within(&clusters, median).expect("ten clusters");
            let chance = draws.chance();
            if chance > 0.002 {
                let found = draws.interval(1.0 - chance);
                assert!(found.low.abs().min(found.high.abs()) < 0.01, "{chance} {found:?}");
            }
            assert_eq!(draws.interval(0.95).contains(0.0), chance > 0.05, "{chance}");
        }
        let far = within(&vec![vec![5.0, 5.1, 5.2]; 10], median).expect("ten clusters");
        assert!(far.chance() < 1e-6);
        assert_eq!(within(&vec![vec![5.0]; 3], median).expect("three").chance(), 0.0);
    }

    #[test]
    fn the_median_is_that_of_the_sorted() {
        for values in [vec![3.0, 1.0, 2.0], vec![4.0, 1.0, 3.0, 2.0], vec![7.0]] {
            let sorted = Samples::new(values.clone()).expect("values").median();
            assert_eq!(median(&mut values.clone()), sorted);
        }
    }
}
