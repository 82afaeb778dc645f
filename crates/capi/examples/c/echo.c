/* A server and a client in one process: the client says something, the server says it back.
 *
 * Build against the library, for example:
 *   cc -std=c99 echo.c $(pkg-config --cflags --libs GameNetworkingSockets) -o echo
 */
#define _POSIX_C_SOURCE 199309L
#include <gamesockets.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static HSteamListenSocket listener;
static HSteamNetConnection server, client;

/* Called inside RunCallbacks, on this thread; everything may be called from here. */
static void on_change(SteamNetConnectionStatusChangedCallback_t *change)
{
    const SteamNetConnectionInfo_t *info = &change->m_info;
    printf("[%s] state %d\n", info->m_szConnectionDescription, (int)info->m_eState);
    if (info->m_eState == k_ESteamNetworkingConnectionState_Connecting && info->m_hListenSocket == listener) {
        server = change->m_hConn;
        if (SteamAPI_ISteamNetworkingSockets_AcceptConnection(NULL, server) != k_EResultOK)
            SteamAPI_ISteamNetworkingSockets_CloseConnection(NULL, server, 0, "cannot accept", false);
    }
    /* A connection that ended keeps its handle until it is closed. */
    if (info->m_eState == k_ESteamNetworkingConnectionState_ClosedByPeer
        || info->m_eState == k_ESteamNetworkingConnectionState_ProblemDetectedLocally) {
        SteamAPI_ISteamNetworkingSockets_CloseConnection(NULL, change->m_hConn, 0, NULL, false);
        if (change->m_hConn == server)
            server = 0;
    }
}

static void nap(void)
{
    struct timespec millisecond;
    millisecond.tv_sec = 0;
    millisecond.tv_nsec = 1000000;
    nanosleep(&millisecond, NULL);
}

/* What a server does with each message: here it sends it back, without copying it. */
static void echo(void)
{
    SteamNetworkingMessage_t *in = NULL;
    while (SteamAPI_ISteamNetworkingSockets_ReceiveMessagesOnConnection(NULL, server, &in, 1) == 1) {
        SteamNetworkingMessage_t *out = SteamAPI_ISteamNetworkingUtils_AllocateMessage(NULL, in->m_cbSize);
        if (out != NULL) {
            if (in->m_cbSize > 0)
                memcpy(out->m_pData, in->m_pData, (size_t)in->m_cbSize);
            out->m_conn = server;
            out->m_nFlags = k_nSteamNetworkingSend_ReliableNoNagle;
            SteamAPI_ISteamNetworkingSockets_SendMessages(NULL, 1, &out, NULL, true);
        }
        in->m_pfnRelease(in);
    }
}

int main(void)
{
    static const char greeting[] = "hello";
    SteamNetworkingErrMsg error;
    SteamNetworkingIPAddr address;
    SteamNetworkingMessage_t *answer = NULL;
    int turns, port;

    if (!GameNetworkingSockets_Init(NULL, &error)) {
        fprintf(stderr, "cannot start: %s\n", error);
        return 1;
    }
    SteamAPI_ISteamNetworkingUtils_SetGlobalCallback_SteamNetConnectionStatusChanged(NULL, on_change);
    for (port = 27100; port < 27200 && listener == 0; port++) {
        SteamAPI_SteamNetworkingIPAddr_SetIPv4(&address, 0x7f000001, (uint16_t)port);
        listener = SteamAPI_ISteamNetworkingSockets_CreateListenSocketIP(NULL, &address, 0, NULL);
    }
    client = SteamAPI_ISteamNetworkingSockets_ConnectByIPAddress(NULL, &address, 0, NULL);
    if (listener == 0 || client == 0) {
        fprintf(stderr, "no port, or no connection\n");
        return 1;
    }
    SteamAPI_ISteamNetworkingSockets_SendMessageToConnection(
        NULL, client, greeting, sizeof greeting, k_nSteamNetworkingSend_Reliable, NULL);
    for (turns = 0; turns < 20000 && answer == NULL; turns++) {
        SteamAPI_ISteamNetworkingSockets_RunCallbacks(NULL);
        if (server != 0)
            echo();
        if (SteamAPI_ISteamNetworkingSockets_ReceiveMessagesOnConnection(NULL, client, &answer, 1) != 1)
            answer = NULL;
        nap();
    }
    if (answer == NULL || answer->m_cbSize != (int)sizeof greeting
        || memcmp(answer->m_pData, greeting, sizeof greeting) != 0) {
        fprintf(stderr, "no answer, or a wrong one\n");
        return 1;
    }
    printf("the server said: %s\n", (const char *)answer->m_pData);
    answer->m_pfnRelease(answer);
    SteamAPI_ISteamNetworkingSockets_CloseConnection(NULL, client, 0, "that was all", false);
    for (turns = 0; turns < 20000 && server != 0; turns++) {
        SteamAPI_ISteamNetworkingSockets_RunCallbacks(NULL);
        nap();
    }
    SteamAPI_ISteamNetworkingSockets_CloseListenSocket(NULL, listener);
    GameNetworkingSockets_Kill();
    return server == 0 ? 0 : 1;
}
