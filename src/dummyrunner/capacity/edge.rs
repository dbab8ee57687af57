//! The edge, from levels that held and levels that did not.
//!
//! Near the edge a level holds in some tries and fails in others. The model: the chance to hold falls with the logarithm
//! of the number of players along a logistic curve, whose middle is the capacity and whose width is unknown; two tries
//! in a hundred go wrong for other reasons (a collection of garbage, a neighbour on the machine). All middles and widths
//! on a fine grid are weighed by how well they explain the tries. A fit by maximum likelihood would not do: with few tries
//! there is often one number below which all held and above which all failed, and then no best width; here the interval
//! then spans the gap between the two, and a little more.

/// The middle of what explains the tries, and where it lies at 95%.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Edge {
    /// Players with which the condition holds in half of the tries.
    pub best: u32,
    /// Lower end.
    pub low: u32,
    /// Upper end.
    pub high: u32,
}

/// Of tries that go wrong whatever the number.
const ACCIDENTS: f64 = 0.02;
const MIDDLES: usize = 600;
/// Widths of the curve, in logarithms: from half a percent to ten.
const WIDTHS: usize = 16;
const NARROWEST: f64 = 0.005;
const WIDEST: f64 = 0.1;

/// The edge between levels that held and levels that did not; `None` where all did the same.
#[must_use]
pub(super) fn estimate(trials: &[(u32, bool)]) -> Option<Edge> {
    let of = |is_kept: bool| trials.iter().filter(move |trial| trial.1 == is_kept);
    let most_kept = of(true).map(|trial| trial.0).max()?;
    let fewest_failed = of(false).map(|trial| trial.0).min()?;
    // Wide enough that what lies outside explains nothing.
    let from = f64::from(most_kept.min(fewest_failed).max(1)).ln() - 2.0 * WIDEST;
    let to = f64::from(most_kept.max(fewest_failed)).ln() + 2.0 * WIDEST;
    let mut weights = vec![0.0; MIDDLES];
    let middle = |at: usize| from + (to - from) * (at as f64 + 0.5) / MIDDLES as f64;
    for width in 0..WIDTHS {
        // Equal steps of the logarithm: no width is likelier than its double.
        let share = width as f64 / (WIDTHS - 1) as f64;
        let width = NARROWEST * (WIDEST / NARROWEST).powf(share);
        for (at, weight) in weights.iter_mut().enumerate() {
            let likelihood: f64 = trials
                .iter()
                .map(|&(dummies, is_kept)| {
                    let steps = (middle(at) - f64::from(dummies).ln()) / width;
                    let holds = ACCIDENTS + (1.0 - 2.0 * ACCIDENTS) / (1.0 + (-steps).exp());
                    if is_kept { holds } else { 1.0 - holds }
                })
                .product();
            *weight += likelihood;
        }
    }
    let all: f64 = weights.iter().sum();
    let quantile = |share: f64| {
        let mut sum = 0.0;
        let at = weights.iter().position(|weight| {
            sum += weight;
            sum >= all * share
        });
        middle(at.unwrap_or(MIDDLES - 1)).exp()
    };
    Some(Edge {
        best: quantile(0.5).round() as u32,
        low: quantile(0.025).floor().max(0.0) as u32,
        high: quantile(0.975).ceil() as u32,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clean_cut_lies_in_its_gap() {
        let clean = [(10, true), (20, true), (40, false), (30, true), (35, false)];
        let edge = estimate(&clean).expect("both kinds");
        assert!(
            edge.low <= 30 && edge.high >= 35 && (30..=35).contains(&edge.best),
            "{edge:?}"
        );
        assert_eq!(estimate(&[(10, true)]), None);
        assert_eq!(estimate(&[(10, false)]), None);
    }

    #[test]
    fn more_tries_make_it_narrower() {
        let mut tries = vec![(96, true), (104, false)];
        let wide = estimate(&tries).expect("both kinds");
        for _ in 0..4 {
            tries.extend([(96, true), (100, true), (100, false), (104, false)]);
        }
        let narrow = estimate(&tries).expect("both kinds");
        assert!((99..=101).contains(&narrow.best), "{narrow:?}");
        assert!(
            narrow.high - narrow.low < wide.high - wide.low,
            "{wide:?} {narrow:?}"
        );
        assert!(narrow.low >= 95 && narrow.high <= 105, "{narrow:?}");
    }

    #[test]
    fn one_accident_does_not_move_it_far() {
        let tries = [
            (10, true),
            (20, false),
            (20, true),
            (40, true),
            (80, true),
            (160, false),
            (120, false),
            (100, true),
        ];
        let more = [(110, false), (104, true), (108, false), (104, true), (108, false)];
        let edge = estimate(&[&tries[..], &more[..]].concat()).expect("both kinds");
        assert!((104..=108).contains(&edge.best), "{edge:?}");
    }

    /// How often the interval holds the truth, for a server whose levels near 300 hold by chance.
    #[test]
    fn the_interval_holds_the_truth() {
        let (mut inside, mut all) = (0, 0);

        for seed in 0..200 {
            let mut random = crate::random::Random::stream(seed, 1);
            let mut search = super::super::search::Search::new(10, 10_000, 8);
            let mut dummies = 10;
            while let super::super::search::Next::Level(next) = {
                let chance = 1.0 / (1.0 + ((f64::from(dummies) / 300.0).ln() / 0.03).exp());
                let outcome = if random.unit() < chance {
                    super::super::Outcome::Kept
                } else {
                    super::super::Outcome::Failed
                };
                search.tell(dummies, outcome)
            } {
                dummies = next;
            }
            let edge = estimate(search.trials()).expect("both kinds");
            inside += u32::from((edge.low..=edge.high).contains(&300));
            all += 1;
        }
        // 95% of 200 are 190; fewer than 180 would be a fault, all of them an interval that is too wide.
        assert!((180..200).contains(&inside), "{inside} of {all}");
    }
}
