//! The Porter stemmer in NLTK's mode `NLTK_EXTENSIONS` (Porter 1980; nltk 3.10, stem/porter.py).
//!
//! Words are lower-case ASCII letters and digits. A stem is never longer than its word, so it is made in place.

/// Irregular forms of NLTK's pool.
const IRREGULAR: &[(&[u8], &[u8])] = &[
    (b"sky", b"sky"),
    (b"skies", b"sky"),
    (b"dying", b"die"),
    (b"lying", b"lie"),
    (b"tying", b"tie"),
    (b"news", b"news"),
    (b"innings", b"inning"),
    (b"inning", b"inning"),
    (b"outings", b"outing"),
    (b"outing", b"outing"),
    (b"cannings", b"canning"),
    (b"canning", b"canning"),
    (b"howe", b"howe"),
    (b"proceed", b"proceed"),
    (b"exceed", b"exceed"),
    (b"succeed", b"succeed"),
];

/// Suffix and replacement; the first suffix that fits decides.
type Rules = [(&'static [u8], &'static [u8])];

const STEP_2: &Rules = &[
    (b"ational", b"ate"),
    (b"tional", b"tion"),
    (b"enci", b"ence"),
    (b"anci", b"ance"),
    (b"izer", b"ize"),
    (b"bli", b"ble"),
    (b"alli", b"al"),
    (b"entli", b"ent"),
    (b"eli", b"e"),
    (b"ousli", b"ous"),
    (b"ization", b"ize"),
    (b"ation", b"ate"),
    (b"ator", b"ate"),
    (b"alism", b"al"),
    (b"iveness", b"ive"),
    (b"fulness", b"ful"),
    (b"ousness", b"ous"),
    (b"aliti", b"al"),
    (b"iviti", b"ive"),
    (b"biliti", b"ble"),
    (b"fulli", b"ful"),
];

const STEP_3: &Rules = &[
    (b"icate", b"ic"),
    (b"ative", b""),
    (b"alize", b"al"),
    (b"iciti", b"ic"),
    (b"ical", b"ic"),
    (b"ful", b""),
    (b"ness", b""),
];

const STEP_4: &Rules = &[
    (b"al", b""),
    (b"ance", b""),
    (b"ence", b""),
    (b"er", b""),
    (b"ic", b""),
    (b"able", b""),
    (b"ible", b""),
    (b"ant", b""),
    (b"ement", b""),
    (b"ment", b""),
    (b"ent", b""),
    (b"ion", b""),
    (b"ou", b""),
    (b"ism", b""),
    (b"ate", b""),
    (b"iti", b""),
    (b"ous", b""),
    (b"ive", b""),
    (b"ize", b""),
];

/// Replaces the word at the start of `buffer` by its stem and returns the length of the stem.
pub fn stem(buffer: &mut [u8]) -> usize {
    if let Some((_, form)) = IRREGULAR.iter().find(|(word, _)| *word == buffer) {
        buffer[..form.len()].copy_from_slice(form);
        return form.len();
    }
    let mut word = Word {
        len: buffer.len(),
        bytes: buffer,
    };
    if word.len > 2 {
        word.step_1a();
        word.step_1b();
        word.step_1c();
        word.step_2();
        word.apply(STEP_3, 0);
        word.step_4();
        word.step_5();
    }
    word.len
}

struct Word<'a> {
    bytes: &'a mut [u8],
    len: usize,
}

impl Word<'_> {
    fn ends(&self, suffix: &[u8]) -> bool {
        self.bytes[..self.len].ends_with(suffix)
    }

    /// Replaces the last `cut` bytes.
    fn replace(&mut self, cut: usize, by: &[u8]) {
        let stem = self.len - cut;
        self.bytes[stem..stem + by.len()].copy_from_slice(by);
        self.len = stem + by.len();
    }

    /// Whether each letter of the first `len` is a consonant; a y after a consonant is a vowel.
    fn consonants(&self, len: usize) -> impl Iterator<Item = bool> {
        self.bytes[..len].iter().scan(false, |previous, byte| {
            *previous = match byte {
                b'a' | b'e' | b'i' | b'o' | b'u' => false,
                b'y' => !*previous,
                _ => true,
            };
            Some(*previous)
        })
    }

    fn is_consonant(&self, at: usize) -> bool {
        self.consonants(at + 1).last().unwrap_or(false)
    }

    /// Porter's m: how often a consonant follows a vowel.
    fn measure(&self, len: usize) -> usize {
        let mut vowel = false;
        let mut count = 0;
        for consonant in self.consonants(len) {
            count += usize::from(vowel && consonant);
            vowel = !consonant;
        }
        count
    }

    /// Porter's *o, and NLTK's extension to a vowel with one consonant.
    fn ends_cvc(&self, len: usize) -> bool {
        let consonant = |back: usize| self.is_consonant(len - back);
        match len {
            0 | 1 => false,
            2 => !consonant(2) && consonant(1),
            _ => {
                consonant(3)
                    && !consonant(2)
                    && consonant(1)
                    && !matches!(self.bytes[len - 1], b'w' | b'x' | b'y')
            }
        }
    }

    /// Applies the first rule whose suffix fits, if the measure of the rest is above `limit`.
    fn apply(&mut self, rules: &Rules, limit: usize) {
        if let Some((suffix, by)) = rules.iter().find(|(suffix, _)| self.ends(suffix))
            && self.measure(self.len - suffix.len()) > limit
        {
            self.replace(suffix.len(), by);
        }
    }

    fn step_1a(&mut self) {
        if self.ends(b"ies") {
            self.replace(3, if self.len == 4 { b"ie" } else { b"i" });
        } else if self.ends(b"sses") {
            self.replace(2, b"");
        } else if self.ends(b"s") && !self.ends(b"ss") {
            self.replace(1, b"");
        }
    }

    fn step_1b(&mut self) {
        if self.ends(b"ied") {
            self.replace(3, if self.len == 4 { b"ie" } else { b"i" });
            return;
        }
        if self.ends(b"eed") {
            if self.measure(self.len - 3) > 0 {
                self.replace(1, b"");
            }
            return;
        }
        let cut = if self.ends(b"ed") {
            2
        } else if self.ends(b"ing") {
            3
        } else {
            return;
        };
        if self.consonants(self.len - cut).any(|consonant| !consonant) {
            self.replace(cut, b"");
            self.mend();
        }
    }

    /// After -ed or -ing: -at, -bl and -iz get their e back, double consonants become one.
    fn mend(&mut self) {
        let last = self.bytes[self.len - 1];
        if self.ends(b"at") || self.ends(b"bl") || self.ends(b"iz") {
            self.replace(0, b"e");
        } else if self.len >= 2
            && last == self.bytes[self.len - 2]
            && self.is_consonant(self.len - 1)
        {
            self.len -= usize::from(!matches!(last, b'l' | b's' | b'z'));
        } else if self.measure(self.len) == 1 && self.ends_cvc(self.len) {
            self.replace(0, b"e");
        }
    }

    fn step_1c(&mut self) {
        if self.ends(b"y") && self.len > 2 && self.is_consonant(self.len - 2) {
            self.replace(1, b"i");
        }
    }

    fn step_2(&mut self) {
        while self.ends(b"alli") && self.measure(self.len - 4) > 0 {
            self.replace(4, b"al");
        }
        // The l of -logi counts for the measure, so that short words such as theology are stemmed.
        if self.ends(b"logi") {
            if self.measure(self.len - 3) > 0 {
                self.replace(1, b"");
            }
            return;
        }
        self.apply(STEP_2, 0);
    }

    fn step_4(&mut self) {
        if self.ends(b"ion") {
            let stem = self.len - 3;
            if self.measure(stem) > 1 && matches!(self.bytes[stem - 1], b's' | b't') {
                self.len = stem;
            }
            return;
        }
        self.apply(STEP_4, 1);
    }

    fn step_5(&mut self) {
        if self.ends(b"e") {
            let stem = self.len - 1;
            let measure = self.measure(stem);
            if measure > 1 || (measure == 1 && !self.ends_cvc(stem)) {
                self.len = stem;
            }
        }
        if self.ends(b"ll") && self.measure(self.len - 1) > 1 {
            self.len -= 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stemmed(word: &str) -> String {
        let mut bytes = word.as_bytes().to_vec();
        let len = stem(&mut bytes);
        String::from_utf8_lossy(&bytes[..len]).into_owned()
    }

    /// Expected stems are nltk 3.10.4's.
    #[test]
    fn stems_equal_nltk() {
        for (word, expected) in [
            ("dying", "die"),
            ("news", "news"),
            ("succeed", "succeed"),
            ("ties", "tie"),
            ("tied", "tie"),
            ("ponies", "poni"),
            ("caresses", "caress"),
            ("agreed", "agre"),
            ("feed", "feed"),
            ("hopping", "hop"),
            ("falling", "fall"),
            ("filing", "file"),
            ("enjoyment", "enjoy"),
            ("theology", "theolog"),
            ("hopefully", "hope"),
            ("radically", "radic"),
            ("adoption", "adopt"),
            ("controlling", "control"),
            ("yyyyy", "yyyyy"),
            ("2019s", "2019"),
        ] {
            assert_eq!(stemmed(word), expected, "{word}");
        }
    }
}
