//! The paired tests there are, and what each asks of a metric.

use crate::metrics::{Estimand, ResolvedMetric};

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
            _ => None,
        }
    }

    /// Whether it takes rows for independent and alike: no clusters, one row an id, no weights.
    pub fn counts_rows(self) -> bool {
        matches!(self, Self::McNemarExact | Self::McNemarMidP | Self::Sign)
    }
}
