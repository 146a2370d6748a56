//! F1 of the words of short answers after normalisation; 0 to 100.

use super::words::{NORMALIZER, Rules, percent};
use crate::error::Result;
use crate::metrics::{
    Components, Context, Entry, Estimand, Params, Row, RowFlags, RowMetric, Statistics,
};
use crate::text::normalizers::Normalizer;
use crate::text::scratch::Scratch;

/// The registry entry.
pub static ENTRY: Entry = Entry {
    name: "token_f1",
    summary: "Overlap of the words of an answer with the best reference, as F1 in percent; 0 to 100.",
    params: &[NORMALIZER],
    profiles: &["squad1", "squad2", "triviaqa", "plain"],
    range: (0.0, 100.0),
    reference: "SQuAD evaluate-v1.1.py (profile squad1), evaluate-v2.0.py (squad2), TriviaQA triviaqa_evaluation.py 1.0 \
                (triviaqa); words of Python's str.split() (plain)",
    source: "Rajpurkar et al. 2016, https://aclanthology.org/D16-1264; Rajpurkar et al. 2018, \
             https://aclanthology.org/P18-2124; Joshi et al. 2017, https://aclanthology.org/P17-1147; \
             languages: Lewis et al. 2020, https://aclanthology.org/2020.acl-main.653",
    build,
    ..Entry::TEXTS
};

fn build(params: &Params, _: &Context<'_>) -> Result<Statistics> {
    let rules = Rules::of(params, Normalizer::Words)?;
    Ok(Statistics::Rows(Box::new(TokenF1(rules))))
}

struct TokenF1(Rules);

impl RowMetric for TokenF1 {
    fn width(&self) -> usize {
        3
    }

    fn row(&self, row: &Row<'_>, scratch: &mut Scratch, out: &mut [f64]) -> RowFlags {
        out.copy_from_slice(&self.0.best(self.0.words(row, scratch)));
        RowFlags::default()
    }

    fn value(&self, sums: &[f64], n: f64) -> f64 {
        percent(sums[2], n)
    }

    fn components(&self, sums: &[f64], n: f64) -> Components {
        let names = ["precision", "recall"];
        let part =
            |(name, sum): (&str, &f64)| (name.to_owned(), (n > 0.0).then(|| 100.0 * sum / n));
        names.into_iter().zip(sums).map(part).collect()
    }

    fn estimand(&self) -> Estimand {
        Estimand::Mean
    }

    fn row_score(&self, stats: &[f64]) -> Option<f64> {
        Some(100.0 * stats[2])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SQUAD: TokenF1 = TokenF1(Rules {
        normalizer: Normalizer::Squad,
        no_answers: false,
    });

    #[test]
    fn rows_keep_precision_recall_and_f1() {
        let mut out = [f64::NAN; 3];
        let row = Row::of_texts("the big red dog", &["cat", "red dog"], 1);
        SQUAD.row(&row, &mut Scratch::default(), &mut out);
        assert_eq!(out, [2.0 / 3.0, 1.0, 0.8]);
        assert_eq!(SQUAD.row_score(&out), Some(80.0));
    }

    #[test]
    fn values_are_in_percent() {
        assert_eq!(SQUAD.value(&[1.0, 1.0, 1.5], 2.0), 75.0);
        assert_eq!(
            SQUAD.components(&[1.0, 2.0, 1.5], 2.0)[1],
            ("recall".into(), Some(100.0))
        );
        assert!(SQUAD.value(&[0.0; 3], 0.0).is_nan());
    }
}
