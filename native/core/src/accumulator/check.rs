//! Checks of a batch before anything is scored: all violations of a kind at once, with paths.

use rustc_hash::FxHashSet;

use super::ModelOutput;
use super::answer::Answer;
use crate::batch::{Batch, Instance, Prediction};
use crate::error::{Error, Result, Violations};
use crate::metrics::{Field, FieldSet, Problem, Row, Statistics};
use crate::spec::{Source, Spec};

/// Checks ids, references, labels and predictions of every row, unless they were checked before systems answered.
pub fn check_batch(spec: &Spec, batch: &Batch<'_>, outputs: &[ModelOutput]) -> Result<()> {
    let mut findings = Violations::default();
    if !batch.is_checked {
        check_rows(spec, batch, &mut findings);
    }
    check_outputs(spec, batch, outputs)?;
    if findings.is_empty() {
        check_by_metrics(spec, batch, outputs, &mut findings);
    }
    findings.finish()
}

/// Checks rows as they were sent, before models answer them or compute metrics: what would be refused afterwards is
/// refused before it costs, and so are predictions where the server answers.
pub fn check_unanswered(spec: &Spec, batch: &mut Batch<'_>) -> Result<()> {
    batch.is_checked = true;
    let mut findings = Violations::default();
    let sources = spec.systems.iter().map(|system| system.source.input());
    let answered: Vec<bool> = sources.map(|input| input.is_some()).collect();
    for (row, instance) in batch.instances.iter().enumerate() {
        for (system, _) in answered.iter().enumerate().filter(|(_, by)| **by) {
            if batch.prediction(instance, system).is_some() {
                findings.add(Error::invalid(
                    "UNEXPECTED_PREDICTION",
                    format!("instances[{}].predictions[{system}]", batch.place(row)),
                    "the server answers for this system: leave the prediction empty",
                ));
            }
        }
        if findings.is_full() {
            break;
        }
    }
    check_rows(spec, batch, &mut findings);
    findings.finish()
}

fn check_rows(spec: &Spec, batch: &Batch<'_>, findings: &mut Violations) {
    check_ids(batch, findings);
    let needs = spec.needs();
    for (row, instance) in batch.instances.iter().enumerate() {
        let place = batch.place(row);
        check_gold(needs, batch, instance, place, findings);
        check_gold_label(needs, instance, place, findings);
        check_weight(spec, batch, instance, place, findings);
        check_predictions(spec, needs, batch, instance, row, findings);
        if findings.is_full() {
            break;
        }
    }
}

/// Refuses metrics whose numbers no model has computed.
pub fn check_measures(spec: &Spec, batch: &Batch<'_>) -> Result<()> {
    let mut findings = Violations::default();
    for (at, measure) in spec.measures() {
        if !batch.measures.contains(&&*measure.name) {
            findings.add(Error::invalid(
                "MODEL_NEEDS_SERVER",
                format!("spec.metrics[{at}]"),
                "a model computes this metric; models run on a server: start one and use evald.Client",
            ));
        }
    }
    findings.finish()
}

fn check_ids(batch: &Batch<'_>, findings: &mut Violations) {
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
            findings.add(Error::invalid(
                "MIXED_IDS",
                format!("instances[{row}].id"),
                "other rows have an id: give all rows an id or none",
            ));
        } else if !seen.insert((instance.id, instance.sample)) {
            findings.add(Error::invalid(
                "DUPLICATE_ID",
                format!("instances[{row}].id"),
                "another row of the call has the same id and sample",
            ));
        }
    }
}

fn check_gold(
    needs: FieldSet,
    batch: &Batch<'_>,
    instance: &Instance<'_>,
    row: usize,
    findings: &mut Violations,
) {
    let mut missing = |field: Field, name: &str, reason: &'static str, problem: &str| {
        if needs.has(field) {
            findings.add(Error::invalid(
                reason,
                format!("instances[{row}].{name}"),
                problem,
            ));
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

fn check_gold_label(
    needs: FieldSet,
    instance: &Instance<'_>,
    row: usize,
    findings: &mut Violations,
) {
    let (reason, problem) = match instance.labels.len() {
        1 => return,
        0 => ("MISSING_LABEL", "give the gold label of the row"),
        _ => (
            "MULTIPLE_LABELS",
            "give exactly one gold label, or ask for multilabel=true",
        ),
    };
    if needs.has(Field::Labels) {
        findings.add(Error::invalid(
            reason,
            format!("instances[{row}].labels"),
            problem,
        ));
    }
}

/// Weights are for metrics that say what they mean.
fn check_weight(
    spec: &Spec,
    batch: &Batch<'_>,
    instance: &Instance<'_>,
    row: usize,
    findings: &mut Violations,
) {
    let weighted = batch
        .row_extra(instance)
        .is_some_and(|extra| extra.weight.is_some());
    if !weighted {
        return;
    }
    let mut metrics = spec.metrics.iter();
    if let Some(metric) = metrics.find(|metric| !metric.entry.weighted) {
        findings.add(Error::invalid(
            "WEIGHT_NOT_ALLOWED",
            format!("instances[{row}].weight"),
            format!(
                "{} has no meaning for weighted rows: leave one out",
                metric.key
            ),
        ));
    }
}

/// What only metrics can refuse.
fn check_by_metrics(
    spec: &Spec,
    batch: &Batch<'_>,
    outputs: &[ModelOutput],
    findings: &mut Violations,
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
        if findings.is_full() {
            return;
        }
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
                findings.add(Error::invalid(problem.reason, path, problem.text));
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
    findings: &mut Violations,
) {
    let place = batch.place(row);
    if instance.predictions.len() > spec.systems.len() {
        findings.add(Error::invalid(
            "TOO_MANY_PREDICTIONS",
            format!("instances[{place}].predictions"),
            "there are more predictions than systems",
        ));
        return;
    }
    for (at, system) in spec.systems.iter().enumerate() {
        let path = || format!("instances[{place}].predictions[{at}]");
        // What the server has answered is its own: callers' predictions there were refused before.
        if system.source != Source::Inline {
            continue;
        }
        let complete = || {
            let answer = Answer::find(batch, &[], row, at);
            answer.problem(spec, needs, batch).is_none()
        };
        if spec.statistics.fail_on_missing && !complete() {
            findings.add(Error::invalid(
                "MISSING_PREDICTION",
                path(),
                "the prediction, or what the metrics need of it, is missing and the policy for missing predictions is \
                 FAIL",
            ));
        }
        if let Some(prediction) = batch.prediction(instance, at) {
            check_labels(spec, needs, prediction, &path, findings);
            check_choices(needs, batch, instance, prediction, &path, findings);
        }
    }
}

fn check_labels(
    spec: &Spec,
    needs: FieldSet,
    prediction: &Prediction<'_>,
    path: &dyn Fn() -> String,
    findings: &mut Violations,
) {
    if prediction.labels.len() > 1 && needs.has(Field::PredictionLabel) {
        findings.add(Error::invalid(
            "MULTIPLE_LABELS",
            path() + ".labels",
            "give exactly one predicted label, or ask for multilabel=true",
        ));
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
        findings.add(Error::invalid(
            "CLASS_SCORES_LENGTH",
            path() + ".class_scores",
            problem,
        ));
    }
}

fn check_choices(
    needs: FieldSet,
    batch: &Batch<'_>,
    instance: &Instance<'_>,
    prediction: &Prediction<'_>,
    path: &dyn Fn() -> String,
    findings: &mut Violations,
) {
    let choices = batch
        .row_extra(instance)
        .map_or(0, |extra| extra.choices.len());
    let scores = batch
        .prediction_extra(prediction)
        .map_or(0, |extra| extra.choice_scores.len());
    if needs.has(Field::ChoiceScores) && scores > 0 && scores != choices {
        findings.add(Error::invalid(
            "CHOICE_SCORES_LENGTH",
            path() + ".choice_scores",
            format!("there are {scores} scores for {choices} choices"),
        ));
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
        let mut rows = batch.instances.iter();
        let mut written = || rows.all(|instance| instance.predictions.len() > at);
        if system.source != Source::Inline && !answered && !written() {
            return Err(Error::internal(
                "a system that the server answers for has no predictions",
            ));
        }
    }
    Ok(())
}
