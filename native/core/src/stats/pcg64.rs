//! numpy's default generator, `numpy.random.default_rng(seed)`, as far as sacrebleu draws from it.

/// Multiplier of the 128-bit generator (O'Neill 2014).
const MULTIPLIER: u128 = 0x2360_ed05_1fc6_5da4_4385_df64_9fcc_f645;

/// `PCG64` (XSL-RR), seeded by `SeedSequence`.
pub struct Pcg64 {
    state: u128,
    increment: u128,
    /// The upper half of a word whose lower half was drawn.
    half: Option<u32>,
}

impl Pcg64 {
    /// `numpy.random.default_rng(seed)`.
    pub fn new(seed: u64) -> Self {
        let words = seed_words(seed);
        let pair = |at: usize| u128::from(words[at]) << 64 | u128::from(words[at + 1]);
        let mut generator = Self {
            state: 0,
            increment: pair(2) << 1 | 1,
            half: None,
        };
        generator.step();
        generator.state = generator.state.wrapping_add(pair(0));
        generator.step();
        generator
    }

    fn step(&mut self) {
        self.state = self
            .state
            .wrapping_mul(MULTIPLIER)
            .wrapping_add(self.increment);
    }

    fn next_u64(&mut self) -> u64 {
        self.step();
        let mixed = (self.state >> 64) as u64 ^ self.state as u64;
        mixed.rotate_right((self.state >> 122) as u32)
    }

    fn next_u32(&mut self) -> u32 {
        if let Some(half) = self.half.take() {
            return half;
        }
        let word = self.next_u64();
        self.half = Some((word >> 32) as u32);
        word as u32
    }

    /// The next of `integers(0, below)`, or of `choice(below)`, for up to 2^32 - 1 (Lemire 2019).
    pub fn below(&mut self, below: u32) -> u32 {
        if below <= 1 {
            return 0;
        }
        let mut product = u64::from(self.next_u32()) * u64::from(below);
        if (product as u32) < below {
            let threshold = below.wrapping_neg() % below;
            while (product as u32) < threshold {
                product = u64::from(self.next_u32()) * u64::from(below);
            }
        }
        (product >> 32) as u32
    }

    /// All of `integers(2, dtype=bool)`: the bits of 32-bit words, lowest first.
    pub fn bits(mut self) -> impl Iterator<Item = bool> {
        let mut word = 0;
        let mut left = 0;
        std::iter::from_fn(move || {
            if left == 0 {
                (word, left) = (self.next_u32(), 32);
            }
            let bit = word & 1 == 1;
            word >>= 1;
            left -= 1;
            Some(bit)
        })
    }
}

/// `SeedSequence(seed).generate_state(4, uint64)`: hashes as of `randutils` (O'Neill 2015).
fn seed_words(seed: u64) -> [u64; 4] {
    const ROUND: u32 = 16;
    let entropy = [seed as u32, (seed >> 32) as u32, 0, 0];
    let mut constant = 0x43b0_d7e5_u32;
    let mut hash = |value: u32| {
        let value = value ^ constant;
        constant = constant.wrapping_mul(0x931e_8875);
        let value = value.wrapping_mul(constant);
        value ^ value >> ROUND
    };
    let mut pool = entropy.map(&mut hash);
    for from in 0..pool.len() {
        for to in 0..pool.len() {
            if from != to {
                let mixed = pool[to]
                    .wrapping_mul(0xca01_f9dd)
                    .wrapping_sub(hash(pool[from]).wrapping_mul(0x4973_f715));
                pool[to] = mixed ^ mixed >> ROUND;
            }
        }
    }
    let mut constant = 0x8b51_f9dd_u32;
    let mut draw = |word: u32| {
        let value = word ^ constant;
        constant = constant.wrapping_mul(0x58f3_8ded);
        let value = value.wrapping_mul(constant);
        u64::from(value ^ value >> ROUND)
    };
    std::array::from_fn(|at| {
        let low = draw(pool[2 * at % pool.len()]);
        low | draw(pool[(2 * at + 1) % pool.len()]) << 32
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `numpy.random.default_rng(12345)` of numpy 2.4.6.
    #[test]
    fn draws_are_those_of_numpy() {
        let mut generator = Pcg64::new(12_345);
        let drawn: Vec<u32> = (0..8).map(|_| generator.below(1_000)).collect();
        assert_eq!(drawn, [699, 227, 788, 316, 204, 797, 642, 676]);
        let bits = Pcg64::new(12_345).bits().skip(30).take(10).map(u8::from);
        assert_eq!(bits.collect::<Vec<u8>>(), [0, 1, 1, 0, 1, 1, 0, 0, 0, 1]);
        let mut generator = Pcg64::new((1 << 40) + 7);
        let drawn: Vec<u32> = (0..4).map(|_| generator.below(3_004)).collect();
        assert_eq!(drawn, [620, 2_492, 1_830, 766]);
    }
}
