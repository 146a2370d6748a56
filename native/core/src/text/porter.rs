//! The Porter stemmer in NLTK's mode `NLTK_EXTENSIONS` (Porter 1980; nltk 3.10, stem/porter.py).
//!
//! Words are lower-case ASCII letters and digits. A stem is never longer than its word, so it is made in place.

/// The stem of an irregular form of NLTK's pool.
fn irregular(word: &[u8]) -> Option<&'static [u8]> {
    Some(match word {
        b"sky" | b"skies" => b"sky",
        b"dying" => b"die",
        b"lying" => b"lie",
        b"tying" => b"tie",
        b"news" => b"news",
        b"inning" | b"innings" => b"inning",
        b"outing" | b"outings" => b"outing",
        b"canning" | b"cannings" => b"canning",
        b"howe" => b"howe",
        b"proceed" => b"proceed",
        b"exceed" => b"exceed",
        b"succeed" => b"succeed",
        _ => return None,
    })
}

/// A suffix and its replacement. The suffix is kept as a number, its last letter lowest, and compared at once.
pub(super) struct Rule {
    suffix: u64,
    mask: u64,
    len: usize,
    by: &'static [u8],
}

/// The first suffix that fits decides.
pub(super) type Rules = [Rule];

pub(super) const fn rule(suffix: &[u8], by: &'static [u8]) -> Rule {
    let mut number = 0;
    let mut at = 0;
    while at < suffix.len() {
        number = number << 8 | suffix[at] as u64;
        at += 1;
    }
    Rule {
        suffix: number,
        mask: u64::MAX >> (64 - 8 * suffix.len()),
        len: suffix.len(),
        by,
    }
}

pub(super) static STEP_2: &Rules = &[
    rule(b"ational", b"ate"),
    rule(b"tional", b"tion"),
    rule(b"enci", b"ence"),
    rule(b"anci", b"ance"),
    rule(b"izer", b"ize"),
    rule(b"bli", b"ble"),
    rule(b"alli", b"al"),
    rule(b"entli", b"ent"),
    rule(b"eli", b"e"),
    rule(b"ousli", b"ous"),
    rule(b"ization", b"ize"),
    rule(b"ation", b"ate"),
    rule(b"ator", b"ate"),
    rule(b"alism", b"al"),
    rule(b"iveness", b"ive"),
    rule(b"fulness", b"ful"),
    rule(b"ousness", b"ous"),
    rule(b"aliti", b"al"),
    rule(b"iviti", b"ive"),
    rule(b"biliti", b"ble"),
    rule(b"fulli", b"ful"),
];

pub(super) static STEP_3: &Rules = &[
    rule(b"icate", b"ic"),
    rule(b"ative", b""),
    rule(b"alize", b"al"),
    rule(b"iciti", b"ic"),
    rule(b"ical", b"ic"),
    rule(b"ful", b""),
    rule(b"ness", b""),
];

static STEP_4: &Rules = &[
    rule(b"al", b""),
    rule(b"ance", b""),
    rule(b"ence", b""),
    rule(b"er", b""),
    rule(b"ic", b""),
    rule(b"able", b""),
    rule(b"ible", b""),
    rule(b"ant", b""),
    rule(b"ement", b""),
    rule(b"ment", b""),
    rule(b"ent", b""),
    rule(b"ion", b""),
    rule(b"ou", b""),
    rule(b"ism", b""),
    rule(b"ate", b""),
    rule(b"iti", b""),
    rule(b"ous", b""),
    rule(b"ive", b""),
    rule(b"ize", b""),
];

/// Replaces the word at the start of `buffer` by its stem and returns the length of the stem.
pub fn stem(buffer: &mut [u8]) -> usize {
    if let Some(form) = irregular(buffer) {
        buffer[..form.len()].copy_from_slice(form);
        return form.len();
    }
    let mut word = Word::new(buffer);
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

/// A word that becomes shorter in place.
pub(super) struct Word<'a> {
    bytes: &'a mut [u8],
    len: usize,
}

impl<'a> Word<'a> {
    pub(super) fn new(bytes: &'a mut [u8]) -> Self {
        Self {
            len: bytes.len(),
            bytes,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.len
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes[..self.len]
    }

    /// Drops the last bytes.
    pub(super) fn cut(&mut self, bytes: usize) {
        self.len -= bytes;
    }

    #[inline]
    pub(super) fn ends<const N: usize>(&self, suffix: &[u8; N]) -> bool {
        self.bytes[..self.len].last_chunk() == Some(suffix)
    }

    /// The last eight letters, the last one lowest; zeros before a short word.
    fn tail(&self) -> u64 {
        let word = &self.bytes[..self.len];
        match word.last_chunk() {
            Some(eight) => u64::from_be_bytes(*eight),
            None => word
                .iter()
                .fold(0, |tail, byte| tail << 8 | u64::from(*byte)),
        }
    }

    /// Replaces the last `cut` bytes.
    pub(super) fn replace(&mut self, cut: usize, by: &[u8]) {
        let stem = self.len - cut;
        self.bytes[stem..stem + by.len()].copy_from_slice(by);
        self.len = stem + by.len();
    }

    /// Whether each letter of the first `len` is a consonant; a y after a consonant is a vowel.
    pub(super) fn consonants(&self, len: usize) -> impl Iterator<Item = bool> {
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
    pub(super) fn measure(&self, len: usize) -> usize {
        let mut vowel = false;
        let mut count = 0;
        for consonant in self.consonants(len) {
            count += usize::from(vowel && consonant);
            vowel = !consonant;
        }
        count
    }

    /// Porter's *o, and NLTK's extension to a vowel with one consonant.
    pub(super) fn ends_cvc(&self, len: usize) -> bool {
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
    pub(super) fn apply(&mut self, rules: &Rules, limit: usize) {
        let tail = self.tail();
        if let Some(rule) = rules.iter().find(|rule| tail & rule.mask == rule.suffix)
            && self.measure(self.len - rule.len) > limit
        {
            self.replace(rule.len, rule.by);
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
