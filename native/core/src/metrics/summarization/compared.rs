//! A row as ROUGE metrics see it, made once for all metrics that take the same words.

use super::tools::{Free, Tools};
use super::words::{Script, Tokenizer, Words};
use crate::metrics::{Row, RowFlags};
use crate::text::interning::Interner;
use crate::text::masks::{MAX_WORDS, Masks, WORD};
use crate::text::matching::Matching;
use crate::text::rouge155_words::{Limit, Reading};
use crate::text::sentences::line_ends;
use crate::text::skip_bigrams::SkipBigrams;
use crate::text::stems::Stems;
use crate::text::tokens::Tokens;
use crate::text::weighted_lcs::NumberedPair;

/// Longest prediction whose masks are kept.
const MAX_ROWS: usize = 4096;

/// Reused by one thread for all ROUGE metrics of a call.
#[derive(Default)]
pub(super) struct RougeMemory {
    rows: Vec<(Words, Compared)>,
    stems: Stems,
    tools: Tools,
}

impl RougeMemory {
    /// The row with these words.
    pub fn load(&mut self, row: &Row<'_>, words: &Words) -> (&mut Compared, &mut Tools) {
        let found = self.rows.iter().position(|(known, _)| known == words);
        let at = found.unwrap_or_else(|| {
            self.rows.push((words.clone(), Compared::default()));
            self.rows.len() - 1
        });
        let compared = &mut self.rows[at].1;
        if compared.serial != Some(row.serial) {
            compared.load(row, words, &mut self.stems);
        }
        (compared, &mut self.tools)
    }
}

/// One row compared with each of its references. What not every measure needs is made when it is asked for.
#[expect(
    clippy::struct_excessive_bools,
    reason = "each says whether the field above it is made"
)]
#[derive(Default)]
pub(super) struct Compared {
    serial: Option<u64>,
    pub flags: RowFlags,
    pub prediction: Tokens,
    references: Vec<Tokens>,
    used: usize,
    matchings: Vec<Matching>,
    matched: bool,
    masks: Vec<Masks>,
    masked: bool,
    numbers: Vec<Numbers>,
    numbered: bool,
    interner: Interner,
    /// The tokens of a reference among themselves.
    own_masks: Masks,
    prediction_ends: Vec<u32>,
    reference_ends: Vec<Vec<u32>>,
    lined: bool,
    /// Skip-bigrams in common: reference, gap, matches.
    skip_matches: Vec<(usize, usize, u64)>,
    /// The words that ROUGE-1.5.5 counts, where its two readings differ.
    counted: Option<Counted>,
    split: String,
}

/// Prediction and references in the reading that counts.
#[derive(Default)]
struct Counted {
    prediction: Tokens,
    references: Vec<Tokens>,
}

/// The tokens of a pair as numbers: those of the reference are below `bound`, those that it does not have above all others.
#[derive(Debug, Default)]
pub(super) struct Numbers {
    pub prediction: Vec<u32>,
    pub reference: Vec<u32>,
    pub bound: usize,
}

impl Compared {
    fn load(&mut self, row: &Row<'_>, words: &Words, stems: &mut Stems) {
        self.serial = Some(row.serial);
        self.used = row.references.len();
        if self.references.len() < self.used {
            self.references.resize_with(self.used, Tokens::default);
            self.matchings.resize_with(self.used, Matching::default);
            self.masks.resize_with(self.used, Masks::default);
            self.numbers.resize_with(self.used, Numbers::default);
            self.reference_ends.resize_with(self.used, Vec::new);
        }
        self.matched = false;
        self.masked = false;
        self.numbered = false;
        self.lined = false;
        self.skip_matches.clear();
        let mut tokenizer = Tokenizer {
            words,
            stems,
            split: &mut self.split,
            flags: RowFlags::default(),
        };
        tokenizer.tokenize(row.prediction, &mut self.prediction);
        for (tokens, reference) in self.references.iter_mut().zip(row.references) {
            tokenizer.tokenize(reference, tokens);
        }
        self.flags = tokenizer.flags;
        if let Words::Script(script) = words
            && matches!(
                (script.limit, script.reading),
                (Limit::Bytes(_), Reading::Lines)
            )
        {
            self.counted.get_or_insert_default().load(row, script);
        }
    }

    /// Number of references.
    pub fn references(&self) -> usize {
        self.used
    }

    /// What the prediction and a reference have in common.
    pub fn matching(&mut self, reference: usize) -> &mut Matching {
        if !self.matched {
            self.matched = true;
            for (matching, tokens) in self.matchings.iter_mut().zip(&self.references[..self.used]) {
                matching.load(&self.prediction, tokens);
            }
        }
        &mut self.matchings[reference]
    }

    /// Which tokens of a reference each token of the prediction equals; `None` if the texts are long.
    pub fn masks(&mut self, reference: usize) -> Option<&Masks> {
        if !self.masked {
            self.masked = true;
            for (masks, tokens) in self.masks.iter_mut().zip(&self.references[..self.used]) {
                if is_short(&self.prediction, tokens) {
                    masks.load(&self.prediction, tokens);
                }
            }
        }
        is_short(&self.prediction, &self.references[reference]).then(|| &self.masks[reference])
    }

    /// The tokens of the prediction and a reference as numbers.
    pub fn numbers(&mut self, reference: usize) -> &Numbers {
        if !self.numbered {
            self.numbered = true;
            for at in 0..self.used {
                self.make_numbers(at);
            }
        }
        &self.numbers[reference]
    }

    fn make_numbers(&mut self, reference: usize) {
        let of_word = self.references[reference].len() <= WORD && self.counted.is_none();
        let of_word = of_word && self.masks(reference).is_some();
        let Self {
            numbers,
            masks,
            references,
            ..
        } = self;
        let (numbers, tokens) = (&mut numbers[reference], &references[reference]);
        // Masks of one word are made faster than tokens are looked up.
        if of_word {
            numbers.bound = tokens.len();
            first_places(
                &masks[reference],
                self.prediction.len(),
                &mut numbers.prediction,
            );
            self.own_masks.load(tokens, tokens);
            first_places(&self.own_masks, tokens.len(), &mut numbers.reference);
        } else {
            self.interner.load(&self.prediction, tokens);
            numbers.copy(&self.interner);
        }
    }

    /// How many skip-bigrams the prediction and a reference have in common; asked for by two metrics.
    pub fn skip_matches(&mut self, reference: usize, gap: usize, bigrams: &mut SkipBigrams) -> u64 {
        let known = self
            .skip_matches
            .iter()
            .find(|known| (known.0, known.1) == (reference, gap));
        if let Some(&(_, _, matches)) = known {
            return matches;
        }
        let Numbers {
            prediction,
            reference: tokens,
            bound,
        } = self.numbers(reference);
        let matches = bigrams.matches(prediction, tokens, *bound, gap);
        self.skip_matches.push((reference, gap, matches));
        matches
    }

    /// The tokens as numbers, and [`Compared::ends`].
    pub fn lines(&mut self, reference: usize) -> (&Numbers, &[u32], &[u32]) {
        self.numbers(reference);
        self.ends(reference);
        (
            &self.numbers[reference],
            &self.prediction_ends,
            &self.reference_ends[reference],
        )
    }

    /// The masks of short texts, and [`Compared::ends`].
    pub fn short_lines(&mut self, reference: usize) -> Option<(&Masks, &[u32], &[u32])> {
        self.masks(reference)?;
        self.ends(reference);
        Some((
            &self.masks[reference],
            &self.prediction_ends,
            &self.reference_ends[reference],
        ))
    }

    /// Offsets behind the tokens of each line of the prediction and of a reference.
    pub fn ends(&mut self, reference: usize) -> (&[u32], &[u32]) {
        if !self.lined {
            self.lined = true;
            line_ends(&self.prediction, &mut self.prediction_ends);
            for (ends, tokens) in self
                .reference_ends
                .iter_mut()
                .zip(&self.references[..self.used])
            {
                line_ends(tokens, ends);
            }
        }
        (&self.prediction_ends, &self.reference_ends[reference])
    }

    /// Whether the words that count are not those that lines are made of.
    pub fn counts_other_words(&self) -> bool {
        self.counted.is_some()
    }

    /// How many tokens of the prediction count.
    pub fn counted_prediction(&self) -> usize {
        let counted = self.counted.as_ref().map(|counted| &counted.prediction);
        counted.unwrap_or(&self.prediction).len()
    }

    /// Fills in how often each token of a reference may still match.
    pub fn load_free(&mut self, reference: usize, free: &mut Free) {
        if self.counted.is_none() {
            let numbers = self.numbers(reference);
            free.load(numbers.bound, &numbers.prediction, &numbers.reference);
            return;
        }
        let Self {
            interner,
            counted,
            references,
            ..
        } = self;
        let Some(counted) = counted else { return };
        let mut numbers_of = |tokens: &Tokens| {
            interner.load(tokens, &references[reference]);
            (interner.prediction().to_vec(), interner.distinct())
        };
        let (of_reference, bound) = numbers_of(&counted.references[reference]);
        let (of_prediction, _) = numbers_of(&counted.prediction);
        free.load(bound, &of_prediction, &of_reference);
    }
}

impl Counted {
    fn load(&mut self, row: &Row<'_>, script: &Script) {
        let Script { rules, limit, .. } = script;
        let tokenize = |text: &str, tokens: &mut Tokens| {
            rules.tokenize(text, *limit, Reading::Whole, tokens);
        };
        tokenize(row.prediction, &mut self.prediction);
        self.references.resize_with(
            row.references.len().max(self.references.len()),
            Tokens::default,
        );
        for (tokens, reference) in self.references.iter_mut().zip(row.references) {
            tokenize(reference, tokens);
        }
    }
}

/// Whether masks of all tokens are small.
fn is_short(prediction: &Tokens, reference: &Tokens) -> bool {
    reference.len() <= MAX_WORDS * WORD && prediction.len() <= MAX_ROWS
}

/// The number of a token is the first place of the reference where it is; the masks have one word.
fn first_places(masks: &Masks, len: usize, numbers: &mut Vec<u32>) {
    let place = |mask: &u64| match mask.trailing_zeros() {
        u64::BITS => u32::MAX,
        place => place,
    };
    numbers.clear();
    numbers.extend(masks.rows()[..len].iter().map(place));
}

impl Numbers {
    /// As the weighted subsequence wants them.
    pub fn pair(&self) -> NumberedPair<'_> {
        NumberedPair {
            prediction: &self.prediction,
            reference: &self.reference,
            bound: self.bound,
        }
    }

    fn copy(&mut self, interner: &Interner) {
        self.prediction.clear();
        self.prediction.extend_from_slice(interner.prediction());
        self.reference.clear();
        self.reference.extend_from_slice(interner.reference());
        self.bound = interner.distinct();
    }
}
