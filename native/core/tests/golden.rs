//! Golden tables, made from the live reference implementations by `tests/golden/make_golden.py`.

use std::path::Path;

use evald_core::metrics::{
    Context, ParamValue, Params, Resources, Row, RowFlags, RowMetric, Statistics, find,
};
use evald_core::text::scratch::Scratch;
use serde_json::Value;

fn read(name: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../tests/golden")
        .join(name);
    let text = std::fs::read_to_string(&path).expect("the golden file is there");
    serde_json::from_str(&text).expect("the golden file is JSON")
}

fn list(value: &Value) -> &[Value] {
    value.as_array().expect("a list")
}

fn text(value: &Value) -> &str {
    value.as_str().expect("a string")
}

/// Numbers are Python's repr in strings.
fn number(value: &Value) -> f64 {
    text(value).parse().expect("a number")
}

fn build(table: &Value) -> Box<dyn RowMetric> {
    let entry = find(text(&table["metric"]), "metrics[0]").expect("a known metric");
    let params = table["params"].as_object().expect("a map");
    let named = params.get("profile").map(text);
    let profile = named.map_or_else(
        || entry.profiles.first(),
        |named| entry.profiles.iter().find(|known| **known == named),
    );
    let given: Vec<_> = params
        .iter()
        .filter(|(name, _)| *name != "profile")
        .map(|(name, value)| {
            let value = match value {
                Value::Bool(value) => ParamValue::Bool(*value),
                Value::Number(value) => ParamValue::Number(value.as_f64().expect("a double")),
                other => ParamValue::Text(text(other).to_owned()),
            };
            (name.clone(), value)
        })
        .collect();
    let resources = Resources::default();
    let params = Params::check(entry, profile.copied(), &given, &resources, "metrics[0]")
        .expect("good parameters");
    let context = Context {
        classes: &[],
        resources: &resources,
    };
    match (entry.build)(&params, &context).expect("a metric") {
        Statistics::Rows(metric) => metric,
        Statistics::Classes(_) | Statistics::Collected(_) => panic!("not a row metric"),
    }
}

/// Equal bit by bit, but for functions of another C library than glibc.
fn assert_same(value: f64, expected: f64, tolerance: f64, what: &str) {
    let exact = cfg!(all(target_os = "linux", target_env = "gnu")) || tolerance == 0.0;
    let close = if exact {
        value.to_bits() == expected.to_bits()
    } else {
        (value - expected).abs() <= tolerance * expected.abs()
    };
    assert!(close, "{what}: {value:?} is not {expected:?}");
}

fn check(name: &str) {
    let golden = read(name);
    let tolerance = golden["tolerance"].as_f64().expect("a double");
    let pairs = list(&golden["pairs"]);
    let mut scratch = Scratch::default();
    let mut serial = 0;
    for table in list(&golden["tables"]) {
        let metric = build(table);
        let mut sums = vec![0.0; metric.width()];
        for (pair, expected) in pairs.iter().zip(list(&table["rows"])) {
            let what = format!("{} {} {pair}", table["metric"], table["params"]);
            let references: Vec<&str> = list(&pair["references"]).iter().map(text).collect();
            let mut stats = vec![0.0; sums.len()];
            serial += 1;
            let row = Row::of_texts(text(&pair["prediction"]), &references, serial);
            let flags = metric.row(&row, &mut scratch, &mut stats);
            let expected_stats: Vec<f64> = list(&expected["stats"]).iter().map(number).collect();
            assert_eq!(stats, expected_stats, "{what}");
            let score = metric.row_score(&stats).expect("a score");
            assert_same(score, number(&expected["score"]), tolerance, &what);
            let dropped = expected["dropped"].as_bool().unwrap_or(false);
            assert_eq!(flags.0 == RowFlags::NON_ASCII_DROPPED, dropped, "{what}");
            sums.iter_mut()
                .zip(&stats)
                .for_each(|(sum, stat)| *sum += stat);
        }
        check_corpus(table, metric.as_ref(), &sums, pairs.len(), tolerance);
    }
}

fn check_corpus(table: &Value, metric: &dyn RowMetric, sums: &[f64], rows: usize, tolerance: f64) {
    let n = rows as f64;
    let what = format!("{} {} corpus", table["metric"], table["params"]);
    if let Some(value) = table.get("value") {
        assert_same(metric.value(sums, n), number(value), tolerance, &what);
    }
    let components = metric.components(sums, n);
    for (name, value) in table
        .get("parts")
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
    {
        let part = components
            .iter()
            .find(|(known, _)| known == name)
            .expect("the part is there");
        assert_same(
            part.1.expect("it is defined"),
            number(value),
            tolerance,
            &what,
        );
    }
}

#[test]
fn bleu_equals_sacrebleu() {
    check("bleu.json");
}

#[test]
fn rouge_equals_rouge_score() {
    check("rouge.json");
}

#[test]
fn short_answers_equal_squad() {
    check("squad.json");
}
