/* Init, many connections, Kill, and all of it again: for a tool that looks for leaks. Argument: how many pairs. */
#include <gamesockets.h>
#include <stdio.h>
#include <stdlib.h>

enum { BATCH = 100 };

static int round_trip(int pairs)
{
    HSteamNetConnection ends[2 * BATCH];
    int done = 0, i;
    if (!GameNetworkingSockets_Init(NULL, NULL))
        return 0;
    while (done < pairs) {
        for (i = 0; i < BATCH; i++) {
            /* Some over the network, most inside the process. */
            bool network = i % 10 == 0;
            HSteamNetConnection *a = &ends[2 * i], *b = &ends[2 * i + 1];
            if (!SteamAPI_ISteamNetworkingSockets_CreateSocketPair(NULL, a, b, network, NULL, NULL))
                return 0;
            if (SteamAPI_ISteamNetworkingSockets_SendMessageToConnection(
                    NULL, *a, "hello", 5, k_nSteamNetworkingSend_ReliableNoNagle, NULL) != k_EResultOK)
                return 0;
        }
        for (i = 0; i < 2 * BATCH; i++) {
            SteamNetworkingMessage_t *message = NULL;
            if (SteamAPI_ISteamNetworkingSockets_ReceiveMessagesOnConnection(NULL, ends[i], &message, 1) == 1)
                SteamAPI_SteamNetworkingMessage_t_Release(message);
            /* The last ones are left to Kill. */
            if (done + BATCH < pairs)
                SteamAPI_ISteamNetworkingSockets_CloseConnection(NULL, ends[i], 0, NULL, false);
        }
        SteamAPI_ISteamNetworkingSockets_RunCallbacks(NULL);
        done += BATCH;
    }
    GameNetworkingSockets_Kill();
    return 1;
}

int main(int argc, char **argv)
{
    int pairs = argc > 1 ? atoi(argv[1]) : BATCH;
    return round_trip(pairs) && round_trip(pairs) ? 0 : 1;
}
