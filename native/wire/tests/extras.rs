//! Fields that few data sets have: what is read, and every refusal with its path.

mod common;

use common::{
    LIMITS, bytes_field, encode_request, fields, fixed64_field, read_error, row, variable,
};
use evald_core::batch::{Batch, Instance as BatchRow, Prediction as BatchPrediction};
use evald_wire::proto::{Choice, Instance, Message as ChatMessage, Prediction, Tokens};
use evald_wire::reader::{ReadLimits, read_instance, read_rows};
use prost::Message;

fn message(parts: &[(u32, &[u8])]) -> Vec<u8> {
    let mut out = Vec::new();
    for (tag, value) in parts {
        bytes_field(&mut out, *tag, value);
    }
    out
}

fn score(name: &[u8], value: f64) -> Vec<u8> {
    let mut entry = message(&[(1, name)]);
    fixed64_field(&mut entry, 2, value);
    entry
}

fn only<'b, 'a>(batch: &'b Batch<'a>) -> (&'b BatchRow<'a>, &'b BatchPrediction<'a>) {
    (&batch.instances[0], &batch.predictions[0])
}

#[test]
fn fields_of_one_pool_are_kept_apart_however_they_are_mixed() {
    // Texts: references, wrong references, tokens of references and of the prediction. Labels: gold, human, predicted.
    let prediction = message(&[(4, b"p1"), (2, b"predicted"), (4, b"p2")]);
    let instance = message(&[
        (9, b"w1"),
        (3, b"r1"),
        (10, &message(&[(1, b"t1"), (1, b"t2")])),
        (17, b"h1"),
        (2, &prediction),
        (4, b"gold"),
        (9, b"w2"),
        (10, b""),
        (3, b"r2"),
        (17, b"h2"),
        (10, &message(&[(1, b"")])),
    ]);
    let batch = read_instance(&instance, &LIMITS).expect("a good row");
    let (row, prediction) = only(&batch);
    let extra = batch.row_extra(row).expect("fields that few have");
    assert_eq!(batch.references(row), ["r1", "r2"]);
    assert_eq!(batch.texts[extra.wrong_references.range()], ["w1", "w2"]);
    assert_eq!(batch.labels[row.labels.range()], ["gold"]);
    assert_eq!(batch.labels[extra.human_labels.range()], ["h1", "h2"]);
    assert_eq!(batch.labels[prediction.labels.range()], ["predicted"]);
    let lists = batch.token_lists[extra.reference_tokens.range()].iter();
    let lists: Vec<_> = lists.map(|list| &batch.texts[list.range()]).collect();
    assert_eq!(lists, [&["t1", "t2"][..], &[], &[""]]);
    let extra = batch.prediction_extra(prediction).expect("tokens");
    assert_eq!(batch.texts[extra.tokens.range()], ["p1", "p2"]);
}

#[test]
fn numbers_of_one_pool_are_kept_apart_packed_or_not() {
    let mut prediction = Vec::new();
    fixed64_field(&mut prediction, 6, -1.0);
    fixed64_field(&mut prediction, 3, 0.1);
    bytes_field(&mut prediction, 7, &5.0f64.to_le_bytes());
    bytes_field(&mut prediction, 6, &f64::NEG_INFINITY.to_le_bytes());
    bytes_field(&mut prediction, 3, &0.2f64.to_le_bytes());
    bytes_field(&mut prediction, 6, b"");
    fixed64_field(&mut prediction, 7, f64::INFINITY);
    fixed64_field(&mut prediction, 6, 3.0);
    let instance = message(&[(2, &prediction)]);
    let batch = read_instance(&instance, &LIMITS).expect("a good row");
    let (_, prediction) = only(&batch);
    let extra = batch.prediction_extra(prediction).expect("numbers");
    assert_eq!(batch.numbers[prediction.class_scores.range()], [0.1, 0.2]);
    let logprobs = &batch.numbers[extra.token_logprobs.range()];
    assert_eq!(logprobs, [-1.0, f64::NEG_INFINITY, 3.0]);
    assert_eq!(
        batch.numbers[extra.choice_scores.range()],
        [5.0, f64::INFINITY]
    );
}

#[test]
fn the_last_number_of_a_field_and_of_a_name_wins() {
    let mut prediction = Vec::new();
    for value in [f64::NAN, 1.0, 2.0] {
        fixed64_field(&mut prediction, 5, value);
        fixed64_field(&mut prediction, 8, -value);
    }
    for (name, value) in [(&b"a"[..], 1.0), (b"b", 2.0), (b"a", 3.0)] {
        bytes_field(&mut prediction, 9, &score(name, value));
    }
    // A name without number, a number without name.
    bytes_field(&mut prediction, 9, &message(&[(1, b"zero")]));
    bytes_field(&mut prediction, 9, b"");
    let mut instance = message(&[(2, &prediction)]);
    for value in [f64::INFINITY, 7.0] {
        fixed64_field(&mut instance, 11, value);
        fixed64_field(&mut instance, 16, value);
    }
    let batch = read_instance(&instance, &LIMITS).expect("a good row");
    let (row, prediction) = only(&batch);
    let extra = batch.row_extra(row).expect("value and weight");
    assert_eq!((extra.value, extra.weight), (Some(7.0), Some(7.0)));
    let extra = batch.prediction_extra(prediction).expect("numbers");
    assert_eq!(
        (extra.value, extra.no_answer_score),
        (Some(2.0), Some(-2.0))
    );
    let entries = [("a", 1.0), ("b", 2.0), ("a", 3.0), ("zero", 0.0), ("", 0.0)];
    assert_eq!(batch.scores[extra.scores.range()], entries);
}

#[test]
fn rows_without_these_fields_have_no_extra() {
    let prediction = message(&[(6, b""), (7, b""), (1, b"text")]);
    let missing = message(&[(6, b""), (7, b"")]);
    let instance = message(&[(2, &prediction), (2, &missing)]);
    let batch = read_instance(&instance, &LIMITS).expect("a good row");
    assert_eq!(batch.instances[0].extra, 0);
    assert!(
        batch
            .predictions
            .iter()
            .all(|prediction| prediction.extra == 0)
    );
    assert!(batch.predictions[1].is_missing());
    assert!(batch.row_extras.is_empty() && batch.prediction_extras.is_empty());
    // Set to the default is set: nobody wrote these by accident.
    let mut zero = Vec::new();
    fixed64_field(&mut zero, 5, 0.0);
    for prediction in [zero, message(&[(4, b"")]), message(&[(9, b"")])] {
        let instance = message(&[(2, &prediction)]);
        let batch = read_instance(&instance, &LIMITS).expect("a good row");
        assert!(!batch.predictions[0].is_missing());
    }
}

#[test]
fn choices_are_texts_that_are_right_or_wrong() {
    let choices = [("yes", true), ("", false), ("no", false)];
    let instance = Instance {
        choices: choices
            .map(|(text, correct)| Choice {
                text: text.into(),
                correct,
            })
            .into(),
        ..Instance::default()
    };
    let bytes = instance.encode_to_vec();
    let batch = read_instance(&bytes, &LIMITS).expect("a good row");
    let extra = batch.row_extra(&batch.instances[0]).expect("choices");
    assert_eq!(batch.choices[extra.choices.range()], choices);
}

#[test]
fn messages_have_a_role_and_a_content() {
    let messages = [("system", "be kind"), ("user", ""), ("", "hello")];
    let instance = Instance {
        messages: messages
            .map(|(role, content)| ChatMessage {
                role: role.into(),
                content: content.into(),
            })
            .into(),
        ..Instance::default()
    };
    let bytes = instance.encode_to_vec();
    let batch = read_instance(&bytes, &LIMITS).expect("a good row");
    let extra = batch.row_extra(&batch.instances[0]).expect("messages");
    assert_eq!(batch.messages[extra.messages.range()], messages);
}

/// The reason and the paths of reading good rows with this last one.
fn refusal(last: Instance) -> (&'static str, String) {
    let error = read_error(&encode_request(&[row("a"), row("b"), row("c"), last]));
    (error.reason, fields(&error).join(" "))
}

fn of_prediction(change: impl FnOnce(&mut Prediction)) -> (&'static str, String) {
    let mut last = row("d");
    change(&mut last.predictions[0]);
    let (reason, path) = refusal(last);
    let rest = path.strip_prefix("instances[3].predictions[0].");
    (reason, rest.expect("a field of the prediction").to_owned())
}

#[test]
fn numbers_that_make_no_sense_are_named_exactly() {
    for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        let value = Some(bad);
        let row = Instance { value, ..row("d") };
        assert_eq!(refusal(row), ("NOT_FINITE", "instances[3].value".into()));
        let found = of_prediction(|prediction| prediction.value = value);
        assert_eq!(found, ("NOT_FINITE", "value".into()));
        let found = of_prediction(|prediction| prediction.no_answer_score = value);
        assert_eq!(found, ("NOT_FINITE", "no_answer_score".into()));
        let scores = [("bleu".into(), 0.5), ("comet".into(), bad)];
        let found = of_prediction(|prediction| prediction.scores = scores.into());
        assert_eq!(found, ("NOT_FINITE", "scores[\"comet\"]".into()));
    }
    for bad in [f64::NAN, f64::INFINITY, 0.0, -0.0, -1.0] {
        let row = Instance {
            weight: Some(bad),
            ..row("d")
        };
        assert_eq!(refusal(row), ("BAD_WEIGHT", "instances[3].weight".into()));
    }
    let numbers = || vec![f64::INFINITY, f64::NAN, f64::NEG_INFINITY, -f64::NAN];
    let found = of_prediction(|prediction| prediction.token_logprobs = numbers());
    assert_eq!(found.0, "NAN_SCORE");
    assert!(found.1.starts_with("token_logprobs[1] ") && found.1.ends_with(".token_logprobs[3]"));
    let found = of_prediction(|prediction| prediction.choice_scores = numbers()[..2].into());
    assert_eq!(found, ("NAN_SCORE", "choice_scores[1]".into()));
}

#[test]
fn names_of_scores_are_shown_only_when_they_look_like_names() {
    let scores = [("my secret".to_owned(), f64::NAN)];
    let found = of_prediction(|prediction| prediction.scores = scores.into());
    assert_eq!(found, ("NOT_FINITE", "scores[\"?\"]".into()));
}

#[test]
fn task_and_split_are_slices_that_win() {
    let slice = |key: &[u8], value: &[u8]| message(&[(1, key), (2, value)]);
    let (language, task) = (slice(b"language", b"de"), slice(b"task", b"old"));
    let row = message(&[(13, b"qa"), (15, &language), (15, &task), (14, b"")]);
    let batch = read_instance(&row, &LIMITS).expect("a good row");
    let found = ["language", "task", "split"].map(|key| batch.slice(&batch.instances[0], key));
    assert_eq!(found, [Some("de"), Some("qa"), None]);
}

#[test]
fn texts_that_are_not_utf8_are_named_exactly() {
    let bad = |path: &[(u32, &[u8])]| {
        let error = read_instance(&message(path), &LIMITS).expect_err("not UTF-8");
        assert_eq!(error.reason, "INVALID_UTF8");
        let path = fields(&error).join(" ");
        path.strip_prefix("instances[0].").map(str::to_owned)
    };
    let named = |path: &str| Some(path.to_owned());
    assert_eq!(
        bad(&[(9, b"ok"), (9, b"\xff")]),
        named("wrong_references[1]")
    );
    assert_eq!(bad(&[(17, b"ok"), (17, b"\xff")]), named("human_labels[1]"));
    assert_eq!(bad(&[(13, b"\xff")]), named("task"));
    let slice = message(&[(1, b"language"), (2, b"\xff"), (2, b"de")]);
    assert_eq!(bad(&[(15, &slice)]), named("slices[\"language\"]"));
    let tokens = message(&[(1, b"ok"), (1, b"ok"), (1, b"\xff")]);
    assert_eq!(
        bad(&[(10, b""), (10, &tokens)]),
        named("reference_tokens[1].tokens[2]")
    );
    // Also when a later, good text overwrites it.
    let choice = message(&[(1, b"\xff"), (1, b"good")]);
    assert_eq!(
        bad(&[(12, b""), (12, b""), (12, &choice)]),
        named("choices[2].text")
    );
    assert_eq!(
        bad(&[(8, b""), (8, &message(&[(1, b"user"), (2, b"\xff")]))]),
        named("messages[1].content")
    );
    let tokens = message(&[(4, b"ok"), (4, b"\xff")]);
    assert_eq!(
        bad(&[(2, b""), (2, &tokens)]),
        named("predictions[1].tokens[1]")
    );
    let scores = message(&[(9, &score(b"ok", 1.0)), (9, &score(b"\xff", 1.0))]);
    assert_eq!(bad(&[(2, &scores)]), named("predictions[0].scores[\"?\"]"));
}

#[test]
fn every_field_counts_into_the_size_of_a_row() {
    let tokens = |tokens: &[&str]| tokens.iter().map(|&token| token.to_owned()).collect();
    let instance = Instance {
        wrong_references: tokens(&["1"]),
        reference_tokens: vec![Tokens {
            tokens: tokens(&["2", "", "3"]),
        }],
        value: Some(0.0),
        choices: vec![Choice {
            text: "4".into(),
            correct: true,
        }],
        weight: Some(1.0),
        human_labels: tokens(&["5"]),
        predictions: vec![Prediction {
            tokens: tokens(&["6"]),
            class_scores: vec![0.0; 2],
            value: Some(0.0),
            token_logprobs: vec![0.0; 3],
            choice_scores: vec![0.0; 4],
            no_answer_score: Some(0.0),
            scores: [("7".into(), 0.0)].into(),
            ..Prediction::default()
        }],
        ..Instance::default()
    };
    let request = encode_request(&[instance]);
    let read = |max_row_bytes| {
        let limits = ReadLimits {
            max_row_bytes,
            ..LIMITS
        };
        read_rows(&request, &limits, &|| false)
    };
    let bytes = 7 + 8 * 14;
    assert!(read(bytes).is_ok());
    let error = read(bytes - 1).expect_err("too long");
    assert_eq!(variable(&error, "bytes"), Some(&*bytes.to_string()));
    assert_eq!(
        (error.reason, fields(&error)),
        ("LIMIT_EXCEEDED", vec!["instances[0]"])
    );
}
