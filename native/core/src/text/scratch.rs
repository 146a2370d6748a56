//! Memory that is reused from row to row, so that scoring a row allocates nothing.

use std::any::Any;

use super::matching::Matching;
use super::sentencepiece;
use super::tokens::Tokens;

/// Reused by one thread for all metrics of a call.
#[derive(Default)]
pub struct Scratch {
    others: Vec<Box<dyn Any + Send>>,
    pub(crate) bleu: BleuScratch,
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
}

/// What BLEU reuses.
#[derive(Debug, Default)]
pub(crate) struct BleuScratch {
    pub(crate) prediction: Tokens,
    pub(crate) reference: Tokens,
    pub(crate) matching: Matching,
    /// One bit for each n-gram position of the prediction, order by order.
    pub(crate) hits: Vec<u64>,
    pub(crate) pieces: PiecesScratch,
}

/// What cutting texts into the pieces of a model reuses.
#[derive(Debug, Default)]
pub(crate) struct PiecesScratch {
    /// The text as it is cut: in lower case where that is asked for.
    pub(crate) text: Vec<u8>,
    /// Its pieces with spaces between.
    pub(crate) joined: String,
    pub(crate) memory: sentencepiece::Memory,
}
