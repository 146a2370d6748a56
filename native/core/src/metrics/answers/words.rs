//! What evaluation scripts of short answers share: the words of an answer against those of each reference.

use crate::error::Result;
use crate::metrics::{ParamKind, ParamSpec, Params, Row};
use crate::stats::f_measure;
use crate::text::common_words::common_words;
use crate::text::matching::Matching;
use crate::text::normalizers::{NAMES, Normalizer};
use crate::text::scratch::Scratch;
use crate::text::tokens::Tokens;

/// The parameter that chooses the normaliser.
pub(super) const NORMALIZER: ParamSpec = ParamSpec {
    name: "normalizer",
    summary: "How words are made, by language: en is SQuAD's own, mlqa_en and the other languages follow MLQA, \
              none changes nothing.",
    kind: ParamKind::Choice(NAMES),
};

/// How a script scores.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rules {
    pub(super) normalizer: Normalizer,
    /// The rules of `SQuAD` 2.0: references without words do not count beside others, and two answers without
    /// words are equal in F1 too.
    pub(super) no_answers: bool,
}

impl Rules {
    /// The rules of a profile of `exact_match` or `token_f1`; those that compare whole texts want `plain`.
    pub(super) fn of(params: &Params, plain: Normalizer) -> Result<Self> {
        let normalizer = match params.profile() {
            "triviaqa" => Normalizer::TriviaQa,
            "plain" => plain,
            _ => Normalizer::named(params.text("normalizer")),
        };
        if matches!(params.profile(), "triviaqa" | "plain") {
            params.refuse(&["normalizer"])?;
        }
        Ok(Self {
            normalizer,
            no_answers: params.profile() == "squad2",
        })
    }

    /// The words of the row; made once for all metrics with the same normaliser.
    pub(super) fn words<'s>(self, row: &Row<'_>, scratch: &'s mut Scratch) -> &'s mut Words {
        let kept: &mut Kept = scratch.of();
        let found = kept
            .rows
            .iter()
            .position(|(known, _)| *known == self.normalizer);
        let at = found.unwrap_or_else(|| kept.add(self.normalizer));
        let words = &mut kept.rows[at].1;
        if words.serial != Some(row.serial) {
            words.load(row, self.normalizer);
        }
        words
    }

    /// Whether the answer has the words of a reference.
    pub(super) fn is_exact(self, words: &Words) -> bool {
        self.golds(&words.prediction, &words.references[..words.used])
            .any(|gold| are_equal(&words.prediction, gold))
    }

    /// Precision, recall and F1, 0 to 1, of the first of the best references.
    pub(super) fn best(self, words: &mut Words) -> [f64; 3] {
        let mut best = [0.0; 3];
        for gold in self.golds(&words.prediction, &words.references[..words.used]) {
            let parts = self.overlap(&words.prediction, gold, &mut words.matching);
            if parts[2] > best[2] {
                best = parts;
            }
        }
        best
    }

    fn overlap(self, prediction: &Tokens, gold: &Tokens, matching: &mut Matching) -> [f64; 3] {
        if prediction.is_empty() && gold.is_empty() {
            return [f64::from(u8::from(self.no_answers)); 3];
        }
        if std::ptr::eq(prediction, gold) {
            return [1.0; 3];
        }
        let common = common_words(prediction, gold, matching);
        if common == 0 {
            return [0.0; 3];
        }
        // Texts are below 4 GiB.
        let of = |len: usize| f64::from(common) / f64::from(len as u32);
        let (precision, recall) = (of(prediction.len()), of(gold.len()));
        [precision, recall, f_measure(precision, recall)]
    }

    /// The words of the references that count.
    fn golds<'w>(
        self,
        prediction: &'w Tokens,
        references: &'w [Reference],
    ) -> impl Iterator<Item = &'w Tokens> {
        let golds = references.iter().map(move |gold| gold.words(prediction));
        let some_have_words = golds.clone().any(|gold| !gold.is_empty());
        let skips_empty = self.no_answers && some_have_words;
        golds.filter(move |gold| !(skips_empty && gold.is_empty()))
    }
}

fn are_equal(left: &Tokens, right: &Tokens) -> bool {
    std::ptr::eq(left, right)
        || left.len() == right.len() && (0..left.len()).all(|at| left.same(at, right, at))
}

/// The words of one row for each normaliser of the call.
#[derive(Default)]
struct Kept {
    rows: Vec<(Normalizer, Words)>,
}

impl Kept {
    #[cold]
    fn add(&mut self, normalizer: Normalizer) -> usize {
        self.rows.push((normalizer, Words::default()));
        self.rows.len() - 1
    }
}

/// The words of an answer and of its references.
#[derive(Debug, Default)]
pub(super) struct Words {
    serial: Option<u64>,
    prediction: Tokens,
    references: Vec<Reference>,
    used: usize,
    matching: Matching,
}

/// The words of a reference.
#[derive(Debug, Default)]
struct Reference {
    /// Whether the text is the answer's, as it is for most right answers: then its words are not made again.
    is_prediction: bool,
    own: Tokens,
}

impl Reference {
    fn words<'w>(&'w self, prediction: &'w Tokens) -> &'w Tokens {
        if self.is_prediction {
            prediction
        } else {
            &self.own
        }
    }
}

impl Words {
    fn load(&mut self, row: &Row<'_>, normalizer: Normalizer) {
        self.serial = Some(row.serial);
        self.used = row.references.len();
        if self.references.len() < self.used {
            self.references.resize_with(self.used, Reference::default);
        }
        normalizer.tokenize(row.prediction, &mut self.prediction);
        for (reference, text) in self.references.iter_mut().zip(row.references) {
            reference.is_prediction = *text == row.prediction;
            if !reference.is_prediction {
                normalizer.tokenize(text, &mut reference.own);
            }
        }
    }
}

/// The mean of a sum over rows in percent; undefined without rows.
pub(super) fn percent(sum: f64, n: f64) -> f64 {
    if n > 0.0 { 100.0 * sum / n } else { f64::NAN }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SQUAD1: Rules = Rules {
        normalizer: Normalizer::Squad,
        no_answers: false,
    };
    const SQUAD2: Rules = Rules {
        no_answers: true,
        ..SQUAD1
    };

    fn scores(rules: Rules, prediction: &str, references: &[&str]) -> (bool, [f64; 3]) {
        let mut scratch = Scratch::default();
        let row = Row::of_texts(prediction, references, 1);
        let words = rules.words(&row, &mut scratch);
        (rules.is_exact(words), rules.best(words))
    }

    #[test]
    fn the_best_reference_counts_with_all_its_parts() {
        let (_, best) = scores(SQUAD1, "the big red dog", &["cat", "red dog"]);
        assert_eq!(best, [2.0 / 3.0, 1.0, 0.8]);
        assert_eq!(scores(SQUAD1, "dog dog", &["dog"]).1, [0.5, 1.0, 2.0 / 3.0]);
    }

    #[test]
    fn the_same_text_is_the_same_answer() {
        assert_eq!(
            scores(SQUAD1, "The cat", &["dog", "The cat"]),
            (true, [1.0; 3])
        );
        assert_eq!(scores(SQUAD1, "The", &["The"]), (true, [0.0; 3]));
        assert_eq!(scores(SQUAD2, "The", &["The"]), (true, [1.0; 3]));
        assert_eq!(scores(SQUAD2, "The", &["The", "cat"]), (false, [0.0; 3]));
        // The memory of a row serves the next one.
        let mut scratch = Scratch::default();
        for (serial, (text, expected)) in [("cat", 1.0), ("dog", 0.0), ("cat", 1.0)]
            .into_iter()
            .enumerate()
        {
            let row = Row::of_texts(text, &["cat"], serial as u64);
            assert_eq!(SQUAD1.best(SQUAD1.words(&row, &mut scratch)), [expected; 3]);
        }
    }

    #[test]
    fn two_answers_without_words_are_equal_but_share_none_in_squad_1() {
        assert_eq!(scores(SQUAD1, "", &["the"]), (true, [0.0; 3]));
        assert_eq!(scores(SQUAD2, "", &["the"]), (true, [1.0; 3]));
        assert_eq!(scores(SQUAD2, "x", &["the", ""]), (false, [0.0; 3]));
    }

    #[test]
    fn references_without_words_do_not_count_beside_others_in_squad_2() {
        assert!(scores(SQUAD1, "", &["cat", "?"]).0);
        assert_eq!(scores(SQUAD2, "", &["cat", "?"]), (false, [0.0; 3]));
        assert_eq!(scores(SQUAD2, "a cat", &["?", "cat"]), (true, [1.0; 3]));
    }

    #[test]
    fn normalisers_of_one_call_do_not_mix() {
        let mut scratch = Scratch::default();
        let plain = Rules {
            normalizer: Normalizer::Whole,
            no_answers: false,
        };
        for (serial, text) in [(1, "Cat"), (2, "cat")] {
            let row = Row::of_texts(text, &["cat"], serial);
            for _ in 0..2 {
                assert!(SQUAD1.is_exact(SQUAD1.words(&row, &mut scratch)));
                let same = plain.is_exact(plain.words(&row, &mut scratch));
                assert_eq!(same, text == "cat");
            }
        }
    }
}
