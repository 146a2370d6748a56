//! BLEU in every profile and with every tokenizer, and chrF.
#![no_main]

use std::sync::LazyLock;

use evald_core::metrics::ResolvedMetric;
use evald_fuzz::forms::{check_row, resolve};
use libfuzzer_sys::fuzz_target;

const FORMS: &[&str] = &[
    "bleu",
    "bleu(lowercase=true,effective_order=true)",
    "bleu(tokenizer=intl,smoothing=floor)",
    "bleu(tokenizer=intl,lowercase=true,max_order=9)",
    "bleu(tokenizer=zh,smoothing=add-k)",
    "bleu(tokenizer=char,max_order=2)",
    "bleu(tokenizer=none,max_order=1,smoothing=none)",
    "bleu(tokenizer=sentencepiece,model=unigram)",
    "bleu(tokenizer=sentencepiece,model=bpe,lowercase=true,max_order=6)",
    "bleu(profile=hf)",
    "bleu(profile=hf,smoothing=add-one,max_order=6)",
    "bleu(profile=nltk)",
    "bleu(profile=nltk,smoothing=method1)",
    "bleu(profile=nltk,smoothing=method2)",
    "bleu(profile=nltk,smoothing=method3,effective_order=true)",
    "bleu(profile=nltk,smoothing=method4,max_order=9)",
    "chrf",
    "chrf(word_order=2)",
    "chrf(lowercase=true,whitespace=true)",
    "chrf(char_order=10,word_order=4,eps_smoothing=true,beta=1)",
];

static METRICS: LazyLock<Vec<ResolvedMetric>> =
    LazyLock::new(|| FORMS.iter().map(|form| resolve(form)).collect());

fuzz_target!(|data: &[u8]| check_row(&METRICS, data));
