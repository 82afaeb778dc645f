//! Builds, tests and checks of the repository; `./x help` lists the tasks.
//!
//! `commands` holds the table of tasks, `suites` the test suites, `tidy` the checks of house rules.
#![forbid(unsafe_code)]

mod commands;
mod counts;
mod dist;
mod docs;
mod engine;
mod fuzz;
mod godot;
mod packages;
mod peers;
mod process;
mod program;
mod report;
mod repository;
mod sanitize;
mod suites;
mod testrun;
mod tidy;

use std::process::ExitCode;

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    match commands::dispatch(&words) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(problem) => {
            eprintln!("x: {problem}");
            ExitCode::from(2)
        }
    }
}
