//! Likelihoods that a language model gives texts.

mod bits_per_byte;
mod large;
mod logprobs;
mod nll;
mod perplexity;

use super::{Entry, wide};

/// The metrics of this field.
pub static ENTRIES: &[&Entry] = &[&bits_per_byte::ENTRY, &nll::ENTRY, &perplexity::ENTRY];

/// Columns of [`Cost`].
const WIDTH: usize = wide::WIDTH + 2;

/// The cost of texts: minus the sum of the log-likelihoods of their tokens, and what it is counted by.
#[derive(Debug, Clone, Copy)]
struct Cost {
    nats: f64,
    /// Tokens of likelihood 0.
    impossible: f64,
    units: f64,
}

impl Cost {
    /// Writes the columns of a row.
    fn write(logprobs: &[f64], units: usize, out: &mut [f64]) {
        let (nats, impossible) = logprobs::cost(logprobs);
        let columns = wide::split(nats)
            .into_iter()
            .chain([impossible, units as f64]);
        out.iter_mut()
            .zip(columns)
            .for_each(|(to, from)| *to = from);
    }

    /// From summed columns.
    fn read(sums: &[f64]) -> Self {
        Self {
            nats: wide::join(&sums[..wide::WIDTH]),
            impossible: sums[wide::WIDTH],
            units: sums[wide::WIDTH + 1],
        }
    }

    /// Nats a unit: infinite with an impossible token, NaN without units.
    fn mean(self) -> f64 {
        if self.units == 0.0 {
            f64::NAN
        } else if self.impossible > 0.0 {
            f64::INFINITY
        } else {
            self.nats / self.units
        }
    }

    /// The parts that all metrics show.
    fn components(self) -> super::Components {
        vec![
            ("impossible_tokens".into(), Some(self.impossible)),
            ("nats".into(), Some(self.nats)),
            ("units".into(), Some(self.units)),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cost(logprobs: &[f64], units: usize) -> Cost {
        let mut columns = [0.0; WIDTH];
        Cost::write(logprobs, units, &mut columns);
        Cost::read(&columns)
    }

    #[test]
    fn the_cost_of_a_unit() {
        assert_eq!(cost(&[-1.5, -0.5], 4).mean(), 0.5);
        assert_eq!(cost(&[-1.5, f64::NEG_INFINITY], 4).mean(), f64::INFINITY);
        for logprobs in [&[][..], &[-1.0], &[f64::NEG_INFINITY]] {
            assert!(cost(logprobs, 0).mean().is_nan());
        }
    }
}
