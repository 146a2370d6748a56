//! The stemmer of ROUGE-1.5.5: a list of irregular forms that the caller gives, then Porter's algorithm of 1980 as the
//! script has it. It differs from NLTK's mode: dying becomes dy, news new, succeed succe.

use std::collections::HashMap;

use super::porter::{Rule, STEP_2, STEP_3, Word, rule};

/// Words up to this many bytes are not stemmed.
const UNSTEMMED: usize = 3;

/// The last rule of [`STEP_2`] is NLTK's own.
const OWN_OF_NLTK: usize = 1;

static STEP_4: &[Rule] = &[
    rule(b"al", b""),
    rule(b"ance", b""),
    rule(b"ence", b""),
    rule(b"er", b""),
    rule(b"ic", b""),
    rule(b"able", b""),
    rule(b"ible", b""),
    rule(b"ant", b""),
    rule(b"ement", b""),
    rule(b"ou", b""),
    rule(b"ism", b""),
    rule(b"ate", b""),
    rule(b"iti", b""),
    rule(b"ous", b""),
    rule(b"ive", b""),
    rule(b"ize", b""),
];

/// Irregular forms and their stems: the lines of `WordNet`'s `.exc` files.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Exceptions(HashMap<Box<[u8]>, Box<[u8]>>);

impl Exceptions {
    /// Adds lines of an irregular form and its stem; what follows on a line is ignored, and the last line of a form
    /// counts. The error is the number of the first line, from 1, that has no stem.
    pub fn add(&mut self, text: &str) -> Result<(), usize> {
        for (at, line) in text.lines().enumerate() {
            let mut words = line.split_ascii_whitespace();
            let Some(form) = words.next() else { continue };
            let stem = words.next().ok_or(at + 1)?;
            self.0
                .insert(form.as_bytes().into(), stem.as_bytes().into());
        }
        Ok(())
    }
}

/// Appends the stem of a word of lower-case ASCII letters and digits.
pub fn append_stem(word: &[u8], exceptions: &Exceptions, out: &mut Vec<u8>) {
    if word.len() > UNSTEMMED {
        if let Some(stem) = exceptions.0.get(word) {
            out.extend_from_slice(stem);
            return;
        }
        let start = out.len();
        out.extend_from_slice(word);
        let len = stem(&mut out[start..]);
        out.truncate(start + len);
    } else {
        out.extend_from_slice(word);
    }
}

/// Replaces the word at the start of `buffer` by its stem and returns the length of the stem.
fn stem(buffer: &mut [u8]) -> usize {
    let mut word = Word::new(buffer);
    if word.len() > 2 {
        step_1a(&mut word);
        step_1b(&mut word);
        step_1c(&mut word);
        word.apply(&STEP_2[..STEP_2.len() - OWN_OF_NLTK], 0);
        word.apply(&[rule(b"logi", b"log")], 0);
        word.apply(STEP_3, 0);
        step_4(&mut word);
        step_5(&mut word);
    }
    word.len()
}

/// Whether one of the first `len` letters is a vowel.
fn has_vowel(word: &Word<'_>, len: usize) -> bool {
    word.consonants(len).any(|consonant| !consonant)
}

fn step_1a(word: &mut Word<'_>) {
    if word.ends(b"sses") || word.ends(b"ies") {
        word.cut(2);
    } else if word.ends(b"s") && !word.ends(b"ss") {
        word.cut(1);
    }
}

fn step_1b(word: &mut Word<'_>) {
    if word.ends(b"eed") {
        if word.measure(word.len() - 3) > 0 {
            word.cut(1);
        }
        return;
    }
    let ending = if word.ends(b"ed") {
        2
    } else if word.ends(b"ing") {
        3
    } else {
        return;
    };
    if has_vowel(word, word.len() - ending) {
        word.cut(ending);
        mend(word);
    }
}

/// After -ed or -ing: -at, -bl and -iz get their e back, double consonants become one.
fn mend(word: &mut Word<'_>) {
    if word.ends(b"at") || word.ends(b"bl") || word.ends(b"iz") {
        word.replace(0, b"e");
    } else if let Some(&[before, last]) = word.bytes().last_chunk()
        && before == last
        && !b"aeiouylsz".contains(&last)
    {
        word.cut(1);
    } else if word.measure(word.len()) == 1 && ends_cvc(word, word.len()) {
        word.replace(0, b"e");
    }
}

fn step_1c(word: &mut Word<'_>) {
    if word.ends(b"y") && has_vowel(word, word.len() - 1) {
        word.replace(1, b"i");
    }
}

/// The script tries -ment and -ent even on what another rule has left.
fn step_4(word: &mut Word<'_>) {
    word.apply(STEP_4, 1);
    word.apply(&[rule(b"ment", b"")], 1);
    if word.ends(b"ent") {
        word.apply(&[rule(b"ent", b"")], 1);
    } else if (word.ends(b"sion") || word.ends(b"tion")) && word.measure(word.len() - 3) > 1 {
        word.cut(3);
    }
}

fn step_5(word: &mut Word<'_>) {
    if word.ends(b"e") {
        let stem = word.len() - 1;
        let measure = word.measure(stem);
        if measure > 1 || (measure == 1 && !ends_cvc(word, stem)) {
            word.cut(1);
        }
    }
    if word.ends(b"ll") && word.measure(word.len()) > 1 {
        word.cut(1);
    }
}

/// Porter's *o; NLTK's extension to two letters is not the script's.
fn ends_cvc(word: &Word<'_>, len: usize) -> bool {
    len > 2 && word.ends_cvc(len)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stemmed(word: &str, exceptions: &Exceptions) -> String {
        let mut out = Vec::new();
        append_stem(word.as_bytes(), exceptions, &mut out);
        String::from_utf8(out).expect("stems are ASCII")
    }

    #[test]
    fn stems_equal_the_script() {
        for (word, expected) in [
            ("dying", "dy"),
            ("news", "new"),
            ("succeed", "succe"),
            ("innings", "in"),
            ("ties", "ti"),
            ("tied", "ti"),
            ("ponies", "poni"),
            ("caresses", "caress"),
            ("agreed", "agre"),
            ("feed", "feed"),
            ("hopping", "hop"),
            ("falling", "fall"),
            ("filing", "file"),
            ("enjoyment", "enjoy"),
            ("theology", "theologi"),
            ("analogy", "analog"),
            ("hopefully", "hopefulli"),
            ("adoption", "adopt"),
            ("governmental", "govern"),
            ("controlling", "control"),
            ("controll", "control"),
            ("replacement", "replac"),
            ("says", "sai"),
            ("yyyyy", "yyyyi"),
            ("2019s", "2019"),
            ("cats", "cat"),
            ("was", "was"),
        ] {
            assert_eq!(stemmed(word, &Exceptions::default()), expected, "{word}");
        }
    }

    #[test]
    fn irregular_forms_come_first() {
        let mut exceptions = Exceptions::default();
        assert_eq!(
            exceptions.add("mice mouse mus\n\nbest good\nmen man\n"),
            Ok(())
        );
        assert_eq!(exceptions.add("best well\n"), Ok(()));
        assert_eq!(stemmed("mice", &exceptions), "mouse");
        assert_eq!(stemmed("best", &exceptions), "well");
        assert_eq!(stemmed("men", &exceptions), "men");
        assert_eq!(exceptions.add("a b\nc\n"), Err(2));
    }
}
