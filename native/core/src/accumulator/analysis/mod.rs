//! Error analysis: which rows are wrong, what they have in common, and what another system changes.
//!
//! All of it is counts and bounded lists of rows, which merge; it is kept only if it is asked for.

mod answer;
mod confusions;
mod ngrams;
mod rows;
mod scores;
mod seen;

use serde::{Deserialize, Serialize};

use super::pairing::Pair;
use crate::spec::{AnalysisOptions, Spec};
use crate::text::python::is_space;
use confusions::Confusions;
use ngrams::{Ngrams, NgramsState};
use rows::{RowName, Rows};
use scores::{Changes, Errors, Lengths, Scale, add_hard};

/// What is kept for the analysis of a call.
#[derive(Debug, Clone)]
pub struct Analysis {
    options: AnalysisOptions,
    /// One a metric; `None` for metrics whose rows have no scores.
    scales: Vec<Option<Scale>>,
    kept: Findings,
    /// If they are asked for.
    ngrams: Option<Ngrams>,
}

/// What a state holds of an analysis.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct AnalysisState {
    kept: Findings,
    ngrams: Option<NgramsState>,
}

/// Counts and lists of rows.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
struct Findings {
    systems: Vec<SystemFindings>,
    /// By pair of systems, then metric.
    pairs: Vec<Vec<Changes>>,
    /// By metric: rows that are hard for all systems.
    hard: Vec<Rows>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
struct SystemFindings {
    confusions: Confusions,
    /// By metric.
    errors: Vec<Errors>,
}

/// A row as the analysis sees it.
pub struct SeenRow<'r> {
    /// What identifies it.
    pub name: RowName<'r>,
    /// The first reference, if it has one.
    pub reference: Option<&'r str>,
    /// One a system; `None` if it has no usable prediction.
    pub answers: &'r [Option<SeenAnswer<'r>>],
}

/// What a system answered for a row.
#[derive(Debug, Clone, Default)]
pub struct SeenAnswer<'r> {
    /// The text, if there is one.
    pub text: Option<&'r str>,
    /// Numbers of gold and predicted label, if there is one of each.
    pub labels: Option<(u32, u32)>,
    /// Row scores by metric; NaN if there is none.
    pub scores: Vec<f64>,
}

impl Analysis {
    /// Nothing yet; `None` if the specification asks for no analysis.
    pub fn new(spec: &Spec, pairs: usize) -> Option<Self> {
        let metrics = spec.metrics.len();
        let system = SystemFindings {
            confusions: Confusions::default(),
            errors: vec![Errors::default(); metrics],
        };
        let options = spec.analysis?;
        let orders = options.ngrams as usize;
        Some(Self {
            options,
            ngrams: (orders > 0).then(|| Ngrams::new(orders, spec.systems.len())),
            scales: spec.metrics.iter().map(Scale::of).collect(),
            kept: Findings {
                systems: vec![system; spec.systems.len()],
                pairs: vec![vec![Changes::default(); metrics]; pairs],
                hard: vec![Rows::default(); metrics],
            },
        })
    }

    fn samples(&self) -> usize {
        self.options.samples as usize
    }

    /// The metrics whose rows have scores.
    fn scored(&self) -> impl Iterator<Item = (usize, &Scale)> {
        let scales = self.scales.iter().enumerate();
        scales.filter_map(|(metric, scale)| Some((metric, scale.as_ref()?)))
    }

    /// Adds a row.
    pub fn add(&mut self, row: &SeenRow<'_>, pairs: &[Pair]) {
        let samples = self.samples();
        let reference_words = row.reference.map(count_words);
        for (system, answer) in self.kept.systems.iter_mut().zip(row.answers) {
            let Some(answer) = answer else { continue };
            if let Some((gold, predicted)) = answer.labels
                && gold != predicted
            {
                system.confusions.add(samples, row.name, gold, predicted);
            }
            let lengths = Lengths([reference_words, answer.text.map(count_words)]);
            for ((errors, scale), score) in system
                .errors
                .iter_mut()
                .zip(&self.scales)
                .zip(&answer.scores)
            {
                if let Some(scale) = scale
                    && score.is_finite()
                {
                    errors.add(samples, row.name, scale, *score, lengths);
                }
            }
        }
        self.add_changes(row, pairs);
        self.add_hard(row);
        if let (Some(ngrams), Some(reference)) = (&mut self.ngrams, row.reference) {
            let answers = row.answers.iter();
            let texts = answers.map(|answer| answer.as_ref().and_then(|answer| answer.text));
            ngrams.add(reference, &texts.collect::<Vec<_>>());
        }
    }

    fn add_changes(&mut self, row: &SeenRow<'_>, pairs: &[Pair]) {
        let samples = self.samples();
        for (changes, pair) in self.kept.pairs.iter_mut().zip(pairs) {
            let [Some(baseline), Some(candidate)] =
                [pair.baseline, pair.candidate].map(|system| row.answers[system].as_ref())
            else {
                continue;
            };
            let scores = baseline.scores.iter().zip(&candidate.scores);
            for ((changes, scale), (baseline, candidate)) in
                changes.iter_mut().zip(&self.scales).zip(scores)
            {
                if let Some(scale) = scale
                    && baseline.is_finite()
                    && candidate.is_finite()
                {
                    changes.add(samples, row.name, scale, *baseline, *candidate);
                }
            }
        }
    }

    fn add_hard(&mut self, row: &SeenRow<'_>) {
        let samples = self.samples();
        for (metric, (hard, scale)) in self.kept.hard.iter_mut().zip(&self.scales).enumerate() {
            let Some(scale) = scale else { continue };
            let score = |answer: &Option<SeenAnswer<'_>>| {
                let score = *answer.as_ref()?.scores.get(metric)?;
                score.is_finite().then_some(score)
            };
            let scores: Option<Vec<f64>> = row.answers.iter().map(score).collect();
            if let Some(scores) = scores {
                add_hard(hard, samples, row.name, scale, &scores);
            }
        }
    }

    /// Lets go of what is too much to keep, once some rows are added.
    pub fn cut(&mut self) {
        for system in &mut self.kept.systems {
            system.confusions.cut();
        }
    }

    /// What a state holds, with labels by these numbers.
    pub fn state(&self, labels: &[u32]) -> AnalysisState {
        AnalysisState {
            kept: self.kept.clone().relabelled(self.samples(), labels),
            ngrams: self.ngrams.as_ref().map(Ngrams::state),
        }
    }

    /// Adds the findings of another shard, whose labels have these numbers here.
    pub fn merge(&mut self, theirs: AnalysisState, labels: &[u32]) {
        let samples = self.samples();
        if let (Some(mine), Some(theirs)) = (&mut self.ngrams, theirs.ngrams) {
            mine.merge(theirs);
        }
        let theirs = theirs.kept.relabelled(samples, labels);
        for (mine, theirs) in self.kept.systems.iter_mut().zip(theirs.systems) {
            mine.confusions.merge(samples, theirs.confusions);
            for (mine, theirs) in mine.errors.iter_mut().zip(theirs.errors) {
                mine.merge(samples, theirs);
            }
        }
        let mine = self.kept.pairs.iter_mut().flatten();
        for (mine, theirs) in mine.zip(theirs.pairs.into_iter().flatten()) {
            mine.merge(samples, theirs);
        }
        for (mine, theirs) in self.kept.hard.iter_mut().zip(theirs.hard) {
            mine.merge(samples, theirs);
        }
    }

    /// Whether this many rows with so many labels could have given the state.
    pub fn takes(&self, theirs: &AnalysisState, rows: u64, labels: usize) -> bool {
        let ngrams = match (&self.ngrams, &theirs.ngrams) {
            (Some(mine), Some(theirs)) => mine.takes(theirs),
            (mine, theirs) => mine.is_none() && theirs.is_none(),
        };
        ngrams && self.takes_findings(&theirs.kept, rows, labels)
    }

    fn takes_findings(&self, theirs: &Findings, rows: u64, labels: usize) -> bool {
        let samples = self.samples();
        let metrics = self.scales.len();
        let systems = self.kept.systems.len();
        let mut all = theirs.systems.iter();
        let mut pairs = theirs.pairs.iter();
        theirs.systems.len() == systems
            && theirs.pairs.len() == self.kept.pairs.len()
            && theirs.hard.len() == metrics
            && all.all(|system| {
                let mut errors = system.errors.iter();
                system.confusions.is_sound(samples, labels)
                    && system.errors.len() == metrics
                    && errors.all(|errors| errors.is_sound(samples, rows))
            })
            && pairs.all(|changes| {
                let mut all = changes.iter();
                changes.len() == metrics && all.all(|changes| changes.is_sound(samples, rows))
            })
            && theirs
                .hard
                .iter()
                .all(|rows| rows.is_sound(samples, systems))
    }
}

impl Findings {
    fn relabelled(mut self, samples: usize, labels: &[u32]) -> Self {
        for system in &mut self.systems {
            let confusions = std::mem::take(&mut system.confusions);
            system.confusions = confusions.relabelled(samples, labels);
        }
        self
    }
}

/// Whether rows are counted by one gold and one predicted label each.
fn has_matrix(spec: &Spec) -> bool {
    spec.counts_classes() && !spec.multilabel()
}

/// Words between spaces.
fn count_words(text: &str) -> u32 {
    let words = text.split(is_space).filter(|word| !word.is_empty());
    words.count() as u32
}
