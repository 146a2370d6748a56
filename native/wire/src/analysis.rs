//! Error analysis: what is asked for, and the answer.

use std::ops::RangeInclusive;

use evald_core::error::{Error, Result};
use evald_core::result::analysis as core;
use evald_core::spec::{AnalysisOptions, LONGEST_NGRAMS};

use crate::answer::note;
use crate::matrix::confusion_matrix;
use crate::proto;

/// Rows of every kind, at most.
const MOST_SAMPLES: u32 = 50;

/// Entries of a list, at most.
const MOST_LISTED: u32 = 1_000;

/// What is asked for.
pub fn options(spec: Option<&proto::AnalysisSpec>) -> Result<Option<AnalysisOptions>> {
    let Some(spec) = spec else {
        return Ok(None);
    };
    let default = AnalysisOptions::default();
    let within = |name: &str, given: u32, allowed: RangeInclusive<u32>| {
        if allowed.contains(&given) {
            return Ok(given);
        }
        let (least, most) = allowed.into_inner();
        Err(Error::invalid(
            "BAD_ANALYSIS",
            format!("spec.analysis.{name}"),
            format!("must be from {least} to {most}"),
        ))
    };
    let samples = spec.samples.unwrap_or(default.samples);
    let top = spec.top.unwrap_or(default.top);
    let ngrams = spec.ngrams.unwrap_or(default.ngrams);
    Ok(Some(AnalysisOptions {
        samples: within("samples", samples, 1..=MOST_SAMPLES)?,
        top: within("top", top, 1..=MOST_LISTED)?,
        ngrams: within("ngrams", ngrams, 0..=LONGEST_NGRAMS)?,
    }))
}

/// The message of an analysis.
pub fn analysis(found: core::ErrorAnalysis) -> proto::ErrorAnalysis {
    let hardest = found.hardest.into_iter();
    proto::ErrorAnalysis {
        systems: found.systems.into_iter().map(system).collect(),
        pairs: found.pairs.into_iter().map(pair).collect(),
        hardest: hardest
            .map(|(metric, listed)| proto::HardestRows {
                metric,
                rows: rows(listed),
            })
            .collect(),
        notes: found.notes.iter().map(note).collect(),
    }
}

fn system(found: core::SystemErrors) -> proto::SystemErrors {
    let confusions = found.confusions.into_iter();
    let confusion = |found: core::Confusion| proto::Confusion {
        gold: found.gold,
        predicted: found.predicted,
        count: found.count,
        share: found.share,
        rows: rows(found.rows),
    };
    proto::SystemErrors {
        system: found.system,
        confusion_matrix: found.confusion.map(confusion_matrix),
        confusions: confusions.map(confusion).collect(),
        metrics: found.metrics.into_iter().map(metric).collect(),
        overproduced: found.overproduced.into_iter().map(ngram).collect(),
        underproduced: found.underproduced.into_iter().map(ngram).collect(),
    }
}

fn ngram(found: core::Ngram) -> proto::Ngram {
    proto::Ngram {
        text: found.text,
        produced: found.produced,
        referenced: found.referenced,
        log_likelihood: found.log_likelihood,
    }
}

fn metric(found: core::MetricErrors) -> proto::MetricErrors {
    let bands = found.bands.into_iter().map(|band| proto::ScoreBand {
        worst: band.ends.map(|(worst, _)| worst),
        best: band.ends.map(|(_, best)| best),
        rows: band.rows,
        samples: rows(band.samples),
    });
    proto::MetricErrors {
        metric: found.metric,
        right: found.right,
        bands: bands.collect(),
        by_reference_length: found.by_reference_length.iter().map(bucket).collect(),
        by_prediction_length: found.by_prediction_length.iter().map(bucket).collect(),
    }
}

fn bucket(found: &core::LengthBucket) -> proto::LengthBucket {
    proto::LengthBucket {
        low: found.low,
        high: found.high,
        rows: found.rows,
        mean_score: found.mean_score,
        error_rate: found.error_rate,
    }
}

fn pair(found: core::PairErrors) -> proto::PairErrors {
    proto::PairErrors {
        candidate: found.candidate,
        confusion_difference: found.confusion.map(confusion_matrix),
        metrics: found.metrics.into_iter().map(changes).collect(),
    }
}

fn changes(found: core::RowChanges) -> proto::RowChanges {
    let count =
        |baseline: usize, candidate: usize| found.right.map(|counts| counts[baseline][candidate]);
    proto::RowChanges {
        fixed: count(0, 1),
        broken: count(1, 0),
        both_right: count(1, 1),
        both_wrong: count(0, 0),
        metric: found.metric,
        gains: rows(found.gains),
        losses: rows(found.losses),
    }
}

fn rows(listed: Vec<core::ListedRow>) -> Vec<proto::ListedRow> {
    let listed = listed.into_iter().map(|row| proto::ListedRow {
        id: row.id,
        scores: row.scores,
    });
    listed.collect()
}
