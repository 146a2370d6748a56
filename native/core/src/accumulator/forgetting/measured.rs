//! Values with their replicates, and estimates of what is computed from them.

use crate::metrics::Direction;
use crate::result::{Estimate, Note};
use crate::stats::emar::{Adaptation, Variant};
use crate::stats::interval;

/// A value with its replicates; there are none where there is no interval.
#[derive(Debug, Clone)]
pub struct Drawn {
    /// NaN when undefined.
    pub value: f64,
    /// As many of every value of a call.
    pub replicates: Vec<f64>,
}

impl Drawn {
    /// What follows from the value alone.
    pub fn map(&self, of: impl Fn(f64) -> f64) -> Self {
        Self {
            value: of(self.value),
            replicates: self.replicates.iter().map(|value| of(*value)).collect(),
        }
    }

    /// What follows from this value and another one.
    pub fn with(&self, other: &Self, of: impl Fn(f64, f64) -> f64) -> Self {
        let pairs = self.replicates.iter().zip(&other.replicates);
        Self {
            value: of(self.value, other.value),
            replicates: pairs.map(|(mine, theirs)| of(*mine, *theirs)).collect(),
        }
    }
}

/// The rows that a value rests on.
#[derive(Debug, Clone, Default)]
pub struct Support {
    /// Rows that both systems have.
    pub rows: u64,
    /// Rows that one of them lacks.
    pub failed: u64,
    /// Independent rows, of the task that has the fewest: the interval is as wide as theirs must be.
    pub slots: usize,
    /// Why there is no value, if there is none.
    pub undefined: Option<String>,
    /// Why there is no interval, if there is none.
    pub unsure: Option<String>,
}

impl Support {
    /// That of a value that rests on both.
    pub fn and(&self, other: &Self) -> Self {
        Self {
            rows: self.rows + other.rows,
            failed: self.failed + other.failed,
            slots: self.slots.min(other.slots),
            undefined: self.undefined.clone().or_else(|| other.undefined.clone()),
            unsure: self.unsure.clone().or_else(|| other.unsure.clone()),
        }
    }

    /// The value with its interval.
    pub fn estimate(&self, drawn: &Drawn, confidence: f64) -> Estimate {
        let mut estimate = Estimate {
            value: (!drawn.value.is_nan()).then_some(drawn.value),
            interval: None,
            n: self.rows,
            n_failed: self.failed,
            undefined_reason: String::new(),
        };
        let reason = if drawn.value.is_nan() {
            &self.undefined
        } else {
            &self.unsure
        };
        if let Some(reason) = reason {
            estimate.undefined_reason.clone_from(reason);
        } else if !drawn.value.is_nan() && !drawn.replicates.is_empty() {
            match interval::percentile(&drawn.replicates, self.slots, confidence) {
                Ok(found) => estimate.interval = Some(found),
                Err(reason) => estimate.undefined_reason = reason,
            }
        }
        estimate
    }
}

/// One metric of both systems of a pair on one task.
#[derive(Debug, Clone)]
pub struct OnTask {
    /// The baseline's value.
    pub before: Drawn,
    /// The candidate's value.
    pub after: Drawn,
    /// What both rest on.
    pub support: Support,
}

/// The mean of values of several tasks; every task counts alike.
#[derive(Debug, Default)]
pub struct Mean {
    count: usize,
    sum: Option<(Drawn, Support)>,
}

impl Mean {
    /// Adds a task.
    pub fn add(&mut self, drawn: &Drawn, support: &Support) {
        self.count += 1;
        self.sum = Some(match self.sum.take() {
            None => (drawn.clone(), support.clone()),
            Some((sum, known)) => (
                sum.with(drawn, |sum, value| sum + value),
                known.and(support),
            ),
        });
    }

    /// The mean; `None` without tasks.
    pub fn drawn(&self) -> Option<(Drawn, &Support)> {
        let (sum, support) = self.sum.as_ref()?;
        let count = self.count as f64;
        Some((sum.map(|sum| sum / count), support))
    }

    /// The mean as an estimate; without tasks undefined for this reason.
    pub fn estimate(&self, confidence: f64, without: &str) -> Estimate {
        match self.drawn() {
            Some((drawn, support)) => support.estimate(&drawn, confidence),
            None => undefined(without),
        }
    }
}

/// An estimate that has no value.
pub fn undefined(reason: &str) -> Estimate {
    Estimate {
        value: None,
        interval: None,
        n: 0,
        n_failed: 0,
        undefined_reason: reason.to_owned(),
    }
}

/// The improvement of a task as a share of something.
pub fn rate(
    variant: Variant,
    direction: Direction,
    target: &OnTask,
    benchmark: &OnTask,
    confidence: f64,
) -> (Estimate, Vec<Note>) {
    let support = if variant.has_benchmark() {
        target.support.and(&benchmark.support)
    } else {
        target.support.clone()
    };
    let adaptation = |before, after, benchmark| Adaptation {
        before,
        after,
        benchmark,
        direction,
    };
    let OnTask { before, after, .. } = target;
    let benchmark = &benchmark.before;
    let of = |numbers: &Adaptation| numbers.value(variant).unwrap_or(f64::NAN);
    let replicates = before.replicates.iter().zip(&after.replicates);
    let replicates = replicates.zip(&benchmark.replicates);
    let replicates: Vec<Adaptation> = replicates
        .map(|((before, after), benchmark)| adaptation(*before, *after, *benchmark))
        .collect();
    let whole = adaptation(before.value, after.value, benchmark.value);
    let drawn = Drawn {
        value: of(&whole),
        replicates: replicates.iter().map(of).collect(),
    };
    let mut estimate = support.estimate(&drawn, confidence);
    match whole.value(variant) {
        Err(reason) if estimate.undefined_reason.is_empty() => {
            estimate.undefined_reason = reason.into();
        }
        _ => {}
    }
    let divisor = Drawn {
        value: whole.denominator(variant),
        replicates: replicates
            .iter()
            .map(|one| one.denominator(variant))
            .collect(),
    };
    let notes = notes(&mut estimate, &support.estimate(&divisor, confidence));
    (estimate, notes)
}

/// What the divisor does to a rate; an interval that means nothing is taken away.
fn notes(estimate: &mut Estimate, divisor: &Estimate) -> Vec<Note> {
    if estimate.value.is_none() {
        return Vec::new();
    }
    let mut notes = Vec::new();
    let interval = divisor.interval.as_ref();
    if interval.is_some_and(|found| found.low <= 0.0 && found.high >= 0.0) {
        estimate.interval = None;
        estimate.undefined_reason =
            "no interval: that of what is divided by holds 0, so the rate may have any size".into();
        notes.push(note(
            "UNSTABLE",
            "the interval of what is divided by holds 0: other rows could give a rate of either sign and any size",
        ));
    }
    if divisor.value.is_some_and(|value| value < 0.0) {
        notes.push(note(
            "NEGATIVE_DENOMINATOR",
            "what is divided by is below 0: an improvement has a negative rate",
        ));
    }
    notes
}

/// A note about the whole.
pub fn note(code: &'static str, text: &str) -> Note {
    Note {
        code,
        text: text.to_owned(),
        count: 0,
        row_ids: Vec::new(),
    }
}
