/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The baseline of a stream: messages of LLMP's shape, one way, as fast as the two cores can transfer them.
 *
 * The settings: windows from 16 KiB to 64 MiB in steps of 4; in each of them, every message published on its own and
 * read at once, published in batches of 512, and read in batches of 512; each with both ways to copy. The fastest
 * setting is the baseline.
 */
#include "baselines/stream.h"

#include "baselines/slots.h"
#include "kit/clock.h"
#include "kit/pair.h"
#include "kit/stats.h"
#include "kit/sync.h"

enum { BATCH = 512, SETTINGS_MAX = 64, FINALISTS = 3, TURNS = 5 };

/* One setting, and its result. */
struct setting {
    size_t window;
    uint64_t slots;
    uint64_t write_batch;
    uint64_t read_batch;
    bool inlined;
    double ns; /* per message, timed by the reader */
};

/* Shared by both sides. */
struct stream {
    struct shared_word go;   /* A: number of the current run, from 1; UINT64_MAX: B exits */
    struct shared_word id;   /* A: messages published */
    struct shared_word end;  /* A: messages of the whole run; 0 until the run ends */
    struct shared_word ack;  /* B: messages read; their slots may be written again */
    struct shared_word done; /* B: number of the last run that has ended */
    struct setting setting;  /* written before `go`, read after it */
    double ns;               /* written before `done`, read after it */
    bool corrupt;            /* likewise */
    struct payload payload;  /* its words are private to each side after the fork */
    unsigned char *arena;
};

/* Waits for the reader if all slots are full. Returns up to which message the writer may write. */
static uint64_t await_room(struct stream *s, uint64_t next, uint64_t slots) {
    word_publish(&s->id, next); /* the reader may wait for messages of a batch; pairs with word_observe(id) */
    uint64_t acked;
    while ((acked = word_observe(&s->ack)) + slots <= next) { /* pairs with word_publish(ack) in read_run() */
        spin_turn();
    }
    return acked + slots;
}

/* Writes until `until` and checks the clock every 64 KiB. Returns the number of messages. */
ALWAYS_INLINE uint64_t write_run(struct stream *s, uint64_t until, size_t bytes) {
    const struct setting set = s->setting;
    const size_t slot = slot_bytes(bytes), end = set.slots * slot;
    const uint64_t stretch = slot < 65536 ? 65536 / slot : 1;
    uint64_t i = 0, room = set.slots, unpublished = 0;
    size_t at = 0;
    while (clock_now() < until) {
        for (uint64_t stop = i + stretch; i < stop;) {
            if (i == room) {
                room = await_room(s, i, set.slots);
            }
            payload_stamp(&s->payload, i);
            slot_write(s->arena + at, i + 1, &s->payload, bytes);
            at = at + slot == end ? 0 : at + slot;
            i++;
            if (++unpublished >= set.write_batch) {
                word_publish(&s->id, i); /* pairs with word_observe(id) in await_batch() */
                unpublished = 0;
            }
        }
    }
    return i;
}

/* Waits for a batch of messages or for the end of the run. Returns how many messages have been published. */
static uint64_t await_batch(struct stream *s, uint64_t next, uint64_t batch) {
    for (;;) {
        uint64_t end = word_observe(&s->end); /* before id, which is final once this is set; pairs with write_side() */
        uint64_t id = word_observe(&s->id);   /* pairs with word_publish(id) in write_run() */
        if (id >= next + batch || end != 0) {
            return id;
        }
        if (batch > 1) {
            lazy_turn();
        } else {
            spin_turn();
        }
    }
}

/*
 * Restarts the clock after the first pass over the window, because its cache lines are where the previous run left
 * them. If the run ends within that pass, the pass is what is timed.
 */
static void restart_clock(uint64_t read, uint64_t slots, uint64_t *first, uint64_t *start) {
    if (*first == 0 && read >= slots) {
        *first = read;
        *start = clock_now();
    }
}

ALWAYS_INLINE uint64_t read_run(struct stream *s, size_t bytes) {
    const struct setting set = s->setting;
    const size_t slot = slot_bytes(bytes), end = set.slots * slot;
    const uint64_t every = set.slots >= 16 ? set.slots / 8 : 1;
    uint64_t i = 0, id, next_ack = every, first = 0;
    size_t at = 0;
    bool good = true;
    await_batch(s, 0, 1);
    uint64_t start = clock_now();
    while ((id = await_batch(s, i, set.read_batch)) != i) { /* equal: the run has ended */
        while (i < id) {
            const unsigned char *from = s->arena + at;
            good &= slot_header_is(from, i + 1, bytes) && payload_is(&s->payload, from + SLOT_HEADER, bytes, i);
            at = at + slot == end ? 0 : at + slot;
            if (++i == next_ack) {
                word_publish(&s->ack, i); /* pairs with word_observe(ack) in await_room() */
                next_ack += every;
                restart_clock(i, set.slots, &first, &start);
            }
        }
    }
    s->ns = (double)(clock_now() - start) / (double)(i > first ? i - first : 1);
    s->corrupt |= !good || i != word_observe(&s->end);
    return i;
}

static int read_side(void *context) {
    struct stream *s = context;
    struct payload own = s->payload;
    arena_touch(s->arena);
    for (uint64_t run = 1;; run++) {
        word_await(&s->go, run); /* pairs with word_publish(go) in write_side() and stop_reader() */
        if (word_observe(&s->go) == UINT64_MAX) {
            return 0;
        }
        WITH_SIZE(s->setting.inlined, own.bytes, read_run, s);
        word_publish(&s->done, run); /* pairs with word_await(done) in write_side() */
    }
}

static void write_side(struct stream *s, struct setting *setting, uint64_t run, uint64_t duration_ns) {
    s->setting = *setting;
    word_publish(&s->id, 0);
    word_publish(&s->end, 0);
    word_publish(&s->ack, 0);  /* B's word, but B does not run until `go` */
    word_publish(&s->go, run); /* pairs with word_await(go) in read_side() */
    uint64_t count = WITH_SIZE(setting->inlined, s->payload.bytes, write_run, s, clock_now() + duration_ns);
    word_publish(&s->id, count);
    word_publish(&s->end, count); /* pairs with word_observe(end) in await_batch() */
    word_await(&s->done, run);    /* pairs with word_publish(done) in read_side() */
    setting->ns = s->ns;
}

/* Adds a setting with each way to copy. Returns the new count. */
static unsigned add_setting(struct setting *list, unsigned count, struct setting setting, size_t payload) {
    list[count++] = setting;
    if (payload <= INLINED_MAX) {
        setting.inlined = true;
        list[count++] = setting;
    }
    return count;
}

/* A batch is at most half a window; if that is less than two messages, batches are not tried. */
static unsigned list_settings(struct setting *list, size_t payload) {
    unsigned count = 0;
    for (size_t window = (size_t)16 << 10; window <= ARENA_BYTES; window *= 4) {
        struct setting plain = {
            .window = window, .slots = window / slot_bytes(payload), .write_batch = 1, .read_batch = 1};
        struct setting written = plain, read = plain;
        written.write_batch = read.read_batch = plain.slots / 2 < BATCH ? plain.slots / 2 : BATCH;
        if (plain.slots >= 2) {
            count = add_setting(list, count, plain, payload);
        }
        if (written.write_batch >= 2) {
            count = add_setting(list, count, written, payload);
            count = add_setting(list, count, read, payload);
        }
    }
    return count;
}

static int compare_settings(const void *left, const void *right) {
    double a = ((const struct setting *)left)->ns;
    double b = ((const struct setting *)right)->ns;
    return (a > b) - (a < b);
}

/*
 * Moves the fastest settings to the front, at most one per window. A short reading can be far too fast for all settings
 * of one window, by chance of where its lines were, so the finalists must not all have the same window.
 */
static unsigned keep_finalists(struct setting *list, unsigned count) {
    unsigned kept = 0;
    qsort(list, count, sizeof *list, compare_settings);
    for (unsigned i = 0; i < count && kept < FINALISTS; i++) {
        bool known = false;
        for (unsigned k = 0; k < kept; k++) {
            known |= list[k].window == list[i].window;
        }
        if (!known) {
            list[kept++] = list[i];
        }
    }
    return kept;
}

/*
 * Measures the finalists in turns, so that a temporary state of the caches affects all of them, and uses the median of
 * each one's turns. A turn of 1 MiB messages would end before the caches have settled: those get one long turn.
 */
static void run_finals(struct stream *s, struct setting *list, unsigned count, uint64_t *run, uint64_t duration_ns) {
    double times[FINALISTS][TURNS];
    unsigned turns = s->payload.bytes < 1048576 ? TURNS : 1;
    for (unsigned turn = 0; turn < turns; turn++) {
        for (unsigned i = 0; i < count; i++) {
            write_side(s, &list[i], ++*run, duration_ns / turns);
            times[i][turn] = list[i].ns;
        }
    }
    for (unsigned i = 0; i < count; i++) {
        list[i].ns = median_of(times[i], turns);
    }
}

static struct setting find_best(struct stream *s, const struct settings *settings) {
    struct setting list[SETTINGS_MAX];
    unsigned count = list_settings(list, s->payload.bytes);
    uint64_t run = 0;
    for (unsigned i = 0; i < count; i++) {
        write_side(s, &list[i], ++run, scaled_duration(settings->baseline_scan_ns, s->payload.bytes));
    }
    count = keep_finalists(list, count);
    run_finals(s, list, count, &run, scaled_duration(settings->baseline_ns, s->payload.bytes));
    qsort(list, count, sizeof *list, compare_settings);
    return list[0];
}

static void stop_reader(struct stream *s, pid_t peer, struct outcome *out) {
    word_publish(&s->go, UINT64_MAX); /* pairs with word_await(go) in read_side() */
    if (pair_join(peer, 2000) != 0 || s->corrupt) {
        outcome_fail(out, "corrupt: the baseline's own reader received a wrong message");
    }
}

static void measure(struct stream *s, const struct settings *settings, struct outcome *out) {
    arena_touch(s->arena);
    pid_t peer = pair_fork(read_side, s);
    if (peer < 0) {
        outcome_fail(out, "failed: no second process for the baseline");
        return;
    }
    struct setting best = find_best(s, settings);
    stop_reader(s, peer, out);
    out->times = (struct times){.count = 1, .ns = {best.ns}};
    out->baseline.window = best.window;
    out->baseline.inlined = best.inlined;
    out->baseline.write_batch = (unsigned)best.write_batch;
    out->baseline.read_batch = (unsigned)best.read_batch;
}

void baseline_stream(size_t payload, const struct settings *settings, unsigned char *arena, struct outcome *out) {
    struct stream *s = pair_alloc(sizeof *s);
    s->arena = arena;
    if (payload_init(&s->payload, payload, settings->seed) == 0) {
        measure(s, settings, out);
        payload_fini(&s->payload);
    } else {
        outcome_fail(out, "failed: no memory for a payload");
    }
    pair_release(s, sizeof *s);
}
