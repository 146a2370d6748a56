//! Parameters of metrics between protobuf and the core.

use evald_core::metrics::ParamValue;
use evald_wire::headers::metric_params;
use evald_wire::proto::MetricSpec;
use prost_types::value::Kind;
use prost_types::{ListValue, Struct, Value};

/// Parameters as a `google.protobuf.Struct`.
fn params_struct(params: &[(String, ParamValue)]) -> Struct {
    let fields = params
        .iter()
        .map(|(name, value)| {
            let kind = match value {
                ParamValue::Bool(value) => Kind::BoolValue(*value),
                ParamValue::Number(value) => Kind::NumberValue(*value),
                ParamValue::Text(value) => Kind::StringValue(value.clone()),
            };
            (name.clone(), Value { kind: Some(kind) })
        })
        .collect();
    Struct { fields }
}

fn metric(name: &str, value: Option<Kind>) -> MetricSpec {
    let fields = [(name.to_owned(), Value { kind: value })].into();
    MetricSpec {
        params: Some(Struct { fields }),
        ..MetricSpec::default()
    }
}

#[test]
fn plain_values_pass_both_ways() {
    let params = vec![
        ("a".to_owned(), ParamValue::Bool(true)),
        ("b".to_owned(), ParamValue::Number(-0.5)),
        ("c".to_owned(), ParamValue::Text("13a".to_owned())),
    ];
    let spec = MetricSpec {
        params: Some(params_struct(&params)),
        ..MetricSpec::default()
    };
    assert_eq!(metric_params(&spec, 0), Ok(params));
    assert_eq!(metric_params(&MetricSpec::default(), 0), Ok(Vec::new()));
}

#[test]
fn other_values_are_refused_with_their_path() {
    let kinds = [
        (None, "null"),
        (Some(Kind::NullValue(0)), "null"),
        (Some(Kind::ListValue(ListValue::default())), "a list"),
        (Some(Kind::StructValue(Struct::default())), "an object"),
    ];
    for (kind, word) in kinds {
        let error = metric_params(&metric("stemmer", kind), 3).expect_err("no plain value");
        assert_eq!(error.reason, "BAD_PARAMETER");
        assert_eq!(error.violations[0].field, "spec.metrics[3].params.stemmer");
        assert!(error.message.contains(word), "{}", error.message);
    }
    let error = metric_params(&metric("what a name", None), 0).expect_err("null");
    assert_eq!(error.violations[0].field, "spec.metrics[0].params.?");
}
