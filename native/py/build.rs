//! Tells the extension which profile of Cargo built it.

use std::env;
use std::path::Path;

fn main() {
    // Cargo names only "release" or "debug"; the folder of the profile stands in target/PROFILE/build/CRATE-HASH/out.
    let out = env::var_os("OUT_DIR").unwrap_or_default();
    let folder = Path::new(&out).ancestors().nth(3).and_then(Path::file_name);
    let profile = folder.map_or("unknown".into(), |name| name.to_string_lossy());
    println!("cargo::rustc-env=EVALD_PROFILE={profile}");
    println!("cargo::rerun-if-changed=build.rs");
}
