//! Planning: rows, effect and power of a paired two-sided test, each from the two others.
//!
//! There is one formula, that of the power, which grows with rows and effect; the others are searched by it.

use statrs::distribution::{ContinuousCDF, Normal};

/// The power that is planned for unless another is asked for.
pub const POWER: f64 = 0.8;

/// More rows than this are no plan.
pub const MOST_ROWS: u64 = 1 << 50;

/// Rows that tell the systems apart below which a plan is rough.
const FEW_ROWS: f64 = 60.0;

/// How much candidate - baseline varies from row to row.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Spread {
    /// Right or wrong.
    Binary {
        /// Share of rows that the baseline gets right.
        rate: f64,
        /// Share of rows that one system gets right and the other wrong; `None`: as of independent systems.
        discordant: Option<f64>,
    },
    /// Standard deviation over rows.
    Std(f64),
}

impl Spread {
    /// That of a comparison that was made: the standard error of its difference holds that of its rows.
    pub fn of_std_error(std_error: f64, rows: u64) -> Self {
        Self::Std(std_error * (rows as f64).sqrt())
    }
}

/// A comparison that is planned.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Design {
    /// How much rows vary.
    pub spread: Spread,
    /// Two-sided level of the test.
    pub level: f64,
    /// Rows that count as much as one independent row: 1 + (size - 1) x correlation (Kish 1965).
    pub design_effect: f64,
}

impl Design {
    /// The largest effect that there can be.
    pub fn largest_effect(&self) -> f64 {
        match self.spread {
            Spread::Binary { rate, discordant } => (1.0 - rate).min(discordant.unwrap_or(1.0)),
            Spread::Std(_) => f64::INFINITY,
        }
    }

    /// Standard deviation over rows of candidate - baseline if they differ by the effect.
    pub fn std(&self, effect: f64) -> f64 {
        match self.spread {
            Spread::Binary { .. } => (self.discordant(effect) - effect * effect).max(0.0).sqrt(),
            Spread::Std(std) => std,
        }
    }

    /// Whether the plan rests on too few rows for its formulas.
    pub fn is_rough(&self, effect: f64, rows: u64) -> bool {
        let share = match self.spread {
            Spread::Binary { .. } => self.discordant(effect),
            Spread::Std(_) => 1.0,
        };
        rows as f64 / self.design_effect * share < FEW_ROWS
    }

    /// Probability that the test finds the effect.
    ///
    /// Right or wrong: the test of discordant rows with continuity correction, which comes closest to the exact one and to
    /// swapping (Connor 1987, Biometrics 43). Else: the t test of differences by Guenther's approximation (1981, The
    /// American Statistician 35), which costs half the square of the normal quantile in rows.
    pub fn power(&self, effect: f64, rows: u64) -> f64 {
        let critical = quantile(1.0 - self.level / 2.0);
        let rows = rows as f64 / self.design_effect;
        match self.spread {
            Spread::Binary { .. } => {
                let beyond =
                    effect * rows - 1.0 - critical * (rows * self.discordant(effect)).sqrt();
                let std = rows.sqrt() * self.std(effect);
                // All rows that differ favour one side.
                if std == 0.0 {
                    return f64::from(u8::from(beyond > 0.0));
                }
                probability(beyond / std)
            }
            Spread::Std(std) => {
                let left = rows - critical * critical / 2.0;
                if left <= 0.0 {
                    return 0.0;
                }
                let shift = effect * left.sqrt() / std;
                probability(shift - critical) + probability(-shift - critical)
            }
        }
    }

    /// Fewest rows that find the effect with this power; `None` if no number of rows does.
    pub fn rows(&self, effect: f64, power: f64) -> Option<u64> {
        let enough = |rows: u64| self.power(effect, rows) >= power;
        let mut high = 2;
        while !enough(high) {
            if high >= MOST_ROWS {
                return None;
            }
            high *= 2;
        }
        let mut low = high / 2;
        while high - low > 1 {
            let middle = low + (high - low) / 2;
            if enough(middle) {
                high = middle;
            } else {
                low = middle;
            }
        }
        Some(high)
    }

    /// Smallest effect that these rows find with this power; `None` if they find none that there can be.
    pub fn effect(&self, rows: u64, power: f64) -> Option<f64> {
        let enough = |effect: f64| self.power(effect, rows) >= power;
        let largest = self.largest_effect();
        let (mut low, mut high) = (0.0, largest);
        if largest.is_infinite() {
            high = self.std(0.0);
            while high.is_finite() && !enough(high) {
                low = high;
                high *= 2.0;
            }
        }
        if !high.is_finite() || !enough(high) {
            return None;
        }
        // As many halvings as a number has bits.
        for _ in 0..f64::MANTISSA_DIGITS {
            let middle = f64::midpoint(low, high);
            if enough(middle) {
                high = middle;
            } else {
                low = middle;
            }
        }
        Some(high)
    }

    fn discordant(&self, effect: f64) -> f64 {
        match self.spread {
            Spread::Binary {
                discordant: Some(share),
                ..
            } => share,
            Spread::Binary { rate, .. } => {
                let better = rate + effect;
                rate * (1.0 - better) + better * (1.0 - rate)
            }
            Spread::Std(_) => 0.0,
        }
    }
}

/// Quantile of the standard normal distribution.
pub(crate) fn quantile(probability: f64) -> f64 {
    Normal::standard().inverse_cdf(probability)
}

/// Probability that a standard normal value is below this one.
fn probability(value: f64) -> f64 {
    Normal::standard().cdf(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn design(spread: Spread) -> Design {
        Design {
            spread,
            level: 0.05,
            design_effect: 1.0,
        }
    }

    /// `TTestPower().solve_power(0.5, power=0.8)` of statsmodels 0.15.0 is 33.37.
    #[test]
    fn rows_of_a_t_test() {
        let design = design(Spread::Std(2.0));
        assert_eq!(design.rows(1.0, 0.8), Some(34));
        assert!((design.power(1.0, 34) - 0.807_8).abs() < 0.005);
        let effect = design.effect(34, 0.8).expect("an effect");
        assert!((0.98..=1.0).contains(&effect), "{effect}");
    }

    #[test]
    fn each_answer_leads_to_the_others() {
        let binary = |discordant| {
            design(Spread::Binary {
                rate: 0.8,
                discordant,
            })
        };
        for design in [binary(None), binary(Some(0.1)), design(Spread::Std(0.4))] {
            let rows = design.rows(0.03, 0.9).expect("rows");
            assert!(design.power(0.03, rows) >= 0.9);
            assert!(design.power(0.03, rows - 1) < 0.9);
            let effect = design.effect(rows, 0.9).expect("an effect");
            assert!(effect <= 0.03 && effect > 0.0299, "{effect}");
        }
    }

    #[test]
    fn clusters_take_as_many_times_the_rows() {
        let one = design(Spread::Std(1.0));
        let clustered = Design {
            design_effect: 5.5,
            ..one
        };
        let (rows, more) = (one.rows(0.1, 0.8), clustered.rows(0.1, 0.8));
        let ratio = more.expect("rows") as f64 / rows.expect("rows") as f64;
        assert!((ratio - 5.5).abs() < 0.01, "{ratio}");
    }

    #[test]
    fn what_cannot_be_found_is_none() {
        assert_eq!(design(Spread::Std(1.0)).rows(1e-9, 0.8), None);
        let strict = Design {
            level: 0.01,
            ..design(Spread::Std(1.0))
        };
        assert_eq!(strict.effect(2, 0.8), None);
        let few = design(Spread::Binary {
            rate: 0.9,
            discordant: None,
        });
        assert_eq!(few.effect(20, 0.8), None);
        assert!(few.is_rough(0.05, 20));
        assert!(!few.is_rough(0.05, 2_000));
    }

    #[test]
    fn systems_that_only_gain_are_found() {
        let gain = design(Spread::Binary {
            rate: 0.0,
            discordant: Some(1.0),
        });
        assert_eq!(gain.power(1.0, 2), 0.0);
        assert_eq!(gain.power(1.0, 20), 1.0);
    }
}
