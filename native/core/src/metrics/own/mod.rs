//! The caller's own numbers: scores, and what answers took.

mod pass_at_k;
mod passes;
mod score;
mod usage;

use super::{Entry, ParamKind, ParamSpec, Params};
use crate::error::Result;

/// The metrics of this field.
pub static ENTRIES: &[&Entry] = &[
    &pass_at_k::ENTRY,
    &score::ENTRY,
    &usage::COST,
    &usage::INPUT_TOKENS,
    &usage::LATENCY,
    &usage::MEMORY,
    &usage::OUTPUT_TOKENS,
];

/// Names the number.
const OF: ParamSpec = ParamSpec {
    name: "of",
    summary: "Required: the name of the number in each prediction's scores.",
    kind: ParamKind::Text,
};

/// The name, which must be given.
fn name_of(params: &Params) -> Result<String> {
    match params.text("of") {
        "" => Err(params.error(
            "of",
            "name the number of the predictions' scores, for example of=helpfulness",
        )),
        name => Ok(name.to_owned()),
    }
}
