//! Small messages of a request as data of the core.

use evald_core::error::{Error, Result};
use evald_core::metrics::ParamValue;
use prost_types::Value;
use prost_types::value::Kind;

use crate::proto::MetricSpec;
use crate::reader::shown_key;

/// The parameters that the caller gave for a metric, by name. `index` is the metric's place in the
/// specification, for error paths.
pub fn metric_params(metric: &MetricSpec, index: usize) -> Result<Vec<(String, ParamValue)>> {
    let fields = metric.params.iter().flat_map(|params| &params.fields);
    fields
        .map(|(name, value)| {
            let path = || format!("spec.metrics[{index}].params.{}", shown_key(name));
            param_value(value)
                .map(|value| (name.clone(), value))
                .map_err(|kind| bad_parameter(path(), kind))
        })
        .collect()
}

/// The value, or what kind of value it is that no parameter can take.
fn param_value(value: &Value) -> std::result::Result<ParamValue, &'static str> {
    match &value.kind {
        Some(Kind::BoolValue(value)) => Ok(ParamValue::Bool(*value)),
        Some(Kind::NumberValue(value)) => Ok(ParamValue::Number(*value)),
        Some(Kind::StringValue(value)) => Ok(ParamValue::Text(value.clone())),
        Some(Kind::NullValue(_)) | None => Err("null"),
        Some(Kind::ListValue(_)) => Err("a list"),
        Some(Kind::StructValue(_)) => Err("an object"),
    }
}

#[cold]
fn bad_parameter(path: String, kind: &str) -> Error {
    let description = format!(
        "is {kind}; give true, false, a number or a text, or leave the parameter out for its default"
    );
    Error::invalid("BAD_PARAMETER", path, description)
}
