//! Entities as the script `conlleval` and seqeval's default mode find them: every sequence of tags means something,
//! and an entity starts wherever the prefix or the type changes.

use super::entity::{Entity, UNTYPED};

/// The prefixes; any other letter is refused. seqeval warns of others and then takes an entity of such tags for a
/// continuation of the one before, even of another sentence.
pub const PREFIXES: &str = "BIESO";

/// Prefix and type of a tag; `None` for a tag that has no known prefix.
fn parse(tag: &str, suffix: bool) -> Option<(char, &str)> {
    let (prefix, kind) = if suffix {
        let prefix = tag.chars().next_back()?;
        let rest = &tag[..tag.len() - prefix.len_utf8()];
        (prefix, rest.rsplit_once('-').map_or(rest, |(kind, _)| kind))
    } else {
        let prefix = tag.chars().next()?;
        let rest = &tag[prefix.len_utf8()..];
        (prefix, rest.split_once('-').map_or(rest, |(_, kind)| kind))
    };
    let kind = if kind.is_empty() { UNTYPED } else { kind };
    PREFIXES.contains(prefix).then_some((prefix, kind))
}

/// Appends the entities of a sentence; `Err` is the position of a tag that is none.
pub fn find<'a>(tags: &[&'a str], suffix: bool, out: &mut Vec<Entity<'a>>) -> Result<(), usize> {
    let (mut before, mut kind_before, mut start) = ('O', UNTYPED, 0);
    let parsed = tags.iter().map(|tag| parse(tag, suffix));
    for (at, tag) in parsed.chain([Some(('O', UNTYPED))]).enumerate() {
        let (prefix, kind) = tag.ok_or(at)?;
        let continues = matches!((before, prefix), ('B' | 'I', 'I' | 'E')) && kind == kind_before;
        if before != 'O' && !continues {
            out.push(Entity {
                kind: kind_before,
                start,
                end: at,
            });
        }
        if prefix != 'O' && !continues {
            start = at;
        }
        (before, kind_before) = (prefix, kind);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entities(tags: &str, suffix: bool) -> Vec<(String, usize, usize)> {
        let tags: Vec<&str> = tags.split(' ').collect();
        let mut out = Vec::new();
        find(&tags, suffix, &mut out).expect("all tags have prefixes");
        let tuple = |entity: Entity<'_>| (entity.kind.to_owned(), entity.start, entity.end);
        out.into_iter().map(tuple).collect()
    }

    fn of(list: &[(&str, usize, usize)]) -> Vec<(String, usize, usize)> {
        list.iter()
            .map(|(kind, start, end)| ((*kind).to_owned(), *start, *end))
            .collect()
    }

    #[test]
    fn entities_start_where_prefix_or_type_changes() {
        assert_eq!(
            entities("B-PER I-PER O B-LOC", false),
            of(&[("PER", 0, 2), ("LOC", 3, 4)])
        );
        assert_eq!(
            entities("I-PER I-LOC B-LOC", false),
            of(&[("PER", 0, 1), ("LOC", 1, 2), ("LOC", 2, 3)])
        );
        assert_eq!(
            entities("B-A E-A I-A S-A E-A", false),
            of(&[("A", 0, 2), ("A", 2, 3), ("A", 3, 4), ("A", 4, 5)])
        );
        assert_eq!(entities("O-PER I-PER O", false), of(&[("PER", 1, 2)]));
    }

    #[test]
    fn types_are_what_is_behind_the_hyphen() {
        assert_eq!(
            entities("B B- BX B-X-Y BX-Y", false),
            of(&[
                ("_", 0, 1),
                ("_", 1, 2),
                ("X", 2, 3),
                ("X-Y", 3, 4),
                ("Y", 4, 5)
            ])
        );
        assert_eq!(
            entities("B -B XB X-Y-B X-YB", true),
            of(&[
                ("_", 0, 1),
                ("_", 1, 2),
                ("X", 2, 3),
                ("X-Y", 3, 4),
                ("X", 4, 5)
            ])
        );
    }

    #[test]
    fn other_prefixes_are_refused() {
        for tags in [
            &["O", "U-PER"][..],
            &["O", ""],
            &["B", ".PER"],
            &["O", "Ü-PER"],
        ] {
            assert_eq!(find(tags, false, &mut Vec::new()), Err(1), "{tags:?}");
        }
    }
}
