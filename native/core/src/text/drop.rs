//! The normalisation and comparison of answers of the DROP evaluation (`drop_eval.py`, lm-evaluation-harness
//! `tasks/drop/utils.py`): an answer is a list of spans, a span a bag of words.

use super::assignment::assign;
use super::python::{is_alphanumeric, is_space, lower_into};
use super::{python_float, squad};

/// Most spans of an answer that are compared: work is cubic in their number. Answers of DROP have up to ten.
pub const MAX_SPANS: usize = 256;

/// An answer with its spans normalised; reused from row to row.
#[derive(Debug, Default)]
pub struct Answer {
    spans: Vec<Span>,
    used: usize,
    lower: Vec<u8>,
    number: String,
}

#[derive(Debug, Default)]
struct Span {
    /// The normalised words, each followed by a space.
    text: String,
    /// Offsets into `text` of the different words, sorted by word.
    words: Vec<(usize, usize)>,
    /// Whether each of `words` is a number.
    numbers: Vec<bool>,
}

impl Answer {
    /// Normalises the spans of an answer.
    pub fn load<'a>(&mut self, spans: impl IntoIterator<Item = &'a str>) {
        self.used = 0;
        for text in spans {
            if self.spans.len() == self.used {
                self.spans.push(Span::default());
            }
            let span = &mut self.spans[self.used];
            self.used += 1;
            span.text.clear();
            for part in text.split([' ', '-']) {
                self.lower.clear();
                lower_into(part, &mut self.lower);
                let lower = std::str::from_utf8(&self.lower).unwrap_or_default();
                push_part(lower, &mut self.number, &mut span.text);
            }
            span.find_words();
        }
    }

    fn spans(&self) -> &[Span] {
        &self.spans[..self.used]
    }
}

/// Appends the words of one part between spaces and hyphens: a number in Python's spelling, or what is left without
/// punctuation and articles.
fn push_part(lower: &str, kept: &mut String, out: &mut String) {
    kept.clear();
    if let Some(number) = python_float::parse(lower) {
        python_float::write(number, kept);
    } else {
        kept.extend(lower.chars().filter(|c| !c.is_ascii_punctuation()));
        if let Some(number) = python_float::parse(kept) {
            kept.clear();
            python_float::write(number, kept);
        }
    }
    // An article between two word boundaries becomes a space, and spaces separate words.
    let mut rest = kept.as_str();
    let mut glued = false;
    while let Some(first) = rest.chars().next() {
        let is_run = is_alphanumeric(first);
        let end = if is_run {
            rest.find(|c| !is_alphanumeric(c)).unwrap_or(rest.len())
        } else {
            first.len_utf8()
        };
        let (piece, after) = rest.split_at(end);
        rest = after;
        if is_space(first) || (is_run && squad::is_article(piece.as_bytes())) {
            end_word(&mut glued, out);
        } else {
            out.push_str(piece);
            glued = true;
        }
    }
    end_word(&mut glued, out);
}

fn end_word(glued: &mut bool, out: &mut String) {
    if std::mem::take(glued) {
        out.push(' ');
    }
}

impl Span {
    fn find_words(&mut self) {
        let text = self.text.as_str();
        self.words.clear();
        let mut start = 0;
        for (end, _) in text.match_indices(' ') {
            self.words.push((start, end));
            start = end + 1;
        }
        self.words
            .sort_unstable_by_key(|&(start, end)| &text[start..end]);
        self.words.dedup_by_key(|(start, end)| &text[*start..*end]);
        self.numbers.clear();
        let is_number =
            |&(start, end): &(usize, usize)| python_float::parse(&text[start..end]).is_some();
        self.numbers.extend(self.words.iter().map(is_number));
    }

    fn word(&self, at: usize) -> &str {
        self.words
            .get(at)
            .map_or("", |&(start, end)| &self.text[start..end])
    }

    /// How many different words, and whether any number, two spans share.
    fn shared(&self, other: &Self) -> (usize, bool) {
        let (mut at, mut other_at) = (0, 0);
        let (mut words, mut number) = (0, false);
        while at < self.words.len() && other_at < other.words.len() {
            match self.word(at).cmp(other.word(other_at)) {
                std::cmp::Ordering::Less => at += 1,
                std::cmp::Ordering::Greater => other_at += 1,
                std::cmp::Ordering::Equal => {
                    words += 1;
                    number |= self.numbers[at];
                    at += 1;
                    other_at += 1;
                }
            }
        }
        (words, number)
    }

    /// F1 of a predicted span against this gold span; 0 if this one has numbers and the other has none of them.
    fn f1(&self, predicted: &Self) -> f64 {
        let (shared, number) = self.shared(predicted);
        if self.numbers.contains(&true) && !number {
            return 0.0;
        }
        let of = |len: usize| {
            if len == 0 {
                1.0
            } else {
                shared as f64 / len as f64
            }
        };
        let (precision, recall) = (of(predicted.words.len()), of(self.words.len()));
        if precision == 0.0 && recall == 0.0 {
            0.0
        } else {
            (2.0 * precision * recall) / (precision + recall)
        }
    }
}

/// Whether two answers have the same spans: as sets, and as many of them.
pub fn is_exact(predicted: &Answer, gold: &Answer) -> bool {
    let has =
        |answer: &Answer, span: &Span| answer.spans().iter().any(|other| other.text == span.text);
    predicted.used == gold.used
        && predicted.spans().iter().all(|span| has(gold, span))
        && gold.spans().iter().all(|span| has(predicted, span))
}

/// F1 of the best pairing of the spans, averaged over the longer list and rounded to two decimals.
pub fn f1(predicted: &Answer, gold: &Answer) -> f64 {
    let (rows, columns) = (gold.used, predicted.used);
    let scores: Vec<f64> = gold
        .spans()
        .iter()
        .flat_map(|span| predicted.spans().iter().map(|other| span.f1(other)))
        .collect();
    let costs: Vec<f64> = scores.iter().map(|score| -score).collect();
    let mut best = vec![0.0; rows.max(columns)];
    for (row, column) in assign(&costs, rows, columns).into_iter().enumerate() {
        if let Some(column) = column {
            best[row] = scores[row * columns + column];
        }
    }
    let mean = pairwise_sum(&best) / best.len().max(1) as f64;
    // NumPy's `round`: half to even of a hundred times the number.
    (mean * 100.0).round_ties_even() / 100.0
}

/// The sum in NumPy's order, because a last bit can decide which way the mean is rounded.
fn pairwise_sum(numbers: &[f64]) -> f64 {
    if numbers.len() < 8 {
        return numbers.iter().sum();
    }
    if numbers.len() > 128 {
        let half = numbers.len() / 2;
        let (left, right) = numbers.split_at(half - half % 8);
        return pairwise_sum(left) + pairwise_sum(right);
    }
    let (eights, rest) = numbers.as_chunks::<8>();
    let mut lanes = [0.0; 8];
    for eight in eights {
        for (lane, number) in lanes.iter_mut().zip(eight) {
            *lane += number;
        }
    }
    let [a, b, c, d, e, f, g, h] = lanes;
    rest.iter()
        .fold(((a + b) + (c + d)) + ((e + f) + (g + h)), |sum, number| {
            sum + number
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(spans: &[&str]) -> Answer {
        let mut answer = Answer::default();
        answer.load(spans.iter().copied());
        answer
    }

    fn scores(predicted: &[&str], gold: &[&str]) -> (bool, f64) {
        let (predicted, gold) = (answer(predicted), answer(gold));
        (is_exact(&predicted, &gold), f1(&predicted, &gold))
    }

    fn normalized(text: &str) -> String {
        answer(&[text]).spans()[0].text.trim_end().to_owned()
    }

    #[test]
    fn parts_are_normalised_one_by_one() {
        assert_eq!(
            normalized("The 25-yard Field  Goal!"),
            "25.0 yard field goal"
        );
        assert_eq!(normalized("$1,000 and 5.50%"), "1000.0 and 550.0");
        assert_eq!(normalized("Nan's 1e5 inf"), "nans 100000.0 inf");
        assert_eq!(normalized("x\u{2019}a a\u{1c}b an"), "x\u{2019} b");
        assert_eq!(normalized("\u{665} -- the"), "5.0");
    }

    #[test]
    fn spans_are_aligned_and_numbers_must_match() {
        assert_eq!(scores(&["a"], &["a", "b"]).1, 0.5);
        assert_eq!(scores(&["5 yards"], &["5-yard"]), (false, 0.5));
        assert_eq!(scores(&["6 yards"], &["5 yards"]), (false, 0.0));
        assert_eq!(scores(&["yards"], &["5 yards"]), (false, 0.0));
        assert_eq!(scores(&["5 yards"], &["yards"]), (false, 0.67));
        assert_eq!(scores(&["dog", "cat"], &["cat", "dog"]), (true, 1.0));
        assert_eq!(scores(&["cat", "cat"], &["cat", "dog"]), (false, 0.5));
    }

    #[test]
    fn exact_answers_are_equal_sets_of_equal_size() {
        assert_eq!(scores(&["x", "y", "x"], &["y", "x", "y"]), (true, 0.67));
        assert!(!scores(&["x", "x"], &["x"]).0);
    }

    #[test]
    fn empty_spans_are_equal() {
        assert_eq!(scores(&["the"], &["?"]), (true, 1.0));
        assert_eq!(scores(&[""], &["x"]), (false, 0.0));
        assert_eq!(scores(&[], &["x"]), (false, 0.0));
    }

    #[test]
    fn sums_are_pairwise() {
        for len in [0, 7, 8, 9, 128, 129, 300] {
            assert_eq!(pairwise_sum(&vec![0.5; len]), 0.5 * len as f64);
        }
    }
}
