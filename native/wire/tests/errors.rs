//! Every refusal of the reader: reason, path and variables.

mod common;

use common::{
    LIMITS, after_good_rows, bytes_field, encode_request, fields, fixed64_field, read_error, row,
    variable,
};
use evald_core::error::Error;
use evald_wire::proto::{Instance, Prediction};
use evald_wire::reader::{ReadLimits, read_instance, read_rows};

fn rows_error(rows: &[Instance]) -> Error {
    read_error(&encode_request(rows))
}

/// Predictions that each set one reserved field.
fn reserved_of_predictions() -> Vec<(&'static str, Prediction)> {
    let base = Prediction::default;
    vec![
        (
            "finish_reason",
            Prediction {
                finish_reason: "stop".into(),
                ..base()
            },
        ),
        (
            "embedding",
            Prediction {
                embedding: vec![1.0],
                ..base()
            },
        ),
    ]
}

#[test]
fn every_reserved_field_is_refused_by_name() {
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
    rows[2].predictions[0].finish_reason = "stop".into();
    rows[7].predictions[0].class_scores = vec![f64::NAN];
    rows[9].weight = Some(0.0);
    let error = rows_error(&rows);
    assert_eq!(error.reason, "UNSUPPORTED_FIELD");
    assert_eq!(
        fields(&error),
        [
            "instances[2].predictions[0].finish_reason",
            "instances[7].predictions[0].class_scores[0]",
            "instances[9].weight"
        ]
    );
    assert!(error.message.ends_with("(and 2 more)"), "{}", error.message);
    for row in &mut rows {
        row.predictions[0].finish_reason = "stop".into();
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
        max_predictions: 1,
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
fn more_predictions_than_systems_end_reading() {
    let mut many = row("a");
    many.predictions = vec![evald_wire::proto::Prediction::default(); 3];
    let limits = ReadLimits {
        max_predictions: 2,
        ..LIMITS
    };
    let request = encode_request(&[row("b"), many]);
    let error = read_rows(&request, &limits, &|| false).expect_err("too many predictions");
    assert_eq!(
        (error.reason, fields(&error)),
        ("TOO_MANY_PREDICTIONS", vec!["instances[1].predictions"])
    );
}
