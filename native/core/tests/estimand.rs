//! What every metric says that its value is of its rows' scores holds for generated rows.

use std::sync::Arc;
use std::sync::OnceLock;

use evald_core::accumulator::Accumulator;
use evald_core::batch::{Batch, Instance, Prediction, PredictionExtra, RowExtra, Span, Usage};
use evald_core::metrics::{Context, Estimand, MetricRequest, REGISTRY, ResolvedMetric, Resources};
use evald_core::result::Answer;
use evald_core::spec::{
    Limits, Question, RowReport, Source, Spec, StatisticsOptions, System, UnknownLabels,
};

/// Forms beside the defaults: parameters that must be given, and those that change what the value is.
const FORMS: &[&str] = &[
    "accuracy(multilabel=true)",
    "bleu(profile=nltk)",
    "choice_accuracy(normalize=bytes)",
    "drop_em(spans=tokens)",
    "pass_at_k(of=s)",
    "perplexity(pool=mean_of_texts)",
    "score(of=s)",
    "squad2_exact(no_answer_threshold=0.5)",
    "squad2_f1(no_answer_threshold=0.5)",
    "truthfulqa_bleu(report=diff)",
    "truthfulqa_rouge_l(report=max)",
];

/// Metrics that may equal the mean of their rows' scores on these rows and yet are another function.
const OTHER_FUNCTIONS: &[(&str, &str)] = &[
    (
        "pass_at_k",
        "ids weigh the same, whatever their number of samples",
    ),
    (
        "perplexity",
        "a text's perplexity may be infinite, and beyond what sums of squares hold",
    ),
    ("repetition", "texts shorter than n do not count"),
];

const WORDS: [&str; 8] = ["the", "cat", "sat", "on", "a", "mat", "7", "yes"];
const CLASSES: [&str; 3] = ["a", "b", "c"];

/// Draws without a dependency: the numbers of a linear congruential generator (Knuth's MMIX).
struct Draws(u64);

impl Draws {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % end
    }

    fn unit(&mut self) -> f64 {
        self.below(1 << 20) as f64 / f64::from(1 << 20)
    }

    fn words(&mut self) -> String {
        let count = 4 + self.below(6);
        let words = (0..count).map(|_| WORDS[self.below(WORDS.len())]);
        words.collect::<Vec<_>>().join(" ")
    }

    fn usage(&mut self) -> Usage {
        Usage {
            latency_seconds: Some(self.unit()),
            input_tokens: Some(self.below(900) as f64),
            output_tokens: Some(self.below(90) as f64),
            cost: Some(self.unit() / 1e3),
            peak_memory_bytes: Some((self.below(1 << 20) << 14) as f64),
        }
    }

    /// Prediction, reference (with a number, and often the same), wrong reference.
    fn texts(&mut self) -> [String; 3] {
        let reference = self.words() + " 7";
        let prediction = if self.unit() < 0.3 {
            reference.clone()
        } else {
            self.words()
        };
        [prediction, reference, self.words()]
    }
}

fn append<T>(pool: &mut Vec<T>, items: impl IntoIterator<Item = T>) -> Span {
    let start = pool.len() as u32;
    pool.extend(items);
    Span {
        start,
        end: pool.len() as u32,
    }
}

const TAGS: [&str; 3] = ["B-X", "I-X", "O"];

/// A row with every field: texts, tags as tokens, labels, numbers, choices.
fn push_row<'a>(
    batch: &mut Batch<'a>,
    draws: &mut Draws,
    texts: &'a [String],
    weight: Option<f64>,
) {
    let tags = |draws: &mut Draws| -> Vec<&'static str> {
        (0..6).map(|_| TAGS[draws.below(TAGS.len())]).collect()
    };
    let label = |draws: &mut Draws| CLASSES[draws.below(CLASSES.len())];
    let (gold, predicted) = (label(draws), label(draws));
    let [prediction, reference, wrong] = texts else {
        panic!("three texts a row");
    };
    let gold_tags = append(&mut batch.texts, tags(draws));
    let extra = RowExtra {
        wrong_references: append(&mut batch.texts, [wrong.as_str()]),
        reference_tokens: append(&mut batch.token_lists, [gold_tags]),
        value: Some(10.0 * draws.unit()),
        choices: append(&mut batch.choices, [("yes", true), ("never", false)]),
        human_labels: append(&mut batch.labels, [gold, predicted, gold]),
        weight,
        ..RowExtra::default()
    };
    batch.row_extras.push(extra);
    let numbers = |draws: &mut Draws, scale: f64, count: usize| -> Vec<f64> {
        (0..count).map(|_| scale * draws.unit()).collect()
    };
    let of_score = f64::from(u8::from(draws.unit() < 0.4));
    let logprobs = 1 + draws.below(9);
    let extra = PredictionExtra {
        tokens: append(&mut batch.texts, tags(draws)),
        value: Some(10.0 * draws.unit()),
        token_logprobs: append(&mut batch.numbers, numbers(draws, -3.0, logprobs)),
        choice_scores: append(&mut batch.numbers, numbers(draws, -9.0, 2)),
        no_answer_score: Some(draws.unit()),
        scores: append(&mut batch.scores, [("s", of_score)]),
        usage: draws.usage(),
        truncated: draws.unit() < 0.1,
        measured: Span::default(),
    };
    batch.prediction_extras.push(extra);
    let mut shares = numbers(draws, 1.0, 2);
    shares.sort_by(f64::total_cmp);
    let shares = [shares[0], shares[1] - shares[0], 1.0 - shares[1]];
    let prediction = Prediction {
        text: Some(prediction),
        labels: append(&mut batch.labels, [predicted]),
        class_scores: append(&mut batch.numbers, shares),
        extra: batch.prediction_extras.len() as u32,
    };
    let instance = Instance {
        references: append(&mut batch.texts, [reference.as_str()]),
        labels: append(&mut batch.labels, [gold]),
        predictions: append(&mut batch.predictions, [prediction]),
        extra: batch.row_extras.len() as u32,
        ..Instance::default()
    };
    batch.instances.push(instance);
}

fn resolve(form: &str) -> ResolvedMetric {
    let classes = CLASSES.map(str::to_owned);
    let context = Context {
        classes: &classes,
        resources: &Resources::default(),
    };
    let request = MetricRequest {
        name: form.to_owned(),
        ..MetricRequest::default()
    };
    ResolvedMetric::resolve(&request, &context, form).unwrap_or_else(|error| panic!("{error:?}"))
}

/// The metric's answer for generated rows, their weights included.
fn score(form: &str, seed: u64) -> (Answer, Vec<f64>) {
    const ROWS: usize = 40;
    let metric = resolve(form);
    let mut draws = Draws(seed);
    let mut texts: Vec<String> = (0..ROWS).flat_map(|_| draws.texts()).collect();
    if form == "field_f1" {
        texts = texts.iter().map(|text| as_object(text)).collect();
    }
    let weighted = metric.entry.weighted;
    let weights: Vec<Option<f64>> = (0..ROWS)
        .map(|_| weighted.then(|| 0.25 + draws.unit()))
        .collect();
    let mut batch = Batch::default();
    for (texts, weight) in texts.chunks(3).zip(&weights) {
        push_row(&mut batch, &mut draws, texts, *weight);
    }
    let spec = Spec {
        question: Question::Evaluate,
        systems: vec![System {
            name: "system".into(),
            source: Source::Inline,
        }],
        metrics: vec![metric],
        classes: CLASSES.map(str::to_owned).to_vec(),
        unknown_labels: UnknownLabels::Reject,
        statistics: StatisticsOptions {
            replicates: 0,
            ..StatisticsOptions::default()
        },
        slices: Vec::new(),
        row_report: RowReport::All,
        analysis: None,
        limits: Limits::default(),
        gate: None,
        forgetting: None,
        digest: OnceLock::new(),
    };
    let mut accumulator = Accumulator::new(Arc::new(spec));
    accumulator
        .push(&batch, &[], &[], &|| false)
        .unwrap_or_else(|error| panic!("{form}: {error:?}"));
    let answer = accumulator.finish(&|| false).unwrap();
    let weights = weights.into_iter().map(|weight| weight.unwrap_or(1.0));
    (answer, weights.collect())
}

/// The words as a JSON object, for metrics that read one.
fn as_object(words: &str) -> String {
    let quoted: Vec<String> = words.split(' ').map(|word| format!("\"{word}\"")).collect();
    format!("{{\"words\": [{}]}}", quoted.join(", "))
}

/// Forms with row scores: of every entry the defaults, where they are enough, and [`FORMS`].
fn forms() -> Vec<String> {
    // What a model computes comes with the rows of a server.
    let scored = REGISTRY
        .iter()
        .filter(|entry| entry.row_score && !entry.model);
    let needs_more = ["pass_at_k", "score"];
    let defaults = scored.filter(|entry| !needs_more.contains(&entry.name));
    let forms = FORMS.iter().map(|form| (*form).to_owned());
    defaults
        .map(|entry| entry.name.to_owned())
        .chain(forms)
        .collect()
}

#[test]
fn values_are_what_their_metrics_say_of_row_scores() {
    for form in forms() {
        let metric = resolve(&form);
        let top = metric.range.1;
        let mut always_the_mean = true;
        for seed in 1..=5 {
            let (answer, weights) = score(&form, seed);
            let system = &answer.systems[0];
            let value = system.metrics[0].estimate.value.expect("a value");
            let scores = &system.row_scores[0].1;
            let pairs = || scores.iter().zip(&weights);
            let sum: f64 = pairs().map(|(score, weight)| score * weight).sum();
            let mean = sum / weights.iter().sum::<f64>();
            let is_mean = (value - mean).abs() <= 1e-12 * value.abs().max(1.0);
            always_the_mean &= is_mean;
            if metric.estimand != Estimand::Function {
                assert!(is_mean, "{form}: {value} is not the mean {mean}");
            }
            if metric.estimand == Estimand::Proportion {
                let wrong = scores.iter().find(|score| **score != 0.0 && **score != top);
                assert_eq!(wrong, None, "{form}: neither right nor wrong");
            }
        }
        let excepted = OTHER_FUNCTIONS
            .iter()
            .any(|(name, _)| *name == metric.entry.name);
        if metric.estimand == Estimand::Function && !excepted {
            assert!(!always_the_mean, "{form} is a mean of row scores");
        }
    }
}
