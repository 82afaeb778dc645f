//! `./x fuzz`: builds the targets in `fuzz/` with coverage counters and runs them for a while.
//!
//! It needs neither another toolchain nor another tool: the counters that libFuzzer reads are a pass
//! of the ordinary compiler. Only the address sanitizer is left out, and the fuzzed crates forbid
//! unsafe code. A C++ compiler builds libFuzzer itself.

use crate::commands::Args;
use crate::packages::{Need, provide};
use crate::process::{Done, Step, run as run_step, tool};
use crate::report::{Report, closing_line};
use crate::repository::{Repository, metadata, packages};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Time for each target unless the caller says otherwise.
const SECONDS: u64 = 10;
/// libFuzzer stops by itself; one that has not this much later hangs.
const GRACE: Duration = Duration::from_secs(60);
/// A cold build with counters.
const BUILD_LIMIT: Duration = Duration::from_secs(1800);
/// Longest input, in bytes: more than the largest datagram, so that limits are reached.
const INPUT_MAX: u32 = 4096;
/// What makes the compiler count edges and comparisons.
const COUNTERS: &str = "--cfg fuzzing -Cdebug-assertions -Ccodegen-units=1 -Cpasses=sancov-module \
    -Cllvm-args=-sanitizer-coverage-level=4 -Cllvm-args=-sanitizer-coverage-inline-8bit-counters \
    -Cllvm-args=-sanitizer-coverage-pc-table -Cllvm-args=-sanitizer-coverage-trace-compares";
/// What libFuzzer needs.
const NEEDS: &[Need] = &[Need { program: "c++", package: "g++" }];

/// `./x fuzz`.
pub(crate) fn run(repository: &Repository, args: &Args) -> Result<bool, String> {
    let folder = repository.root.join("fuzz");
    let targets = targets(&folder)?;
    if args.has("--list") {
        targets.iter().for_each(|target| println!("{target}"));
        return Ok(true);
    }
    if let Some(unknown) = args.words.iter().find(|word| !targets.contains(word)) {
        return Err(format!("no fuzz target is named `{unknown}`; see `./x fuzz --list`"));
    }
    let seconds = args.number("--seconds", SECONDS)?;
    provide(NEEDS)?;
    let programs = build(repository, &folder).map_err(|done| done.explain())?;
    let mut report = Report::default();
    for target in targets.iter().filter(|target| args.words.is_empty() || args.words.contains(target)) {
        fuzz(repository, &folder, &programs, target, seconds, &mut report)?;
    }
    print!("{}", report.render("fuzz"));
    println!("{}", closing_line(report.counts()));
    Ok(report.counts().failed == 0)
}

/// Names of the targets, as their manifest lists them.
fn targets(folder: &Path) -> Result<Vec<String>, String> {
    let json = metadata(&folder.join("Cargo.toml"))?;
    let packages = packages(&json, folder);
    Ok(packages.iter().flat_map(|package| package.targets_of("bin")).map(str::to_owned).collect())
}

/// Builds all targets; `Ok` is the folder of the programs.
fn build(repository: &Repository, folder: &Path) -> Result<PathBuf, Done> {
    let host = host();
    let target = repository.target.join("fuzz");
    let mut command = tool("cargo");
    // Naming the host as the target keeps the counters out of build scripts and macros.
    command.current_dir(folder).args(["build", "--release", "--bins", "--target", &host]);
    command.env("RUSTFLAGS", COUNTERS).env("CARGO_TARGET_DIR", &target);
    let log = repository.target.join("x/fuzz-build.log");
    let done = run_step(Step {
        label: "building the fuzz targets",
        command,
        log,
        limit: BUILD_LIMIT,
        verbose: false,
    });
    if done.success { Ok(target.join(host).join("release")) } else { Err(done) }
}

/// `x86_64-unknown-linux-gnu` and the like, from the compiler.
fn host() -> String {
    let output = tool("rustc").arg("-vV").output().map(|output| output.stdout).unwrap_or_default();
    let text = String::from_utf8_lossy(&output);
    text.lines().find_map(|line| line.strip_prefix("host: ")).unwrap_or_default().to_owned()
}

fn fuzz(
    repository: &Repository,
    folder: &Path,
    programs: &Path,
    target: &str,
    seconds: u64,
    report: &mut Report,
) -> Result<(), String> {
    let place = |kind: &str| folder.join(kind).join(target);
    let (corpus, artifacts) = (place("corpus"), place("artifacts"));
    for new in [&corpus, &artifacts] {
        std::fs::create_dir_all(new).map_err(|error| format!("{}: {error}", new.display()))?;
    }
    let mut command = tool(&programs.join(target).to_string_lossy());
    command.arg(format!("-max_total_time={seconds}")).arg(format!("-max_len={INPUT_MAX}"));
    command
        .arg(format!("-artifact_prefix={}/", artifacts.display()))
        .arg("-print_final_stats=1")
        .arg(&corpus);
    let seeds = place("seeds");
    if seeds.is_dir() {
        command.arg(seeds);
    }
    let log = repository.target.join(format!("x/fuzz-{target}.log"));
    let limit = Duration::from_secs(seconds) + GRACE;
    let label = format!("fuzzing {target} for {seconds} s");
    let done = run_step(Step { label: &label, command, log, limit, verbose: false });
    if done.success {
        let runs = statistic(&done.output, "stat::number_of_executed_units:");
        report.pass(&format!("{target} ({} runs)", runs.unwrap_or("?")), done.seconds);
    } else {
        let hint =
            format!("put the input into fuzz/seeds/{target}/ once it is mended, so that tests replay it");
        report.fail(target, format!("{}\n{hint}", done.explain()), done.seconds);
    }
    Ok(())
}

/// The number behind a line of libFuzzer's closing statistics.
fn statistic<'a>(output: &'a str, name: &str) -> Option<&'a str> {
    output.lines().find_map(|line| line.trim().strip_prefix(name)).map(str::trim)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_closing_statistics_are_read() {
        let output = "#1 INITED\nstat::number_of_executed_units: 1234\nstat::peak_rss_mb: 40\n";
        assert_eq!(statistic(output, "stat::number_of_executed_units:"), Some("1234"));
        assert_eq!(statistic("", "stat::number_of_executed_units:"), None);
    }

    #[test]
    fn the_compiler_names_its_host() {
        assert!(host().contains('-'));
    }
}
