//! Text metrics in several forms, scored row by row without a call around them.

use std::cell::RefCell;

use evald_core::metrics::{
    Context, MetricRequest, ResolvedMetric, Resource, Resources, Row, RowMetric, Statistics,
};
use evald_core::text::scratch::Scratch;

use crate::call::check_value;
use crate::paths::on_every_path;
use crate::pieces::model;
use crate::texts::texts;

/// The word lists and models that parameters may name.
pub fn resources() -> Resources {
    let mut resources = Resources::default();
    let stop_words = b"the\na\nof\nand\n".to_vec();
    resources.add(Resource::new("stop", vec![("stop.txt".into(), stop_words)]));
    let exceptions = b"mice mouse\nwent go\nbetter good well\n".to_vec();
    resources.add(Resource::new(
        "forms",
        vec![("verb.exc".into(), exceptions)],
    ));
    for (name, bytes) in [("unigram", false), ("bpe", true)] {
        let file = model(if bytes { 2 } else { 1 }, bytes);
        resources.add(Resource::new(name, vec![("model".into(), file)]));
    }
    resources
}

/// The metric of a text form.
pub fn resolve(form: &str) -> ResolvedMetric {
    let resources = resources();
    let context = Context {
        classes: &[],
        resources: &resources,
    };
    let request = MetricRequest {
        name: form.to_owned(),
        ..MetricRequest::default()
    };
    ResolvedMetric::resolve(&request, &context, "metrics[0]")
        .unwrap_or_else(|error| panic!("{form}: {error}"))
}

/// What a row gives: statistics, flags, score and value.
type Scored = (Vec<u64>, u8, Option<u64>, u64);

thread_local! {
    /// Memory that all rows of the process share, as the rows of a call do.
    static REUSED: RefCell<(Scratch, u64)> = RefCell::default();
}

/// Scores the row of an input by the form that its first byte names: the first text is the prediction, the others are
/// references. Every path gives the same, with new memory and with memory that other rows left behind.
pub fn check_row(forms: &[ResolvedMetric], data: &[u8]) {
    let Some((first, data)) = data.split_first() else {
        return;
    };
    let metric = &forms[usize::from(*first) % forms.len()];
    let Statistics::Rows(rows) = &metric.statistics else {
        panic!("{} is no metric over single rows", metric.signature);
    };
    let texts = texts(data);
    let (prediction, references) = texts.split_first().expect("a split has a first part");
    let mut references: Vec<&str> = references.iter().map(AsRef::as_ref).collect();
    if references.is_empty() {
        references.push("");
    }
    let row = Row::of_texts(prediction, &references, 0);
    if rows.checks_rows() && rows.check_row(&row).is_err() {
        return;
    }
    let expected = on_every_path(|| {
        let row = Row::of_texts(prediction, &references, 1);
        score(metric, rows.as_ref(), &row, &mut Scratch::default())
    });
    let again = on_every_path(|| {
        REUSED.with_borrow_mut(|(scratch, serial)| {
            *serial += 1;
            let row = Row::of_texts(prediction, &references, *serial);
            score(metric, rows.as_ref(), &row, scratch)
        })
    });
    assert_eq!(again, expected, "{}: memory shows", metric.signature);
}

fn score(
    metric: &ResolvedMetric,
    rows: &dyn RowMetric,
    row: &Row<'_>,
    scratch: &mut Scratch,
) -> Scored {
    let mut stats = vec![0.0; rows.width()];
    let flags = rows.row(row, scratch, &mut stats);
    for stat in &stats {
        let bound = f64::from(2_u32.pow(31)) * 2.0;
        assert!(
            stat.abs() <= bound,
            "{}: statistic {stat}",
            metric.signature
        );
    }
    let value = rows.value(&stats, 1.0);
    check_value(value, metric.range, &metric.signature);
    rows.components(&stats, 1.0);
    let score = rows.row_score(&stats);
    if let Some(score) = score {
        check_value(score, metric.range, &metric.signature);
    }
    let bits = stats.iter().map(|stat| stat.to_bits()).collect();
    (bits, flags.0, score.map(f64::to_bits), value.to_bits())
}
