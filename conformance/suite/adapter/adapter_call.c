/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Requests and answers: a line of JSON each, with a limit on how long an answer may take. */
#include "suite/adapter/adapter_internal.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { PATIENCE_MS = 10 * 1000 };

enum lc_outcome lc_adapter_set_error(struct lc_adapter *adapter, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(adapter->complaint, sizeof adapter->complaint, format, arguments);
    va_end(arguments);
    return LC_BROKEN;
}

static int64_t now_ms(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int left_ms(int64_t deadline) {
    int64_t left = deadline - now_ms();
    return left < 0 ? 0 : left > INT32_MAX ? INT32_MAX : (int)left;
}

/* ---------------------------------------------------------------- asking */

/* Where each of `count` messages may take so long, the whole may take that many times as long. */
static int64_t patience_for(const json_t *arguments) {
    int64_t timeout = json_integer_value(json_object_get(arguments, "timeout_ms"));
    int64_t count = json_integer_value(json_object_get(arguments, "count"));
    if (count > 1 && timeout > 0 && timeout < INT32_MAX / count) {
        timeout *= count;
    }
    return timeout + (int64_t)(PATIENCE_MS * lc_time_factor);
}

static char *request_line(struct lc_adapter *adapter, const char *verb, json_t *arguments) {
    json_t *request = json_pack("{s:I, s:s, s:s}", "id", (json_int_t)adapter->next_id, "verb", verb, "test",
                                adapter->test ? adapter->test : "");
    if (request && arguments) {
        json_object_update_missing(request, arguments);
    }
    char *line = request ? json_dumps(request, JSON_COMPACT) : NULL;
    json_decref(request);
    return line;
}

static int write_all(int fd, const char *bytes, size_t length, int64_t deadline) {
    while (length > 0) {
        ssize_t written = write(fd, bytes, length);
        if (written < 0 && errno != EAGAIN && errno != EINTR) {
            return -errno;
        }
        if (written < 0 && poll(&(struct pollfd){fd, POLLOUT, 0}, 1, left_ms(deadline)) == 0) {
            return -ETIMEDOUT;
        }
        if (written > 0) {
            bytes += written;
            length -= (size_t)written;
        }
    }
    return 0;
}

int lc_adapter_send(struct lc_adapter *adapter, const char *verb, json_t *arguments) {
    adapter->timeout_ms = patience_for(arguments);
    char *line = request_line(adapter, verb, arguments);
    json_decref(arguments);
    if (!line) {
        return -ENOMEM;
    }
    free(adapter->asked_verb);
    adapter->asked_verb = strdup(verb);
    adapter->asked_id = adapter->next_id++;
    size_t length = strlen(line);
    line[length] = '\n'; /* in the place of its NUL: the line goes out with one write, or with few */
    int error = write_all(adapter->in, line, length + 1, now_ms() + adapter->timeout_ms);
    free(line);
    return error;
}

void lc_adapter_set_timeout(struct lc_adapter *adapter, int64_t milliseconds) {
    adapter->timeout_ms = milliseconds;
}

/* ---------------------------------------------------------------- hearing */

/* 1: read something; 0: the time is up; -1: it hung up; -2: the line is too long. */
static int read_more(struct lc_adapter *adapter, int64_t deadline) {
    if (adapter->length >= LC_LINE_LIMIT) {
        return -2;
    }
    if (!adapter->line && !(adapter->line = malloc(LC_LINE_LIMIT + 1))) {
        return -2;
    }
    int ready = poll(&(struct pollfd){adapter->out, POLLIN, 0}, 1, left_ms(deadline));
    if (ready <= 0) {
        return ready == 0 ? 0 : errno == EINTR ? 1 : -1;
    }
    ssize_t got = read(adapter->out, adapter->line + adapter->length, LC_LINE_LIMIT - adapter->length);
    if (got <= 0) {
        return got < 0 && errno == EINTR ? 1 : -1;
    }
    adapter->length += (size_t)got;
    return 1;
}

static char *line_end(struct lc_adapter *adapter) {
    return adapter->length ? memchr(adapter->line, '\n', adapter->length) : NULL;
}

static enum lc_outcome it_hung(struct lc_adapter *adapter) {
    lc_adapter_kill(adapter);
    return LC_HUNG;
}

static enum lc_outcome it_hung_up(struct lc_adapter *adapter, int64_t deadline) {
    while (lc_adapter_alive(adapter)) {
        if (left_ms(deadline) == 0) {
            it_hung(adapter);
            return lc_adapter_set_error(adapter, "it closed its standard output and went on");
        }
        nanosleep(&(struct timespec){0, 1000000}, NULL);
    }
    return LC_CRASHED;
}

static enum lc_outcome result_of(struct lc_adapter *adapter) {
    const char *result = json_string_value(json_object_get(adapter->reply, "result"));
    if (!json_is_integer(json_object_get(adapter->reply, "id"))) {
        return lc_adapter_set_error(adapter, "its answer to %s has no number `id`", adapter->asked_verb);
    }
    json_int_t id = json_integer_value(json_object_get(adapter->reply, "id"));
    if (id != adapter->asked_id) {
        return lc_adapter_set_error(adapter, "its answer to request %lld (%s) has the id %lld",
                                    (long long)adapter->asked_id, adapter->asked_verb, (long long)id);
    }
    if (!result) {
        return lc_adapter_set_error(adapter, "its answer to %s has no string `result`", adapter->asked_verb);
    }
    return strcmp(result, "ok") == 0        ? LC_OK
           : strcmp(result, "refused") == 0 ? LC_REFUSED
           : strcmp(result, "unsupported") == 0
               ? LC_UNSUPPORTED
               : lc_adapter_set_error(adapter, "its answer to %s has the result \"%s\"", adapter->asked_verb, result);
}

static enum lc_outcome take_line(struct lc_adapter *adapter, char *end) {
    json_error_t error;
    size_t length = (size_t)(end - adapter->line);
    adapter->reply = json_loadb(adapter->line, length, JSON_REJECT_DUPLICATES, &error);
    enum lc_outcome outcome;
    if (!json_is_object(adapter->reply)) {
        outcome = lc_adapter_set_error(adapter, "its answer to %s is no JSON object: %.*s", adapter->asked_verb,
                                       length > 160 ? 160 : (int)length, adapter->line);
    } else {
        outcome = result_of(adapter);
    }
    adapter->length -= length + 1;
    memmove(adapter->line, end + 1, adapter->length);
    return outcome;
}

enum lc_outcome lc_adapter_receive(struct lc_adapter *adapter, const json_t **reply) {
    int64_t deadline = now_ms() + adapter->timeout_ms;
    char *end;
    json_decref(adapter->reply);
    adapter->reply = NULL;
    if (reply) {
        *reply = NULL;
    }
    while (!(end = line_end(adapter))) {
        int got = read_more(adapter, deadline);
        if (got == 0) {
            return it_hung(adapter);
        }
        if (got == -1) {
            return it_hung_up(adapter, deadline);
        }
        if (got == -2) {
            return lc_adapter_set_error(adapter, "its answer to %s is longer than 1 MiB", adapter->asked_verb);
        }
    }
    enum lc_outcome outcome = take_line(adapter, end);
    if (reply) {
        *reply = adapter->reply;
    }
    return outcome;
}

enum lc_outcome lc_adapter_call(struct lc_adapter *adapter, const char *verb, json_t *arguments, const json_t **reply) {
    int error = lc_adapter_send(adapter, verb, arguments);
    if (error == -ETIMEDOUT) {
        return it_hung(adapter);
    }
    return lc_adapter_receive(adapter, reply); /* whatever else is wrong shows there */
}
