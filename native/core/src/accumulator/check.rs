//! Checks of a batch before anything is scored: all violations of a kind at once, with paths.

use rustc_hash::FxHashSet;

use super::ModelOutput;
use crate::batch::{Batch, Instance, Prediction};
use crate::error::{Error, Result, Violation};
use crate::metrics::Needs;
use crate::spec::{Source, Spec};

/// Violations reported at most.
const MAX_VIOLATIONS: usize = 20;

/// Collects violations; the first decides the reason.
#[derive(Default)]
struct Findings {
    error: Option<Error>,
}

impl Findings {
    fn add(&mut self, reason: &'static str, field: String, description: &str) {
        match &mut self.error {
            None => self.error = Some(Error::invalid(reason, field, description)),
            Some(error) if error.violations.len() < MAX_VIOLATIONS => {
                error.violations.push(Violation {
                    field,
                    description: description.to_owned(),
                });
            }
            Some(_) => {}
        }
    }
}

/// Checks ids, references, labels and predictions of every row.
pub fn check_batch(spec: &Spec, batch: &Batch<'_>, outputs: &[ModelOutput]) -> Result<()> {
    let mut findings = Findings::default();
    check_ids(batch, &mut findings);
    for (row, instance) in batch.instances.iter().enumerate() {
        check_gold(spec, instance, row, &mut findings);
        check_predictions(spec, batch, instance, row, &mut findings);
    }
    check_outputs(spec, batch, outputs)?;
    findings.error.map_or(Ok(()), Err)
}

fn check_ids(batch: &Batch<'_>, findings: &mut Findings) {
    let with_ids = batch
        .instances
        .iter()
        .filter(|instance| !instance.id.is_empty())
        .count();
    if with_ids == 0 {
        return;
    }
    let mut seen = FxHashSet::default();
    for (row, instance) in batch.instances.iter().enumerate() {
        if instance.id.is_empty() {
            findings.add(
                "MIXED_IDS",
                format!("instances[{row}].id"),
                "other rows have an id: give all rows an id or none",
            );
        } else if !seen.insert((instance.id, instance.sample)) {
            findings.add(
                "DUPLICATE_ID",
                format!("instances[{row}].id"),
                "another row of the call has the same id and sample",
            );
        }
    }
}

fn check_gold(spec: &Spec, instance: &Instance<'_>, row: usize, findings: &mut Findings) {
    if spec.needs(Needs::Texts) && instance.references.is_empty() {
        findings.add(
            "MISSING_REFERENCE",
            format!("instances[{row}].references"),
            "give at least one reference; an empty string is a real, empty reference",
        );
    }
    if spec.needs(Needs::Labels) && instance.labels.len() != 1 {
        let (reason, problem) = if instance.labels.is_empty() {
            ("MISSING_LABEL", "give the gold label of the row")
        } else {
            ("MULTIPLE_LABELS", "give exactly one gold label")
        };
        findings.add(reason, format!("instances[{row}].labels"), problem);
    }
}

fn check_predictions(
    spec: &Spec,
    batch: &Batch<'_>,
    instance: &Instance<'_>,
    row: usize,
    findings: &mut Findings,
) {
    if instance.predictions.len() > spec.systems.len() {
        findings.add(
            "TOO_MANY_PREDICTIONS",
            format!("instances[{row}].predictions"),
            "there are more predictions than systems",
        );
        return;
    }
    for (at, system) in spec.systems.iter().enumerate() {
        let path = || format!("instances[{row}].predictions[{at}]");
        match (batch.prediction(instance, at), &system.source) {
            (None, Source::Model { .. }) => {}
            (Some(_), Source::Model { .. }) => findings.add(
                "UNEXPECTED_PREDICTION",
                path(),
                "the server's model answers for this system: leave the prediction empty",
            ),
            (prediction, Source::Inline) => {
                let complete = prediction.is_some_and(|prediction| is_complete(spec, prediction));
                if spec.statistics.fail_on_missing && !complete {
                    findings.add(
                        "MISSING_PREDICTION",
                        path(),
                        "the prediction, or what the metrics need of it, is missing and the policy for missing \
                         predictions is FAIL",
                    );
                }
                if let Some(prediction) = prediction {
                    check_labels(spec, prediction, &path, findings);
                }
            }
        }
    }
}

/// Whether a prediction holds what the metrics need.
fn is_complete(spec: &Spec, prediction: &Prediction<'_>) -> bool {
    let has_label = !prediction.labels.is_empty() || !prediction.class_scores.is_empty();
    (prediction.text.is_some() || !spec.needs(Needs::Texts))
        && (has_label || !spec.needs(Needs::Labels))
}

fn check_labels(
    spec: &Spec,
    prediction: &Prediction<'_>,
    path: &dyn Fn() -> String,
    findings: &mut Findings,
) {
    if prediction.labels.len() > 1 {
        findings.add(
            "MULTIPLE_LABELS",
            path() + ".labels",
            "give exactly one predicted label",
        );
    }
    if !prediction.class_scores.is_empty() && prediction.class_scores.len() != spec.classes.len() {
        let problem = if spec.classes.is_empty() {
            "class_scores need the names of the classes in spec.classes".to_owned()
        } else {
            format!(
                "there are {} scores for {} classes",
                prediction.class_scores.len(),
                spec.classes.len()
            )
        };
        findings.add("CLASS_SCORES_LENGTH", path() + ".class_scores", &problem);
    }
}

fn check_outputs(spec: &Spec, batch: &Batch<'_>, outputs: &[ModelOutput]) -> Result<()> {
    for output in outputs {
        if output.scores.len() != batch.instances.len() * output.classes.len() {
            return Err(Error::internal(
                "a model's scores do not match rows x classes",
            ));
        }
    }
    for (at, system) in spec.systems.iter().enumerate() {
        let answered = outputs.iter().any(|output| output.system == at);
        if matches!(system.source, Source::Model { .. }) && !answered {
            return Err(Error::internal("a model system has no predictions"));
        }
    }
    Ok(())
}
