//! Metrics over labels against the golden table of scikit-learn (`tests/golden/make_classification.py`),
//! through the accumulator.

use std::path::Path;
use std::sync::Arc;

use evald_core::accumulator::Accumulator;
use evald_core::batch::{Batch, Instance, Prediction, Span};
use evald_core::metrics::{Context, MetricRequest, ParamValue, ResolvedMetric, Resources};
use evald_core::result::{Answer, MetricAnswer};
use evald_core::spec::{
    Limits, Question, RowReport, Source, Spec, StatisticsOptions, System, UnknownLabels,
};
use serde_json::Value;

fn golden() -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden/classification.json");
    let text = std::fs::read_to_string(path).expect("the golden file is there");
    serde_json::from_str(&text).expect("the golden file is JSON")
}

fn list(value: &Value) -> &[Value] {
    value.as_array().expect("a list")
}

fn words(value: &Value) -> Vec<&str> {
    list(value)
        .iter()
        .map(|word| word.as_str().expect("a string"))
        .collect()
}

fn spec(table: &Value) -> Spec {
    let params = table["params"].as_object().expect("a map");
    let params = params.iter().map(|(name, value)| {
        (
            name.clone(),
            ParamValue::Text(value.as_str().expect("a string").to_owned()),
        )
    });
    let request = MetricRequest {
        name: table["metric"].as_str().expect("a name").to_owned(),
        params: params.collect(),
        ..MetricRequest::default()
    };
    let context = Context {
        classes: &[],
        resources: &Resources::default(),
    };
    Spec {
        question: Question::Evaluate,
        systems: vec![System {
            name: "system".into(),
            source: Source::Inline,
        }],
        metrics: vec![
            ResolvedMetric::resolve(&request, &context, "spec.metrics[0]").expect("a known metric"),
        ],
        classes: Vec::new(),
        unknown_labels: UnknownLabels::Reject,
        statistics: StatisticsOptions {
            replicates: 0,
            ..StatisticsOptions::default()
        },
        row_report: RowReport::None,
        limits: Limits::default(),
    }
}

fn batch(corpus: &Value) -> Batch<'_> {
    let mut batch = Batch::default();
    for (gold, predicted) in words(&corpus["gold"])
        .into_iter()
        .zip(words(&corpus["predicted"]))
    {
        let (label, prediction) = (batch.labels.len() as u32, batch.predictions.len() as u32);
        batch.labels.extend([gold, predicted]);
        let span = |start| Span {
            start,
            end: start + 1,
        };
        batch.predictions.push(Prediction {
            labels: span(label + 1),
            ..Prediction::default()
        });
        batch.instances.push(Instance {
            labels: span(label),
            predictions: span(prediction),
            ..Instance::default()
        });
    }
    batch
}

fn answer(table: &Value, corpus: &Value) -> evald_core::error::Result<Answer> {
    let mut accumulator = Accumulator::new(Arc::new(spec(table)));
    accumulator.push(&batch(corpus), &[], &[], &|| false)?;
    accumulator.finish(&|| false)
}

fn check_value(metric: &MetricAnswer, expected: &Value, what: &str) {
    match (metric.estimate.value, expected.as_str()) {
        (None, None) => {}
        (Some(value), Some(expected)) => {
            let expected: f64 = expected.parse().expect("a number");
            assert!(
                (value - expected).abs() <= 1e-12,
                "{what}: {value} is not {expected}"
            );
        }
        (value, expected) => panic!("{what}: {value:?} is not {expected:?}"),
    }
}

fn check_matrix(metric: &MetricAnswer, expected: &Value, what: &str) {
    let confusion = metric.confusion.as_ref().expect(what);
    assert_eq!(confusion.labels, words(&expected["labels"]), "{what}");
    let mut cells = Vec::new();
    for (gold, row) in list(&expected["counts"]).iter().enumerate() {
        for (predicted, count) in list(row).iter().enumerate() {
            let count = count.as_f64().expect("a number");
            if count > 0.0 {
                cells.push((gold as u32, predicted as u32, count));
            }
        }
    }
    assert_eq!(confusion.cells, cells, "{what}");
}

#[test]
fn values_and_matrices_are_those_of_scikit_learn() {
    let golden = golden();
    let mut compared = 0;
    for table in list(&golden["tables"]) {
        for (at, corpus) in list(&golden["corpora"]).iter().enumerate() {
            let what = format!("{} {} corpus {at}", table["metric"], table["params"]);
            let binary = table["params"]["average"] == "binary";
            let outcome = answer(table, corpus);
            if binary
                && words(&corpus["gold"])
                    .iter()
                    .any(|label| !["0", "1"].contains(label))
            {
                let error = outcome.expect_err(&what);
                assert_eq!(error.violations[0].field, "spec.metrics[0].params.average");
                continue;
            }
            let answer = outcome.expect(&what);
            let metric = &answer.systems[0].metrics[0];
            if table["metric"] == "confusion_matrix" {
                check_matrix(metric, &table["matrices"][at], &what);
            } else {
                check_value(metric, &table["values"][at], &what);
            }
            compared += 1;
        }
    }
    assert!(compared > 300, "{compared}");
}
