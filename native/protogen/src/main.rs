//! Writes native/wire/src/generated/evald.v1.rs from proto/evald/v1, without protoc.
//!
//! The file is checked in, so that building evald needs no code generator. `--check` writes nothing
//! and fails when the file is not what the proto files say.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::{env, fs};

const GENERATED: &str = "native/wire/src/generated/evald.v1.rs";
const NOTICE: &str =
    "// Written by `cargo run -p evald-protogen` from proto/evald/v1; do not edit.\n";

fn main() -> ExitCode {
    match run(&env::args().skip(1).collect::<Vec<_>>()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("evald-protogen: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &[String]) -> Result<(), Box<dyn Error>> {
    let check = match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => false,
        ["--check"] => true,
        _ => return Err("usage: evald-protogen [--check]".into()),
    };
    let root = repository_root()?;
    let target = root.join(GENERATED);
    let fresh = generate(&root)?;
    if !check {
        fs::write(&target, fresh)?;
    } else if fs::read_to_string(&target).ok().as_ref() != Some(&fresh) {
        return Err(format!("{GENERATED} is stale: run `cargo run -p evald-protogen`").into());
    }
    Ok(())
}

/// The folder two above this crate.
fn repository_root() -> Result<PathBuf, Box<dyn Error>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2);
    Ok(root
        .ok_or("the crate is not in native/protogen")?
        .to_owned())
}

/// The generated code of all messages of the package, as the checked-in file holds it.
fn generate(root: &Path) -> Result<String, Box<dyn Error>> {
    let include = root.join("proto");
    let files = proto_files(&include.join("evald/v1"))?;
    let descriptors = protox::compile(files, [include])?;
    // google.protobuf.Struct is resolved too, and then taken from prost-types.
    let modules = descriptors
        .file
        .into_iter()
        .map(|file| {
            (
                prost_build::Module::from_protobuf_package_name(file.package()),
                file,
            )
        })
        .collect();
    let package = prost_build::Module::from_protobuf_package_name("evald.v1");
    let mut config = prost_build::Config::new();
    config.extern_path(
        ".evald.v1.ConfusionMatrix",
        "crate::matrix::ConfusionMatrix",
    );
    let mut code = config.generate(modules)?;
    let code = code
        .remove(&package)
        .ok_or("no messages in the package evald.v1")?;
    Ok(format!("{NOTICE}{code}"))
}

/// The proto files in alphabetical order, so that the output does not depend on the file system.
fn proto_files(folder: &Path) -> Result<Vec<PathBuf>, Box<dyn Error>> {
    let mut files = fs::read_dir(folder)?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<Vec<_>, _>>()?;
    files.retain(|file| {
        file.extension()
            .is_some_and(|extension| extension == "proto")
    });
    files.sort();
    Ok(files)
}
