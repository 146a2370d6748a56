//! What answers took: means over rows of time, tokens, cost and memory.

use crate::batch::Usage;
use crate::metrics::{
    Components, Direction, Entry, Estimand, Field, Row, RowFlags, RowMetric, Statistics, wide,
};
use crate::text::scratch::Scratch;

/// Wall time.
pub static LATENCY: Entry = Entry {
    name: "latency",
    summary: "Mean wall time of an answer, in seconds.",
    needs: &[Field::LatencySeconds],
    build: |_, _| Ok(mean_of(|usage| usage.latency_seconds)),
    ..SHARED
};

/// Tokens read.
pub static INPUT_TOKENS: Entry = Entry {
    name: "input_tokens",
    summary: "Mean number of tokens that the model reads for an answer.",
    needs: &[Field::InputTokens],
    build: |_, _| Ok(mean_of(|usage| usage.input_tokens)),
    ..SHARED
};

/// Tokens written.
pub static OUTPUT_TOKENS: Entry = Entry {
    name: "output_tokens",
    summary: "Mean number of tokens that the model writes for an answer.",
    needs: &[Field::OutputTokens],
    build: |_, _| Ok(mean_of(|usage| usage.output_tokens)),
    ..SHARED
};

/// Cost.
pub static COST: Entry = Entry {
    name: "cost",
    summary: "Mean cost of an answer, in the caller's unit.",
    needs: &[Field::Cost],
    build: |_, _| Ok(mean_of(|usage| usage.cost)),
    ..SHARED
};

/// Memory.
pub static MEMORY: Entry = Entry {
    name: "memory",
    summary: "Mean of the most memory that the system holds while it answers, in bytes.",
    needs: &[Field::PeakMemoryBytes],
    build: |_, _| Ok(mean_of(|usage| usage.peak_memory_bytes)),
    ..SHARED
};

const SHARED: Entry = Entry {
    direction: Direction::Lower,
    range: (0.0, f64::INFINITY),
    weighted: true,
    reference: "the arithmetic mean",
    source: "the caller",
    ..Entry::TEXTS
};

/// Takes one number of what an answer took.
type Part = fn(&Usage) -> Option<f64>;

fn mean_of(part: Part) -> Statistics {
    Statistics::Rows(Box::new(Mean(part)))
}

struct Mean(Part);

impl RowMetric for Mean {
    fn width(&self) -> usize {
        wide::WIDTH
    }

    fn row(&self, row: &Row<'_>, _scratch: &mut Scratch, out: &mut [f64]) -> RowFlags {
        // A row without the number is a missing prediction and does not get here.
        out.copy_from_slice(&wide::split((self.0)(&row.usage()).unwrap_or_default()));
        RowFlags::default()
    }

    fn value(&self, sums: &[f64], n: f64) -> f64 {
        wide::join(sums) / n
    }

    fn components(&self, _sums: &[f64], _n: f64) -> Components {
        Vec::new()
    }

    fn estimand(&self) -> Estimand {
        Estimand::Mean
    }

    fn row_score(&self, stats: &[f64]) -> Option<f64> {
        Some(wide::join(stats))
    }
}
