//! The bound on rows whose work grows with the product of the lengths of their texts: one row must not keep a thread
//! for minutes, as a call is cancelled between rows only.

use super::Problem;

/// Most pairs of tokens where each is a cell of a table in memory: a second and 32 MiB.
pub const CELLS: usize = 1 << 28;

/// Most pairs of tokens where 64 cells are a few operations, in long runs: seconds.
pub const BITS: usize = 1 << 33;

/// Most pairs of words where every line is compared with every line, and a line may be one word: seconds.
pub const LINES: usize = 1 << 30;

/// [`BITS`] where texts that are nearly equal take a small part of the cells.
pub const BAND: usize = 1 << 35;

/// Refuses a row with more than `most` pairs of tokens of prediction and references, which are in the field. `tokens`
/// tells how many tokens a text has at most; it is asked only if the bytes alone would be too many.
pub fn check(
    prediction: &str,
    (field, references): (&str, &[&str]),
    most: usize,
    tokens: impl Fn(&str) -> usize,
) -> Result<(), Problem> {
    if pairs(prediction, references, str::len).all(|pairs| pairs <= most) {
        return Ok(());
    }
    let at = pairs(prediction, references, tokens).position(|pairs| pairs > most);
    match at {
        None => Ok(()),
        Some(at) => Err(Problem::new(
            "TEXT_TOO_LONG",
            format!("{field}[{at}]"),
            format!(
                "the work grows with the product of the lengths of prediction and reference, which is above 2^{} here: \
                 give shorter texts",
                most.ilog2()
            ),
        )),
    }
}

/// The pairs up to each reference.
fn pairs(
    prediction: &str,
    references: &[&str],
    length: impl Fn(&str) -> usize,
) -> impl Iterator<Item = usize> {
    let of_prediction = length(prediction);
    references.iter().scan(0_usize, move |sum, reference| {
        *sum = sum.saturating_add(of_prediction.saturating_mul(length(reference)));
        Some(*sum)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_count_together() {
        let words = |text: &str| text.split(' ').count();
        let references = ("references", &["c", "d e f"][..]);
        assert!(check("a b", references, 8, words).is_ok());
        let problem = check("a b", references, 4, words).expect_err("eight pairs");
        assert_eq!(
            (problem.reason, problem.field.as_str()),
            ("TEXT_TOO_LONG", "references[1]")
        );
        assert!(problem.text.contains("2^2"));
    }
}
