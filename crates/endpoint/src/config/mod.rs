//! Settings: what there is ([`ConfigKey`], [`ConfigInfo`]), what is set where ([`ConfigTree`]), and what counts for
//! one connection ([`ConfigTree::resolve_conn`]).

mod resolve;
mod table;
mod tree;
mod value;

pub use table::{
    API_PREFIX, ConfigInfo, ConfigKey, Domain, GODOT_PREFIX, Listed, Lock, Rules, ScopeKind, UnknownKey,
    UnknownScope,
};
pub use tree::{
    AddError, AuthDefault, ConfigTree, GetError, GetValue, LAYERS_MAX, NoSuchObject, OptionError, Scope,
    SetError,
};
pub use value::{ConfigValue, ConvertError, DataType, STRING_BYTES_MAX, UnknownDataType};
