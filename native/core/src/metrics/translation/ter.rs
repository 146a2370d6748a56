//! TER (Snover et al. 2006), with the statistics and the arithmetic of sacrebleu 2.6.0 (metrics/ter.py), which follows
//! Tercom.

use crate::error::Result;
use crate::metrics::{
    Components, Context, Direction, Entry, ParamKind, ParamSpec, Params, Problem, ReferenceCounts,
    Row, RowFlags, RowMetric, Statistics, long_texts,
};
use crate::stats::sacrebleu::{Number, single};
use crate::text::interning::Interner;
use crate::text::python::is_space;
use crate::text::scratch::Scratch;
use crate::text::shifts::Shifts;
use crate::text::tercom::Tercom;
use crate::text::tokens::Tokens;

/// The registry entry.
pub static ENTRY: Entry = Entry {
    name: "ter",
    summary: "Edits, shifts of words among them, from a translation to a reference, per hundred words; 0 is best.",
    params: PARAMS,
    direction: Direction::Lower,
    range: (0.0, f64::INFINITY),
    reference: "sacrebleu 2.6.0",
    source: "Snover et al. 2006, https://aclanthology.org/2006.amta-papers.25",
    build,
    ..Entry::TEXTS
};

const PARAMS: &[ParamSpec] = &[
    ParamSpec {
        name: "asian_support",
        summary: "Normalise and remove Chinese, Japanese and full-width characters too; acts with normalized or \
                  no_punct.",
        kind: ParamKind::Bool(false),
    },
    ParamSpec {
        name: "case_sensitive",
        summary: "Compare with the case as it is.",
        kind: ParamKind::Bool(false),
    },
    ParamSpec {
        name: "no_punct",
        summary: "Remove punctuation.",
        kind: ParamKind::Bool(false),
    },
    ParamSpec {
        name: "normalized",
        summary: "Join lines, read entities and make punctuation words of its own.",
        kind: ParamKind::Bool(false),
    },
];

struct Ter {
    tokenizer: Tercom,
}

// The signature is that of [`Entry::build`].
#[allow(clippy::unnecessary_wraps)]
fn build(params: &Params, _: &Context<'_>) -> Result<Statistics> {
    Ok(Statistics::Rows(Box::new(Ter {
        tokenizer: Tercom {
            normalized: params.bool("normalized"),
            no_punct: params.bool("no_punct"),
            asian_support: params.bool("asian_support"),
            case_sensitive: params.bool("case_sensitive"),
        },
    })))
}

/// What is reused from row to row.
#[derive(Default)]
struct Memory {
    prediction: Tokens,
    reference: Tokens,
    pair: Interner,
    shifts: Shifts,
}

impl RowMetric for Ter {
    /// Edits, and words of the reference.
    fn width(&self) -> usize {
        2
    }

    fn checks_rows(&self) -> bool {
        true
    }

    fn check_row(&self, row: &Row<'_>) -> std::result::Result<(), Problem> {
        let tokens = |text: &str| {
            if self.tokenizer.normalized {
                text.chars().count()
            } else {
                text.split(is_space).count()
            }
        };
        let references = ("references", row.references);
        long_texts::check(row.prediction, references, long_texts::BITS, tokens)
    }

    /// The edits of the nearest reference, and the mean length of all.
    fn row(&self, row: &Row<'_>, scratch: &mut Scratch, out: &mut [f64]) -> RowFlags {
        let memory = scratch.of::<Memory>();
        self.tokenizer
            .tokenize(row.prediction, &mut memory.prediction);
        let mut fewest = None;
        let mut words = 0;
        for text in row.references {
            self.tokenizer
                .tokenize_reference(text, &mut memory.reference);
            words += memory.reference.len();
            let pair = &mut memory.pair;
            pair.load(&memory.prediction, &memory.reference);
            let edits = memory
                .shifts
                .edits(pair.prediction(), pair.reference(), pair.distinct());
            fewest = Some(fewest.map_or(edits, |fewest: usize| fewest.min(edits)));
        }
        out[0] = fewest.unwrap_or(0) as f64;
        out[1] = words as f64 / row.references.len().max(1) as f64;
        RowFlags::default()
    }

    fn value(&self, sums: &[f64], n: f64) -> f64 {
        if n > 0.0 { score(sums) } else { f64::NAN }
    }

    fn components(&self, sums: &[f64], _: f64) -> Components {
        vec![
            ("edits".into(), Some(sums[0])),
            ("ref_len".into(), Some(sums[1])),
        ]
    }

    fn row_score(&self, stats: &[f64]) -> Option<f64> {
        Some(score(stats))
    }

    fn single_precision(&self, sums: &[f64]) -> Option<Number> {
        let value = if sums[1] > 0.0 {
            single(100.0 * single(sums[0] / sums[1]))
        } else {
            score(sums)
        };
        Some(Number {
            value,
            is_single: true,
        })
    }

    fn reference_signature(&self, references: ReferenceCounts) -> Option<String> {
        let yes = |value| if value { "yes" } else { "no" };
        Some(format!(
            "nrefs:{}|case:{}|tok:tercom|norm:{}|punct:{}|asian:{}|version:2.6.0",
            super::reference_count(references),
            if self.tokenizer.case_sensitive {
                "mixed"
            } else {
                "lc"
            },
            yes(self.tokenizer.normalized),
            yes(!self.tokenizer.no_punct),
            yes(self.tokenizer.asian_support),
        ))
    }
}

/// Words without a reference are as many errors as words: 100.
fn score(stats: &[f64]) -> f64 {
    let (edits, words) = (stats[0], stats[1]);
    if words > 0.0 {
        100.0 * (edits / words)
    } else if edits > 0.0 {
        100.0
    } else {
        0.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: Ter = Ter {
        tokenizer: Tercom {
            normalized: false,
            no_punct: false,
            asian_support: false,
            case_sensitive: false,
        },
    };

    fn stats(prediction: &str, references: &[&str]) -> [f64; 2] {
        let mut out = [0.0; 2];
        let row = Row::of_texts(prediction, references, 1);
        PLAIN.row(&row, &mut Scratch::default(), &mut out);
        out
    }

    #[test]
    fn the_nearest_reference_counts_and_the_mean_length() {
        assert_eq!(stats("A b c", &["a b x y", "a b c", "z"]), [0.0, 8.0 / 3.0]);
        assert_eq!(stats("c d a b", &["a b c d"]), [1.0, 4.0]);
    }

    #[test]
    fn empty_references_are_defined_and_no_rows_are_not() {
        assert_eq!(stats("", &[""]), [0.0, 0.0]);
        assert_eq!(PLAIN.row_score(&[0.0, 0.0]), Some(0.0));
        assert_eq!(stats("a b", &[""]), [2.0, 0.0]);
        assert_eq!(PLAIN.row_score(&[2.0, 0.0]), Some(100.0));
        assert_eq!(stats("", &["a b"]), [2.0, 2.0]);
        assert!(PLAIN.value(&[0.0, 0.0], 0.0).is_nan());
    }

    #[test]
    fn the_signature_is_sacrebleus() {
        let references = ReferenceCounts { fewest: 2, most: 2 };
        assert_eq!(
            PLAIN.reference_signature(references).as_deref(),
            Some("nrefs:2|case:lc|tok:tercom|norm:no|punct:yes|asian:no|version:2.6.0")
        );
    }
}
