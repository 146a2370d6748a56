//! Every ROUGE in every profile, with several references.
#![no_main]

use std::sync::LazyLock;

use evald_core::metrics::ResolvedMetric;
use evald_fuzz::forms::{check_row, resolve};
use libfuzzer_sys::fuzz_target;

/// What the measures but `rouge_lsum` take: profile and what else is worth its own path.
const FORMS: &[&str] = &[
    "profile=google",
    "profile=google,stemmer=true",
    "profile=google,aggregation=average",
    "profile=google,aggregation=pooled,stemmer=true",
    "profile=google,tokenizer=unicode_words",
    "profile=google,tokenizer=graphemes,aggregation=average",
    "profile=1.5.5",
    "profile=1.5.5,stemmer=true,alpha=0.8",
    "profile=1.5.5,aggregation=pooled,word_limit=5",
    "profile=1.5.5,aggregation=best,byte_limit=20",
    "profile=1.5.5,stop_words=stop,exceptions=forms,stemmer=true",
    "profile=lin2004",
    "profile=lin2004,aggregation=pooled,stemmer=true,alpha=0",
    "profile=lin2004,tokenizer=unicode_words,alpha=1",
];

static METRICS: LazyLock<Vec<ResolvedMetric>> = LazyLock::new(|| {
    let mut all = Vec::new();
    for name in ["rouge_1", "rouge_2", "rouge_4", "rouge_9", "rouge_l"] {
        all.extend(FORMS.iter().map(|form| format!("{name}({form})")));
    }
    let of_the_script = FORMS.iter().filter(|form| !form.contains("google"));
    for form in of_the_script {
        all.push(format!("rouge_w({form},weight=1.2)"));
        all.push(format!("rouge_w({form},weight=2.5)"));
        all.push(format!("rouge_s({form},skip_distance=4)"));
        all.push(format!("rouge_s({form},skip_distance=-1)"));
        all.push(format!("rouge_su({form},skip_distance=0)"));
    }
    for form in [
        "stemmer=true",
        "sentences=built_in",
        "aggregation=average,tokenizer=unicode_words",
        "tokenizer=graphemes,sentences=built_in",
    ] {
        all.push(format!("rouge_lsum({form})"));
    }
    all.iter().map(|form| resolve(form)).collect()
});

fuzz_target!(|data: &[u8]| check_row(&METRICS, data));
