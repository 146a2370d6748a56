//! Fast text code against slow code that is obviously right, on random text.

use std::collections::HashMap;

use evald_core::text::matching::{MAX_ORDER, Matching};
use evald_core::text::tokens::Tokens;
use evald_core::text::{mteval13a, python, rouge_words};
use proptest::prelude::*;

/// Pieces that the tokenizers treat specially.
const PIECES: &[&str] = &[
    " ",
    " ",
    "a",
    "B",
    "word",
    "longerword",
    "\u{e9}",
    "\u{4e2d}",
    "\u{1f600}",
    "\0",
    "1",
    "25",
    ".",
    ",",
    "..",
    "-",
    "--",
    "'",
    "(",
    "/",
    ":",
    "@",
    "[",
    "_",
    "`",
    "{",
    "~",
    "&",
    "&amp;",
    "&lt;",
    "&gt;",
    "&quot;",
    "<",
    ">",
    "<skipped>",
    "-\n",
    "\n",
    "\r\n",
    "\t",
    "\u{1c}",
    "\u{1f}",
    "\u{85}",
    "\u{a0}",
    "\u{1680}",
    "\u{2003}",
    "\u{2019}",
    "\u{2028}",
    "\u{202f}",
    "\u{205f}",
    "\u{3000}",
    "\u{200b}",
    "\u{130}",
    "\u{212a}",
    "\u{c2}",
    "\u{e000}",
];

fn awkward_text() -> impl Strategy<Value = String> {
    prop_oneof![
        prop::collection::vec(prop::sample::select(PIECES), 0..80)
            .prop_map(|pieces| pieces.concat()),
        "[.,0-9 a-]{0,150}",
        any::<String>(),
    ]
}

fn words_of(tokens: &Tokens) -> Vec<String> {
    (0..tokens.len())
        .map(|at| {
            String::from_utf8(tokens.bytes(at).to_vec()).expect("tokens are cut between characters")
        })
        .collect()
}

/// `TokenizerRegexp` and `Tokenizer13a` of sacrebleu 2.6.0, step by step.
fn slow_13a(text: &str) -> Vec<String> {
    let mut text = text.trim_end_matches(python::is_space).to_owned();
    for (from, to) in [("<skipped>", ""), ("-\n", ""), ("\n", " ")] {
        text = text.replace(from, to);
    }
    for (from, to) in [
        ("&quot;", "\""),
        ("&amp;", "&"),
        ("&lt;", "<"),
        ("&gt;", ">"),
    ] {
        text = text.replace(from, to);
    }
    let mut chars: Vec<char> = format!(" {text} ").chars().collect();
    chars = chars
        .iter()
        .flat_map(|&c| {
            if is_symbol(c) {
                vec![' ', c, ' ']
            } else {
                vec![c]
            }
        })
        .collect();
    let is_dot = |c: char| c == '.' || c == ',';
    chars = pairs(&chars, |a, b| {
        (!a.is_ascii_digit() && is_dot(b)).then(|| vec![a, ' ', b, ' '])
    });
    chars = pairs(&chars, |a, b| {
        (is_dot(a) && !b.is_ascii_digit()).then(|| vec![' ', a, ' ', b])
    });
    chars = pairs(&chars, |a, b| {
        (a.is_ascii_digit() && b == '-').then(|| vec![a, ' ', b, ' '])
    });
    let text: String = chars.into_iter().collect();
    text.split(python::is_space)
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
        .collect()
}

/// `re.sub` of a pattern of two characters.
fn pairs(chars: &[char], change: impl Fn(char, char) -> Option<Vec<char>>) -> Vec<char> {
    let mut out = Vec::new();
    let mut at = 0;
    while at < chars.len() {
        if let Some(new) = chars.get(at + 1).and_then(|&next| change(chars[at], next)) {
            out.extend(new);
            at += 2;
        } else {
            out.push(chars[at]);
            at += 1;
        }
    }
    out
}

/// The character class of the first pattern; the backtick in it is why it is not quoted here.
fn is_symbol(c: char) -> bool {
    matches!(c, '{'..='~' | '['..='`' | ' '..='&' | '('..='+' | ':'..='@' | '/')
}

/// `tokenize` of rouge-score 0.1.2 without the stemmer.
fn slow_rouge(text: &str) -> Vec<String> {
    let mut lower = Vec::new();
    python::lower_into(text, &mut lower);
    let lower = String::from_utf8(lower).expect("lower case is UTF-8");
    let is_letter = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    lower
        .split(|c| !is_letter(c))
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
        .collect()
}

/// Words of few kinds, so that they repeat; some differ only behind their eighth byte, or by a NUL.
fn sentence(longest: usize) -> impl Strategy<Value = String> {
    let word = prop::sample::select(vec![
        "a",
        "b",
        "c",
        "the",
        "cat",
        "x\0",
        "x",
        "aaaaaaaa",
        "aaaaaaaaa",
        "aaaaaaaab",
        "internationalize",
        "internationalise",
        "internationalizes",
        "\u{e9}t\u{e9}",
    ]);
    prop::collection::vec(word, 0..longest).prop_map(|words| words.join(" "))
}

fn tokens_of(text: &str) -> Tokens {
    let mut tokens = Tokens::default();
    mteval13a::tokenize(text, false, &mut tokens);
    tokens
}

fn slow_matches(prediction: &[String], reference: &[String], order: usize) -> u32 {
    let mut counts: HashMap<&[String], u32> = HashMap::new();
    reference
        .windows(order)
        .for_each(|gram| *counts.entry(gram).or_default() += 1);
    let mut matches = 0;
    for gram in prediction.windows(order) {
        if let Some(count @ 1..) = counts.get_mut(gram) {
            *count -= 1;
            matches += 1;
        }
    }
    matches
}

fn slow_lcs(left: &[String], right: &[String]) -> usize {
    let mut row = vec![0; right.len() + 1];
    for l in left {
        let mut diagonal = 0;
        for (j, r) in right.iter().enumerate() {
            let above = row[j + 1];
            row[j + 1] = if l == r {
                diagonal + 1
            } else {
                above.max(row[j])
            };
            diagonal = above;
        }
    }
    row[right.len()]
}

/// Both ways of matching against the slow one.
fn check_matching(prediction: &str, reference: &str) {
    let (prediction, reference) = (tokens_of(prediction), tokens_of(reference));
    let (left, right) = (words_of(&prediction), words_of(&reference));
    let mut matching = Matching::default();
    for long in [false, true] {
        if long {
            matching.load_interned(&prediction, &reference);
        } else {
            matching.load(&prediction, &reference);
        }
        let counts = matching.counts::<MAX_ORDER>();
        for order in 1..=MAX_ORDER {
            assert_eq!(
                counts[order - 1],
                slow_matches(&left, &right, order),
                "order {order} long {long}"
            );
        }
        let mut hits = [0; MAX_ORDER];
        matching.for_each_hit(MAX_ORDER, |order, at| {
            assert!(at + order < left.len());
            hits[order] += 1;
        });
        assert_eq!(hits, counts);
        assert_eq!(matching.counts::<2>(), counts[..2]);
        assert_eq!(matching.lcs(), slow_lcs(&left, &right), "long {long}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn tokenizer_13a_equals_the_four_patterns(text in awkward_text()) {
        prop_assert_eq!(words_of(&tokens_of(&text)), slow_13a(&text));
    }

    #[test]
    fn rouge_words_equal_the_pattern(text in awkward_text()) {
        let mut tokens = Tokens::default();
        rouge_words::tokenize(&text, None, &mut tokens);
        prop_assert_eq!(words_of(&tokens), slow_rouge(&text));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn short_matching_equals_counting(prediction in sentence(70), reference in sentence(70)) {
        check_matching(&prediction, &reference);
    }

    #[test]
    fn long_matching_equals_counting(prediction in sentence(400), reference in sentence(400)) {
        check_matching(&prediction, &reference);
    }
}

/// Far more words than 16-bit prints can tell apart.
#[test]
fn words_with_equal_prints_do_not_match() {
    let words: Vec<String> = (0..6000).map(|number| format!("w{number}")).collect();
    for reference in [&words[..60], &words[..250], &words[..2000]] {
        check_matching(&words[2500..].join(" "), &reference.join(" "));
    }
}

#[test]
fn long_documents_take_no_quadratic_memory() {
    let words: Vec<String> = (0..10_000)
        .map(|number| format!("w{}", number * 7919 % 3001))
        .collect();
    let (left, right) = (
        tokens_of(&words.join(" ")),
        tokens_of(&words[5..].join(" ")),
    );
    let mut matching = Matching::default();
    matching.load(&left, &right);
    assert_eq!(matching.lcs(), 9_995);
    assert_eq!(matching.counts::<4>(), [9_995, 9_994, 9_993, 9_992]);
}
