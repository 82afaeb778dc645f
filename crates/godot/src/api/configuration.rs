//! Functions: settings.

macro_rules! functions {
    ($Class:ident) => {
        #[godot_api(secondary)]
        impl $Class {
            /// Sets a whole number for all connections of this instance, such as a limit or a part of the simulated
            /// network. [param config] is a number of [enum NetworkingConfigValue]; what is out of its range becomes the
            /// nearest in it. Returns `false` if there is no such setting.
            #[func(rename = setGlobalConfigValueInt32)]
            fn set_global_config_value_int32(&self, config: Int, value: Int) -> bool {
                self.ask("setGlobalConfigValueInt32", false, |face| {
                    let value = ConfigValue::Int64(value.get("value")?);
                    face.set_global(config.get("config")?, value)
                })
            }

            /// As [method setGlobalConfigValueInt32], with a float.
            #[func(rename = setGlobalConfigValueFloat)]
            fn set_global_config_value_float(&self, config: Int, value: Real) -> bool {
                self.ask("setGlobalConfigValueFloat", false, |face| {
                    let value = ConfigValue::Float(value.get("value")? as f32);
                    face.set_global(config.get("config")?, value)
                })
            }

            /// As [method setGlobalConfigValueInt32], with text.
            #[func(rename = setGlobalConfigValueString)]
            fn set_global_config_value_string(&self, config: Int, value: Text) -> bool {
                self.ask("setGlobalConfigValueString", false, |face| {
                    let value = ConfigValue::text(&value.get("value")?);
                    face.set_global(config.get("config")?, value)
                })
            }

            /// Sets a whole number for one connection. Returns `false` for a bad handle, and if there is no such
            /// setting of connections.
            #[func(rename = setConnectionConfigValueInt32)]
            fn set_connection_config_value_int32(
                &self,
                connection_handle: Int,
                config: Int,
                value: Int,
            ) -> bool {
                self.ask("setConnectionConfigValueInt32", false, |face| {
                    let value = ConfigValue::Int64(value.get("value")?);
                    let connection = connection_handle.get("connection_handle")?;
                    face.set_of_connection(connection, config.get("config")?, value)
                })
            }

            /// As [method setConnectionConfigValueInt32], with a float.
            #[func(rename = setConnectionConfigValueFloat)]
            fn set_connection_config_value_float(
                &self,
                connection_handle: Int,
                config: Int,
                value: Real,
            ) -> bool {
                self.ask("setConnectionConfigValueFloat", false, |face| {
                    let value = ConfigValue::Float(value.get("value")? as f32);
                    let connection = connection_handle.get("connection_handle")?;
                    face.set_of_connection(connection, config.get("config")?, value)
                })
            }

            /// As [method setConnectionConfigValueInt32], with text.
            #[func(rename = setConnectionConfigValueString)]
            fn set_connection_config_value_string(
                &self,
                connection_handle: Int,
                config: Int,
                value: Text,
            ) -> bool {
                self.ask("setConnectionConfigValueString", false, |face| {
                    let value = ConfigValue::text(&value.get("value")?);
                    let connection = connection_handle.get("connection_handle")?;
                    face.set_of_connection(connection, config.get("config")?, value)
                })
            }

            /// Reads a setting as it counts for an object. [param scope_type] is a number of
            /// [enum NetworkingConfigScope], [param scope_object] the handle that goes with it, 0 for the first two.
            ///
            /// `result` is a number of [enum NetworkingGetConfigValueResult], `type` one of
            /// [enum NetworkingConfigDataType], `value` the value, or `null` on failure.
            #[func(rename = getConfigValue)]
            fn get_config_value(&self, config: Int, scope_type: Int, scope_object: Int) -> VarDictionary {
                convert::setting(&self.ask("getConfigValue", Setting::bad_scope_object(), |face| {
                    let config = config.get("config").map_err(|why| Fault::with(Setting::none(), &why))?;
                    let scope = scope_type.get("scope_type")?;
                    face.setting(config, scope, scope_object.get("scope_object")?)
                }))
            }
        }
    };
}

pub(super) use functions;
