//! Writes the engine's protobuf code: `cargo run -p gen-messages`, or with `-- --check` to fail
//! when the committed code is stale.
//!
//! Owns which messages the engine knows: those that its roots reach, and no other, so that the
//! public API's requests do not become dead code here. Leaves the proto files to `proto/`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::{env, error, fs};

use prost_types::{DescriptorProto, FileDescriptorProto, FileDescriptorSet};

/// Messages that the engine names; everything that they contain comes along.
const ROOTS: [&str; 10] = [
    ".engine.v1.ShardConfig",
    ".engine.v1.WriteCommand",
    ".engine.v1.ApplyResult",
    ".engine.v1.SearchRequest",
    ".engine.v1.SearchResult",
    ".engine.v1.ReadRequest",
    ".engine.v1.ReadResult",
    ".engine.v1.SnapshotFiles",
    ".engine.v1.PointsDigest",
    ".worker.v1.ShardReport",
];
/// Parts of answers that are forwarded as bytes.
const FORWARDED: [&str; 3] = [
    ".vectron.v1.ShardPlan",
    ".vectron.v1.Point",
    ".vectron.v1.ScoredPoint",
];
const FILES: [&str; 3] = [
    "engine/v1/engine.proto",
    "vectron/v1/search.proto",
    "worker/v1/worker.proto",
];

fn main() -> ExitCode {
    match run(env::args().any(|argument| argument == "--check")) {
        Ok(stale) if stale.is_empty() => ExitCode::SUCCESS,
        Ok(stale) => {
            for file in stale {
                eprintln!("stale: {} (run cargo run -p gen-messages)", file.display());
            }
            ExitCode::FAILURE
        }
        Err(error) => {
            eprintln!("gen-messages: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Generates into the engine's `src/gen`; in check mode writes nothing and answers stale files.
fn run(check: bool) -> Result<Vec<PathBuf>, Box<dyn error::Error>> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let target = here.join("../engine/src/gen");
    let scratch = env::temp_dir().join(format!("gen-messages-{}", std::process::id()));
    fs::create_dir_all(&scratch)?;
    let generated = generate(&here.join("../../../../proto"), &scratch);
    let stale = generated.and_then(|()| compare(&scratch, &target, check));
    fs::remove_dir_all(&scratch)?;
    stale
}

fn generate(protos: &Path, out: &Path) -> Result<(), Box<dyn error::Error>> {
    let mut compiler = protox::Compiler::new([protos])?;
    compiler
        .include_imports(true)
        .include_source_info(true)
        .open_files(FILES)?;
    let mut files = compiler.file_descriptor_set();
    keep_reachable(&mut files);
    let mut config = prost_build::Config::new();
    config.bytes(["."]).btree_map(["."]).out_dir(out);
    config.compile_fds(files)?;
    Ok(())
}

/// Drops services, and every message and enum that no root contains.
fn keep_reachable(files: &mut FileDescriptorSet) {
    let mut references: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for file in &files.file {
        for message in &file.message_type {
            let name = qualified(file, message.name());
            references.insert(name, referenced(message));
        }
    }
    let mut reached = BTreeSet::new();
    let mut open: Vec<String> = ROOTS
        .iter()
        .chain(&FORWARDED)
        .map(|&root| root.into())
        .collect();
    while let Some(name) = open.pop() {
        if reached.insert(name.clone()) {
            open.extend(references.get(&name).into_iter().flatten().cloned());
        }
    }
    for file in &mut files.file {
        let package = file.package().to_owned();
        let keep = |name: &str| reached.contains(&format!(".{package}.{name}"));
        file.service.clear();
        file.extension.clear();
        file.message_type.retain(|message| keep(message.name()));
        file.enum_type.retain(|kind| keep(kind.name()));
    }
    files
        .file
        .retain(|file| !file.message_type.is_empty() || !file.enum_type.is_empty());
    for file in &mut files.file {
        file.dependency.retain(|path| !path.starts_with("google/"));
        file.source_code_info = None;
    }
}

fn qualified(file: &FileDescriptorProto, name: &str) -> String {
    format!(".{}.{name}", file.package())
}

/// Types of a message's fields and of its nested messages' (maps are nested messages).
fn referenced(message: &DescriptorProto) -> Vec<String> {
    let own = message
        .field
        .iter()
        .filter(|field| field.type_name.is_some());
    let mut names: Vec<String> = own.map(|field| field.type_name().to_owned()).collect();
    names.extend(message.nested_type.iter().flat_map(referenced));
    names
}

/// Copies new code over old; answers the files that differed (in check mode without copying).
fn compare(
    scratch: &Path,
    target: &Path,
    check: bool,
) -> Result<Vec<PathBuf>, Box<dyn error::Error>> {
    let mut stale = Vec::new();
    for entry in fs::read_dir(scratch)? {
        let entry = entry?;
        let code = fs::read(entry.path())?;
        let file = target.join(entry.file_name());
        if fs::read(&file).is_ok_and(|committed| committed == code) {
            continue;
        }
        if check {
            stale.push(file);
        } else {
            fs::write(&file, code)?;
        }
    }
    Ok(stale)
}
