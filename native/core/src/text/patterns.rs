//! Regular expressions that callers give: bounded in size, matched in linear time.

use regex::{Error, Regex, RegexBuilder};

/// Longest pattern in bytes.
pub const MAX_BYTES: usize = 1_000;

/// Most memory of a compiled pattern; `\w{50}`, which Unicode makes large, stays below it.
const MAX_COMPILED: usize = 4 << 20;

/// Compiles a pattern; the error says in words what is wrong, without the pattern's text.
pub fn compile(pattern: &str, ignore_case: bool) -> Result<Regex, String> {
    if pattern.len() > MAX_BYTES {
        return Err(format!("a pattern may have at most {MAX_BYTES} bytes"));
    }
    build(pattern, ignore_case)
}

/// Compiles a pattern that must match whole texts.
pub fn compile_full(pattern: &str, ignore_case: bool) -> Result<Regex, String> {
    // By itself first: a parenthesis of the pattern must not end the group below.
    compile(pattern, ignore_case)?;
    build(&format!(r"\A(?:{pattern})\z"), ignore_case)
        // A comment at the end of a pattern with the flag x hides the parenthesis; a new line ends it.
        .or_else(|_| build(&format!("\\A(?:{pattern}\n)\\z"), ignore_case))
}

fn build(pattern: &str, ignore_case: bool) -> Result<Regex, String> {
    RegexBuilder::new(pattern)
        .case_insensitive(ignore_case)
        .size_limit(MAX_COMPILED)
        .dfa_size_limit(MAX_COMPILED)
        .nest_limit(50)
        .build()
        .map_err(|error| in_words(&error))
}

fn in_words(error: &Error) -> String {
    let problem = match error {
        Error::CompiledTooBig(_) => "the compiled pattern is too large".to_owned(),
        // The lines before show the pattern.
        other => {
            let text = other.to_string();
            let last = text.lines().last().unwrap_or_default();
            last.trim_start_matches("error: ").to_owned()
        }
    };
    format!(
        "is no pattern of the Rust crate regex ({problem}); look-around and back-references do not exist there"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(pattern: &str) -> String {
        compile(pattern, false).expect_err("a bad pattern")
    }

    #[test]
    fn bad_patterns_are_explained_without_their_text() {
        assert!(
            problem("(secret").contains("(unclosed group)"),
            "{}",
            problem("(secret")
        );
        assert!(problem("(?=secret)").contains("look-around"));
        assert!(!problem("(secret").contains("secret"));
    }

    #[test]
    fn whole_texts_are_matched() {
        let full = |pattern, text| {
            compile_full(pattern, true)
                .expect("a good pattern")
                .is_match(text)
        };
        assert!(full("a|ab", "AB"));
        assert!(!full("a|ab", "ab\n"));
        assert!(!full("(?m)a$", "a\nb"));
        assert!(full("(?x) a b # a comment", "ab"));
        assert!(compile_full("a)|(?:b", false).is_err());
    }

    #[test]
    fn large_patterns_are_refused() {
        assert!(problem(&"x".repeat(1_001)).contains("1000 bytes"));
        assert!(problem(r"(\w{500}){500}").contains("too large"));
        assert!(problem(&"(".repeat(300)).contains("regex"));
        assert!(compile(r"\w{50}", true).is_ok());
    }
}
