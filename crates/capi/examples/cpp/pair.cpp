// Two connections of one process, messages with the program's own buffers, lanes, and a poll group, from C++17.
//
// Build against the library, for example:
//   c++ -std=c++17 pair.cpp $(pkg-config --cflags --libs GameNetworkingSockets) -o pair
#include <gamesockets.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace {

std::atomic<int> freed{0};

// Starts the library and ends it.
struct Library {
    Library()
    {
        SteamNetworkingErrMsg error;
        if (!GameNetworkingSockets_Init(nullptr, &error)) {
            std::fprintf(stderr, "cannot start: %s\n", error);
            std::exit(1);
        }
    }
    ~Library() { GameNetworkingSockets_Kill(); }
    Library(const Library &) = delete;
    Library &operator=(const Library &) = delete;
};

struct Release {
    void operator()(SteamNetworkingMessage_t *message) const { message->m_pfnRelease(message); }
};
using Message = std::unique_ptr<SteamNetworkingMessage_t, Release>;

// A message around a string, which is freed when the library is done with it, on whatever thread.
SteamNetworkingMessage_t *wrap(HSteamNetConnection to, std::string text, uint16_t lane)
{
    auto *kept = new std::string(std::move(text));
    SteamNetworkingMessage_t *message = SteamAPI_ISteamNetworkingUtils_AllocateMessage(nullptr, 0);
    message->m_pData = kept->data();
    message->m_cbSize = static_cast<int32_t>(kept->size());
    message->m_nUserData = reinterpret_cast<int64_t>(kept);
    message->m_pfnFreeData = [](SteamNetworkingMessage_t *m) {
        delete reinterpret_cast<std::string *>(m->m_nUserData);
        ++freed;
    };
    message->m_conn = to;
    message->m_idxLane = lane;
    message->m_nFlags = k_nSteamNetworkingSend_Reliable;
    return message;
}

bool run()
{
    HSteamNetConnection a = 0, b = 0;
    if (!SteamAPI_ISteamNetworkingSockets_CreateSocketPair(nullptr, &a, &b, true, nullptr, nullptr))
        return false;
    const int32_t priorities[] = {0, 1};
    if (SteamAPI_ISteamNetworkingSockets_ConfigureConnectionLanes(nullptr, a, 2, priorities, nullptr) != k_EResultOK)
        return false;
    const HSteamNetPollGroup group = SteamAPI_ISteamNetworkingSockets_CreatePollGroup(nullptr);
    if (!SteamAPI_ISteamNetworkingSockets_SetConnectionPollGroup(nullptr, b, group))
        return false;

    std::vector<SteamNetworkingMessage_t *> batch;
    batch.push_back(wrap(a, std::string(100000, 'm'), 1));
    for (int i = 0; i < 10; ++i)
        batch.push_back(wrap(a, "move " + std::to_string(i), 0));
    std::vector<int64_t> results(batch.size());
    SteamAPI_ISteamNetworkingSockets_SendMessages(
        nullptr, static_cast<int32_t>(batch.size()), batch.data(), results.data(), true);

    size_t arrived = 0;
    for (int turn = 0; turn < 20000 && arrived < batch.size(); ++turn) {
        SteamNetworkingMessage_t *in[16];
        const int32_t count = SteamAPI_ISteamNetworkingSockets_ReceiveMessagesOnPollGroup(nullptr, group, in, 16);
        for (int32_t i = 0; i < count; ++i) {
            const Message message(in[i]);
            std::printf("lane %d, message %lld: %d bytes\n", message->m_idxLane,
                static_cast<long long>(message->m_nMessageNumber), message->m_cbSize);
            ++arrived;
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    SteamNetConnectionRealTimeStatus_t status;
    const bool known = SteamAPI_ISteamNetworkingSockets_GetConnectionRealTimeStatus(nullptr, a, &status, 0, nullptr)
        == k_EResultOK;
    SteamAPI_ISteamNetworkingSockets_CloseConnection(nullptr, a, 0, nullptr, false);
    SteamAPI_ISteamNetworkingSockets_CloseConnection(nullptr, b, 0, nullptr, false);
    return known && arrived == batch.size() && results.back() == 10;
}

} // namespace

int main()
{
    bool fine;
    {
        const Library library;
        fine = run();
    }
    // Kill gave the last buffers back.
    return fine && freed == 11 ? 0 : 1;
}
