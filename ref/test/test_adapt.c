/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What adapts by itself, fed with made-up measurements: the window of pages, and the receiver's looks. */
#include "channel/coalesce.h"
#include "channel/window.h"
#include "support.h"

/* ---------------------------------------------------------------- the window */

typedef int64_t (*cost_fn)(uint32_t pages);

/* Turns pages that cost what the function says. */
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

static void the_window_finds_what_costs_least(void **state) {
    (void)state;
    struct llmp_window window;
    llmp_window_init(&window, 0, 64);
    (void)run(&window, 1, 1000, best_at_four);
    assert_int_equal(window.pages, 4);
    llmp_window_init(&window, 0, 64);
    (void)run(&window, 1, 1000, best_at_largest);
    assert_int_equal(window.pages, 64);
}

static void of_equals_the_smallest_window_is_kept(void **state) {
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

static void a_quiet_channel_goes_round_in_two_pages(void **state) {
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

static void a_window_that_was_chosen_stays(void **state) {
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

/* ---------------------------------------------------------------- the looks */

static void take(struct llmp_coalesce *coalesce, int times, uint64_t fresh) {
    for (int i = 0; i < times; i++) {
        assert_true(llmp_coalesce_take(coalesce, fresh, fresh * 128));
    }
}

/* Question and answer: one message a look, for ever. */
static void single_messages_are_never_delayed(void **state) {
    (void)state;
    struct llmp_coalesce coalesce;
    llmp_coalesce_init(&coalesce, 0, 0);
    for (int i = 0; i < 1000; i++) {
        take(&coalesce, 3, 0);
        take(&coalesce, 1, 1);
        assert_int_equal(coalesce.delay, 0);
        assert_true(llmp_coalesce_due(&coalesce));
    }
}

static void a_stream_is_looked_at_ever_more_rarely(void **state) {
    (void)state;
    struct llmp_coalesce coalesce;
    llmp_coalesce_init(&coalesce, 0, 0);
    take(&coalesce, 7, 3);
    assert_int_equal(coalesce.delay, 0);
    take(&coalesce, 1, 3);
    assert_int_equal(coalesce.delay, 1000);
    take(&coalesce, 2, 100);
    assert_int_equal(coalesce.delay, 4000);
    take(&coalesce, 5, 512);
    assert_int_equal(coalesce.delay, 4000);
    take(&coalesce, 100, 100);
    assert_int_equal(coalesce.delay, 20000);
}

static void a_stream_that_ends_is_followed_at_once_again(void **state) {
    (void)state;
    struct llmp_coalesce coalesce;
    llmp_coalesce_init(&coalesce, 0, 0);
    take(&coalesce, 100, 100);
    assert_int_equal(coalesce.delay, 20000);
    take(&coalesce, 6, 1);
    assert_int_equal(coalesce.delay, 0);
}

static void large_messages_are_worth_a_look_each(void **state) {
    (void)state;
    struct llmp_coalesce coalesce;
    llmp_coalesce_init(&coalesce, 0, 0);
    take(&coalesce, 8, 2);
    assert_int_equal(coalesce.delay, 1000);
    assert_true(llmp_coalesce_take(&coalesce, 4, (size_t)256 << 10));
    assert_int_equal(coalesce.delay, 1000);
}

static void fixed_batches_wait_for_number_or_time(void **state) {
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
        cmocka_unit_test(the_window_finds_what_costs_least),
        cmocka_unit_test(of_equals_the_smallest_window_is_kept),
        cmocka_unit_test(the_window_is_measured_again_when_its_cost_drifts),
        cmocka_unit_test(a_quiet_channel_goes_round_in_two_pages),
        cmocka_unit_test(a_window_that_was_chosen_stays),
        cmocka_unit_test(the_window_never_exceeds_its_bound),
        cmocka_unit_test(single_messages_are_never_delayed),
        cmocka_unit_test(a_stream_is_looked_at_ever_more_rarely),
        cmocka_unit_test(a_stream_that_ends_is_followed_at_once_again),
        cmocka_unit_test(large_messages_are_worth_a_look_each),
        cmocka_unit_test(fixed_batches_wait_for_number_or_time),
    };
    return cmocka_run_group_tests_name("adapt", tests, NULL, NULL);
}
