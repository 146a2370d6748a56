//! All texts of a corpus as numbered n-grams.

use std::collections::HashMap;

/// The byte behind each word of a kept text; UTF-8 does not have it.
pub const END: u8 = 0xff;

/// Words of texts as numbers; equal words share one.
#[derive(Debug, Default)]
pub struct Corpus {
    numbers: HashMap<Vec<u8>, u32>,
    /// The words of each text.
    pub texts: Vec<Vec<u32>>,
}

impl Corpus {
    /// Adds a text, whose words each end with [`END`].
    pub fn push(&mut self, text: &[u8]) {
        let words = text.split_inclusive(|byte| *byte == END);
        let numbers = words.map(|word| {
            if let Some(number) = self.numbers.get(word) {
                return *number;
            }
            let number = self.numbers.len() as u32;
            self.numbers.insert(word.to_vec(), number);
            number
        });
        self.texts.push(numbers.collect());
    }

    /// The n-grams of all texts.
    pub fn grams(&self, n: usize) -> Grams {
        let mut grams = Grams {
            of_texts: self.texts.clone(),
            distinct: self.numbers.len(),
        };
        for len in 2..=n {
            grams = self.extend(grams, len);
        }
        grams
    }

    /// From (n - 1)-grams to n-grams: a pair of numbers is a key without collisions.
    pub fn extend(&self, shorter: Grams, n: usize) -> Grams {
        let mut numbers: HashMap<(u32, u32), u32> = HashMap::new();
        let mut of_texts = shorter.of_texts;
        for (grams, words) in of_texts.iter_mut().zip(&self.texts) {
            grams.truncate((words.len() + 1).saturating_sub(n));
            for (gram, word) in grams.iter_mut().zip(words.iter().skip(n - 1)) {
                let next = numbers.len() as u32;
                *gram = *numbers.entry((*gram, *word)).or_insert(next);
            }
        }
        Grams {
            of_texts,
            distinct: numbers.len(),
        }
    }
}

/// The n-grams of each text as numbers below `distinct`.
#[derive(Debug, Clone)]
pub struct Grams {
    /// In the order of the text.
    pub of_texts: Vec<Vec<u32>>,
    /// Number of different ones.
    pub distinct: usize,
}

impl Grams {
    /// The same, counted.
    pub fn counted(&self) -> Counted {
        let count = |grams: &Vec<u32>| {
            let mut sorted = grams.clone();
            sorted.sort_unstable();
            let equal = sorted.chunk_by(|left, right| left == right);
            equal.map(|equal| (equal[0], equal.len() as u32)).collect()
        };
        Counted {
            of_texts: self.of_texts.iter().map(count).collect(),
            distinct: self.distinct,
        }
    }
}

/// The n-grams of each text with their counts.
#[derive(Debug, Clone)]
pub struct Counted {
    /// Every n-gram of a text once.
    pub of_texts: Vec<Vec<(u32, u32)>>,
    /// Number of different ones in all texts.
    pub distinct: usize,
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in crate::metrics::diversity) fn corpus(texts: &[&str]) -> Corpus {
        let mut corpus = Corpus::default();
        for text in texts {
            let mut bytes = Vec::new();
            for word in text.split_whitespace() {
                bytes.extend_from_slice(word.as_bytes());
                bytes.push(END);
            }
            corpus.push(&bytes);
        }
        corpus
    }

    #[test]
    fn equal_grams_share_a_number() {
        let corpus = corpus(&["a b a b", "", "b a", "x"]);
        let pairs = corpus.grams(2);
        assert_eq!(pairs.of_texts, [vec![0, 1, 0], vec![], vec![1], vec![]]);
        assert_eq!(pairs.distinct, 2);
        assert_eq!(pairs.counted().of_texts[0], [(0, 2), (1, 1)]);
        assert_eq!(corpus.grams(1).distinct, 3);
        assert_eq!(corpus.grams(5).distinct, 0);
    }
}
