//! Parameters of metrics: what a metric accepts, and the checked values of a call.

use super::registry::{Entry, nearest_names, suggestion};
use super::resources::{Resource, Resources};
use super::text_form;
use crate::error::{Error, Result};

/// A value as the caller gave it or as the registry defaults it.
#[derive(Debug, Clone, PartialEq)]
pub enum ParamValue {
    /// true or false.
    Bool(bool),
    /// An integer or real number; protobuf Struct has only doubles, so the kind is checked, not typed.
    Number(f64),
    /// A word.
    Text(String),
}

impl ParamValue {
    /// The canonical text form: shortest round-trip numbers, quotes only where the word needs them.
    pub fn canonical(&self) -> String {
        match self {
            Self::Bool(value) => value.to_string(),
            Self::Number(value) if value.is_nan() => "nan".into(),
            Self::Number(value) => value.to_string(),
            Self::Text(word) if is_plain_word(word) => word.clone(),
            Self::Text(word) => format!("\"{}\"", word.replace('\\', "\\\\").replace('"', "\\\"")),
        }
    }
}

/// Whether a word reads back as the same word without quotes.
fn is_plain_word(word: &str) -> bool {
    !word.is_empty()
        && word != "true"
        && word != "false"
        && word.parse::<f64>().map_or(true, |number| {
            !number.is_finite() || number.to_string() == word
        })
        && word
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "_-.@".contains(c))
}

/// Type, default and range of a parameter.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum ParamKind {
    /// true or false, with the default.
    Bool(bool),
    /// An integer, with default and inclusive range.
    Int {
        /// Default.
        default: i64,
        /// Lowest value.
        low: i64,
        /// Highest value.
        high: i64,
    },
    /// One of the words, the first is the default. A word such as `13a`, `0` or `nan` may look like a number.
    Choice(&'static [&'static str]),
    /// Any word; the default is "not given" and reads as the empty word.
    Text,
    /// A number, with default and inclusive range.
    Float {
        /// Default.
        default: f64,
        /// Lowest value.
        low: f64,
        /// Highest value.
        high: f64,
    },
    /// A number or `none`, with an inclusive range; the default is `none`.
    OptionalFloat {
        /// Lowest value.
        low: f64,
        /// Highest value.
        high: f64,
    },
    /// The name of a resource of the settings, or `none`, the default. In signatures the name carries the digest
    /// of the content: `name@0123456789ab`.
    Resource,
    /// The alias of a model of the server; the default is "not given". In signatures it carries the digest of what shapes
    /// the model's answers, as a resource does.
    Model,
}

/// The word for "not given" of [`ParamKind::OptionalFloat`] and [`ParamKind::Resource`].
const NONE: &str = "none";

/// One parameter of a metric.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ParamSpec {
    /// The name users write.
    pub name: &'static str,
    /// One sentence: what it does.
    pub summary: &'static str,
    /// Type, default and range.
    pub kind: ParamKind,
}

impl ParamSpec {
    /// Type, default and allowed values in words, for the registry's descriptor.
    pub fn describe(&self) -> (&'static str, String, String) {
        match self.kind {
            ParamKind::Bool(default) => ("bool", default.to_string(), String::new()),
            ParamKind::Int { default, low, high } => {
                ("int", default.to_string(), format!("{low} to {high}"))
            }
            ParamKind::Choice(words) => ("string", words[0].to_owned(), words.join(", ")),
            ParamKind::Text => ("string", String::new(), String::new()),
            ParamKind::Float { default, low, high } => {
                ("float", default.to_string(), format!("{low} to {high}"))
            }
            ParamKind::OptionalFloat { low, high } => {
                ("float", NONE.into(), format!("none, or {low} to {high}"))
            }
            ParamKind::Model => (
                "string",
                String::new(),
                "the alias of a model of the server".into(),
            ),
            ParamKind::Resource => (
                "string",
                NONE.into(),
                "none, or the name of a resource of the settings".into(),
            ),
        }
    }

    fn check(
        &self,
        value: &ParamValue,
        resources: &Resources,
    ) -> std::result::Result<ParamValue, String> {
        match (self.kind, value) {
            (ParamKind::OptionalFloat { .. } | ParamKind::Resource, value)
                if bare_word(value) == NONE =>
            {
                Ok(ParamValue::Text(NONE.into()))
            }
            (
                ParamKind::Float { low, high, .. } | ParamKind::OptionalFloat { low, high },
                ParamValue::Number(number),
            ) if (low..=high).contains(number) => Ok(value.clone()),
            (ParamKind::Float { low, high, .. }, _) => {
                Err(format!("must be a number from {low} to {high}"))
            }
            (ParamKind::OptionalFloat { low, high }, _) => {
                Err(format!("must be none or a number from {low} to {high}"))
            }
            (ParamKind::Resource, _) => {
                let found = resources.find(&bare_word(value))?;
                Ok(ParamValue::Text(found.signed_name()))
            }
            (ParamKind::Model, _) => Ok(ParamValue::Text(resources.find_model(&bare_word(value))?)),
            (ParamKind::Bool(_), ParamValue::Bool(_)) => Ok(value.clone()),
            (ParamKind::Bool(_), _) => Err("must be true or false".into()),
            (ParamKind::Int { low, high, .. }, ParamValue::Number(number))
                if number.fract() == 0.0 && (low as f64..=high as f64).contains(number) =>
            {
                Ok(value.clone())
            }
            (ParamKind::Int { low, high, .. }, _) => {
                Err(format!("must be an integer from {low} to {high}"))
            }
            (ParamKind::Choice(words), _) => {
                let word = bare_word(value);
                if words.contains(&word.as_str()) {
                    Ok(ParamValue::Text(word))
                } else {
                    Err(format!("must be one of {}", words.join(", ")))
                }
            }
            (ParamKind::Text, _) => Ok(ParamValue::Text(bare_word(value))),
        }
    }

    fn default(&self) -> ParamValue {
        match self.kind {
            ParamKind::Bool(default) => ParamValue::Bool(default),
            ParamKind::Int { default, .. } => ParamValue::Number(default as f64),
            ParamKind::Choice(words) => ParamValue::Text(words[0].to_owned()),
            ParamKind::Text | ParamKind::Model => ParamValue::Text(String::new()),
            ParamKind::Float { default, .. } => ParamValue::Number(default),
            ParamKind::OptionalFloat { .. } | ParamKind::Resource => {
                ParamValue::Text(NONE.to_owned())
            }
        }
    }
}

/// The value as the word that a person typed: 1 and "1" are the same label.
fn bare_word(value: &ParamValue) -> String {
    match value {
        ParamValue::Text(word) => word.clone(),
        other => other.canonical(),
    }
}

/// The checked parameters of one metric of a call: every parameter of the registry, with its value.
#[derive(Debug, Clone)]
pub struct Params {
    entry: &'static Entry,
    profile: &'static str,
    values: Vec<(&'static str, ParamValue)>,
    field: String,
}

impl Params {
    /// Checks what the caller gave against the entry and fills in defaults. `field` is the path of the metric.
    pub fn check(
        entry: &'static Entry,
        profile: Option<&'static str>,
        given: &[(String, ParamValue)],
        resources: &Resources,
        field: &str,
    ) -> Result<Self> {
        for (name, _) in given {
            if !entry.params.iter().any(|spec| spec.name == name) {
                return Err(unknown_parameter(entry, name, field));
            }
        }
        let profile = profile.unwrap_or("");
        let mut values = Vec::with_capacity(entry.params.len());
        for spec in entry.params {
            let value = match given.iter().rev().find(|(name, _)| name == spec.name) {
                None => default_of(entry, profile, spec),
                Some((_, value)) => spec
                    .check(value, resources)
                    .map_err(|problem| bad_parameter(entry, field, spec.name, problem))?,
            };
            values.push((spec.name, value));
        }
        Ok(Self {
            entry,
            profile,
            values,
            field: field.to_owned(),
        })
    }

    /// The profile; empty if the metric has only one definition.
    pub fn profile(&self) -> &'static str {
        self.profile
    }

    /// Whether a parameter has the default value of the profile.
    pub fn is_default(&self, name: &str) -> bool {
        let spec = self.entry.params.iter().find(|spec| spec.name == name);
        spec.is_some_and(|spec| *self.get(name) == default_of(self.entry, self.profile, spec))
    }

    /// Refuses values other than the defaults for parameters that the profile does not know.
    pub fn refuse(&self, names: &[&'static str]) -> Result<()> {
        match names.iter().find(|name| !self.is_default(name)) {
            None => Ok(()),
            Some(name) => Err(self.error(
                name,
                format!(
                    "the profile {} does not know it; leave it out",
                    self.profile
                ),
            )),
        }
    }

    /// The error that a parameter is wrong for a reason that only the metric can find.
    pub fn error(&self, name: &'static str, problem: impl Into<String>) -> Error {
        bad_parameter(self.entry, &self.field, name, problem.into())
    }

    /// All parameters with their values, in alphabetical order.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, &ParamValue)> {
        self.values.iter().map(|(name, value)| (*name, value))
    }

    /// A bool parameter.
    ///
    /// # Panics
    /// If the registry declares no such parameter: a bug that every test of the metric finds.
    pub fn bool(&self, name: &str) -> bool {
        match self.get(name) {
            ParamValue::Bool(value) => *value,
            other => panic!("parameter {name} is not a bool: {other:?}"),
        }
    }

    /// An integer parameter.
    ///
    /// # Panics
    /// Like [`Params::bool`].
    pub fn int(&self, name: &str) -> i64 {
        match self.get(name) {
            ParamValue::Number(value) => *value as i64,
            other => panic!("parameter {name} is not a number: {other:?}"),
        }
    }

    /// A number.
    ///
    /// # Panics
    /// Like [`Params::bool`].
    pub fn number(&self, name: &str) -> f64 {
        match self.get(name) {
            ParamValue::Number(value) => *value,
            other => panic!("parameter {name} is not a number: {other:?}"),
        }
    }

    /// A number that may be left out.
    pub fn optional(&self, name: &str) -> Option<f64> {
        match self.get(name) {
            ParamValue::Number(value) => Some(*value),
            _ => None,
        }
    }

    /// The content of a resource, if one is named.
    pub fn resource<'r>(&self, name: &str, resources: &'r Resources) -> Option<&'r Resource> {
        let written = self.text(name);
        (written != NONE)
            .then(|| resources.find(written).ok())
            .flatten()
    }

    /// A word.
    ///
    /// # Panics
    /// Like [`Params::bool`].
    pub fn text(&self, name: &str) -> &str {
        match self.get(name) {
            ParamValue::Text(value) => value,
            other => panic!("parameter {name} is not a word: {other:?}"),
        }
    }

    fn get(&self, name: &str) -> &ParamValue {
        self.values
            .iter()
            .find(|(known, _)| *known == name)
            .map_or_else(|| panic!("no parameter {name}"), |(_, value)| value)
    }
}

/// The value of a parameter that is not given.
fn default_of(entry: &Entry, profile: &str, spec: &ParamSpec) -> ParamValue {
    let changed = entry
        .profile_defaults
        .iter()
        .find(|(of, name, _)| *of == profile && *name == spec.name);
    changed.map_or_else(
        || spec.default(),
        |(_, _, word)| text_form::read_value(word),
    )
}

fn bad_parameter(entry: &Entry, field: &str, name: &'static str, problem: String) -> Error {
    Error::invalid("BAD_PARAMETER", format!("{field}.params.{name}"), problem)
        .with("metric", entry.name)
        .with("parameter", name)
}

fn unknown_parameter(entry: &Entry, name: &str, field: &str) -> Error {
    let known: Vec<&str> = entry.params.iter().map(|spec| spec.name).collect();
    let nearest = nearest_names(name, known.iter().copied());
    let all = if known.is_empty() {
        "it has no parameters".to_owned()
    } else {
        format!("its parameters are {}", known.join(", "))
    };
    let name: String = name.chars().take(64).collect();
    Error::invalid(
        "UNKNOWN_PARAMETER",
        format!("{field}.params.{name}"),
        format!(
            "{} has no such parameter; {}",
            entry.name,
            suggestion(&nearest, &all)
        ),
    )
    .with("metric", entry.name)
    .with("nearest", nearest.join(","))
}
