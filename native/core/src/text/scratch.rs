//! Memory that is reused from row to row, so that scoring a row allocates nothing.

use std::any::Any;

use super::matching::Matching;
use super::rouge_words;
use super::stems::Stems;
use super::tokens::Tokens;
use crate::metrics::Row;

/// Reused by one thread for all metrics of a call.
#[derive(Default)]
pub struct Scratch {
    others: Vec<Box<dyn Any + Send>>,
    pub(crate) bleu: BleuScratch,
    rouge: RougeRow,
    rouge_stemmed: RougeRow,
    stems: Stems,
}

impl Scratch {
    /// Memory of a metric's own type, made when it is first asked for. Metrics that share a type share the memory.
    pub fn of<T: Default + Send + 'static>(&mut self) -> &mut T {
        let found = self.others.iter().position(|memory| memory.is::<T>());
        let at = found.unwrap_or_else(|| {
            self.others.push(Box::new(T::default()));
            self.others.len() - 1
        });
        let memory = self.others[at].downcast_mut();
        memory.unwrap_or_else(|| unreachable!("the position was found by type"))
    }

    /// The row as ROUGE sees it; made once for all ROUGE metrics with the same setting.
    pub(crate) fn rouge(&mut self, row: &Row<'_>, stemmer: bool) -> &mut RougeRow {
        let (kept, stems) = if stemmer {
            (&mut self.rouge_stemmed, Some(&mut self.stems))
        } else {
            (&mut self.rouge, None)
        };
        if kept.serial != Some(row.serial) {
            kept.load(row, stems);
        }
        kept
    }
}

/// What BLEU reuses.
#[derive(Debug, Default)]
pub(crate) struct BleuScratch {
    pub(crate) prediction: Tokens,
    pub(crate) reference: Tokens,
    pub(crate) matching: Matching,
    /// One bit for each n-gram position of the prediction, order by order.
    pub(crate) hits: Vec<u64>,
}

/// One row compared with each of its references.
#[derive(Debug, Default)]
pub(crate) struct RougeRow {
    serial: Option<u64>,
    prediction: Tokens,
    reference: Tokens,
    matchings: Vec<Matching>,
    used: usize,
    /// Whether letters or digits outside ASCII were dropped.
    pub(crate) dropped: bool,
}

impl RougeRow {
    fn load(&mut self, row: &Row<'_>, mut stems: Option<&mut Stems>) {
        self.serial = Some(row.serial);
        self.used = row.references.len();
        if self.matchings.len() < self.used {
            self.matchings.resize_with(self.used, Matching::default);
        }
        self.dropped =
            rouge_words::tokenize(row.prediction, stems.as_deref_mut(), &mut self.prediction);
        for (matching, reference) in self.matchings.iter_mut().zip(row.references) {
            self.dropped |=
                rouge_words::tokenize(reference, stems.as_deref_mut(), &mut self.reference);
            matching.load(&self.prediction, &self.reference);
        }
    }

    /// The comparison with each reference, in their order.
    pub(crate) fn matchings(&mut self) -> &mut [Matching] {
        &mut self.matchings[..self.used]
    }
}
