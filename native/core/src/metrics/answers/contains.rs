//! Whether an answer contains the references, as it is; 0 to 100.

use super::hits::{Hit, share_of};
use crate::metrics::{Entry, ParamKind, ParamSpec, Row};
use crate::text::python::lower_into;
use crate::text::scratch::Scratch;

/// The registry entry.
pub static ENTRY: Entry = Entry {
    name: "contains",
    summary: "Share of answers that contain a reference somewhere, in percent; 0 to 100.",
    params: &[
        ParamSpec {
            name: "ignore_case",
            summary: "Compare in lower case.",
            kind: ParamKind::Bool(false),
        },
        ParamSpec {
            name: "require",
            summary: "Whether any or all of the references must be in the answer.",
            kind: ParamKind::Choice(&["any", "all"]),
        },
    ],
    range: (0.0, 100.0),
    reference: "Python 3.11: the operator in, str.lower()",
    source: "https://docs.python.org/3.11/reference/expressions.html#membership-test-operations",
    build: |params, _| {
        Ok(share_of(Contains {
            ignore_case: params.bool("ignore_case"),
            all: params.text("require") == "all",
        }))
    },
    ..Entry::TEXTS
};

struct Contains {
    ignore_case: bool,
    all: bool,
}

/// The texts in lower case.
#[derive(Default)]
struct Lower {
    prediction: Vec<u8>,
    reference: Vec<u8>,
}

impl Hit for Contains {
    fn is_hit(&self, row: &Row<'_>, scratch: &mut Scratch) -> bool {
        let lower: &mut Lower = scratch.of();
        if self.ignore_case {
            lower.prediction.clear();
            lower_into(row.prediction, &mut lower.prediction);
        }
        let mut holds = |reference: &&str| {
            if !self.ignore_case {
                return row.prediction.contains(reference);
            }
            lower.reference.clear();
            lower_into(reference, &mut lower.reference);
            let as_text = |bytes| std::str::from_utf8(bytes).unwrap_or_default();
            as_text(&lower.prediction).contains(as_text(&lower.reference))
        };
        let mut references = row.references.iter();
        if self.all {
            references.all(holds)
        } else {
            references.any(&mut holds)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hit(metric: &Contains, prediction: &str, references: &[&str]) -> bool {
        let row = Row::of_texts(prediction, references, 1);
        metric.is_hit(&row, &mut Scratch::default())
    }

    #[test]
    fn any_or_all_references_must_be_there() {
        let mut metric = Contains {
            ignore_case: false,
            all: false,
        };
        assert!(hit(&metric, "It is Paris.", &["London", "Paris"]));
        assert!(!hit(&metric, "It is paris.", &["London", "Paris"]));
        assert!(hit(&metric, "", &[""]));
        metric.all = true;
        assert!(!hit(&metric, "It is Paris.", &["London", "Paris"]));
        metric.ignore_case = true;
        assert!(hit(&metric, "LONDON, paris", &["London", "Paris"]));
        assert!(hit(&metric, "5\u{212a}", &["5k"]));
    }
}
