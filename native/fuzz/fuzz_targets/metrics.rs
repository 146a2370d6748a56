//! Any metric with any parameters over any rows: a value in its range, no value, or a refusal; and the same from two
//! shards as from one.
#![no_main]

use evald_core::error::Result;
use evald_core::result::Answer;
use evald_fuzz::call::{check_answer, check_error, finish, push, spec_of};
use evald_fuzz::rows::{Parsed, parse};
use evald_wire::reader::RequestKind;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    if let Err(error) = check(&parse(data)) {
        check_error(&error);
    }
});

fn check(parsed: &Parsed) -> Result<()> {
    let kind = parsed.kind.unwrap_or(RequestKind::Evaluate);
    let request = parsed.encode(&parsed.rows);
    let spec = spec_of(kind, &request)?;
    let Some(accumulator) = push(&spec, &request, 0)? else {
        return Ok(());
    };
    let answer = finish(&accumulator)?;
    check_answer(&answer, &spec);
    if parsed.rows.len() < 2 {
        return Ok(());
    }
    let middle = parsed.rows.len() / 2;
    let (first, second) = parsed.rows.split_at(middle);
    let first = push(&spec, &parsed.encode(first), 0)?;
    let second = push(&spec, &parsed.encode(second), middle as u64)?;
    if let (Some(mut first), Some(second)) = (first, second) {
        first.merge(&second.state())?;
        assert_eq!(figures(&finish(&first)?), figures(&answer));
    }
    Ok(())
}

/// The numbers of an answer that do not name rows.
fn figures(answer: &Answer) -> Vec<String> {
    let systems = answer.systems.iter().flat_map(|system| &system.metrics);
    let values = systems.map(|metric| format!("{} {:?}", metric.signature, metric.estimate));
    let pairs = answer.comparisons.iter();
    let pairs = pairs.map(|pair| format!("{} {:?} {:?}", pair.metric, pair.difference, pair.p));
    values.chain(pairs).collect()
}
