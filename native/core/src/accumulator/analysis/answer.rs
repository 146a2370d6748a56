//! From findings to the answer.

use super::super::finish::Desk;
use super::super::pairing::{Pair, on_common_rows};
use super::super::sums::Sums;
use super::ngrams::{Counted, MOST_COUNTS, Ngrams};
use super::rows::Rows;
use super::scores::{BANDS, Bucket, Changes, Errors, LENGTHS, Scale};
use super::{Analysis, SystemFindings, has_matrix};
use crate::metrics::Normalize;
use crate::result::analysis::{
    Confusion, ErrorAnalysis, LengthBucket, ListedRow, MetricErrors, Ngram, PairErrors, RowChanges,
    ScoreBand, SystemErrors,
};
use crate::result::{ConfusionMatrix, Note};

impl Desk<'_> {
    /// The analysis, if it was asked for; `included` says by system which classes its matrix has.
    pub(in super::super) fn analysis(&self, included: &[&[bool]]) -> Option<ErrorAnalysis> {
        let accumulator = self.accumulator;
        let analysis = accumulator.analysis.as_ref()?;
        let spec = &accumulator.spec;
        let has_matrix = has_matrix(spec);
        let key = |metric: usize| spec.metrics[metric].key.clone();
        let systems = analysis.kept.systems.iter().enumerate();
        let systems = systems.map(|(at, found)| {
            let sums = &accumulator.systems[at];
            let confusion = has_matrix.then(|| self.confusion(sums, included[at], Normalize::None));
            let confusions = has_matrix.then(|| self.confusions(sums, found, analysis));
            let metrics = analysis
                .scored()
                .map(|(metric, scale)| metric_errors(key(metric), scale, &found.errors[metric]));
            let ngrams = analysis.ngrams.as_ref();
            let [overproduced, underproduced] = ngrams
                .map(|ngrams| most_telling(ngrams, at, analysis.options.top as usize))
                .unwrap_or_default();
            SystemErrors {
                overproduced,
                underproduced,
                system: spec.systems[at].name.clone(),
                confusions: confusions.unwrap_or_default(),
                confusion,
                metrics: metrics.collect(),
            }
        });
        let pairs = accumulator.pairs.iter().zip(&analysis.kept.pairs);
        let pairs = pairs.map(|(pair, changes)| PairErrors {
            candidate: spec.systems[pair.candidate].name.clone(),
            confusion: has_matrix.then(|| self.confusion_change(pair)),
            metrics: analysis
                .scored()
                .map(|(metric, scale)| row_changes(key(metric), scale, &changes[metric]))
                .collect(),
        });
        let hardest = analysis.scored();
        let hardest = hardest.map(|(metric, _)| (key(metric), listed(&analysis.kept.hard[metric])));
        Some(ErrorAnalysis {
            systems: systems.collect(),
            pairs: pairs.collect(),
            hardest: hardest.collect(),
            notes: analysis.ngrams.iter().flat_map(skipped_notes).collect(),
        })
    }

    /// The pairs of labels that were confused most often; equal ones in label order.
    fn confusions(
        &self,
        sums: &Sums,
        found: &SystemFindings,
        analysis: &Analysis,
    ) -> Vec<Confusion> {
        let cells = self.cells(sums);
        let mut of_gold = vec![0.0; self.valuer.labels.len()];
        for (gold, _, count) in &cells {
            of_gold[*gold as usize] += count;
        }
        let mut wrong: Vec<(u32, u32, f64)> = cells
            .into_iter()
            .filter(|(gold, predicted, count)| gold != predicted && *count > 0.0)
            .collect();
        wrong.sort_by(|a, b| b.2.total_cmp(&a.2).then((a.0, a.1).cmp(&(b.0, b.1))));
        wrong.truncate(analysis.options.top as usize);
        let name = |rank: u32| self.valuer.labels[rank as usize].to_owned();
        let number = |rank: u32| self.label_ranks.iter().position(|found| *found == rank);
        let confusion = |(gold, predicted, count): (u32, u32, f64)| {
            let rows = number(gold)
                .zip(number(predicted))
                .and_then(|(gold, predicted)| found.confusions.rows(gold as u32, predicted as u32));
            Confusion {
                gold: name(gold),
                predicted: name(predicted),
                count,
                share: count / of_gold[gold as usize],
                rows: rows.map(listed).unwrap_or_default(),
            }
        };
        wrong.into_iter().map(confusion).collect()
    }

    /// Candidate minus baseline on common rows.
    fn confusion_change(&self, pair: &Pair) -> ConfusionMatrix {
        let systems = &self.accumulator.systems;
        let mut change = on_common_rows(&systems[pair.candidate], pair.excluded_candidate.as_ref());
        let baseline = on_common_rows(&systems[pair.baseline], pair.excluded_baseline.as_ref());
        change.combine(&baseline, -1);
        let mut cells = self.cells(&change);
        cells.retain(|(_, _, count)| *count != 0.0);
        ConfusionMatrix {
            labels: self
                .valuer
                .labels
                .iter()
                .map(|label| (*label).to_owned())
                .collect(),
            are_counts: false,
            counts: std::sync::Arc::default(),
            cells,
        }
    }

    /// Cells of a matrix by label order, each once.
    fn cells(&self, sums: &Sums) -> Vec<(u32, u32, f64)> {
        let mut cells: Vec<(u32, u32, f64)> = sums.confusion_numbers(&self.label_ranks).collect();
        cells.sort_unstable_by_key(|(gold, predicted, _)| (*gold, *predicted));
        super::super::finish::join_equal(&mut cells);
        cells
    }
}

/// The n-grams that a system produces more often, and less often, than references do, by their log-likelihood ratio.
fn most_telling(ngrams: &Ngrams, system: usize, most: usize) -> [Vec<Ngram>; 2] {
    let words = ngrams.words();
    let mut found: [Vec<(f64, Counted)>; 2] = Default::default();
    for one in ngrams.of_system(system) {
        if let Some(is_over) = one.is_over() {
            found[usize::from(!is_over)].push((one.log_likelihood(), one));
        }
    }
    found.map(|mut found| {
        let order = |a: &(f64, Counted), b: &(f64, Counted)| {
            let by_words = || a.1.words(&words).cmp(b.1.words(&words));
            b.0.total_cmp(&a.0).then_with(by_words)
        };
        if found.len() > most {
            found.select_nth_unstable_by(most, order);
            found.truncate(most);
        }
        found.sort_by(order);
        let ngram = |(log_likelihood, one): (f64, Counted)| Ngram {
            text: one.text(&words),
            produced: one.count.produced,
            referenced: one.count.referenced,
            log_likelihood,
        };
        found.into_iter().map(ngram).collect()
    })
}

fn skipped_notes(ngrams: &Ngrams) -> impl Iterator<Item = Note> {
    ngrams.skipped().map(|order| Note {
        code: "TOO_MANY_NGRAMS",
        text: format!(
            "there are too many different n-grams of {order} words to count them: more than {MOST_COUNTS} / the number of \
             systems; ask for shorter ones or send fewer rows"
        ),
        count: 0,
        row_ids: Vec::new(),
    })
}

fn listed(rows: &Rows) -> Vec<ListedRow> {
    let listed = rows.iter().map(|row| ListedRow {
        id: row.id.clone(),
        scores: row.scores(),
    });
    listed.collect()
}

fn metric_errors(metric: String, scale: &Scale, errors: &Errors) -> MetricErrors {
    let bands = (0..BANDS).zip(&errors.bands);
    let bands = bands
        .filter(|(_, band)| band.count > 0)
        .map(|(at, band)| ScoreBand {
            ends: scale.ends_of(at),
            rows: band.count,
            samples: listed(&band.rows),
        });
    let [by_reference_length, by_prediction_length] = errors
        .lengths
        .each_ref()
        .map(|buckets| lengths(scale, buckets));
    MetricErrors {
        metric,
        right: scale.has_best().then_some(errors.right),
        bands: bands.collect(),
        by_reference_length,
        by_prediction_length,
    }
}

fn lengths(scale: &Scale, buckets: &[Bucket]) -> Vec<LengthBucket> {
    let lows = std::iter::once(0).chain(LENGTHS.map(|most| most.saturating_add(1)));
    let buckets = lows.zip(LENGTHS).zip(buckets);
    let filled = buckets.filter(|(_, bucket)| bucket.rows > 0);
    let bucket = |((low, most), bucket): ((u32, u32), &Bucket)| LengthBucket {
        low,
        high: (most < u32::MAX).then_some(most),
        rows: bucket.rows,
        mean_score: bucket.mean(),
        error_rate: scale
            .has_best()
            .then(|| (bucket.rows - bucket.right) as f64 / bucket.rows as f64),
    };
    filled.map(bucket).collect()
}

fn row_changes(metric: String, scale: &Scale, changes: &Changes) -> RowChanges {
    RowChanges {
        metric,
        right: scale.has_best().then_some(changes.right),
        gains: listed(&changes.gains),
        losses: listed(&changes.losses),
    }
}
