//! The paired tests there are, and what each asks of a metric.

use crate::metrics::{Estimand, ResolvedMetric, Statistics};

/// A test whether a candidate and the baseline differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PairedTest {
    /// Answers are exchanged at random, slot by slot: for any metric.
    Randomisation,
    /// The exact test of rows that are right for one system only.
    McNemarExact,
    /// The same by mid-p.
    McNemarMidP,
    /// Student's t of row differences; robust to clusters where there are some.
    T,
    /// The exact test of rows that one system scores higher.
    Sign,
    /// sacrebleu's `--paired-ar`.
    SacrebleuRandomisation,
    /// sacrebleu's `--paired-bs`.
    SacrebleuBootstrap,
}

impl PairedTest {
    /// Its name in answers.
    pub fn name(self) -> &'static str {
        match self {
            Self::Randomisation => "paired_randomisation",
            Self::McNemarExact => "mcnemar_exact",
            Self::McNemarMidP => "mcnemar_midp",
            Self::T => "paired_t",
            Self::Sign => "sign",
            Self::SacrebleuRandomisation => "sacrebleu_paired_ar",
            Self::SacrebleuBootstrap => "sacrebleu_paired_bs",
        }
    }

    /// Why a metric cannot have it, if so, in words.
    pub fn problem(self, metric: &ResolvedMetric) -> Option<&'static str> {
        let proportion = metric.estimand == Estimand::Proportion;
        match self {
            Self::McNemarExact | Self::McNemarMidP if !proportion => {
                Some("McNemar's test is for shares of right rows")
            }
            Self::T if metric.estimand == Estimand::Function => {
                Some("the t test is for means of row scores")
            }
            Self::Sign if !metric.entry.row_score => {
                Some("the sign test is for metrics with row scores")
            }
            _ if self.follows_sacrebleu() && !is_of_sacrebleu(metric) => {
                Some("sacrebleu's tests are for its own BLEU, chrF and TER")
            }
            _ => None,
        }
    }

    /// Whether it draws as sacrebleu does, row by row.
    pub fn follows_sacrebleu(self) -> bool {
        matches!(
            self,
            Self::SacrebleuRandomisation | Self::SacrebleuBootstrap
        )
    }

    /// Whether it takes rows for independent and alike: no clusters, one row an id, no weights.
    pub fn counts_rows(self) -> bool {
        !matches!(self, Self::Randomisation | Self::T)
    }
}

fn is_of_sacrebleu(metric: &ResolvedMetric) -> bool {
    match &metric.statistics {
        Statistics::Rows(rows) => rows.single_precision(&vec![0.0; rows.width()]).is_some(),
        Statistics::Classes(_) | Statistics::Collected(_) => false,
    }
}
