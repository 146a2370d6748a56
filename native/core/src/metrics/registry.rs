//! The table of metrics. To add one: a file in the folder of its field, a line in the folder's `ENTRIES`.

use std::sync::LazyLock;

use super::contract::Statistics;
use super::field::Field;
use super::params::{ParamSpec, Params};
use super::resources::Resources;
use super::{
    agreement, answers, calibration, choices, classification, diversity, language, own, regression,
    semantic, summarization, tagging, transcription, translation,
};
use crate::error::{Error, Result};

/// Which way is better.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// Neither: the value is only looked at (a confusion matrix).
    None,
    /// Higher is better.
    Higher,
    /// Lower is better.
    Lower,
}

/// What a metric is made from, beside its parameters.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    /// The classes that the caller names; empty if the rows' labels decide.
    pub classes: &'a [String],
    /// Files of the settings.
    pub resources: &'a Resources,
}

/// Direction, and lowest and highest value.
pub type Adjust = fn(&Params) -> (Direction, (f64, f64));

/// One metric of the registry.
#[derive(Debug)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each answers a question that is asked alone"
)]
pub struct Entry {
    /// The name users write.
    pub name: &'static str,
    /// One sentence: what it measures.
    pub summary: &'static str,
    /// Parameters in alphabetical order.
    pub params: &'static [ParamSpec],
    /// Profiles; the first is the default. Empty if there is only one definition.
    pub profiles: &'static [&'static str],
    /// Defaults that a profile changes: profile, parameter, value as written in the text form.
    pub profile_defaults: &'static [(&'static str, &'static str, &'static str)],
    /// What it needs of a row.
    pub needs: &'static [Field],
    /// Which way is better.
    pub direction: Direction,
    /// Lowest and highest possible value, on the scale of the reference.
    pub range: (f64, f64),
    /// Direction and range where parameters or the profile change them.
    pub adjust: Option<Adjust>,
    /// What rows are like that have no value, as the rest of a sentence.
    pub undefined: &'static str,
    /// Whether rows may carry weights.
    pub weighted: bool,
    /// Whether the value is a function of resampled rows, so that it can have an interval and a test.
    pub interval: bool,
    /// Whether rows have a score of their own.
    pub row_score: bool,
    /// Parameters of the per-row score where they differ from the metric's own.
    pub row_params: &'static [(&'static str, &'static str)],
    /// Whether a model of the server computes it.
    pub model: bool,
    /// Reference implementation and version.
    pub reference: &'static str,
    /// Paper or document that defines it.
    pub source: &'static str,
    /// Makes the metric from checked parameters.
    pub build: fn(&Params, &Context<'_>) -> Result<Statistics>,
}

impl Entry {
    /// What most metrics over texts have in common; the rest is for the metric to fill in.
    pub const TEXTS: Self = Self {
        name: "",
        summary: "",
        params: &[],
        profiles: &[],
        profile_defaults: &[],
        needs: &[Field::PredictionText, Field::References],
        direction: Direction::Higher,
        range: (0.0, 1.0),
        adjust: None,
        undefined: "a denominator is zero",
        weighted: false,
        interval: true,
        row_score: true,
        row_params: &[],
        model: false,
        reference: "",
        source: "",
        build: |params, _| Err(params.error("", "the metric has no implementation")),
    };

    /// What most metrics over labels have in common.
    pub const LABELS: Self = Self {
        needs: &[Field::PredictionLabel, Field::Labels],
        weighted: true,
        row_score: false,
        ..Self::TEXTS
    };
}

/// The folders' metrics.
static FOLDERS: &[&[&Entry]] = &[
    agreement::ENTRIES,
    answers::ENTRIES,
    calibration::ENTRIES,
    choices::ENTRIES,
    classification::ENTRIES,
    diversity::ENTRIES,
    language::ENTRIES,
    own::ENTRIES,
    regression::ENTRIES,
    semantic::ENTRIES,
    summarization::ENTRIES,
    tagging::ENTRIES,
    transcription::ENTRIES,
    translation::ENTRIES,
];

/// All metrics, by name.
pub static REGISTRY: LazyLock<Vec<&'static Entry>> = LazyLock::new(|| {
    let mut all = FOLDERS.concat();
    all.sort_by_key(|entry| entry.name);
    all
});

/// The entry of a name; the error suggests the nearest names.
pub fn find(name: &str, field: &str) -> Result<&'static Entry> {
    if let Some(entry) = REGISTRY.iter().find(|entry| entry.name == name) {
        return Ok(entry);
    }
    let nearest = nearest_names(name, REGISTRY.iter().map(|entry| entry.name));
    Err(Error::invalid(
        "UNKNOWN_METRIC",
        field,
        format!(
            "there is no metric of this name; {}",
            suggestion(&nearest, "ListMetrics and `evald metrics` name all")
        ),
    )
    .with("nearest", nearest.join(",")))
}

/// Words the suggestion of an error about an unknown name.
pub fn suggestion(nearest: &[&str], otherwise: &str) -> String {
    match nearest {
        [] => otherwise.to_owned(),
        names => format!("did you mean {}? {otherwise}", names.join(" or ")),
    }
}

/// Up to three known names within a small edit distance, nearest first.
pub fn nearest_names<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let name = name.to_lowercase();
    let name = name.as_str();
    let limit = 1 + name.chars().count().min(40) / 3;
    let mut near: Vec<(usize, &str)> = known
        .map(|candidate| (edit_distance(name, candidate), candidate))
        .filter(|(distance, candidate)| {
            *distance <= limit || (name.len() >= 3 && candidate.starts_with(name))
        })
        .collect();
    near.sort_unstable();
    near.into_iter().take(3).map(|(_, name)| name).collect()
}

/// Levenshtein distance over characters; names are short, the caller's is cut at 64 characters.
fn edit_distance(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.chars().collect();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (i, l) in left.chars().take(64).enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, r) in right.iter().enumerate() {
            let substitute = diagonal + usize::from(l != *r);
            diagonal = row[j + 1];
            row[j + 1] = substitute.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[right.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_sorted() {
        let mut pairs = REGISTRY.windows(2);
        assert!(pairs.all(|pair| pair[0].name < pair[1].name));
    }

    #[test]
    fn parameters_are_sorted_and_defaults_are_accepted() {
        for entry in REGISTRY.iter() {
            assert!(
                entry
                    .params
                    .windows(2)
                    .all(|pair| pair[0].name < pair[1].name),
                "{}",
                entry.name
            );
            Params::check(entry, None, &[], &Resources::default(), "metrics[0]").expect(entry.name);
        }
    }

    #[test]
    fn near_names_are_suggested() {
        let known = ["bleu", "rouge_1", "rouge_l"];
        assert_eq!(nearest_names("bleau", known.into_iter()), ["bleu"]);
        assert_eq!(nearest_names("rougeL", known.into_iter())[0], "rouge_l");
        assert_eq!(
            nearest_names("rouge", known.into_iter()),
            ["rouge_1", "rouge_l"]
        );
        assert!(nearest_names("perplexity", known.into_iter()).is_empty());
    }
}
