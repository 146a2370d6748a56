//! Whole columns of labels from Python: arrays of integers and lists of strings, counted without making rows.

use evald_core::accumulator::{CHUNK, IntegerPairs, PairCounts};
use evald_core::error::Error;
use pyo3::buffer::PyBuffer;
use pyo3::prelude::*;
use pyo3::types::{PyList, PySlice, PyString};
use rustc_hash::FxHashMap;

use crate::errors::to_python;

/// Rows between two chances for other threads to run, and two looks at the cancel flag: about a millisecond.
const ROWS_A_TURN: usize = 1 << 16;

/// Rows of arrays that are copied at once: few enough for the caches.
const ROWS_A_COPY: usize = 1 << 13;

/// Different labels of text columns, at most; more are left to rows, where limits are checked.
const MAX_LABELS: usize = 2_048;

/// Counts two columns; `None` if they are no such columns, or hold too many different labels.
pub fn count(
    gold: &Bound<'_, PyAny>,
    predicted: &Bound<'_, PyAny>,
    is_cancelled: &dyn Fn() -> bool,
) -> PyResult<Option<PairCounts>> {
    let py = gold.py();
    let turn = || {
        py.detach(std::thread::yield_now);
        if is_cancelled() {
            return Err(to_python(py, &Error::cancelled()));
        }
        Ok(())
    };
    if let (Ok(gold), Ok(predicted)) = (gold.cast::<PyList>(), predicted.cast::<PyList>()) {
        return count_texts(gold, predicted, &turn);
    }
    count_integers(gold, predicted, &turn)
}

fn count_integers(
    gold: &Bound<'_, PyAny>,
    predicted: &Bound<'_, PyAny>,
    turn: &dyn Fn() -> PyResult<()>,
) -> PyResult<Option<PairCounts>> {
    let (Some(rows), Some(others)) = (length(gold), length(predicted)) else {
        return Ok(None);
    };
    if rows != others {
        return Ok(None);
    }
    let mut pairs = IntegerPairs::new();
    let (mut left, mut right) = (vec![0; ROWS_A_COPY], vec![0; ROWS_A_COPY]);
    for start in (0..rows).step_by(ROWS_A_COPY) {
        let count = ROWS_A_COPY.min(rows - start);
        let (left, right) = (&mut left[..count], &mut right[..count]);
        if !(copy(gold, start, left) && copy(predicted, start, right)) {
            return Ok(None);
        }
        for (gold, predicted) in left.chunks(CHUNK).zip(right.chunks(CHUNK)) {
            if !pairs.add(gold, predicted) {
                return Ok(None);
            }
        }
        if start % ROWS_A_TURN == 0 {
            turn()?;
        }
    }
    Ok(Some(pairs.finish()))
}

/// The length of a flat array of 64-bit integers.
fn length(array: &Bound<'_, PyAny>) -> Option<usize> {
    let buffer = PyBuffer::<i64>::get(array).ok()?;
    (buffer.dimensions() == 1).then(|| buffer.item_count())
}

/// Copies a part of an array, which another thread may write to; false if it changed its shape.
fn copy(array: &Bound<'_, PyAny>, start: usize, to: &mut [i64]) -> bool {
    let part = PySlice::new(
        array.py(),
        start.cast_signed(),
        (start + to.len()).cast_signed(),
        1,
    );
    let copied = array
        .get_item(part)
        .and_then(|part| PyBuffer::<i64>::get(&part))
        .and_then(|part| part.copy_to_slice(array.py(), to));
    copied.is_ok()
}

fn count_texts(
    gold: &Bound<'_, PyList>,
    predicted: &Bound<'_, PyList>,
    turn: &dyn Fn() -> PyResult<()>,
) -> PyResult<Option<PairCounts>> {
    let rows = gold.len();
    if predicted.len() != rows {
        return Ok(None);
    }
    let mut labels = Labels::default();
    let mut codes = (Vec::with_capacity(rows), Vec::with_capacity(rows));
    for start in (0..rows).step_by(ROWS_A_TURN) {
        for row in start..rows.min(start + ROWS_A_TURN) {
            // A list that another thread shortens meanwhile ends the shortcut.
            let (Ok(gold), Ok(predicted)) = (gold.get_item(row), predicted.get_item(row)) else {
                return Ok(None);
            };
            let (Some(gold), Some(predicted)) = (labels.code(&gold), labels.code(&predicted))
            else {
                return Ok(None);
            };
            codes.0.push(gold);
            codes.1.push(predicted);
        }
        turn()?;
    }
    Ok(Some(PairCounts::of_codes(labels.names, &codes.0, &codes.1)))
}

/// Numbers labels in the order of their arrival.
#[derive(Default)]
struct Labels {
    codes: FxHashMap<Box<str>, u32>,
    names: Vec<String>,
}

impl Labels {
    /// The code of a label; `None` if it is no text, or one too many.
    fn code(&mut self, label: &Bound<'_, PyAny>) -> Option<u32> {
        let label = label.cast_exact::<PyString>().ok()?.to_str().ok()?;
        if let Some(code) = self.codes.get(label) {
            return Some(*code);
        }
        if self.names.len() == MAX_LABELS {
            return None;
        }
        let code = self.names.len() as u32;
        self.codes.insert(label.into(), code);
        self.names.push(label.to_owned());
        Some(code)
    }
}
