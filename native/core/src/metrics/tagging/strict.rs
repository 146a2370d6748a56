//! Entities as seqeval's strict mode finds them: a scheme says which tags may follow each other, and a run of tags
//! that breaks its rules is no entity.

use super::entity::{Entity, UNTYPED};

/// How tags mark the borders of entities.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scheme {
    /// I; B only between neighbours of one type.
    Iob1,
    /// B at every start.
    Iob2,
    /// I; E only between neighbours of one type.
    Ioe1,
    /// E at every end.
    Ioe2,
    /// B at starts, E at ends, S for single tokens.
    Iobes,
    /// The same with the letters L and U.
    Bilou,
}

impl Scheme {
    /// The scheme of a name.
    pub fn named(name: &str) -> Option<Self> {
        Some(match name {
            "iob1" => Self::Iob1,
            "iob2" => Self::Iob2,
            "ioe1" => Self::Ioe1,
            "ioe2" => Self::Ioe2,
            "iobes" => Self::Iobes,
            "bilou" => Self::Bilou,
            _ => return None,
        })
    }

    /// The letters of its tags.
    pub fn prefixes(self) -> &'static str {
        match self {
            Self::Iob1 | Self::Iob2 => "IOB",
            Self::Ioe1 | Self::Ioe2 => "IOE",
            Self::Iobes => "IOBES",
            Self::Bilou => "BILOU",
        }
    }

    /// Whether an entity starts between two tags.
    fn starts(self, before: Tag<'_>, tag: Tag<'_>) -> bool {
        let same = before.kind == tag.kind;
        match (self, before.prefix, tag.prefix) {
            (Self::Iob2, _, 'B')
            | (Self::Iobes, _, 'B' | 'S')
            | (Self::Bilou, _, 'B' | 'U')
            | (Self::Iob1, 'O' | 'B', 'I')
            | (Self::Ioe1, 'O' | 'E', 'I')
            | (Self::Ioe2, 'O' | 'E', 'I' | 'E') => true,
            (Self::Iob1, 'I' | 'B', 'B') | (Self::Ioe1, 'E', 'E') => same,
            (Self::Iob1 | Self::Ioe1, 'I', 'I') | (Self::Ioe2, 'I', 'I' | 'E') => !same,
            _ => false,
        }
    }

    /// Whether the second tag belongs to the entity of the first one.
    fn continues(self, before: Tag<'_>, tag: Tag<'_>) -> bool {
        let letters = match self {
            Self::Iob1 | Self::Iob2 => matches!((before.prefix, tag.prefix), ('B' | 'I', 'I')),
            Self::Ioe1 | Self::Ioe2 => matches!((before.prefix, tag.prefix), ('I', 'I' | 'E')),
            Self::Iobes => matches!((before.prefix, tag.prefix), ('B' | 'I', 'I' | 'E')),
            Self::Bilou => matches!((before.prefix, tag.prefix), ('B' | 'I', 'I' | 'L')),
        };
        letters && before.kind == tag.kind
    }

    /// Whether an entity may end between two tags.
    fn ends(self, before: Tag<'_>, tag: Tag<'_>) -> bool {
        let same = before.kind == tag.kind;
        match (self, before.prefix, tag.prefix) {
            (Self::Iob1, 'I', 'O' | 'B')
            | (Self::Iob2, 'I' | 'B', 'O' | 'B')
            | (Self::Iob1, 'B', 'O')
            | (Self::Ioe1, 'I', 'O')
            | (Self::Ioe2 | Self::Iobes, 'E', _)
            | (Self::Iobes, 'S', _)
            | (Self::Bilou, 'L' | 'U', _) => true,
            (Self::Iob1 | Self::Iob2, 'I' | 'B', 'I') | (Self::Ioe1, 'I', 'I' | 'E') => !same,
            (Self::Iob1, 'B', 'B') | (Self::Ioe1, 'E', 'I' | 'E') => same,
            _ => false,
        }
    }
}

/// A tag's letter and type.
#[derive(Debug, Clone, Copy)]
struct Tag<'a> {
    prefix: char,
    kind: &'a str,
}

const OUTSIDE: Tag<'static> = Tag {
    prefix: 'O',
    kind: UNTYPED,
};

impl<'a> Tag<'a> {
    fn parse(tag: &'a str, suffix: bool, scheme: Scheme) -> Option<Self> {
        let (prefix, rest) = if suffix {
            let prefix = tag.chars().next_back()?;
            (prefix, &tag[..tag.len() - prefix.len_utf8()])
        } else {
            let prefix = tag.chars().next()?;
            (prefix, &tag[prefix.len_utf8()..])
        };
        let kind = rest.trim_matches('-');
        let kind = if kind.is_empty() { UNTYPED } else { kind };
        scheme
            .prefixes()
            .contains(prefix)
            .then_some(Self { prefix, kind })
    }
}

/// Appends the entities of a sentence; `Err` is the position of a tag that the scheme does not have.
pub fn find<'a>(
    tags: &[&'a str],
    suffix: bool,
    scheme: Scheme,
    out: &mut Vec<Entity<'a>>,
) -> Result<(), usize> {
    let at = |at: usize| {
        tags.get(at)
            .map_or(Some(OUTSIDE), |tag| Tag::parse(tag, suffix, scheme))
            .ok_or(at)
    };
    let (mut start, mut before) = (0, OUTSIDE);
    while start <= tags.len() {
        let first = at(start)?;
        if !scheme.starts(before, first) {
            (start, before) = (start + 1, first);
            continue;
        }
        let (mut end, mut last) = (start + 1, first);
        let mut behind = at(end)?;
        while scheme.continues(last, behind) {
            (end, last) = (end + 1, behind);
            behind = at(end)?;
        }
        if scheme.ends(last, behind) {
            out.push(Entity {
                kind: first.kind,
                start,
                end,
            });
        }
        (start, before) = (end, last);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entities(scheme: &str, tags: &str) -> Vec<(String, usize, usize)> {
        let tags: Vec<&str> = tags.split(' ').collect();
        let mut out = Vec::new();
        let scheme = Scheme::named(scheme).expect("a scheme");
        find(&tags, false, scheme, &mut out).expect("all tags are of the scheme");
        let tuple = |entity: Entity<'_>| (entity.kind.to_owned(), entity.start, entity.end);
        out.into_iter().map(tuple).collect()
    }

    fn of(list: &[(&str, usize, usize)]) -> Vec<(String, usize, usize)> {
        list.iter()
            .map(|(kind, start, end)| ((*kind).to_owned(), *start, *end))
            .collect()
    }

    #[test]
    fn the_same_entities_in_every_scheme() {
        for (scheme, tags) in [
            ("iob1", "O I-P I-P B-P I-L O"),
            ("iob2", "O B-P I-P B-P B-L O"),
            ("ioe2", "O I-P E-P E-P E-L O"),
            ("iobes", "O B-P E-P S-P S-L O"),
            ("bilou", "O B-P L-P U-P U-L O"),
        ] {
            let expected = of(&[("P", 1, 3), ("P", 3, 4), ("L", 4, 5)]);
            assert_eq!(entities(scheme, tags), expected, "{scheme}");
        }
        // seqeval's IOE1 knows no entity of one E.
        let found = entities("ioe1", "O I-P E-P I-P I-L O");
        assert_eq!(found, of(&[("P", 1, 3), ("P", 3, 4), ("L", 4, 5)]));
    }

    #[test]
    fn broken_runs_are_no_entities() {
        assert_eq!(entities("iob2", "I-P O B-P I-L I-L"), of(&[("P", 2, 3)]));
        assert_eq!(entities("iobes", "B-P I-P O E-P S-P"), of(&[("P", 4, 5)]));
        assert_eq!(entities("bilou", "B-P L-L U-P"), of(&[("P", 2, 3)]));
        assert_eq!(entities("ioe2", "I-P I-P O E-P"), of(&[("P", 3, 4)]));
    }

    #[test]
    fn letters_of_other_schemes_are_refused() {
        let mut out = Vec::new();
        assert_eq!(find(&["O", "S-P"], false, Scheme::Iob2, &mut out), Err(1));
        assert_eq!(
            find(&["B-P", "I-P", "E-P"], false, Scheme::Iob2, &mut out),
            Err(2)
        );
        assert_eq!(find(&[""], true, Scheme::Iobes, &mut out), Err(0));
    }

    #[test]
    fn hyphens_around_the_type_go() {
        let mut out = Vec::new();
        find(&["P-X--B", "-P-X-I"], true, Scheme::Iob2, &mut out).expect("tags");
        assert_eq!((out[0].kind, out[0].end), ("P-X", 2));
    }
}
