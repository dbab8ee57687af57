//! Intervals of any statistic of values that come in clusters, by resampling.
//!
//! Values of one process are alike, so whole clusters are drawn, and in [`within`] the values of each drawn
//! cluster, too. Draws come from a fixed seed: the same values give the same interval. Source: Davison and
//! Hinkley, *Bootstrap Methods and their Application*, 3.8; with few clusters the plain percentiles are too narrow,
//! hence Hesterberg's wider ones (*What teachers should know about the bootstrap*, 2015, 6.1).

use super::Samples;
use super::distributions::{normal_tails, student_quantile};
use super::interval::{Interval, Method};

/// The seed of all draws.
pub const SEED: u64 = 0x70_72_6f_66;

/// How often a statistic is taken anew.
pub const DRAWS: usize = 2000;

/// Random numbers that are the same on every machine: `SplitMix64` (Steele, Lea, Flood 2014).
#[derive(Clone, Debug)]
pub struct Random(u64);

impl Random {
    /// A series of its own for every seed.
    #[must_use]
    pub fn new(seed: u64) -> Random {
        Random(seed)
    }

    /// The next 64 bits.
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ bits >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ bits >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        bits ^ bits >> 31
    }

    /// A number below `end`, which is not 0.
    pub fn below(&mut self, end: usize) -> usize {
        // The high half of a 128-bit product; the bias is below 2^-40 for what fits in memory.
        (u128::from(self.next()) * end as u128 >> 64) as usize
    }

    /// A number from 0 up to 1.
    pub fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1u64 << 53) as f64
    }
}

/// The interval of a statistic of several groups of clusters; each group is drawn from by itself. `None` where a
/// group holds fewer than two clusters: nothing is known of how they vary.
pub fn interval<C>(groups: &[&[C]], level: f64, statistic: impl Fn(&[Vec<&C>]) -> f64) -> Option<Interval> {
    let fewest = groups.iter().map(|group| group.len()).min()?;
    if fewest < 2 {
        return None;
    }
    let mut random = Random::new(SEED);
    let mut values = Vec::with_capacity(DRAWS);
    for _ in 0..DRAWS {
        let drawn: Vec<Vec<&C>> = groups
            .iter()
            .map(|group| {
                (0..group.len())
                    .map(|_| &group[random.below(group.len())])
                    .collect()
            })
            .collect();
        values.push(statistic(&drawn));
    }
    percentiles(values, fewest, level)
}

/// The interval of a statistic of values in clusters, drawing clusters and then values in them.
pub fn within(
    clusters: &[Vec<f64>],
    level: f64,
    statistic: impl Fn(&mut Vec<f64>) -> f64,
) -> Option<Interval> {
    if clusters.len() < 2 || clusters.iter().any(Vec::is_empty) {
        return None;
    }
    let mut random = Random::new(SEED);
    let mut values = Vec::with_capacity(DRAWS);
    let mut drawn = Vec::new();
    for _ in 0..DRAWS {
        drawn.clear();
        for _ in clusters {
            let cluster = &clusters[random.below(clusters.len())];
            drawn.extend(cluster.iter().map(|_| cluster[random.below(cluster.len())]));
        }
        values.push(statistic(&mut drawn));
    }
    percentiles(values, clusters.len(), level)
}

fn percentiles(values: Vec<f64>, clusters: usize, level: f64) -> Option<Interval> {
    let n = clusters as f64;
    let wider = student_quantile(level, n - 1.0) * (n / (n - 1.0)).sqrt();
    let tail = normal_tails(wider) / 2.0;
    let values = Samples::new(values)?;
    Some(Interval {
        low: values.quantile(tail),
        high: values.quantile(1.0 - tail),
        coverage: level,
        method: Method::Bootstrap,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn median(values: &mut Vec<f64>) -> f64 {
        Samples::new(std::mem::take(values)).map_or(f64::NAN, |values| values.median())
    }

    /// Expected: the first numbers of the reference implementation for seed 1234567.
    #[test]
    fn the_random_numbers_of_the_reference() {
        let mut random = Random::new(1_234_567);
        assert_eq!(
            [random.next(), random.next(), random.next()],
            [
                6_457_827_717_110_365_317,
                3_203_168_211_198_807_973,
                9_817_491_932_198_370_423
            ]
        );
    }

    #[test]
    fn nothing_is_said_of_one_cluster() {
        assert_eq!(within(&[vec![1.0, 2.0]], 0.95, median), None);
        assert_eq!(within(&[vec![1.0], vec![]], 0.95, median), None);
        assert_eq!(interval(&[&[1.0][..]], 0.95, |_| 0.0), None);
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
            let found = within(&clusters, 0.95, median).expect("eight clusters");
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
        let found = interval(&[&low[..], &high[..]], 0.95, |drawn| {
            let middle = |at: usize| median(&mut drawn[at].iter().map(|value| **value).collect());
            middle(1) - middle(0)
        });
        let found = found.expect("nine clusters each");
        assert!(
            found.low > 90.0 && found.low < 100.0 && found.high > 100.0 && found.high < 110.0,
            "{found:?}"
        );
    }
}
