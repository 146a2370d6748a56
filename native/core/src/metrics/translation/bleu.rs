//! BLEU (Papineni et al. 2002), with the statistics and the arithmetic of sacrebleu, Hugging Face evaluate or nltk.

use super::bleu_counts::{Counting, Length, Source, source_of, tokenize_13a_of_hf};
use super::bleu_score::{Formula, Sums};
use super::bleu_smoothing::{Method, Smoothing};
use crate::error::Result;
use crate::metrics::{
    Components, Context, Direction, Entry, Field, ParamKind, ParamSpec, Params, Problem,
    ReferenceCounts, Row, RowFlags, RowMetric, Statistics,
};
use crate::stats::sacrebleu::Number;
use crate::text::matching::MAX_ORDER;
use crate::text::scratch::Scratch;
use crate::text::{UNICODE_VERSION, intl};

/// The registry entry.
pub static ENTRY: Entry = Entry {
    name: "bleu",
    summary: "Clipped n-gram precision of a translation against references, with a brevity penalty; 0 to 100, \
              or 0 to 1 with the profiles hf and nltk.",
    params: PARAMS,
    profiles: &["sacrebleu", "hf", "nltk"],
    profile_defaults: &[
        ("hf", "smoothing", "none"),
        ("nltk", "smoothing", "method0"),
        ("nltk", "tokenizer", "none"),
    ],
    range: (0.0, 100.0),
    adjust: Some(adjust),
    row_params: &[("effective_order", "true")],
    reference: "sacrebleu: sacrebleu 2.6.0; hf: bleu of evaluate (compute_bleu of tensorflow/nmt); nltk: nltk 3.10",
    source: "Papineni et al. 2002, https://aclanthology.org/P02-1040; \
             smoothing: Chen and Cherry 2014, https://aclanthology.org/W14-3346",
    build,
    ..Entry::TEXTS
};

const PARAMS: &[ParamSpec] = &[
    ParamSpec {
        name: "effective_order",
        summary: "Leave out the orders that are longer than every prediction; with nltk, its auto_reweigh.",
        kind: ParamKind::Bool(false),
    },
    ParamSpec {
        name: "lowercase",
        summary: "Compare in lower case; sacrebleu alone.",
        kind: ParamKind::Bool(false),
    },
    ParamSpec {
        name: "max_order",
        summary: "Longest n-gram that counts.",
        kind: ParamKind::Int {
            default: 4,
            low: 1,
            high: 9,
        },
    },
    ParamSpec {
        name: "model",
        summary: "The SentencePiece model of the tokenizer sentencepiece: a resource of the settings.",
        kind: ParamKind::Resource,
    },
    ParamSpec {
        name: "smoothing",
        summary: "What replaces a precision of zero. sacrebleu: halving (exp), nothing (none), a part of a match \
                  (floor), or more matches above unigrams (add-k); hf: none, or one more match (add-one); \
                  nltk: method0 to method4.",
        kind: ParamKind::Choice(&[
            "exp", "none", "floor", "add-k", "add-one", "method0", "method1", "method2", "method3",
            "method4",
        ]),
    },
    ParamSpec {
        name: "smoothing_value",
        summary: "The number of floor (by default 0.1), add-k (1), method1 (its epsilon, 0.1) or method4 (its k, 5).",
        kind: ParamKind::OptionalFloat {
            low: 0.0,
            high: 1000.0,
        },
    },
    ParamSpec {
        name: "tokenizer",
        summary: "How texts become tokens: as mteval-v13a (13a) or mteval-v14 (intl), Chinese characters apart (zh), \
                  characters (char), words between spaces (none), the pieces of a SentencePiece model (sentencepiece), or \
                  tokens that the rows carry (given).",
        kind: ParamKind::Choice(&[
            "13a",
            "intl",
            "zh",
            "char",
            "none",
            "sentencepiece",
            "given",
        ]),
    },
];

const _: () = assert!(MAX_ORDER == 9);

/// The references of hf and nltk give shares of 1.
fn adjust(params: &Params) -> (Direction, (f64, f64)) {
    let high = if params.profile() == "sacrebleu" {
        100.0
    } else {
        1.0
    };
    (Direction::Higher, (0.0, high))
}

fn build(params: &Params, context: &Context<'_>) -> Result<Statistics> {
    let counting = Counting {
        source: source(params, context)?,
        lowercase: params.bool("lowercase"),
        max_order: params.int("max_order") as usize,
        length: Length::Closest,
        at_least: 0.0,
    };
    let bleu = match params.profile() {
        "hf" => hf(params, counting)?,
        "nltk" => nltk(params, counting)?,
        _ => sacrebleu(params, counting)?,
    };
    Ok(Statistics::Rows(Box::new(bleu)))
}

/// A model is needed by one tokenizer, and refused by the others.
fn source(params: &Params, context: &Context<'_>) -> Result<Source> {
    let tokenizer = params.text("tokenizer");
    let model = params.resource("model", context.resources);
    match (tokenizer, model) {
        ("sentencepiece", Some(model)) => {
            let read = model.sentencepiece();
            Ok(Source::Pieces(
                read.map_err(|problem| params.error("model", problem))?,
            ))
        }
        ("sentencepiece", None) => Err(params.error(
            "model",
            "the tokenizer sentencepiece needs a model: name a resource of the settings",
        )),
        (_, Some(_)) => Err(params.error(
            "model",
            "only the tokenizer sentencepiece has a model: choose it, or leave the model out",
        )),
        (tokenizer, None) => Ok(source_of(tokenizer)),
    }
}

fn sacrebleu(params: &Params, counting: Counting) -> Result<Bleu> {
    let smoothing = Smoothing::read(params)?;
    let effective_order = params.bool("effective_order");
    let tokenizer = params.text("tokenizer");
    // sacrebleu has no name for tokens of other tools, and names a model only if it is one that it downloads itself.
    let signature = (!["given", "sentencepiece"].contains(&tokenizer)).then(|| {
        format!(
            "case:{}|eff:{}|tok:{tokenizer}|smooth:{}|version:2.6.0",
            if counting.lowercase { "lc" } else { "mixed" },
            if effective_order { "yes" } else { "no" },
            smoothing.word(),
        )
    });
    let unicode = if tokenizer == "intl" {
        intl::UNICODE
    } else {
        UNICODE_VERSION
    };
    Ok(Bleu {
        counting,
        unicode,
        formula: Formula::Sacrebleu {
            smoothing,
            effective_order,
        },
        signature,
    })
}

fn hf(params: &Params, counting: Counting) -> Result<Bleu> {
    params.refuse(&["effective_order", "lowercase", "model", "smoothing_value"])?;
    let smooth = match params.text("smoothing") {
        "none" => false,
        "add-one" => true,
        _ => return Err(params.error("smoothing", "the profile hf knows none and add-one")),
    };
    let source = match params.text("tokenizer") {
        "13a" => Source::Text(tokenize_13a_of_hf),
        "none" | "given" => counting.source,
        _ => return Err(params.error("tokenizer", "the profile hf knows 13a, none and given")),
    };
    Ok(Bleu {
        counting: Counting {
            source,
            length: Length::Shortest,
            ..counting
        },
        unicode: UNICODE_VERSION,
        formula: Formula::Hf { smooth },
        signature: None,
    })
}

fn nltk(params: &Params, counting: Counting) -> Result<Bleu> {
    params.refuse(&["lowercase", "model"])?;
    let auto_reweigh = params.bool("effective_order");
    if auto_reweigh && counting.max_order != 4 {
        return Err(params.error(
            "effective_order",
            "nltk reweighs a max_order of 4 alone; leave one of them out",
        ));
    }
    if !["none", "given"].contains(&params.text("tokenizer")) {
        return Err(params.error(
            "tokenizer",
            "the profile nltk knows none and given: nltk takes tokens, not text",
        ));
    }
    Ok(Bleu {
        counting: Counting {
            at_least: 1.0,
            ..counting
        },
        unicode: UNICODE_VERSION,
        formula: Formula::Nltk {
            method: Method::read(params)?,
            auto_reweigh,
        },
        signature: None,
    })
}

/// The name of a component of an order. Formatting it would take a tenth of the time that a call with one row does.
fn numbered(name: &str, order: usize) -> String {
    let mut numbered = String::with_capacity(name.len() + 2);
    numbered.push_str(name);
    match u32::try_from(order)
        .ok()
        .and_then(|order| char::from_digit(order, 10))
    {
        Some(digit) => numbered.push(digit),
        None => numbered.push_str(&order.to_string()),
    }
    numbered
}

struct Bleu {
    counting: Counting,
    unicode: &'static str,
    formula: Formula,
    /// sacrebleu's signature without the number of references.
    signature: Option<String>,
}

impl RowMetric for Bleu {
    fn width(&self) -> usize {
        self.counting.width()
    }

    fn needs(&self) -> Option<&'static [Field]> {
        matches!(self.counting.source, Source::Given)
            .then_some(&[Field::PredictionTokens, Field::ReferenceTokens])
    }

    fn row_params(&self) -> Option<&'static [(&'static str, &'static str)]> {
        // A row of the others is a corpus of one row.
        (!matches!(self.formula, Formula::Sacrebleu { .. })).then_some(&[])
    }

    fn unicode(&self) -> &'static str {
        self.unicode
    }

    fn checks_rows(&self) -> bool {
        matches!(self.counting.source, Source::Given)
    }

    /// An answer without tokens is an empty one; if it has a text, its tokens were forgotten.
    fn check_row(&self, row: &Row<'_>) -> std::result::Result<(), Problem> {
        if row.tokens().is_empty() && !row.prediction.is_empty() {
            return Err(Problem::new(
                "MISSING_TOKENS",
                "prediction.tokens",
                "the tokenizer is given: give the tokens of the text, or choose a tokenizer",
            ));
        }
        Ok(())
    }

    fn row(&self, row: &Row<'_>, scratch: &mut Scratch, out: &mut [f64]) -> RowFlags {
        self.counting.row(row, &mut scratch.bleu, out)
    }

    fn value(&self, sums: &[f64], n: f64) -> f64 {
        if n > 0.0 {
            self.formula.score(Sums::read(sums)).value
        } else {
            f64::NAN
        }
    }

    fn components(&self, sums: &[f64], n: f64) -> Components {
        let sums = Sums::read(sums);
        let score = self.formula.score(sums);
        let defined = |value: f64| (n > 0.0).then_some(value);
        let mut parts = Components::new();
        for (order, precision) in score.precisions[..self.counting.max_order]
            .iter()
            .enumerate()
        {
            parts.push((numbered("precision_", order + 1), defined(*precision)));
        }
        parts.push(("brevity_penalty".into(), defined(score.brevity_penalty)));
        parts.push(("sys_len".into(), Some(sums.sys_len)));
        parts.push(("ref_len".into(), Some(sums.ref_len)));
        for (name, counts) in [("correct_", sums.correct), ("total_", sums.total)] {
            for (order, count) in counts.iter().enumerate() {
                parts.push((numbered(name, order + 1), Some(*count)));
            }
        }
        parts
    }

    fn row_score(&self, stats: &[f64]) -> Option<f64> {
        Some(self.formula.of_row().score(Sums::read(stats)).value)
    }

    fn single_precision(&self, sums: &[f64]) -> Option<Number> {
        let value = self.formula.single_precision(Sums::read(sums))?;
        Some(Number {
            value,
            is_single: false,
        })
    }

    fn reference_signature(&self, references: ReferenceCounts) -> Option<String> {
        let signature = self.signature.as_ref()?;
        let count = if references.fewest == references.most {
            references.most.to_string()
        } else {
            "var".into()
        };
        Some(format!("nrefs:{count}|{signature}"))
    }
}
