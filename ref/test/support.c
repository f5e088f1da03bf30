/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "support.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "shmem/provider.h"

/* ---------------------------------------------------------------- one mapping for all threads */

#define MAPS 4096

static struct {
    pthread_mutex_t mutex;
    struct {
        void *data;
        size_t size;
        int holders;
        bool removed;
    } maps[MAPS];
} inproc = {.mutex = PTHREAD_MUTEX_INITIALIZER};

int test_inproc_maps(void) {
    int open = 0;
    (void)pthread_mutex_lock(&inproc.mutex);
    for (int i = 0; i < MAPS; i++) {
        open += inproc.maps[i].holders;
    }
    (void)pthread_mutex_unlock(&inproc.mutex);
    return open;
}

static int inproc_create(const llmp_shmem_provider *self, struct llmp_shmem *map, const llmp_shmem_options *options) {
    (void)self;
    (void)options;
    int rc = -ENOSPC;
    (void)pthread_mutex_lock(&inproc.mutex);
    for (int i = 0; i < MAPS && rc != 0; i++) {
        if (inproc.maps[i].data == NULL) {
            map->data = mmap(NULL, map->size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
            inproc.maps[i].data = map->data;
            inproc.maps[i].size = map->size;
            inproc.maps[i].holders = 1;
            inproc.maps[i].removed = false;
            llmp_shmem_id_from_number(&map->id, i);
            rc = map->data != MAP_FAILED ? 0 : -errno;
        }
    }
    (void)pthread_mutex_unlock(&inproc.mutex);
    return rc;
}

static int inproc_open(const llmp_shmem_provider *self, struct llmp_shmem *map, const llmp_shmem_id *id) {
    (void)self;
    int i;
    int rc = llmp_shmem_id_number(id, &i);
    if (rc != 0) {
        return rc;
    }
    (void)pthread_mutex_lock(&inproc.mutex);
    if (i >= MAPS || inproc.maps[i].data == NULL || inproc.maps[i].removed) {
        rc = -LLMP_E_NO_SEGMENT;
    } else if (inproc.maps[i].size < map->size) {
        rc = -LLMP_E_SIZE_CLAIM;
    } else {
        map->data = inproc.maps[i].data;
        inproc.maps[i].holders++;
    }
    (void)pthread_mutex_unlock(&inproc.mutex);
    return rc;
}

static void inproc_close(const llmp_shmem_provider *self, struct llmp_shmem *map, bool remove) {
    (void)self;
    int i = 0;
    (void)llmp_shmem_id_number(&map->id, &i);
    (void)pthread_mutex_lock(&inproc.mutex);
    inproc.maps[i].removed = inproc.maps[i].removed || remove;
    if (--inproc.maps[i].holders == 0) {
        (void)munmap(inproc.maps[i].data, inproc.maps[i].size);
        inproc.maps[i].data = NULL;
    }
    (void)pthread_mutex_unlock(&inproc.mutex);
}

static bool inproc_is_orphan(const llmp_shmem_provider *self, const struct llmp_shmem *map) {
    (void)self;
    int i = 0;
    (void)llmp_shmem_id_number(&map->id, &i);
    (void)pthread_mutex_lock(&inproc.mutex);
    bool orphan = inproc.maps[i].holders <= 1;
    (void)pthread_mutex_unlock(&inproc.mutex);
    return orphan;
}

const llmp_shmem_provider test_inproc = {
    .name = "inproc",
    .summary = "one mapping for all threads of this process",
    .scope = LLMP_SCOPE_SYSTEM,
    .create = inproc_create,
    .open = inproc_open,
    .close = inproc_close,
    .is_orphan = inproc_is_orphan,
};

/* ---------------------------------------------------------------- processes */

pid_t test_fork(void) {
    pid_t parent = getpid();
    pid_t child = fork();
    if (child == 0) {
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() != parent) {
            _exit(99);
        }
    }
    return child;
}

int test_wait(pid_t child) {
    int status;
    while (waitpid(child, &status, 0) < 0) {
        if (errno != EINTR) {
            return -1;
        }
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

/* ---------------------------------------------------------------- channels */

llmp_sender *test_sender(llmp_sender_options options) {
    llmp_sender *sender;
    if (options.provider == NULL) {
        options.provider = llmp_shmem_provider_find("sysv");
    }
    assert_ok(llmp_sender_new(&options, &sender));
    return sender;
}

llmp_receiver *test_receiver(const llmp_sender *sender) {
    llmp_receiver_options options = {.provider = llmp_shmem_provider_find("sysv")};
    llmp_shmem_desc desc = llmp_sender_describe(sender);
    llmp_receiver *receiver;
    assert_ok(llmp_receiver_new(&desc, &options, &receiver));
    return receiver;
}

bool test_needs_inheritance(const char *provider) {
    return llmp_shmem_provider_scope(llmp_shmem_provider_find(provider)) == LLMP_SCOPE_DESCRIPTOR;
}

llmp_sender *test_sender_over(const char *provider, llmp_sender_options options) {
    options.provider = llmp_shmem_provider_find(provider);
    options.preallocate = test_needs_inheritance(provider);
    return test_sender(options);
}

llmp_receiver *test_receiver_over(const char *provider, const llmp_shmem_desc *desc) {
    llmp_receiver_options options = {.provider = llmp_shmem_provider_find(provider)};
    llmp_receiver *receiver = NULL;
    (void)llmp_receiver_new(desc, &options, &receiver);
    return receiver;
}

struct test_view test_view_open(const llmp_shmem_desc *desc) {
    struct test_view view;
    assert_ok(llmp_shmem_open(llmp_shmem_provider_find("sysv"), desc, NULL, &view.map));
    view.page = llmp_shmem_data(view.map);
    return view;
}

void test_view_close(struct test_view *view) {
    llmp_shmem_close(view->map);
}

struct llmp_slot *test_slot(const struct test_view *view, size_t offset) {
    return llmp_slot_at(view->page, offset);
}

/* ---------------------------------------------------------------- messages that can be checked */

static unsigned char byte_of(uint64_t number, size_t i) {
    return (unsigned char)((number * 0x9E3779B97F4A7C15u >> (8 * (i % 8))) + i);
}

void test_payload_fill(void *payload, uint64_t number, size_t length) {
    for (size_t i = 0; i < length; i++) {
        ((unsigned char *)payload)[i] = byte_of(number, i);
    }
}

void test_payload_expect(const llmp_message *message, uint64_t number, size_t length) {
    assert_int_equal(message->length, length);
    for (size_t i = 0; i < length; i++) {
        assert_int_equal(((const unsigned char *)message->payload)[i], byte_of(number, i));
    }
}

int test_send_number(llmp_sender *sender, uint64_t number, size_t length, int64_t timeout_ns) {
    void *payload;
    int rc = llmp_sender_alloc(sender, length, timeout_ns, &payload);
    if (rc == 0) {
        test_payload_fill(payload, number, length);
        rc = llmp_sender_commit(sender, (uint32_t)(number % 1000), 0);
    }
    return rc;
}

void test_expect_number(llmp_receiver *receiver, uint64_t number, size_t length, int64_t timeout_ns) {
    llmp_message message;
    assert_ok(llmp_recv(receiver, &message, timeout_ns));
    assert_int_equal(message.tag, number % 1000);
    test_payload_expect(&message, number, length);
}

static int segments_left;

static int create_while_any_are_left(const llmp_shmem_provider *self, struct llmp_shmem *map,
                                     const llmp_shmem_options *options) {
    if (segments_left == 0) {
        return -ENOSPC;
    }
    segments_left--;
    return llmp_shmem_provider_find("sysv")->create(self, map, options);
}

const llmp_shmem_provider *test_provider_with(int segments) {
    static llmp_shmem_provider few;
    few = *llmp_shmem_provider_find("sysv");
    few.create = create_while_any_are_left;
    segments_left = segments;
    return &few;
}

int test_open_error;

static int open_unless_error(const llmp_shmem_provider *self, struct llmp_shmem *map, const llmp_shmem_id *id) {
    return test_open_error != 0 ? test_open_error : llmp_shmem_provider_find("sysv")->open(self, map, id);
}

const llmp_shmem_provider *test_provider_that_may_not_open(void) {
    static llmp_shmem_provider provider;
    provider = *llmp_shmem_provider_find("sysv");
    provider.open = open_unless_error;
    test_open_error = 0;
    return &provider;
}

uint64_t test_fill(llmp_sender *sender, uint64_t from) {
    while (test_send_number(sender, from, TEST_BIG, LLMP_NOWAIT) == 0) {
        from++;
    }
    return from;
}

void test_expect_big(llmp_receiver *receiver, uint64_t from, uint64_t to) {
    for (uint64_t i = from; i < to; i++) {
        test_expect_number(receiver, i, TEST_BIG, LLMP_NOWAIT);
    }
}

llmp_sender_stats test_stats_of(const llmp_sender *sender) {
    llmp_sender_stats stats;
    llmp_sender_stats_get(sender, &stats, sizeof stats);
    return stats;
}
