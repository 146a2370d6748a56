//! Exact match of short answers with a reference; 0 to 100.

use super::hits::{Hit, share_of};
use super::unchanged::Unchanged;
use super::words::{NORMALIZER, Rules};
use crate::error::Result;
use crate::metrics::{Context, Entry, ParamKind, ParamSpec, Params, Row, Statistics};
use crate::text::normalizers::Normalizer;
use crate::text::scratch::Scratch;

/// The registry entry.
pub static ENTRY: Entry = Entry {
    name: "exact_match",
    summary: "Share of answers that equal a reference after normalisation, in percent; 0 to 100.",
    params: PARAMS,
    profiles: &["squad1", "squad2", "triviaqa", "hf", "plain"],
    range: (0.0, 100.0),
    reference: "SQuAD evaluate-v1.1.py (profile squad1), evaluate-v2.0.py (squad2), TriviaQA triviaqa_evaluation.py 1.0 \
                (triviaqa), evaluate 0.4.6 exact_match (hf), Python's str.strip() and == (plain)",
    source: "Rajpurkar et al. 2016, https://aclanthology.org/D16-1264; Rajpurkar et al. 2018, \
             https://aclanthology.org/P18-2124; Joshi et al. 2017, https://aclanthology.org/P17-1147; \
             languages: Lewis et al. 2020, https://aclanthology.org/2020.acl-main.653",
    build,
    ..Entry::TEXTS
};

const PARAMS: &[ParamSpec] = &[
    ParamSpec {
        name: "ignore_case",
        summary: "Compare in lower case; profile hf.",
        kind: ParamKind::Bool(false),
    },
    ParamSpec {
        name: "ignore_numbers",
        summary: "Leave out ASCII digits; profile hf.",
        kind: ParamKind::Bool(false),
    },
    ParamSpec {
        name: "ignore_punctuation",
        summary: "Leave out ASCII punctuation; profile hf.",
        kind: ParamKind::Bool(false),
    },
    NORMALIZER,
    ParamSpec {
        name: "regexes_to_ignore",
        summary: "Regular expressions, one a line, whose matches are left out before anything else; profile hf.",
        kind: ParamKind::Text,
    },
];

/// What only the profile hf knows.
const OF_HF: &[&str] = &[
    "ignore_case",
    "ignore_numbers",
    "ignore_punctuation",
    "regexes_to_ignore",
];

fn build(params: &Params, _: &Context<'_>) -> Result<Statistics> {
    if params.profile() == "hf" {
        params.refuse(&["normalizer"])?;
        return Ok(share_of(Unchanged::of(params)?));
    }
    params.refuse(OF_HF)?;
    Ok(share_of(ExactMatch(Rules::of(params, Normalizer::Whole)?)))
}

struct ExactMatch(Rules);

impl Hit for ExactMatch {
    fn is_hit(&self, row: &Row<'_>, scratch: &mut Scratch) -> bool {
        self.0.is_exact(self.0.words(row, scratch))
    }
}

impl Hit for Unchanged {
    fn is_hit(&self, row: &Row<'_>, _scratch: &mut Scratch) -> bool {
        self.is_exact(row)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SQUAD: ExactMatch = ExactMatch(Rules {
        normalizer: Normalizer::Squad,
        no_answers: false,
    });

    fn hit(prediction: &str, references: &[&str]) -> bool {
        let row = Row::of_texts(prediction, references, 1);
        SQUAD.is_hit(&row, &mut Scratch::default())
    }

    #[test]
    fn any_reference_may_match_after_normalisation() {
        assert!(hit("The Eiffel-Tower!", &["Paris", "eiffeltower"]));
        assert!(!hit("Eiffel Tower", &["Paris", "Eiffel Towers"]));
        assert!(!hit("eiffel", &["eiffel tower"]));
        assert!(hit("the", &[""]));
    }
}
