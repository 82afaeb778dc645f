/* One end of a conversation, for either library: `talk server|client PORT IDENTITY [strict]`.
 *
 * With `strict` nobody is talked to who cannot prove who he is. The program then prints a request for a certificate and
 * reads the certificate from its standard input, both as hexadecimal digits, or `-` to go on without.
 */
#define _POSIX_C_SOURCE 199309L
#include <gamesockets.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { BLOB_MAX = 4096, MESSAGES = 100, PATIENCE_MS = 20000 };

static ISteamNetworkingSockets *sockets;
static ISteamNetworkingUtils *utils;
static HSteamNetConnection connection;
static int is_connected, is_over, end_reason;

static void on_change(SteamNetConnectionStatusChangedCallback_t *change)
{
    const SteamNetConnectionInfo_t *info = &change->m_info;
    char who[128];
    SteamAPI_SteamNetworkingIdentity_ToString(&info->m_identityRemote, who, sizeof who);
    switch (info->m_eState) {
    case k_ESteamNetworkingConnectionState_Connecting:
        if (info->m_hListenSocket != 0) {
            connection = change->m_hConn;
            SteamAPI_ISteamNetworkingSockets_AcceptConnection(sockets, connection);
        }
        break;
    case k_ESteamNetworkingConnectionState_Connected:
        is_connected = 1;
        printf("connected to %s, %s\n", who,
            info->m_nFlags & k_nSteamNetworkConnectionInfoFlags_Unauthenticated ? "unauthenticated" : "authenticated");
        break;
    case k_ESteamNetworkingConnectionState_ClosedByPeer:
    case k_ESteamNetworkingConnectionState_ProblemDetectedLocally:
        is_over = 1;
        end_reason = info->m_eEndReason;
        printf("ended: state %d, reason %d: %s\n", (int)info->m_eState, end_reason, info->m_szEndDebug);
        SteamAPI_ISteamNetworkingSockets_CloseConnection(sockets, change->m_hConn, 0, NULL, false);
        break;
    default:
        break;
    }
    fflush(stdout);
}

static void nap(void)
{
    struct timespec millisecond;
    millisecond.tv_sec = 0;
    millisecond.tv_nsec = 1000000;
    nanosleep(&millisecond, NULL);
}

/* Has a certificate made. */
static int certify(void)
{
    static unsigned char blob[BLOB_MAX];
    static char line[2 * BLOB_MAX + 2];
    SteamNetworkingErrMsg error;
    int32_t size = BLOB_MAX;
    int at, length;
    unsigned int byte;
    if (!SteamAPI_ISteamNetworkingSockets_GetCertificateRequest(sockets, &size, blob, &error)) {
        printf("no request: %s\n", error);
        return 0;
    }
    printf("request ");
    for (at = 0; at < (int)size; at++)
        printf("%02x", blob[at]);
    printf("\n");
    fflush(stdout);
    if (fgets(line, sizeof line, stdin) == NULL)
        return 0;
    if (line[0] == '-')
        return 1;
    for (length = 0; sscanf(line + 2 * length, "%2x", &byte) == 1 && length < BLOB_MAX; length++)
        blob[length] = (unsigned char)byte;
    if (!SteamAPI_ISteamNetworkingSockets_SetCertificate(sockets, blob, length, &error)) {
        printf("certificate refused: %s\n", error);
        fflush(stdout);
        return 0;
    }
    printf("certificate installed\n");
    fflush(stdout);
    return 1;
}

/* Takes in what arrived. The server sends it back; the client checks that it comes back in order. */
static int exchange(int is_server, int received)
{
    SteamNetworkingMessage_t *message;
    while (SteamAPI_ISteamNetworkingSockets_ReceiveMessagesOnConnection(sockets, connection, &message, 1) == 1) {
        int32_t number = -1;
        if (message->m_cbSize == (int)sizeof number)
            memcpy(&number, message->m_pData, sizeof number);
        if (is_server)
            SteamAPI_ISteamNetworkingSockets_SendMessageToConnection(sockets, connection, message->m_pData,
                (uint32_t)message->m_cbSize, k_nSteamNetworkingSend_Reliable, NULL);
        if (number != received)
            printf("number %d instead of %d\n", (int)number, received);
        else
            received++;
        SteamAPI_SteamNetworkingMessage_t_Release(message);
    }
    return received;
}

/* The listen socket or the connection. */
static int begin(int is_server, const SteamNetworkingIPAddr *address, int is_strict)
{
    SteamNetworkingConfigValue_t options[3];
    memset(options, 0, sizeof options);
    options[0].m_eValue = k_ESteamNetworkingConfig_IP_AllowWithoutAuth;
    options[1].m_eValue = k_ESteamNetworkingConfig_IPLocalHost_AllowWithoutAuth;
    options[2].m_eValue = k_ESteamNetworkingConfig_TimeoutInitial;
    options[0].m_eDataType = options[1].m_eDataType = options[2].m_eDataType = 1;
    options[0].m_val.m_int32 = options[1].m_val.m_int32 = is_strict ? 0 : 2;
    options[2].m_val.m_int32 = 5000;
    if (is_server) {
        /* The reference refuses to make a listen socket that insists; it lets itself be told afterwards. */
        HSteamListenSocket listener =
            SteamAPI_ISteamNetworkingSockets_CreateListenSocketIP(sockets, address, 1, &options[2]);
        int at, is_good = listener != 0;
        for (at = 0; at < 2 && is_good; at++)
            is_good = SteamAPI_ISteamNetworkingUtils_SetConfigValueStruct(
                utils, &options[at], k_ESteamNetworkingConfig_ListenSocket, (intptr_t)listener);
        return is_good;
    }
    connection = SteamAPI_ISteamNetworkingSockets_ConnectByIPAddress(sockets, address, 3, options);
    return connection != 0;
}

static int talk(int is_server)
{
    int turns, received = 0, has_asked = 0;
    for (turns = 0; turns < PATIENCE_MS && !is_over; turns++) {
        SteamAPI_ISteamNetworkingSockets_RunCallbacks(sockets);
        if (is_connected && !is_server && !has_asked) {
            int32_t number;
            for (number = 0; number < MESSAGES; number++)
                SteamAPI_ISteamNetworkingSockets_SendMessageToConnection(
                    sockets, connection, &number, sizeof number, k_nSteamNetworkingSend_Reliable, NULL);
            has_asked = 1;
        }
        if (connection != 0 && !is_over)
            received = exchange(is_server, received);
        if (!is_server && received == MESSAGES) {
            SteamAPI_ISteamNetworkingSockets_CloseConnection(sockets, connection, 1000, "said everything", true);
            break;
        }
        nap();
    }
    printf("received %d\n", received);
    return received == MESSAGES;
}

int main(int argc, char **argv)
{
    SteamNetworkingErrMsg error;
    SteamNetworkingIPAddr address;
    SteamNetworkingIdentity identity;
    int is_server, is_strict, is_good;
    if (argc < 4)
        return 2;
    is_server = strcmp(argv[1], "server") == 0;
    is_strict = argc > 4 && strcmp(argv[4], "strict") == 0;
    memset(&identity, 0, sizeof identity);
    SteamAPI_SteamNetworkingIdentity_ParseString(&identity, sizeof identity, argv[3]);
    if (!GameNetworkingSockets_Init(&identity, &error)) {
        printf("cannot start: %s\n", error);
        return 1;
    }
    sockets = SteamAPI_SteamNetworkingSockets_v009();
    utils = SteamAPI_SteamNetworkingUtils_v003();
    SteamAPI_ISteamNetworkingUtils_SetGlobalCallback_SteamNetConnectionStatusChanged(utils, on_change);
    SteamAPI_SteamNetworkingIPAddr_SetIPv4(&address, 0x7f000001, (uint16_t)atoi(argv[2]));
    if (is_strict && !certify())
        return 1;
    if (!begin(is_server, &address, is_strict)) {
        printf("cannot begin\n");
        return 1;
    }
    printf("begun\n");
    fflush(stdout);
    is_good = talk(is_server);
    /* What was said last leaves before the library goes. */
    if (!is_server) {
        int turns;
        for (turns = 0; turns < 300; turns++) {
            SteamAPI_ISteamNetworkingSockets_RunCallbacks(sockets);
            nap();
        }
    }
    GameNetworkingSockets_Kill();
    return is_good ? 0 : 1;
}
