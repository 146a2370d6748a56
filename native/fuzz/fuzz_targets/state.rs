//! States from elsewhere: read, merged with a real one, finished.
#![no_main]

use std::sync::{Arc, LazyLock};

use evald_core::spec::Spec;
use evald_fuzz::call::{check_answer, check_error, finish};
use evald_fuzz::states::{Example, examples, seal};
use libfuzzer_sys::fuzz_target;

use evald_core::accumulator::Accumulator;

static EXAMPLES: LazyLock<Vec<Example>> = LazyLock::new(examples);

fuzz_target!(|data: &[u8]| {
    let Some(([which, how], data)) = data.split_first_chunk::<2>() else {
        return;
    };
    let example = &EXAMPLES[usize::from(*which) % EXAMPLES.len()];
    match how % 3 {
        0 => check(example, data),
        // The beginning that all states of the specification share, then anything, with the right checksum.
        1 => check(
            example,
            &seal(&[&example.state[..example.shared], data].concat()),
        ),
        _ => check(example, &changed(example, data)),
    }
});

/// The state with some bytes replaced, each named by its place in three bytes, and with the right checksum.
fn changed(example: &Example, data: &[u8]) -> Vec<u8> {
    let mut body = example.state[..example.state.len() - 4].to_vec();
    for [low, high, value] in data.as_chunks::<3>().0 {
        let at = usize::from(u16::from_le_bytes([*low, *high])) % body.len();
        body[at] = *value;
    }
    seal(&body)
}

fn check(example: &Example, state: &[u8]) {
    let real = example.state.as_slice();
    for states in [vec![state], vec![real, state]] {
        let accumulator = merged(&example.spec, &states);
        match finish(&accumulator) {
            Ok(answer) if states.iter().all(|state| *state == real) => {
                check_answer(&answer, &example.spec);
            }
            Ok(_) => {}
            Err(error) => check_error(&error),
        }
        // What was merged can be written and read again.
        let written = accumulator.state();
        if let Err(error) = Accumulator::new(Arc::clone(&example.spec)).merge(&written) {
            check_error(&error);
        }
    }
}

/// An accumulator with all of the states that it takes.
fn merged(spec: &Arc<Spec>, states: &[&[u8]]) -> Accumulator {
    let mut accumulator = Accumulator::new(Arc::clone(spec));
    for state in states {
        let before = accumulator.state();
        if let Err(error) = accumulator.merge(state) {
            check_error(&error);
            assert_eq!(accumulator.state(), before, "a refusal changes nothing");
        }
    }
    accumulator
}
