//! Ranks of numbers that count as often as their weights say.

/// The rows of a list of numbers by value: equal numbers share a place.
#[derive(Debug)]
pub struct Ranking {
    /// The place of each row's number among the distinct numbers, from 0.
    pub places: Vec<u32>,
    /// Number of distinct numbers.
    pub distinct: usize,
}

impl Ranking {
    /// Sorts the numbers; -0 equals 0.
    pub fn of(numbers: &[f64]) -> Self {
        let mut order: Vec<u32> = (0..numbers.len() as u32).collect();
        order.sort_unstable_by(|left, right| {
            numbers[*left as usize].total_cmp(&numbers[*right as usize])
        });
        let mut places = vec![0; numbers.len()];
        let mut distinct = 0;
        let mut before = None;
        for row in order {
            let number = numbers[row as usize];
            distinct += usize::from(before != Some(number));
            before = Some(number);
            places[row as usize] = distinct as u32 - 1;
        }
        Self { places, distinct }
    }

    /// The weight of each place.
    pub fn place_weights(&self, weights: &[f64]) -> Vec<f64> {
        let mut sums = vec![0.0; self.distinct];
        for (place, weight) in self.places.iter().zip(weights) {
            sums[*place as usize] += weight;
        }
        sums
    }
}

/// Ranks of the places less their mean: rows that are tied share the middle of the ranks that they take up.
/// For weights that are integers all ranks are multiples of a half, and exact.
pub fn centred_ranks(place_weights: &[f64]) -> Vec<f64> {
    let total: f64 = place_weights.iter().sum();
    let mut below = 0.0;
    let rank = |weight: &f64| {
        let middle = below + weight / 2.0;
        below += weight;
        middle - total / 2.0
    };
    place_weights.iter().map(rank).collect()
}

/// The correlation of ranks (Spearman's rho); NaN if one side is constant.
pub fn spearman(left: &Ranking, right: &Ranking, weights: &[f64]) -> f64 {
    let (of_left, of_right) = (left.place_weights(weights), right.place_weights(weights));
    let (left_ranks, right_ranks) = (centred_ranks(&of_left), centred_ranks(&of_right));
    let rows = left.places.iter().zip(&right.places).zip(weights);
    let both: f64 = rows
        .map(|((left, right), weight)| {
            weight * left_ranks[*left as usize] * right_ranks[*right as usize]
        })
        .sum();
    let spread = |weights: &[f64], ranks: &[f64]| -> f64 {
        weights
            .iter()
            .zip(ranks)
            .map(|(w, rank)| w * rank * rank)
            .sum()
    };
    let (left, right) = (
        spread(&of_left, &left_ranks),
        spread(&of_right, &right_ranks),
    );
    if left > 0.0 && right > 0.0 {
        (both / left.sqrt() / right.sqrt()).clamp(-1.0, 1.0)
    } else {
        f64::NAN
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_numbers_share_a_place() {
        let ranking = Ranking::of(&[3.0, -0.0, 0.0, 3.0, -7.5]);
        assert_eq!(ranking.places, [2, 1, 1, 2, 0]);
        assert_eq!(ranking.distinct, 3);
        assert_eq!(
            ranking.place_weights(&[1.0, 2.0, 0.0, 4.0, 0.0]),
            [0.0, 2.0, 5.0]
        );
    }

    #[test]
    fn ranks_are_centred() {
        assert_eq!(centred_ranks(&[1.0, 1.0, 1.0]), [-1.0, 0.0, 1.0]);
        assert_eq!(centred_ranks(&[2.0, 1.0]), [-0.5, 1.0]);
        assert_eq!(centred_ranks(&[5.0]), [0.0]);
    }

    /// Wikipedia's example: IQ and hours of television, rho = -29/165.
    #[test]
    fn rho_of_a_worked_example() {
        let iq = Ranking::of(&[
            106.0, 100.0, 86.0, 101.0, 99.0, 103.0, 97.0, 113.0, 112.0, 110.0,
        ]);
        let hours = Ranking::of(&[7.0, 27.0, 2.0, 50.0, 28.0, 29.0, 20.0, 12.0, 6.0, 17.0]);
        let rho = spearman(&iq, &hours, &[1.0; 10]);
        assert!((rho + 29.0 / 165.0).abs() < 1e-15, "{rho}");
    }

    #[test]
    fn a_constant_side_has_no_rho() {
        let (one, other) = (Ranking::of(&[1.0, 1.0, 1.0]), Ranking::of(&[1.0, 2.0, 3.0]));
        assert!(spearman(&one, &other, &[1.0; 3]).is_nan());
        assert!(spearman(&other, &other, &[0.0, 3.0, 0.0]).is_nan());
        assert!(spearman(&other, &other, &[0.0; 3]).is_nan());
    }
}
