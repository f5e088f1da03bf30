/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Running `hyperfine --version`. */
#include "cases/hyperfine.h"

#include <stdio.h>

const char *hyperfine_version(void) {
    static char version[32];
    static bool asked;
    if (!asked) {
        asked = true;
        FILE *pipe = popen("hyperfine --version 2>/dev/null", "r");
        if (pipe != NULL) {
            if (fscanf(pipe, "hyperfine %31s", version) != 1) {
                version[0] = '\0';
            }
            pclose(pipe);
        }
    }
    return version;
}

bool hyperfine_has_no_shell(void) {
    int major = 0, minor = 0;
    return sscanf(hyperfine_version(), "%d.%d", &major, &minor) == 2 && (major > 1 || minor >= 13);
}
