/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "llmp/llmp.h"
#include "os/os.h"

struct llmp_deadline llmp_deadline_in(int64_t timeout_ns) {
    if (timeout_ns < 0) {
        return (struct llmp_deadline){LLMP_FOREVER};
    }
    if (timeout_ns == LLMP_NOWAIT) {
        return (struct llmp_deadline){LLMP_NOWAIT};
    }
    int64_t now = llmp_os_now();
    return (struct llmp_deadline){timeout_ns > INT64_MAX - now ? LLMP_FOREVER : now + timeout_ns};
}

bool llmp_deadline_passed(struct llmp_deadline deadline) {
    return deadline.at != LLMP_FOREVER && (deadline.at == LLMP_NOWAIT || llmp_os_now() >= deadline.at);
}

int64_t llmp_deadline_left(struct llmp_deadline deadline, int64_t max) {
    if (deadline.at == LLMP_FOREVER) {
        return max;
    }
    int64_t left = deadline.at == LLMP_NOWAIT ? 0 : deadline.at - llmp_os_now();
    return left < 0 ? 0 : left < max ? left : max;
}

int64_t llmp_deadline_timeout(struct llmp_deadline deadline) {
    if (deadline.at == LLMP_NOWAIT || deadline.at == LLMP_FOREVER) {
        return deadline.at;
    }
    int64_t left = llmp_deadline_left(deadline, INT64_MAX);
    return left > 0 ? left : 1;
}
