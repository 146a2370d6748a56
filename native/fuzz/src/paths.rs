//! The processor paths of one machine against each other.

use std::fmt::Debug;

use evald_core::text::simd::{Available, Path, with_path};

/// Does work on every path that this processor has; all results must be the same.
pub fn on_every_path<T: Debug + PartialEq>(mut work: impl FnMut() -> T) -> T {
    let mut paths = Path::ALL.into_iter().filter_map(Available::of);
    let plain = paths.next().expect("the plain path is always there");
    let expected = with_path(plain, &mut work);
    for path in paths {
        let found = with_path(path, &mut work);
        assert_eq!(found, expected, "{} differs from plain", path.path().name());
    }
    expected
}
