/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Providers that are created at run time: each has its own state, so two instances do not affect each other. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "shmem/liveness.h"
#include "shmem/provider.h"
#include "shmem_support.h"

#define SIZE ((size_t)5000)
#define SEGMENTS 64

/* ---------------------------------------------------------------- an instance */

/* Its segments are memory of this process; an id is an index into them, so both instances give the same ids. */
struct instance {
    llmp_shmem_provider provider; /* provider.state points to this struct */
    struct {
        void *data;
        size_t size;
        int maps;
        bool removed;
    } segments[SEGMENTS];
    int created;
    int opened;
    int closed;
    int *freed; /* counts the instances that were freed */
};

static int instance_create(const llmp_shmem_provider *self, struct llmp_shmem *map, const llmp_shmem_options *options) {
    struct instance *instance = self->state;
    (void)options;
    if (instance->created == SEGMENTS) {
        return -ENOSPC;
    }
    size_t rounded = (map->size + 4095) / 4096 * 4096;
    void *data = aligned_alloc(4096, rounded);
    if (data == NULL) {
        return -ENOMEM;
    }
    int i = instance->created++;
    memset(data, 0, rounded);
    instance->segments[i].data = data;
    instance->segments[i].size = map->size;
    instance->segments[i].maps = 1;
    map->data = data;
    llmp_shmem_id_from_number(&map->id, i);
    return 0;
}

static int instance_open(const llmp_shmem_provider *self, struct llmp_shmem *map, const llmp_shmem_id *id) {
    struct instance *instance = self->state;
    int i;
    int rc = llmp_shmem_id_number(id, &i);
    if (rc != 0) {
        return rc;
    }
    if (i >= instance->created || instance->segments[i].removed) {
        return -LLMP_E_NO_SEGMENT;
    }
    if (instance->segments[i].size < map->size) {
        return -LLMP_E_SIZE_CLAIM;
    }
    instance->segments[i].maps++;
    instance->opened++;
    map->data = instance->segments[i].data;
    return 0;
}

static void instance_close(const llmp_shmem_provider *self, struct llmp_shmem *map, bool remove) {
    struct instance *instance = self->state;
    int i;
    assert_ok(llmp_shmem_id_number(&map->id, &i));
    assert_ptr_equal(map->data, instance->segments[i].data);
    instance->segments[i].removed |= remove;
    instance->closed++;
    if (--instance->segments[i].maps == 0) {
        free(instance->segments[i].data);
        instance->segments[i].data = NULL;
    }
}

static void instance_free(const llmp_shmem_provider *self) {
    struct instance *instance = self->state;
    ++*instance->freed;
    free(instance);
}

static struct instance *instance_new(int *freed) {
    struct instance *instance = calloc(1, sizeof *instance);
    assert_non_null(instance);
    instance->freed = freed;
    instance->provider = (llmp_shmem_provider){
        .name = "instance",
        .summary = "memory of this process, with ids of its own",
        .scope = LLMP_SCOPE_SYSTEM,
        .state = instance,
        .create = instance_create,
        .open = instance_open,
        .close = instance_close,
        .free = instance_free,
    };
    return instance;
}

static int open_maps(const struct instance *instance) {
    return instance->created + instance->opened - instance->closed;
}

/* ---------------------------------------------------------------- two at once */

struct two {
    struct instance *a, *b;
    int freed;
};

static struct two two;

static int start_two(void **state) {
    (void)state;
    two = (struct two){.freed = 0};
    two.a = instance_new(&two.freed);
    two.b = instance_new(&two.freed);
    return shmem_setup(state);
}

static int end_two(void **state) {
    assert_int_equal(open_maps(two.a), 0);
    assert_int_equal(open_maps(two.b), 0);
    llmp_shmem_provider_free(&two.a->provider);
    llmp_shmem_provider_free(&two.b->provider);
    assert_int_equal(two.freed, 2);
    return shmem_teardown(state);
}

static llmp_shmem *create(struct instance *instance, unsigned seed) {
    llmp_shmem *map;
    assert_ok(llmp_shmem_create(&instance->provider, SIZE, NULL, &map));
    assert_ptr_equal(llmp_shmem_provider_of(map), &instance->provider);
    shmem_fill(map, seed);
    return map;
}

static void the_same_id_means_another_segment_in_each_instance(void **state) {
    (void)state;
    llmp_shmem *maps[] = {create(two.a, 1), create(two.b, 2)};
    const struct instance *of[] = {two.a, two.b};
    llmp_shmem_desc desc = llmp_shmem_describe(maps[0]);
    assert_string_equal(llmp_shmem_describe(maps[1]).id.bytes, desc.id.bytes);
    for (unsigned i = 0; i < 2; i++) {
        llmp_shmem *opened, *clone;
        assert_ok(llmp_shmem_open(&of[i]->provider, &desc, NULL, &opened));
        assert_ok(llmp_shmem_clone(opened, &clone));
        assert_int_equal(shmem_wrong_bytes(clone, i + 1), 0);
        llmp_shmem_close(clone);
        llmp_shmem_close(opened);
        llmp_shmem_close(maps[i]);
    }
}

static void each_instance_counts_its_own_maps(void **state) {
    (void)state;
    llmp_shmem *first = create(two.a, 1), *second = create(two.a, 2), *other = create(two.b, 3);
    assert_int_equal(open_maps(two.a), 2);
    assert_int_equal(open_maps(two.b), 1);
    llmp_shmem_close(first);
    llmp_shmem_close(other);
    assert_int_equal(open_maps(two.a), 1);
    assert_int_equal(open_maps(two.b), 0);
    llmp_shmem_close(second);
}

static void an_owner_that_closes_removes_the_segment_in_its_instance(void **state) {
    (void)state;
    llmp_shmem *removed = create(two.a, 1), *other = create(two.b, 2), *again;
    llmp_shmem_desc desc = llmp_shmem_describe(removed);
    llmp_shmem_close(removed);
    assert_rc(llmp_shmem_open(&two.a->provider, &desc, NULL, &again), -LLMP_E_NO_SEGMENT);
    assert_ok(llmp_shmem_open(&two.b->provider, &desc, NULL, &again));
    llmp_shmem_close(again);
    llmp_shmem_close(other);
}

static void an_instance_is_checked_like_a_built_in_provider(void **state) {
    (void)state;
    assert_ok(llmp_shmem_provider_check(&two.a->provider));
    assert_int_equal(two.a->created, 1);
    assert_int_equal(two.b->created, 0);
    assert_null(llmp_shmem_provider_find(llmp_shmem_provider_name(&two.a->provider)));
}

static void an_instance_that_cannot_tell_orphans_says_so(void **state) {
    (void)state;
    llmp_shmem *map = create(two.a, 1);
    assert_rc(llmp_shmem_is_orphan(map), -ENOTSUP);
    llmp_shmem_reap(map);
    assert_int_equal(shmem_wrong_bytes(map, 1), 0);
    llmp_shmem_close(map);
}

/* ---------------------------------------------------------------- channels */

struct channel {
    llmp_sender *sender;
    llmp_receiver *receiver;
};

static struct channel channel_over(const struct instance *instance) {
    const llmp_sender_options sender_options = {.provider = &instance->provider, .page_size = TEST_MAP};
    const llmp_receiver_options receiver_options = {.provider = &instance->provider};
    struct channel channel;
    assert_ok(llmp_sender_new(&sender_options, &channel.sender));
    llmp_shmem_desc desc = llmp_sender_describe(channel.sender);
    assert_ok(llmp_receiver_new(&desc, &receiver_options, &channel.receiver));
    return channel;
}

static void channel_free(struct channel *channel) {
    llmp_receiver_free(channel->receiver);
    (void)llmp_sender_free(channel->sender, LLMP_NOWAIT);
}

static void a_channel_runs_over_each_instance(void **state) {
    (void)state;
    struct channel a = channel_over(two.a), b = channel_over(two.b);
    for (uint64_t i = 0; i < 100; i++) {
        assert_ok(test_send_number(a.sender, i, TEST_BIG, LLMP_NOWAIT));
        assert_ok(test_send_number(b.sender, 1000 + i, TEST_BIG, LLMP_NOWAIT));
        test_expect_number(a.receiver, i, TEST_BIG, LLMP_NOWAIT);
        test_expect_number(b.receiver, 1000 + i, TEST_BIG, LLMP_NOWAIT);
    }
    assert_true(two.a->created >= 2 && open_maps(two.a) >= 2);
    channel_free(&a);
    assert_int_equal(open_maps(two.a), 0);
    test_send_number(b.sender, 1100, TEST_BIG, LLMP_NOWAIT);
    test_expect_number(b.receiver, 1100, TEST_BIG, LLMP_NOWAIT);
    channel_free(&b);
}

/* ---------------------------------------------------------------- freeing */

static void freeing_null_or_a_built_in_provider_does_nothing(void **state) {
    (void)state;
    const llmp_shmem_provider *provider;
    llmp_shmem_provider_free(NULL);
    for (size_t i = 0; (provider = llmp_shmem_provider_at(i)) != NULL; i++) {
        llmp_shmem_provider_free(provider);
        assert_ptr_equal(llmp_shmem_provider_at(i), provider);
    }
}

#define INSTANCE_TEST(name) cmocka_unit_test_setup_teardown(name, start_two, end_two)

int main(void) {
    static const struct CMUnitTest tests[] = {
        INSTANCE_TEST(the_same_id_means_another_segment_in_each_instance),
        INSTANCE_TEST(each_instance_counts_its_own_maps),
        INSTANCE_TEST(an_owner_that_closes_removes_the_segment_in_its_instance),
        INSTANCE_TEST(an_instance_is_checked_like_a_built_in_provider),
        INSTANCE_TEST(an_instance_that_cannot_tell_orphans_says_so),
        INSTANCE_TEST(a_channel_runs_over_each_instance),
        SHMEM_ONE(freeing_null_or_a_built_in_provider_does_nothing),
    };
    return shmem_run("shmem_instance", NULL, 0, tests, sizeof tests / sizeof tests[0]);
}
