//! Metrics over labels, sets of labels and class scores against golden tables
//! (`tests/golden/make_classification*.py`), through the accumulator.

use std::path::Path;
use std::sync::Arc;
use std::sync::OnceLock;

use evald_core::accumulator::Accumulator;
use evald_core::batch::{Batch, Instance, Prediction, RowExtra, Span};
use evald_core::error::Result;
use evald_core::metrics::{Context, MetricRequest, ParamValue, ResolvedMetric, Resources};
use evald_core::result::{Answer, MetricAnswer};
use evald_core::spec::{
    Limits, Question, RowReport, Source, Spec, StatisticsOptions, System, UnknownLabels,
};
use serde_json::Value;

fn golden(name: &str) -> Value {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden");
    let text = std::fs::read_to_string(folder.join(name)).expect("the golden file is there");
    serde_json::from_str(&text).expect("the golden file is JSON")
}

fn list(value: &Value) -> &[Value] {
    value.as_array().expect("a list")
}

fn word(value: &Value) -> &str {
    value.as_str().expect("a string")
}

fn number(value: &Value) -> f64 {
    word(value).parse().expect("a number")
}

/// The words of a list, or a single one.
fn words(value: &Value) -> Vec<&str> {
    match value {
        Value::Array(values) => values.iter().map(word).collect(),
        value => vec![word(value)],
    }
}

fn spec(table: &Value, corpus: &Value) -> Result<Spec> {
    let params = table["params"].as_object().expect("a map").iter();
    let value = |value: &Value| match word(value) {
        "true" => ParamValue::Bool(true),
        text => match text.parse() {
            Ok(number) => ParamValue::Number(number),
            Err(_) => ParamValue::Text(text.to_owned()),
        },
    };
    let request = MetricRequest {
        name: word(&table["metric"]).to_owned(),
        params: params
            .map(|(name, text)| (name.clone(), value(text)))
            .collect(),
        ..MetricRequest::default()
    };
    let named = table["named"] == true;
    let order = words(&corpus["order"]).into_iter().map(str::to_owned);
    let classes: Vec<String> = order.filter(|_| named).collect();
    let context = Context {
        classes: &classes,
        resources: &Resources::default(),
    };
    let metric = ResolvedMetric::resolve(&request, &context, "spec.metrics[0]")?;
    Ok(Spec {
        question: Question::Evaluate,
        systems: vec![System {
            name: "system".into(),
            source: Source::Inline,
        }],
        metrics: vec![metric],
        classes,
        unknown_labels: UnknownLabels::Reject,
        statistics: StatisticsOptions {
            replicates: 0,
            ..StatisticsOptions::default()
        },
        slices: Vec::new(),
        row_report: RowReport::None,
        analysis: None,
        limits: Limits::default(),
        gate: None,
        forgetting: None,
        digest: OnceLock::new(),
    })
}

/// Appends to a pool.
fn span<T>(pool: &mut Vec<T>, values: impl IntoIterator<Item = T>) -> Span {
    let start = pool.len() as u32;
    pool.extend(values);
    Span {
        start,
        end: pool.len() as u32,
    }
}

fn batch(corpus: &Value) -> Batch<'_> {
    let mut batch = Batch::default();
    for (row, gold) in list(&corpus["gold"]).iter().enumerate() {
        let mut prediction = Prediction::default();
        if let Some(scores) = corpus["scores"].get(row) {
            prediction.class_scores = span(&mut batch.numbers, list(scores).iter().map(number));
        } else {
            prediction.labels = span(&mut batch.labels, words(&corpus["predicted"][row]));
            // Without labels the text says that the set is empty, not missing.
            prediction.text = Some("");
        }
        let weight = corpus["weights"].get(row).map(number);
        batch.row_extras.push(RowExtra {
            weight,
            ..RowExtra::default()
        });
        let instance = Instance {
            labels: span(&mut batch.labels, words(gold)),
            predictions: span(&mut batch.predictions, [prediction]),
            extra: batch.row_extras.len() as u32,
            ..Instance::default()
        };
        batch.instances.push(instance);
    }
    batch
}

fn answer(table: &Value, corpus: &Value) -> Result<Answer> {
    let mut accumulator = Accumulator::new(Arc::new(spec(table, corpus)?));
    accumulator.push(&batch(corpus), &[], &[], &|| false)?;
    accumulator.finish(&|| false)
}

fn check_value(metric: &MetricAnswer, expected: &Value, what: &str) {
    match (metric.estimate.value, expected) {
        (None, Value::Null) => {}
        (Some(value), Value::String(_)) => {
            let expected = number(expected);
            assert!(
                (value - expected).abs() <= 1e-12,
                "{what}: {value} is not {expected}"
            );
        }
        (value, expected) => panic!("{what}: {value:?} is not {expected:?}"),
    }
}

fn check_matrix(metric: &MetricAnswer, expected: &Value, order: &Value, what: &str) {
    let confusion = metric.confusion.as_ref().expect(what);
    assert_eq!(confusion.labels, words(order), "{what}");
    let mut cells = Vec::new();
    for (gold, row) in list(expected).iter().enumerate() {
        for (predicted, count) in list(row).iter().enumerate() {
            if number(count) > 0.0 {
                cells.push((gold as u32, predicted as u32, number(count)));
            }
        }
    }
    assert_eq!(confusion.cells.len(), cells.len(), "{what}");
    for (found, expected) in confusion.cells.iter().zip(&cells) {
        let near = (found.2 - expected.2).abs() <= 1e-12;
        assert!(
            near && (found.0, found.1) == (expected.0, expected.1),
            "{what}: {found:?}"
        );
    }
}

/// Compares all tables of a file; the number of values that were compared.
fn compare(name: &str) -> usize {
    let golden = golden(name);
    let mut compared = 0;
    for table in list(&golden["tables"]) {
        for (at, corpus) in list(&golden["corpora"]).iter().enumerate() {
            let what = format!("{} {} corpus {at}", table["metric"], table["params"]);
            if table["kind"] != corpus["kind"] || table["values"][at] == "none" {
                continue;
            }
            let outcome = answer(table, corpus);
            if table["values"][at] == "refused" {
                let error = outcome.expect_err(&what);
                assert_eq!(error.violations[0].field, "spec.metrics[0].params.average");
                continue;
            }
            let answer = outcome.expect(&what);
            let metric = &answer.systems[0].metrics[0];
            if table["metric"] == "confusion_matrix" {
                check_matrix(metric, &table["matrices"][at], &corpus["order"], &what);
            } else {
                check_value(metric, &table["values"][at], &what);
            }
            compared += 1;
        }
    }
    compared
}

#[test]
fn labels_are_scored_as_scikit_learn_does() {
    let compared = compare("classification.json");
    assert!(compared > 900, "{compared}");
}

#[test]
fn sets_of_labels_are_scored_as_scikit_learn_does() {
    let compared = compare("classification_sets.json");
    assert!(compared > 350, "{compared}");
}

#[test]
fn class_scores_are_scored_as_scikit_learn_does() {
    let compared = compare("classification_scores.json");
    assert!(compared > 150, "{compared}");
}
