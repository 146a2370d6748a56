//! Length of the longest common subsequence, 64 cells of the table at a time (Hyyrö 2004, "Bit-parallel LCS-length
//! computation revisited").

/// One step: the row `vector` of the table, 1 where it does not grow, for one token with this mask.
#[inline]
pub fn step(vector: &mut [u64], mask: &[u64]) {
    let mut carry = false;
    for (cells, equal) in vector.iter_mut().zip(mask) {
        let (sum, over) = cells.overflowing_add(*cells & equal);
        let (sum, over_carry) = sum.overflowing_add(u64::from(carry));
        carry = over | over_carry;
        *cells = sum | (*cells & !equal);
    }
}

/// The length after all steps. Bits behind the reference are never cleared: no token equals them.
pub fn grown(vector: &[u64]) -> usize {
    vector
        .iter()
        .map(|cells| cells.count_zeros() as usize)
        .sum()
}

/// The length from rows of W words.
pub fn length<const W: usize>(rows: &[u64]) -> usize {
    let mut vector = [u64::MAX; W];
    for row in rows.as_chunks::<W>().0 {
        step(&mut vector, row);
    }
    grown(&vector)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The reference is `a b a b ...`; bit i of the mask of `a` is set where i is even.
    #[test]
    fn carries_pass_from_word_to_word() {
        const A: u64 = 0x5555_5555_5555_5555;
        let rows = |words| {
            [[A, A], [!A, !A]]
                .into_iter()
                .cycle()
                .take(words)
                .flatten()
                .collect::<Vec<_>>()
        };
        assert_eq!(length::<2>(&rows(100)), 100);
        assert_eq!(length::<2>(&rows(200)), 128);
        assert_eq!(length::<2>(&[A, A].repeat(70)), 64);
        assert_eq!(length::<1>(&[]), 0);
    }
}
