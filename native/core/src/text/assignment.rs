//! The best one-to-one assignment of rows to columns (linear sum assignment).
//!
//! Shortest augmenting paths as in Crouse 2016, "On implementing 2D rectangular assignment algorithms", the
//! algorithm that `SciPy`'s `linear_sum_assignment` names; ties are broken as there.

/// Assigns as many rows as can be so that the sum of costs is lowest: the column of each row, or `None`. `costs` holds
/// `rows * columns` finite numbers, row by row. The time is cubic in the smaller side, memory linear.
pub fn assign(costs: &[f64], rows: usize, columns: usize) -> Vec<Option<usize>> {
    if rows <= columns {
        return solve(rows, columns, |row, column| costs[row * columns + column]);
    }
    let row_of = solve(columns, rows, |column, row| costs[row * columns + column]);
    let mut column_of = vec![None; rows];
    for (column, row) in row_of.into_iter().enumerate() {
        if let Some(row) = row {
            column_of[row] = Some(column);
        }
    }
    column_of
}

/// The state of the search for not more rows than columns.
struct Search<F> {
    cost: F,
    row_duals: Vec<f64>,
    column_duals: Vec<f64>,
    column_of: Vec<Option<usize>>,
    row_of: Vec<Option<usize>>,
    /// Of the present search: length of the shortest path to each column, and the row before it.
    lengths: Vec<f64>,
    before: Vec<usize>,
    visited_rows: Vec<usize>,
    visited_columns: Vec<usize>,
}

fn solve(rows: usize, columns: usize, cost: impl Fn(usize, usize) -> f64) -> Vec<Option<usize>> {
    let mut search = Search {
        cost,
        row_duals: vec![0.0; rows],
        column_duals: vec![0.0; columns],
        column_of: vec![None; rows],
        row_of: vec![None; columns],
        lengths: vec![f64::INFINITY; columns],
        before: vec![0; columns],
        visited_rows: Vec::with_capacity(rows),
        visited_columns: Vec::with_capacity(rows),
    };
    for row in 0..rows {
        if let Some((sink, length)) = search.shortest_path(row) {
            search.update_duals(row, length);
            search.augment(row, sink);
        }
    }
    search.column_of
}

impl<F: Fn(usize, usize) -> f64> Search<F> {
    /// Finds the nearest free column from a free row, with the length of the way.
    fn shortest_path(&mut self, start: usize) -> Option<(usize, f64)> {
        self.lengths.fill(f64::INFINITY);
        self.visited_rows.clear();
        self.visited_columns.clear();
        // From the last to the first: where all costs are equal, row i then gets column i.
        let mut open: Vec<usize> = (0..self.row_of.len()).rev().collect();
        let (mut row, mut length) = (start, 0.0);
        loop {
            self.visited_rows.push(row);
            let mut nearest = None;
            let mut lowest = f64::INFINITY;
            for (at, &column) in open.iter().enumerate() {
                let cost = (self.cost)(row, column);
                let through = length + cost - self.row_duals[row] - self.column_duals[column];
                if through < self.lengths[column] {
                    self.lengths[column] = through;
                    self.before[column] = row;
                }
                let known = self.lengths[column];
                // Of equally near columns a free one ends the search.
                if known < lowest || (known == lowest && self.row_of[column].is_none()) {
                    lowest = known;
                    nearest = Some(at);
                }
            }
            let column = open.swap_remove(nearest?);
            length = lowest;
            self.visited_columns.push(column);
            match self.row_of[column] {
                None => return Some((column, length)),
                Some(next) => row = next,
            }
        }
    }

    fn update_duals(&mut self, start: usize, length: f64) {
        for &row in &self.visited_rows {
            self.row_duals[row] += match self.column_of[row] {
                Some(column) if row != start => length - self.lengths[column],
                _ => length,
            };
        }
        for &column in &self.visited_columns {
            self.column_duals[column] -= length - self.lengths[column];
        }
    }

    /// Turns the assignments along the path around, which frees the start's need for a column.
    fn augment(&mut self, start: usize, sink: usize) {
        let mut column = sink;
        loop {
            let row = self.before[column];
            self.row_of[column] = Some(row);
            let freed = self.column_of[row].replace(column);
            match freed {
                Some(next) if row != start => column = next,
                _ => return,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The lowest sum over all ways, by trying them.
    fn lowest(costs: &[f64], rows: usize, columns: usize, row: usize, used: u32) -> f64 {
        if row == rows {
            return 0.0;
        }
        let mut best = f64::INFINITY;
        for column in (0..columns).filter(|column| used >> column & 1 == 0) {
            let rest = lowest(costs, rows, columns, row + 1, used | 1 << column);
            best = best.min(costs[row * columns + column] + rest);
        }
        if rows - row > columns - used.count_ones() as usize {
            best = best.min(lowest(costs, rows, columns, row + 1, used));
        }
        best
    }

    #[test]
    fn equal_costs_keep_the_order() {
        assert_eq!(assign(&[0.0; 9], 3, 3), [Some(0), Some(1), Some(2)]);
        assert_eq!(assign(&[0.0; 6], 3, 2), [Some(0), Some(1), None]);
        assert_eq!(assign(&[0.0; 6], 2, 3), [Some(0), Some(1)]);
        assert!(assign(&[], 0, 4).is_empty());
        assert_eq!(assign(&[], 2, 0), [None, None]);
    }

    #[test]
    fn the_best_single_pair_may_be_left_for_a_better_sum() {
        let costs = [-1.0, -0.9, -0.9, 0.0];
        assert_eq!(assign(&costs, 2, 2), [Some(1), Some(0)]);
    }

    proptest! {
        #[test]
        fn no_other_way_is_better(
            rows in 0_usize..6,
            columns in 0_usize..6,
            cells in prop::collection::vec(-4_i32..=0, 36),
        ) {
            let costs: Vec<f64> = cells[..rows * columns].iter().map(|cell| f64::from(*cell)).collect();
            let found = assign(&costs, rows, columns);
            let pairs: Vec<(usize, usize)> =
                found.iter().enumerate().filter_map(|(row, column)| Some((row, (*column)?))).collect();
            let mut taken: Vec<usize> = pairs.iter().map(|pair| pair.1).collect();
            taken.sort_unstable();
            taken.dedup();
            prop_assert_eq!(taken.len(), rows.min(columns));
            prop_assert_eq!(pairs.len(), taken.len());
            let sum: f64 = pairs.iter().map(|(row, column)| costs[row * columns + column]).sum();
            prop_assert_eq!(sum, lowest(&costs, rows, columns, 0, 0));
        }
    }
}
