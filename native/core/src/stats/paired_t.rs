//! The mean of paired differences as a multiple of its standard error.

use super::moments::Moments;
use super::{clustered, student};

/// A mean, its standard error, and the degrees of freedom of their ratio.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MeanDifference {
    /// The mean.
    pub mean: f64,
    /// Its standard error.
    pub std_error: f64,
    /// Degrees of freedom.
    pub df: f64,
}

impl MeanDifference {
    /// Of independent rows (Student 1908); `None` below two of them.
    pub fn of_rows(differences: &Moments) -> Option<Self> {
        let rows = differences.count as f64;
        Some(Self {
            mean: differences.mean()?,
            std_error: (differences.variance()? / rows).sqrt(),
            df: rows - 1.0,
        })
    }

    /// Of clusters, each the weight of its rows and their weighted sum; `None` below two clusters with rows. See
    /// [`clustered::error_of_mean`].
    pub fn of_clusters(clusters: &[(f64, f64)]) -> Option<Self> {
        let weight: f64 = clusters.iter().map(|(weight, _)| weight).sum();
        let mean = clusters.iter().map(|(_, sum)| sum).sum::<f64>() / weight;
        let error = clustered::error_of_mean(mean, clusters)?;
        Some(Self {
            mean,
            std_error: error.std_error,
            df: error.degrees,
        })
    }

    /// Two-sided p-value of a mean of zero. Where every row has the same difference it is 0, or 1 if that is none.
    pub fn p_value(&self) -> f64 {
        if self.mean == 0.0 {
            return 1.0;
        }
        student::two_sided(self.mean / self.std_error, self.df)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clusters_of_one_row_are_rows() {
        let numbers = [0.5, -0.25, 1.0, 0.75, 0.0];
        let rows = MeanDifference::of_rows(&numbers.into_iter().collect()).unwrap();
        let clusters: Vec<(f64, f64)> = numbers.iter().map(|number| (1.0, *number)).collect();
        let clusters = MeanDifference::of_clusters(&clusters).unwrap();
        assert!((rows.std_error - clusters.std_error).abs() < 1e-15);
        assert_eq!(rows.mean, clusters.mean);
        assert!((rows.df - clusters.df).abs() < 1e-12);
    }

    #[test]
    fn constant_differences_are_none_or_sure() {
        let of = |numbers: &[f64]| MeanDifference::of_rows(&numbers.iter().copied().collect());
        assert_eq!(of(&[0.0; 4]).map(|found| found.p_value()), Some(1.0));
        assert_eq!(of(&[0.5; 4]).map(|found| found.p_value()), Some(0.0));
        assert_eq!(of(&[0.5]), None);
        assert_eq!(MeanDifference::of_clusters(&[(2.0, 1.0), (0.0, 0.0)]), None);
    }
}
