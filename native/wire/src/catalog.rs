//! The metric registry as messages.

use evald_core::error::{Error, ErrorKind, Result};
use evald_core::metrics::{
    Direction, Entry, MetricRequest, Needs, ParamSpec, REGISTRY, ResolvedMetric, find,
};
use prost::Message;

use crate::proto;

/// The serialised `ListMetricsResponse`.
pub fn list_metrics() -> Result<Vec<u8>> {
    let metrics = REGISTRY
        .iter()
        .map(|entry| descriptor(entry))
        .collect::<Result<_>>()?;
    Ok(proto::ListMetricsResponse { metrics }.encode_to_vec())
}

/// The serialised `GetMetricResponse`.
pub fn get_metric(name: &str) -> Result<Vec<u8>> {
    let entry = find(name, "name").map_err(|error| Error {
        kind: ErrorKind::NotFound,
        ..error
    })?;
    let metric = Some(descriptor(entry)?);
    Ok(proto::GetMetricResponse { metric }.encode_to_vec())
}

fn descriptor(entry: &'static Entry) -> Result<proto::MetricDescriptor> {
    let request = MetricRequest {
        name: entry.name.to_owned(),
        ..MetricRequest::default()
    };
    let resolved = ResolvedMetric::resolve(&request, "name")?;
    let needs: &[proto::RowField] = match entry.needs {
        Needs::Texts => &[proto::RowField::PredictionText, proto::RowField::References],
        Needs::Labels => &[proto::RowField::PredictionLabel, proto::RowField::Labels],
    };
    let direction = match entry.direction {
        Direction::None => proto::Direction::Unspecified,
        Direction::Higher => proto::Direction::Higher,
        Direction::Lower => proto::Direction::Lower,
    };
    Ok(proto::MetricDescriptor {
        name: entry.name.to_owned(),
        summary: entry.summary.to_owned(),
        parameters: entry.params.iter().map(parameter).collect(),
        profiles: entry
            .profiles
            .iter()
            .map(|profile| (*profile).to_owned())
            .collect(),
        needs: needs.iter().map(|need| i32::from(*need)).collect(),
        direction: direction.into(),
        range_low: entry.range.0,
        range_high: entry.range.1,
        row_score: entry.row_score,
        mergeable: proto::Mergeable::Exact.into(),
        reference: entry.reference.to_owned(),
        signature: resolved.signature,
        source: entry.source.to_owned(),
        weighted: false,
        interval: true,
    })
}

fn parameter(spec: &ParamSpec) -> proto::ParameterDescriptor {
    let (kind, default_value, allowed) = spec.describe();
    proto::ParameterDescriptor {
        name: spec.name.to_owned(),
        summary: spec.summary.to_owned(),
        r#type: kind.to_owned(),
        default_value,
        allowed,
    }
}
