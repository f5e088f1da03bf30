/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A call: one request of the suite and its answer. A role reads its arguments with the functions below. Each returns
 * false if the argument is missing or invalid, and has then already set the answer.
 */
#ifndef ADAPTER_CALL_H
#define ADAPTER_CALL_H

#include <jansson.h>
#include <llmp/llmp.h>

struct call {
    const json_t *request;
    json_t *answer;
};

/* A verb, the names of its arguments (separated by spaces), and the function that performs it. */
struct verb {
    const char *name;
    const char *arguments;
    void (*run)(struct call *call);
};

/* Performs the request in `line` and returns its answer, a new reference. Null only if memory has run out. */
json_t *call_answer(const char *line, size_t length, const struct verb *(*find)(const char *name));

/* ---------------------------------------------------------------- results */

void call_ok(struct call *call);
void call_refuse(struct call *call, const char *format, ...) __attribute__((format(printf, 2, 3)));
void call_unsupported(struct call *call, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Sets the result `ok` if `rc` is 0, otherwise `refused` with the library's description of the error. */
void call_finish(struct call *call, int rc);
/* Adds a field to the answer; takes ownership of `value`. */
void call_put(struct call *call, const char *field, json_t *value);
void call_put_number(struct call *call, const char *field, uint64_t value);

/* ---------------------------------------------------------------- arguments */

bool call_has(const struct call *call, const char *name);
/* Reads an integer from 0 to `max`, given as a number or as a string of digits. */
bool call_number(struct call *call, const char *name, uint64_t max, uint64_t *out);
/* The functions …_if_given leave `out` unchanged and return true if the argument is missing. */
bool call_number_if_given(struct call *call, const char *name, uint64_t max, uint64_t *out);
bool call_u32(struct call *call, const char *name, uint32_t *out);
bool call_u32_if_given(struct call *call, const char *name, uint32_t *out);
bool call_size(struct call *call, const char *name, size_t *out);
bool call_flag_if_given(struct call *call, const char *name, bool *out);
/* Reads timeout_ms and converts it to nanoseconds; a value too large for that becomes INT64_MAX. */
bool call_timeout(struct call *call, int64_t *timeout_ns);
bool call_provider(struct call *call, const llmp_shmem_provider **out);
bool call_desc(struct call *call, const char *name, llmp_shmem_desc *out);
/* Answers `unsupported` if the argument is 0: in the library's options, 0 means the default. */
bool call_nonzero(struct call *call, const char *name, uint64_t value);

#endif
