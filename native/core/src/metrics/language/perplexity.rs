//! Perplexity of a token, word, byte or text.

use super::{Cost, WIDTH, large, logprobs};
use crate::metrics::{
    Components, Direction, Entry, Field, ParamKind, ParamSpec, Params, Problem, Row, RowFlags,
    RowMetric, Statistics,
};
use crate::text::scratch::Scratch;

/// The registry entry.
pub static ENTRY: Entry = Entry {
    name: "perplexity",
    summary: "Exponential of the mean negative log-likelihood of a token, word, byte or text.",
    params: PARAMS,
    needs: &[Field::TokenLogprobs],
    direction: Direction::Lower,
    range: (1.0, f64::INFINITY),
    weighted: true,
    undefined: "there is nothing to divide by: no token, word or byte",
    reference: "lm-eval 0.4.13 word_perplexity, byte_perplexity, perplexity; HF evaluate 0.4.6 perplexity for means of texts",
    source: "Jelinek et al. 1977, https://doi.org/10.1121/1.2016299",
    build: |params, _| Ok(Statistics::Rows(Box::new(Perplexity::new(params)))),
    ..Entry::TEXTS
};

const PARAMS: &[ParamSpec] = &[
    ParamSpec {
        name: "pool",
        summary: "Whether costs are pooled over the corpus, or the perplexities of the texts are averaged.",
        kind: ParamKind::Choice(&["corpus", "mean_of_texts"]),
    },
    ParamSpec {
        name: "unit",
        summary: "What the cost is divided by; words and bytes are those of the first reference, the text that was scored.",
        kind: ParamKind::Choice(&["token", "word", "byte", "text"]),
    },
];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Unit {
    Token,
    Word,
    Byte,
    Text,
}

struct Perplexity {
    unit: Unit,
    /// The mean of the texts' perplexities.
    of_texts: bool,
}

impl Perplexity {
    fn new(params: &Params) -> Self {
        Self {
            unit: match params.text("unit") {
                "word" => Unit::Word,
                "byte" => Unit::Byte,
                "text" => Unit::Text,
                _ => Unit::Token,
            },
            of_texts: params.text("pool") == "mean_of_texts",
        }
    }

    fn units(&self, row: &Row<'_>) -> usize {
        let text = row.references.first().copied().unwrap_or_default();
        match self.unit {
            Unit::Token => row.token_logprobs().len(),
            Unit::Word => logprobs::harness_words(text),
            Unit::Byte => text.len(),
            Unit::Text => 1,
        }
    }
}

impl RowMetric for Perplexity {
    fn width(&self) -> usize {
        // Perplexities of texts, and how many are infinite.
        WIDTH + if self.of_texts { large::WIDTH + 1 } else { 0 }
    }

    fn needs(&self) -> Option<&'static [Field]> {
        let reads_text = matches!(self.unit, Unit::Word | Unit::Byte);
        reads_text.then_some(&[Field::TokenLogprobs, Field::References])
    }

    fn checks_rows(&self) -> bool {
        true
    }

    fn check_row(&self, row: &Row<'_>) -> Result<(), Problem> {
        logprobs::check(row)?;
        if self.of_texts && self.units(row) == 0 {
            return Err(Problem::new(
                "EMPTY_TEXT",
                "references[0]",
                "has no bytes, so it has no perplexity a byte to average; leave the row out",
            ));
        }
        Ok(())
    }

    fn row(&self, row: &Row<'_>, _scratch: &mut Scratch, out: &mut [f64]) -> RowFlags {
        let (cost, of_text) = out.split_at_mut(WIDTH);
        Cost::write(row.token_logprobs(), self.units(row), cost);
        if let Some((infinite, columns)) = of_text.split_first_mut() {
            let perplexity = Cost::read(cost).mean().exp();
            if perplexity.is_finite() {
                large::split(perplexity, columns);
            } else {
                *infinite = 1.0;
            }
        }
        RowFlags::default()
    }

    fn value(&self, sums: &[f64], n: f64) -> f64 {
        match sums[WIDTH..].split_first() {
            None => Cost::read(sums).mean().exp(),
            Some((infinite, _)) if *infinite > 0.0 => f64::INFINITY,
            Some((_, columns)) => large::join(columns) / n,
        }
    }

    fn components(&self, sums: &[f64], _n: f64) -> Components {
        Cost::read(sums).components()
    }

    fn row_score(&self, stats: &[f64]) -> Option<f64> {
        Some(Cost::read(stats).mean().exp())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(of_texts: bool, rows: &[(&[f64], usize)]) -> f64 {
        let metric = Perplexity {
            unit: Unit::Token,
            of_texts,
        };
        let mut sums = vec![0.0; metric.width()];
        for (logprobs, units) in rows {
            let mut cost = [0.0; WIDTH];
            Cost::write(logprobs, *units, &mut cost);
            let mut stats = cost.to_vec();
            if of_texts {
                stats.push(0.0);
                stats.resize(metric.width(), 0.0);
                large::split(Cost::read(&cost).mean().exp(), &mut stats[WIDTH + 1..]);
            }
            sums.iter_mut()
                .zip(stats)
                .for_each(|(sum, stat)| *sum += stat);
        }
        metric.value(&sums, rows.len() as f64)
    }

    /// Two texts, of one token at 1/2 and of two at 1/8: the mean cost of a token is ln 2 x 7/3.
    #[test]
    fn pooling_costs_is_not_averaging_perplexities() {
        let (half, eighth) = (0.5_f64.ln(), 0.125_f64.ln());
        let rows: [(&[f64], usize); 2] = [(&[half], 1), (&[eighth, eighth], 2)];
        assert!((value(false, &rows) - 2_f64.powf(7.0 / 3.0)).abs() < 1e-14);
        assert!((value(true, &rows) - 5.0).abs() < 1e-14);
    }

    #[test]
    fn nothing_has_no_perplexity() {
        assert!(value(false, &[]).is_nan());
        assert!(value(true, &[]).is_nan());
    }
}
