//! The metric registry as messages.

use evald_core::error::{Error, ErrorKind, Result};
use evald_core::metrics::{
    Context, Direction, Entry, Field, MetricRequest, ParamSpec, REGISTRY, ResolvedMetric,
    Resources, find,
};
use prost::Message;

use crate::proto;

/// The serialised `ListMetricsResponse`.
pub fn list_metrics() -> Vec<u8> {
    let metrics = REGISTRY.iter().map(|entry| descriptor(entry)).collect();
    proto::ListMetricsResponse { metrics }.encode_to_vec()
}

/// The serialised `GetMetricResponse`.
pub fn get_metric(name: &str) -> Result<Vec<u8>> {
    let entry = find(name, "name").map_err(|error| Error {
        kind: ErrorKind::NotFound,
        ..error
    })?;
    let metric = Some(descriptor(entry));
    Ok(proto::GetMetricResponse { metric }.encode_to_vec())
}

fn descriptor(entry: &'static Entry) -> proto::MetricDescriptor {
    let request = MetricRequest {
        name: entry.name.to_owned(),
        ..MetricRequest::default()
    };
    let context = Context {
        classes: &[],
        resources: &Resources::default(),
    };
    // A metric with a parameter that must be given has no signature of its own.
    let resolved = ResolvedMetric::resolve(&request, &context, "name");
    let signature = resolved.map_or_else(|_| String::new(), |resolved| resolved.signature);
    proto::MetricDescriptor {
        name: entry.name.to_owned(),
        summary: entry.summary.to_owned(),
        parameters: entry.params.iter().map(parameter).collect(),
        profiles: entry
            .profiles
            .iter()
            .map(|profile| (*profile).to_owned())
            .collect(),
        needs: entry
            .needs
            .iter()
            .map(|need| row_field(*need).into())
            .collect(),
        direction: direction(entry.direction).into(),
        range_low: entry.range.0,
        range_high: entry.range.1,
        row_score: entry.row_score,
        mergeable: proto::Mergeable::Exact.into(),
        reference: entry.reference.to_owned(),
        signature,
        source: entry.source.to_owned(),
        weighted: entry.weighted,
        interval: entry.interval,
        model: entry.model,
    }
}

/// The direction as the API names it.
pub(crate) fn direction(direction: Direction) -> proto::Direction {
    match direction {
        Direction::None => proto::Direction::Unspecified,
        Direction::Higher => proto::Direction::Higher,
        Direction::Lower => proto::Direction::Lower,
    }
}

fn row_field(field: Field) -> proto::RowField {
    match field {
        Field::PredictionText => proto::RowField::PredictionText,
        Field::References => proto::RowField::References,
        Field::PredictionLabel => proto::RowField::PredictionLabel,
        Field::Labels => proto::RowField::Labels,
        Field::PredictionLabelSet => proto::RowField::PredictionLabelSet,
        Field::LabelSet => proto::RowField::LabelSet,
        Field::ClassScores => proto::RowField::ClassScores,
        Field::WrongReferences => proto::RowField::WrongReferences,
        Field::PredictionTokens => proto::RowField::PredictionTokens,
        Field::ReferenceTokens => proto::RowField::ReferenceTokens,
        Field::PredictionValue => proto::RowField::PredictionValue,
        Field::Value => proto::RowField::Value,
        Field::TokenLogprobs => proto::RowField::TokenLogprobs,
        Field::Choices => proto::RowField::Choices,
        Field::ChoiceScores => proto::RowField::ChoiceScores,
        Field::NoAnswerScore => proto::RowField::NoAnswerScore,
        Field::Scores => proto::RowField::Scores,
        Field::HumanLabels => proto::RowField::HumanLabels,
        Field::LatencySeconds => proto::RowField::LatencySeconds,
        Field::InputTokens => proto::RowField::InputTokens,
        Field::OutputTokens => proto::RowField::OutputTokens,
        Field::Cost => proto::RowField::Cost,
        Field::PeakMemoryBytes => proto::RowField::PeakMemoryBytes,
    }
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
