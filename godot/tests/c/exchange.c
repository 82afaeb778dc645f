/* The C library's end of godot/tests/test_exchange.gd: `exchange server|client PORT closes|waits MESSAGES`.
 *
 * The client sends so many reliable messages and as many unreliable ones, and the server answers each in kind. Both ends
 * work out every byte that must come. Then `closes` ends the connection with a reason, and `waits` reads the other end's.
 *
 * A message is a letter, its number as four bytes (little-endian) and filling: `r` and `u` are reliable and unreliable, `R`
 * and `U` the answers, `x` alone says that the client has all of them.
 */
#define _POSIX_C_SOURCE 199309L
#include <gamesockets.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { HEADER = 5, BYTES_MAX = 100000, MESSAGES_MAX = 10000, WAITING_MAX = 10, PATIENCE_MS = 15000, CLOSE_REASON = 1042 };
enum { ANSWER = 'a' - 'A', FLAGS_NO_NAGLE = k_nSteamNetworkingSend_NoNagle };

static ISteamNetworkingSockets *sockets;
static HSteamNetConnection connection;
static int is_connected, is_over, wrong;

/* What came of one kind of message. */
struct kind {
    char letter;
    int flag, sent, received;
    unsigned char seen[MESSAGES_MAX];
};
static struct kind kinds[2] = { { 'r', k_nSteamNetworkingSend_Reliable, 0, 0, { 0 } },
    { 'u', k_nSteamNetworkingSend_Unreliable, 0, 0, { 0 } } };

static void complain(const char *what, int letter, int number)
{
    wrong++;
    printf("wrong: %s, %c %d\n", what, letter, number);
}

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
        printf("connected to %s\n", who);
        break;
    case k_ESteamNetworkingConnectionState_ClosedByPeer:
    case k_ESteamNetworkingConnectionState_ProblemDetectedLocally:
        is_over = 1;
        printf("ended: state %d, reason %d: %s\n", (int)info->m_eState, (int)info->m_eEndReason, info->m_szEndDebug);
        SteamAPI_ISteamNetworkingSockets_CloseConnection(sockets, change->m_hConn, 0, NULL, false);
        break;
    default:
        break;
    }
    fflush(stdout);
}

/* Writes the message of that letter and number; returns its size. One reliable message is large. */
static int compose(unsigned char *out, int letter, int number)
{
    int at, size = HEADER + number * 97 % 1200;
    if (number == 50 && (letter == 'r' || letter == 'R'))
        size = BYTES_MAX;
    out[0] = (unsigned char)letter;
    for (at = 0; at < 4; at++)
        out[1 + at] = (unsigned char)(number >> 8 * at);
    for (at = HEADER; at < size; at++)
        out[at] = (unsigned char)(letter + number * 31 + at * 7);
    return size;
}

static void say(int letter, int number, int flag)
{
    static unsigned char data[BYTES_MAX];
    int size = letter == 'x' ? 1 : compose(data, letter, number);
    if (letter == 'x')
        data[0] = 'x';
    if (SteamAPI_ISteamNetworkingSockets_SendMessageToConnection(
            sockets, connection, data, (uint32_t)size, flag | FLAGS_NO_NAGLE, NULL) != 1)
        complain("not taken", letter, number);
}

/* Checks a message and, as the server, answers. */
static void take(const SteamNetworkingMessage_t *message, int is_server, int count)
{
    static unsigned char wanted[BYTES_MAX];
    const unsigned char *data = message->m_pData;
    struct kind *kind;
    int letter, number, at;
    if (message->m_cbSize < HEADER) {
        complain("too short", message->m_cbSize > 0 ? data[0] : '-', message->m_cbSize);
        return;
    }
    letter = data[0] + (is_server ? 0 : ANSWER);
    kind = letter == 'r' ? &kinds[0] : &kinds[1];
    number = 0;
    for (at = 0; at < 4; at++)
        number |= data[1 + at] << 8 * at;
    if (letter != kind->letter || number < 0 || number >= count) {
        complain("unknown", data[0], number);
        return;
    }
    if (message->m_cbSize != compose(wanted, data[0], number) || memcmp(data, wanted, (size_t)message->m_cbSize) != 0)
        complain("content", data[0], number);
    if ((message->m_nFlags & k_nSteamNetworkingSend_Reliable) != kind->flag)
        complain("flags", data[0], number);
    if (kind->seen[number]++ != 0 || (kind->flag != 0 && number != kind->received))
        complain("order", data[0], number);
    kind->received++;
    if (is_server)
        say(letter - ANSWER, number, kind->flag);
}

static int all_received(int count)
{
    return kinds[0].received == count && kinds[1].received == count;
}

/* Takes in what arrived; returns whether the client says that it has everything. */
static int receive(int is_server, int count)
{
    SteamNetworkingMessage_t *message;
    int is_done = 0;
    while (SteamAPI_ISteamNetworkingSockets_ReceiveMessagesOnConnection(sockets, connection, &message, 1) == 1) {
        if (is_server && message->m_cbSize == 1 && *(const char *)message->m_pData == 'x')
            is_done = 1;
        else
            take(message, is_server, count);
        SteamAPI_SteamNetworkingMessage_t_Release(message);
    }
    return is_done;
}

/* Sends what is next, as long as few are unanswered: nothing may get lost on the way through the system. */
static void ask(int count)
{
    int at;
    for (at = 0; at < 2; at++) {
        struct kind *kind = &kinds[at];
        while (kind->sent < count && kind->sent - kind->received < WAITING_MAX) {
            say(kind->letter, kind->sent, kind->flag);
            kind->sent++;
        }
    }
}

static void nap(void)
{
    struct timespec millisecond;
    millisecond.tv_sec = 0;
    millisecond.tv_nsec = 1000000;
    nanosleep(&millisecond, NULL);
}

static void exchange(int is_server, int closes, int count)
{
    int turns, is_done = 0;
    for (turns = 0; turns < PATIENCE_MS && !is_over; turns++) {
        SteamAPI_ISteamNetworkingSockets_RunCallbacks(sockets);
        if (is_connected && !is_over) {
            is_done |= receive(is_server, count);
            if (!is_server && !is_done) {
                ask(count);
                is_done = all_received(count);
                if (is_done)
                    say('x', 0, k_nSteamNetworkingSend_Reliable);
            }
            if (is_done && closes) {
                SteamAPI_ISteamNetworkingSockets_CloseConnection(
                    sockets, connection, CLOSE_REASON, "C sagt Tsch\xc3\xbcss", true);
                break;
            }
        }
        nap();
    }
    /* What was said last leaves before the library goes. */
    for (turns = 0; turns < 200 && closes; turns++) {
        SteamAPI_ISteamNetworkingSockets_RunCallbacks(sockets);
        nap();
    }
}

int main(int argc, char **argv)
{
    SteamNetworkingErrMsg error;
    SteamNetworkingIPAddr address;
    SteamNetworkingIdentity identity;
    int is_server, count;
    if (argc != 5)
        return 2;
    is_server = strcmp(argv[1], "server") == 0;
    count = atoi(argv[4]);
    if (count < 1 || count > MESSAGES_MAX)
        return 2;
    memset(&identity, 0, sizeof identity);
    SteamAPI_SteamNetworkingIdentity_ParseString(&identity, sizeof identity, "str:in-c");
    if (!GameNetworkingSockets_Init(&identity, &error)) {
        printf("cannot start: %s\n", error);
        return 1;
    }
    sockets = SteamAPI_SteamNetworkingSockets_v009();
    SteamAPI_ISteamNetworkingUtils_SetGlobalCallback_SteamNetConnectionStatusChanged(
        SteamAPI_SteamNetworkingUtils_v003(), on_change);
    SteamAPI_SteamNetworkingIPAddr_SetIPv4(&address, 0x7f000001, (uint16_t)atoi(argv[2]));
    if (is_server ? SteamAPI_ISteamNetworkingSockets_CreateListenSocketIP(sockets, &address, 0, NULL) == 0
                  : (connection = SteamAPI_ISteamNetworkingSockets_ConnectByIPAddress(sockets, &address, 0, NULL)) == 0) {
        printf("cannot begin\n");
        return 1;
    }
    printf("begun\n");
    fflush(stdout);
    exchange(is_server, strcmp(argv[3], "closes") == 0, count);
    printf("received %d reliable, %d unreliable, %d wrong\n", kinds[0].received, kinds[1].received, wrong);
    GameNetworkingSockets_Kill();
    return all_received(count) && wrong == 0 ? 0 : 1;
}
