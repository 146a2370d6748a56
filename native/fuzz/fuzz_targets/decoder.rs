//! Any bytes as a request: read, checked, scored, answered.
#![no_main]

use evald_core::error::Result;
use evald_fuzz::call::{check_answer, check_error, finish, push, read_limits, spec_of};
use evald_wire::reader::{ReadLimits, RequestKind, read_instance, read_rows};
use libfuzzer_sys::fuzz_target;

const LIMITS: ReadLimits = ReadLimits {
    max_rows: 100,
    max_row_bytes: 1_000,
    max_predictions: 3,
};

fuzz_target!(|data: &[u8]| {
    refused(read_instance(data, &LIMITS));
    refused(read_rows(data, &LIMITS, &|| false));
    for kind in [RequestKind::Evaluate, RequestKind::Compare] {
        refused(whole_call(kind, data));
    }
});

fn whole_call(kind: RequestKind, request: &[u8]) -> Result<()> {
    let spec = spec_of(kind, request)?;
    refused(read_rows(request, &read_limits(&spec), &|| true));
    if let Some(accumulator) = push(&spec, request, 0)? {
        check_answer(&finish(&accumulator)?, &spec);
    }
    Ok(())
}

fn refused<T>(result: Result<T>) {
    if let Err(error) = result {
        // A model has no answers here, and a cancelled call ends.
        check_error(&error);
    }
}
