//! The distributions that intervals come from: binomial, Student's t, Wilcoxon's signed-rank sum.
//!
//! Source: the incomplete beta function by its continued fraction and Lentz' method, as in Press et al.,
//! *Numerical Recipes*, 6.4; the gamma function by Lanczos' sum; the signed-rank sum by counting subsets of
//! the ranks 1 to n.

/// The chance of at most `k` heads in `n` throws of a fair coin.
#[must_use]
pub fn fair_coin(k: usize, n: usize) -> f64 {
    coin(k, n, 0.5)
}

/// The same of a coin that shows heads with this chance, above 0 and below 1.
#[must_use]
pub fn coin(k: usize, n: usize, chance: f64) -> f64 {
    // From the logarithm of the chance of no heads on, each term from the one before.
    let mut log_term = n as f64 * (-chance).ln_1p();
    let odds = (chance / (1.0 - chance)).ln();
    let mut sum = 0.0;
    for heads in 0..=k.min(n) {
        sum += log_term.exp();
        log_term += ((n - heads) as f64).ln() - ((heads + 1) as f64).ln() + odds;
    }
    sum.min(1.0)
}

/// The value that Student's t with so many degrees of freedom exceeds in absolute value with chance
/// `1 - level`.
#[must_use]
pub fn student_quantile(level: f64, freedom: f64) -> f64 {
    let tail = 1.0 - level.clamp(0.0, 1.0 - 1e-12);
    let mut high = 1.0;
    while student_tails(high, freedom) > tail && high < 1e12 {
        high *= 2.0;
    }
    let mut low = 0.0;
    for _ in 0..100 {
        let middle = f64::midpoint(low, high);
        if student_tails(middle, freedom) > tail {
            low = middle;
        } else {
            high = middle;
        }
    }
    high
}

/// The chance that Student's t is farther from 0 than this, on either side.
#[must_use]
pub fn student_tails(t: f64, freedom: f64) -> f64 {
    if !t.is_finite() {
        return 0.0;
    }
    incomplete_beta(freedom / 2.0, 0.5, freedom / (freedom + t * t))
}

/// The chance that a normal value is farther from the mean than so many deviations, on either side.
#[must_use]
pub fn normal_tails(deviations: f64) -> f64 {
    // Student's t with very many degrees of freedom is normal to all digits that matter here.
    student_tails(deviations, 1e7)
}

/// How many deviations from the mean a normal value is exceeded with this chance, on one side; 0 from a half on.
#[must_use]
pub fn normal_quantile(tail: f64) -> f64 {
    student_quantile(1.0 - 2.0 * tail, 1e7)
}

/// The regularized incomplete beta function.
fn incomplete_beta(a: f64, b: f64, x: f64) -> f64 {
    if x <= 0.0 {
        return 0.0;
    }
    if x >= 1.0 {
        return 1.0;
    }
    let front = (log_gamma(a + b) - log_gamma(a) - log_gamma(b) + a * x.ln() + b * (1.0 - x).ln()).exp();
    if x < (a + 1.0) / (a + b + 2.0) {
        front * beta_fraction(a, b, x) / a
    } else {
        1.0 - front * beta_fraction(b, a, 1.0 - x) / b
    }
}

fn beta_fraction(a: f64, b: f64, x: f64) -> f64 {
    const TINY: f64 = 1e-300;
    let away_from_zero = |value: f64| if value.abs() < TINY { TINY } else { value };
    let mut c = 1.0;
    let mut d = 1.0 / away_from_zero(1.0 - (a + b) * x / (a + 1.0));
    let mut result = d;
    // It converges in a few dozen steps, or in about the root of the greater argument.
    for step in 1..20_000 {
        let m = f64::from(step);
        let even = m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m));
        let odd = -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0));
        for term in [even, odd] {
            d = 1.0 / away_from_zero(1.0 + term * d);
            c = away_from_zero(1.0 + term / c);
            result *= c * d;
        }
        if (c * d - 1.0).abs() < 1e-15 {
            break;
        }
    }
    result
}

/// The logarithm of the gamma function, for positive values.
fn log_gamma(x: f64) -> f64 {
    const LANCZOS: [f64; 6] = [
        76.180_091_729_471_46,
        -86.505_320_329_416_77,
        24.014_098_240_830_91,
        -1.231_739_572_450_155,
        0.001_208_650_973_866_179,
        -0.000_005_395_239_384_953,
    ];
    let shifted = x + 5.5;
    let base = (x + 0.5) * shifted.ln() - shifted;
    let sum = LANCZOS
        .iter()
        .zip(1u8..)
        .fold(1.000_000_000_190_015, |sum, (term, at)| {
            sum + term / (x + f64::from(at))
        });
    base + (2.506_628_274_631_000_5 * sum / x).ln()
}

/// Up to so many values the signed-rank sum is counted; above, it is normal to more digits than intervals have.
const COUNTED: usize = 50;

/// For `n` values without a difference: the greatest `c` such that the chance of a signed-rank sum below `c` is
/// at most `tail`, and that chance; `c` is 0 where even a sum of 0 is likelier.
#[must_use]
pub fn signed_rank_bound(n: usize, tail: f64) -> (usize, f64) {
    let most = n * (n + 1) / 2;
    if n > COUNTED {
        let mean = most as f64 / 2.0;
        let deviation = (most as f64 * (2 * n + 1) as f64 / 12.0).sqrt();
        let distance = normal_quantile(tail) * deviation;
        let bound = (mean - distance + 0.5).floor().max(0.0);
        let chance = normal_tails((mean + 0.5 - bound) / deviation) / 2.0;
        return (bound as usize, chance);
    }
    let mut below = 0.0;
    for (sum, chance) in signed_rank_chances(n).into_iter().enumerate() {
        if below + chance > tail {
            return (sum, below);
        }
        below += chance;
    }
    (most, below)
}

/// The chance that `n` values without a difference give a signed-rank sum at least as far from its mean.
#[must_use]
pub fn signed_rank_tails(n: usize, sum: f64) -> f64 {
    let most = (n * (n + 1) / 2) as f64;
    let smaller = sum.min(most - sum).max(0.0);
    let lower = if n > COUNTED {
        let deviation = (most * (2 * n + 1) as f64 / 12.0).sqrt();
        normal_tails(((most / 2.0 - smaller - 0.5) / deviation).max(0.0)) / 2.0
    } else {
        let counted = smaller.floor() as usize;
        signed_rank_chances(n).iter().take(counted + 1).sum()
    };
    (2.0 * lower).min(1.0)
}

fn signed_rank_chances(n: usize) -> Vec<f64> {
    let most = n * (n + 1) / 2;
    let mut chances = vec![0.0; most + 1];
    chances[0] = 1.0;
    let mut reached = 0;
    for rank in 1..=n {
        reached += rank;
        for sum in (0..=reached).rev() {
            let with = if sum >= rank { chances[sum - rank] } else { 0.0 };
            chances[sum] = f64::midpoint(chances[sum], with);
        }
    }
    chances
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(found: f64, expected: f64) {
        assert!(
            (found - expected).abs() <= 1e-4 * expected.abs().max(1e-3),
            "{found}, expected {expected}"
        );
    }

    /// Expected: tables of Student's t.
    #[test]
    fn student_as_in_tables() {
        for (level, freedom, expected) in [
            (0.95, 1.0, 12.7062),
            (0.95, 2.0, 4.302_65),
            (0.95, 5.0, 2.570_58),
            (0.99, 10.0, 3.169_27),
            (0.90, 30.0, 1.697_26),
            (0.95, 1e7, 1.959_96),
        ] {
            check(student_quantile(level, freedom), expected);
            check(student_tails(expected, freedom), 1.0 - level);
        }
        check(normal_tails(2.575_83), 0.01);
    }

    /// Expected: by hand, sums of binomial coefficients over 2^n.
    #[test]
    fn coins_as_counted() {
        check(fair_coin(0, 6), 1.0 / 64.0);
        check(fair_coin(1, 9), 10.0 / 512.0);
        check(fair_coin(2, 5), 0.5);
        check(fair_coin(5, 5), 1.0);
        check(fair_coin(1000, 2001), 0.5);
        // By hand: 0.95^90, and 0.9^3 + 3 * 0.1 * 0.9^2.
        check(coin(0, 90, 0.05), 0.009_888_364_709_658_95);
        check(coin(1, 3, 0.1), 0.972);
        check(coin(3, 3, 0.1), 1.0);
    }

    /// Expected: tables of critical values for Wilcoxon's signed-rank test (two-sided 5%: 0 for n = 6, 2 for 7,
    /// 3 for 8, 8 for 10, 52 for 20, 89 for 25).
    #[test]
    fn signed_ranks_as_in_tables() {
        for (n, critical) in [(6, 0), (7, 2), (8, 3), (10, 8), (20, 52), (25, 89)] {
            assert_eq!(signed_rank_bound(n, 0.025).0, critical + 1, "n = {n}");
        }
        assert_eq!(signed_rank_bound(5, 0.025), (0, 0.0));
        check(signed_rank_tails(6, 0.0), 2.0 / 64.0);
        check(signed_rank_tails(6, 21.0), 2.0 / 64.0);
        check(signed_rank_tails(3, 3.0), 1.0);
    }

    #[test]
    fn counted_and_normal_signed_ranks_meet() {
        let counted: f64 = signed_rank_chances(60).iter().take(631).sum();
        let normal = signed_rank_tails(60, 630.0) / 2.0;
        assert!((counted - normal).abs() < 1e-3, "{counted} {normal}");
        let (bound, chance) = signed_rank_bound(60, 0.025);
        let counted: f64 = signed_rank_chances(60).iter().take(bound).sum();
        assert!(
            (counted - 0.025).abs() < 1e-3 && (chance - counted).abs() < 1e-3,
            "{bound} {chance} {counted}"
        );
    }
}
