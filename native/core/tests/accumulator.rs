//! The contract of the accumulator: permutations, batches, shards and merge orders of rows with ids do not
//! show in states or answers; errors and cancelled calls add nothing.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use evald_core::accumulator::{Accumulator, ModelOutput};
use evald_core::batch::{Batch, Instance, Prediction, RowFailure, Span};
use evald_core::error::ErrorKind;
use evald_core::metrics::{Context, MetricRequest, ResolvedMetric, Resources};
use evald_core::spec::{
    Correction, Limits, Question, RowReport, Source, Spec, StatisticsOptions, System, UnknownLabels,
};
use proptest::prelude::*;

const METRICS: &[&str] = &[
    "bleu",
    "rouge_2(stemmer=true)",
    "token_f1",
    "accuracy",
    "f1(average=macro)",
    "confusion_matrix",
];

/// A row that owns its texts. Without an answer the prediction is missing.
#[derive(Debug, Clone)]
struct Row {
    id: String,
    cluster: String,
    references: Vec<String>,
    label: String,
    answers: Vec<Option<(String, String)>>,
}

fn spec(
    question: Question,
    systems: usize,
    metrics: &[&str],
    statistics: StatisticsOptions,
) -> Spec {
    let context = Context {
        classes: &[],
        resources: &Resources::default(),
    };
    let resolve = |name: &&str| {
        let request = MetricRequest {
            name: (*name).to_owned(),
            ..MetricRequest::default()
        };
        ResolvedMetric::resolve(&request, &context, "spec.metrics[0]").unwrap()
    };
    Spec {
        question,
        systems: (0..systems)
            .map(|system| System {
                name: format!("system {system}"),
                source: Source::Inline,
            })
            .collect(),
        metrics: metrics.iter().map(resolve).collect(),
        classes: Vec::new(),
        unknown_labels: UnknownLabels::Reject,
        statistics,
        slices: Vec::new(),
        row_report: RowReport::None,
        analysis: None,
        limits: Limits::default(),
        gate: None,
        forgetting: None,
        digest: OnceLock::new(),
    }
}

fn few_replicates() -> StatisticsOptions {
    StatisticsOptions {
        replicates: 100,
        correction: Correction::Holm,
        ..StatisticsOptions::default()
    }
}

fn compare(systems: usize) -> Arc<Spec> {
    let question = Question::Compare { baseline: 0 };
    Arc::new(spec(question, systems, METRICS, few_replicates()))
}

fn evaluate(metrics: &[&str]) -> Arc<Spec> {
    Arc::new(spec(Question::Evaluate, 1, metrics, few_replicates()))
}

fn append<'a, T>(pool: &mut Vec<T>, items: impl IntoIterator<Item = &'a String>) -> Span
where
    T: From<&'a str>,
{
    let start = pool.len() as u32;
    pool.extend(items.into_iter().map(|item| T::from(item.as_str())));
    Span {
        start,
        end: pool.len() as u32,
    }
}

fn batch<'a>(rows: impl IntoIterator<Item = &'a Row>) -> Batch<'a> {
    let mut batch = Batch::default();
    for row in rows {
        let start = batch.predictions.len() as u32;
        for answer in &row.answers {
            let prediction = answer
                .as_ref()
                .map_or_else(Prediction::default, |(text, label)| Prediction {
                    text: Some(text),
                    labels: append(&mut batch.labels, [label]),
                    ..Prediction::default()
                });
            batch.predictions.push(prediction);
        }
        batch.instances.push(Instance {
            id: &row.id,
            cluster: &row.cluster,
            references: append(&mut batch.texts, &row.references),
            labels: append(&mut batch.labels, [&row.label]),
            predictions: Span {
                start,
                end: batch.predictions.len() as u32,
            },
            ..Instance::default()
        });
    }
    batch
}

fn never() -> bool {
    false
}

fn pushed<'a>(spec: &Arc<Spec>, batches: impl IntoIterator<Item = &'a [Row]>) -> Accumulator {
    let mut accumulator = Accumulator::new(Arc::clone(spec));
    for rows in batches {
        accumulator.push(&batch(rows), &[], &[], &never).unwrap();
    }
    accumulator
}

fn merged(spec: &Arc<Spec>, states: &[Vec<u8>]) -> Accumulator {
    let mut accumulator = Accumulator::new(Arc::clone(spec));
    for state in states {
        accumulator.merge(state).unwrap();
    }
    accumulator
}

/// Every bit of an answer: Debug writes floats so that they read back the same.
fn answer(accumulator: &Accumulator) -> String {
    format!("{:?}", accumulator.finish(&never).unwrap())
}

/// The rows in pieces that end at the cuts.
fn pieces<'a>(rows: &'a [Row], cuts: &[usize]) -> Vec<&'a [Row]> {
    let mut ends: Vec<usize> = cuts.iter().map(|cut| cut % rows.len()).collect();
    ends.extend([0, rows.len()]);
    ends.sort_unstable();
    ends.dedup();
    ends.windows(2)
        .map(|pair| &rows[pair[0]..pair[1]])
        .collect()
}

fn text() -> impl Strategy<Value = String> {
    let word = prop::sample::select(vec![
        "the",
        "cat",
        "cats",
        "sat",
        ".",
        "\u{212a}",
        "\u{1c}",
        "na\u{ef}ve",
    ]);
    prop::collection::vec(word, 0..7).prop_map(|words| words.join(" "))
}

fn label() -> impl Strategy<Value = String> {
    prop::sample::select(vec!["a", "b", "c", "9", "10"]).prop_map(str::to_owned)
}

/// Rows of three systems with distinct ids; a fifth of the predictions are missing.
fn rows(clustered: bool) -> impl Strategy<Value = Vec<Row>> {
    let answer = prop::option::weighted(0.8, (text(), label()));
    let row = (
        prop::collection::vec(text(), 1..3),
        label(),
        prop::collection::vec(answer, 3),
        0..4_u8,
    );
    prop::collection::vec(row, 2..24).prop_map(move |rows| {
        let number = |(at, (references, label, answers, cluster))| Row {
            id: format!("row {at}"),
            cluster: if clustered {
                format!("talk {cluster}")
            } else {
                String::new()
            },
            references,
            label,
            answers,
        };
        rows.into_iter().enumerate().map(number).collect()
    })
}

/// Rows, the same rows in another order, and places to cut at.
fn arrangement(clustered: bool) -> impl Strategy<Value = (Vec<Row>, Vec<Row>, Vec<usize>)> {
    let cuts = prop::collection::vec(any::<usize>(), 0..5);
    (rows(clustered), cuts)
        .prop_flat_map(|(rows, cuts)| (Just(rows.clone()), Just(rows).prop_shuffle(), Just(cuts)))
}

fn check_arrangement(rows: &[Row], shuffled: &[Row], cuts: &[usize]) {
    let spec = compare(3);
    let whole = pushed(&spec, [rows]);
    let (state, expected) = (whole.state(), answer(&whole));
    let pieces = pieces(shuffled, cuts);
    let in_batches = pushed(&spec, pieces.iter().copied());
    assert_eq!(in_batches.state(), state);
    assert_eq!(answer(&in_batches), expected);
    let mut states: Vec<_> = pieces
        .iter()
        .map(|piece| pushed(&spec, [*piece]).state())
        .collect();
    let forward = merged(&spec, &states);
    states.reverse();
    let backward = merged(&spec, &states);
    assert_eq!(forward.state(), state);
    assert_eq!(backward.state(), state);
    assert_eq!(answer(&backward), expected);
    // A shard of a shard: the first two together, then the rest.
    let (head, tail) = states.split_at(states.len().min(2));
    let nested = [tail, &[merged(&spec, head).state()]].concat();
    assert_eq!(merged(&spec, &nested).state(), state);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn order_and_shards_do_not_show((rows, shuffled, cuts) in arrangement(false)) {
        check_arrangement(&rows, &shuffled, &cuts);
    }

    #[test]
    fn order_and_shards_of_clusters_do_not_show((rows, shuffled, cuts) in arrangement(true)) {
        check_arrangement(&rows, &shuffled, &cuts);
    }

    #[test]
    fn a_changed_byte_is_refused(rows in rows(false), at in any::<prop::sample::Index>(), change in 1..=255_u8) {
        let spec = compare(3);
        let mut accumulator = pushed(&spec, [rows.as_slice()]);
        let before = accumulator.state();
        let mut state = before.clone();
        *at.get_mut(&mut state) ^= change;
        prop_assert_eq!(accumulator.merge(&state).unwrap_err().reason, "BAD_STATE");
        state.truncate(at.index(state.len()));
        prop_assert_eq!(accumulator.merge(&state).unwrap_err().reason, "BAD_STATE");
        prop_assert_eq!(&accumulator.state(), &before);
    }

    #[test]
    fn rows_without_ids_are_known_by_their_position(rows in rows(false), cuts in prop::collection::vec(any::<usize>(), 0..5)) {
        let spec = compare(3);
        let rows: Vec<Row> = rows.into_iter().map(|row| Row { id: String::new(), ..row }).collect();
        let expected = answer(&pushed(&spec, [rows.as_slice()]));
        let mut first = 0;
        let mut states = Vec::new();
        for piece in pieces(&rows, &cuts) {
            let mut shard = Accumulator::starting_at(Arc::clone(&spec), first);
            shard.push(&batch(piece), &[], &[], &never).unwrap();
            first += piece.len() as u64;
            states.push(shard.state());
        }
        states.reverse();
        let mut all = merged(&spec, &states);
        prop_assert_eq!(&answer(&all), &expected);
        prop_assert_eq!(all.merge(&states[0]).unwrap_err().reason, "OVERLAPPING_POSITIONS");
        prop_assert_eq!(&answer(&all), &expected);
    }

    #[test]
    fn a_call_that_is_cancelled_at_any_moment_adds_nothing(rows in rows(false), polls in 0..40_usize) {
        let spec = compare(3);
        let polled = AtomicUsize::new(0);
        let cancel = || polled.fetch_add(1, Ordering::Relaxed) >= polls;
        let mut accumulator = Accumulator::new(Arc::clone(&spec));
        let before = accumulator.state();
        if let Err(error) = accumulator.push(&batch(&rows), &[], &[], &cancel) {
            prop_assert_eq!((error.kind, error.reason), (ErrorKind::Cancelled, "CANCELLED"));
            prop_assert_eq!(&accumulator.state(), &before);
        } else {
            let whole = answer(&accumulator);
            match accumulator.finish(&cancel) {
                Err(error) => prop_assert_eq!(error.reason, "CANCELLED"),
                Ok(finished) => prop_assert_eq!(format!("{finished:?}"), whole),
            }
        }
    }
}

fn plain_rows(count: usize) -> Vec<Row> {
    let word = |number: usize| ["cat", "dog", "cow"][number % 3].to_owned();
    let row = |at: usize| Row {
        id: format!("{at}"),
        cluster: String::new(),
        references: vec![word(at)],
        label: word(at),
        answers: vec![Some((word(at * at % 7), word(at * at % 7)))],
    };
    (0..count).map(row).collect()
}

/// Any byte may be wrong behind a right checksum: then the state is refused or has an answer. Found by fuzzing.
#[test]
fn forged_states_are_refused_or_answered() {
    let spec = compare(2);
    let rows = plain_rows(3);
    let real = pushed(&spec, [rows.as_slice()]).state();
    let body = &real[..real.len() - 4];
    let mut refused = 0;
    for at in 150..body.len() {
        let mut forged = body.to_vec();
        forged[at] = 0x7f;
        forged.extend(crc32fast::hash(&forged).to_le_bytes());
        let mut accumulator = Accumulator::new(Arc::clone(&spec));
        match accumulator.merge(&forged) {
            Ok(()) => drop(accumulator.finish(&never)),
            Err(_) => refused += 1,
        }
    }
    assert!(refused > 0);
}

#[test]
fn the_border_of_slots_does_not_show() {
    let spec = evaluate(&["exact_match", "f1(average=weighted)"]);
    for count in [4_095, 4_096, 4_097, 6_000] {
        let rows = plain_rows(count);
        let whole = pushed(&spec, [rows.as_slice()]);
        for cuts in [vec![count / 2], vec![1, count - 1], vec![2_000, 4_000]] {
            let pieces = pieces(&rows, &cuts);
            let states: Vec<_> = pieces
                .iter()
                .map(|piece| pushed(&spec, [*piece]).state())
                .collect();
            let backward: Vec<_> = states.iter().rev().cloned().collect();
            assert_eq!(merged(&spec, &states).state(), whole.state());
            assert_eq!(merged(&spec, &backward).state(), whole.state());
            assert_eq!(answer(&merged(&spec, &backward)), answer(&whole));
        }
    }
}

#[test]
fn states_of_other_specifications_are_refused() {
    let rows = plain_rows(5);
    let mut digests = HashSet::new();
    let others = [
        evaluate(&["exact_match"]),
        evaluate(&["exact_match", "accuracy"]),
        evaluate(&["accuracy", "exact_match"]),
        evaluate(&["rouge_l", "accuracy"]),
        evaluate(&["rouge_l(stemmer=true)", "accuracy"]),
        Arc::new(spec(
            Question::Evaluate,
            1,
            &["exact_match"],
            StatisticsOptions::default(),
        )),
    ];
    for mine in &others {
        assert!(digests.insert(mine.digest()));
        for other in others
            .iter()
            .filter(|other| other.digest() != mine.digest())
        {
            let mut accumulator = pushed(mine, [rows.as_slice()]);
            let error = accumulator
                .merge(&pushed(other, [rows.as_slice()]).state())
                .unwrap_err();
            assert_eq!(error.reason, "STATE_MISMATCH");
            assert_eq!(accumulator.rows_seen(), 5);
        }
    }
}

/// One model system, rows that it has to answer, and its answers: those that the rows had.
fn asked_of_a_model(rows: &[Row], metrics: &[&str]) -> (Arc<Spec>, Vec<Row>, ModelOutput) {
    let mut spec = spec(Question::Evaluate, 1, metrics, few_replicates());
    spec.systems[0].source = Source::Model {
        alias: "m".into(),
        input: "text".into(),
        pair_input: String::new(),
        context_tokens: 1,
        generation: None,
    };
    let classes = ["cow", "dog", "cat"].map(str::to_owned).to_vec();
    let mut scores = Vec::new();
    for row in rows {
        let (_, label) = row.answers[0].as_ref().unwrap();
        scores.extend(
            classes
                .iter()
                .map(|class| f32::from(u8::from(class == label))),
        );
    }
    let unanswered = |row: &Row| Row {
        answers: vec![],
        ..row.clone()
    };
    let output = ModelOutput {
        classes,
        scores,
        ..ModelOutput::default()
    };
    (
        Arc::new(spec),
        rows.iter().map(unanswered).collect(),
        output,
    )
}

#[test]
fn answers_of_models_count_like_labels_of_rows() {
    let metrics = ["accuracy", "confusion_matrix"];
    let rows = plain_rows(30);
    let expected = pushed(&evaluate(&metrics), [rows.as_slice()])
        .finish(&never)
        .unwrap();
    let (spec, unanswered, output) = asked_of_a_model(&rows, &metrics);
    let mut accumulator = Accumulator::new(spec);
    accumulator
        .push(&batch(&unanswered), &[output], &[], &never)
        .unwrap();
    let got = accumulator.finish(&never).unwrap();
    assert_eq!(got.systems[0].metrics[0], expected.systems[0].metrics[0]);
    assert_eq!(
        got.systems[0].metrics[1].confusion,
        expected.systems[0].metrics[1].confusion
    );
}

#[test]
fn log_likelihoods_of_models_count_like_those_of_rows() {
    let (spec, unanswered, _) = asked_of_a_model(&plain_rows(3), &["nll"]);
    let output = ModelOutput {
        token_logprobs: vec![vec![-1.0, -2.0], vec![], vec![-6.0]],
        ..ModelOutput::default()
    };
    let mut accumulator = Accumulator::new(spec);
    accumulator
        .push(&batch(&unanswered), &[output], &[], &never)
        .unwrap();
    let estimate = &accumulator.finish(&never).unwrap().systems[0].metrics[0].estimate;
    assert_eq!(estimate.value, Some(3.0));
    assert_eq!((estimate.n, estimate.n_failed), (2, 1));
}

#[test]
fn scores_for_other_choices_than_the_rows_are_an_internal_error() {
    let (spec, unanswered, mut output) = asked_of_a_model(&plain_rows(2), &["accuracy"]);
    output.choice_scores = vec![vec![-1.0], vec![]];
    let mut accumulator = Accumulator::new(spec);
    let error = accumulator
        .push(&batch(&unanswered), &[output], &[], &never)
        .unwrap_err();
    assert_eq!(error.reason, "INTERNAL");
}

#[test]
fn rows_that_a_model_failed_are_counted() {
    let (spec, unanswered, output) = asked_of_a_model(&plain_rows(30), &["accuracy"]);
    let failure = RowFailure {
        row: 3,
        system: 0,
        reason: "MISSING_INPUT".into(),
        message: "the row has no input".into(),
    };
    let mut accumulator = Accumulator::new(spec);
    accumulator
        .push(&batch(&unanswered), &[output], &[failure], &never)
        .unwrap();
    let estimate = &accumulator.finish(&never).unwrap().systems[0].metrics[0].estimate;
    assert_eq!((estimate.n, estimate.n_failed), (29, 1));
}
