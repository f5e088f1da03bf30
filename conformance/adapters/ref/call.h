/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A call: one request of the suite and the answer to it. A role reads its arguments by the functions below. Each gives
 * false where the argument is not as it has to be, and has answered the call then.
 */
#ifndef ADAPTER_CALL_H
#define ADAPTER_CALL_H

#include <jansson.h>
#include <llmp/llmp.h>

struct call {
    const json_t *request;
    json_t *answer;
};

/* A verb, the arguments that it knows (words with spaces between), and what does it. */
struct verb {
    const char *name;
    const char *arguments;
    void (*run)(struct call *call);
};

/* Answers a line. Null only where memory has run out. */
json_t *call_answer(const char *line, size_t length, const struct verb *(*find)(const char *name));

/* ---------------------------------------------------------------- results */

void call_ok(struct call *call);
void call_refuse(struct call *call, const char *format, ...) __attribute__((format(printf, 2, 3)));
void call_unsupported(struct call *call, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* ok for 0, else refused in the library's own words. */
void call_settle(struct call *call, int code);
/* A further field of the answer; takes the value over. */
void call_put(struct call *call, const char *field, json_t *value);
void call_put_number(struct call *call, const char *field, uint64_t value);

/* ---------------------------------------------------------------- arguments */

bool call_has(const struct call *call, const char *name);
/* An integer from 0 to `most`, as a number or as a string of digits. */
bool call_number(struct call *call, const char *name, uint64_t max, uint64_t *out);
/* The same, left as it is where the argument is missing. */
bool call_number_if_given(struct call *call, const char *name, uint64_t max, uint64_t *out);
bool call_u32(struct call *call, const char *name, uint32_t *out);
bool call_u32_if_given(struct call *call, const char *name, uint32_t *out);
bool call_size(struct call *call, const char *name, size_t *out);
bool call_flag_if_given(struct call *call, const char *name, bool *out);
/* timeout_ms, as the library takes it. */
bool call_timeout(struct call *call, int64_t *timeout_ns);
bool call_provider(struct call *call, const llmp_shmem_provider **out);
bool call_desc(struct call *call, const char *name, llmp_shmem_desc *out);
/* An option that has no zero in the library: there 0 stands for the default. Unsupported is the answer to it. */
bool call_nonzero(struct call *call, const char *name, uint64_t value);

#endif
