/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The baseline of a round trip: a message of LLMP's shape there and one back, each copied out of its slot and checked.
 * With `relay`, the baseline of the way through a broker: side B copies the message from slot to slot and does not
 * check its payload.
 *
 * The settings: windows of 8 KiB to 1 MiB for each direction, larger ones for payloads above 4 KiB, and both ways to
 * copy. The two with the smallest medians are measured again for longer. The percentiles of the faster one are the
 * baseline: halved for the one-way latency, whole for the way through a broker.
 */
#include "baselines/pingpong.h"

#include "baselines/slots.h"
#include "kit/clock.h"
#include "kit/pair.h"
#include "kit/stats.h"
#include "kit/sync.h"

enum { TRIALS_MAX = 24, FINALISTS = 2, SAMPLES_MAX = 200000 };

/* One direction: slots that are used over and over, and the number of the newest message. */
struct lane {
    struct shared_word id;
    unsigned char *slots;
};

struct pingpong {
    struct shared_word go;   /* A: number of the current run, from 1; UINT64_MAX: B exits */
    struct shared_word last; /* A: B ends the run after this message; published before the message is */
    struct lane there;       /* written by A */
    struct lane back;        /* written by B */
    size_t window;           /* written before `go`, read after it */
    bool inlined;            /* likewise */
    bool relay;              /* side B is a broker */
    bool corrupt;            /* written by both sides, only ever to true */
    struct payload payload;  /* its words are private to each side after the fork */
    unsigned char *copy;     /* payloads are copied to here; private likewise */
};

/* The position of one side in both of its windows, which advance together. */
struct place {
    size_t at;
    size_t slot;
    size_t end;
};

static struct place place_start(size_t window, size_t bytes) {
    size_t slot = slot_bytes(bytes);
    return (struct place){.slot = slot, .end = window / slot * slot};
}

ALWAYS_INLINE void put(struct lane *lane, const struct place *place, struct payload *payload, uint64_t i,
                       size_t bytes) {
    payload_stamp(payload, i);
    slot_write(lane->slots + place->at, i, payload, bytes);
    word_publish(&lane->id, i); /* pairs with word_await(id) in take() of the other side */
}

ALWAYS_INLINE bool take(struct lane *lane, const struct place *place, struct pingpong *p, uint64_t i, size_t bytes) {
    const unsigned char *slot = lane->slots + place->at;
    word_await(&lane->id, i); /* pairs with word_publish(id) in put() of the other side */
    bool good = slot_header_is(slot, i, bytes);
    memcpy(p->copy, slot + SLOT_HEADER, bytes);
    return payload_is(&p->payload, p->copy, bytes, i) && good;
}

ALWAYS_INLINE void place_advance(struct place *place) {
    place->at = place->at + place->slot == place->end ? 0 : place->at + place->slot;
}

/* Side B as a broker: copies the message from slot to slot. */
ALWAYS_INLINE bool relay_one(struct pingpong *p, const struct place *place, uint64_t i, size_t bytes) {
    unsigned char *slot = p->there.slots + place->at;
    struct payload in_place = {.words = (uint64_t *)(slot + SLOT_HEADER)};
    word_await(&p->there.id, i); /* pairs with word_publish(id) in put() of the other side */
    bool good = slot_header_is(slot, i, bytes);
    slot_write(p->back.slots + place->at, i, &in_place, bytes);
    word_publish(&p->back.id, i); /* pairs with word_await(id) in take() of the other side */
    return good;
}

/* Side B: answers each message with one of the same number. */
ALWAYS_INLINE bool answer_run(struct pingpong *p, struct payload *own, size_t bytes) {
    struct place place = place_start(p->window, bytes);
    bool good = true;
    for (uint64_t i = 1;; i++) {
        if (p->relay) {
            good &= relay_one(p, &place, i, bytes);
        } else {
            good &= take(&p->there, &place, p, i, bytes);
            put(&p->back, &place, own, i, bytes);
        }
        place_advance(&place);
        if (word_observe(&p->last) == i) { /* pairs with word_publish(last) in ask_run() */
            return good;
        }
    }
}

static int answer_side(void *context) {
    struct pingpong *p = context;
    struct payload own = p->payload; /* its words are private to this process since the fork */
    arena_touch(p->there.slots);
    for (uint64_t run = 1;; run++) {
        word_await(&p->go, run); /* pairs with word_publish(go) in ask_side() and stop_answers() */
        if (word_observe(&p->go) == UINT64_MAX) {
            return 0;
        }
        if (!WITH_SIZE(p->inlined, own.bytes, answer_run, p, &own)) {
            p->corrupt = true;
        }
        word_publish(&p->back.id, UINT64_MAX); /* the run has ended; pairs with word_await(back.id) in ask_side() */
    }
}

/* Side A: reads the clock once per round trip, so that each interval contains the cost of exactly one reading. */
ALWAYS_INLINE bool ask_run(struct pingpong *p, struct samples *samples, uint64_t until, size_t bytes) {
    struct place place = place_start(p->window, bytes);
    bool good = true;
    uint64_t before = clock_now();
    for (uint64_t i = 1;; i++) {
        bool last = before >= until || samples_full(samples);
        if (last) {
            word_publish(&p->last, i); /* pairs with word_observe(last) in answer_run() */
        }
        put(&p->there, &place, &p->payload, i, bytes);
        good &= take(&p->back, &place, p, i, bytes);
        place_advance(&place);
        uint64_t now = clock_now();
        if (last) {
            return good;
        }
        samples_add(samples, now - before);
        before = now;
    }
}

/* One setting, and its result. */
struct trial {
    size_t window;
    bool inlined;
    double ns[PERCENTILES];
};

/* Returns 0, or -1 without samples. */
static int ask_side(struct pingpong *p, struct trial *trial, uint64_t run, uint64_t duration_ns) {
    struct samples samples;
    if (samples_init(&samples, SAMPLES_MAX) != 0) {
        return -1;
    }
    p->window = trial->window;
    p->inlined = trial->inlined;
    word_publish(&p->last, 0);
    word_publish(&p->there.id, 0);
    word_publish(&p->back.id, 0); /* B's word, but B does not run until `go` */
    word_publish(&p->go, run);    /* pairs with word_await(go) in answer_side() */
    bool good = WITH_SIZE(p->inlined, p->payload.bytes, ask_run, p, &samples, clock_now() + duration_ns);
    word_await(&p->back.id, UINT64_MAX); /* pairs with word_publish(back.id) in answer_side() */
    int failed = samples_summarize(&samples, clock_cost_ns(), p->relay ? 1 : 2, trial->ns);
    samples_fini(&samples);
    p->corrupt |= !good;
    return failed;
}

/* Adds a window with each way to copy, unless it has room for less than two slots. Returns the new count. */
static unsigned add_trial(struct trial *list, unsigned count, size_t window, size_t payload) {
    if (window < 2 * slot_bytes(payload)) {
        return count;
    }
    list[count++] = (struct trial){.window = window};
    if (payload <= INLINED_MAX) {
        list[count++] = (struct trial){.window = window, .inlined = true};
    }
    return count;
}

static unsigned list_trials(struct trial *list, size_t payload) {
    unsigned count = 0;
    for (size_t window = (size_t)8 << 10; window <= (size_t)1 << 20; window *= 2) {
        count = add_trial(list, count, window, payload);
    }
    if (payload > 4096) {
        count = add_trial(list, count, 2 * slot_bytes(payload), payload);
        count = add_trial(list, count, (size_t)4 << 20, payload);
        count = add_trial(list, count, (size_t)8 << 20, payload);
        count = add_trial(list, count, ARENA_BYTES / 4, payload);
    }
    return count;
}

static int compare_trials(const void *left, const void *right) {
    double a = ((const struct trial *)left)->ns[0];
    double b = ((const struct trial *)right)->ns[0];
    return (a > b) - (a < b);
}

/* Tries every setting for a short time, and the fastest ones again for longer. Returns 0, or -1 without samples. */
static int find_best(struct pingpong *p, const struct settings *settings, struct trial *best) {
    struct trial list[TRIALS_MAX];
    uint64_t run = 0;
    int failed = 0;
    unsigned count = list_trials(list, p->payload.bytes);
    for (unsigned i = 0; i < count; i++) {
        failed |= ask_side(p, &list[i], ++run, scaled_duration(settings->baseline_scan_ns, p->payload.bytes));
    }
    qsort(list, count, sizeof *list, compare_trials);
    for (unsigned i = 0; i < FINALISTS && i < count; i++) {
        failed |= ask_side(p, &list[i], ++run, scaled_duration(2 * settings->baseline_ns, p->payload.bytes));
    }
    *best = list[1].ns[0] < list[0].ns[0] ? list[1] : list[0];
    return failed;
}

static void stop_answers(struct pingpong *p, pid_t peer, struct outcome *out) {
    word_publish(&p->go, UINT64_MAX); /* pairs with word_await(go) in answer_side() */
    if (pair_join(peer, 2000) != 0 || p->corrupt) {
        outcome_fail(out, "corrupt: the baseline received a wrong message");
    }
}

static void measure(struct pingpong *p, const struct settings *settings, struct outcome *out) {
    struct trial best;
    arena_touch(p->there.slots);
    pid_t peer = pair_fork(answer_side, p);
    if (peer < 0) {
        outcome_fail(out, "failed: no second process for the baseline");
        return;
    }
    if (find_best(p, settings, &best) != 0) {
        outcome_fail(out, "failed: the baseline has no samples");
    }
    stop_answers(p, peer, out);
    out->times.count = PERCENTILES;
    memcpy(out->times.ns, best.ns, sizeof best.ns);
    out->baseline.window = best.window;
    out->baseline.inlined = best.inlined;
    out->baseline.write_batch = out->baseline.read_batch = 1;
}

void baseline_pingpong(size_t payload, bool relay, const struct settings *settings, unsigned char *arena,
                       struct outcome *out) {
    struct pingpong *p = pair_alloc(sizeof *p);
    p->relay = relay;
    p->there.slots = arena;
    p->back.slots = arena + ARENA_BYTES / 2;
    p->copy = payload_buffer(slot_bytes(payload));
    if (p->copy == NULL || payload_init(&p->payload, payload, settings->seed) != 0) {
        outcome_fail(out, "failed: no memory for a payload");
    } else {
        memset(p->copy, 0, payload);
        measure(p, settings, out);
        payload_fini(&p->payload);
    }
    free(p->copy);
    pair_release(p, sizeof *p);
}
