//! How often n-grams occur in the texts of systems and in the references of the same rows.
//!
//! Counts are exact. An order with too many different n-grams is not counted at all: whether there are too many depends on the
//! set of rows alone, where any approximation would depend on their order.

use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};

use crate::spec::LONGEST_NGRAMS;
use crate::text::mteval13a::tokenize;
use crate::text::tokens::Tokens;

/// Longest n-grams.
const MOST_ORDERS: usize = LONGEST_NGRAMS as usize;

/// Different n-grams of one order, times systems.
pub const MOST_COUNTS: usize = 2_000_000;

/// Longest word in bytes; n-grams with a longer one do not count.
const LONGEST_WORD: usize = 100;

/// Numbers of the words of an n-gram; those behind its order are 0.
type Gram = [u32; MOST_ORDERS];

/// Occurrences in the texts of a system, and in the references of the rows that it answered.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Count {
    /// In texts of the system.
    pub produced: u32,
    /// In references.
    pub referenced: u32,
}

impl Count {
    fn add(&mut self, other: Self) {
        self.produced = self.produced.saturating_add(other.produced);
        self.referenced = self.referenced.saturating_add(other.referenced);
    }
}

/// Counts of one order.
#[derive(Debug, Clone, Default)]
struct Order {
    places: FxHashMap<Gram, usize>,
    /// One a system for every place.
    counts: Vec<Count>,
}

/// Counts of all orders.
#[derive(Debug, Clone)]
pub struct Ngrams {
    systems: usize,
    words: FxHashMap<Box<str>, u32>,
    /// By order, single words first; `None` where there are too many.
    orders: Vec<Option<Order>>,
}

/// What a state holds: words in the order of their bytes, n-grams in the order of their words.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct NgramsState {
    words: Vec<String>,
    orders: Vec<Option<OrderState>>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
struct OrderState {
    /// Places of words, as many for each n-gram as its order.
    grams: Vec<u32>,
    counts: Vec<Count>,
}

/// An n-gram with its counts for one system.
#[derive(Debug, Clone, Copy)]
pub struct Counted {
    order: usize,
    gram: Gram,
    /// Its counts.
    pub count: Count,
    /// Sums of all counts of its order.
    pub produced: u64,
    /// See `produced`.
    pub referenced: u64,
}

impl Ngrams {
    /// Nothing yet.
    pub fn new(orders: usize, systems: usize) -> Self {
        Self {
            systems,
            words: FxHashMap::default(),
            orders: vec![Some(Order::default()); orders],
        }
    }

    fn is_full(&self, different: usize) -> bool {
        different * self.systems > MOST_COUNTS
    }

    /// Adds a row: the reference, and the texts of the systems that answered it.
    pub fn add(&mut self, reference: &str, texts: &[Option<&str>]) {
        let words = self.numbers(reference);
        self.count(&words, |counts| {
            for (count, text) in counts.iter_mut().zip(texts) {
                let more = u32::from(text.is_some());
                count.referenced = count.referenced.saturating_add(more);
            }
        });
        for (at, text) in texts.iter().enumerate() {
            let Some(text) = text else { continue };
            let words = self.numbers(text);
            self.count(&words, |counts| {
                counts[at].produced = counts[at].produced.saturating_add(1);
            });
        }
        self.let_go();
    }

    /// The words of a text by number; `None` for one that is too long, and for all if there are too many words.
    fn numbers(&mut self, text: &str) -> Vec<Option<u32>> {
        let mut tokens = Tokens::default();
        if self.orders.first().is_none_or(Option::is_none) {
            return Vec::new();
        }
        tokenize(text, false, &mut tokens);
        let words = (0..tokens.len()).map(|at| std::str::from_utf8(tokens.bytes(at)).ok());
        words.map(|word| self.number(word?)).collect()
    }

    fn number(&mut self, word: &str) -> Option<u32> {
        if word.len() > LONGEST_WORD {
            return None;
        }
        if let Some(number) = self.words.get(word) {
            return Some(*number);
        }
        let number = self.words.len() as u32;
        self.words.insert(word.into(), number);
        Some(number)
    }

    fn count(&mut self, words: &[Option<u32>], add: impl Fn(&mut [Count])) {
        for (at, order) in self.orders.iter_mut().enumerate() {
            let Some(order) = order else { continue };
            for window in words.windows(at + 1) {
                let mut gram = Gram::default();
                let known = window.iter().zip(&mut gram).all(|(word, place)| {
                    *place = word.unwrap_or_default();
                    word.is_some()
                });
                if known {
                    add(order.counts_of(gram, self.systems));
                }
            }
        }
    }

    /// Lets go of orders with too many different n-grams; without words there is none.
    fn let_go(&mut self) {
        for at in 0..self.orders.len() {
            let different = self.orders[at]
                .as_ref()
                .map_or(0, |order| order.places.len());
            if self.is_full(different) {
                self.orders[at] = None;
                if at == 0 {
                    self.words = FxHashMap::default();
                    self.orders.iter_mut().for_each(|order| *order = None);
                }
            }
        }
    }

    /// The orders that are not counted, as there are too many different n-grams.
    pub fn skipped(&self) -> impl Iterator<Item = usize> {
        let orders = (1..).zip(&self.orders);
        orders
            .filter(|(_, counts)| counts.is_none())
            .map(|(order, _)| order)
    }

    /// All n-grams with their counts for a system, in no order.
    pub fn of_system(&self, system: usize) -> impl Iterator<Item = Counted> {
        let systems = self.systems;
        let orders = (1..).zip(&self.orders);
        orders.flat_map(move |(order, counts)| {
            let counts = counts
                .iter()
                .flat_map(move |counts| counts.of_system(system, systems));
            let (mut produced, mut referenced) = (0, 0);
            for (_, count) in counts.clone() {
                produced += u64::from(count.produced);
                referenced += u64::from(count.referenced);
            }
            counts.map(move |(gram, count)| Counted {
                order,
                gram,
                count,
                produced,
                referenced,
            })
        })
    }

    /// The words by number.
    pub fn words(&self) -> Vec<&str> {
        let mut words = vec![""; self.words.len()];
        for (word, number) in &self.words {
            words[*number as usize] = word;
        }
        words
    }

    /// What a state holds.
    pub fn state(&self) -> NgramsState {
        let words = self.words();
        let mut sorted: Vec<u32> = (0..words.len() as u32).collect();
        sorted.sort_unstable_by_key(|number| words[*number as usize]);
        let mut ranks = vec![0; words.len()];
        for (rank, number) in (0..).zip(&sorted) {
            ranks[*number as usize] = rank;
        }
        let orders = (1..).zip(&self.orders);
        let state = |(order, counts): (usize, &Option<Order>)| {
            Some(counts.as_ref()?.state(order, &ranks, self.systems))
        };
        NgramsState {
            words: sorted
                .iter()
                .map(|number| words[*number as usize].to_owned())
                .collect(),
            orders: orders.map(state).collect(),
        }
    }

    /// Adds a state that [`Ngrams::takes`].
    pub fn merge(&mut self, theirs: NgramsState) {
        if theirs.orders.first().is_some_and(Option::is_none) {
            self.orders.iter_mut().for_each(|order| *order = None);
            self.words = FxHashMap::default();
            return;
        }
        let has_words = self.orders.first().is_some_and(Option::is_some);
        let numbers: Vec<u32> = if has_words {
            let words = theirs.words.iter();
            words
                .map(|word| self.number(word).unwrap_or_default())
                .collect()
        } else {
            Vec::new()
        };
        for (at, theirs) in theirs.orders.into_iter().enumerate() {
            let Some(theirs) = theirs else {
                self.orders[at] = None;
                continue;
            };
            let Some(mine) = &mut self.orders[at] else {
                continue;
            };
            let grams = theirs.grams.chunks_exact(at + 1);
            for (words, counts) in grams.zip(theirs.counts.chunks_exact(self.systems)) {
                let mut gram = Gram::default();
                for (place, word) in gram.iter_mut().zip(words) {
                    *place = numbers[*word as usize];
                }
                let mine = mine.counts_of(gram, self.systems).iter_mut();
                mine.zip(counts)
                    .for_each(|(mine, theirs)| mine.add(*theirs));
            }
        }
        self.let_go();
    }

    /// Whether rows could have given this state.
    pub fn takes(&self, theirs: &NgramsState) -> bool {
        let counted = theirs.orders.first().is_some_and(Option::is_some);
        let mut orders = theirs.orders.iter().enumerate();
        let words = theirs.words.len();
        theirs.orders.len() == self.orders.len()
            && (counted || (words == 0 && theirs.orders.iter().all(Option::is_none)))
            && theirs.words.is_sorted_by(|a, b| a < b)
            && theirs.words.iter().all(|word| word.len() <= LONGEST_WORD)
            && orders.all(|(at, order)| {
                order
                    .as_ref()
                    .is_none_or(|order| self.takes_order(at + 1, order, words))
            })
    }

    fn takes_order(&self, order: usize, theirs: &OrderState, words: usize) -> bool {
        let different = theirs.grams.len() / order;
        theirs.grams.len() == different * order
            && theirs.counts.len() == different * self.systems
            && !self.is_full(different)
            // Every word is one of the n-grams of order one.
            && (order > 1 || different == words)
            && theirs.grams.iter().all(|word| (*word as usize) < words)
            && theirs.grams.chunks_exact(order).is_sorted_by(|a, b| a < b)
    }
}

impl Order {
    fn counts_of(&mut self, gram: Gram, systems: usize) -> &mut [Count] {
        let next = self.places.len();
        let place = *self.places.entry(gram).or_insert(next);
        if place == next {
            self.counts.resize((next + 1) * systems, Count::default());
        }
        &mut self.counts[place * systems..][..systems]
    }

    fn of_system(
        &self,
        system: usize,
        systems: usize,
    ) -> impl Iterator<Item = (Gram, Count)> + Clone {
        let places = self.places.iter();
        places.map(move |(gram, place)| (*gram, self.counts[place * systems + system]))
    }

    fn state(&self, order: usize, ranks: &[u32], systems: usize) -> OrderState {
        let moved = |(gram, place): (&Gram, &usize)| {
            let mut moved = Gram::default();
            for (to, word) in moved[..order].iter_mut().zip(gram) {
                *to = ranks[*word as usize];
            }
            (moved, *place)
        };
        let mut sorted: Vec<(Gram, usize)> = self.places.iter().map(moved).collect();
        sorted.sort_unstable();
        let counts = |place: usize| self.counts[place * systems..][..systems].iter().copied();
        OrderState {
            grams: sorted
                .iter()
                .flat_map(|(gram, _)| gram[..order].iter().copied())
                .collect(),
            counts: sorted
                .iter()
                .flat_map(|(_, place)| counts(*place))
                .collect(),
        }
    }
}

impl Counted {
    /// Its words.
    pub fn words<'w>(&self, words: &'w [&'w str]) -> impl Iterator<Item = &'w str> {
        let numbers = self.gram.into_iter().take(self.order);
        numbers.map(|word| words[word as usize])
    }

    /// Words with a space between.
    pub fn text(&self, words: &[&str]) -> String {
        self.words(words).collect::<Vec<_>>().join(" ")
    }

    /// Whether texts of the system have a larger share of it than references do; `None` if the shares are equal.
    pub fn is_over(&self) -> Option<bool> {
        let produced = u128::from(self.count.produced) * u128::from(self.referenced);
        let referenced = u128::from(self.count.referenced) * u128::from(self.produced);
        (produced != referenced).then_some(produced > referenced)
    }

    /// The log-likelihood ratio G² of equal shares in texts and references (Dunning 1993).
    pub fn log_likelihood(&self) -> f64 {
        let rows = [
            [u64::from(self.count.produced), self.produced],
            [u64::from(self.count.referenced), self.referenced],
        ];
        let found = (rows[0][0] + rows[1][0]) as f64;
        let all = (self.produced + self.referenced) as f64;
        let term = |count: u64, expected: f64| {
            let count = count as f64;
            if count > 0.0 {
                count * (count / expected).ln()
            } else {
                0.0
            }
        };
        let of_row = |[count, total]: [u64; 2]| {
            let share = total as f64 / all;
            term(count, found * share) + term(total - count, (all - found) * share)
        };
        2.0 * (of_row(rows[0]) + of_row(rows[1]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counted(systems: usize, rows: &[(&str, &[Option<&str>])]) -> Ngrams {
        let mut ngrams = Ngrams::new(2, systems);
        for (reference, texts) in rows {
            ngrams.add(reference, texts);
        }
        ngrams
    }

    fn counts(ngrams: &Ngrams, system: usize) -> Vec<(String, u32, u32)> {
        let words = ngrams.words();
        let found = ngrams.of_system(system).map(|one| {
            let Count {
                produced,
                referenced,
            } = one.count;
            (one.text(&words), produced, referenced)
        });
        let mut found: Vec<_> = found.collect();
        found.sort();
        found
    }

    #[test]
    fn rows_of_a_system_are_counted_with_their_references() {
        let ngrams = counted(
            2,
            &[
                ("a b.", &[Some("a a"), None]),
                ("b", &[Some("b"), Some("")]),
            ],
        );
        let of = |text: &str, produced, referenced| (text.to_owned(), produced, referenced);
        assert_eq!(
            counts(&ngrams, 0),
            [
                of(".", 0, 1),
                of("a", 2, 1),
                of("a a", 1, 0),
                of("a b", 0, 1),
                of("b", 1, 2),
                of("b .", 0, 1),
            ]
        );
        let second = counts(&ngrams, 1);
        assert!(second.contains(&of("b", 0, 1)) && second.contains(&of("a", 0, 0)));
    }

    #[test]
    fn shards_and_orders_of_rows_do_not_show() {
        let rows: &[(&str, &[Option<&str>])] = &[
            ("a b c", &[Some("b c d")]),
            ("d e", &[None]),
            ("c c", &[Some("e c")]),
        ];
        let whole = counted(1, rows);
        let reversed: Vec<_> = rows.iter().rev().copied().collect();
        assert_eq!(counted(1, &reversed).state(), whole.state());
        let mut merged = counted(1, &rows[2..]);
        let state = counted(1, &rows[..2]).state();
        assert!(merged.takes(&state));
        merged.merge(state);
        assert_eq!(merged.state(), whole.state());
    }

    #[test]
    fn too_many_are_none_and_long_words_do_not_count() {
        // Many systems make the limit small.
        let systems = MOST_COUNTS / 10;
        let texts = vec![Some("x"); systems];
        let mut ngrams = Ngrams::new(2, systems);
        ngrams.add("a b c a c b a", &texts);
        assert_eq!(ngrams.skipped().count(), 0);
        ngrams.add("b b c c a a d d", &texts);
        assert_eq!(ngrams.skipped().collect::<Vec<_>>(), [2]);
        let before = ngrams.state();
        ngrams.add("e f g h i j k l", &texts);
        assert_eq!(ngrams.skipped().collect::<Vec<_>>(), [1, 2]);
        let full = ngrams.state();
        ngrams.merge(before);
        assert_eq!(ngrams.state(), full);
        let long = counted(1, &[(&"x".repeat(101), &[Some("a b")])]);
        assert_eq!(counts(&long, 0).len(), 3);
    }

    #[test]
    fn equal_shares_have_no_log_likelihood() {
        let one = |produced, referenced| Counted {
            order: 1,
            gram: Gram::default(),
            count: Count {
                produced,
                referenced,
            },
            produced: 100,
            referenced: 200,
        };
        assert_eq!(one(10, 20).is_over(), None);
        assert!(one(10, 20).log_likelihood().abs() < 1e-12);
        assert_eq!(one(10, 2).is_over(), Some(true));
        assert_eq!(one(0, 2).is_over(), Some(false));
        // scipy 1.17.1 chi2_contingency([[10, 90], [2, 198]], correction=False, lambda_="log-likelihood")
        assert!((one(10, 2).log_likelihood() - 13.349_280_220_275_187).abs() < 1e-12);
    }
}
