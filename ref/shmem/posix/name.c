/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "shmem/posix/name.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "os/os.h"

#define LENGTH (LLMP_SHMEM_ID_SIZE - 1)

static const char prefix[] = "/libafl_";

/*
 * No letter and no digit, which other implementations use in this place, nor '~', which is the mark of another one. No
 * character that a shell or JSON would have to quote.
 */
static const char marks[] = "+=@^,#";
#define MARKS ((uint32_t)sizeof marks - 1)

static const char digits[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
#define DIGITS ((uint32_t)sizeof digits - 1)

/* At least 2 characters behind the token are random. `start` is the length of "/libafl_<pid>_". */
static size_t token_length(size_t start) {
    return start + 3 <= LENGTH ? (LENGTH - start) / 2 : 0;
}

static size_t start_of(pid_t pid, char *name, size_t size) {
    return (size_t)snprintf(name, size, "%s%d_", prefix, (int)pid);
}

uint32_t llmp_name_tokens(pid_t pid) {
    size_t length = token_length(start_of(pid, NULL, 0));
    uint32_t count = length > 0 ? MARKS : 0;
    for (size_t i = 1; i < length; i++) {
        count *= DIGITS;
    }
    return count;
}

void llmp_name_make(const struct llmp_owner *owner, llmp_shmem_id *id) {
    unsigned char random[LLMP_SHMEM_ID_SIZE];
    llmp_os_random(random, sizeof random);
    memset(id->bytes, 0, sizeof id->bytes);
    size_t at = start_of(owner->pid, id->bytes, sizeof id->bytes);
    size_t token_end = at + token_length(at);
    uint32_t rest = owner->token;
    id->bytes[at++] = marks[rest % MARKS];
    rest /= MARKS;
    for (; at < token_end; at++, rest /= DIGITS) {
        id->bytes[at] = digits[rest % DIGITS];
    }
    for (; at < LENGTH; at++) {
        id->bytes[at] = digits[random[at] % DIGITS];
    }
}

/* ------------------------------------------------------------------ parsing */

/* Returns the place of a character in an alphabet, or `count` if it is not in it. */
static uint32_t index_of(char c, const char *alphabet, uint32_t count) {
    const char *found = c != '\0' ? strchr(alphabet, c) : NULL;
    return found != NULL ? (uint32_t)(found - alphabet) : count;
}

/* Returns the pid in a name and sets the length up to the token, or returns 0. strtol() would skip blanks and signs. */
static pid_t parse_pid(const char *name, size_t *start) {
    const char *number = name + sizeof prefix - 1;
    char *end;
    if (strnlen(name, LLMP_SHMEM_ID_SIZE) != LENGTH || strncmp(name, prefix, sizeof prefix - 1) != 0 || *number < '1' ||
        *number > '9') {
        return 0;
    }
    long pid = strtol(number, &end, 10);
    *start = (size_t)(end - name) + 1;
    return *end == '_' && token_length(*start) > 0 ? (pid_t)pid : 0;
}

static bool parse_token(const char *name, size_t start, uint32_t *token) {
    uint32_t value = index_of(name[start], marks, MARKS), factor = MARKS;
    if (value == MARKS) {
        return false;
    }
    size_t token_end = start + token_length(start);
    for (size_t i = start + 1; i < LENGTH; i++) {
        uint32_t digit = index_of(name[i], digits, DIGITS);
        if (digit == DIGITS) {
            return false;
        }
        value += i < token_end ? digit * factor : 0;
        factor *= i < token_end ? DIGITS : 1;
    }
    *token = value;
    return true;
}

/* Strict, because llmp_owner_sweep() removes files by their names. */
bool llmp_name_parse(const char *name, struct llmp_owner *owner) {
    size_t start;
    uint32_t token;
    pid_t pid = parse_pid(name, &start);
    if (pid == 0 || !parse_token(name, start, &token)) {
        return false;
    }
    *owner = (struct llmp_owner){pid, token};
    return true;
}
