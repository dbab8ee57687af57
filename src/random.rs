//! Random numbers: small, seeded, and the same on every machine.
//!
//! Source: the SplitMix64 generator of Steele, Lea and Flood, "Fast splittable pseudorandom number generators" (2014).

/// A SplitMix64 generator: eight bytes of state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Random(u64);

impl Random {
    /// A series of its own for every seed.
    #[must_use]
    pub fn new(seed: u64) -> Random {
        Random(seed)
    }

    /// One of many series of a seed. Each dummy of a run has its own, so that what it does depends on the seed and its
    /// number alone, not on the order in which a server answers.
    #[must_use]
    pub fn stream(seed: u64, stream: u64) -> Random {
        // Streams must not be shifts of each other, so the number is scrambled before it is mixed in.
        let mut number = Random(stream);
        let mut random = Random(seed ^ number.bits());
        random.bits();
        random
    }

    /// The next 64 bits.
    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// Uniform in 0 (included) to 1 (excluded).
    pub fn unit(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// Uniform below `bound`; 0 for a bound of 0.
    pub fn below(&mut self, bound: u64) -> u64 {
        // The bias is below bound / 2^64: nothing that a run could show.
        ((u128::from(self.bits()) * u128::from(bound)) >> 64) as u64
    }

    /// A place in a list of this length; 0 for an empty one.
    pub fn place(&mut self, length: usize) -> usize {
        self.below(length as u64) as usize
    }

    /// Exponentially distributed with this mean.
    pub fn exponential(&mut self, mean: f64) -> f64 {
        -mean * (1.0 - self.unit()).ln()
    }

    /// Normally distributed with mean 0 and deviation 1 (Box and Muller).
    pub fn normal(&mut self) -> f64 {
        let radius = (-2.0 * (1.0 - self.unit()).ln()).sqrt();
        radius * (std::f64::consts::TAU * self.unit()).cos()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_numbers_are_those_of_splitmix64() {
        // From the generator's reference implementation in C, started with 1234567.
        let mut random = Random::new(1_234_567);
        assert_eq!(
            [random.bits(), random.bits(), random.bits()],
            [
                6_457_827_717_110_365_317,
                3_203_168_211_198_807_973,
                9_817_491_932_198_370_423
            ]
        );
    }

    #[test]
    fn dummies_of_one_run_draw_differently_and_again_the_same() {
        let first = |seed, stream| Random::stream(seed, stream).bits();
        assert_eq!(first(1, 0), first(1, 0));
        let mut all: Vec<u64> = (0..1000).map(|stream| first(7, stream)).collect();
        all.push(first(8, 0));
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), 1001);
    }

    #[test]
    fn draws_have_the_mean_of_their_distribution() {
        let mut random = Random::stream(1, 1);
        let mut mean = |mut draw: Box<dyn FnMut(&mut Random) -> f64>| {
            (0..100_000).map(|_| draw(&mut random)).sum::<f64>() / 100_000.0
        };
        // Five standard errors wide.
        assert!((mean(Box::new(Random::unit)) - 0.5).abs() < 0.005);
        assert!((mean(Box::new(|random| random.below(11) as f64)) - 5.0).abs() < 0.05);
        assert!((mean(Box::new(|random| random.exponential(2.0))) - 2.0).abs() < 0.032);
        assert!(mean(Box::new(Random::normal)).abs() < 0.016);
    }

    #[test]
    fn nothing_is_below_nothing() {
        assert_eq!(Random::stream(1, 1).below(0), 0);
    }
}
