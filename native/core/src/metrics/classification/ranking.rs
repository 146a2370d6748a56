//! Rows in the order of a score: sorted once, then any weights of the rows give the area under the ROC curve
//! and the average precision in one pass.

/// Rows from the highest score to the lowest.
#[derive(Debug, Clone)]
pub struct Ranking {
    places: Vec<Place>,
}

/// One row of the order. Within equal scores positives come first, so that a negative sees all of them.
#[derive(Debug, Clone, Copy)]
struct Place {
    row: u32,
    rival: u32,
    ends_tie: bool,
}

/// The rival of a positive row: none.
const POSITIVE: u32 = u32::MAX;

impl Ranking {
    /// Sorts (row, score, rival); a row without a rival is positive, the others are negative and may say
    /// which class they are of. No score is NaN.
    pub fn new(rows: impl Iterator<Item = (u32, f64, Option<u32>)>) -> Self {
        let mut sorted: Vec<(f64, u32, u32)> = rows
            // Adding zero turns -0.0 into 0.0: they tie.
            .map(|(row, score, rival)| (score + 0.0, rival.unwrap_or(POSITIVE), row))
            .collect();
        sorted.sort_unstable_by(|a, b| b.0.total_cmp(&a.0).then((b.1, a.2).cmp(&(a.1, b.2))));
        let places = (0..sorted.len()).map(|at| {
            let (score, rival, row) = sorted[at];
            let next = sorted.get(at + 1);
            Place {
                row,
                rival,
                ends_tie: next.is_none_or(|(next, _, _)| *next < score),
            }
        });
        Self {
            places: places.collect(),
        }
    }

    /// The weight of pairs of a positive and a negative row in which the positive one has the higher score;
    /// equal scores count half. `pairs` gets every negative row's share. Returns the weights of positive and
    /// of negative rows.
    pub fn wins(&self, weights: &[f64], mut pairs: impl FnMut(u32, f64)) -> (f64, f64) {
        let (mut positive, mut negative, mut before) = (0.0, 0.0, 0.0);
        for place in &self.places {
            let weight = weights[place.row as usize];
            if place.rival == POSITIVE {
                positive += weight;
            } else {
                negative += weight;
                pairs(place.rival, weight * (0.5 * (before + positive)));
            }
            if place.ends_tie {
                before = positive;
            }
        }
        (positive, negative)
    }

    /// Area under the ROC curve, NaN without a positive or without a negative row; and the weight of positive rows.
    pub fn area(&self, weights: &[f64]) -> (f64, f64) {
        let mut wins = 0.0;
        let (positive, negative) = self.wins(weights, |_, share| wins += share);
        (wins / (positive * negative), positive)
    }

    /// Average precision: the precision at every distinct score, weighed by the recall gained there. It is 0
    /// without a positive row, as in scikit-learn, and NaN without rows. And the weight of positive rows.
    pub fn average_precision(&self, weights: &[f64]) -> (f64, f64) {
        let (mut positive, mut total, mut before, mut sum) = (0.0, 0.0, 0.0, 0.0);
        for place in &self.places {
            let weight = weights[place.row as usize];
            total += weight;
            if place.rival == POSITIVE {
                positive += weight;
            }
            if place.ends_tie {
                if positive > before {
                    sum += (positive - before) * (positive / total);
                }
                before = positive;
            }
        }
        let precision = if positive > 0.0 {
            sum / positive
        } else if total > 0.0 {
            0.0
        } else {
            f64::NAN
        };
        (precision, positive)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ranking(rows: &[(f64, bool)]) -> Ranking {
        let rows = rows.iter().enumerate();
        Ranking::new(
            rows.map(|(row, (score, positive))| (row as u32, *score, (!positive).then_some(0))),
        )
    }

    #[test]
    fn area_is_the_share_of_pairs_in_order() {
        // Of the four pairs three are in order: .8 > .4, .8 > .1, .35 > .1.
        let four = ranking(&[(0.1, false), (0.4, false), (0.35, true), (0.8, true)]);
        assert_eq!(four.area(&[1.0; 4]).0, 0.75);
        // Precision is 1 at .8 (recall 1/2) and 2/3 at .35 (recall 1).
        let expected = 0.5 + 0.5 * (2.0 / 3.0);
        assert!((four.average_precision(&[1.0; 4]).0 - expected).abs() < 1e-15);
    }

    #[test]
    fn ties_count_half_and_signed_zeros_tie() {
        let rows = [(0.0, true), (-0.0, false), (0.0, false), (-0.0, true)];
        assert_eq!(ranking(&rows).area(&[1.0; 4]).0, 0.5);
        assert_eq!(ranking(&rows).average_precision(&[1.0; 4]).0, 0.5);
    }

    #[test]
    fn a_weight_is_a_number_of_equal_rows() {
        let rows = [
            (0.3, true),
            (0.3, false),
            (0.7, false),
            (0.1, true),
            (0.9, true),
        ];
        let weights = [2.0, 1.0, 3.0, 0.0, 1.0];
        let repeated: Vec<_> = rows
            .iter()
            .zip(weights)
            .flat_map(|(row, weight)| std::iter::repeat_n(*row, weight as usize))
            .collect();
        let ones = vec![1.0; repeated.len()];
        assert_eq!(
            ranking(&rows).area(&weights).0,
            ranking(&repeated).area(&ones).0
        );
        assert_eq!(
            ranking(&rows).average_precision(&weights).0,
            ranking(&repeated).average_precision(&ones).0
        );
    }

    #[test]
    fn one_sided_rows_have_no_area() {
        let positive = ranking(&[(0.2, true), (0.4, true)]);
        assert!(positive.area(&[1.0; 2]).0.is_nan());
        assert_eq!(positive.average_precision(&[1.0; 2]).0, 1.0);
        let negative = ranking(&[(0.2, false)]);
        assert!(negative.area(&[1.0]).0.is_nan());
        assert_eq!(negative.average_precision(&[1.0]).0, 0.0);
        assert!(ranking(&[]).area(&[]).0.is_nan());
        assert!(ranking(&[(0.5, true)]).average_precision(&[0.0]).0.is_nan());
    }

    #[test]
    fn negatives_are_counted_by_rival() {
        let rows = [
            (0, 0.9, None),
            (1, 0.5, Some(2)),
            (2, 0.5, None),
            (3, 0.1, Some(1)),
        ];
        let mut wins = [0.0; 3];
        let sides = Ranking::new(rows.into_iter())
            .wins(&[1.0; 4], |rival, share| wins[rival as usize] += share);
        assert_eq!((wins, sides), ([0.0, 2.0, 1.5], (2.0, 2.0)));
    }
}
