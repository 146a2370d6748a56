//! What a reader should know before trusting a value.

use super::finish::{Desk, Scope};
use super::pairing::Pair;
use super::resample::Arm;
use crate::metrics::{Estimand, Field, ResolvedMetric, RowFlags, Statistics};
use crate::result::{Note, PairedAnswer};
use crate::stats::interval::Method;
use crate::stats::paired_test::PairedTest;

/// Below this many independent rows (or clusters) an interval is optimistic.
const FEW_SLOTS: usize = 30;

/// Below this many right or wrong rows, or rows of a class, no method covers as often as it says at every rate.
const FEW_OF_A_KIND: f64 = 10.0;

/// Code and words for each of [`RowFlags`], lowest bit first.
const FLAG_NOTES: [(&str, &str); RowFlags::COUNT] = [
    (
        "NON_ASCII_DROPPED",
        "the reference's tokenizer keeps only ASCII letters and digits; the other letters of these rows do not count",
    ),
    (
        "NO_NEWLINE_FOR_LSUM",
        "texts of several sentences without a newline count as one sentence: put each sentence on its own line, or \
         ask for another way to split sentences",
    ),
    (
        "TRUNCATED",
        "texts were cut at the limit that a parameter or the model sets",
    ),
];

impl Desk<'_> {
    /// Notes of one metric of one system.
    pub(super) fn metric_notes(
        &self,
        system: usize,
        metric: usize,
        value: f64,
        arm: &Arm,
    ) -> Vec<Note> {
        let tally = &self.accumulator.tallies[system];
        let resolved = &self.accumulator.spec.metrics[metric];
        let mut notes = self.interval_notes(resolved, value, arm);
        let needs = resolved.needs;
        if needs.contains(&Field::PredictionText) && tally.empty.count > 0 {
            notes.push(Note {
                code: "EMPTY_PREDICTIONS",
                text: "some predictions are empty texts; they are scored as such".into(),
                count: tally.empty.count,
                row_ids: tally.empty.ids(),
            });
        }
        if needs.contains(&Field::PredictionText) && tally.truncated.count > 0 {
            notes.push(Note {
                code: "TRUNCATED_ANSWERS",
                text: "some answers end where the limit of tokens was; they are scored as they are: allow more tokens"
                    .into(),
                count: tally.truncated.count,
                row_ids: tally.truncated.ids(),
            });
        }
        let flagged = FLAG_NOTES.iter().zip(&tally.flagged[metric]);
        for ((code, text), rows) in flagged.filter(|(_, rows)| rows.count > 0) {
            notes.push(Note {
                code,
                text: (*text).into(),
                count: rows.count,
                row_ids: rows.ids(),
            });
        }
        notes
    }

    /// Where an interval may cover less often than it says, or is not the one that was asked for.
    fn interval_notes(&self, metric: &ResolvedMetric, value: f64, arm: &Arm) -> Vec<Note> {
        if !self.has_intervals(metric) {
            return Vec::new();
        }
        let method = self.method(metric);
        let mut notes = match method {
            // They hold for any number of rows.
            Method::Wilson | Method::ClopperPearson => Vec::new(),
            _ => self.size_notes(),
        };
        if let Some((asked, why)) = self.refused_method(metric) {
            notes.push(Note {
                code: "INTERVAL_FALLBACK",
                text: format!(
                    "there is no {} interval for {why}: it is a {} interval",
                    asked.name(),
                    method.name()
                ),
                count: 0,
                row_ids: Vec::new(),
            });
        }
        if method != Method::ClopperPearson {
            notes.extend(self.rare_note(metric, value, arm));
        }
        if notes.iter().all(|note| note.code != "SMALL_SAMPLE") {
            notes.extend(self.skew_note(metric, value, arm));
        }
        notes
    }

    fn rare_note(&self, metric: &ResolvedMetric, value: f64, arm: &Arm) -> Option<Note> {
        let few = |rows: f64| rows < FEW_OF_A_KIND;
        let (what, count) = match (&metric.statistics, metric.estimand) {
            (_, Estimand::Proportion) => {
                let share = value / metric.range.1;
                let rows = arm.rows as f64;
                // The share of 50 in 60, times 60, is a little less than 50.
                let (right, wrong) = ((share * rows).round(), ((1.0 - share) * rows).round());
                let (what, rows) = if right < wrong {
                    ("right", right)
                } else {
                    ("wrong", wrong)
                };
                let are = if rows == 1.0 { "row is" } else { "rows are" };
                few(rows).then(|| (format!("{rows} {are} {what}"), rows))?
            }
            (Statistics::Classes(_), _) => {
                let rows = self.valuer.supports(&arm.totals);
                let rare = rows.iter().filter(|rows| **rows > 0.0 && few(**rows));
                let rare = rare.count();
                let what = format!("classes with fewer than {FEW_OF_A_KIND} rows: {rare}");
                (rare > 0).then_some((what, 0.0))?
            }
            _ => return None,
        };
        Some(Note {
            code: "RARE_CLASS",
            text: format!("{what}; the interval may cover less often than it says"),
            count: count as u64,
            row_ids: Vec::new(),
        })
    }

    fn size_notes(&self) -> Vec<Note> {
        let slots = self.ranks.len();
        let in_clusters = self.accumulator.keys.cluster > 0;
        let has_intervals = self.accumulator.spec.statistics.replicates > 0;
        if slots >= FEW_SLOTS || !(has_intervals || in_clusters) {
            return Vec::new();
        }
        let (code, what) = if in_clusters {
            ("FEW_CLUSTERS", "cluster")
        } else {
            ("SMALL_SAMPLE", "row")
        };
        let (are, s) = if slots == 1 { ("is", "") } else { ("are", "s") };
        vec![Note {
            code,
            text: format!(
                "there {are} only {slots} independent {what}{s}: intervals are likely too narrow"
            ),
            count: 0,
            row_ids: Vec::new(),
        }]
    }

    /// Notes of a comparison as a whole.
    pub(super) fn comparison_notes(&self, comparisons: &[PairedAnswer]) -> Vec<Note> {
        let mut notes = self.disagreements(comparisons);
        for pair in &self.accumulator.pairs {
            notes.extend(self.pair_notes(pair));
        }
        if !self.accumulator.pairs.is_empty() {
            notes.extend(self.size_notes());
            notes.extend(self.liberal_note());
        }
        notes
    }

    /// sacrebleu's bootstrap takes the mean of differences off their sizes, which makes its p too small by half.
    fn liberal_note(&self) -> Option<Note> {
        let test = PairedTest::SacrebleuBootstrap;
        let mut tested = self.tested();
        tested
            .any(|(_, metric)| self.test_of(metric) == test)
            .then(|| Note {
                code: "LIBERAL_TEST",
                text: format!(
                    "{} finds a difference at a level of 5 % in about 12 % of data sets without one; it is there to \
                     compare with published numbers: decide by another test",
                    test.name()
                ),
                count: 0,
                row_ids: Vec::new(),
            })
    }

    /// Intervals and p-values rest on different methods; near the level one may say what the other does not.
    fn disagreements(&self, comparisons: &[PairedAnswer]) -> Vec<Note> {
        let alpha = 1.0 - self.accumulator.spec.statistics.confidence;
        let disagree = |found: &&PairedAnswer| {
            let (Some(p), Some(interval)) = (found.p, found.difference.interval) else {
                return false;
            };
            let excludes_zero = interval.low > 0.0 || interval.high < 0.0;
            excludes_zero != (p.value <= alpha)
        };
        let note = |found: &PairedAnswer| Note {
            code: "INTERVAL_DISAGREES",
            text: format!(
                "by {} the interval of {} and its uncorrected p-value do not agree whether there is a difference: take it \
                 for borderline",
                found.metric, found.candidate
            ),
            count: 0,
            row_ids: Vec::new(),
        };
        comparisons.iter().filter(disagree).map(note).collect()
    }

    fn pair_notes(&self, pair: &Pair) -> Vec<Note> {
        let rows = self.accumulator.rows_seen();
        let excluded = pair.excluded_baseline.as_ref();
        let excluded = excluded.map_or(0, |sums| sums.rows);
        let common = (self.accumulator.systems[pair.baseline].rows - excluded) as u64;
        let name = &self.accumulator.spec.systems[pair.candidate].name;
        let mut notes = Vec::new();
        if common < rows {
            notes.push(Note {
                code: "UNPAIRED_ROWS",
                text: format!(
                    "rows that {name} or the baseline has no usable prediction for are left out of their comparison"
                ),
                count: rows - common,
                row_ids: Vec::new(),
            });
        }
        if common > 0 && pair.different == 0 {
            let advice = match self.scope {
                Scope::Whole => ": check that the right files are compared",
                Scope::Slice(_) | Scope::SmallSlice => "",
            };
            notes.push(Note {
                code: "IDENTICAL_SYSTEMS",
                text: format!("every prediction of {name} equals the baseline's{advice}"),
                count: common,
                row_ids: Vec::new(),
            });
        } else {
            notes.extend(self.few_changes(pair));
        }
        notes
    }

    /// By which metrics so few rows tell the systems apart that only a score interval can be trusted.
    fn few_changes(&self, pair: &Pair) -> Option<Note> {
        let is_few = |(at, metric): &(usize, &ResolvedMetric)| {
            let [wins, losses, ties] = pair.outcomes[*at];
            self.has_intervals(metric)
                && self.method_of_difference(metric) != Method::Tango
                && wins + losses + ties > 0
                && ((wins + losses) as f64) < FEW_OF_A_KIND
        };
        let few: Vec<&str> = self
            .tested()
            .filter(is_few)
            .map(|(_, metric)| &metric.key[..])
            .collect();
        (!few.is_empty()).then(|| Note {
            code: "FEW_CHANGES",
            text: format!(
                "fewer than {FEW_OF_A_KIND} rows tell {} and the baseline apart by {}: the interval of such a difference \
                 may cover less often than it says",
                self.accumulator.spec.systems[pair.candidate].name,
                few.join(", ")
            ),
            count: 0,
            row_ids: Vec::new(),
        })
    }
}
