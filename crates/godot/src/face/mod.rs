//! The work behind the functions, without Godot: everything by `&self`, from any thread.

mod fault;

pub(crate) use fault::Outcome;
use gamesockets::Context;
use std::sync::OnceLock;

/// One instance: a context, and the tables of names that belong to it.
#[derive(Debug, Default)]
pub(crate) struct Face {
    context: OnceLock<Result<Context, String>>,
}

impl Face {
    /// The context, made when it is first needed.
    pub(crate) fn context(&self) -> Result<&Context, String> {
        let made = self.context.get_or_init(|| Context::new().map_err(|why| why.to_string()));
        made.as_ref().map_err(Clone::clone)
    }

    /// Our identity as text; empty while unknown.
    pub(crate) fn identity(&self) -> Outcome<String> {
        let identity = self.context()?.identity();
        Ok(if identity.is_invalid() { String::new() } else { identity.to_string() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_in_particular_is_localhost() {
        assert_eq!(Face::default().identity(), Ok("ip:::1".to_owned()));
    }
}
