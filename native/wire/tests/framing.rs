//! Broken framing, nesting, cancelling, and errors of the header.

mod common;

use std::cell::Cell;

use common::{
    LIMITS, after_good_rows, bytes_field, encode_request, fields, read_error, row, variable,
};
use evald_core::error::Error;
use evald_wire::proto::{EvaluateRequest, Instance};
use evald_wire::reader::{RequestKind, read_instance, read_rows, split};
use prost::Message;

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
    // Outermost in a row, and in every message that a row may hold.
    let places: [&[u32]; 6] = [&[], &[2], &[7], &[10], &[12], &[2, 9]];
    for (within, depth) in (95..105).flat_map(|depth| places.map(|tags| (tags, depth))) {
        let mut instance = [0xa3, 0x06].repeat(depth);
        instance.extend([0xa4, 0x06].repeat(depth));
        for tag in within.iter().rev() {
            let inner = std::mem::take(&mut instance);
            bytes_field(&mut instance, *tag, &inner);
        }
        let ours = read_instance(&instance, &LIMITS).is_ok();
        assert_eq!(
            ours,
            Instance::decode(&instance[..]).is_ok(),
            "{depth} in {within:?}"
        );
        let request = after_good_rows(0, &instance);
        let ours = read_rows(&request, &LIMITS, &|| false).is_ok();
        let theirs = EvaluateRequest::decode(&request[..]).is_ok();
        assert_eq!(ours, theirs, "{depth} in {within:?}");
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
