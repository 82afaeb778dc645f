//! Programs that a task needs beside cargo, and the Debian packages that hold them.

use crate::process::{tool, works};
use std::process::Stdio;

/// One program outside the repository.
pub(crate) struct Need {
    /// What must be found on the path.
    pub(crate) program: &'static str,
    /// The Debian package that brings it.
    pub(crate) package: &'static str,
}

/// Makes sure that every program is there, installing packages when we are root on a system with
/// `apt-get`. The error says what is missing and how to get it.
pub(crate) fn provide(needs: &[Need]) -> Result<(), String> {
    let missing: Vec<&Need> = needs.iter().filter(|need| !on_path(need.program)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let packages: Vec<&str> = missing.iter().map(|need| need.package).collect();
    if may_install() {
        eprintln!("-- installing {}", packages.join(" "));
        apt_get(&["update", "-q"]);
        apt_get(&[["install", "-q", "-y", "--no-install-recommends"].as_slice(), &packages].concat());
    }
    match missing.iter().find(|need| !on_path(need.program)) {
        None => Ok(()),
        Some(need) => {
            Err(format!("`{}` is missing; on Debian: apt-get install {}", need.program, packages.join(" ")))
        }
    }
}

fn on_path(program: &str) -> bool {
    let Some(path) = std::env::var_os("PATH") else { return false };
    std::env::split_paths(&path).any(|folder| folder.join(program).is_file())
}

fn may_install() -> bool {
    let user = tool("id").arg("-u").output();
    user.is_ok_and(|output| output.stdout.trim_ascii() == b"0") && works("apt-get", &["--version"])
}

/// Whether it worked shows afterwards: the program is there or not.
fn apt_get(args: &[&str]) {
    let mut command = tool("apt-get");
    command.args(args).env("DEBIAN_FRONTEND", "noninteractive").stdin(Stdio::null()).stdout(Stdio::null());
    if let Err(error) = command.status() {
        eprintln!("   apt-get did not start: {error}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_there_needs_nothing() {
        assert_eq!(provide(&[Need { program: "sh", package: "dash" }]), Ok(()));
        assert!(!on_path("surely-no-such-program"));
    }
}
