//! The header of a call, and the limits it is checked against.

use std::collections::BTreeMap;
use std::sync::Arc;

use evald_core::error::Error;
use evald_core::judging::record;
use evald_core::metrics::{self, Field};
use evald_core::spec;
use evald_wire::reader::{ReadLimits, RequestKind, header_bytes, split};
use evald_wire::spec::build_spec;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyList};

use crate::batch::Batch;
use crate::errors::to_python;
use crate::lists::Lists;
use crate::run::{CancelFlag, run, shared};

/// Limits of one call.
#[pyclass(frozen, get_all)]
#[derive(Debug, Clone)]
#[expect(
    clippy::struct_field_names,
    reason = "the names are those of the published limits"
)]
pub struct Limits {
    max_rows: u64,
    max_row_bytes: u64,
    max_systems: u32,
    max_metrics: u32,
    max_classes: u32,
    max_resampling_cost: u64,
    max_response_bytes: u64,
    max_collected_numbers: u64,
    max_slices: u32,
}

#[pymethods]
impl Limits {
    #[new]
    #[pyo3(signature = (*, max_rows=None, max_row_bytes=None, max_systems=None, max_metrics=None,
        max_classes=None, max_resampling_cost=None, max_response_bytes=None, max_collected_numbers=None, max_slices=None))]
    #[expect(clippy::too_many_arguments, reason = "all are keywords")]
    fn new(
        max_rows: Option<u64>,
        max_row_bytes: Option<u64>,
        max_systems: Option<u32>,
        max_metrics: Option<u32>,
        max_classes: Option<u32>,
        max_resampling_cost: Option<u64>,
        max_response_bytes: Option<u64>,
        max_collected_numbers: Option<u64>,
        max_slices: Option<u32>,
    ) -> Self {
        let default = spec::Limits::default();
        Self {
            max_rows: max_rows.unwrap_or(default.max_rows),
            max_row_bytes: max_row_bytes.unwrap_or(default.max_row_bytes),
            max_systems: max_systems.unwrap_or(default.max_systems),
            max_metrics: max_metrics.unwrap_or(default.max_metrics),
            max_classes: max_classes.unwrap_or(default.max_classes),
            max_resampling_cost: max_resampling_cost.unwrap_or(default.max_resampling_cost),
            max_response_bytes: max_response_bytes.unwrap_or(default.max_response_bytes),
            max_collected_numbers: max_collected_numbers.unwrap_or(default.max_collected_numbers),
            max_slices: max_slices.unwrap_or(default.max_slices),
        }
    }
}

impl Limits {
    pub fn to_core(&self) -> spec::Limits {
        spec::Limits {
            max_rows: self.max_rows,
            max_row_bytes: self.max_row_bytes,
            max_systems: self.max_systems,
            max_metrics: self.max_metrics,
            max_classes: self.max_classes,
            max_resampling_cost: self.max_resampling_cost,
            max_response_bytes: self.max_response_bytes,
            max_collected_numbers: self.max_collected_numbers,
            max_slices: self.max_slices,
        }
    }

    /// Those of calls about judges.
    pub fn of_judgments(&self) -> record::Limits {
        record::Limits {
            max_rows: self.max_rows,
            max_resampling_cost: self.max_resampling_cost,
        }
    }
}

/// Files of the settings that metrics name.
#[pyclass(frozen)]
#[derive(Debug, Default)]
pub struct Resources {
    /// What metrics read.
    pub core: metrics::Resources,
}

#[pymethods]
impl Resources {
    /// By name: the files of each resource, with their names.
    #[new]
    fn new(resources: BTreeMap<String, Vec<(String, Vec<u8>)>>) -> Self {
        let mut core = metrics::Resources::default();
        for (name, files) in resources {
            core.add(metrics::Resource::new(name, files));
        }
        Self { core }
    }

    /// Digest (sha256, hex) of each resource, by name.
    #[getter]
    fn digests(&self) -> BTreeMap<String, String> {
        let all = self.core.iter();
        all.map(|resource| (resource.name().to_owned(), resource.digest().to_owned()))
            .collect()
    }
}

/// Where the predictions of one system come from.
#[pyclass(frozen, get_all)]
#[derive(Debug, Clone)]
pub struct SystemSource {
    name: String,
    kind: &'static str,
    alias: String,
    input: String,
    pair_input: String,
    context_tokens: u32,
    generation: Option<Generation>,
}

/// How a language model writes, as a request says.
#[pyclass(frozen, get_all)]
#[derive(Debug, Clone)]
pub struct Generation {
    max_tokens: Option<u32>,
    temperature: Option<f64>,
    top_p: Option<f64>,
    seed: Option<u64>,
    stop: Vec<String>,
}

impl From<&spec::Generation> for Generation {
    fn from(given: &spec::Generation) -> Self {
        Self {
            max_tokens: given.max_tokens,
            temperature: given.temperature,
            top_p: given.top_p,
            seed: given.seed,
            stop: given.stop.clone(),
        }
    }
}

/// What a model must compute for a metric.
#[pyclass(frozen, get_all)]
#[derive(Debug, Clone)]
pub struct Measure {
    metric: usize,
    key: String,
    name: String,
    model: String,
    of: &'static str,
    layer: i64,
    idf: bool,
}

/// The checked header of a request.
#[pyclass(frozen)]
pub struct Spec {
    /// Shared with batches and accumulators.
    pub core: Arc<spec::Spec>,
}

/// "evaluate" or "compare".
pub fn request_kind(py: Python<'_>, kind: &str) -> PyResult<RequestKind> {
    match kind {
        "evaluate" => Ok(RequestKind::Evaluate),
        "compare" => Ok(RequestKind::Compare),
        _ => {
            let error = Error::invalid("BAD_KIND", "kind", "must be evaluate or compare");
            Err(to_python(py, &error))
        }
    }
}

/// The header of a request with what its template adds; `expand` knows templates.
fn expanded<'py>(
    py: Python<'py>,
    request: &[u8],
    expand: Option<&Bound<'py, PyAny>>,
) -> PyResult<Bound<'py, PyBytes>> {
    let Some(expand) = expand else {
        let problem = "the template is for a server or evald.evaluate to expand";
        let error = Error::invalid("UNSUPPORTED_FIELD", "spec.template", problem);
        return Err(to_python(py, &error));
    };
    let header = run(py, || header_bytes(request))?;
    let header = expand.call1((PyBytes::new(py, &header),))?;
    Ok(header.cast_into::<PyBytes>()?)
}

#[pymethods]
impl Spec {
    #[staticmethod]
    #[pyo3(signature = (kind, request, limits, resources=None, models=None, expand=None))]
    fn from_request(
        py: Python<'_>,
        kind: &str,
        request: &Bound<'_, PyBytes>,
        limits: &Limits,
        resources: Option<&Resources>,
        models: Option<BTreeMap<String, String>>,
        expand: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Self> {
        let none = metrics::Resources::default();
        let resources = resources.map_or(&none, |resources| &resources.core);
        let with_models = models.map(|models| resources.with_models(models));
        let resources = with_models.as_ref().unwrap_or(resources);
        let (bytes, limits) = (request.as_bytes(), limits.to_core());
        let kind = request_kind(py, kind)?;
        let found = run(py, || {
            let header = split(kind, bytes)?;
            if header.spec.template.is_some() {
                return Ok(None);
            }
            build_spec(kind, &header, limits, resources).map(Some)
        })?;
        let core = if let Some(core) = found {
            core
        } else {
            let header = expanded(py, bytes, expand)?;
            let header = header.as_bytes();
            run(py, || {
                build_spec(kind, &split(kind, header)?, limits, resources)
            })?
        };
        Ok(Self {
            core: Arc::new(core),
        })
    }

    #[getter]
    fn systems(&self) -> Vec<SystemSource> {
        let source = |system: &spec::System| {
            let (pair_input, context_tokens, generation) = match &system.source {
                spec::Source::Model {
                    pair_input,
                    context_tokens,
                    generation,
                    ..
                } => (&pair_input[..], *context_tokens, generation.as_ref()),
                spec::Source::Inline
                | spec::Source::Remote { .. }
                | spec::Source::Baseline { .. } => ("", 0, None),
            };
            let (kind, alias, input) = match &system.source {
                spec::Source::Inline => ("inline", "", ""),
                spec::Source::Model { alias, input, .. } => ("model", &alias[..], &input[..]),
                spec::Source::Remote { alias, input } => ("remote", &alias[..], &input[..]),
                spec::Source::Baseline { kind, input } => ("baseline", &kind[..], &input[..]),
            };
            SystemSource {
                name: system.name.clone(),
                kind,
                alias: alias.to_owned(),
                input: input.to_owned(),
                pair_input: pair_input.to_owned(),
                context_tokens,
                generation: generation.map(Generation::from),
            }
        };
        self.core.systems.iter().map(source).collect()
    }

    #[getter]
    fn classes(&self) -> &[String] {
        &self.core.classes
    }

    #[getter]
    fn seed(&self) -> u64 {
        self.core.statistics.seed
    }

    #[getter]
    fn measures(&self) -> Vec<Measure> {
        let measure = |(metric, measure): (usize, &metrics::Measure)| Measure {
            metric,
            key: self.core.metrics[metric].key.clone(),
            name: measure.name.clone(),
            model: measure.model.clone(),
            of: measure.of,
            layer: measure.layer,
            idf: measure.idf,
        };
        self.core.measures().map(measure).collect()
    }

    #[getter]
    fn needs(&self) -> Vec<&'static str> {
        let needs = self.core.needs();
        let fields = Field::ALL.into_iter();
        fields
            .filter(|field| needs.has(*field))
            .map(Field::name)
            .collect()
    }

    #[pyo3(signature = (request, cancel=None))]
    fn read(
        &self,
        py: Python<'_>,
        request: Bound<'_, PyBytes>,
        cancel: Option<&CancelFlag>,
    ) -> PyResult<Batch> {
        let limits = ReadLimits {
            max_rows: self.core.limits.max_rows as usize,
            max_row_bytes: self.core.limits.max_row_bytes as usize,
            max_predictions: self.core.systems.len(),
        };
        Batch::read(py, Arc::clone(&self.core), request, limits, shared(cancel))
    }

    #[pyo3(signature = (predictions, references, ids=None, start=0, stop=usize::MAX))]
    #[expect(
        clippy::wrong_self_convention,
        reason = "the batch is made from the lists"
    )]
    fn from_lists(
        &self,
        py: Python<'_>,
        predictions: Vec<Bound<'_, PyList>>,
        references: &Bound<'_, PyList>,
        ids: Option<&Bound<'_, PyList>>,
        start: usize,
        stop: usize,
    ) -> PyResult<Batch> {
        let lists = Lists {
            predictions: &predictions,
            references,
            ids,
        };
        Batch::from_lists(py, Arc::clone(&self.core), &lists, start..stop)
    }
}
