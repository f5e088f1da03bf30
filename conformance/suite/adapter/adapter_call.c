/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Requests and replies: one line of JSON each. */
#include "suite/adapter/adapter_internal.h"
#include "suite/adapter/clock.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { GRACE_MS = 10 * 1000, HELLO_MS = 10 * 60 * 1000, LINE_MAX_BYTES = 1 << 20 };

static int left_ms(int64_t deadline) {
    int64_t left = deadline - lc_now_ms();
    return left < 0 ? 0 : left > INT32_MAX ? INT32_MAX : (int)left;
}

/* ---------------------------------------------------------------- requests */

/* timeout_ms may apply to each of `count` messages. */
static int64_t reply_timeout(const json_t *arguments) {
    int64_t timeout = json_integer_value(json_object_get(arguments, "timeout_ms"));
    int64_t count = json_integer_value(json_object_get(arguments, "count"));
    if (count > 1 && timeout > 0 && timeout < INT32_MAX / count) {
        timeout *= count;
    }
    return timeout + lc_scaled_ms(GRACE_MS);
}

static char *request_line(struct lc_adapter *adapter, const char *verb, json_t *arguments) {
    json_t *request = json_pack("{s:I, s:s, s:s}", "id", (json_int_t)adapter->next_id, "verb", verb, "test",
                                adapter->test != NULL ? adapter->test : "");
    if (request != NULL && arguments != NULL) {
        json_object_update_missing(request, arguments);
    }
    char *line = request != NULL ? json_dumps(request, JSON_COMPACT) : NULL;
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
    adapter->timeout_ms = reply_timeout(arguments);
    char *line = request_line(adapter, verb, arguments);
    json_decref(arguments);
    if (line == NULL) {
        return -ENOMEM;
    }
    free(adapter->request_verb);
    adapter->request_verb = strdup(verb);
    adapter->request_id = adapter->next_id++;
    size_t length = strlen(line);
    line[length] = '\n'; /* replaces the NUL, so that one write sends the whole line */
    int rc = write_all(adapter->in, line, length + 1, lc_now_ms() + adapter->timeout_ms);
    free(line);
    return rc;
}

/* ---------------------------------------------------------------- receiving a line */

enum received { RECEIVED, TIMED_OUT, END_OF_FILE, TOO_LONG };

static enum received receive_more(struct lc_adapter *adapter, int64_t deadline) {
    if (adapter->input == NULL) {
        adapter->input = malloc(LINE_MAX_BYTES + 1);
    }
    if (adapter->input == NULL || adapter->length >= LINE_MAX_BYTES) {
        return TOO_LONG;
    }
    int ready = poll(&(struct pollfd){adapter->out, POLLIN, 0}, 1, left_ms(deadline));
    if (ready <= 0) {
        return ready == 0 ? TIMED_OUT : errno == EINTR ? RECEIVED : END_OF_FILE;
    }
    ssize_t count = read(adapter->out, adapter->input + adapter->length, LINE_MAX_BYTES - adapter->length);
    if (count <= 0) {
        return count < 0 && errno == EINTR ? RECEIVED : END_OF_FILE;
    }
    adapter->length += (size_t)count;
    return RECEIVED;
}

static char *line_end(struct lc_adapter *adapter) {
    return adapter->length > 0 ? memchr(adapter->input, '\n', adapter->length) : NULL;
}

/* ---------------------------------------------------------------- outcomes */

static enum lc_outcome broken(struct lc_adapter *adapter, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static enum lc_outcome broken(struct lc_adapter *adapter, const char *format, ...) {
    va_list values;
    va_start(values, format);
    vsnprintf(adapter->error, sizeof adapter->error, format, values);
    va_end(values);
    return LC_BROKEN;
}

static enum lc_outcome kill_hanging(struct lc_adapter *adapter) {
    lc_adapter_kill(adapter);
    return LC_HUNG;
}

static enum lc_outcome wait_for_exit(struct lc_adapter *adapter, int64_t deadline) {
    while (lc_adapter_alive(adapter)) {
        if (left_ms(deadline) == 0) {
            (void)kill_hanging(adapter);
            return broken(adapter, "the adapter closed its standard output and continued to run");
        }
        (void)nanosleep(&(struct timespec){0, 1000000}, NULL);
    }
    return LC_CRASHED;
}

static enum lc_outcome outcome_of(struct lc_adapter *adapter) {
    const char *verb = adapter->request_verb;
    const char *result = json_string_value(json_object_get(adapter->reply, "result"));
    if (!json_is_integer(json_object_get(adapter->reply, "id"))) {
        return broken(adapter, "the reply to %s has no number `id`", verb);
    }
    json_int_t id = json_integer_value(json_object_get(adapter->reply, "id"));
    if (id != adapter->request_id) {
        return broken(adapter, "the reply to request %lld (%s) has the id %lld", (long long)adapter->request_id, verb,
                      (long long)id);
    }
    if (result == NULL) {
        return broken(adapter, "the reply to %s has no string `result`", verb);
    }
    return strcmp(result, "ok") == 0        ? LC_OK
           : strcmp(result, "refused") == 0 ? LC_REFUSED
           : strcmp(result, "unsupported") == 0
               ? LC_UNSUPPORTED
               : broken(adapter, "the reply to %s has the result \"%s\"", verb, result);
}

static enum lc_outcome parse_line(struct lc_adapter *adapter, char *end) {
    json_error_t error;
    size_t length = (size_t)(end - adapter->input);
    adapter->reply = json_loadb(adapter->input, length, JSON_REJECT_DUPLICATES, &error);
    enum lc_outcome outcome;
    if (!json_is_object(adapter->reply)) {
        outcome = broken(adapter, "the reply to %s is not a JSON object: %.*s", adapter->request_verb,
                         length > 160 ? 160 : (int)length, adapter->input);
    } else {
        outcome = outcome_of(adapter);
    }
    adapter->length -= length + 1;
    memmove(adapter->input, end + 1, adapter->length);
    return outcome;
}

enum lc_outcome lc_adapter_receive(struct lc_adapter *adapter, const json_t **reply) {
    int64_t deadline = lc_now_ms() + adapter->timeout_ms;
    char *end;
    json_decref(adapter->reply);
    adapter->reply = NULL;
    if (reply != NULL) {
        *reply = NULL;
    }
    while ((end = line_end(adapter)) == NULL) {
        switch (receive_more(adapter, deadline)) {
        case RECEIVED: break;
        case TIMED_OUT: return kill_hanging(adapter);
        case END_OF_FILE: return wait_for_exit(adapter, deadline);
        default: return broken(adapter, "the reply to %s is longer than 1 MiB", adapter->request_verb);
        }
    }
    enum lc_outcome outcome = parse_line(adapter, end);
    if (reply != NULL) {
        *reply = adapter->reply;
    }
    return outcome;
}

enum lc_outcome lc_adapter_hello(struct lc_adapter *adapter, const json_t **reply) {
    (void)lc_adapter_send(adapter, "hello", json_pack("{s:i}", "adapter", 1));
    adapter->timeout_ms = HELLO_MS;
    return lc_adapter_receive(adapter, reply);
}
