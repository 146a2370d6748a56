//! F1 of the entities of tagged sentences, as seqeval 1.2.2.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::counts::{Counts, Rates, by_type};
use super::entity::Entity;
use super::lenient;
use super::strict::{self, Scheme};
use crate::metrics::{
    CollectedMetric, CollectedRows, Components, Entry, Field, ParamKind, ParamSpec, Params,
    Problem, Row, RowFlags, Statistics, Weighted, packed,
};
use crate::text::python::is_space;
use crate::text::scratch::Scratch;

/// The registry entry.
pub static ENTRY: Entry = Entry {
    name: "entity_f1",
    summary: "F1 of entities, which are right if type, start and end are those of the reference; 0 to 1.",
    params: PARAMS,
    needs: &[Field::PredictionTokens, Field::ReferenceTokens],
    weighted: true,
    undefined: "neither the references nor the predictions have an entity to average over",
    reference: "seqeval 1.2.2",
    source: "Tjong Kim Sang and De Meulder 2003, https://aclanthology.org/W03-0419",
    build: |params, _| Ok(Statistics::Collected(Box::new(EntityF1::new(params)))),
    ..Entry::TEXTS
};

const PARAMS: &[ParamSpec] = &[
    ParamSpec {
        name: "average",
        summary: "How types are averaged.",
        kind: ParamKind::Choice(&["micro", "macro", "weighted"]),
    },
    ParamSpec {
        name: "scheme",
        summary: "How tags mark entities; any takes every sequence of B, I, E, S and O for entities, the others count \
                  entities that keep to the rules of the scheme (seqeval's strict mode).",
        kind: ParamKind::Choice(&["any", "iob1", "iob2", "ioe1", "ioe2", "iobes", "bilou"]),
    },
    ParamSpec {
        name: "suffix",
        summary: "The letter stands at the end of a tag: PER-B instead of B-PER.",
        kind: ParamKind::Bool(false),
    },
    ParamSpec {
        name: "tags",
        summary: "Where the tags are: in tokens and the first reference_tokens, or between the spaces of text and the \
                  first reference.",
        kind: ParamKind::Choice(&["tokens", "text"]),
    },
    ParamSpec {
        name: "zero_division",
        summary: "The value of a rate whose denominator is zero.",
        kind: ParamKind::Choice(&["0", "1"]),
    },
];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Average {
    Micro,
    Macro,
    Weighted,
}

struct EntityF1 {
    average: Average,
    /// `None` for any sequence of tags.
    scheme: Option<Scheme>,
    suffix: bool,
    from_text: bool,
    zero_division: f64,
}

/// Tags of a row.
struct Tags<'a> {
    predicted: Cow<'a, [&'a str]>,
    gold: Cow<'a, [&'a str]>,
}

impl EntityF1 {
    fn new(params: &Params) -> Self {
        Self {
            average: match params.text("average") {
                "macro" => Average::Macro,
                "weighted" => Average::Weighted,
                _ => Average::Micro,
            },
            scheme: Scheme::named(params.text("scheme")),
            suffix: params.bool("suffix"),
            from_text: params.text("tags") == "text",
            zero_division: f64::from(u8::from(params.text("zero_division") == "1")),
        }
    }

    fn tags<'a>(&self, row: &Row<'a>) -> Tags<'a> {
        if !self.from_text {
            return Tags {
                predicted: Cow::Borrowed(row.tokens()),
                gold: Cow::Borrowed(row.reference_tokens().next().unwrap_or_default()),
            };
        }
        let words = |text: &'a str| {
            text.split(is_space)
                .filter(|word| !word.is_empty())
                .collect()
        };
        Tags {
            predicted: words(row.prediction),
            gold: words(row.references.first().copied().unwrap_or_default()),
        }
    }

    /// Appends the entities of a sentence; `Err` is the position of a tag that is none.
    fn find<'a>(&self, tags: &[&'a str], out: &mut Vec<Entity<'a>>) -> Result<(), usize> {
        match self.scheme {
            None => lenient::find(tags, self.suffix, out),
            Some(scheme) => strict::find(tags, self.suffix, scheme, out),
        }
    }

    fn problem(&self, field: &str, at: usize) -> Problem {
        let letters = self.scheme.map_or(lenient::PREFIXES, Scheme::prefixes);
        let place = if self.suffix {
            "end with"
        } else {
            "begin with"
        };
        let field = if self.from_text {
            field.to_owned()
        } else {
            format!("{field}[{at}]")
        };
        let hint = if self.scheme.is_none() {
            "; scheme=bilou knows L and U"
        } else {
            ""
        };
        Problem::new(
            "BAD_TAG",
            field,
            format!("tag {at} must {place} one of the letters {letters}{hint}"),
        )
    }

    fn fields(&self) -> [&'static str; 2] {
        if self.from_text {
            ["prediction.text", "references[0]"]
        } else {
            ["prediction.tokens", "reference_tokens[0].tokens"]
        }
    }

    /// The averaged rates of all types.
    fn averaged<'c>(&self, types: impl Iterator<Item = &'c Counts> + Clone) -> Rates {
        let mut all = Counts::default();
        types.clone().for_each(|counts| all.add(*counts, 1.0));
        let rates = types.map(|counts| (counts.rates(self.zero_division), counts.support));
        match self.average {
            Average::Macro => Rates::mean(rates.map(|(rates, _)| (rates, 1.0))),
            Average::Weighted if all.support > 0.0 => Rates::mean(rates),
            // Without support the weighted rates are those of all entities, of which none is right.
            Average::Micro | Average::Weighted => all.rates(self.zero_division),
        }
    }
}

impl CollectedMetric for EntityF1 {
    fn needs(&self) -> Option<&'static [Field]> {
        self.from_text
            .then_some(&[Field::PredictionText, Field::References])
    }

    fn checks_rows(&self) -> bool {
        true
    }

    fn check_row(&self, row: &Row<'_>) -> Result<(), Problem> {
        let tags = self.tags(row);
        let fields = self.fields();
        if tags.predicted.len() != tags.gold.len() {
            let (predicted, gold) = (tags.predicted.len(), tags.gold.len());
            return Err(Problem::new(
                "TAGS_LENGTH",
                fields[0],
                format!("there are {predicted} tags for {gold} tokens of the reference"),
            ));
        }
        for (side, field) in [&tags.predicted, &tags.gold].into_iter().zip(fields) {
            let found = self.find(side, &mut Vec::new());
            found.map_err(|at| self.problem(field, at))?;
        }
        Ok(())
    }

    /// For every type its name and the counts of right, predicted and all entities.
    fn row(&self, row: &Row<'_>, _scratch: &mut Scratch, out: &mut Vec<f64>) -> RowFlags {
        let tags = self.tags(row);
        let (mut predicted, mut gold) = (Vec::new(), Vec::new());
        // Rows with other tags do not get here.
        let _ = self.find(&tags.predicted, &mut predicted);
        let _ = self.find(&tags.gold, &mut gold);
        for (kind, counts) in by_type(&predicted, &gold) {
            packed::push(kind.as_bytes(), out);
            out.extend([counts.right, counts.predicted, counts.support]);
        }
        RowFlags::default()
    }

    fn prepare<'r>(&'r self, rows: &'r CollectedRows) -> Box<dyn Weighted + 'r> {
        let mut places: BTreeMap<String, usize> = BTreeMap::new();
        let mut counts = Vec::new();
        for (row, numbers) in rows.iter().enumerate() {
            for (kind, of_type) in read(numbers) {
                let next = places.len();
                counts.push((row, *places.entry(kind).or_insert(next), of_type));
            }
        }
        let mut ranks = vec![0; places.len()];
        places
            .values()
            .enumerate()
            .for_each(|(rank, place)| ranks[*place] = rank);
        for (_, kind, _) in &mut counts {
            *kind = ranks[*kind];
        }
        Box::new(Sentences {
            metric: self,
            types: places.into_keys().collect(),
            counts,
        })
    }

    fn row_score(&self, numbers: &[f64]) -> Option<f64> {
        let types: Vec<Counts> = read(numbers)
            .into_iter()
            .map(|(_, counts)| counts)
            .collect();
        Some(self.averaged(types.iter()).f1)
    }
}

/// Types and counts of a row.
fn read(mut numbers: &[f64]) -> Vec<(String, Counts)> {
    let mut types = Vec::new();
    while !numbers.is_empty() {
        let (kind, rest) = packed::read_string(numbers);
        let Some(([right, predicted, support], rest)) = rest.split_first_chunk() else {
            break;
        };
        let counts = Counts {
            right: *right,
            predicted: *predicted,
            support: *support,
        };
        types.push((kind, counts));
        numbers = rest;
    }
    types
}

/// All rows, ready for weights.
struct Sentences<'m> {
    metric: &'m EntityF1,
    /// In order.
    types: Vec<String>,
    /// Row, type, counts.
    counts: Vec<(usize, usize, Counts)>,
}

impl Sentences<'_> {
    /// The types that occur, with their counts.
    fn totals(&self, weights: &[f64]) -> Vec<(&str, Counts)> {
        let mut totals = vec![Counts::default(); self.types.len()];
        for (row, kind, counts) in &self.counts {
            totals[*kind].add(*counts, weights.get(*row).copied().unwrap_or_default());
        }
        let named = self.types.iter().map(String::as_str).zip(totals);
        named.filter(|(_, counts)| !counts.is_empty()).collect()
    }
}

impl Weighted for Sentences<'_> {
    fn value(&self, weights: &[f64]) -> f64 {
        let totals = self.totals(weights);
        self.metric
            .averaged(totals.iter().map(|(_, counts)| counts))
            .f1
    }

    fn components(&self, weights: &[f64]) -> Components {
        let totals = self.totals(weights);
        let rates = self
            .metric
            .averaged(totals.iter().map(|(_, counts)| counts));
        let support = totals.iter().map(|(_, counts)| counts.support).sum();
        let mut parts = vec![
            ("precision".to_owned(), rates.precision),
            ("recall".to_owned(), rates.recall),
            ("support".to_owned(), support),
        ];
        for (kind, counts) in &totals {
            let rates = counts.rates(self.metric.zero_division);
            parts.extend([
                (format!("type.{kind}.precision"), rates.precision),
                (format!("type.{kind}.recall"), rates.recall),
                (format!("type.{kind}.f1"), rates.f1),
                (format!("type.{kind}.support"), counts.support),
            ]);
        }
        let defined = |value: f64| (!value.is_nan()).then_some(value);
        parts
            .into_iter()
            .map(|(name, value)| (name, defined(value)))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn metric(average: Average) -> EntityF1 {
        EntityF1 {
            average,
            scheme: None,
            suffix: false,
            from_text: true,
            zero_division: 0.0,
        }
    }

    fn rows(metric: &EntityF1, sentences: &[(&str, &str)]) -> CollectedRows {
        let mut rows = CollectedRows::default();
        for (at, (predicted, gold)) in sentences.iter().enumerate() {
            let mut numbers = Vec::new();
            let references = [*gold];
            let row = Row::of_texts(predicted, &references, 0);
            assert_eq!(metric.check_row(&row), Ok(()));
            metric.row(&row, &mut Scratch::default(), &mut numbers);
            rows.push(at as u64, &numbers);
        }
        rows
    }

    #[test]
    fn averages_of_types() {
        let sentences = [
            ("B-P I-P B-L", "B-P I-P B-L"),
            ("B-P O O", "O B-M O"),
            ("B-L", "B-L"),
        ];
        for (average, expected) in [
            // 3 of 4 predicted, 3 of 4 in the reference.
            (Average::Micro, 0.75),
            // L 1, M 0, P 2/3.
            (Average::Macro, 5.0 / 9.0),
            (Average::Weighted, (2.0 + 2.0 / 3.0) / 4.0),
        ] {
            let metric = metric(average);
            let rows = rows(&metric, &sentences);
            let value = metric.prepare(&rows).value(&[1.0; 3]);
            assert!((value - expected).abs() < 1e-15, "{average:?} {value}");
        }
    }

    #[test]
    fn types_that_are_not_drawn_do_not_count() {
        let metric = metric(Average::Macro);
        let rows = rows(&metric, &[("B-P", "B-P"), ("O", "B-L")]);
        let prepared = metric.prepare(&rows);
        assert_eq!(prepared.value(&[1.0, 1.0]), 0.5);
        assert_eq!(prepared.value(&[2.0, 0.0]), 1.0);
        assert!(prepared.value(&[0.0, 0.0]).is_nan());
    }

    #[test]
    fn other_numbers_do_no_harm() {
        let mut rows = CollectedRows::default();
        rows.push(0, &[1e300, f64::NAN, -1.0]);
        rows.push(1, &[2.0, 3.0]);
        assert!(
            metric(Average::Macro)
                .prepare(&rows)
                .value(&[1.0; 2])
                .is_nan()
        );
    }

    #[test]
    fn sentences_of_another_length_are_refused() {
        let row = Row::of_texts("O O", &["O"], 0);
        let problem = metric(Average::Micro)
            .check_row(&row)
            .expect_err("lengths differ");
        assert_eq!(
            (problem.reason, problem.field.as_str()),
            ("TAGS_LENGTH", "prediction.text")
        );
    }
}
