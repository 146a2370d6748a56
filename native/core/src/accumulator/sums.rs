//! Exact sums of row statistics, in total and by slot.
//!
//! All sums are i128 in fixed point at 2^-64. Dense columns are the weight of the rows, then the row metrics' columns.
//! Counts by class are sparse, since a row touches three of possibly thousands.

use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::slots::Remap;
use crate::stats::replicate::Columns;
use crate::text::simd;

/// 2^64, the scale of fixed point.
const FIXED_ONE: f64 = 18_446_744_073_709_551_616.0;

/// What a row adds to a class: it was right, it should have been, it was predicted.
pub const TRUE_POSITIVE: u32 = 0;
/// See [`TRUE_POSITIVE`].
pub const SUPPORT: u32 = 1;
/// See [`TRUE_POSITIVE`].
pub const PREDICTED: u32 = 2;

/// Sparse counts.
pub type Cells = FxHashMap<(u32, u32), i128>;

/// The classes of a row: one each, or sets.
#[derive(Debug, Clone, Copy, Default)]
pub struct RowClasses<'a> {
    /// Gold classes, each once.
    pub gold: &'a [u32],
    /// Predicted classes, each once.
    pub predicted: &'a [u32],
}

/// Sums over rows of one system.
#[derive(Debug, Clone, PartialEq)]
pub struct Sums {
    width: usize,
    by_slot: bool,
    /// Number of rows.
    pub rows: i64,
    /// One sum a dense column.
    pub totals: Vec<i128>,
    /// One row of dense columns a slot place.
    pub slots: Vec<i128>,
    /// Rows with one class each, by (gold class, predicted class), without those in `matrix`.
    confusion: Cells,
    /// Rows of whole columns of labels: class numbers, and a square matrix of counts over them.
    matrix: Option<(Vec<u32>, Arc<Vec<u64>>)>,
    /// Rows with sets of classes, by (0, 3 x class + kind).
    pub class_totals: Cells,
    /// Counts by (slot place, 3 x class + kind).
    pub class_slots: Cells,
}

impl Sums {
    /// Zero.
    pub fn new(width: usize, by_slot: bool) -> Self {
        Self {
            width,
            by_slot,
            rows: 0,
            totals: vec![0; width],
            slots: Vec::new(),
            confusion: Cells::default(),
            matrix: None,
            class_totals: Cells::default(),
            class_slots: Cells::default(),
        }
    }

    /// Zero of the same shape.
    pub fn empty_like(&self) -> Self {
        Self::new(self.width, self.by_slot)
    }

    /// Number of dense columns.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Whether sums by slot are kept.
    pub fn keeps_slots(&self) -> bool {
        self.by_slot
    }

    /// Adds one row: its weight, its dense statistics, and its classes if it has labels.
    pub fn add(&mut self, place: u32, weight: f64, stats: &[f64], classes: Option<RowClasses<'_>>) {
        let one = to_exact(weight);
        self.rows += 1;
        self.totals[0] += one;
        for (total, value) in self.totals[1..].iter_mut().zip(stats) {
            *total += to_exact(value * weight);
        }
        self.add_to_slot(place, weight, stats);
        if let Some(classes) = classes {
            self.add_classes(place, one, classes);
        }
    }

    /// Adds one row to its slot alone, if slots are kept: [`PartSums`] has it for the totals.
    pub fn add_to_slot(&mut self, place: u32, weight: f64, stats: &[f64]) {
        if !self.by_slot {
            return;
        }
        let start = place as usize * self.width;
        if self.slots.len() < start + self.width {
            self.slots.resize(start + self.width, 0);
        }
        let slot = &mut self.slots[start..start + self.width];
        slot[0] += to_exact(weight);
        for (sum, value) in slot[1..].iter_mut().zip(stats) {
            let value = value * weight;
            let number = value as i64;
            // Most statistics are counts, whose fraction need not be worked out.
            *sum += if number as f64 == value {
                i128::from(number) << 64
            } else {
                to_exact(value)
            };
        }
    }

    /// Fetches the slot at a place that is added to soon.
    pub fn fetch_slot(&self, place: u32) {
        let start = place as usize * self.width;
        if let Some(slot) = self.slots.get(start..start + self.width) {
            simd::prefetch(slot);
        }
    }

    /// Adds rows by their counts: a square matrix over these classes.
    pub fn add_matrix(&mut self, classes: Vec<u32>, counts: Vec<u64>) {
        match &mut self.matrix {
            Some((known, sums)) if *known == classes => {
                for (sum, count) in Arc::make_mut(sums).iter_mut().zip(&counts) {
                    *sum += count;
                }
            }
            _ => {
                self.flatten();
                self.matrix = Some((classes, Arc::new(counts)));
            }
        }
    }

    /// The matrix and its classes, if all rows with one class each are in it.
    pub fn whole_matrix(&self) -> Option<(&[u32], &Arc<Vec<u64>>)> {
        let matrix = self.matrix.as_ref().filter(|_| self.confusion.is_empty());
        matrix.map(|(classes, counts)| (&classes[..], counts))
    }

    /// Moves the matrix to the other cells.
    fn flatten(&mut self) {
        if let Some((classes, counts)) = self.matrix.take() {
            for (gold, predicted, count) in matrix_cells(&classes, &counts) {
                *self.confusion.entry((gold, predicted)).or_default() += whole(count);
            }
        }
    }

    /// Rows with one class each, by (gold class, predicted class).
    pub fn into_confusion(mut self) -> Cells {
        self.flatten();
        self.confusion
    }

    /// Replaces the rows with one class each.
    pub fn set_confusion(&mut self, cells: Cells) {
        self.matrix = None;
        self.confusion = cells;
    }

    /// Number or weight of the rows with one class each, by rank of gold and predicted class, in no order.
    pub fn confusion_numbers(&self, ranks: &[u32]) -> impl Iterator<Item = (u32, u32, f64)> {
        let cells = self.confusion.iter();
        let cells = cells.map(|((gold, predicted), count)| (*gold, *predicted, to_number(*count)));
        let matrix = self.matrix.iter().flat_map(|(classes, counts)| {
            let cells = matrix_cells(classes, counts);
            cells.map(|(gold, predicted, count)| (gold, predicted, count as f64))
        });
        let all = cells.chain(matrix);
        all.map(|(gold, predicted, count)| (ranks[gold as usize], ranks[predicted as usize], count))
    }

    /// Adds the classes of a row.
    pub fn add_classes(&mut self, place: u32, one: i128, classes: RowClasses<'_>) {
        let single = match (classes.gold, classes.predicted) {
            ([gold], [predicted]) => {
                *self.confusion.entry((*gold, *predicted)).or_default() += one;
                true
            }
            _ => false,
        };
        if single && !self.by_slot {
            return;
        }
        let mut count = |class: u32, kind: u32| {
            let column = 3 * class + kind;
            if !single {
                *self.class_totals.entry((0, column)).or_default() += one;
            }
            if self.by_slot {
                *self.class_slots.entry((place, column)).or_default() += one;
            }
        };
        for gold in classes.gold {
            count(*gold, SUPPORT);
            if classes.predicted.contains(gold) {
                count(*gold, TRUE_POSITIVE);
            }
        }
        for predicted in classes.predicted {
            count(*predicted, PREDICTED);
        }
    }

    /// Moves slot places: after a collapse, or into another accumulator's places.
    pub fn remap(&mut self, places: &Remap) {
        let width = self.width();
        let old = std::mem::take(&mut self.slots);
        for (sums, place) in old.chunks_exact(width).zip(places) {
            let start = *place as usize * width;
            if self.slots.len() < start + width {
                self.slots.resize(start + width, 0);
            }
            for (to, from) in self.slots[start..start + width].iter_mut().zip(sums) {
                *to += from;
            }
        }
        for ((place, column), count) in std::mem::take(&mut self.class_slots) {
            *self
                .class_slots
                .entry((places[place as usize], column))
                .or_default() += count;
        }
    }

    /// Renames classes.
    pub fn relabel(&mut self, classes: &[u32]) {
        self.flatten();
        for ((gold, predicted), count) in std::mem::take(&mut self.confusion) {
            let key = (classes[gold as usize], classes[predicted as usize]);
            *self.confusion.entry(key).or_default() += count;
        }
        for cells in [&mut self.class_totals, &mut self.class_slots] {
            for ((place, column), count) in std::mem::take(cells) {
                let column = 3 * classes[column as usize / 3] + column % 3;
                *cells.entry((place, column)).or_default() += count;
            }
        }
    }

    /// Adds (sign 1) or subtracts (sign -1) sums whose places and classes are the same.
    pub fn combine(&mut self, other: &Self, sign: i64) {
        self.rows += other.rows * sign;
        self.flatten();
        let flat;
        let other = if other.matrix.is_some() {
            let mut copy = other.clone();
            copy.flatten();
            flat = copy;
            &flat
        } else {
            other
        };
        // Sums of rows stay far from the ends of the range, those of a forged state may not.
        let sign = i128::from(sign);
        for (to, from) in self.totals.iter_mut().zip(&other.totals) {
            *to = to.saturating_add(from.saturating_mul(sign));
        }
        if self.slots.len() < other.slots.len() {
            self.slots.resize(other.slots.len(), 0);
        }
        for (to, from) in self.slots.iter_mut().zip(&other.slots) {
            *to = to.saturating_add(from.saturating_mul(sign));
        }
        for (mine, theirs) in [
            (&mut self.confusion, &other.confusion),
            (&mut self.class_totals, &other.class_totals),
            (&mut self.class_slots, &other.class_slots),
        ] {
            for (key, count) in theirs {
                let sum = mine.entry(*key).or_default();
                *sum = sum.saturating_add(count.saturating_mul(sign));
            }
        }
    }

    /// The totals as numbers: dense columns, then true positives, supports and predictions by class, in the
    /// order of the classes' ranks.
    pub fn total_numbers(&self, label_ranks: &[u32]) -> Vec<f64> {
        let classes = label_ranks.len();
        let mut numbers: Vec<f64> = self.totals.iter().map(|sum| to_number(*sum)).collect();
        let start = numbers.len();
        numbers.resize(start + 3 * classes, 0.0);
        let (true_positive, rest) = numbers[start..].split_at_mut(classes);
        let (support, predicted) = rest.split_at_mut(classes);
        for ((gold, answer), count) in &self.confusion {
            let [gold, answer] = [gold, answer].map(|class| label_ranks[*class as usize] as usize);
            let count = to_number(*count);
            support[gold] += count;
            predicted[answer] += count;
            if gold == answer {
                true_positive[gold] += count;
            }
        }
        if let Some((numbers, counts)) = &self.matrix {
            let mut columns = vec![0; numbers.len()];
            let rows = counts.chunks(numbers.len().max(1));
            for (at, (class, row)) in numbers.iter().zip(rows).enumerate() {
                let rank = label_ranks[*class as usize] as usize;
                support[rank] += row.iter().sum::<u64>() as f64;
                true_positive[rank] += row[at] as f64;
                for (column, count) in columns.iter_mut().zip(row) {
                    *column += count;
                }
            }
            for (class, count) in numbers.iter().zip(columns) {
                predicted[label_ranks[*class as usize] as usize] += count as f64;
            }
        }
        for ((_, column), count) in &self.class_totals {
            let class = label_ranks[*column as usize / 3] as usize;
            numbers[start + (column % 3) as usize * classes + class] += to_number(*count);
        }
        numbers
    }

    /// The sums by slot in the same order of columns, for replicates.
    pub fn slot_columns(&self, ranks: &[u32], label_ranks: &[u32]) -> Columns {
        let classes = label_ranks.len();
        let mut columns = Columns::dense(ranks.len(), self.width());
        for (sums, rank) in self.slots.chunks_exact(self.width()).zip(ranks) {
            for (to, sum) in columns.slot_mut(*rank).iter_mut().zip(sums) {
                *to = to_number(*sum);
            }
        }
        columns.seal();
        let mut by_column = vec![Vec::new(); 3 * classes];
        for ((place, column), count) in &self.class_slots {
            let class = label_ranks[*column as usize / 3] as usize;
            let target = (column % 3) as usize * classes + class;
            by_column[target].push((ranks[*place as usize], to_number(*count)));
        }
        for mut cells in by_column {
            cells.sort_unstable_by_key(|(rank, _)| *rank);
            columns.push_sparse(cells.into_iter());
        }
        columns
    }
}

/// The cells of a square matrix that are not zero.
fn matrix_cells<'m>(
    classes: &'m [u32],
    counts: &'m [u64],
) -> impl Iterator<Item = (u32, u32, u64)> + 'm {
    let rows = classes.iter().zip(counts.chunks(classes.len().max(1)));
    rows.flat_map(move |(gold, row)| {
        let cells = classes.iter().zip(row);
        cells
            .filter(|(_, count)| **count > 0)
            .map(move |(predicted, count)| (*gold, *predicted, *count))
    })
}

/// A row's number as an exact sum. Truncation below 2^-64 is the same for every order of rows. Whole and
/// fraction are converted apart, in instructions that every processor has.
pub fn to_exact(value: f64) -> i128 {
    let whole = value as i64;
    let fraction = (value - whole as f64) * FIXED_ONE;
    let low = i128::from(fraction.abs() as u64);
    (i128::from(whole) << 64) + if fraction < 0.0 { -low } else { low }
}

/// A number of rows as an exact sum.
pub fn whole(rows: u64) -> i128 {
    i128::from(rows) << 64
}

/// The nearest number, as of an exact sum.
pub fn to_number(sum: i128) -> f64 {
    sum as f64 / FIXED_ONE
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fixed_point_sums_do_not_depend_on_order() {
        let values: Vec<f64> = (1..2000).map(|i| 1.0 / f64::from(i)).collect();
        let sum = |order: &mut dyn Iterator<Item = &f64>| {
            let mut sums = Sums::new(2, false);
            order.for_each(|value| sums.add(0, 1.0, &[*value], None));
            sums.total_numbers(&[])[1]
        };
        let forward = sum(&mut values.iter());
        assert_eq!(forward, sum(&mut values.iter().rev()));
        assert!((forward - values.iter().sum::<f64>()).abs() < 1e-12);
    }

    #[test]
    fn fixed_point_is_the_number_cut_at_the_last_bit() {
        for value in [
            0.0,
            1.0,
            -1.0,
            0.1,
            -0.1,
            0.999_999,
            1e-19,
            5e-20,
            -2.5,
            4_294_967_296.0,
            100.0 / 3.0,
        ] {
            assert_eq!(to_exact(value), (value * FIXED_ONE) as i128, "{value}");
        }
    }

    #[test]
    fn subtracting_what_was_added_gives_zero() {
        let mut sums = Sums::new(2, true);
        let classes = RowClasses {
            gold: &[0],
            predicted: &[1],
        };
        sums.add(2, 0.3, &[5.0], Some(classes));
        let copy = sums.clone();
        sums.combine(&copy, -1);
        assert!(sums.slots.iter().chain(&sums.totals).all(|sum| *sum == 0));
        assert!(
            sums.confusion
                .values()
                .chain(sums.class_slots.values())
                .all(|count| *count == 0)
        );
    }
}
