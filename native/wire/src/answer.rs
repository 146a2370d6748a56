//! From answers of the core to response bytes.

use evald_core::error::{Error, Result};
use evald_core::metrics::text_form;
use evald_core::result::{
    Answer, Decision, Estimate, MetricAnswer, Note, PairedAnswer, Ranking, SystemAnswer,
};
use evald_core::spec::{Question, Spec};
use evald_core::text::UNICODE_VERSION;
use prost::Message;

use crate::forgetting::{emar_result, forgetting_result};
use crate::matrix::confusion_matrix;
use crate::proto;
use crate::slices::{consistency, slice_comparison, slice_results};

/// The serialised `EvaluateResponse` or `CompareResponse`, as the specification asks, without cost,
/// models, baselines and their notes: the server appends those.
pub fn encode(mut answer: Answer, spec: &Spec) -> Result<Vec<u8>> {
    let provenance = Some(provenance(&answer, spec));
    let mut ids = std::mem::take(&mut answer.row_ids);
    let count = answer.systems.len();
    let analysis = answer.analysis.take().map(crate::analysis::analysis);
    let tasks = answer.forgetting.take().unwrap_or_default();
    let mut systems = Vec::with_capacity(count);
    for (left, system) in std::mem::take(&mut answer.systems).into_iter().enumerate() {
        // The last system takes the ids, the others copy them.
        let is_last = left + 1 == count;
        let ids = if is_last {
            std::mem::take(&mut ids)
        } else {
            ids.clone()
        };
        systems.push(system_result(system, ids, left, &answer));
    }
    let bytes = match spec.question {
        Question::Evaluate => proto::EvaluateResponse {
            systems,
            provenance,
            cost: None,
            notes: Vec::new(),
            analysis,
        }
        .encode_to_vec(),
        Question::Compare { .. } => proto::CompareResponse {
            systems,
            baseline: answer.baseline.clone(),
            comparisons: answer.comparisons.iter().map(paired_result).collect(),
            notes: answer.notes.iter().map(note).collect(),
            rankings: std::mem::take(&mut answer.rankings)
                .into_iter()
                .map(ranking)
                .collect(),
            provenance,
            cost: None,
            slices: answer.slices.iter().map(slice_comparison).collect(),
            consistency: consistency(&answer),
            analysis,
            gate: answer.gate.take().map(crate::gate::gate_result),
            forgetting: tasks.changes.iter().map(forgetting_result).collect(),
            emar: tasks.emar.into_iter().map(emar_result).collect(),
        }
        .encode_to_vec(),
    };
    check_size(bytes.len(), spec)?;
    Ok(bytes)
}

/// Appends what an answer from rows alone took: rows, and seconds from request to answer. Fields that are appended to a
/// message merge into it.
pub fn append_cost(bytes: &mut Vec<u8>, question: Question, rows: usize, score_seconds: f64) {
    let cost = Some(proto::Cost {
        rows: rows as u64,
        score_seconds,
        ..proto::Cost::default()
    });
    let appended = match question {
        Question::Evaluate => proto::EvaluateResponse {
            cost,
            ..proto::EvaluateResponse::default()
        }
        .encode_to_vec(),
        Question::Compare { .. } => proto::CompareResponse {
            cost,
            ..proto::CompareResponse::default()
        }
        .encode_to_vec(),
    };
    bytes.extend_from_slice(&appended);
}

fn check_size(bytes: usize, spec: &Spec) -> Result<()> {
    if bytes as u64 <= spec.limits.max_response_bytes {
        return Ok(());
    }
    Err(Error::invalid(
        "RESPONSE_TOO_LARGE",
        "spec.row_report",
        format!(
            "the answer has {bytes} bytes, more than max_response_bytes = {}; ask for fewer rows with row_report NONE and \
             a smaller spec.analysis, or send the rows in several calls",
            spec.limits.max_response_bytes
        ),
    )
    .with("limit", "max_response_bytes")
    .with("maximum", spec.limits.max_response_bytes)
    .with("bytes", bytes))
}

fn provenance(answer: &Answer, spec: &Spec) -> proto::Provenance {
    proto::Provenance {
        evald_version: text_form::VERSION.to_owned(),
        unicode_version: UNICODE_VERSION.to_owned(),
        seed: spec.statistics.seed,
        spec_digest: answer.spec_digest.clone(),
        slots: answer.slots,
        row_key: answer.row_key.to_owned(),
        models: Vec::new(),
        baselines: Vec::new(),
        template: None,
    }
}

fn system_result(
    system: SystemAnswer,
    ids: Vec<String>,
    at: usize,
    answer: &Answer,
) -> proto::SystemResult {
    let scores = system.row_scores.into_iter();
    let scores = scores.map(|(metric, values)| proto::RowScores { metric, values });
    let errors = system.row_errors.into_iter().map(|error| proto::RowError {
        id: error.id,
        reason: error.reason.into_owned(),
        message: error.message,
    });
    let rows = proto::RowResults {
        ids,
        scores: scores.collect(),
        errors: errors.collect(),
    };
    let is_asked = !(rows.ids.is_empty() && rows.scores.is_empty() && rows.errors.is_empty());
    proto::SystemResult {
        system: system.name,
        metrics: system
            .metrics
            .into_iter()
            .enumerate()
            .map(|(metric, found)| {
                let slices = slice_results(&answer.slices, at, metric);
                metric_result(found, slices)
            })
            .collect(),
        rows: is_asked.then_some(rows),
    }
}

fn metric_result(metric: MetricAnswer, slices: Vec<proto::SliceResult>) -> proto::MetricResult {
    proto::MetricResult {
        metric: metric.key,
        signature: metric.signature,
        estimate: Some(estimate(&metric.estimate)),
        scale: metric.scale,
        components: metric
            .components
            .into_iter()
            .map(|(name, value)| proto::Component { name, value })
            .collect(),
        confusion_matrix: metric.confusion.map(confusion_matrix),
        slices,
        notes: metric.notes.iter().map(note).collect(),
        row_signature: metric.row_signature,
        reference_signature: metric.reference_signature,
        direction: crate::catalog::direction(metric.direction).into(),
    }
}

/// A value with its interval.
pub fn estimate(estimate: &Estimate) -> proto::Estimate {
    let interval = estimate.interval;
    proto::Estimate {
        value: estimate.value,
        low: interval.map(|interval| interval.low),
        high: interval.map(|interval| interval.high),
        std_error: interval.map(|interval| interval.std_error),
        method: interval.map_or_else(String::new, |interval| interval.method.name().to_owned()),
        n: estimate.n,
        n_failed: estimate.n_failed,
        undefined_reason: estimate.undefined_reason.clone(),
    }
}

fn ranking(ranking: Ranking) -> proto::Ranking {
    let ranks = ranking.ranks.into_iter().map(|found| proto::SystemRank {
        system: found.system,
        rank: found.rank,
        best: found.interval.map(|(best, _)| best),
        worst: found.interval.map(|(_, worst)| worst),
    });
    proto::Ranking {
        metric: ranking.metric,
        ranks: ranks.collect(),
    }
}

/// A note.
pub fn note(note: &Note) -> proto::Note {
    proto::Note {
        code: note.code.to_owned(),
        text: note.text.clone(),
        count: note.count,
        row_ids: note.row_ids.clone(),
    }
}

/// A comparison by one metric.
pub fn paired_result(paired: &PairedAnswer) -> proto::PairedResult {
    let decision = match (paired.p, paired.decision) {
        (None, _) => proto::Decision::Unspecified,
        (Some(_), Decision::Improved) => proto::Decision::Improved,
        (Some(_), Decision::Regressed) => proto::Decision::Regressed,
        (Some(_), Decision::Equivalent) => proto::Decision::Equivalent,
        (Some(_), Decision::NotWorse) => proto::Decision::NotWorse,
        (Some(_), Decision::Inconclusive) => proto::Decision::Inconclusive,
    };
    let effect_sizes = paired.effect_sizes.iter().map(|size| proto::EffectSize {
        name: size.name.to_owned(),
        value: size.value,
    });
    let resampled = |side: usize| {
        paired.resampled.map(|means| proto::ResampledMean {
            mean: means[side].mean,
            half_width: means[side].half_width,
        })
    };
    let outcome = |at: usize| paired.outcomes.map(|outcomes| outcomes[at]);
    proto::PairedResult {
        metric: paired.metric.clone(),
        candidate: paired.candidate.clone(),
        difference: Some(estimate(&paired.difference)),
        p_value: paired.p.map(|p| p.value),
        p_adjusted: paired.p_adjusted,
        p_at_floor: paired.p.is_some_and(|p| p.at_floor),
        test: paired
            .p
            .map_or_else(String::new, |_| paired.test.to_owned()),
        draws: paired.p.map_or(0, |p| p.draws),
        family: paired.family.clone(),
        effect_sizes: effect_sizes.collect(),
        wins: outcome(0),
        losses: outcome(1),
        ties: outcome(2),
        mde: paired.mde,
        decision: decision.into(),
        baseline_value: paired.baseline_value,
        candidate_value: paired.candidate_value,
        margin: paired.margin,
        p_not_worse: paired.p_not_worse,
        p_equivalent: paired.p_equivalent,
        within_margin: paired.within_margin,
        baseline_resampled: resampled(0),
        candidate_resampled: resampled(1),
        lowest_difference: paired.possible.map(|(lowest, _)| lowest),
        highest_difference: paired.possible.map(|(_, highest)| highest),
    }
}
