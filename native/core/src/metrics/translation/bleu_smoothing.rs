//! What replaces a precision of zero (Chen and Cherry 2014), in the words of each reference implementation.

use super::bleu_score::Sums;
use crate::error::Result;
use crate::metrics::Params;

/// The smoothing of sacrebleu.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Smoothing {
    /// Each further zero counts half a match of the one before.
    Exp,
    None,
    /// A zero counts as so many matches.
    Floor(f64),
    /// So many more matches and n-grams above unigrams.
    AddK(f64),
}

/// `SmoothingFunction` of nltk.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Method {
    Zero,
    /// With its epsilon.
    One(f64),
    Two,
    Three,
    /// With its k.
    Four(f64),
}

/// Defaults of the references.
const FLOOR: f64 = 0.1;
const ADD_K: f64 = 1.0;
const EPSILON: f64 = 0.1;
const METHOD_4_K: f64 = 5.0;

impl Smoothing {
    pub(super) fn read(params: &Params) -> Result<Self> {
        Ok(match params.text("smoothing") {
            "exp" => no_value(params, Self::Exp)?,
            "none" => no_value(params, Self::None)?,
            "floor" => Self::Floor(part_of_a_match(params)?.unwrap_or(FLOOR)),
            "add-k" => Self::AddK(params.optional("smoothing_value").unwrap_or(ADD_K)),
            _ => {
                return Err(
                    params.error("smoothing", "this profile knows exp, none, floor and add-k")
                );
            }
        })
    }

    /// As sacrebleu writes it in its signature.
    pub(super) fn word(self) -> String {
        match self {
            Self::Exp => "exp".into(),
            Self::None => "none".into(),
            Self::Floor(value) => format!("floor[{value:.2}]"),
            Self::AddK(value) => format!("add-k[{value:.2}]"),
        }
    }
}

impl Method {
    pub(super) fn read(params: &Params) -> Result<Self> {
        Ok(match params.text("smoothing") {
            "method0" => no_value(params, Self::Zero)?,
            "method1" => match part_of_a_match(params)? {
                Some(0.0) => return Err(params.error("smoothing_value", ZERO_EPSILON)),
                epsilon => Self::One(epsilon.unwrap_or(EPSILON)),
            },
            "method2" => no_value(params, Self::Two)?,
            "method3" => no_value(params, Self::Three)?,
            "method4" => match params.optional("smoothing_value") {
                Some(k) if k < 1.0 => {
                    return Err(params.error("smoothing_value", "must be at least 1 with method4"));
                }
                k => Self::Four(k.unwrap_or(METHOD_4_K)),
            },
            _ => return Err(params.error("smoothing", "this profile knows method0 to method4")),
        })
    }

    /// Writes the smoothed precisions.
    pub(super) fn smooth(self, sums: Sums<'_>, precisions: &mut [f64]) {
        let mut halving = 1.0;
        let counts = sums.correct.iter().zip(sums.total);
        for (n, (precision, (&correct, &total))) in precisions.iter_mut().zip(counts).enumerate() {
            *precision = match self {
                Self::Two if n > 0 => (correct + 1.0) / (total + 1.0),
                _ if correct != 0.0 => correct / total,
                // `sys.float_info.min`: the score is not 0, but of the size of 1e-231.
                Self::Zero => f64::MIN_POSITIVE,
                Self::One(epsilon) => epsilon / total,
                Self::Three => {
                    halving *= 2.0;
                    1.0 / (halving * total)
                }
                Self::Four(k) if sums.sys_len > 1.0 => {
                    halving *= 2.0;
                    1.0 / (halving * k / sums.sys_len.ln()) / total
                }
                Self::Two | Self::Four(_) => 0.0,
            };
        }
    }
}

const ZERO_EPSILON: &str =
    "must be above 0 with method1: nltk leaves a precision of 0 out, which raises the score";

/// The value, for smoothings that take it as a number of matches. More than one match in place of none could lift a
/// score above its range.
fn part_of_a_match(params: &Params) -> Result<Option<f64>> {
    match params.optional("smoothing_value") {
        Some(value) if value > 1.0 => Err(params.error(
            "smoothing_value",
            "must be at most 1 here: it stands for matches where there are none",
        )),
        value => Ok(value),
    }
}

/// Refuses a value that the smoothing would ignore.
fn no_value<T>(params: &Params, smoothing: T) -> Result<T> {
    match params.optional("smoothing_value") {
        None => Ok(smoothing),
        Some(_) => Err(params.error(
            "smoothing_value",
            "this smoothing takes no value; leave it out",
        )),
    }
}
