//! Settings.

use super::calls::OptionValue;
use super::{Face, Fault, Outcome};
use gamesockets::config::{ConfigKey, ConfigValue, DataType, GetError, Scope, ScopeKind};

/// Most options of one call; there are fewer settings than that.
const OPTIONS_MAX: usize = 256;
/// Answers of reading a setting.
const BAD_VALUE: i64 = -1;
const BAD_SCOPE_OBJECT: i64 = -2;
const FOUND: i64 = 1;
const INHERITED: i64 = 2;

fn key(number: i64) -> Result<ConfigKey, String> {
    let small = i32::try_from(number)
        .map_err(|_| format!("there is no configuration value with the number {number}"))?;
    ConfigKey::try_from(small).map_err(|why| why.to_string())
}

/// One option as it was given: the number of the setting, the number of the type if there was one, the value.
pub(crate) fn option(number: i64, data_type: Option<i64>, value: ConfigValue) -> Result<OptionValue, String> {
    let key = key(number)?;
    let Some(data_type) = data_type else { return Ok((key, value)) };
    let data_type = i32::try_from(data_type)
        .ok()
        .and_then(|number| DataType::try_from(number).ok())
        .ok_or_else(|| format!("{key}: {data_type} is no data type; they are 1 to 5"))?;
    let value = value.convert(data_type).map_err(|why| format!("{key}: {why}"))?;
    Ok((key, value))
}

/// Whether so many options can be looked at.
pub(crate) fn check_count(count: usize) -> Result<(), String> {
    if count > OPTIONS_MAX { Err(format!("{count} options, {OPTIONS_MAX} are possible")) } else { Ok(()) }
}

/// What reading a setting gives.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Setting {
    /// One of the numbers of the enum for that.
    pub(crate) result: i64,
    /// The value, if there is one.
    pub(crate) value: Option<ConfigValue>,
}

impl Setting {
    /// There is no such setting.
    pub(crate) const fn none() -> Self {
        Self { result: BAD_VALUE, value: None }
    }

    /// There is no such object.
    pub(crate) const fn bad_scope_object() -> Self {
        Self { result: BAD_SCOPE_OBJECT, value: None }
    }
}

impl Face {
    fn set(&self, scope: Scope, number: i64, value: ConfigValue) -> Outcome<bool> {
        match self.context()?.set_config(scope, key(number)?, Some(value)) {
            Ok(()) => Ok(true),
            Err(why) => Err(Fault::new(&why)),
        }
    }

    pub(crate) fn set_global(&self, number: i64, value: ConfigValue) -> Outcome<bool> {
        self.set(Scope::Global, number, value)
    }

    pub(crate) fn set_of_connection(
        &self,
        connection: i64,
        number: i64,
        value: ConfigValue,
    ) -> Outcome<bool> {
        let handle = self.connection(connection)?.handle().to_raw();
        self.set(Scope::Connection(handle), number, value)
    }

    pub(crate) fn setting(&self, number: i64, scope: i64, object: i64) -> Result<Setting, Fault<Setting>> {
        let bad = |result, why: String| Fault::with(Setting { result, value: None }, &why);
        let key = key(number).map_err(|why| bad(BAD_VALUE, why))?;
        let handle =
            || u32::try_from(object).map_err(|_| bad(BAD_SCOPE_OBJECT, format!("{object} is no handle")));
        let kind = i32::try_from(scope).ok().and_then(|number| ScopeKind::try_from(number).ok());
        let scope = match kind {
            Some(ScopeKind::Global) => Scope::Global,
            Some(ScopeKind::SocketsInterface) => Scope::SocketsInterface,
            Some(ScopeKind::ListenSocket) => Scope::ListenSocket(handle()?),
            Some(ScopeKind::Connection) => Scope::Connection(handle()?),
            None => return Err(bad(BAD_SCOPE_OBJECT, format!("{scope} is no scope; they are 1 to 4"))),
        };
        match self.context()?.config(scope, key) {
            Ok(found) => {
                let result = if found.inherited { INHERITED } else { FOUND };
                Ok(Setting { result, value: Some(found.value) })
            }
            Err(why @ GetError::BadScopeObject { .. }) => Err(bad(BAD_SCOPE_OBJECT, why.to_string())),
            Err(why) => Err(bad(BAD_VALUE, why.to_string())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_set_where_they_belong() {
        let face = Face::new(&[]);
        let lag = ConfigKey::FakePacketLagSend.number().into();
        assert_eq!(face.set_global(lag, ConfigValue::Int32(7)), Ok(true));
        let found = face.setting(lag, 1, 0).unwrap();
        assert_eq!(found, Setting { result: FOUND, value: Some(ConfigValue::Int32(7)) });
        let [a, _] = face.socket_pair(true, ["", ""]).unwrap();
        assert!(face.set_of_connection(a, lag, ConfigValue::Int32(7)).is_err(), "a global one");
        let nagle = ConfigKey::NagleTime.number().into();
        assert_eq!(face.setting(nagle, 4, a).unwrap().result, INHERITED);
        assert_eq!(face.set_of_connection(a, nagle, ConfigValue::text("9")), Ok(true));
        assert_eq!(face.setting(nagle, 4, a).unwrap().value, Some(ConfigValue::Int32(9)));
    }

    #[test]
    fn bad_numbers_are_told() {
        let face = Face::new(&[]);
        for number in [0, -1, 35, i64::MAX] {
            assert!(face.set_global(number, ConfigValue::Int32(1)).is_err(), "{number}");
            assert_eq!(face.setting(number, 1, 0).unwrap_err().answer.unwrap().result, BAD_VALUE);
        }
        for (scope, object) in [(0, 0), (5, 0), (i64::MAX, 0), (4, 5), (3, -1), (4, i64::MIN)] {
            let answer = face.setting(12, scope, object).unwrap_err().answer.unwrap();
            assert_eq!(answer.result, BAD_SCOPE_OBJECT, "{scope} {object}");
        }
        assert!(option(12, Some(6), ConfigValue::Int32(1)).is_err());
        assert!(option(12, Some(1), ConfigValue::text("x")).is_err());
        assert_eq!(option(12, Some(1), ConfigValue::text("5")).unwrap().1, ConfigValue::Int32(5));
        assert!(check_count(257).is_err());
    }
}
