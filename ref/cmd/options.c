/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "cmd/options.h"

#include <ctype.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "cmd/cmd.h"

#define OPTIONS_MAX 16

/* ------------------------------------------------------------------ help */

static void help_option(const char *name, const char *argument, const char *help) {
    char left[40];
    snprintf(left, sizeof left, "--%s%s%s", name, argument != NULL ? " " : "", argument != NULL ? argument : "");
    printf("  %-16s %s\n", left, help);
}

static void help_usage(const struct llmp_cmd_usage *usage) {
    printf("Usage: llmp %s", usage->subcommand);
    for (const struct llmp_cmd_option *option = usage->options; option->name != NULL; option++) {
        if (option->required) {
            printf(" --%s %s", option->name, option->argument);
        }
    }
    printf(" [OPTION]...\n%s\n\nOptions:\n", usage->summary);
    for (const struct llmp_cmd_option *option = usage->options; option->name != NULL; option++) {
        help_option(option->name, option->argument, option->help);
    }
    help_option("help", NULL, "print this text");
    if (usage->details != NULL) {
        printf("\n%s\n", usage->details);
    }
}

/* ------------------------------------------------------------------ parsing */

/* Fills a table for getopt_long(): it returns i + 1 for option i, and 'h' for --help. Returns the number of options. */
static int long_options(const struct llmp_cmd_option *options, struct option *to) {
    int count = 0;
    for (; options[count].name != NULL && count < OPTIONS_MAX; count++) {
        int has = options[count].argument != NULL ? required_argument : no_argument;
        to[count] = (struct option){.name = options[count].name, .has_arg = has, .val = count + 1};
    }
    to[count] = (struct option){.name = "help", .has_arg = no_argument, .val = 'h'};
    to[count + 1] = (struct option){0};
    return count;
}

static int report_usage_error(const struct llmp_cmd_usage *usage, const char *problem, const char *word) {
    llmp_cmd_report(usage->subcommand, "%s '%s'; 'llmp %s --help' lists the options", problem, word, usage->subcommand);
    return -1;
}

/*
 * getopt stores an unknown letter in optopt. In all other cases `last` is the argument that it could not parse.
 */
static int report_option_error(const struct llmp_cmd_usage *usage, int c, const char *last) {
    char letter[3] = {'-', (char)optopt, '\0'};
    bool is_short = c == '?' && isgraph(optopt) != 0;
    return report_usage_error(usage, c == ':' ? "no value after" : "unknown option", is_short ? letter : last);
}

static bool parse_value(const struct llmp_cmd_usage *usage, const struct llmp_cmd_option *option, const char *text) {
    struct llmp_cmd_expected expected = {""};
    if (option->argument == NULL) {
        *(bool *)option->value = true;
        return true;
    }
    if (option->parse(text, option->value, &expected)) {
        return true;
    }
    llmp_cmd_report(usage->subcommand, "--%s: '%s' is not %s", option->name, text, expected.text);
    return false;
}

static bool has_required(const struct llmp_cmd_usage *usage, const bool *seen) {
    for (int i = 0; usage->options[i].name != NULL; i++) {
        if (usage->options[i].required && !seen[i]) {
            llmp_cmd_report(usage->subcommand, "--%s %s is required: %s", usage->options[i].name,
                            usage->options[i].argument, usage->options[i].help);
            return false;
        }
    }
    return true;
}

/* Returns 1 if the subcommand can run, 0 after --help, -1 after an error. */
static int parse_all(const struct llmp_cmd_usage *usage, int argc, char **argv) {
    struct option table[OPTIONS_MAX + 2];
    bool seen[OPTIONS_MAX + 1] = {false};
    int count = long_options(usage->options, table), c;
    opterr = 0; /* getopt's own messages do not name the subcommand */
    while ((c = getopt_long(argc, argv, ":h", table, NULL)) != -1) {
        if (c == 'h') {
            help_usage(usage);
            return 0;
        }
        if (c < 1 || c > count) {
            return report_option_error(usage, c, argv[optind - 1]);
        }
        seen[c - 1] = true;
        if (!parse_value(usage, &usage->options[c - 1], optarg)) {
            return -1;
        }
    }
    if (optind < argc) {
        return report_usage_error(usage, "unexpected operand", argv[optind]);
    }
    return has_required(usage, seen) ? 1 : -1;
}

bool llmp_cmd_options_parse(const struct llmp_cmd_usage *usage, int argc, char **argv, int *exit_code) {
    int result = parse_all(usage, argc, argv);
    *exit_code = result < 0 ? LLMP_CMD_USAGE : LLMP_CMD_OK;
    return result > 0;
}
