/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "shmem/provider.h"

int llmp_shmem_id_set(llmp_shmem_id *id, const char *text) {
    size_t length = strnlen(text, LLMP_SHMEM_ID_SIZE);
    if (length == 0) {
        return -LLMP_E_ID_EMPTY;
    }
    if (length == LLMP_SHMEM_ID_SIZE) {
        return -LLMP_E_ID_UNTERMINATED;
    }
    memset(id->bytes, 0, sizeof id->bytes);
    memcpy(id->bytes, text, length);
    return 0;
}

static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

/* Refuses leading zeros: a number has one spelling, so that ids are equal exactly if their bytes are. */
int llmp_shmem_id_number(const llmp_shmem_id *id, int *number) {
    long long value = 0;
    size_t i = 0;
    for (; is_digit(id->bytes[i]) && !(i == 1 && value == 0); i++) {
        value = value * 10 + (id->bytes[i] - '0');
        if (value > INT_MAX) {
            return -LLMP_E_ID_RANGE;
        }
    }
    if (i == 0) {
        return -LLMP_E_ID_NOT_A_NUMBER;
    }
    if (id->bytes[i] != '\0') {
        return -LLMP_E_ID_TRAILING;
    }
    *number = (int)value;
    return 0;
}

void llmp_shmem_id_from_number(llmp_shmem_id *id, int number) {
    memset(id->bytes, 0, sizeof id->bytes);
    (void)snprintf(id->bytes, sizeof id->bytes, "%d", number);
}
