//! TER, and the error rates of transcripts.
#![no_main]

use std::sync::LazyLock;

use evald_core::metrics::ResolvedMetric;
use evald_core::text::edits::Aligner;
use evald_fuzz::forms::{check_row, resolve};
use evald_fuzz::texts::BREAK;
use libfuzzer_sys::fuzz_target;

static METRICS: LazyLock<Vec<ResolvedMetric>> = LazyLock::new(|| {
    let mut all = Vec::new();
    for bits in 0..16 {
        let on = |bit: u32| bits >> bit & 1 == 1;
        all.push(format!(
            "ter(asian_support={},case_sensitive={},no_punct={},normalized={})",
            on(0),
            on(1),
            on(2),
            on(3),
        ));
    }
    for name in ["wer", "mer", "wil", "wip", "cer"] {
        all.extend([false, true].map(|on| format!("{name}(lowercase={on})")));
    }
    all.iter().map(|form| resolve(form)).collect()
});

fuzz_target!(|data: &[u8]| {
    check_row(&METRICS, data);
    check_edits(data);
});

/// The alignment against the textbook, with bytes as the numbers.
fn check_edits(data: &[u8]) {
    let mut parts = data.splitn(2, |byte| *byte == BREAK);
    let mut next = || -> Vec<u32> {
        let part = parts.next().unwrap_or_default();
        part.iter().map(|byte| u32::from(*byte)).collect()
    };
    let (reference, prediction) = (next(), next());
    let edits = Aligner::default().align(&reference, &prediction, 256);
    assert_eq!(edits.errors(), distance(&reference, &prediction));
    assert_eq!(
        edits.hits + edits.substitutions + edits.deletions,
        reference.len()
    );
    assert_eq!(
        edits.hits + edits.substitutions + edits.insertions,
        prediction.len()
    );
}

fn distance(left: &[u32], right: &[u32]) -> usize {
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (above, l) in left.iter().enumerate() {
        let mut diagonal = row[0];
        row[0] = above + 1;
        for (at, r) in right.iter().enumerate() {
            let replaced = diagonal + usize::from(l != r);
            diagonal = row[at + 1];
            row[at + 1] = replaced.min(row[at] + 1).min(diagonal + 1);
        }
    }
    row[right.len()]
}
