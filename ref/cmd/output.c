/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Output for other programs: JSON strings, and checking that the output was written. */
#include <errno.h>
#include <string.h>

#include "cmd/cmd.h"

/* ------------------------------------------------------------------ JSON */

/*
 * Returns the length of the UTF-8 character at `at`, or 0 if the bytes are not UTF-8, an over-long form or a surrogate.
 */
static size_t character_length(const unsigned char *at, size_t left) {
    static const uint32_t min[5] = {0, 0, 0x80, 0x800, 0x10000};
    size_t length = at[0] < 0x80 ? 1 : at[0] < 0xc0 ? 0 : at[0] < 0xe0 ? 2 : at[0] < 0xf0 ? 3 : at[0] < 0xf8 ? 4 : 0;
    uint32_t value = length < 2 ? at[0] : at[0] & (0x7fu >> length);
    if (length == 0 || length > left) {
        return 0;
    }
    for (size_t i = 1; i < length; i++) {
        if ((at[i] & 0xc0) != 0x80) {
            return 0;
        }
        value = value << 6 | (at[i] & 0x3f);
    }
    bool surrogate = value >= 0xd800 && value <= 0xdfff;
    return value < min[length] || value > 0x10ffff || surrogate ? 0 : length;
}

static bool is_text(const unsigned char *bytes, size_t length) {
    for (size_t at = 0, step; at < length; at += step) {
        step = character_length(bytes + at, length - at);
        if (step == 0) {
            return false;
        }
    }
    return true;
}

static void put_escaped(FILE *out, unsigned char byte) {
    switch (byte) {
    case '"': fputs("\\\"", out); break;
    case '\\': fputs("\\\\", out); break;
    case '\n': fputs("\\n", out); break;
    case '\t': fputs("\\t", out); break;
    default: byte < 0x20 || byte == 0x7f ? fprintf(out, "\\u%04x", byte) : fputc(byte, out);
    }
}

bool llmp_cmd_json_string(FILE *out, const void *bytes, size_t length) {
    const unsigned char *at = bytes;
    if (!is_text(at, length)) {
        return false;
    }
    fputc('"', out);
    for (size_t i = 0; i < length; i++) {
        put_escaped(out, at[i]);
    }
    fputc('"', out);
    return true;
}

/* ------------------------------------------------------------------ finishing */

int llmp_cmd_finish_output(const char *subcommand, FILE *out) {
    errno = 0;
    if (fflush(out) == 0 && ferror(out) == 0) {
        return LLMP_CMD_OK;
    }
    if (errno == EPIPE) {
        return LLMP_CMD_OK;
    }
    llmp_cmd_report(subcommand, "cannot write the output: %s", strerror(errno));
    return LLMP_CMD_FAILED;
}
