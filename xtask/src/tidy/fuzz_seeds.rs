//! Every fuzz target starts from examples: `fuzz/seeds/TARGET/`.

use super::Finding;
use super::tree::Tree;

/// Where targets and seeds are.
const TARGETS: &str = "fuzz/fuzz_targets/";
const SEEDS: &str = "fuzz/seeds/";

/// Looks for targets without seeds and for seeds without a target.
pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let targets: Vec<(&str, &str)> = tree
        .rust()
        .filter_map(|(file, _)| {
            Some((file.path.as_str(), file.path.strip_prefix(TARGETS)?.strip_suffix(".rs")?))
        })
        .filter(|(_, name)| !name.contains('/'))
        .collect();
    let seeds: Vec<(&str, &str)> = tree
        .data
        .iter()
        .filter_map(|path| Some((path.as_str(), path.strip_prefix(SEEDS)?.split_once('/')?.0)))
        .collect();
    let mut findings = Vec::new();
    for (path, name) in &targets {
        if !seeds.iter().any(|(_, owner)| owner == name) {
            findings.push(Finding::new(
                path,
                0,
                format!("has no examples to start from: put some into {SEEDS}{name}/"),
            ));
        }
    }
    for (path, owner) in seeds {
        if !targets.iter().any(|(_, name)| *name == owner) {
            findings.push(Finding::new(
                path,
                0,
                format!("is the seed of a target that does not exist: {owner}"),
            ));
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_and_seeds_belong_together() {
        let target = ("fuzz/fuzz_targets/frames.rs", "//! x\n");
        assert!(check(&Tree::of(&[target, ("fuzz/seeds/frames/one", "x")])).is_empty());
        assert!(check(&Tree::of(&[target]))[0].message.contains("no examples"));
        assert!(check(&Tree::of(&[("fuzz/seeds/frames/one", "x")]))[0].message.contains("does not exist"));
    }
}
