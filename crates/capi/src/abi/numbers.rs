//! Numbers of the interface that are used here, by their names in the C headers. A test compares them with the tables.

macro_rules! numbers {
    ($($(#[doc = $doc:literal])+ $name:ident = $value:literal, $c_name:literal;)+) => {
        $($(#[doc = $doc])+ pub const $name: i32 = $value;)+

        /// All of them with their names in C.
        pub const ALL: &[(&str, i32)] = &[$(($c_name, $value)),+];
    };
}

numbers! {
    /// Done.
    OK = 1, "k_EResultOK";
    /// Not done, for no special reason.
    FAIL = 2, "k_EResultFail";
    /// The connection is over, or never was.
    NO_CONNECTION = 3, "k_EResultNoConnection";
    /// An argument makes no sense.
    INVALID_PARAM = 8, "k_EResultInvalidParam";
    /// Not in this state.
    INVALID_STATE = 11, "k_EResultInvalidState";
    /// A buffer is full.
    LIMIT_EXCEEDED = 25, "k_EResultLimitExceeded";
    /// Not from a fake address.
    IP_NOT_FOUND = 31, "k_EResultIPNotFound";
    /// The handshake does not work out.
    HANDSHAKE_FAILED = 36, "k_EResultHandshakeFailed";
    /// Dropped as asked, or too early.
    IGNORED = 41, "k_EResultIgnored";
    /// Nothing fits.
    NO_MATCH = 42, "k_EResultNoMatch";
    /// Not part of this library.
    DISABLED = 80, "k_EResultDisabled";
    /// No such setting.
    CONFIG_BAD_VALUE = -1, "k_ESteamNetworkingGetConfigValue_BadValue";
    /// No such object, or no such setting for it.
    CONFIG_BAD_SCOPE_OBJ = -2, "k_ESteamNetworkingGetConfigValue_BadScopeObj";
    /// The room is too small, or its size was asked for.
    CONFIG_BUFFER_TOO_SMALL = -3, "k_ESteamNetworkingGetConfigValue_BufferTooSmall";
    /// Set on the object.
    CONFIG_OK = 1, "k_ESteamNetworkingGetConfigValue_OK";
    /// Set further up.
    CONFIG_OK_INHERITED = 2, "k_ESteamNetworkingGetConfigValue_OKInherited";
    /// No address.
    FAKE_IP_INVALID = 0, "k_ESteamNetworkingFakeIPType_Invalid";
    /// An ordinary address.
    FAKE_IP_NOT_FAKE = 1, "k_ESteamNetworkingFakeIPType_NotFake";
    /// Unique for the application.
    FAKE_IP_GLOBAL = 2, "k_ESteamNetworkingFakeIPType_GlobalIPv4";
    /// Made by this process.
    FAKE_IP_LOCAL = 3, "k_ESteamNetworkingFakeIPType_LocalIPv4";
    /// Prerequisites are missing.
    CANNOT_TRY = -102, "k_ESteamNetworkingAvailability_CannotTry";
}
