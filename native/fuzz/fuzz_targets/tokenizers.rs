//! Every way to make tokens, words, sentences and numbers of a text.
#![no_main]

use std::cell::RefCell;
use std::sync::LazyLock;

use evald_core::metrics::text_form;
use evald_core::text::normalizers::{NAMES, Normalizer};
use evald_core::text::numbers::{Notation, Which};
use evald_core::text::rouge155_stems::Exceptions;
use evald_core::text::rouge155_words::{Limit, Reading, WordRules};
use evald_core::text::sentencepiece::{Memory, SentencePiece};
use evald_core::text::stems::Stems;
use evald_core::text::tercom::Tercom;
use evald_core::text::tokens::Tokens;
use evald_core::text::unicode_words::{self, Unit};
use evald_core::text::{
    drop, intl, mteval13a, patterns, plain, porter, python, python_float, rouge_words, sentences,
    words, zh,
};
use evald_fuzz::paths::on_every_path;
use evald_fuzz::pieces::{ALGORITHMS, model};
use evald_fuzz::texts::texts;
use libfuzzer_sys::fuzz_target;

/// The first byte of an input names one of them.
const CHECKS: [fn(&str); 8] = [
    machine_translation,
    terms,
    summaries,
    answers,
    check_sentences,
    check_numbers,
    check_words,
    check_pieces,
];

/// Checks of tokenizers that stem words.
const STEMMED: [&str; 2] = ["rouge stems", "1.5.5"];

fuzz_target!(|data: &[u8]| {
    if let Some((first, data)) = data.split_first() {
        let check = CHECKS[usize::from(*first) % CHECKS.len()];
        texts(data).iter().for_each(|text| check(text));
    }
});

thread_local! {
    /// Memory that all texts share.
    static REUSED: RefCell<Tokens> = RefCell::default();
}

/// The tokens are whole characters, each with a key, in order; the same on every path and in used memory.
fn check(name: &str, tokenize: impl Fn(&mut Tokens)) {
    let new = on_every_path(|| {
        let mut tokens = Tokens::default();
        tokenize(&mut tokens);
        read(name, &tokens)
    });
    let used = REUSED.with_borrow_mut(|tokens| {
        tokenize(tokens);
        read(name, tokens)
    });
    assert_eq!(used, new, "{name}: memory shows");
}

fn read(name: &str, tokens: &Tokens) -> Vec<(Vec<u8>, u64)> {
    assert_eq!(tokens.keys().len(), tokens.len(), "{name}");
    let words = (0..tokens.len()).map(|at| {
        let bytes = tokens.bytes(at);
        // Given tokens end with a byte that no text has.
        let whole = name == "given" || std::str::from_utf8(bytes).is_ok();
        assert!(whole, "{name}: a character is cut in {bytes:?}");
        let key = tokens.keys()[at];
        // A stem of up to 8 bytes is in the key alone; what stands in the text is the word or the stem.
        let in_key = STEMMED.contains(&name) && !Tokens::is_hash(key);
        (if in_key { Vec::new() } else { bytes.to_vec() }, key)
    });
    words.collect()
}

fn machine_translation(text: &str) {
    for lowercase in [false, true] {
        check("13a", |tokens| mteval13a::tokenize(text, lowercase, tokens));
        check("intl", |tokens| intl::tokenize(text, lowercase, tokens));
        check("zh", |tokens| zh::tokenize(text, lowercase, tokens));
        check("none", |tokens| plain::words(text, lowercase, tokens));
        check("char", |tokens| plain::characters(text, lowercase, tokens));
        let list: Vec<&str> = text.split(' ').collect();
        check("given", |tokens| plain::given(&list, lowercase, tokens));
        check("jiwer", |tokens| {
            words::split_spoken(text, lowercase, tokens)
        });
    }
    check("chrf", |tokens| words::split_one_edge(text, tokens));
}

fn terms(text: &str) {
    for bits in 0..16 {
        let tercom = Tercom {
            normalized: bits & 1 != 0,
            no_punct: bits & 2 != 0,
            asian_support: bits & 4 != 0,
            case_sensitive: bits & 8 != 0,
        };
        check("tercom", |tokens| tercom.tokenize(text, tokens));
        check("tercom", |tokens| tercom.tokenize_reference(text, tokens));
    }
}

fn summaries(text: &str) {
    check("rouge", |tokens| {
        rouge_words::tokenize(text, None, tokens);
    });
    check("rouge stems", |tokens| {
        rouge_words::tokenize(text, Some(&mut Stems::default()), tokens);
    });
    let mut exceptions = Exceptions::default();
    exceptions.add("mice mouse\nwent go\n").expect("good lines");
    let stop_words = ["the", "a"].map(|word| word.as_bytes().into()).into();
    let rules = [
        WordRules::default(),
        WordRules {
            stop_words,
            stems: Some(exceptions),
        },
    ];
    for rules in &rules {
        for limit in [Limit::None, Limit::Words(3), Limit::Bytes(9)] {
            for reading in [Reading::Whole, Reading::Lines] {
                check("1.5.5", |tokens| {
                    rules.tokenize(text, limit, reading, tokens);
                });
            }
        }
    }
    for unit in [Unit::Word, Unit::Grapheme] {
        check("unicode", |tokens| {
            unicode_words::tokenize(text, unit, tokens)
        });
    }
}

fn answers(text: &str) {
    let named = NAMES.iter().map(|name| Normalizer::named(name));
    for normalizer in named.chain([Normalizer::TriviaQa, Normalizer::Whole]) {
        check("answers", |tokens| normalizer.tokenize(text, tokens));
    }
    let (mut left, mut right) = (drop::Answer::default(), drop::Answer::default());
    left.load([text]);
    right.load(text.split('|').take(drop::MAX_SPANS));
    for (left, right) in [(&left, &right), (&right, &left), (&left, &left)] {
        let f1 = drop::f1(left, right);
        assert!((0.0..=1.0).contains(&f1), "{f1}");
        drop::is_exact(left, right);
    }
    assert!(drop::is_exact(&left, &left));
}

fn check_sentences(text: &str) {
    let mut before = 0;
    for end in sentences::boundaries(text) {
        assert!(end > before && text.is_char_boundary(end));
        before = end;
    }
    let mut split = String::new();
    sentences::split_into(text, &mut split);
    assert!(split.len() >= text.len());
    sentences::looks_unsplit(text);
    let (mut tokens, mut ends) = (Tokens::default(), Vec::new());
    rouge_words::tokenize(&split, None, &mut tokens);
    sentences::line_ends(&tokens, &mut ends);
    assert!(ends.is_sorted() && ends.iter().all(|end| *end as usize <= tokens.len()));
}

fn check_numbers(text: &str) {
    for bits in 0..4 {
        let notation = Notation {
            decimal_comma: bits & 1 != 0,
            percent_is_fraction: bits & 2 != 0,
        };
        for which in [Which::First, Which::Last, Which::Only] {
            let number = notation.read(text, which);
            assert!(number.is_none_or(|number| !number.is_nan()), "{number:?}");
        }
    }
    if let Some(number) = python_float::parse(text) {
        let mut written = String::new();
        python_float::write(number, &mut written);
        let back = python_float::parse(&written).expect("what is written reads back");
        assert!(
            back == number || (back.is_nan() && number.is_nan()),
            "{written}"
        );
    }
}

fn check_words(text: &str) {
    let mut lower = Vec::new();
    python::lower_into(text, &mut lower);
    std::str::from_utf8(&lower).expect("lower case is UTF-8");
    for word in lower.split(|byte| !byte.is_ascii_lowercase()) {
        let mut word = word.to_vec();
        let end = porter::stem(&mut word);
        assert!(end <= word.len());
    }
    for compile in [patterns::compile, patterns::compile_full] {
        if let Ok(pattern) = compile(text, true) {
            pattern.is_match("a text with 12 words, or less");
        }
    }
    if let Ok(written) = text_form::parse(text, "m") {
        let params = written
            .params
            .iter()
            .map(|(name, value)| (name.as_str(), value));
        text_form::write(&written.name, params);
    }
}

static MODELS: LazyLock<Vec<SentencePiece>> = LazyLock::new(|| {
    let all = ALGORITHMS
        .into_iter()
        .flat_map(|one| [(one, false), (one, true)]);
    all.map(|(algorithm, bytes)| SentencePiece::read(&model(algorithm, bytes)).expect("a model"))
        .collect()
});

fn check_pieces(text: &str) {
    let mut used = Memory::default();
    for model in MODELS.iter() {
        let (mut pieces, mut again) = (String::new(), String::new());
        model.encode(text, &mut Memory::default(), &mut pieces);
        model.encode(text, &mut used, &mut again);
        assert_eq!(again, pieces, "memory shows");
        // A space is three bytes, each of them a piece of seven characters at most; one more stands before the text.
        assert!(pieces.len() <= 21 * (text.len() + 1), "{pieces:?}");
    }
    // Any bytes as a model: what the text begins with, behind a good model or alone.
    for file in [
        text.as_bytes().to_vec(),
        [&model(1, false), text.as_bytes()].concat(),
    ] {
        if let Ok(model) = SentencePiece::read(&file) {
            model.encode(
                "the ab\u{e9} <x>",
                &mut Memory::default(),
                &mut String::new(),
            );
        }
    }
}
