//! Margins of metrics: checked, each metric with its own or the common one.

use evald_core::error::{Error, Result};
use evald_core::metrics::{Direction, Estimand, ResolvedMetric};

use crate::proto;

/// The margin of every metric that is compared.
pub fn margins(
    spec: &proto::EvaluationSpec,
    metrics: &[ResolvedMetric],
) -> Result<Vec<Option<f64>>> {
    let statistics = spec.statistics.as_ref();
    let common = statistics.and_then(|statistics| statistics.margin);
    let replicates = statistics.and_then(|statistics| statistics.replicates);
    let mut found = Vec::with_capacity(metrics.len());
    for (at, (metric, named)) in metrics.iter().zip(&spec.metrics).enumerate() {
        let field = match named.margin {
            Some(_) => format!("spec.metrics[{at}].margin"),
            None => "spec.statistics.margin".to_owned(),
        };
        let is_compared = metric.direction != Direction::None && metric.entry.interval;
        let margin = match (named.margin, common) {
            (Some(_), _) if !is_compared => {
                return Err(bad(
                    field,
                    metric,
                    "has no test that a margin could join: leave it out",
                ));
            }
            (Some(own), _) => own,
            (None, Some(common)) if is_compared => common,
            (None, _) => {
                found.push(None);
                continue;
            }
        };
        check(margin, replicates != Some(0), metric, field)?;
        found.push(Some(margin));
    }
    Ok(found)
}

fn check(margin: f64, has_replicates: bool, metric: &ResolvedMetric, field: String) -> Result<()> {
    if !(margin.is_finite() && margin > 0.0) {
        return Err(bad(field, metric, "needs a finite margin above 0"));
    }
    let (lowest, highest) = metric.range;
    if margin >= highest - lowest {
        return Err(bad(
            field,
            metric,
            &format!(
                "has values from {lowest} to {highest}, all within this margin: give a margin on the metric's scale, if \
                 need be to each metric its own"
            ),
        ));
    }
    if metric.estimand == Estimand::Function && !has_replicates {
        return Err(bad(
            field,
            metric,
            "is compared with a margin by its replicates: ask for some, or leave the margin out",
        ));
    }
    Ok(())
}

fn bad(field: String, metric: &ResolvedMetric, problem: &str) -> Error {
    Error::invalid("BAD_MARGIN", field, format!("{} {problem}", metric.key))
        .with("metric", &metric.key)
}
