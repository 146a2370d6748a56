//! Texts among the kept numbers of a row: six bytes a number, after their length. Nothing is lost, as it would be
//! with hashes, and states stay lists of numbers.

/// Bytes of a number: 48 of the 53 bits that every double holds.
const BYTES: usize = 6;

/// Appends a text.
pub fn push(text: &[u8], out: &mut Vec<f64>) {
    out.push(text.len() as f64);
    out.extend(text.chunks(BYTES).map(|chunk| {
        let number = chunk
            .iter()
            .rev()
            .fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
        number as f64
    }));
}

/// Reads a text into `out`; returns the numbers behind it. Numbers that [`push`] did not write give some other text,
/// but never more bytes than there are.
pub fn read<'n>(numbers: &'n [f64], out: &mut Vec<u8>) -> &'n [f64] {
    out.clear();
    let Some((len, numbers)) = numbers.split_first() else {
        return &[];
    };
    let len = (*len as usize).min(BYTES * numbers.len());
    let (chunks, rest) = numbers.split_at(len.div_ceil(BYTES));
    for chunk in chunks {
        out.extend_from_slice(&(*chunk as u64).to_le_bytes()[..BYTES]);
    }
    out.truncate(len);
    rest
}

/// Reads a text as a string; see [`read`].
pub fn read_string(numbers: &[f64]) -> (String, &[f64]) {
    let mut bytes = Vec::new();
    let rest = read(numbers, &mut bytes);
    (String::from_utf8_lossy(&bytes).into_owned(), rest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn texts_come_back(texts in prop::collection::vec(".{0,20}", 0..5)) {
            let mut numbers = Vec::new();
            for text in &texts {
                push(text.as_bytes(), &mut numbers);
            }
            let mut rest = numbers.as_slice();
            for text in &texts {
                let (found, behind) = read_string(rest);
                prop_assert_eq!(&found, text);
                rest = behind;
            }
            prop_assert!(rest.is_empty());
        }

        #[test]
        fn any_numbers_can_be_read(numbers in prop::collection::vec(any::<f64>(), 0..5)) {
            let (_, rest) = read_string(&numbers);
            prop_assert!(rest.len() <= numbers.len());
        }
    }
}
