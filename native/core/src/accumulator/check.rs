//! Checks of a batch before anything is scored: all violations of a kind at once, with paths.

use rustc_hash::FxHashSet;

use super::ModelOutput;
use super::answer::Answer;
use crate::batch::{Batch, Instance, Prediction};
use crate::error::{Error, Result, Violation};
use crate::metrics::{Field, FieldSet, Problem, Row, Statistics};
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
    let needs = spec.needs();
    for (row, instance) in batch.instances.iter().enumerate() {
        let place = batch.place(row);
        check_gold(needs, batch, instance, place, &mut findings);
        check_gold_label(needs, instance, place, &mut findings);
        check_weight(spec, batch, instance, place, &mut findings);
        check_predictions(spec, needs, batch, instance, row, &mut findings);
    }
    check_outputs(spec, batch, outputs)?;
    if findings.error.is_none() {
        check_by_metrics(spec, batch, outputs, &mut findings);
    }
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
        let row = batch.place(row);
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

fn check_gold(
    needs: FieldSet,
    batch: &Batch<'_>,
    instance: &Instance<'_>,
    row: usize,
    findings: &mut Findings,
) {
    let mut missing = |field: Field, name: &str, reason: &'static str, problem: &str| {
        if needs.has(field) {
            findings.add(reason, format!("instances[{row}].{name}"), problem);
        }
    };
    if instance.references.is_empty() {
        missing(
            Field::References,
            "references",
            "MISSING_REFERENCE",
            "give at least one reference; an empty string is a real, empty reference",
        );
    }
    let extra = batch.row_extra(instance);
    if extra.is_none_or(|extra| extra.wrong_references.is_empty()) {
        missing(
            Field::WrongReferences,
            "wrong_references",
            "MISSING_REFERENCE",
            "give at least one reference that is known to be wrong",
        );
    }
    if extra.is_none_or(|extra| extra.reference_tokens.is_empty()) {
        missing(
            Field::ReferenceTokens,
            "reference_tokens",
            "MISSING_TOKENS",
            "give the tokens of at least one reference",
        );
    }
    if extra.is_none_or(|extra| extra.value.is_none()) {
        missing(
            Field::Value,
            "value",
            "MISSING_VALUE",
            "give the gold number of the row",
        );
    }
    if extra.is_none_or(|extra| extra.choices.is_empty()) {
        missing(
            Field::Choices,
            "choices",
            "MISSING_CHOICES",
            "give the answer choices of the row",
        );
    }
}

fn check_gold_label(needs: FieldSet, instance: &Instance<'_>, row: usize, findings: &mut Findings) {
    let (reason, problem) = match instance.labels.len() {
        1 => return,
        0 => ("MISSING_LABEL", "give the gold label of the row"),
        _ => (
            "MULTIPLE_LABELS",
            "give exactly one gold label, or ask for multilabel=true",
        ),
    };
    if needs.has(Field::Labels) {
        findings.add(reason, format!("instances[{row}].labels"), problem);
    }
}

/// Weights are for metrics that say what they mean.
fn check_weight(
    spec: &Spec,
    batch: &Batch<'_>,
    instance: &Instance<'_>,
    row: usize,
    findings: &mut Findings,
) {
    let weighted = batch
        .row_extra(instance)
        .is_some_and(|extra| extra.weight.is_some());
    if !weighted {
        return;
    }
    let mut metrics = spec.metrics.iter();
    if let Some(metric) = metrics.find(|metric| !metric.entry.weighted) {
        findings.add(
            "WEIGHT_NOT_ALLOWED",
            format!("instances[{row}].weight"),
            &format!(
                "{} has no meaning for weighted rows: leave one out",
                metric.key
            ),
        );
    }
}

/// What only metrics can refuse.
fn check_by_metrics(
    spec: &Spec,
    batch: &Batch<'_>,
    outputs: &[ModelOutput],
    findings: &mut Findings,
) {
    let checks: Vec<Check<'_>> = spec
        .metrics
        .iter()
        .filter_map(|m| check_of(&m.statistics))
        .collect();
    if checks.is_empty() {
        return;
    }
    for row in 0..batch.instances.len() {
        for system in 0..spec.systems.len() {
            let answer = Answer::find(batch, outputs, row, system);
            let seen = answer.row(spec, batch, (row, 0), None);
            let mut labels = seen.gold_labels().iter().chain(seen.labels());
            if answer.problem(spec, spec.needs(), batch).is_some()
                || (!spec.multilabel() && labels.any(|label| spec.drops(label)))
            {
                continue;
            }
            for problem in checks.iter().filter_map(|check| check(&seen).err()) {
                let row = batch.place(row);
                let path = match problem.field.strip_prefix("prediction.") {
                    Some(field) => format!("instances[{row}].predictions[{system}].{field}"),
                    None => format!("instances[{row}].{}", problem.field),
                };
                findings.add(problem.reason, path, &problem.text);
            }
        }
    }
}

type Check<'m> = Box<dyn Fn(&Row<'_>) -> std::result::Result<(), Problem> + 'm>;

fn check_of(statistics: &Statistics) -> Option<Check<'_>> {
    match statistics {
        Statistics::Rows(metric) if metric.checks_rows() => {
            Some(Box::new(|row| metric.check_row(row)))
        }
        Statistics::Collected(metric) if metric.checks_rows() => {
            Some(Box::new(|row| metric.check_row(row)))
        }
        _ => None,
    }
}

fn check_predictions(
    spec: &Spec,
    needs: FieldSet,
    batch: &Batch<'_>,
    instance: &Instance<'_>,
    row: usize,
    findings: &mut Findings,
) {
    let place = batch.place(row);
    if instance.predictions.len() > spec.systems.len() {
        findings.add(
            "TOO_MANY_PREDICTIONS",
            format!("instances[{place}].predictions"),
            "there are more predictions than systems",
        );
        return;
    }
    for (at, system) in spec.systems.iter().enumerate() {
        let path = || format!("instances[{place}].predictions[{at}]");
        match (batch.prediction(instance, at), &system.source) {
            (None, Source::Model { .. } | Source::Baseline { .. }) => {}
            (Some(_), Source::Model { .. } | Source::Baseline { .. }) => findings.add(
                "UNEXPECTED_PREDICTION",
                path(),
                "a model or baseline of the server answers for this system: leave the prediction empty",
            ),
            (prediction, Source::Inline) => {
                let complete = || {
                    let answer = Answer::find(batch, &[], row, at);
                    answer.problem(spec, needs, batch).is_none()
                };
                if spec.statistics.fail_on_missing && !complete() {
                    findings.add(
                        "MISSING_PREDICTION",
                        path(),
                        "the prediction, or what the metrics need of it, is missing and the policy for missing \
                         predictions is FAIL",
                    );
                }
                if let Some(prediction) = prediction {
                    check_labels(spec, needs, prediction, &path, findings);
                    check_choices(needs, batch, instance, prediction, &path, findings);
                }
            }
        }
    }
}

fn check_labels(
    spec: &Spec,
    needs: FieldSet,
    prediction: &Prediction<'_>,
    path: &dyn Fn() -> String,
    findings: &mut Findings,
) {
    if prediction.labels.len() > 1 && needs.has(Field::PredictionLabel) {
        findings.add(
            "MULTIPLE_LABELS",
            path() + ".labels",
            "give exactly one predicted label, or ask for multilabel=true",
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

fn check_choices(
    needs: FieldSet,
    batch: &Batch<'_>,
    instance: &Instance<'_>,
    prediction: &Prediction<'_>,
    path: &dyn Fn() -> String,
    findings: &mut Findings,
) {
    let choices = batch
        .row_extra(instance)
        .map_or(0, |extra| extra.choices.len());
    let scores = batch
        .prediction_extra(prediction)
        .map_or(0, |extra| extra.choice_scores.len());
    if needs.has(Field::ChoiceScores) && scores > 0 && scores != choices {
        findings.add(
            "CHOICE_SCORES_LENGTH",
            path() + ".choice_scores",
            &format!("there are {scores} scores for {choices} choices"),
        );
    }
}

fn check_outputs(spec: &Spec, batch: &Batch<'_>, outputs: &[ModelOutput]) -> Result<()> {
    for output in outputs {
        if output.scores.len() != batch.instances.len() * output.classes.len() {
            return Err(Error::internal(
                "a model's scores do not match rows x classes",
            ));
        }
        for (row, instance) in batch.instances.iter().enumerate() {
            let choices = batch
                .row_extra(instance)
                .map_or(0, |extra| extra.choices.len());
            let scores = output.row(row).choice_scores.len();
            if scores > 0 && scores != choices {
                return Err(Error::internal(
                    "a model scored other choices than the row's",
                ));
            }
        }
    }
    for (at, system) in spec.systems.iter().enumerate() {
        let answered = outputs.iter().any(|output| output.system == at);
        if system.source != Source::Inline && !answered {
            return Err(Error::internal("a system of the server has no predictions"));
        }
    }
    Ok(())
}
