//! From what a caller writes to a metric that can score: name, parameters and profile checked, the
//! signature written.

use super::contract::{Estimand, Statistics};
use super::field::Field;
use super::params::{ParamValue, Params};
use super::registry::{self, Context, Direction, Entry};
use super::semantic::Measure;
use super::text_form;
use crate::error::{Error, Result};
use crate::text::UNICODE_VERSION;

/// A metric as a request names it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct MetricRequest {
    /// A name or the text form.
    pub name: String,
    /// Parameters; empty with the text form.
    pub params: Vec<(String, ParamValue)>,
    /// Empty means the default profile.
    pub profile: String,
    /// Empty means the text form of what the caller gave.
    pub key: String,
}

/// A metric that can score.
pub struct ResolvedMetric {
    /// The registry's entry.
    pub entry: &'static Entry,
    /// Name of the result in the answer.
    pub key: String,
    /// The whole definition.
    pub signature: String,
    /// The definition of per-row scores where it differs, else empty.
    pub row_signature: String,
    /// Which way is better.
    pub direction: Direction,
    /// Lowest and highest possible value.
    pub range: (f64, f64),
    /// What it needs of a row.
    pub needs: &'static [Field],
    /// The name in `Prediction.scores` that it needs.
    pub score_name: Option<String>,
    /// What a model must compute of every row.
    pub measure: Option<Measure>,
    /// What the value is of the rows' scores.
    pub estimand: Estimand,
    /// What computes it.
    pub statistics: Statistics,
}

impl std::fmt::Debug for ResolvedMetric {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.signature)
    }
}

impl ResolvedMetric {
    /// Resolves a request. `field` is its path, for example `spec.metrics[0]`.
    pub fn resolve(request: &MetricRequest, context: &Context<'_>, field: &str) -> Result<Self> {
        let written = merge_forms(request, field)?;
        let entry = registry::find(&written.name, &format!("{field}.name"))?;
        let (profiles, given): (Vec<_>, Vec<_>) = written
            .params
            .iter()
            .cloned()
            .partition(|(name, _)| name == "profile");
        let profile = check_profile(entry, profiles.first().map(|(_, value)| value), field)?;
        let params = Params::check(entry, profile, &given, context.resources, field)?;
        let statistics = (entry.build)(&params, context)?;
        let (direction, range) = entry
            .adjust
            .map_or((entry.direction, entry.range), |adjust| adjust(&params));
        let estimand = match &statistics {
            Statistics::Rows(metric) => metric.estimand(),
            Statistics::Classes(metric) => metric.estimand(),
            Statistics::Collected(_) => Estimand::Function,
        };
        let (needs, score_name) = match &statistics {
            Statistics::Rows(metric) => (metric.needs(), metric.score_name()),
            Statistics::Collected(metric) => (metric.needs(), metric.score_name()),
            Statistics::Classes(metric) => (metric.multilabel().then_some(Field::LABEL_SETS), None),
        };
        let (needs, score_name) = (needs.unwrap_or(entry.needs), score_name.map(str::to_owned));
        let key = if request.key.is_empty() {
            text_form::write(
                entry.name,
                written.params.iter().map(|(k, v)| (k.as_str(), v)),
            )
        } else {
            request.key.clone()
        };
        let (row_params, unicode) = match &statistics {
            Statistics::Rows(metric) => (metric.row_params(), metric.unicode()),
            _ => (None, UNICODE_VERSION),
        };
        if !written.unicode.is_empty() && written.unicode != unicode {
            let field = format!("{field}.name");
            return Err(text_form::other_version(unicode, &field));
        }
        let row_signature = match row_params.unwrap_or(entry.row_params) {
            [] => String::new(),
            row_params => signature(entry, &params, profile, row_params, unicode),
        };
        Ok(Self {
            entry,
            key,
            signature: signature(entry, &params, profile, &[], unicode),
            row_signature,
            direction,
            range,
            needs,
            score_name,
            measure: measure_of(&statistics),
            estimand,
            statistics,
        })
    }
}

fn measure_of(statistics: &Statistics) -> Option<Measure> {
    match statistics {
        Statistics::Rows(metric) => metric.measure().cloned(),
        Statistics::Collected(_) | Statistics::Classes(_) => None,
    }
}

/// Either the fields of the message or the text form in `name`, not both.
fn merge_forms(request: &MetricRequest, field: &str) -> Result<text_form::Written> {
    if request.name.trim().is_empty() {
        return Err(Error::invalid(
            "MISSING_METRIC",
            format!("{field}.name"),
            "name a metric; ListMetrics and `evald metrics` name all",
        ));
    }
    let mut written = text_form::parse(&request.name, &format!("{field}.name"))?;
    if written.params.is_empty() {
        written.params.clone_from(&request.params);
        if !request.profile.is_empty() {
            let profile = ParamValue::Text(request.profile.clone());
            written.params.push(("profile".into(), profile));
        }
    } else if !request.params.is_empty() || !request.profile.is_empty() {
        return Err(Error::invalid(
            "BAD_METRIC_FORM",
            format!("{field}.name"),
            "give parameters either in the name or in params and profile, not in both",
        ));
    }
    Ok(written)
}

fn check_profile(
    entry: &Entry,
    given: Option<&ParamValue>,
    field: &str,
) -> Result<Option<&'static str>> {
    let Some(given) = given else {
        return Ok(entry.profiles.first().copied());
    };
    let word = match given {
        ParamValue::Text(word) => word.clone(),
        other => other.canonical(),
    };
    match entry.profiles.iter().find(|known| **known == word) {
        Some(profile) => Ok(Some(*profile)),
        None => Err(Error::invalid(
            "UNKNOWN_PROFILE",
            format!("{field}.profile"),
            if entry.profiles.is_empty() {
                format!("{} has no profiles; leave it out", entry.name)
            } else {
                format!(
                    "{} knows the profiles {}",
                    entry.name,
                    entry.profiles.join(", ")
                )
            },
        )
        .with("metric", entry.name)),
    }
}

fn signature(
    entry: &Entry,
    params: &Params,
    profile: Option<&'static str>,
    overrides: &[(&'static str, &'static str)],
    unicode: &str,
) -> String {
    let mut all: Vec<(&str, ParamValue)> = params
        .iter()
        .map(|(name, value)| {
            let changed = overrides.iter().find(|(key, _)| *key == name);
            let value =
                changed.map_or_else(|| value.clone(), |(_, word)| text_form::read_value(word));
            (name, value)
        })
        .collect();
    if let Some(profile) = profile {
        all.push(("profile", ParamValue::Text(profile.to_owned())));
    }
    let text = text_form::write(entry.name, all.iter().map(|(k, v)| (*k, v)));
    text + &text_form::signature_suffix(unicode)
}
