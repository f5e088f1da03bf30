/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* llmp providers: lists the providers of shared memory and tests each on this machine. */
#include <string.h>

#include "cmd/cmd.h"
#include "cmd/options.h"

static const char *scope_name(const llmp_shmem_provider *provider) {
    switch (llmp_shmem_provider_scope(provider)) {
    case LLMP_SCOPE_PROCESS: return "process";
    case LLMP_SCOPE_DESCRIPTOR: return "descriptor";
    case LLMP_SCOPE_SYSTEM: return "system";
    }
    return "?";
}

static void print_row(const llmp_shmem_provider *provider) {
    int rc = llmp_shmem_provider_check(provider);
    bool preferred = provider == llmp_shmem_provider_default();
    printf("%-8s %-10s %-9s %-8s %s\n", llmp_shmem_provider_name(provider), scope_name(provider), rc < 0 ? "no" : "yes",
           preferred ? "yes" : "", llmp_shmem_provider_summary(provider));
    if (rc < 0) {
        printf("%-38s not available: %s\n", "", llmp_shmem_provider_explain(provider, rc));
    }
}

static void print_table(void) {
    const llmp_shmem_provider *provider;
    printf("%-8s %-10s %-9s %-8s %s\n", "NAME", "SCOPE", "AVAILABLE", "DEFAULT", "SUMMARY");
    for (size_t i = 0; (provider = llmp_shmem_provider_at(i)) != NULL; i++) {
        print_row(provider);
    }
}

static void put_string(const char *key, const char *text) {
    printf("\"%s\":", key);
    (void)llmp_cmd_json_string(stdout, text, strlen(text));
    putchar(',');
}

static void print_object(const llmp_shmem_provider *provider) {
    int rc = llmp_shmem_provider_check(provider);
    putchar('{');
    put_string("name", llmp_shmem_provider_name(provider));
    put_string("scope", scope_name(provider));
    put_string("summary", llmp_shmem_provider_summary(provider));
    if (rc < 0) {
        put_string("error", llmp_error_name(rc));
        put_string("reason", llmp_shmem_provider_explain(provider, rc));
    }
    printf("\"available\":%s,\"default\":%s}", rc < 0 ? "false" : "true",
           provider == llmp_shmem_provider_default() ? "true" : "false");
}

static void print_json(void) {
    const llmp_shmem_provider *provider;
    for (size_t i = 0; (provider = llmp_shmem_provider_at(i)) != NULL; i++) {
        fputs(i == 0 ? "[" : ",\n ", stdout);
        print_object(provider);
    }
    puts("]");
}

int llmp_cmd_providers(int argc, char **argv) {
    bool json = false;
    const struct llmp_cmd_option options[] = {
        {.name = "json", .help = "print an array of objects instead of a table", .value = &json},
        {0},
    };
    const struct llmp_cmd_usage usage = {
        .subcommand = argv[0],
        .summary = "Lists the providers of shared memory.",
        .details = "SCOPE tells which processes can open a map by its description: all processes of the same user\n"
                   "(system), processes that inherited or were passed its file descriptor (descriptor), or only the\n"
                   "process that created it (process). A broker and its clients need a provider of system scope.",
        .options = options,
    };
    int exit_code;
    if (!llmp_cmd_options_parse(&usage, argc, argv, &exit_code)) {
        return exit_code;
    }
    json ? print_json() : print_table();
    return LLMP_CMD_OK;
}
