//! `SQuAD` 2.0: the best score that a threshold on `no_answer_score` can reach, and the threshold; 0 to 100.

use super::squad2::{Scoring, Unit, has_answer};
use super::words::NORMALIZER;
use crate::error::Result;
use crate::metrics::{
    CollectedMetric, CollectedRows, Components, Context, Entry, Field, Params, Row, RowFlags,
    Statistics, Weighted,
};
use crate::text::scratch::Scratch;

/// The best exact match.
pub static EXACT: Entry = Entry {
    name: "squad2_best_exact",
    summary: "Highest exact match of SQuAD 2.0 that withholding answers above some no_answer_score can reach, \
              in percent; 0 to 100.",
    build: |params, context| build(Unit::Exact, params, context),
    ..SHARED
};

/// The best F1.
pub static F1: Entry = Entry {
    name: "squad2_best_f1",
    summary: "Highest F1 of SQuAD 2.0 that withholding answers above some no_answer_score can reach, \
              in percent; 0 to 100.",
    build: |params, context| build(Unit::F1, params, context),
    ..SHARED
};

/// What both entries have in common.
const SHARED: Entry = Entry {
    params: &[NORMALIZER],
    needs: &[
        Field::PredictionText,
        Field::References,
        Field::NoAnswerScore,
    ],
    range: (0.0, 100.0),
    row_score: false,
    reference: "SQuAD evaluate-v2.0.py",
    source: "Rajpurkar et al. 2018, https://aclanthology.org/P18-2124",
    ..Entry::TEXTS
};

struct Best(Scoring);

// The signature is that of [`Entry::build`].
#[allow(clippy::unnecessary_wraps)]
fn build(unit: Unit, params: &Params, _: &Context<'_>) -> Result<Statistics> {
    Ok(Statistics::Collected(Box::new(Best(Scoring::of(
        unit, params,
    )))))
}

impl CollectedMetric for Best {
    /// The no-answer score; 1 if the question has no answer; what answering adds to having answered nothing.
    fn row(&self, row: &Row<'_>, scratch: &mut Scratch, out: &mut Vec<f64>) -> RowFlags {
        let has_answer = has_answer(row);
        let gain = if has_answer {
            self.0.score(row, scratch)
        } else {
            // The script looks at the text as it is here: an answer of articles alone counts as one.
            -f64::from(u8::from(!row.prediction.is_empty()))
        };
        let score = row.no_answer_score().unwrap_or(0.0);
        out.extend([score, f64::from(u8::from(!has_answer)), gain]);
        RowFlags::default()
    }

    fn prepare<'r>(&'r self, rows: &'r CollectedRows) -> Box<dyn Weighted + 'r> {
        let mut order: Vec<usize> = (0..rows.len()).collect();
        order.sort_by(|&left, &right| score_of(rows, left).total_cmp(&score_of(rows, right)));
        Box::new(Sorted { rows, order })
    }
}

fn score_of(rows: &CollectedRows, row: usize) -> f64 {
    // Without the sign of zero, which the comparison would see.
    rows.numbers(row)[0] + 0.0
}

/// The rows from the surest answer to the least sure.
struct Sorted<'r> {
    rows: &'r CollectedRows,
    order: Vec<usize>,
}

impl Sorted<'_> {
    /// The best sum of scores, its threshold, and the number of rows. Where several rows have one score, no threshold
    /// lies between them, so they are answered together.
    fn search(&self, weights: &[f64]) -> (f64, f64, f64) {
        let mut sum: f64 = (0..self.rows.len())
            .map(|row| weights[row] * self.rows.numbers(row)[1])
            .sum();
        let (mut best, mut threshold) = (sum, 0.0);
        for equal in self
            .order
            .chunk_by(|&left, &right| score_of(self.rows, left) == score_of(self.rows, right))
        {
            for &row in equal {
                sum += weights[row] * self.rows.numbers(row)[2];
            }
            if sum > best {
                best = sum;
                threshold = equal.first().map_or(0.0, |&row| score_of(self.rows, row));
            }
        }
        (best, threshold, weights.iter().sum())
    }
}

impl Weighted for Sorted<'_> {
    fn value(&self, weights: &[f64]) -> f64 {
        let (best, _, n) = self.search(weights);
        if n > 0.0 { 100.0 * best / n } else { f64::NAN }
    }

    fn components(&self, weights: &[f64]) -> Components {
        let (_, threshold, n) = self.search(weights);
        vec![("threshold".into(), (n > 0.0).then_some(threshold))]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::normalizers::Normalizer;

    /// The value and threshold of rows of (no-answer score, no answer, gain), weighted.
    fn best(rows: &[[f64; 3]], weights: &[f64]) -> (f64, Option<f64>) {
        let mut kept = CollectedRows::default();
        for row in rows {
            kept.push(0, row);
        }
        let metric = Best(Scoring::new(Unit::Exact, Normalizer::Squad));
        let prepared = metric.prepare(&kept);
        (prepared.value(weights), prepared.components(weights)[0].1)
    }

    #[test]
    fn the_threshold_lies_behind_the_last_row_that_pays() {
        let rows = [
            [0.9, 1.0, -1.0],
            [0.1, 0.0, 1.0],
            [0.5, 0.0, 0.5],
            [0.6, 0.0, 0.0],
        ];
        assert_eq!(best(&rows, &[1.0; 4]), (62.5, Some(0.5)));
        assert_eq!(best(&rows, &[1.0, 1.0, 0.0, 0.0]), (100.0, Some(0.1)));
        assert!(best(&rows, &[0.0; 4]).0.is_nan());
    }

    #[test]
    fn rows_of_one_score_are_answered_together() {
        let rows = [[0.5, 0.0, 1.0], [0.5, 1.0, -1.0], [0.5, 1.0, -1.0]];
        assert_eq!(best(&rows, &[1.0; 3]), (200.0 / 3.0, Some(0.0)));
    }
}
