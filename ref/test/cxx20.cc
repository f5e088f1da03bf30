// SPDX-License-Identifier: MIT OR Apache-2.0
// A C++20 program that uses the public headers without a cast: test_headers.sh builds it with every warning as an error.
#include <cstdio>
#include <cstring>
#include <memory>
#include <string_view>

#include <llmp/llmp.h>

namespace {

struct Free {
    void operator()(llmp_receiver *receiver) const {
        llmp_receiver_free(receiver);
    }
    void operator()(llmp_sender *sender) const {
        (void)llmp_sender_free(sender, LLMP_NOWAIT);
    }
    void operator()(llmp_broker *broker) const {
        llmp_broker_free(broker, LLMP_NOWAIT);
    }
    void operator()(llmp_client *client) const {
        (void)llmp_client_free(client, LLMP_NOWAIT);
    }
};
template <typename T> using Owned = std::unique_ptr<T, Free>;

std::string_view text(const llmp_message &message) {
    return {static_cast<const char *>(message.payload), message.length};
}

llmp_hook_result drop_tag_9(void *, llmp_broker *, llmp_broker_message *message) {
    return message->tag == 9 ? LLMP_HOOK_HANDLED : LLMP_HOOK_FORWARD;
}

Owned<llmp_sender> new_sender() {
    const llmp_sender_options options{
        .shmem = {.flags = LLMP_SHMEM_PREFAULT | LLMP_SHMEM_SEAL},
        .page_size = 65536,
        .page_policy = LLMP_PAGES_REUSE,
        .receivers = 1,
        .wait = LLMP_WAIT_YIELD,
    };
    llmp_sender *sender = nullptr;
    return Owned<llmp_sender>(llmp_sender_new(&options, &sender) == 0 ? sender : nullptr);
}

bool channel() {
    auto sender = new_sender();
    const llmp_shmem_desc desc = llmp_sender_describe(sender.get());
    const llmp_receiver_options options{.coalesce_messages = 1, .wait = LLMP_WAIT_SPIN};
    llmp_receiver *opened = nullptr;
    int rc = llmp_receiver_new(&desc, &options, &opened);
    const Owned<llmp_receiver> receiver(opened);
    llmp_message messages[2]{{.tag = 7, .flags = LLMP_FLAG_COMPRESSED, .length = 5, .payload = "hello"}, {.tag = 8}};
    if (rc != 0 || llmp_send_many(sender.get(), messages, 2, LLMP_SECONDS(1)) != 2) {
        return false;
    }
    llmp_message received[4];
    const int64_t count = llmp_recv_many(receiver.get(), received, 4, LLMP_SECONDS(1));
    llmp_receiver_stats stats;
    llmp_receiver_stats_get(receiver.get(), &stats, sizeof stats);
    return count == 2 && text(received[0]) == "hello" && received[1].tag == 8 && stats.messages == 2;
}

Owned<llmp_client> attach(llmp_broker *broker) {
    auto sender = new_sender();
    const llmp_shmem_desc desc = llmp_sender_describe(sender.get());
    llmp_shmem_desc broadcast;
    const int64_t id = llmp_broker_add_client(broker, &desc, &broadcast);
    const llmp_client_options options{.receive_own = false};
    llmp_client *client = nullptr;
    if (id < 0 || llmp_client_attach(sender.get(), &broadcast, static_cast<uint32_t>(id), &options, &client) != 0) {
        return nullptr;
    }
    (void)sender.release(); // the client owns it now
    return Owned<llmp_client>(client);
}

bool broker_and_clients() {
    uint32_t joined = 0;
    const llmp_broker_options options{
        .history = LLMP_HISTORY_ALL,
        .hook = drop_tag_9,
        .on_event =
            [](void *context, const llmp_broker_event *event) {
                *static_cast<uint32_t *>(context) += event->type == LLMP_EVENT_CLIENT_JOINED ? 1 : 0;
            },
        .event_context = &joined,
    };
    llmp_broker *created = nullptr;
    int rc = llmp_broker_new(&options, &created);
    const Owned<llmp_broker> broker(created);
    const auto one = attach(created), two = attach(created);
    if (rc != 0 || one == nullptr || two == nullptr || joined != 2) {
        return false;
    }
    (void)llmp_client_send(one.get(), 9, 0, "secret", 6, LLMP_NOWAIT);
    (void)llmp_client_send(one.get(), 1, 0, "hello", 5, LLMP_NOWAIT);
    llmp_message message;
    const bool read = llmp_broker_run_once(created) == 2;
    rc = llmp_client_recv(two.get(), &message, LLMP_NOWAIT);
    return read && rc == 0 && text(message) == "hello" && message.sender == llmp_client_id(one.get());
}

} // namespace

int main() {
    if (!channel() || !broker_and_clients()) {
        std::puts("a message did not arrive as it was sent");
        return 1;
    }
    return 0;
}
