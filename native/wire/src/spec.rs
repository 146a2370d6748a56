//! From the header of a request to the checked specification.

use std::sync::OnceLock;

use evald_core::error::{Error, Result};
use evald_core::gate::{Known, Policy};
use evald_core::metrics::{Context, Direction, Field, MetricRequest, ResolvedMetric, Resources};
use evald_core::slicing::Slicing;
use evald_core::spec::{
    Correction, Generation, Limits, Question, RowReport, Source, Spec, StatisticsOptions, System,
    UnknownLabels,
};
use evald_core::stats::interval::Method;
use evald_core::stats::paired_test::PairedTest;
use rustc_hash::FxHashSet;

use crate::analysis;
use crate::forgetting::forgetting;
use crate::headers::metric_params;
use crate::margins::margins;
use crate::proto;
use crate::reader::{Header, RequestKind};

/// Name of the one system of a request that names none.
const DEFAULT_SYSTEM: &str = "system";

/// Tokens of context that windows of a long text keep, as in lm-evaluation-harness.
const DEFAULT_CONTEXT: u32 = 1;
/// Key of the input text of a model or baseline that names none.
const DEFAULT_INPUT: &str = "text";

/// Characters of a name or key, at most; longer ones would fill answers and logs.
const MAX_NAME: usize = 256;

/// Checks a header against the registry and the limits.
pub fn build_spec(
    kind: RequestKind,
    header: &Header,
    limits: Limits,
    resources: &Resources,
) -> Result<Spec> {
    let spec = &header.spec;
    let systems = systems(spec, &limits)?;
    let question = match kind {
        RequestKind::Evaluate => Question::Evaluate,
        RequestKind::Compare => Question::Compare {
            baseline: baseline(&systems, &header.baseline)?,
        },
    };
    let classes = classes(spec, &limits)?;
    let context = Context {
        classes: &classes,
        resources,
    };
    let metrics = metrics(spec, &limits, &context)?;
    check_label_kinds(&metrics)?;
    if kind == RequestKind::Compare
        && metrics
            .iter()
            .all(|metric| metric.direction == Direction::None)
    {
        return Err(Error::invalid(
            "MISSING_METRIC",
            "spec.metrics",
            "a comparison needs a metric with a value; confusion_matrix has none",
        ));
    }
    let mut statistics = statistics(spec.statistics.as_ref())?;
    statistics.margins = margins(spec, &metrics)?;
    if kind == RequestKind::Compare {
        check_test(statistics.test, &metrics)?;
    }
    let mut slices = slices(spec, &limits)?;
    let gate = gate(header, &metrics, &slices, &statistics)?;
    let forgetting = forgetting(header.forgetting.as_ref(), &metrics, &mut slices, &limits)?;
    Ok(Spec {
        question,
        systems,
        metrics,
        unknown_labels: unknown_labels(spec)?,
        classes,
        statistics,
        slices,
        row_report: row_report(spec.row_report)?,
        analysis: analysis::options(spec.analysis.as_ref())?,
        limits,
        gate,
        forgetting,
        digest: OnceLock::new(),
    })
}

fn gate(
    header: &Header,
    metrics: &[ResolvedMetric],
    slices: &[Slicing],
    statistics: &StatisticsOptions,
) -> Result<Option<Policy>> {
    let Some(given) = &header.gate else {
        return Ok(None);
    };
    if statistics.replicates == 0 {
        let problem = "a gate decides by intervals: must not be 0";
        return Err(bad_statistic("replicates", problem));
    }
    let known = known(metrics);
    let slicings: Vec<&str> = slices.iter().map(|slicing| &slicing.name[..]).collect();
    crate::gate::policy(given, &known, &slicings).map(Some)
}

/// The metrics by what callers may name them by.
pub(crate) fn known<'m>(metrics: &'m [ResolvedMetric]) -> Vec<Known<'m>> {
    let known = |metric: &'m ResolvedMetric| Known {
        key: &metric.key,
        signature: &metric.signature,
        direction: metric.direction,
    };
    metrics.iter().map(known).collect()
}

pub(crate) fn limit(name: &'static str, field: &str, maximum: u32, count: usize) -> Result<()> {
    if count <= maximum as usize {
        return Ok(());
    }
    Err(Error::invalid(
        "LIMIT_EXCEEDED",
        field,
        format!("there are {count}, more than {name} = {maximum}"),
    )
    .with("limit", name)
    .with("maximum", maximum))
}

fn systems(spec: &proto::EvaluationSpec, limits: &Limits) -> Result<Vec<System>> {
    limit(
        "max_systems",
        "spec.systems",
        limits.max_systems,
        spec.systems.len(),
    )?;
    if spec.systems.is_empty() {
        return Ok(vec![System {
            name: DEFAULT_SYSTEM.to_owned(),
            source: Source::Inline,
        }]);
    }
    let mut names = FxHashSet::default();
    let mut systems = Vec::with_capacity(spec.systems.len());
    for (at, system) in spec.systems.iter().enumerate() {
        let field = format!("spec.systems[{at}].name");
        let name = match (system.name.as_str(), spec.systems.len()) {
            ("", 1) => DEFAULT_SYSTEM,
            ("", _) => {
                let problem = "name the systems when there are several";
                return Err(Error::invalid("MISSING_NAME", field, problem));
            }
            (name, _) => name,
        };
        check_name(name, &field)?;
        if !names.insert(name.to_owned()) {
            let problem = "another system has the same name";
            return Err(Error::invalid("DUPLICATE_NAME", field, problem));
        }
        systems.push(System {
            name: name.to_owned(),
            source: source(system, at)?,
        });
    }
    Ok(systems)
}

fn check_name(name: &str, field: &str) -> Result<()> {
    if name.chars().count() > MAX_NAME || name.chars().any(char::is_control) {
        return Err(Error::invalid(
            "BAD_NAME",
            field,
            format!("must have at most {MAX_NAME} characters and no control characters"),
        ));
    }
    Ok(())
}

fn source(system: &proto::System, at: usize) -> Result<Source> {
    use proto::system::Source as Wire;
    match &system.source {
        None | Some(Wire::Inline(_)) => Ok(Source::Inline),
        Some(Wire::Model(model)) => Ok(Source::Model {
            alias: alias(&model.alias, &format!("spec.systems[{at}].model.alias"))?,
            input: input(&model.input),
            pair_input: model.pair_input.clone(),
            context_tokens: model.context_tokens.unwrap_or(DEFAULT_CONTEXT),
            generation: model.generation.as_ref().map(generation),
        }),
        Some(Wire::Remote(remote)) => Ok(Source::Remote {
            alias: alias(&remote.alias, &format!("spec.systems[{at}].remote.alias"))?,
            input: input(&remote.input),
        }),
        Some(Wire::Baseline(baseline)) if baseline.kind.is_empty() => Err(Error::invalid(
            "MISSING_NAME",
            format!("spec.systems[{at}].baseline.kind"),
            "say which kind, for example \"majority\"",
        )),
        Some(Wire::Baseline(baseline)) => Ok(Source::Baseline {
            kind: baseline.kind.clone(),
            input: input(&baseline.input),
        }),
    }
}

fn generation(given: &proto::GenerationOptions) -> Generation {
    Generation {
        max_tokens: given.max_tokens,
        temperature: given.temperature,
        top_p: given.top_p,
        seed: given.seed,
        stop: given.stop.clone(),
    }
}

fn alias(given: &str, field: &str) -> Result<String> {
    if given.is_empty() {
        let problem = "give the alias of a model or an endpoint; ListModels names all";
        return Err(Error::invalid("MISSING_NAME", field, problem));
    }
    Ok(given.to_owned())
}

fn input(given: &str) -> String {
    let input = if given.is_empty() {
        DEFAULT_INPUT
    } else {
        given
    };
    input.to_owned()
}

fn baseline(systems: &[System], name: &str) -> Result<usize> {
    if systems.len() < 2 {
        return Err(Error::invalid(
            "TOO_FEW_SYSTEMS",
            "spec.systems",
            "a comparison needs at least two systems",
        ));
    }
    if name.is_empty() {
        return Ok(0);
    }
    systems
        .iter()
        .position(|system| system.name == name)
        .ok_or_else(|| {
            let problem = "none of spec.systems has this name";
            Error::invalid("UNKNOWN_SYSTEM", "baseline", problem)
        })
}

fn metrics(
    spec: &proto::EvaluationSpec,
    limits: &Limits,
    context: &Context<'_>,
) -> Result<Vec<ResolvedMetric>> {
    limit(
        "max_metrics",
        "spec.metrics",
        limits.max_metrics,
        spec.metrics.len(),
    )?;
    if spec.metrics.is_empty() {
        let problem = "name at least one metric; ListMetrics and `evald metrics` name all";
        return Err(Error::invalid("MISSING_METRIC", "spec.metrics", problem));
    }
    let mut keys = FxHashSet::default();
    let mut resolved = Vec::with_capacity(spec.metrics.len());
    for (at, metric) in spec.metrics.iter().enumerate() {
        let request = MetricRequest {
            name: metric.name.clone(),
            params: metric_params(metric, at)?,
            profile: metric.profile.clone(),
            key: metric.key.clone(),
        };
        check_name(&metric.key, &format!("spec.metrics[{at}].key"))?;
        let metric = ResolvedMetric::resolve(&request, context, &format!("spec.metrics[{at}]"))?;
        if !keys.insert(metric.key.clone()) {
            return Err(Error::invalid(
                "DUPLICATE_METRIC",
                format!("spec.metrics[{at}].key"),
                "another metric has the same key; leave one out or give it a key of its own",
            ));
        }
        resolved.push(metric);
    }
    Ok(resolved)
}

/// Every metric that is tested can have the test that is asked for.
fn check_test(test: Option<PairedTest>, metrics: &[ResolvedMetric]) -> Result<()> {
    let Some(test) = test else {
        return Ok(());
    };
    let tested = metrics
        .iter()
        .filter(|metric| metric.direction != Direction::None);
    for metric in tested {
        if let Some(problem) = test.problem(metric) {
            return Err(Error::invalid(
                "UNSUITABLE_TEST",
                "spec.statistics.test",
                format!(
                    "{problem}, which {} is not: leave test out, ask for PAIRED_RANDOMISATION, or compare {} in a call \
                     of its own",
                    metric.key, metric.key
                ),
            )
            .with("metric", &metric.key)
            .with("test", test.name()));
        }
    }
    Ok(())
}

/// Rows have one label or sets of labels: metrics of both kinds would count different things.
fn check_label_kinds(metrics: &[ResolvedMetric]) -> Result<()> {
    let kind = |metric: &ResolvedMetric| {
        let sets = metric.needs.contains(&Field::LabelSet);
        (sets || metric.needs.contains(&Field::Labels)).then_some(sets)
    };
    let first = metrics.iter().find_map(kind);
    let other = metrics
        .iter()
        .position(|metric| kind(metric).is_some_and(|kind| Some(kind) != first));
    match other {
        None => Ok(()),
        Some(at) => Err(Error::invalid(
            "MIXED_LABEL_METRICS",
            format!("spec.metrics[{at}]"),
            "the metrics over labels of a call are all multilabel or none is; make two calls",
        )),
    }
}

fn unknown_labels(spec: &proto::EvaluationSpec) -> Result<UnknownLabels> {
    let policy = match proto::UnknownLabels::try_from(spec.unknown_labels) {
        Ok(proto::UnknownLabels::Unspecified | proto::UnknownLabels::Reject) => {
            return Ok(UnknownLabels::Reject);
        }
        Ok(proto::UnknownLabels::Bucket) => UnknownLabels::Bucket,
        Ok(proto::UnknownLabels::Drop) => UnknownLabels::Drop,
        Err(_) => {
            let problem = "must be REJECT, BUCKET or DROP";
            return Err(Error::invalid(
                "BAD_UNKNOWN_LABELS",
                "spec.unknown_labels",
                problem,
            ));
        }
    };
    if spec.classes.is_empty() {
        return Err(Error::invalid(
            "MISSING_CLASSES",
            "spec.unknown_labels",
            "no label is unknown while spec.classes is empty: name the classes",
        ));
    }
    Ok(policy)
}

fn classes(spec: &proto::EvaluationSpec, limits: &Limits) -> Result<Vec<String>> {
    limit(
        "max_classes",
        "spec.classes",
        limits.max_classes,
        spec.classes.len(),
    )?;
    let mut seen = FxHashSet::default();
    for (at, class) in spec.classes.iter().enumerate() {
        if !seen.insert(class.as_str()) {
            let field = format!("spec.classes[{at}]");
            return Err(Error::invalid(
                "DUPLICATE_NAME",
                field,
                "the class is named twice",
            ));
        }
    }
    Ok(spec.classes.clone())
}

fn slices(spec: &proto::EvaluationSpec, limits: &Limits) -> Result<Vec<Slicing>> {
    limit(
        "max_slices",
        "spec.slices",
        limits.max_slices,
        spec.slices.len(),
    )?;
    let mut slices: Vec<Slicing> = Vec::with_capacity(spec.slices.len());
    for (at, slice) in spec.slices.iter().enumerate() {
        let field = format!("spec.slices[{at}].by");
        let slicing = Slicing::parse(&slice.by, &field)?;
        if slices.iter().any(|known| known.name == slicing.name) {
            let problem = "another slice has the same form; leave one out";
            return Err(Error::invalid("DUPLICATE_SLICE", field, problem));
        }
        slices.push(slicing);
    }
    Ok(slices)
}

pub(crate) fn statistics(spec: Option<&proto::StatisticsSpec>) -> Result<StatisticsOptions> {
    let mut options = StatisticsOptions::default();
    let Some(spec) = spec else {
        return Ok(options);
    };
    if let Some(level) = spec.confidence_level {
        if !(0.5..=0.999).contains(&level) {
            return Err(bad_statistic(
                "confidence_level",
                "must be from 0.5 to 0.999",
            ));
        }
        options.confidence = level;
    }
    if let Some(replicates) = spec.replicates {
        if replicates != 0 && !(100..=10_000).contains(&replicates) {
            return Err(bad_statistic(
                "replicates",
                "must be 0 (no intervals) or from 100 to 10000",
            ));
        }
        options.replicates = replicates;
    }
    options.seed = spec.seed.unwrap_or(options.seed);
    options.cluster.clone_from(&spec.cluster);
    options.min_slice_size = spec
        .min_slice_size
        .map_or(options.min_slice_size, u64::from);
    choices(spec, &mut options)?;
    Ok(options)
}

fn choices(spec: &proto::StatisticsSpec, options: &mut StatisticsOptions) -> Result<()> {
    let interval = proto::IntervalMethod::try_from(spec.interval);
    options.interval = match interval.map_err(|_| unknown_choice("interval"))? {
        proto::IntervalMethod::Unspecified => None,
        proto::IntervalMethod::PercentileBootstrap => Some(Method::PercentileBootstrap),
        proto::IntervalMethod::Wilson => Some(Method::Wilson),
        proto::IntervalMethod::ClopperPearson => Some(Method::ClopperPearson),
        proto::IntervalMethod::T => Some(Method::T),
        proto::IntervalMethod::ClusterRobust => Some(Method::ClusterRobust),
        proto::IntervalMethod::Bca => Some(Method::Bca),
        proto::IntervalMethod::Jackknife => Some(Method::Jackknife),
    };
    let test = proto::TestMethod::try_from(spec.test);
    options.test = match test.map_err(|_| unknown_choice("test"))? {
        proto::TestMethod::Unspecified => None,
        proto::TestMethod::PairedRandomisation => Some(PairedTest::Randomisation),
        proto::TestMethod::McnemarExact => Some(PairedTest::McNemarExact),
        proto::TestMethod::McnemarMidp => Some(PairedTest::McNemarMidP),
        proto::TestMethod::PairedT => Some(PairedTest::T),
        proto::TestMethod::Sign => Some(PairedTest::Sign),
        proto::TestMethod::SacrebleuPairedAr => Some(PairedTest::SacrebleuRandomisation),
        proto::TestMethod::SacrebleuPairedBs => Some(PairedTest::SacrebleuBootstrap),
    };
    let correction = proto::CorrectionMethod::try_from(spec.correction);
    options.correction = match correction.map_err(|_| unknown_choice("correction"))? {
        proto::CorrectionMethod::Unspecified | proto::CorrectionMethod::Holm => Correction::Holm,
        proto::CorrectionMethod::None => Correction::None,
        proto::CorrectionMethod::HolmSidak => Correction::HolmSidak,
        proto::CorrectionMethod::BenjaminiHochberg => Correction::BenjaminiHochberg,
        proto::CorrectionMethod::BenjaminiYekutieli => Correction::BenjaminiYekutieli,
    };
    let missing = proto::MissingPolicy::try_from(spec.missing);
    options.fail_on_missing =
        missing.map_err(|_| unknown_choice("missing"))? == proto::MissingPolicy::Fail;
    Ok(())
}

fn bad_statistic(name: &str, problem: &str) -> Error {
    Error::invalid("BAD_STATISTICS", format!("spec.statistics.{name}"), problem)
}

fn unknown_choice(name: &str) -> Error {
    bad_statistic(name, "this version of the server does not know the choice")
}

fn row_report(value: i32) -> Result<RowReport> {
    match proto::RowReport::try_from(value) {
        Ok(proto::RowReport::Unspecified | proto::RowReport::Failed) => Ok(RowReport::Failed),
        Ok(proto::RowReport::None) => Ok(RowReport::None),
        Ok(proto::RowReport::All) => Ok(RowReport::All),
        Err(_) => Err(Error::invalid(
            "BAD_ROW_REPORT",
            "spec.row_report",
            "must be NONE, FAILED or ALL",
        )),
    }
}
