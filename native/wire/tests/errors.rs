//! Every refusal of the reader: reason, path and variables.

mod common;

use std::cell::Cell;

use common::{LIMITS, bytes_field, encode_request, fixed64_field, row};
use evald_core::error::{Error, ErrorKind};
use evald_wire::proto::{
    Choice, EvaluateRequest, Instance, Message as ChatMessage, Prediction, Tokens, Usage,
};
use evald_wire::reader::{ReadLimits, RequestKind, read_instance, read_rows, split};
use prost::Message;

fn read_error(request: &[u8]) -> Error {
    read_rows(request, &LIMITS, &|| false).expect_err("the request is wrong")
}

fn rows_error(rows: &[Instance]) -> Error {
    read_error(&encode_request(rows))
}

fn fields(error: &Error) -> Vec<&str> {
    let violations = error.violations.iter();
    violations
        .map(|violation| violation.field.as_str())
        .collect()
}

fn variable<'e>(error: &'e Error, key: &str) -> Option<&'e str> {
    let mut variables = error.metadata.iter();
    variables
        .find(|(name, _)| *name == key)
        .map(|(_, value)| value.as_str())
}

/// A request with good rows before the given bytes of a row.
fn after_good_rows(good: usize, instance: &[u8]) -> Vec<u8> {
    let mut request = encode_request(&vec![row("a"); good]);
    bytes_field(&mut request, 2, instance);
    request
}

/// Changes that each set one reserved field of a row.
fn reserved_of_rows() -> Vec<(&'static str, Instance)> {
    let base = Instance::default;
    let texts = || vec![String::new()];
    let slices = [("a".to_owned(), "b".to_owned())].into();
    vec![
        (
            "messages",
            Instance {
                messages: vec![ChatMessage::default()],
                ..base()
            },
        ),
        (
            "wrong_references",
            Instance {
                wrong_references: texts(),
                ..base()
            },
        ),
        (
            "reference_tokens",
            Instance {
                reference_tokens: vec![Tokens::default()],
                ..base()
            },
        ),
        (
            "value",
            Instance {
                value: Some(0.0),
                ..base()
            },
        ),
        (
            "choices",
            Instance {
                choices: vec![Choice::default()],
                ..base()
            },
        ),
        (
            "task",
            Instance {
                task: "t".into(),
                ..base()
            },
        ),
        (
            "split",
            Instance {
                split: "train".into(),
                ..base()
            },
        ),
        ("slices", Instance { slices, ..base() }),
        (
            "weight",
            Instance {
                weight: Some(1.0),
                ..base()
            },
        ),
        (
            "human_labels",
            Instance {
                human_labels: texts(),
                ..base()
            },
        ),
    ]
}

/// Predictions that each set one reserved field.
fn reserved_of_predictions() -> Vec<(&'static str, Prediction)> {
    let base = Prediction::default;
    let scores = [("a".to_owned(), 1.0)].into();
    vec![
        (
            "tokens",
            Prediction {
                tokens: vec![String::new()],
                ..base()
            },
        ),
        (
            "value",
            Prediction {
                value: Some(0.0),
                ..base()
            },
        ),
        (
            "token_logprobs",
            Prediction {
                token_logprobs: vec![-0.5],
                ..base()
            },
        ),
        (
            "choice_scores",
            Prediction {
                choice_scores: vec![f64::NAN],
                ..base()
            },
        ),
        (
            "no_answer_score",
            Prediction {
                no_answer_score: Some(1.0),
                ..base()
            },
        ),
        ("scores", Prediction { scores, ..base() }),
        (
            "usage",
            Prediction {
                usage: Some(Usage::default()),
                ..base()
            },
        ),
        (
            "finish_reason",
            Prediction {
                finish_reason: "stop".into(),
                ..base()
            },
        ),
    ]
}

#[test]
fn every_reserved_field_is_refused_by_name() {
    for (name, instance) in reserved_of_rows() {
        let error = rows_error(&[row("a"), instance]);
        assert_eq!(
            (error.reason, error.kind),
            ("UNSUPPORTED_FIELD", ErrorKind::InvalidArgument)
        );
        assert_eq!(fields(&error), [format!("instances[1].{name}")]);
        assert!(error.message.contains("leave it out"), "{}", error.message);
    }
    for (name, prediction) in reserved_of_predictions() {
        let mut last = row("d");
        last.predictions.push(prediction);
        let error = rows_error(&[row("a"), row("b"), row("c"), last]);
        assert_eq!(error.reason, "UNSUPPORTED_FIELD", "{name}");
        assert_eq!(
            fields(&error),
            [format!("instances[3].predictions[1].{name}")]
        );
    }
}

#[test]
fn reserved_fields_at_their_default_are_not_set() {
    let mut prediction = Vec::new();
    bytes_field(&mut prediction, 6, &[]);
    bytes_field(&mut prediction, 7, &[]);
    bytes_field(&mut prediction, 11, b"stop");
    bytes_field(&mut prediction, 11, &[]);
    let mut instance = Vec::new();
    bytes_field(&mut instance, 13, &[]);
    bytes_field(&mut instance, 14, &[]);
    bytes_field(&mut instance, 2, &prediction);
    let batch = read_instance(&instance, &LIMITS).expect("nothing reserved is set");
    assert!(batch.predictions[0].is_missing());
}

#[test]
fn texts_that_are_not_utf8_are_named_exactly() {
    let bad = |path: &[(u32, &[u8])]| {
        let mut instance = Vec::new();
        for (tag, value) in path {
            bytes_field(&mut instance, *tag, value);
        }
        let error = read_error(&after_good_rows(3, &instance));
        assert_eq!(error.reason, "INVALID_UTF8");
        fields(&error).join(" ")
    };
    assert_eq!(bad(&[(1, b"\xff")]), "instances[3].id");
    assert_eq!(bad(&[(5, b"\xc3")]), "instances[3].cluster");
    assert_eq!(
        bad(&[(3, b"ok"), (3, b"\xed\xa0\x80")]),
        "instances[3].references[1]"
    );
    assert_eq!(
        bad(&[(4, b"ok"), (4, b"\xc0\x80")]),
        "instances[3].labels[1]"
    );
    // Also when a later, good text overwrites it.
    assert_eq!(bad(&[(1, b"\xff"), (1, b"good")]), "instances[3].id");
    // Prediction 0 is empty; prediction 1 has a bad text or second label.
    assert_eq!(
        bad(&[(2, b""), (2, b"\x0a\x01\xff")]),
        "instances[3].predictions[1].text"
    );
    assert_eq!(
        bad(&[(2, b"\x12\x00\x12\x01\xff")]),
        "instances[3].predictions[0].labels[1]"
    );
}

#[test]
fn map_keys_are_shown_only_when_they_look_like_names() {
    let path = |key: &[u8], value: &[u8]| {
        let mut entry = Vec::new();
        bytes_field(&mut entry, 2, value);
        bytes_field(&mut entry, 1, key);
        let mut instance = Vec::new();
        bytes_field(&mut instance, 7, &entry);
        let error = read_instance(&instance, &LIMITS).expect_err("not UTF-8");
        assert_eq!(error.reason, "INVALID_UTF8");
        error.violations[0].field.clone()
    };
    assert_eq!(path(b"text_2", b"\xff"), "instances[0].inputs[\"text_2\"]");
    for key in ["", "my secret", "\"]", "é", "2nd", &"k".repeat(33)] {
        assert_eq!(path(key.as_bytes(), b"\xff"), "instances[0].inputs[\"?\"]");
    }
    assert_eq!(path(b"\xff", b"text"), "instances[0].inputs[\"?\"]");
}

#[test]
fn class_scores_must_be_numbers() {
    let mut rows = vec![row("a"), row("b")];
    rows[1].predictions = vec![
        Prediction {
            class_scores: vec![f64::INFINITY, f64::NEG_INFINITY],
            ..Default::default()
        },
        Prediction {
            class_scores: vec![1.0, f64::NAN, -f64::NAN],
            ..Default::default()
        },
    ];
    let error = rows_error(&rows);
    assert_eq!(error.reason, "NAN_SCORE");
    let path = "instances[1].predictions[1].class_scores";
    assert_eq!(fields(&error), [format!("{path}[1]"), format!("{path}[2]")]);
    // Fields may arrive in parts; the index counts over all of them.
    let mut prediction = Vec::new();
    fixed64_field(&mut prediction, 3, 1.0);
    bytes_field(&mut prediction, 3, &2.0f64.to_le_bytes());
    fixed64_field(&mut prediction, 3, f64::NAN);
    let mut instance = Vec::new();
    bytes_field(&mut instance, 2, &prediction);
    let error = read_instance(&instance, &LIMITS).expect_err("NaN");
    assert_eq!(
        fields(&error),
        ["instances[0].predictions[0].class_scores[2]"]
    );
}

#[test]
fn violations_of_many_rows_share_one_error_up_to_twenty() {
    let mut rows = vec![row("a"); 50];
    rows[2].task = "t".into();
    rows[7].predictions[0].class_scores = vec![f64::NAN];
    rows[9].weight = Some(1.0);
    let error = rows_error(&rows);
    assert_eq!(error.reason, "UNSUPPORTED_FIELD");
    assert_eq!(
        fields(&error),
        [
            "instances[2].task",
            "instances[7].predictions[0].class_scores[0]",
            "instances[9].weight"
        ]
    );
    assert!(error.message.ends_with("(and 2 more)"), "{}", error.message);
    for row in &mut rows {
        row.task = "t".into();
    }
    let error = rows_error(&rows);
    assert_eq!(error.violations.len(), 20);
    assert!(
        error.message.ends_with("(and at least 19 more)"),
        "{}",
        error.message
    );
}

#[test]
fn limits_are_named_with_their_values() {
    let limits = ReadLimits {
        max_rows: 2,
        max_row_bytes: 12,
    };
    let request = encode_request(&vec![row("a"); 3]);
    let error = read_rows(&request, &limits, &|| false).expect_err("too many rows");
    assert_eq!(
        (error.reason, fields(&error)),
        ("LIMIT_EXCEEDED", vec!["instances"])
    );
    assert_eq!(variable(&error, "limit"), Some("max_rows"));
    assert_eq!(variable(&error, "maximum"), Some("2"));
    assert_eq!(variable(&error, "rows"), Some("3"));

    let fits = Instance {
        id: "x".into(),
        references: vec!["y".repeat(11)],
        ..Default::default()
    };
    let mut long = fits.clone();
    long.inputs.insert("k".into(), String::new());
    let request = encode_request(&[fits, long]);
    let error = read_rows(&request, &limits, &|| false).expect_err("row too long");
    assert_eq!(
        (error.reason, fields(&error)),
        ("LIMIT_EXCEEDED", vec!["instances[1]"])
    );
    assert_eq!(variable(&error, "limit"), Some("max_row_bytes"));
    assert_eq!(variable(&error, "maximum"), Some("12"));
    assert_eq!(variable(&error, "bytes"), Some("13"));
}

#[test]
fn requests_without_rows_are_refused() {
    for request in [&b""[..], &encode_request(&[])] {
        let error = read_error(request);
        assert_eq!(
            (error.reason, fields(&error)),
            ("EMPTY_REQUEST", vec!["instances"])
        );
    }
}

#[test]
fn broken_framing_ends_reading_at_once_and_names_the_byte() {
    let cases: [(&[u8], &str); 12] = [
        (b"\x0a\x05abc", "instances[1]"), // length past the end
        (b"\x0a", "instances[1]"),        // no length
        (b"\x08\x01", "instances[1]"),    // id as varint
        (b"\x32\x00", "instances[1]"),    // sample as bytes
        (
            b"\x30\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02",
            "instances[1]",
        ), // above 64 bits
        (b"\x00\x00", "instances[1]"),    // field number 0
        (b"\x0e", "instances[1]"),        // wire type 6
        (b"\x80\x80\x80\x80\x10\x00", "instances[1]"), // field number above 2^29
        (b"\xa3\x06", "instances[1]"),    // group without end
        (b"\xa4\x06", "instances[1]"),    // end without group
        (b"\xa3\x06\xac\x06", "instances[1]"), // end of another group
        (b"\x12\x04\x1a\x02ab", "instances[1]"), // 2 bytes of packed doubles
    ];
    for (instance, field) in cases {
        let request = after_good_rows(1, instance);
        let error = read_error(&request);
        assert_eq!(
            (error.reason, fields(&error)),
            ("MALFORMED_REQUEST", vec![field])
        );
        let offset: usize = variable(&error, "offset")
            .expect("an offset")
            .parse()
            .unwrap();
        let begin = request.len() - instance.len();
        assert!(
            (begin..=request.len()).contains(&offset),
            "{offset} for {instance:?}"
        );
    }
    let error = read_error(b"\x12\x7f");
    assert_eq!(
        (error.reason, fields(&error)),
        ("MALFORMED_REQUEST", vec!["request"])
    );
}

#[test]
fn groups_nest_as_deep_as_prost_allows() {
    for depth in 90..110 {
        let mut instance = [0xa3, 0x06].repeat(depth);
        instance.extend([0xa4, 0x06].repeat(depth));
        let ours = read_instance(&instance, &LIMITS).is_ok();
        assert_eq!(ours, Instance::decode(&instance[..]).is_ok(), "{depth}");
        let request = after_good_rows(0, &instance);
        let ours = read_rows(&request, &LIMITS, &|| false).is_ok();
        let theirs = EvaluateRequest::decode(&request[..]).is_ok();
        assert_eq!(ours, theirs, "{depth}");
    }
}

#[test]
fn cancelling_is_noticed_before_the_first_row_and_every_256_rows() {
    let request = encode_request(&vec![row("a"); 1_000]);
    let error = read_rows(&request, &LIMITS, &|| true).expect_err("cancelled");
    assert_eq!(error, Error::cancelled());
    let asked = Cell::new(0);
    let count = || {
        asked.set(asked.get() + 1);
        false
    };
    assert!(read_rows(&request, &LIMITS, &count).is_ok());
    assert_eq!(asked.get(), 4);
    let asked = Cell::new(0);
    let third = || {
        asked.set(asked.get() + 1);
        asked.get() == 3
    };
    assert_eq!(
        read_rows(&request, &LIMITS, &third),
        Err(Error::cancelled())
    );
}

#[test]
fn errors_of_the_header_name_the_field() {
    // spec.metrics.name = "\xff"
    let error = split(RequestKind::Evaluate, b"\x0a\x05\x12\x03\x0a\x01\xff").expect_err("UTF-8");
    assert_eq!(
        (error.reason, fields(&error)),
        ("INVALID_UTF8", vec!["spec.metrics.name"])
    );
    let error = split(RequestKind::Compare, b"\x1a\x01\xff").expect_err("UTF-8");
    assert_eq!(
        (error.reason, fields(&error)),
        ("INVALID_UTF8", vec!["baseline"])
    );
    // The baseline is an unknown field of EvaluateRequest.
    assert!(split(RequestKind::Evaluate, b"\x1a\x01\xff").is_ok());
    // spec.metrics with a wrong wire type.
    let error = split(RequestKind::Evaluate, b"\x0a\x02\x10\x01").expect_err("malformed");
    assert_eq!(
        (error.reason, fields(&error)),
        ("MALFORMED_REQUEST", vec!["spec.metrics"])
    );
    assert!(
        error.message.contains("invalid wire type: Varint"),
        "{}",
        error.message
    );
    // spec cut off, rows with a wrong wire type.
    for request in [&b"\x0a\x03\x12"[..], b"\x10\x01"] {
        let error = split(RequestKind::Evaluate, request).expect_err("malformed");
        assert_eq!(
            (error.reason, fields(&error)),
            ("MALFORMED_REQUEST", vec!["request"])
        );
        assert!(variable(&error, "offset").is_some());
    }
}
