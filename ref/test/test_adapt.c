/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The adaptive window of pages and the adaptive polling of receivers, with made-up measurements. */
#include "channel/coalesce.h"
#include "channel/window.h"
#include "support.h"

/* ---------------------------------------------------------------- the window */

typedef int64_t (*cost_fn)(uint32_t pages);

/* Turns pages whose cost is that of the function. Returns the time after them. */
static int64_t run(struct llmp_window *window, int64_t now, int turns, cost_fn cost) {
    for (int i = 0; i < turns; i++) {
        now += cost(window->pages);
        llmp_window_turn(window, now);
    }
    return now;
}

static int64_t best_at_four(uint32_t pages) {
    return pages == 4 ? 50000 : 100000 + pages;
}

static int64_t best_at_largest(uint32_t pages) {
    return 1000000 / pages;
}

static int64_t all_alike(uint32_t pages) {
    return 60000 - (int64_t)pages * 10;
}

static int64_t quiet(uint32_t pages) {
    (void)pages;
    return 100000000;
}

static void the_window_with_the_lowest_cost_is_chosen(void **state) {
    (void)state;
    struct llmp_window window;
    llmp_window_init(&window, 0, 64);
    (void)run(&window, 1, 1000, best_at_four);
    assert_int_equal(window.pages, 4);
    llmp_window_init(&window, 0, 64);
    (void)run(&window, 1, 1000, best_at_largest);
    assert_int_equal(window.pages, 64);
}

static void the_smallest_of_equal_windows_is_chosen(void **state) {
    (void)state;
    struct llmp_window window;
    llmp_window_init(&window, 0, 64);
    (void)run(&window, 1, 1000, all_alike);
    assert_int_equal(window.pages, 2);
}

static void the_window_is_measured_again_when_its_cost_drifts(void **state) {
    (void)state;
    struct llmp_window window;
    llmp_window_init(&window, 0, 64);
    int64_t now = run(&window, 1, 1000, best_at_four);
    now = run(&window, now, 20000, best_at_four);
    assert_int_equal(window.pages, 4);
    (void)run(&window, now, 20000, best_at_largest);
    assert_int_equal(window.pages, 64);
}

static void a_quiet_channel_has_two_pages_in_rotation(void **state) {
    (void)state;
    struct llmp_window window;
    llmp_window_init(&window, 0, 64);
    assert_int_equal(window.pages, 2);
    int64_t now = run(&window, 1, 1000, best_at_largest);
    now = run(&window, now, 3, quiet);
    assert_int_equal(window.pages, 64);
    (void)run(&window, now, 1, quiet);
    assert_int_equal(window.pages, 2);
}

static void a_fixed_window_does_not_change(void **state) {
    (void)state;
    struct llmp_window window;
    llmp_window_init(&window, 7, 64);
    (void)run(&window, 1, 2000, best_at_largest);
    assert_int_equal(window.pages, 7);
}

static void the_window_never_exceeds_its_bound(void **state) {
    (void)state;
    for (uint32_t max = 2; max < 40; max++) {
        struct llmp_window window;
        llmp_window_init(&window, 0, max);
        int64_t now = 1;
        for (int i = 0; i < 500; i++) {
            now = run(&window, now, 1, best_at_largest);
            assert_in_range(window.pages, 2, max);
        }
    }
}

/* ---------------------------------------------------------------- polling */

static void poll(struct llmp_coalesce *coalesce, int times, uint64_t unread) {
    for (int i = 0; i < times; i++) {
        assert_true(llmp_coalesce_take(coalesce, unread, unread * 128));
    }
}

/* Requests and answers: no poll finds more than one message. */
static void single_messages_are_never_delayed(void **state) {
    (void)state;
    struct llmp_coalesce coalesce;
    llmp_coalesce_init(&coalesce, 0, 0);
    for (int i = 0; i < 1000; i++) {
        poll(&coalesce, 3, 0);
        poll(&coalesce, 1, 1);
        assert_int_equal(coalesce.delay, 0);
        assert_true(llmp_coalesce_due(&coalesce));
    }
}

static void a_stream_is_polled_less_and_less_often(void **state) {
    (void)state;
    struct llmp_coalesce coalesce;
    llmp_coalesce_init(&coalesce, 0, 0);
    poll(&coalesce, 7, 3);
    assert_int_equal(coalesce.delay, 0);
    poll(&coalesce, 1, 3);
    assert_int_equal(coalesce.delay, 1000);
    poll(&coalesce, 2, 100);
    assert_int_equal(coalesce.delay, 4000);
    poll(&coalesce, 5, 512);
    assert_int_equal(coalesce.delay, 4000);
    poll(&coalesce, 100, 100);
    assert_int_equal(coalesce.delay, 20000);
}

static void after_a_stream_polls_are_not_delayed(void **state) {
    (void)state;
    struct llmp_coalesce coalesce;
    llmp_coalesce_init(&coalesce, 0, 0);
    poll(&coalesce, 100, 100);
    assert_int_equal(coalesce.delay, 20000);
    poll(&coalesce, 6, 1);
    assert_int_equal(coalesce.delay, 0);
}

static void few_large_messages_are_enough_for_a_poll(void **state) {
    (void)state;
    struct llmp_coalesce coalesce;
    llmp_coalesce_init(&coalesce, 0, 0);
    poll(&coalesce, 8, 2);
    assert_int_equal(coalesce.delay, 1000);
    assert_true(llmp_coalesce_take(&coalesce, 4, (size_t)256 << 10));
    assert_int_equal(coalesce.delay, 1000);
}

static void fixed_batches_wait_for_messages_or_time(void **state) {
    (void)state;
    struct llmp_coalesce coalesce;
    llmp_coalesce_init(&coalesce, 100, 1000000);
    coalesce.since = INT64_MAX; /* no time has passed */
    assert_false(llmp_coalesce_take(&coalesce, 99, 0));
    assert_false(llmp_coalesce_due(&coalesce));
    assert_true(llmp_coalesce_take(&coalesce, 100, 0));
    coalesce.since = 0; /* the time has passed long ago */
    assert_true(llmp_coalesce_take(&coalesce, 1, 0));
    llmp_coalesce_init(&coalesce, 1, 0);
    assert_true(llmp_coalesce_take(&coalesce, 1, 0));
    assert_true(llmp_coalesce_due(&coalesce));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_window_with_the_lowest_cost_is_chosen),
        cmocka_unit_test(the_smallest_of_equal_windows_is_chosen),
        cmocka_unit_test(the_window_is_measured_again_when_its_cost_drifts),
        cmocka_unit_test(a_quiet_channel_has_two_pages_in_rotation),
        cmocka_unit_test(a_fixed_window_does_not_change),
        cmocka_unit_test(the_window_never_exceeds_its_bound),
        cmocka_unit_test(single_messages_are_never_delayed),
        cmocka_unit_test(a_stream_is_polled_less_and_less_often),
        cmocka_unit_test(after_a_stream_polls_are_not_delayed),
        cmocka_unit_test(few_large_messages_are_enough_for_a_poll),
        cmocka_unit_test(fixed_batches_wait_for_messages_or_time),
    };
    return cmocka_run_group_tests_name("adapt", tests, NULL, NULL);
}
