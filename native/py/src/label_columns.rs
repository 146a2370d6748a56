//! Whole columns of labels from Python: arrays of integers and lists of strings, counted without making rows.

use evald_core::accumulator::{IntegerPairs, PairCounts};
use evald_core::error::Error;
use pyo3::buffer::PyBuffer;
use pyo3::prelude::*;
use pyo3::types::{PyList, PyString};
use rustc_hash::FxHashMap;

use crate::errors::to_python;

/// Texts between two chances for other threads to run, and two looks at the cancel flag: about a millisecond.
const TEXTS_A_TURN: usize = 1 << 16;

/// The same of integers.
const INTEGERS_A_TURN: usize = 1 << 19;

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
    let (Ok(gold), Ok(predicted)) = (PyBuffer::<i64>::get(gold), PyBuffer::<i64>::get(predicted))
    else {
        return Ok(None);
    };
    let is_flat = |array: &PyBuffer<i64>| array.dimensions() == 1;
    let rows = gold.item_count();
    if !is_flat(&gold) || !is_flat(&predicted) || predicted.item_count() != rows {
        return Ok(None);
    }
    let mut pairs = IntegerPairs::new();
    for start in (0..rows).step_by(INTEGERS_A_TURN) {
        let part = start..rows.min(start + INTEGERS_A_TURN);
        let (Some(gold), Some(predicted)) = (numbers(&gold), numbers(&predicted)) else {
            return Ok(None);
        };
        if !pairs.add(&gold[part.clone()], &predicted[part]) {
            return Ok(None);
        }
        turn()?;
    }
    Ok(Some(pairs.finish()))
}

/// The numbers of an array without gaps. Copies would halve the speed: memory is what limits it.
#[expect(unsafe_code, reason = "a view of memory that belongs to Python")]
fn numbers(array: &PyBuffer<i64>) -> Option<&[i64]> {
    // SAFETY: the buffer was checked for type and alignment when it was made, and keeps the memory where it is. Python
    // code may write to it only while this thread is detached, and views are made anew after each such turn. Against
    // native code of others that writes without the GIL nobody who reads an array is safe; here every number is read
    // once and then checked.
    array
        .as_slice_ptr()
        .map(|numbers| unsafe { numbers.as_ref() })
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
    for start in (0..rows).step_by(TEXTS_A_TURN) {
        for row in start..rows.min(start + TEXTS_A_TURN) {
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
