/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Runs a target on files and folders without an engine: `make test` replays the corpora with it, and a developer an
 * input in a debugger. Prints how many inputs it ran. After a crash (a violated property included) it prints the
 * input's name.
 */
#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "rig/input.h"

#define INPUT_MAX ((size_t)1 << 20)

static char running[4096];
static size_t inputs;

/* Async-signal-safe. Prints the input's name, then lets the default action follow. */
static void on_crash(int number) {
    static const char text[] = "\nwhile replaying ";
    (void)!write(STDERR_FILENO, text, sizeof text - 1);
    (void)!write(STDERR_FILENO, running, strlen(running));
    (void)!write(STDERR_FILENO, "\n", 1);
    (void)signal(number, SIG_DFL);
    (void)raise(number);
}

/* Copies the input to a buffer of exactly its size, so that AddressSanitizer reports a read beyond it. */
static int run_bytes(const uint8_t *bytes, size_t size) {
    uint8_t *exact = malloc(size != 0 ? size : 1);
    if (exact == NULL) {
        return -ENOMEM;
    }
    memcpy(exact, bytes, size);
    (void)LLVMFuzzerTestOneInput(exact, size);
    free(exact);
    inputs++;
    return 0;
}

static int run_file(const char *path) {
    static uint8_t bytes[INPUT_MAX];
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        return -errno;
    }
    size_t size = fread(bytes, 1, sizeof bytes, file);
    bool failed = ferror(file) != 0;
    (void)fclose(file);
    return failed ? -EIO : run_bytes(bytes, size);
}

static int run_path(const char *path);

static int run_folder(const char *path) {
    struct dirent **names;
    int count = scandir(path, &names, NULL, alphasort);
    int rc = count < 0 ? -errno : 0;
    for (int i = 0; i < count; i++) {
        char inner[sizeof running];
        int length = snprintf(inner, sizeof inner, "%s/%s", path, names[i]->d_name);
        if (names[i]->d_name[0] != '.' && rc == 0) {
            rc = length < (int)sizeof inner ? run_path(inner) : -ENAMETOOLONG;
        }
        free(names[i]);
    }
    if (count >= 0) {
        free(names);
    }
    return rc;
}

static int run_path(const char *path) {
    struct stat st;
    if (stat(path, &st) != 0) {
        return -errno;
    }
    if (S_ISDIR(st.st_mode)) {
        return run_folder(path);
    }
    (void)snprintf(running, sizeof running, "%s", path);
    return run_file(path);
}

int main(int argc, char **argv) {
    const int signals[] = {SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL};
    for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++) {
        (void)signal(signals[i], on_crash);
    }
    for (int i = 1; i < argc; i++) {
        int rc = run_path(argv[i]);
        if (rc != 0) {
            (void)fprintf(stderr, "%s: %s\n", argv[i], strerror(-rc));
            return 2;
        }
    }
    (void)printf("%zu inputs\n", inputs);
    return 0;
}
