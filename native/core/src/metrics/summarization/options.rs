//! The parameters of ROUGE, and what each profile makes of them.

use std::collections::HashSet;
use std::str;
use std::sync::Arc;

use super::scoring::{Aggregation, Profile, Scoring};
use super::words::{Script, Words};
use crate::error::Result;
use crate::metrics::{Context, ParamKind, ParamSpec, Params};
use crate::text::rouge155_stems::Exceptions;
use crate::text::rouge155_words::{Limit, Reading, WordRules};
use crate::text::unicode_words::Unit;

pub(super) const AGGREGATION: ParamSpec = ParamSpec {
    name: "aggregation",
    summary: "Several references: the best one counts, or the average of their scores, or their counts are pooled. The \
              default of the profiles google and lin2004 is best, that of 1.5.5 is pooled (its -f A).",
    kind: ParamKind::Choice(&["default", "best", "average", "pooled"]),
};

pub(super) const ALPHA: ParamSpec = ParamSpec {
    name: "alpha",
    summary: "Weight of precision in the F-measure (-p of 1.5.5); profiles 1.5.5 and lin2004.",
    kind: ParamKind::Float {
        default: 0.5,
        low: 0.0,
        high: 1.0,
    },
};

pub(super) const BYTE_LIMIT: ParamSpec = ParamSpec {
    name: "byte_limit",
    summary: "Only the first bytes of each text count (-b of 1.5.5); 0 is no limit. Profile 1.5.5.",
    kind: LIMIT,
};

pub(super) const EXCEPTIONS: ParamSpec = ParamSpec {
    name: "exceptions",
    summary: "Irregular forms and their stems, the .exc files of WordNet 2.0: a resource of the settings. Profile 1.5.5.",
    kind: ParamKind::Resource,
};

pub(super) const SENTENCES: ParamSpec = ParamSpec {
    name: "sentences",
    summary: "What separates sentences: newlines, or also the built-in rules for the marks that end sentences.",
    kind: ParamKind::Choice(&["newline", "built_in"]),
};

pub(super) const SKIP_DISTANCE: ParamSpec = ParamSpec {
    name: "skip_distance",
    summary: "Most words between the two of a pair (-2 of 1.5.5); -1 is no limit.",
    kind: ParamKind::Int {
        default: 4,
        low: -1,
        high: 1_000_000,
    },
};

pub(super) const STEMMER: ParamSpec = ParamSpec {
    name: "stemmer",
    summary: "Compare Porter stems of words with more than three letters.",
    kind: ParamKind::Bool(false),
};

pub(super) const STOP_WORDS: ParamSpec = ParamSpec {
    name: "stop_words",
    summary: "Words that do not count, one a line (-s of 1.5.5): a resource of the settings. Profile 1.5.5.",
    kind: ParamKind::Resource,
};

pub(super) const TOKENIZER: ParamSpec = ParamSpec {
    name: "tokenizer",
    summary: "What a token is: a word of ASCII letters and digits, a word of Unicode's rules or a grapheme. Profiles \
              google and lin2004.",
    kind: ParamKind::Choice(&["words", "unicode_words", "graphemes"]),
};

pub(super) const WEIGHT: ParamSpec = ParamSpec {
    name: "weight",
    summary: "The power w of the weight k^w of a run of k words (-w of 1.5.5); 1 makes it ROUGE-L.",
    kind: ParamKind::Float {
        default: 1.2,
        low: 1.0,
        high: 4.0,
    },
};

pub(super) const WORD_LIMIT: ParamSpec = ParamSpec {
    name: "word_limit",
    summary: "Only the first words of each text count (-l of 1.5.5); 0 is no limit. Profile 1.5.5.",
    kind: LIMIT,
};

const LIMIT: ParamKind = ParamKind::Int {
    default: 0,
    low: 0,
    high: 1_000_000,
};

/// The parameters that only some profiles know; all of them must be in the entry's list.
const OF_THE_SCRIPT: [&str; 4] = ["byte_limit", "exceptions", "stop_words", "word_limit"];

/// Which reading of a text a measure rests on, and whether it asks for sentences.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reads {
    /// All words as one sequence.
    Words,
    /// Line by line in the profile 1.5.5, which counts lines as sentences.
    ScriptLines,
    /// Sentence by sentence; the profile google alone.
    Sentences,
}

/// Words and formulas of a call.
pub(super) fn read(
    params: &Params,
    context: &Context<'_>,
    reads: Reads,
) -> Result<(Words, Scoring)> {
    let profile = match params.profile() {
        "1.5.5" => Profile::Script,
        "lin2004" => Profile::Paper,
        _ => Profile::Google,
    };
    let scoring = Scoring {
        profile,
        aggregation: aggregation(params, profile)?,
        alpha: if reads == Reads::Sentences {
            0.5
        } else {
            params.number("alpha")
        },
        power: 1.0,
        rounded_rank: reads == Reads::Words,
    };
    let words = match profile {
        Profile::Script => {
            params.refuse(&["tokenizer"])?;
            Words::Script(Arc::new(script(params, context, reads)?))
        }
        Profile::Paper | Profile::Google => {
            if reads != Reads::Sentences {
                params.refuse(&OF_THE_SCRIPT)?;
            }
            if profile == Profile::Google && reads != Reads::Sentences {
                params.refuse(&["alpha"])?;
            }
            plain_words(params, reads)?
        }
    };
    Ok((words, scoring))
}

fn aggregation(params: &Params, profile: Profile) -> Result<Aggregation> {
    Ok(match (params.text("aggregation"), profile) {
        ("default" | "pooled", Profile::Script) | ("pooled", _) => Aggregation::Pooled,
        ("average", Profile::Script) => {
            let problem = "the profile 1.5.5 knows pooled (its -f A, which it calls the average) and best (its -f B)";
            return Err(params.error("aggregation", problem));
        }
        ("average", _) => Aggregation::Average,
        _ => Aggregation::Best,
    })
}

fn plain_words(params: &Params, reads: Reads) -> Result<Words> {
    let split = reads == Reads::Sentences && params.text("sentences") == "built_in";
    let stemmer = params.bool("stemmer");
    let unit = match params.text("tokenizer") {
        "unicode_words" => Unit::Word,
        "graphemes" => Unit::Grapheme,
        _ => return Ok(Words::Ascii { stemmer, split }),
    };
    if stemmer {
        let problem = "the stemmer is for English words: leave it out, or take tokenizer=words";
        return Err(params.error("stemmer", problem));
    }
    Ok(Words::Unicode { unit, split })
}

fn script(params: &Params, context: &Context<'_>, reads: Reads) -> Result<Script> {
    let limit = match (params.int("word_limit"), params.int("byte_limit")) {
        (0, 0) => Limit::None,
        (words, 0) => Limit::Words(words as usize),
        (0, bytes) => Limit::Bytes(bytes as usize),
        _ => return Err(params.error("byte_limit", "give a limit in words or in bytes, not both")),
    };
    let reading = match (limit, reads) {
        (Limit::Bytes(_), Reads::ScriptLines) => Reading::Lines,
        _ => Reading::Whole,
    };
    let stemmer = params.bool("stemmer");
    if !stemmer && !params.is_default("exceptions") {
        let problem = "irregular forms are for the stemmer: set stemmer, or leave them out";
        return Err(params.error("exceptions", problem));
    }
    let stems = stemmer.then(|| exceptions(params, context)).transpose()?;
    let stop_words = words_of(params, context, "stop_words")?;
    Ok(Script {
        rules: WordRules { stop_words, stems },
        limit,
        reading,
        key: format!(
            "{stemmer} {} {} {limit:?} {reading:?}",
            params.text("exceptions"),
            params.text("stop_words")
        ),
    })
}

fn exceptions(params: &Params, context: &Context<'_>) -> Result<Exceptions> {
    let mut exceptions = Exceptions::default();
    for (file, text) in files(params, context, "exceptions")? {
        exceptions.add(text).map_err(|line| {
            let problem = format!("line {line} of {file} is not an irregular form and its stem");
            params.error("exceptions", problem)
        })?;
    }
    Ok(exceptions)
}

fn words_of(
    params: &Params,
    context: &Context<'_>,
    name: &'static str,
) -> Result<HashSet<Box<[u8]>>> {
    let files = files(params, context, name)?;
    let lines = files.iter().flat_map(|(_, text)| text.lines());
    Ok(lines.map(|line| line.trim().as_bytes().into()).collect())
}

/// The files of a resource, if one is named: name and content.
fn files<'r>(
    params: &Params,
    context: &Context<'r>,
    name: &'static str,
) -> Result<Vec<(&'r str, &'r str)>> {
    let Some(resource) = params.resource(name, context.resources) else {
        return Ok(Vec::new());
    };
    let texts = resource.files().map(|(file, content)| {
        let text = str::from_utf8(content);
        let text =
            text.map_err(|_| params.error(name, format!("{file} is not a text in UTF-8")))?;
        Ok((file, text))
    });
    texts.collect()
}
