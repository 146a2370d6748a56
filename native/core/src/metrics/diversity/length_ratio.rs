//! Length of the texts in relation to the references, as sacrebleu's `sys_len` over `ref_len`.

use super::TOKENIZER;
use super::words::Tokenizer;
use crate::metrics::{
    Components, Direction, Entry, ParamKind, ParamSpec, Row, RowFlags, RowMetric, Statistics,
};
use crate::text::scratch::Scratch;
use crate::text::tokens::Tokens;

/// The registry entry.
pub static ENTRY: Entry = Entry {
    name: "length_ratio",
    summary: "Words of all texts over words of their references; 1 is as long.",
    params: &[
        ParamSpec {
            name: "reference",
            summary: "Which of several references counts: the closest in length (of two the shorter), the shortest, \
                      the longest, or their average.",
            kind: ParamKind::Choice(&["closest", "shortest", "longest", "average"]),
        },
        TOKENIZER,
    ],
    direction: Direction::None,
    range: (0.0, f64::INFINITY),
    weighted: true,
    undefined: "the references have no words",
    reference: "sacrebleu 2.6.0 BLEU sys_len / ref_len",
    source: "Papineni et al. 2002, https://aclanthology.org/P02-1040",
    build: |params, _| {
        Ok(Statistics::Rows(Box::new(LengthRatio {
            choice: match params.text("reference") {
                "shortest" => Choice::Shortest,
                "longest" => Choice::Longest,
                "average" => Choice::Average,
                _ => Choice::Closest,
            },
            tokenizer: Tokenizer::named(params.text("tokenizer")),
        })))
    },
    ..Entry::TEXTS
};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Choice {
    Closest,
    Shortest,
    Longest,
    Average,
}

impl Choice {
    fn of(self, length: usize, references: impl ExactSizeIterator<Item = usize>) -> f64 {
        let count = references.len();
        let chosen = match self {
            Self::Closest => references.min_by_key(|other| (other.abs_diff(length), *other)),
            Self::Shortest => references.min(),
            Self::Longest => references.max(),
            Self::Average => return references.sum::<usize>() as f64 / count as f64,
        };
        chosen.unwrap_or_default() as f64
    }
}

struct LengthRatio {
    choice: Choice,
    tokenizer: Tokenizer,
}

/// Reused memory.
#[derive(Debug, Default)]
struct Memory(Tokens);

impl RowMetric for LengthRatio {
    /// Words of the text and of the reference.
    fn width(&self) -> usize {
        2
    }

    fn row(&self, row: &Row<'_>, scratch: &mut Scratch, out: &mut [f64]) -> RowFlags {
        let Memory(tokens) = scratch.of::<Memory>();
        let mut length = |text: &str| {
            self.tokenizer.tokenize(text, tokens);
            tokens.len()
        };
        let of_text = length(row.prediction);
        let references = row.references.iter().map(|text| length(text));
        out.copy_from_slice(&[of_text as f64, self.choice.of(of_text, references)]);
        RowFlags::default()
    }

    /// Undefined if the references have no words.
    fn value(&self, sums: &[f64], _n: f64) -> f64 {
        if sums[1] > 0.0 {
            sums[0] / sums[1]
        } else {
            f64::NAN
        }
    }

    fn components(&self, sums: &[f64], _n: f64) -> Components {
        vec![
            ("reference_length".into(), Some(sums[1])),
            ("system_length".into(), Some(sums[0])),
        ]
    }

    fn row_score(&self, stats: &[f64]) -> Option<f64> {
        Some(self.value(stats, 1.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_of_several_references() {
        let lengths = [2, 5, 4];
        for (choice, expected) in [
            (Choice::Closest, 2.0),
            (Choice::Shortest, 2.0),
            (Choice::Longest, 5.0),
            (Choice::Average, 11.0 / 3.0),
        ] {
            assert_eq!(choice.of(3, lengths.into_iter()), expected, "{choice:?}");
        }
    }

    #[test]
    fn empty_references_have_no_ratio() {
        let metric = LengthRatio {
            choice: Choice::Closest,
            tokenizer: Tokenizer::Spaces,
        };
        assert!(metric.value(&[3.0, 0.0], 1.0).is_nan());
        assert_eq!(metric.value(&[3.0, 2.0], 1.0), 1.5);
    }
}
