//! Entities of a tagged sentence.

/// A run of tokens of one type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entity<'a> {
    /// The type, for example `PER`.
    pub kind: &'a str,
    /// Its first token.
    pub start: usize,
    /// The token behind its last one.
    pub end: usize,
}

/// The type of tags that name none.
pub const UNTYPED: &str = "_";

/// Entities that both lists have; starts are ascending in both.
pub fn common<'e, 'a>(
    left: &'e [Entity<'a>],
    right: &'e [Entity<'a>],
) -> impl Iterator<Item = &'e Entity<'a>> {
    let mut at = 0;
    left.iter().filter(move |entity| {
        while right
            .get(at)
            .is_some_and(|other| other.start < entity.start)
        {
            at += 1;
        }
        right.get(at) == Some(*entity)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entities_are_the_same_in_type_start_and_end() {
        let entity = |kind, start, end| Entity { kind, start, end };
        let left = [
            entity("A", 0, 1),
            entity("A", 2, 4),
            entity("B", 5, 6),
            entity("B", 7, 9),
        ];
        let right = [
            entity("A", 1, 2),
            entity("A", 2, 4),
            entity("A", 5, 6),
            entity("B", 7, 8),
        ];
        let both: Vec<&Entity<'_>> = common(&left, &right).collect();
        assert_eq!(both, [&left[1]]);
    }
}
