/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "llmp/llmp.h"

const char *llmp_version(void) {
    return LLMP_VERSION;
}
