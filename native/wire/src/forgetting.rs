//! What is asked of tasks, and what is found of them.

use evald_core::error::{Error, Result};
use evald_core::gate::named;
use evald_core::metrics::ResolvedMetric;
use evald_core::result::forgetting::{EmarAnswer, MetricForgetting, TaskChange};
use evald_core::slicing::{Part, Slicing};
use evald_core::spec::{EmarOptions, ForgettingOptions, Limits};
use evald_core::stats::emar::Variant;

use crate::answer::{estimate, note, paired_result};
use crate::proto;
use crate::spec::{known, limit};

/// The slice key whose values are the tasks.
const TASK: &str = "task";

/// The checked questions; the rows are sliced by task for them.
pub fn forgetting(
    given: Option<&proto::ForgettingSpec>,
    metrics: &[ResolvedMetric],
    slices: &mut Vec<Slicing>,
    limits: &Limits,
) -> Result<Option<ForgettingOptions>> {
    let Some(given) = given else {
        return Ok(None);
    };
    let field = "forgetting.target_tasks";
    limit(
        "max_slices",
        field,
        limits.max_slices,
        given.target_tasks.len(),
    )?;
    limit(
        "max_metrics",
        "forgetting.emar",
        limits.max_metrics,
        given.emar.len(),
    )?;
    let emar = given.emar.iter().enumerate();
    let emar = emar.map(|(at, one)| emar_options(one, metrics, &format!("forgetting.emar[{at}]")));
    let emar: Vec<EmarOptions> = emar.collect::<Result<_>>()?;
    let targets = given.target_tasks.iter().enumerate();
    let mut names: Vec<(String, String)> = targets
        .map(|(at, name)| (name.clone(), format!("{field}[{at}]")))
        .collect();
    let mut targets = given.target_tasks.clone();
    for (at, one) in emar.iter().enumerate() {
        let path = |end| format!("forgetting.emar[{at}].{end}");
        names.push((one.target.clone(), path("target_task")));
        names.push((one.benchmark.clone(), path("benchmark_task")));
        targets.push(one.target.clone());
    }
    let by_task = [Part::Key(TASK.to_owned())];
    let asked = slices.iter().position(|slicing| slicing.parts == by_task);
    if asked.is_none() {
        slices.push(Slicing::parse(TASK, field)?);
    }
    Ok(Some(ForgettingOptions {
        targets,
        names,
        emar,
        slicing: asked.unwrap_or(slices.len() - 1),
        shows_slices: asked.is_some(),
    }))
}

fn emar_options(
    given: &proto::EmarSpec,
    metrics: &[ResolvedMetric],
    path: &str,
) -> Result<EmarOptions> {
    let field = format!("{path}.metric");
    let key = named(&given.metric, &known(metrics), &field).map_err(|error| Error {
        reason: "BAD_FORGETTING",
        ..error
    })?;
    let [target, benchmark] = [
        (&given.target_task, "target_task"),
        (&given.benchmark_task, "benchmark_task"),
    ]
    .map(|(task, field)| {
        if task.is_empty() {
            let problem = "required: name a task of the rows";
            return Err(refused(format!("{path}.{field}"), problem));
        }
        Ok(task.clone())
    });
    let (target, benchmark) = (target?, benchmark?);
    if target == benchmark {
        let problem = "must be another task than target_task";
        return Err(refused(format!("{path}.benchmark_task"), problem));
    }
    Ok(EmarOptions {
        metric: metrics
            .iter()
            .position(|metric| metric.key == key)
            .unwrap_or(0),
        target,
        benchmark,
        variants: variants(given.variant, path)?,
    })
}

fn variants(value: i32, path: &str) -> Result<Vec<Variant>> {
    let one = match proto::EmarVariant::try_from(value) {
        Ok(proto::EmarVariant::Unspecified) => return Ok(Variant::ALL.into()),
        Ok(proto::EmarVariant::Formula) => Variant::Formula,
        Ok(proto::EmarVariant::Prose) => Variant::Prose,
        Ok(proto::EmarVariant::Example) => Variant::Example,
        Ok(proto::EmarVariant::RelativeImprovement) => Variant::RelativeImprovement,
        Err(_) => {
            let problem =
                "must be FORMULA, PROSE, EXAMPLE or RELATIVE_IMPROVEMENT, or left out for all";
            return Err(refused(format!("{path}.variant"), problem));
        }
    };
    Ok(vec![one])
}

fn refused(field: String, problem: &str) -> Error {
    Error::invalid("BAD_FORGETTING", field, problem)
}

/// One candidate by one metric.
pub fn forgetting_result(found: &MetricForgetting) -> proto::Forgetting {
    proto::Forgetting {
        metric: found.metric.clone(),
        candidate: found.candidate.clone(),
        tasks: found.tasks.iter().map(task_change).collect(),
        average_forgetting: Some(estimate(&found.average_forgetting)),
        backward_transfer: Some(estimate(&found.backward_transfer)),
        macro_baseline: Some(estimate(&found.macro_baseline)),
        macro_candidate: Some(estimate(&found.macro_candidate)),
        macro_difference: Some(estimate(&found.macro_difference)),
        notes: found.notes.iter().map(note).collect(),
    }
}

fn task_change(found: &TaskChange) -> proto::TaskChange {
    proto::TaskChange {
        task: found.task.clone(),
        target: found.is_target,
        rows: found.rows,
        change: Some(paired_result(&found.change)),
        relative_improvement: Some(estimate(&found.relative_improvement)),
        retained: found.kept.map(|rows| rows.retained),
        gained: found.kept.map(|rows| rows.gained),
        lost: found.kept.map(|rows| rows.lost),
        never: found.kept.map(|rows| rows.never),
        notes: found.notes.iter().map(note).collect(),
    }
}

/// A rate of adaptation.
pub fn emar_result(found: EmarAnswer) -> proto::EmarResult {
    let variant = match found.variant {
        Variant::Formula => proto::EmarVariant::Formula,
        Variant::Prose => proto::EmarVariant::Prose,
        Variant::Example => proto::EmarVariant::Example,
        Variant::RelativeImprovement => proto::EmarVariant::RelativeImprovement,
    };
    let [before, after, benchmark] = found.values;
    proto::EmarResult {
        metric: found.metric,
        candidate: found.candidate,
        target_task: found.target_task,
        benchmark_task: found.benchmark_task,
        variant: variant.into(),
        definition: found.definition.to_owned(),
        estimate: Some(estimate(&found.estimate)),
        before,
        after,
        benchmark,
        notes: found.notes.iter().map(note).collect(),
    }
}
