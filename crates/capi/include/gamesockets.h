/* The C interface of gamesockets: libGameNetworkingSockets. Generated; do not edit.
*
* For C99 and C++11 and later, on 64-bit Linux. Programs that use Valve's own headers need none of this.
* Interfaces are passed to functions but not looked at: null will do.
*/
#ifndef GAMESOCKETS_H
#define GAMESOCKETS_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef uint32_t HSteamNetConnection;
typedef uint32_t HSteamListenSocket;
typedef uint32_t HSteamNetPollGroup;
typedef uint32_t SteamNetworkingPOPID;
typedef char SteamNetworkingErrMsg[1024];

typedef struct ISteamNetworkingSockets ISteamNetworkingSockets;
typedef struct ISteamNetworkingUtils ISteamNetworkingUtils;
typedef struct ISteamNetworkingMessages ISteamNetworkingMessages;
typedef struct ISteamNetworkingConnectionSignaling ISteamNetworkingConnectionSignaling;
typedef struct ISteamNetworkingSignalingRecvContext ISteamNetworkingSignalingRecvContext;
typedef struct ISteamNetworkingFakeUDPPort ISteamNetworkingFakeUDPPort;

#define k_HSteamNetConnection_Invalid 0
#define k_HSteamListenSocket_Invalid 0
#define k_HSteamNetPollGroup_Invalid 0
#define k_cchMaxSteamNetworkingErrMsg 1024
#define k_cbMaxSteamNetworkingSocketsMessageSizeSend 524288
#define k_cchSteamNetworkingMaxConnectionCloseReason 128
#define k_cchSteamNetworkingMaxConnectionDescription 128
#define k_cchMaxSteamNetworkingPingLocationString 1024
#define k_nSteamNetworkingPing_Failed (-1)
#define k_nSteamNetworkingPing_Unknown (-2)
#define k_nSteamNetworkConnectionInfoFlags_Unauthenticated 1
#define k_nSteamNetworkConnectionInfoFlags_Unencrypted 2
#define k_nSteamNetworkConnectionInfoFlags_LoopbackBuffers 4
#define k_nSteamNetworkConnectionInfoFlags_Fast 8
#define k_nSteamNetworkConnectionInfoFlags_Relayed 16
#define k_nSteamNetworkingSend_Unreliable 0
#define k_nSteamNetworkingSend_NoNagle 1
#define k_nSteamNetworkingSend_UnreliableNoNagle 1
#define k_nSteamNetworkingSend_NoDelay 4
#define k_nSteamNetworkingSend_UnreliableNoDelay 5
#define k_nSteamNetworkingSend_Reliable 8
#define k_nSteamNetworkingSend_ReliableNoNagle 9
#define k_nSteamNetworkingSend_UseCurrentThread 16
#define k_nSteamNetworkingSend_AutoRestartBrokenSession 32

enum ESteamNetworkingAvailability {
    k_ESteamNetworkingAvailability_CannotTry = -102,
    k_ESteamNetworkingAvailability_Failed = -101,
    k_ESteamNetworkingAvailability_Previously = -100,
    k_ESteamNetworkingAvailability_Retrying = -10,
    k_ESteamNetworkingAvailability_NeverTried = 1,
    k_ESteamNetworkingAvailability_Waiting = 2,
    k_ESteamNetworkingAvailability_Attempting = 3,
    k_ESteamNetworkingAvailability_Current = 100,
    k_ESteamNetworkingAvailability_Unknown = 0,
    k_ESteamNetworkingAvailability__Force32bit = 2147483647
};

enum ESteamNetworkingIdentityType {
    k_ESteamNetworkingIdentityType_Invalid = 0,
    k_ESteamNetworkingIdentityType_SteamID = 16,
    k_ESteamNetworkingIdentityType_XboxPairwiseID = 17,
    k_ESteamNetworkingIdentityType_SonyPSN = 18,
    k_ESteamNetworkingIdentityType_IPAddress = 1,
    k_ESteamNetworkingIdentityType_GenericString = 2,
    k_ESteamNetworkingIdentityType_GenericBytes = 3,
    k_ESteamNetworkingIdentityType_UnknownType = 4,
    k_ESteamNetworkingIdentityType__Force32bit = 2147483647
};

enum ESteamNetworkingFakeIPType {
    k_ESteamNetworkingFakeIPType_Invalid = 0,
    k_ESteamNetworkingFakeIPType_NotFake = 1,
    k_ESteamNetworkingFakeIPType_GlobalIPv4 = 2,
    k_ESteamNetworkingFakeIPType_LocalIPv4 = 3,
    k_ESteamNetworkingFakeIPType__Force32Bit = 2147483647
};

enum ESteamNetworkingConnectionState {
    k_ESteamNetworkingConnectionState_None = 0,
    k_ESteamNetworkingConnectionState_Connecting = 1,
    k_ESteamNetworkingConnectionState_FindingRoute = 2,
    k_ESteamNetworkingConnectionState_Connected = 3,
    k_ESteamNetworkingConnectionState_ClosedByPeer = 4,
    k_ESteamNetworkingConnectionState_ProblemDetectedLocally = 5,
    k_ESteamNetworkingConnectionState_FinWait = -1,
    k_ESteamNetworkingConnectionState_Linger = -2,
    k_ESteamNetworkingConnectionState_Dead = -3,
    k_ESteamNetworkingConnectionState__Force32Bit = 2147483647
};

enum ESteamNetConnectionEnd {
    k_ESteamNetConnectionEnd_Invalid = 0,
    k_ESteamNetConnectionEnd_App_Min = 1000,
    k_ESteamNetConnectionEnd_App_Generic = 1000,
    k_ESteamNetConnectionEnd_App_Max = 1999,
    k_ESteamNetConnectionEnd_AppException_Min = 2000,
    k_ESteamNetConnectionEnd_AppException_Generic = 2000,
    k_ESteamNetConnectionEnd_AppException_Max = 2999,
    k_ESteamNetConnectionEnd_Local_Min = 3000,
    k_ESteamNetConnectionEnd_Local_OfflineMode = 3001,
    k_ESteamNetConnectionEnd_Local_ManyRelayConnectivity = 3002,
    k_ESteamNetConnectionEnd_Local_HostedServerPrimaryRelay = 3003,
    k_ESteamNetConnectionEnd_Local_NetworkConfig = 3004,
    k_ESteamNetConnectionEnd_Local_Rights = 3005,
    k_ESteamNetConnectionEnd_Local_P2P_ICE_NoPublicAddresses = 3006,
    k_ESteamNetConnectionEnd_Local_Max = 3999,
    k_ESteamNetConnectionEnd_Remote_Min = 4000,
    k_ESteamNetConnectionEnd_Remote_Timeout = 4001,
    k_ESteamNetConnectionEnd_Remote_BadCrypt = 4002,
    k_ESteamNetConnectionEnd_Remote_BadCert = 4003,
    k_ESteamNetConnectionEnd_Remote_BadProtocolVersion = 4006,
    k_ESteamNetConnectionEnd_Remote_P2P_ICE_NoPublicAddresses = 4007,
    k_ESteamNetConnectionEnd_Remote_Max = 4999,
    k_ESteamNetConnectionEnd_Misc_Min = 5000,
    k_ESteamNetConnectionEnd_Misc_Generic = 5001,
    k_ESteamNetConnectionEnd_Misc_InternalError = 5002,
    k_ESteamNetConnectionEnd_Misc_Timeout = 5003,
    k_ESteamNetConnectionEnd_Misc_SteamConnectivity = 5005,
    k_ESteamNetConnectionEnd_Misc_NoRelaySessionsToClient = 5006,
    k_ESteamNetConnectionEnd_Misc_P2P_Rendezvous = 5008,
    k_ESteamNetConnectionEnd_Misc_P2P_NAT_Firewall = 5009,
    k_ESteamNetConnectionEnd_Misc_PeerSentNoConnection = 5010,
    k_ESteamNetConnectionEnd_Misc_Max = 5999,
    k_ESteamNetConnectionEnd__Force32Bit = 2147483647
};

enum ESteamNetworkingConfigScope {
    k_ESteamNetworkingConfig_Global = 1,
    k_ESteamNetworkingConfig_SocketsInterface = 2,
    k_ESteamNetworkingConfig_ListenSocket = 3,
    k_ESteamNetworkingConfig_Connection = 4,
    k_ESteamNetworkingConfigScope__Force32Bit = 2147483647
};

enum ESteamNetworkingConfigDataType {
    k_ESteamNetworkingConfig_Int32 = 1,
    k_ESteamNetworkingConfig_Int64 = 2,
    k_ESteamNetworkingConfig_Float = 3,
    k_ESteamNetworkingConfig_String = 4,
    k_ESteamNetworkingConfig_Ptr = 5,
    k_ESteamNetworkingConfigDataType__Force32Bit = 2147483647
};

enum ESteamNetworkingConfigValue {
    k_ESteamNetworkingConfig_Invalid = 0,
    k_ESteamNetworkingConfig_TimeoutInitial = 24,
    k_ESteamNetworkingConfig_TimeoutConnected = 25,
    k_ESteamNetworkingConfig_SendBufferSize = 9,
    k_ESteamNetworkingConfig_RecvBufferSize = 47,
    k_ESteamNetworkingConfig_RecvBufferMessages = 48,
    k_ESteamNetworkingConfig_RecvMaxMessageSize = 49,
    k_ESteamNetworkingConfig_RecvMaxSegmentsPerPacket = 50,
    k_ESteamNetworkingConfig_ConnectionUserData = 40,
    k_ESteamNetworkingConfig_SendRateMin = 10,
    k_ESteamNetworkingConfig_SendRateMax = 11,
    k_ESteamNetworkingConfig_NagleTime = 12,
    k_ESteamNetworkingConfig_IP_AllowWithoutAuth = 23,
    k_ESteamNetworkingConfig_IPLocalHost_AllowWithoutAuth = 52,
    k_ESteamNetworkingConfig_MTU_PacketSize = 32,
    k_ESteamNetworkingConfig_MTU_DataSize = 33,
    k_ESteamNetworkingConfig_Unencrypted = 34,
    k_ESteamNetworkingConfig_SymmetricConnect = 37,
    k_ESteamNetworkingConfig_LocalVirtualPort = 38,
    k_ESteamNetworkingConfig_DualWifi_Enable = 39,
    k_ESteamNetworkingConfig_EnableDiagnosticsUI = 46,
    k_ESteamNetworkingConfig_SendTimeSincePreviousPacket = 59,
    k_ESteamNetworkingConfig_FakePacketLoss_Send = 2,
    k_ESteamNetworkingConfig_FakePacketLoss_Recv = 3,
    k_ESteamNetworkingConfig_FakePacketLag_Send = 4,
    k_ESteamNetworkingConfig_FakePacketLag_Recv = 5,
    k_ESteamNetworkingConfig_FakePacketJitter_Send_Avg = 53,
    k_ESteamNetworkingConfig_FakePacketJitter_Send_Max = 54,
    k_ESteamNetworkingConfig_FakePacketJitter_Send_Pct = 55,
    k_ESteamNetworkingConfig_FakePacketJitter_Recv_Avg = 56,
    k_ESteamNetworkingConfig_FakePacketJitter_Recv_Max = 57,
    k_ESteamNetworkingConfig_FakePacketJitter_Recv_Pct = 58,
    k_ESteamNetworkingConfig_FakePacketReorder_Send = 6,
    k_ESteamNetworkingConfig_FakePacketReorder_Recv = 7,
    k_ESteamNetworkingConfig_FakePacketReorder_Time = 8,
    k_ESteamNetworkingConfig_FakePacketDup_Send = 26,
    k_ESteamNetworkingConfig_FakePacketDup_Recv = 27,
    k_ESteamNetworkingConfig_FakePacketDup_TimeMax = 28,
    k_ESteamNetworkingConfig_PacketTraceMaxBytes = 41,
    k_ESteamNetworkingConfig_FakeRateLimit_Send_Rate = 42,
    k_ESteamNetworkingConfig_FakeRateLimit_Send_Burst = 43,
    k_ESteamNetworkingConfig_FakeRateLimit_Recv_Rate = 44,
    k_ESteamNetworkingConfig_FakeRateLimit_Recv_Burst = 45,
    k_ESteamNetworkingConfig_OutOfOrderCorrectionWindowMicroseconds = 51,
    k_ESteamNetworkingConfig_Callback_ConnectionStatusChanged = 201,
    k_ESteamNetworkingConfig_Callback_AuthStatusChanged = 202,
    k_ESteamNetworkingConfig_Callback_RelayNetworkStatusChanged = 203,
    k_ESteamNetworkingConfig_Callback_MessagesSessionRequest = 204,
    k_ESteamNetworkingConfig_Callback_MessagesSessionFailed = 205,
    k_ESteamNetworkingConfig_Callback_CreateConnectionSignaling = 206,
    k_ESteamNetworkingConfig_Callback_FakeIPResult = 207,
    k_ESteamNetworkingConfig_P2P_STUN_ServerList = 103,
    k_ESteamNetworkingConfig_P2P_Transport_ICE_Enable = 104,
    k_ESteamNetworkingConfig_P2P_Transport_ICE_Penalty = 105,
    k_ESteamNetworkingConfig_P2P_Transport_SDR_Penalty = 106,
    k_ESteamNetworkingConfig_P2P_TURN_ServerList = 107,
    k_ESteamNetworkingConfig_P2P_TURN_UserList = 108,
    k_ESteamNetworkingConfig_P2P_TURN_PassList = 109,
    k_ESteamNetworkingConfig_P2P_Transport_ICE_Implementation = 110,
    k_ESteamNetworkingConfig_SDRClient_ConsecutitivePingTimeoutsFailInitial = 19,
    k_ESteamNetworkingConfig_SDRClient_ConsecutitivePingTimeoutsFail = 20,
    k_ESteamNetworkingConfig_SDRClient_MinPingsBeforePingAccurate = 21,
    k_ESteamNetworkingConfig_SDRClient_SingleSocket = 22,
    k_ESteamNetworkingConfig_SDRClient_ForceRelayCluster = 29,
    k_ESteamNetworkingConfig_SDRClient_DevTicket = 30,
    k_ESteamNetworkingConfig_SDRClient_ForceProxyAddr = 31,
    k_ESteamNetworkingConfig_SDRClient_FakeClusterPing = 36,
    k_ESteamNetworkingConfig_SDRClient_LimitPingProbesToNearestN = 60,
    k_ESteamNetworkingConfig_LogLevel_AckRTT = 13,
    k_ESteamNetworkingConfig_LogLevel_PacketDecode = 14,
    k_ESteamNetworkingConfig_LogLevel_Message = 15,
    k_ESteamNetworkingConfig_LogLevel_PacketGaps = 16,
    k_ESteamNetworkingConfig_LogLevel_P2PRendezvous = 17,
    k_ESteamNetworkingConfig_LogLevel_SDRRelayPings = 18,
    k_ESteamNetworkingConfig_ECN = 999,
    k_ESteamNetworkingConfig_SDRClient_EnableTOSProbes = 998,
    k_ESteamNetworkingConfig_DELETED_EnumerateDevVars = 35,
    k_ESteamNetworkingConfigValue__Force32Bit = 2147483647
};

enum ESteamNetworkingGetConfigValueResult {
    k_ESteamNetworkingGetConfigValue_BadValue = -1,
    k_ESteamNetworkingGetConfigValue_BadScopeObj = -2,
    k_ESteamNetworkingGetConfigValue_BufferTooSmall = -3,
    k_ESteamNetworkingGetConfigValue_OK = 1,
    k_ESteamNetworkingGetConfigValue_OKInherited = 2,
    k_ESteamNetworkingGetConfigValueResult__Force32Bit = 2147483647
};

enum ESteamNetworkingSocketsDebugOutputType {
    k_ESteamNetworkingSocketsDebugOutputType_None = 0,
    k_ESteamNetworkingSocketsDebugOutputType_Bug = 1,
    k_ESteamNetworkingSocketsDebugOutputType_Error = 2,
    k_ESteamNetworkingSocketsDebugOutputType_Important = 3,
    k_ESteamNetworkingSocketsDebugOutputType_Warning = 4,
    k_ESteamNetworkingSocketsDebugOutputType_Msg = 5,
    k_ESteamNetworkingSocketsDebugOutputType_Verbose = 6,
    k_ESteamNetworkingSocketsDebugOutputType_Debug = 7,
    k_ESteamNetworkingSocketsDebugOutputType_Everything = 8,
    k_ESteamNetworkingSocketsDebugOutputType__Force32Bit = 2147483647
};

enum EUniverse {
    k_EUniverseInvalid = 0,
    k_EUniversePublic = 1,
    k_EUniverseBeta = 2,
    k_EUniverseInternal = 3,
    k_EUniverseDev = 4,
    k_EUniverseMax = 5
};

enum EAccountType {
    k_EAccountTypeInvalid = 0,
    k_EAccountTypeIndividual = 1,
    k_EAccountTypeMultiseat = 2,
    k_EAccountTypeGameServer = 3,
    k_EAccountTypeAnonGameServer = 4,
    k_EAccountTypePending = 5,
    k_EAccountTypeContentServer = 6,
    k_EAccountTypeClan = 7,
    k_EAccountTypeChat = 8,
    k_EAccountTypeConsoleUser = 9,
    k_EAccountTypeAnonUser = 10,
    k_EAccountTypeMax = 11
};

enum EResult {
    k_EResultNone = 0,
    k_EResultOK = 1,
    k_EResultFail = 2,
    k_EResultNoConnection = 3,
    k_EResultInvalidPassword = 5,
    k_EResultLoggedInElsewhere = 6,
    k_EResultInvalidProtocolVer = 7,
    k_EResultInvalidParam = 8,
    k_EResultFileNotFound = 9,
    k_EResultBusy = 10,
    k_EResultInvalidState = 11,
    k_EResultInvalidName = 12,
    k_EResultInvalidEmail = 13,
    k_EResultDuplicateName = 14,
    k_EResultAccessDenied = 15,
    k_EResultTimeout = 16,
    k_EResultBanned = 17,
    k_EResultAccountNotFound = 18,
    k_EResultInvalidSteamID = 19,
    k_EResultServiceUnavailable = 20,
    k_EResultNotLoggedOn = 21,
    k_EResultPending = 22,
    k_EResultEncryptionFailure = 23,
    k_EResultInsufficientPrivilege = 24,
    k_EResultLimitExceeded = 25,
    k_EResultRevoked = 26,
    k_EResultExpired = 27,
    k_EResultAlreadyRedeemed = 28,
    k_EResultDuplicateRequest = 29,
    k_EResultAlreadyOwned = 30,
    k_EResultIPNotFound = 31,
    k_EResultPersistFailed = 32,
    k_EResultLockingFailed = 33,
    k_EResultLogonSessionReplaced = 34,
    k_EResultConnectFailed = 35,
    k_EResultHandshakeFailed = 36,
    k_EResultIOFailure = 37,
    k_EResultRemoteDisconnect = 38,
    k_EResultShoppingCartNotFound = 39,
    k_EResultBlocked = 40,
    k_EResultIgnored = 41,
    k_EResultNoMatch = 42,
    k_EResultAccountDisabled = 43,
    k_EResultServiceReadOnly = 44,
    k_EResultAccountNotFeatured = 45,
    k_EResultAdministratorOK = 46,
    k_EResultContentVersion = 47,
    k_EResultTryAnotherCM = 48,
    k_EResultPasswordRequiredToKickSession = 49,
    k_EResultAlreadyLoggedInElsewhere = 50,
    k_EResultSuspended = 51,
    k_EResultCancelled = 52,
    k_EResultDataCorruption = 53,
    k_EResultDiskFull = 54,
    k_EResultRemoteCallFailed = 55,
    k_EResultPasswordUnset = 56,
    k_EResultExternalAccountUnlinked = 57,
    k_EResultPSNTicketInvalid = 58,
    k_EResultExternalAccountAlreadyLinked = 59,
    k_EResultRemoteFileConflict = 60,
    k_EResultIllegalPassword = 61,
    k_EResultSameAsPreviousValue = 62,
    k_EResultAccountLogonDenied = 63,
    k_EResultCannotUseOldPassword = 64,
    k_EResultInvalidLoginAuthCode = 65,
    k_EResultAccountLogonDeniedNoMail = 66,
    k_EResultHardwareNotCapableOfIPT = 67,
    k_EResultIPTInitError = 68,
    k_EResultParentalControlRestricted = 69,
    k_EResultFacebookQueryError = 70,
    k_EResultExpiredLoginAuthCode = 71,
    k_EResultIPLoginRestrictionFailed = 72,
    k_EResultAccountLockedDown = 73,
    k_EResultAccountLogonDeniedVerifiedEmailRequired = 74,
    k_EResultNoMatchingURL = 75,
    k_EResultBadResponse = 76,
    k_EResultRequirePasswordReEntry = 77,
    k_EResultValueOutOfRange = 78,
    k_EResultUnexpectedError = 79,
    k_EResultDisabled = 80,
    k_EResultInvalidCEGSubmission = 81,
    k_EResultRestrictedDevice = 82,
    k_EResultRegionLocked = 83,
    k_EResultRateLimitExceeded = 84,
    k_EResultAccountLoginDeniedNeedTwoFactor = 85,
    k_EResultItemDeleted = 86,
    k_EResultAccountLoginDeniedThrottle = 87,
    k_EResultTwoFactorCodeMismatch = 88,
    k_EResultTwoFactorActivationCodeMismatch = 89,
    k_EResultAccountAssociatedToMultiplePartners = 90,
    k_EResultNotModified = 91,
    k_EResultNoMobileDevice = 92,
    k_EResultTimeNotSynced = 93,
    k_EResultSmsCodeFailed = 94,
    k_EResultAccountLimitExceeded = 95,
    k_EResultAccountActivityLimitExceeded = 96,
    k_EResultPhoneActivityLimitExceeded = 97,
    k_EResultRefundToWallet = 98,
    k_EResultEmailSendFailure = 99,
    k_EResultNotSettled = 100,
    k_EResultNeedCaptcha = 101,
    k_EResultGSLTDenied = 102,
    k_EResultGSOwnerDenied = 103,
    k_EResultInvalidItemType = 104,
    k_EResultIPBanned = 105,
    k_EResultGSLTExpired = 106,
    k_EResultInsufficientFunds = 107,
    k_EResultTooManyPending = 108,
    k_EResultNoSiteLicensesFound = 109,
    k_EResultWGNetworkSendExceeded = 110,
    k_EResultAccountNotFriends = 111,
    k_EResultLimitedUserAccount = 112,
    k_EResultCantRemoveItem = 113,
    k_EResultAccountDeleted = 114,
    k_EResultExistingUserCancelledLicense = 115,
    k_EResultCommunityCooldown = 116,
    k_EResultNoLauncherSpecified = 117,
    k_EResultMustAgreeToSSA = 118,
    k_EResultLauncherMigrated = 119,
    k_EResultSteamRealmMismatch = 120,
    k_EResultInvalidSignature = 121,
    k_EResultParseFailure = 122,
    k_EResultNoVerifiedPhone = 123,
    k_EResultInsufficientBattery = 124,
    k_EResultChargerRequired = 125,
    k_EResultCachedCredentialInvalid = 126,
    k_EResultPhoneNumberIsVOIP = 127,
    k_EResultNotSupported = 128,
    k_EResultFamilySizeLimitExceeded = 129
};

#pragma pack(push, 1)
typedef struct SteamNetworkingIPAddr SteamNetworkingIPAddr;
struct SteamNetworkingIPAddr {
    union {
        uint8_t m_ipv6[16];
    } m_addr;
    uint16_t m_port;
};
#pragma pack(pop)

#pragma pack(push, 1)
typedef struct SteamNetworkingIdentity SteamNetworkingIdentity;
struct SteamNetworkingIdentity {
    int32_t m_eType;
    int32_t m_cbSize;
    union {
        uint64_t m_steamID64;
        uint64_t m_PSNID;
        char m_szGenericString[32];
        char m_szXboxPairwiseID[33];
        uint8_t m_genericBytes[32];
        char m_szUnknownRawString[128];
        SteamNetworkingIPAddr m_ip;
        uint32_t m_reserved[32];
    } m_value;
};
#pragma pack(pop)

#pragma pack(push, 4)
typedef struct SteamNetConnectionInfo_t SteamNetConnectionInfo_t;
struct SteamNetConnectionInfo_t {
    SteamNetworkingIdentity m_identityRemote;
    int64_t m_nUserData;
    HSteamListenSocket m_hListenSocket;
    SteamNetworkingIPAddr m_addrRemote;
    uint16_t m__pad1;
    SteamNetworkingPOPID m_idPOPRemote;
    SteamNetworkingPOPID m_idPOPRelay;
    int32_t m_eState;
    int32_t m_eEndReason;
    char m_szEndDebug[128];
    char m_szConnectionDescription[128];
    int32_t m_nFlags;
    uint32_t reserved[63];
};
#pragma pack(pop)

#pragma pack(push, 4)
typedef struct SteamNetConnectionRealTimeStatus_t SteamNetConnectionRealTimeStatus_t;
struct SteamNetConnectionRealTimeStatus_t {
    int32_t m_eState;
    int32_t m_nPing;
    float m_flConnectionQualityLocal;
    float m_flConnectionQualityRemote;
    float m_flOutPacketsPerSec;
    float m_flOutBytesPerSec;
    float m_flInPacketsPerSec;
    float m_flInBytesPerSec;
    int32_t m_nSendRateBytesPerSecond;
    int32_t m_cbPendingUnreliable;
    int32_t m_cbPendingReliable;
    int32_t m_cbSentUnackedReliable;
    int64_t m_usecQueueTime;
    int32_t m_usecMaxJitter;
    uint32_t reserved[15];
};
#pragma pack(pop)

#pragma pack(push, 4)
typedef struct SteamNetConnectionRealTimeLaneStatus_t SteamNetConnectionRealTimeLaneStatus_t;
struct SteamNetConnectionRealTimeLaneStatus_t {
    int32_t m_cbPendingUnreliable;
    int32_t m_cbPendingReliable;
    int32_t m_cbSentUnackedReliable;
    int32_t reservePad1;
    int64_t m_usecQueueTime;
    uint32_t reserved[10];
};
#pragma pack(pop)

#pragma pack(push, 8)
typedef struct SteamNetworkingMessage_t SteamNetworkingMessage_t;
struct SteamNetworkingMessage_t {
    void *m_pData;
    int32_t m_cbSize;
    HSteamNetConnection m_conn;
    SteamNetworkingIdentity m_identityPeer;
    int64_t m_nConnUserData;
    int64_t m_usecTimeReceived;
    int64_t m_nMessageNumber;
    void (*m_pfnFreeData)(SteamNetworkingMessage_t *message);
    void (*m_pfnRelease)(SteamNetworkingMessage_t *message);
    int32_t m_nChannel;
    int32_t m_nFlags;
    int64_t m_nUserData;
    uint16_t m_idxLane;
    uint16_t pad1__;
};
#pragma pack(pop)

#pragma pack(push, 8)
typedef struct SteamNetworkPingLocation_t SteamNetworkPingLocation_t;
struct SteamNetworkPingLocation_t {
    uint8_t m_data[512];
};
#pragma pack(pop)

#pragma pack(push, 8)
typedef struct SteamNetworkingConfigValue_t SteamNetworkingConfigValue_t;
struct SteamNetworkingConfigValue_t {
    int32_t m_eValue;
    int32_t m_eDataType;
    union {
        int32_t m_int32;
        int64_t m_int64;
        float m_float;
        const char *m_string;
        void *m_ptr;
    } m_val;
};
#pragma pack(pop)

#pragma pack(push, 4)
typedef struct SteamNetConnectionStatusChangedCallback_t SteamNetConnectionStatusChangedCallback_t;
struct SteamNetConnectionStatusChangedCallback_t {
    HSteamNetConnection m_hConn;
    SteamNetConnectionInfo_t m_info;
    int32_t m_eOldState;
};
#pragma pack(pop)

#pragma pack(push, 4)
typedef struct SteamNetAuthenticationStatus_t SteamNetAuthenticationStatus_t;
struct SteamNetAuthenticationStatus_t {
    int32_t m_eAvail;
    char m_debugMsg[256];
};
#pragma pack(pop)

#pragma pack(push, 4)
typedef struct SteamNetworkingFakeIPResult_t SteamNetworkingFakeIPResult_t;
struct SteamNetworkingFakeIPResult_t {
    int32_t m_eResult;
    SteamNetworkingIdentity m_identity;
    uint32_t m_unIP;
    uint16_t m_unPorts[8];
};
#pragma pack(pop)

#pragma pack(push, 8)
typedef struct SteamRelayNetworkStatus_t SteamRelayNetworkStatus_t;
struct SteamRelayNetworkStatus_t {
    int32_t m_eAvail;
    int32_t m_bPingMeasurementInProgress;
    int32_t m_eAvailNetworkConfig;
    int32_t m_eAvailAnyRelay;
    char m_debugMsg[256];
};
#pragma pack(pop)

#pragma pack(push, 1)
typedef struct SteamNetworkingMessagesSessionRequest_t SteamNetworkingMessagesSessionRequest_t;
struct SteamNetworkingMessagesSessionRequest_t {
    SteamNetworkingIdentity m_identityRemote;
};
#pragma pack(pop)

#pragma pack(push, 1)
typedef struct SteamNetworkingMessagesSessionFailed_t SteamNetworkingMessagesSessionFailed_t;
struct SteamNetworkingMessagesSessionFailed_t {
    SteamNetConnectionInfo_t m_info;
};
#pragma pack(pop)

#pragma pack(push, 4)
typedef struct SteamDatagramHostedAddress SteamDatagramHostedAddress;
struct SteamDatagramHostedAddress {
    int32_t m_cbSize;
    char m_data[128];
};
#pragma pack(pop)

#pragma pack(push, 4)
typedef struct SteamDatagramRelayAuthTicket_ExtraField SteamDatagramRelayAuthTicket_ExtraField;
struct SteamDatagramRelayAuthTicket_ExtraField {
    int32_t m_eType;
    char m_szName[28];
    union {
        char m_szStringValue[128];
        int64_t m_nIntValue;
        uint64_t m_nFixed64Value;
    } m_value;
};
#pragma pack(pop)

#pragma pack(push, 4)
typedef struct SteamDatagramRelayAuthTicket SteamDatagramRelayAuthTicket;
struct SteamDatagramRelayAuthTicket {
    SteamNetworkingIdentity m_identityGameserver;
    SteamNetworkingIdentity m_identityAuthorizedClient;
    uint32_t m_unPublicIP;
    uint32_t m_rtimeTicketExpiry;
    SteamDatagramHostedAddress m_routing;
    uint32_t m_nAppID;
    int32_t m_nRestrictToVirtualPort;
    int32_t m_nExtraFields;
    SteamDatagramRelayAuthTicket_ExtraField m_vecExtraFields[16];
};
#pragma pack(pop)

#pragma pack(push, 4)
typedef struct SteamDatagramGameCoordinatorServerLogin SteamDatagramGameCoordinatorServerLogin;
struct SteamDatagramGameCoordinatorServerLogin {
    SteamNetworkingIdentity m_identity;
    SteamDatagramHostedAddress m_routing;
    uint32_t m_nAppID;
    uint32_t m_rtime;
    int32_t m_cbAppData;
    char m_appData[2048];
};
#pragma pack(pop)
typedef void (*FnSteamNetworkingDebugOutput)(int32_t level, const char *msg);
typedef void (*FnSteamNetworkingConnStatusChanged)(SteamNetConnectionStatusChangedCallback_t *arg);
typedef void (*FnSteamNetworkingAuthStatusChanged)(SteamNetAuthenticationStatus_t *arg);
typedef void (*FnSteamNetworkingRelayStatusChanged)(SteamRelayNetworkStatus_t *arg);
typedef void (*FnSteamNetworkingFakeIPResult)(SteamNetworkingFakeIPResult_t *arg);
typedef void (*FnSteamNetworkingSessionRequest)(SteamNetworkingMessagesSessionRequest_t *arg);
typedef void (*FnSteamNetworkingSessionFailed)(SteamNetworkingMessagesSessionFailed_t *arg);
typedef bool (*FnSteamNetworkingCustomSendSignal)(void *ctx, uint32_t conn, const SteamNetConnectionInfo_t *info, const void *msg, int32_t len);
typedef void (*FnSteamNetworkingCustomRelease)(void *ctx);
typedef ISteamNetworkingConnectionSignaling * (*FnSteamNetworkingCustomOnConnectRequest)(void *ctx, uint32_t conn, const SteamNetworkingIdentity *peer, int32_t local_virtual_port);
typedef void (*FnSteamNetworkingCustomSendRejection)(void *ctx, const SteamNetworkingIdentity *peer, const void *msg, int32_t len);
typedef ISteamNetworkingConnectionSignaling * (*FnSteamNetworkingCreateConnectionSignaling)(ISteamNetworkingSockets *local, const SteamNetworkingIdentity *peer, int32_t local_virtual_port, int32_t remote_virtual_port);

/* ---- Start and end, interfaces, hooks, text ---- */

/* Starts the library. A null identity is localhost, nobody in particular. False with a text in `err_msg` if
   it cannot; true without doing anything if it runs already. */
bool GameNetworkingSockets_Init(const SteamNetworkingIdentity *identity, SteamNetworkingErrMsg *err_msg);

/* Ends everything: connections close, handles and interface pointers die, buffers go back to their owners.
   Harmless if nothing runs. */
void GameNetworkingSockets_Kill(void);

/* Accepted without effect: memory comes from the system's allocator. */
void SteamNetworkingSockets_SetCustomMemoryAllocator(void * (*pfn_malloc)(size_t), void (*pfn_free)(void *), void * (*pfn_realloc)(void *, size_t));

/* Accepted without effect. */
void SteamNetworkingSockets_SetLockWaitWarningThreshold(int64_t threshold);

/* Accepted without effect. */
void SteamNetworkingSockets_SetLockAcquiredCallback(void (*callback)(const char *, int64_t));

/* Accepted without effect. */
void SteamNetworkingSockets_SetLockHeldCallback(void (*callback)(const char *, int64_t));

/* Has a function called on the I/O thread when it begins. Before Init. */
void SteamNetworkingSockets_SetServiceThreadInitCallback(void (*callback)(void));

/* The sockets interface; null before Init and after Kill. */
ISteamNetworkingSockets *SteamNetworkingSockets_LibV12(void);

/* The same as SteamNetworkingSockets_LibV12. */
ISteamNetworkingSockets *SteamGameServerNetworkingSockets_LibV12(void);

/* The utils interface; always there. */
ISteamNetworkingUtils *SteamNetworkingUtils_LibV4(void);

/* Writes an address as text, at most `buf_len` bytes with the end. */
void SteamNetworkingIPAddr_ToString(const SteamNetworkingIPAddr *addr, char *buf, size_t buf_len, bool with_port);

/* Reads `1.2.3.4`, `1.2.3.4:80`, `::1`, `[::1]:80`. False leaves the address alone. */
bool SteamNetworkingIPAddr_ParseString(SteamNetworkingIPAddr *addr, const char *text);

/* Whether the address is a fake one, and of which kind. */
int32_t SteamNetworkingIPAddr_GetFakeIPType(const SteamNetworkingIPAddr *addr);

/* Writes an identity as text, at most `buf_len` bytes with the end. */
void SteamNetworkingIdentity_ToString(const SteamNetworkingIdentity *identity, char *buf, size_t buf_len);

/* Reads an identity. False leaves it alone. */
bool SteamNetworkingIdentity_ParseString(SteamNetworkingIdentity *identity, size_t sizeof_identity, const char *text);

/* The messages interface; null before Init and after Kill. */
ISteamNetworkingMessages *SteamNetworkingMessages_LibV2(void);

/* The same as SteamNetworkingMessages_LibV2. */
ISteamNetworkingMessages *SteamGameServerNetworkingMessages_LibV2(void);

/* The same as SteamNetworkingSockets_LibV12. */
ISteamNetworkingSockets *SteamAPI_SteamNetworkingSockets_v009(void);

/* The same as SteamNetworkingUtils_LibV4. */
ISteamNetworkingUtils *SteamAPI_SteamNetworkingUtils_v003(void);

/* The same as SteamNetworkingMessages_LibV2. */
ISteamNetworkingMessages *SteamAPI_SteamNetworkingMessages_v002(void);

/* With true, the next Init starts no thread: work is done in SteamNetworkingSockets_Poll alone. */
void SteamNetworkingSockets_SetManualPollMode(bool on);

/* Does the work of the I/O thread, and waits for some for up to that many milliseconds. In manual mode. */
void SteamNetworkingSockets_Poll(int32_t max_wait_ms);

/* Has lines of debug output given to a function of five parts; they come finished, with `fmt` false. Not
   null. */
void SteamNetworkingSockets_SetPreFormatDebugOutputHandler(int32_t level, void (*handler)(int32_t, bool, const char *, int32_t, const char *, va_list));

/* Puts a line together and gives it to the function of SetDebugOutputFunction. */
void SteamNetworkingSockets_DefaultPreFormatDebugOutputHandler(int32_t level, bool fmt, const char *file, int32_t line, const char *msg, va_list arguments);

/* The same as SteamNetworkingSockets_LibV12. */
ISteamNetworkingSockets *SteamAPI_SteamNetworkingSockets_SteamAPI(void);

/* The same as SteamNetworkingSockets_LibV12. */
ISteamNetworkingSockets *SteamAPI_SteamGameServerNetworkingSockets_SteamAPI(void);

/* The same as SteamNetworkingSockets_LibV12. */
ISteamNetworkingSockets *SteamAPI_SteamNetworkingSockets_SteamAPI_v012(void);

/* The same as SteamNetworkingSockets_LibV12. */
ISteamNetworkingSockets *SteamAPI_SteamGameServerNetworkingSockets_SteamAPI_v012(void);

/* The same as SteamNetworkingMessages_LibV2. */
ISteamNetworkingMessages *SteamAPI_SteamNetworkingMessages_SteamAPI(void);

/* The same as SteamNetworkingMessages_LibV2. */
ISteamNetworkingMessages *SteamAPI_SteamGameServerNetworkingMessages_SteamAPI(void);

/* The same as SteamNetworkingMessages_LibV2. */
ISteamNetworkingMessages *SteamAPI_SteamNetworkingMessages_SteamAPI_v002(void);

/* The same as SteamNetworkingMessages_LibV2. */
ISteamNetworkingMessages *SteamAPI_SteamGameServerNetworkingMessages_SteamAPI_v002(void);

/* The same as SteamNetworkingUtils_LibV4. */
ISteamNetworkingUtils *SteamAPI_SteamNetworkingUtils_SteamAPI(void);

/* The same as SteamNetworkingUtils_LibV4. */
ISteamNetworkingUtils *SteamAPI_SteamNetworkingUtils_SteamAPI_v004(void);

/* ---- Structs ---- */

/* All zeros. */
void SteamAPI_SteamNetworkingIPAddr_Clear(SteamNetworkingIPAddr *self_);

/* Whether the address is all zeros. */
bool SteamAPI_SteamNetworkingIPAddr_IsIPv6AllZeros(SteamNetworkingIPAddr *self_);

/* Sets 16 bytes and a port. */
void SteamAPI_SteamNetworkingIPAddr_SetIPv6(SteamNetworkingIPAddr *self_, const uint8_t *ipv6, uint16_t port);

/* Sets an IPv4 address, a number in the order of the machine, and a port. */
void SteamAPI_SteamNetworkingIPAddr_SetIPv4(SteamNetworkingIPAddr *self_, uint32_t ip, uint16_t port);

/* Whether it is an IPv4 address. */
bool SteamAPI_SteamNetworkingIPAddr_IsIPv4(SteamNetworkingIPAddr *self_);

/* The IPv4 address as a number; 0 if it is none. */
uint32_t SteamAPI_SteamNetworkingIPAddr_GetIPv4(SteamNetworkingIPAddr *self_);

/* Sets ::1 and a port. */
void SteamAPI_SteamNetworkingIPAddr_SetIPv6LocalHost(SteamNetworkingIPAddr *self_, uint16_t port);

/* Whether it is ::1 or 127.0.0.1. */
bool SteamAPI_SteamNetworkingIPAddr_IsLocalHost(SteamNetworkingIPAddr *self_);

/* Whether address and port are the same. */
bool SteamAPI_SteamNetworkingIPAddr_IsEqualTo(SteamNetworkingIPAddr *self_, const SteamNetworkingIPAddr *x);

/* Writes the address as text, at most `buf_len` bytes with the end. */
void SteamAPI_SteamNetworkingIPAddr_ToString(const SteamNetworkingIPAddr *self_, char *buf, size_t buf_len, bool with_port);

/* Reads an address. False leaves it alone. */
bool SteamAPI_SteamNetworkingIPAddr_ParseString(SteamNetworkingIPAddr *self_, const char *text);

/* Nobody. */
void SteamAPI_SteamNetworkingIdentity_Clear(SteamNetworkingIdentity *self_);

/* Whether it is nobody. */
bool SteamAPI_SteamNetworkingIdentity_IsInvalid(SteamNetworkingIdentity *self_);

/* Sets an account number. */
void SteamAPI_SteamNetworkingIdentity_SetSteamID(SteamNetworkingIdentity *self_, uint64_t steam_id);

/* The account number; 0 if it is none. */
uint64_t SteamAPI_SteamNetworkingIdentity_GetSteamID(SteamNetworkingIdentity *self_);

/* Sets an account number. */
void SteamAPI_SteamNetworkingIdentity_SetSteamID64(SteamNetworkingIdentity *self_, uint64_t steam_id);

/* The account number; 0 if it is none. */
uint64_t SteamAPI_SteamNetworkingIdentity_GetSteamID64(SteamNetworkingIdentity *self_);

/* Sets text of 1 to 32 bytes. False changes nothing. */
bool SteamAPI_SteamNetworkingIdentity_SetXboxPairwiseID(SteamNetworkingIdentity *self_, const char *string);

/* The text; null if it is none. */
const char *SteamAPI_SteamNetworkingIdentity_GetXboxPairwiseID(SteamNetworkingIdentity *self_);

/* Sets an address. */
void SteamAPI_SteamNetworkingIdentity_SetIPAddr(SteamNetworkingIdentity *self_, const SteamNetworkingIPAddr *addr);

/* The address; null if it is none. */
const SteamNetworkingIPAddr *SteamAPI_SteamNetworkingIdentity_GetIPAddr(SteamNetworkingIdentity *self_);

/* Sets ::1. */
void SteamAPI_SteamNetworkingIdentity_SetLocalHost(SteamNetworkingIdentity *self_);

/* Whether it is ::1 or 127.0.0.1. */
bool SteamAPI_SteamNetworkingIdentity_IsLocalHost(SteamNetworkingIdentity *self_);

/* Sets text of up to 31 bytes. False changes nothing. */
bool SteamAPI_SteamNetworkingIdentity_SetGenericString(SteamNetworkingIdentity *self_, const char *string);

/* The text; null if it is none. */
const char *SteamAPI_SteamNetworkingIdentity_GetGenericString(SteamNetworkingIdentity *self_);

/* Sets up to 32 bytes. False changes nothing. */
bool SteamAPI_SteamNetworkingIdentity_SetGenericBytes(SteamNetworkingIdentity *self_, const void *data, uint32_t len);

/* The bytes and how many; null if it is none. */
const uint8_t *SteamAPI_SteamNetworkingIdentity_GetGenericBytes(SteamNetworkingIdentity *self_, int32_t *len);

/* Whether both are the same. */
bool SteamAPI_SteamNetworkingIdentity_IsEqualTo(SteamNetworkingIdentity *self_, const SteamNetworkingIdentity *x);

/* Writes the identity as text, at most `buf_len` bytes with the end. */
void SteamAPI_SteamNetworkingIdentity_ToString(const SteamNetworkingIdentity *self_, char *buf, size_t buf_len);

/* Reads an identity. False leaves it alone. */
bool SteamAPI_SteamNetworkingIdentity_ParseString(SteamNetworkingIdentity *self_, size_t sizeof_identity, const char *text);

/* Frees the bytes of a message, then itself. From any thread, once. */
void SteamAPI_SteamNetworkingMessage_t_Release(SteamNetworkingMessage_t *self_);

/* No address. */
void SteamAPI_SteamDatagramHostedAddress_Clear(SteamDatagramHostedAddress *self_);

/* The data centre; 0 if there is none. */
uint32_t SteamAPI_SteamDatagramHostedAddress_GetPopID(SteamDatagramHostedAddress *self_);

/* An address in the plain form for development. */
void SteamAPI_SteamDatagramHostedAddress_SetDevAddress(SteamDatagramHostedAddress *self_, uint32_t ip, uint16_t port, uint32_t popid);

/* Whether the address is a fake one, and of which kind. */
int32_t SteamAPI_SteamNetworkingIPAddr_GetFakeIPType(SteamNetworkingIPAddr *self_);

/* Whether the address is a fake one. */
bool SteamAPI_SteamNetworkingIPAddr_IsFakeIP(SteamNetworkingIPAddr *self_);

/* Whether it is a fake address, and of which kind. */
int32_t SteamAPI_SteamNetworkingIdentity_GetFakeIPType(SteamNetworkingIdentity *self_);

/* Whether it is a fake address. */
bool SteamAPI_SteamNetworkingIdentity_IsFakeIP(SteamNetworkingIdentity *self_);

/* The IPv4 address as a number; 0 if it is none. */
uint32_t SteamAPI_SteamNetworkingIdentity_GetIPv4(SteamNetworkingIdentity *self_);

/* Sets an IPv4 address and a port. */
void SteamAPI_SteamNetworkingIdentity_SetIPv4Addr(SteamNetworkingIdentity *self_, uint32_t ip, uint16_t port);

/* The number; 0 if it is none. */
uint64_t SteamAPI_SteamNetworkingIdentity_GetPSNID(SteamNetworkingIdentity *self_);

/* Sets a number. */
void SteamAPI_SteamNetworkingIdentity_SetPSNID(SteamNetworkingIdentity *self_, uint64_t id);

/* A setting and its value, a whole number of 32 bits. */
void SteamAPI_SteamNetworkingConfigValue_t_SetInt32(SteamNetworkingConfigValue_t *self_, int32_t val, int32_t data);

/* A setting and its value, a whole number of 64 bits. */
void SteamAPI_SteamNetworkingConfigValue_t_SetInt64(SteamNetworkingConfigValue_t *self_, int32_t val, int64_t data);

/* A setting and its value, a number with a fraction. */
void SteamAPI_SteamNetworkingConfigValue_t_SetFloat(SteamNetworkingConfigValue_t *self_, int32_t val, float data);

/* A setting and its value, a pointer. */
void SteamAPI_SteamNetworkingConfigValue_t_SetPtr(SteamNetworkingConfigValue_t *self_, int32_t val, void *data);

/* A setting and its value, a text, which has to stay where it is until the struct was used. */
void SteamAPI_SteamNetworkingConfigValue_t_SetString(SteamNetworkingConfigValue_t *self_, int32_t val, const char *data);

/* ---- Sockets ---- */

/* Listens at an address; all zeros is every address of the machine. 0 if the port is 0 or taken, or an option
   is wrong. */
uint32_t SteamAPI_ISteamNetworkingSockets_CreateListenSocketIP(ISteamNetworkingSockets *self_, const SteamNetworkingIPAddr *local_address, int32_t options_count, const SteamNetworkingConfigValue_t *options);

/* Starts connecting. 0 for port 0, no socket, or a wrong option. */
uint32_t SteamAPI_ISteamNetworkingSockets_ConnectByIPAddress(ISteamNetworkingSockets *self_, const SteamNetworkingIPAddr *address, int32_t options_count, const SteamNetworkingConfigValue_t *options);

/* 0: connections between peers are not part of this library yet. */
uint32_t SteamAPI_ISteamNetworkingSockets_CreateListenSocketP2P(ISteamNetworkingSockets *self_, int32_t local_virtual_port, int32_t options_count, const SteamNetworkingConfigValue_t *options);

/* 0: connections between peers are not part of this library yet. */
uint32_t SteamAPI_ISteamNetworkingSockets_ConnectP2P(ISteamNetworkingSockets *self_, const SteamNetworkingIdentity *identity_remote, int32_t remote_virtual_port, int32_t options_count, const SteamNetworkingConfigValue_t *options);

/* Accepts a connection that came in. 1; 8 bad handle or not incoming; 11 wrong state; 36 the key exchange
   fails. */
int32_t SteamAPI_ISteamNetworkingSockets_AcceptConnection(ISteamNetworkingSockets *self_, uint32_t conn);

/* Closes a connection; the handle dies. False for a bad handle. */
bool SteamAPI_ISteamNetworkingSockets_CloseConnection(ISteamNetworkingSockets *self_, uint32_t peer, int32_t reason, const char *debug, bool enable_linger);

/* Stops listening; all connections that came in die without goodbye. False for a bad handle. */
bool SteamAPI_ISteamNetworkingSockets_CloseListenSocket(ISteamNetworkingSockets *self_, uint32_t socket);

/* Keeps a number with the connection. False for a bad handle. */
bool SteamAPI_ISteamNetworkingSockets_SetConnectionUserData(ISteamNetworkingSockets *self_, uint32_t peer, int64_t user_data);

/* The number kept; -1 unless set, and for a bad handle. */
int64_t SteamAPI_ISteamNetworkingSockets_GetConnectionUserData(ISteamNetworkingSockets *self_, uint32_t peer);

/* Names the connection in logs; cut after 31 bytes. */
void SteamAPI_ISteamNetworkingSockets_SetConnectionName(ISteamNetworkingSockets *self_, uint32_t peer, const char *name);

/* The name, at most `max_len` bytes with its end. False for a bad handle. */
bool SteamAPI_ISteamNetworkingSockets_GetConnectionName(ISteamNetworkingSockets *self_, uint32_t peer, char *name, int32_t max_len);

/* Sends a copy of the bytes on lane 0. 1; 8 bad handle or too big; 3 over; 25 buffer full; 41 dropped as
   asked. */
int32_t SteamAPI_ISteamNetworkingSockets_SendMessageToConnection(ISteamNetworkingSockets *self_, uint32_t conn, const void *data, uint32_t data_len, int32_t send_flags, int64_t *message_number);

/* Sends messages from AllocateMessage, which become the library's. Results: the number; minus the reason; 0
   not tried after a failure on the same connection. */
void SteamAPI_ISteamNetworkingSockets_SendMessages(ISteamNetworkingSockets *self_, int32_t messages_count, SteamNetworkingMessage_t **messages, int64_t *message_number_or_result, bool delete_failed_messages);

/* Lets messages that wait for company go. 1; 8 bad handle; 3 over; 41 not connected yet. */
int32_t SteamAPI_ISteamNetworkingSockets_FlushMessagesOnConnection(ISteamNetworkingSockets *self_, uint32_t conn);

/* Fetches up to `max_messages` messages, oldest first; release each. How many, or -1 for a bad handle. */
int32_t SteamAPI_ISteamNetworkingSockets_ReceiveMessagesOnConnection(ISteamNetworkingSockets *self_, uint32_t conn, SteamNetworkingMessage_t **messages, int32_t max_messages);

/* Facts about a connection. False for a bad handle. */
bool SteamAPI_ISteamNetworkingSockets_GetConnectionInfo(ISteamNetworkingSockets *self_, uint32_t conn, SteamNetConnectionInfo_t *info);

/* Figures of a connection and of its first lanes. 1; 3 bad handle; 8 no such lanes. */
int32_t SteamAPI_ISteamNetworkingSockets_GetConnectionRealTimeStatus(ISteamNetworkingSockets *self_, uint32_t conn, SteamNetConnectionRealTimeStatus_t *stats, int32_t lanes_count, SteamNetConnectionRealTimeLaneStatus_t *lanes);

/* Everything as text. 0; -1 bad handle; above that the size to try again with. */
int32_t SteamAPI_ISteamNetworkingSockets_GetDetailedConnectionStatus(ISteamNetworkingSockets *self_, uint32_t conn, char *buf, int32_t buf_len);

/* The address of a listen socket. False for a bad handle. */
bool SteamAPI_ISteamNetworkingSockets_GetListenSocketAddress(ISteamNetworkingSockets *self_, uint32_t socket, SteamNetworkingIPAddr *address);

/* Two connections with each other, over the network of this machine or inside the process. Identity n is whom
   connection n sees. */
bool SteamAPI_ISteamNetworkingSockets_CreateSocketPair(ISteamNetworkingSockets *self_, uint32_t *connection1, uint32_t *connection2, bool use_network_loopback, const SteamNetworkingIdentity *identity1, const SteamNetworkingIdentity *identity2);

/* Sets number, priorities (smaller first) and weights of lanes. 1; 3 bad handle; 11 over; 8 nonsense; 2 the
   peer knows no lanes. */
int32_t SteamAPI_ISteamNetworkingSockets_ConfigureConnectionLanes(ISteamNetworkingSockets *self_, uint32_t conn, int32_t num_lanes, const int32_t *lane_priorities, const uint16_t *lane_weights);

/* Who we are. */
bool SteamAPI_ISteamNetworkingSockets_GetIdentity(ISteamNetworkingSockets *self_, SteamNetworkingIdentity *identity);

/* How ready we are to prove who we are: 100 with a certificate, else -102. */
int32_t SteamAPI_ISteamNetworkingSockets_InitAuthentication(ISteamNetworkingSockets *self_);

/* The same with a sentence. */
int32_t SteamAPI_ISteamNetworkingSockets_GetAuthenticationStatus(ISteamNetworkingSockets *self_, SteamNetAuthenticationStatus_t *details);

/* Makes a poll group; 0 if there are too many. */
uint32_t SteamAPI_ISteamNetworkingSockets_CreatePollGroup(ISteamNetworkingSockets *self_);

/* Destroys a poll group; its connections stay. False for a bad handle. */
bool SteamAPI_ISteamNetworkingSockets_DestroyPollGroup(ISteamNetworkingSockets *self_, uint32_t poll_group);

/* Puts a connection into a poll group, or with 0 into none. False for a bad handle. */
bool SteamAPI_ISteamNetworkingSockets_SetConnectionPollGroup(ISteamNetworkingSockets *self_, uint32_t conn, uint32_t poll_group);

/* Fetches messages of all connections in a group. How many, or -1 for a bad handle. */
int32_t SteamAPI_ISteamNetworkingSockets_ReceiveMessagesOnPollGroup(ISteamNetworkingSockets *self_, uint32_t poll_group, SteamNetworkingMessage_t **messages, int32_t max_messages);

/* False: there are no tickets in this library yet. */
bool SteamAPI_ISteamNetworkingSockets_ReceivedRelayAuthTicket(ISteamNetworkingSockets *self_, const void *ticket, int32_t ticket_len, SteamDatagramRelayAuthTicket *parsed_ticket);

/* 0: there are no tickets in this library yet. */
int32_t SteamAPI_ISteamNetworkingSockets_FindRelayAuthTicketForServer(ISteamNetworkingSockets *self_, const SteamNetworkingIdentity *identity_game_server, int32_t remote_virtual_port, SteamDatagramRelayAuthTicket *parsed_ticket);

/* 0: there are no relays in this library yet. */
uint32_t SteamAPI_ISteamNetworkingSockets_ConnectToHostedDedicatedServer(ISteamNetworkingSockets *self_, const SteamNetworkingIdentity *identity_target, int32_t remote_virtual_port, int32_t options_count, const SteamNetworkingConfigValue_t *options);

/* 0: there are no hosted servers in this library yet. */
uint16_t SteamAPI_ISteamNetworkingSockets_GetHostedDedicatedServerPort(ISteamNetworkingSockets *self_);

/* 0: there are no hosted servers in this library yet. */
uint32_t SteamAPI_ISteamNetworkingSockets_GetHostedDedicatedServerPOPID(ISteamNetworkingSockets *self_);

/* 2: there are no hosted servers in this library yet. */
int32_t SteamAPI_ISteamNetworkingSockets_GetHostedDedicatedServerAddress(ISteamNetworkingSockets *self_, SteamDatagramHostedAddress *routing);

/* 0: there are no hosted servers in this library yet. */
uint32_t SteamAPI_ISteamNetworkingSockets_CreateHostedDedicatedServerListenSocket(ISteamNetworkingSockets *self_, int32_t local_virtual_port, int32_t options_count, const SteamNetworkingConfigValue_t *options);

/* 2: there are no hosted servers in this library yet. */
int32_t SteamAPI_ISteamNetworkingSockets_GetGameCoordinatorServerLogin(ISteamNetworkingSockets *self_, SteamDatagramGameCoordinatorServerLogin *login_info, int32_t *signed_blob_size_inout, void *blob);

/* 0, and the signaling is released: connections between peers are not part of this library yet. */
uint32_t SteamAPI_ISteamNetworkingSockets_ConnectP2PCustomSignaling(ISteamNetworkingSockets *self_, ISteamNetworkingConnectionSignaling *signaling, const SteamNetworkingIdentity *peer_identity, int32_t remote_virtual_port, int32_t options_count, const SteamNetworkingConfigValue_t *options);

/* False: connections between peers are not part of this library yet. */
bool SteamAPI_ISteamNetworkingSockets_ReceivedP2PCustomSignal(ISteamNetworkingSockets *self_, const void *msg, int32_t msg_len, ISteamNetworkingSignalingRecvContext *context);

/* A request for a certificate. Without buffer only its size; false if the buffer is too small, with the size
   needed. */
bool SteamAPI_ISteamNetworkingSockets_GetCertificateRequest(ISteamNetworkingSockets *self_, int32_t *blob_size_inout, void *blob, SteamNetworkingErrMsg *err_msg);

/* Installs a certificate that an authority made for us. False with a text if it is not good. */
bool SteamAPI_ISteamNetworkingSockets_SetCertificate(ISteamNetworkingSockets *self_, const void *certificate, int32_t certificate_len, SteamNetworkingErrMsg *err_msg);

/* Calls the callbacks for everything that happened since the last time. */
void SteamAPI_ISteamNetworkingSockets_RunCallbacks(ISteamNetworkingSockets *self_);

/* Makes a signaling object of a pointer and two functions. It frees itself when it is released. */
ISteamNetworkingConnectionSignaling *SteamAPI_ISteamNetworkingSockets_CreateCustomSignaling(void *ctx, FnSteamNetworkingCustomSendSignal send_signal, FnSteamNetworkingCustomRelease release);

/* False: connections between peers are not part of this library yet. */
bool SteamAPI_ISteamNetworkingSockets_ReceivedP2PCustomSignal2(ISteamNetworkingSockets *self_, const void *msg, int32_t msg_len, void *ctx, FnSteamNetworkingCustomOnConnectRequest on_connect_request, FnSteamNetworkingCustomSendRejection send_rejection_signal);

/* Ends everything and becomes somebody else; null for nobody in particular. */
void SteamAPI_ISteamNetworkingSockets_ResetIdentity(ISteamNetworkingSockets *self_, const SteamNetworkingIdentity *identity);

/* False: there are no fake addresses in this library yet. */
bool SteamAPI_ISteamNetworkingSockets_BeginAsyncRequestFakeIP(ISteamNetworkingSockets *self_, int32_t num_ports);

/* 42 as result: there are no fake addresses in this library yet. */
void SteamAPI_ISteamNetworkingSockets_GetFakeIP(ISteamNetworkingSockets *self_, int32_t idx_first_port, SteamNetworkingFakeIPResult_t *info);

/* 0: there are no fake addresses in this library yet. */
uint32_t SteamAPI_ISteamNetworkingSockets_CreateListenSocketP2PFakeIP(ISteamNetworkingSockets *self_, int32_t idx_fake_port, int32_t options_count, const SteamNetworkingConfigValue_t *options);

/* 31: the connection has no fake address; 8 bad handle. */
int32_t SteamAPI_ISteamNetworkingSockets_GetRemoteFakeIPForConnection(ISteamNetworkingSockets *self_, uint32_t conn, SteamNetworkingIPAddr *addr);

/* Null: there are no fake addresses in this library yet. */
ISteamNetworkingFakeUDPPort *SteamAPI_ISteamNetworkingSockets_CreateFakeUDPPort(ISteamNetworkingSockets *self_, int32_t idx_fake_server_port);

/* ---- Utils ---- */

/* A message with room for that many bytes; with 0, set data, size and free function yourself. Null if there
   is no memory. */
SteamNetworkingMessage_t *SteamAPI_ISteamNetworkingUtils_AllocateMessage(ISteamNetworkingUtils *self_, int32_t allocate_buffer);

/* Nothing: there are no relays in this library yet. */
void SteamAPI_ISteamNetworkingUtils_InitRelayNetworkAccess(ISteamNetworkingUtils *self_);

/* -102: there are no relays in this library yet. */
int32_t SteamAPI_ISteamNetworkingUtils_GetRelayNetworkStatus(ISteamNetworkingUtils *self_, SteamRelayNetworkStatus_t *details);

/* -1: there are no relays in this library yet. */
float SteamAPI_ISteamNetworkingUtils_GetLocalPingLocation(ISteamNetworkingUtils *self_, SteamNetworkPingLocation_t *result);

/* Milliseconds over the nearest data centre that both name; -2 if none. */
int32_t SteamAPI_ISteamNetworkingUtils_EstimatePingTimeBetweenTwoLocations(ISteamNetworkingUtils *self_, const SteamNetworkPingLocation_t *location1, const SteamNetworkPingLocation_t *location2);

/* -2: our own location is not known. */
int32_t SteamAPI_ISteamNetworkingUtils_EstimatePingTimeFromLocalHost(ISteamNetworkingUtils *self_, const SteamNetworkPingLocation_t *remote_location);

/* Writes a location as text, at most `buf_size` bytes with the end. */
void SteamAPI_ISteamNetworkingUtils_ConvertPingLocationToString(ISteamNetworkingUtils *self_, const SteamNetworkPingLocation_t *location, char *buf, int32_t buf_size);

/* Reads a location. False leaves it alone. */
bool SteamAPI_ISteamNetworkingUtils_ParsePingLocationString(ISteamNetworkingUtils *self_, const char *string, SteamNetworkPingLocation_t *result);

/* False: there are no relays in this library yet. */
bool SteamAPI_ISteamNetworkingUtils_CheckPingDataUpToDate(ISteamNetworkingUtils *self_, float max_age_seconds);

/* -2: there are no relays in this library yet. */
int32_t SteamAPI_ISteamNetworkingUtils_GetPingToDataCenter(ISteamNetworkingUtils *self_, uint32_t pop_id, uint32_t *via_relay_pop);

/* -2: there are no relays in this library yet. */
int32_t SteamAPI_ISteamNetworkingUtils_GetDirectPingToPOP(ISteamNetworkingUtils *self_, uint32_t pop_id);

/* 0: there are no relays in this library yet. */
int32_t SteamAPI_ISteamNetworkingUtils_GetPOPCount(ISteamNetworkingUtils *self_);

/* 0: there are no relays in this library yet. */
int32_t SteamAPI_ISteamNetworkingUtils_GetPOPList(ISteamNetworkingUtils *self_, uint32_t *list, int32_t list_sz);

/* Microseconds on the clock of the library; never goes back. */
int64_t SteamAPI_ISteamNetworkingUtils_GetLocalTimestamp(ISteamNetworkingUtils *self_);

/* Has a function called with lines up to that level, from any thread; null for none. */
void SteamAPI_ISteamNetworkingUtils_SetDebugOutputFunction(ISteamNetworkingUtils *self_, int32_t detail_level, FnSteamNetworkingDebugOutput func);

/* Sets a number of the process. */
bool SteamAPI_ISteamNetworkingUtils_SetGlobalConfigValueInt32(ISteamNetworkingUtils *self_, int32_t value, int32_t val);

/* Sets a number of the process. */
bool SteamAPI_ISteamNetworkingUtils_SetGlobalConfigValueFloat(ISteamNetworkingUtils *self_, int32_t value, float val);

/* Sets text of the process; null resets it. */
bool SteamAPI_ISteamNetworkingUtils_SetGlobalConfigValueString(ISteamNetworkingUtils *self_, int32_t value, const char *val);

/* Sets a pointer of the process. */
bool SteamAPI_ISteamNetworkingUtils_SetGlobalConfigValuePtr(ISteamNetworkingUtils *self_, int32_t value, void *val);

/* Sets a number of a connection. */
bool SteamAPI_ISteamNetworkingUtils_SetConnectionConfigValueInt32(ISteamNetworkingUtils *self_, uint32_t conn, int32_t value, int32_t val);

/* Sets a number of a connection. */
bool SteamAPI_ISteamNetworkingUtils_SetConnectionConfigValueFloat(ISteamNetworkingUtils *self_, uint32_t conn, int32_t value, float val);

/* Sets text of a connection; null resets it. */
bool SteamAPI_ISteamNetworkingUtils_SetConnectionConfigValueString(ISteamNetworkingUtils *self_, uint32_t conn, int32_t value, const char *val);

/* Sets who is told about changes of connections. */
bool SteamAPI_ISteamNetworkingUtils_SetGlobalCallback_SteamNetConnectionStatusChanged(ISteamNetworkingUtils *self_, FnSteamNetworkingConnStatusChanged callback);

/* Sets who is told about readiness to prove who we are. */
bool SteamAPI_ISteamNetworkingUtils_SetGlobalCallback_SteamNetAuthenticationStatusChanged(ISteamNetworkingUtils *self_, FnSteamNetworkingAuthStatusChanged callback);

/* Sets who is told about relays. */
bool SteamAPI_ISteamNetworkingUtils_SetGlobalCallback_SteamRelayNetworkStatusChanged(ISteamNetworkingUtils *self_, FnSteamNetworkingRelayStatusChanged callback);

/* Sets a value of an object; a null pointer resets it. Types convert, ranges clamp. False if there is no such
   value or object, or it is fixed. */
bool SteamAPI_ISteamNetworkingUtils_SetConfigValue(ISteamNetworkingUtils *self_, int32_t value, int32_t scope_type, intptr_t scope_obj, int32_t data_type, const void *arg);

/* The same with number, type and value in one struct. */
bool SteamAPI_ISteamNetworkingUtils_SetConfigValueStruct(ISteamNetworkingUtils *self_, const SteamNetworkingConfigValue_t *opt, int32_t scope_type, intptr_t scope_obj);

/* Reads a value: 1 set there, 2 inherited, -1 no such value, -2 no such object, -3 too little room; the size
   comes back in any case. */
int32_t SteamAPI_ISteamNetworkingUtils_GetConfigValue(ISteamNetworkingUtils *self_, int32_t value, int32_t scope_type, intptr_t scope_obj, int32_t *data_type, void *result, size_t *result_size_inout);

/* Name, type and scope of a value; null if there is none. */
const char *SteamAPI_ISteamNetworkingUtils_GetConfigValueInfo(ISteamNetworkingUtils *self_, int32_t value, int32_t *data_type, int32_t *scope);

/* The value after that one; begin with 0, 0 ends. */
int32_t SteamAPI_ISteamNetworkingUtils_IterateGenericEditableConfigValues(ISteamNetworkingUtils *self_, int32_t current, bool enumerate_dev_vars);

/* Whether an IPv4 address is a fake one, and of which kind. */
int32_t SteamAPI_ISteamNetworkingUtils_GetIPv4FakeIPType(ISteamNetworkingUtils *self_, uint32_t ipv4);

/* 80 for a fake address, 8 for others: there is nobody to ask in this library yet. */
int32_t SteamAPI_ISteamNetworkingUtils_GetRealIdentityForFakeIP(ISteamNetworkingUtils *self_, const SteamNetworkingIPAddr *fake_ip, SteamNetworkingIdentity *real_identity);

/* Writes an address as text. */
void SteamAPI_ISteamNetworkingUtils_SteamNetworkingIPAddr_ToString(ISteamNetworkingUtils *self_, const SteamNetworkingIPAddr *addr, char *buf, size_t buf_len, bool with_port);

/* Reads an address. False leaves it alone. */
bool SteamAPI_ISteamNetworkingUtils_SteamNetworkingIPAddr_ParseString(ISteamNetworkingUtils *self_, SteamNetworkingIPAddr *addr, const char *text);

/* Whether the address is a fake one, and of which kind. */
int32_t SteamAPI_ISteamNetworkingUtils_SteamNetworkingIPAddr_GetFakeIPType(ISteamNetworkingUtils *self_, const SteamNetworkingIPAddr *addr);

/* Writes an identity as text. */
void SteamAPI_ISteamNetworkingUtils_SteamNetworkingIdentity_ToString(ISteamNetworkingUtils *self_, const SteamNetworkingIdentity *identity, char *buf, size_t buf_len);

/* Reads an identity. False leaves it alone. */
bool SteamAPI_ISteamNetworkingUtils_SteamNetworkingIdentity_ParseString(ISteamNetworkingUtils *self_, SteamNetworkingIdentity *identity, const char *text);

/* Whether an IPv4 address is a fake one. */
bool SteamAPI_ISteamNetworkingUtils_IsFakeIPv4(ISteamNetworkingUtils *self_, uint32_t ipv4);

/* Sets who is told about fake addresses. */
bool SteamAPI_ISteamNetworkingUtils_SetGlobalCallback_FakeIPResult(ISteamNetworkingUtils *self_, FnSteamNetworkingFakeIPResult callback);

/* Sets who is told about peers that want a session. */
bool SteamAPI_ISteamNetworkingUtils_SetGlobalCallback_MessagesSessionRequest(ISteamNetworkingUtils *self_, FnSteamNetworkingSessionRequest callback);

/* Sets who is told about sessions that broke. */
bool SteamAPI_ISteamNetworkingUtils_SetGlobalCallback_MessagesSessionFailed(ISteamNetworkingUtils *self_, FnSteamNetworkingSessionFailed callback);

/* ---- Messages ---- */

/* 2: connections between peers are not part of this library yet. 8 for a bad identity or size. */
int32_t SteamAPI_ISteamNetworkingMessages_SendMessageToUser(ISteamNetworkingMessages *self_, const SteamNetworkingIdentity *identity_remote, const void *data, uint32_t data_len, int32_t send_flags, int32_t remote_channel);

/* 0: there are no sessions. */
int32_t SteamAPI_ISteamNetworkingMessages_ReceiveMessagesOnChannel(ISteamNetworkingMessages *self_, int32_t local_channel, SteamNetworkingMessage_t **messages, int32_t max_messages);

/* False: there are no sessions. */
bool SteamAPI_ISteamNetworkingMessages_AcceptSessionWithUser(ISteamNetworkingMessages *self_, const SteamNetworkingIdentity *identity_remote);

/* False: there are no sessions. */
bool SteamAPI_ISteamNetworkingMessages_CloseSessionWithUser(ISteamNetworkingMessages *self_, const SteamNetworkingIdentity *identity_remote);

/* False: there are no sessions. */
bool SteamAPI_ISteamNetworkingMessages_CloseChannelWithUser(ISteamNetworkingMessages *self_, const SteamNetworkingIdentity *identity_remote, int32_t local_channel);

/* 0: there are no sessions; what it fills in is zero. */
int32_t SteamAPI_ISteamNetworkingMessages_GetSessionConnectionInfo(ISteamNetworkingMessages *self_, const SteamNetworkingIdentity *identity_remote, SteamNetConnectionInfo_t *connection_info, SteamNetConnectionRealTimeStatus_t *quick_status);

/* Nothing: there are no such ports in this library yet. */
void SteamAPI_ISteamNetworkingFakeUDPPort_DestroyFakeUDPPort(ISteamNetworkingFakeUDPPort *self_);

/* 80: there are no such ports in this library yet. */
int32_t SteamAPI_ISteamNetworkingFakeUDPPort_SendMessageToFakeIP(ISteamNetworkingFakeUDPPort *self_, const SteamNetworkingIPAddr *remote_address, const void *data, uint32_t data_len, int32_t send_flags);

/* 0: there are no such ports in this library yet. */
int32_t SteamAPI_ISteamNetworkingFakeUDPPort_ReceiveMessages(ISteamNetworkingFakeUDPPort *self_, SteamNetworkingMessage_t **messages, int32_t max_messages);

/* Nothing: there are no such ports in this library yet. */
void SteamAPI_ISteamNetworkingFakeUDPPort_ScheduleCleanup(ISteamNetworkingFakeUDPPort *self_, const SteamNetworkingIPAddr *remote_address);

#ifdef __cplusplus
}
#endif

#endif
