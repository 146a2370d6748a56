//! The mean of a number that a model of the server computed for every row.

use crate::error::Result;
use crate::metrics::{
    Components, Estimand, Params, Row, RowFlags, RowMetric, Statistics, text_form,
};
use crate::text::scratch::Scratch;

/// What a model must compute of every row and system.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Measure {
    /// The text form of all that decides the numbers; metrics with the same one share them.
    pub name: String,
    /// Alias of the model.
    pub model: String,
    /// "similarity", "precision", "recall" or "f1".
    pub of: &'static str,
    /// The layer whose embeddings of tokens are compared; -1 for the last. Of texts: -1.
    pub layer: i64,
    /// Whether tokens weigh by how rare they are in the references of the call.
    pub idf: bool,
}

/// The metric.
pub struct Measured {
    measure: Measure,
    /// What unrelated texts score.
    baseline: f64,
}

impl Measured {
    /// From checked parameters, which for `tokens` have `baseline`, `idf` and `layer`.
    pub fn build(params: &Params, of: &'static str, tokens: bool) -> Result<Statistics> {
        let written = params.text("model");
        let model = written.split_once('@').map_or(written, |(alias, _)| alias);
        if model.is_empty() {
            return Err(params.error(
                "model",
                "name a model of the server that gives embeddings; ListModels names all",
            ));
        }
        let all = params.iter();
        let decides = all.filter(|(name, _)| *name != "baseline");
        let measure = Measure {
            name: text_form::write(of, decides),
            model: model.to_owned(),
            of,
            layer: if tokens { params.int("layer") } else { -1 },
            idf: tokens && params.bool("idf"),
        };
        let baseline = tokens.then(|| params.optional("baseline")).flatten();
        Ok(Statistics::Rows(Box::new(Self {
            measure,
            baseline: baseline.unwrap_or_default(),
        })))
    }
}

impl RowMetric for Measured {
    fn width(&self) -> usize {
        1
    }

    fn measure(&self) -> Option<&Measure> {
        Some(&self.measure)
    }

    fn row(&self, row: &Row<'_>, _scratch: &mut Scratch, out: &mut [f64]) -> RowFlags {
        // Rows without the number failed, and do not get here: see `accumulator::check`.
        let (number, truncated) = row.measured(&self.measure.name).unwrap_or_default();
        out[0] = (number - self.baseline) / (1.0 - self.baseline);
        RowFlags(if truncated { RowFlags::TRUNCATED } else { 0 })
    }

    fn value(&self, sums: &[f64], n: f64) -> f64 {
        sums[0] / n
    }

    fn components(&self, _sums: &[f64], _n: f64) -> Components {
        Vec::new()
    }

    fn estimand(&self) -> Estimand {
        Estimand::Mean
    }

    fn row_score(&self, stats: &[f64]) -> Option<f64> {
        Some(stats[0])
    }
}
