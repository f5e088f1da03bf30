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
    snprintf(left, sizeof left, "--%s%s%s", name, argument ? " " : "", argument ? argument : "");
    printf("  %-16s %s\n", left, help);
}

static void help_usage(const struct llmp_cmd_usage *usage) {
    printf("Usage: llmp %s", usage->subcommand);
    for (const struct llmp_cmd_option *option = usage->options; option->name; option++) {
        if (option->required) {
            printf(" --%s %s", option->name, option->argument);
        }
    }
    printf(" [OPTION]...\n%s\n\nOptions:\n", usage->summary);
    for (const struct llmp_cmd_option *option = usage->options; option->name; option++) {
        help_option(option->name, option->argument, option->help);
    }
    help_option("help", NULL, "this text");
    if (usage->details) {
        printf("\n%s\n", usage->details);
    }
}

/* ------------------------------------------------------------------ parsing */

/* getopt_long() by index: value `i + 1` is the table's option `i`, 'h' is --help. Returns how many the table has. */
static int long_options(const struct llmp_cmd_option *options, struct option *to) {
    int count = 0;
    for (; options[count].name && count < OPTIONS_MAX; count++) {
        int has = options[count].argument ? required_argument : no_argument;
        to[count] = (struct option){.name = options[count].name, .has_arg = has, .val = count + 1};
    }
    to[count] = (struct option){.name = "help", .has_arg = no_argument, .val = 'h'};
    to[count + 1] = (struct option){0};
    return count;
}

static int wrong(const struct llmp_cmd_usage *usage, const char *what, const char *which) {
    llmp_cmd_complain(usage->subcommand, "%s '%s'; 'llmp %s --help' shows what there is", what, which,
                      usage->subcommand);
    return -1;
}

/* Of a cluster of letters getopt tells the wrong one in optopt; otherwise `last` is the argument it choked on. */
static int complain_option(const struct llmp_cmd_usage *usage, int c, const char *last) {
    char letter[3] = {'-', (char)optopt, '\0'};
    bool short_one = c == '?' && isgraph(optopt);
    return wrong(usage, c == ':' ? "no value after" : "there is no option", short_one ? letter : last);
}

static bool take_value(const struct llmp_cmd_usage *usage, const struct llmp_cmd_option *option, const char *text) {
    struct llmp_cmd_wants wants = {""};
    if (!option->argument) {
        *(bool *)option->value = true;
        return true;
    }
    if (option->parse(text, option->value, &wants)) {
        return true;
    }
    llmp_cmd_complain(usage->subcommand, "--%s: '%s' is not %s", option->name, text, wants.text);
    return false;
}

static bool none_missing(const struct llmp_cmd_usage *usage, const bool *seen) {
    for (int i = 0; usage->options[i].name; i++) {
        if (usage->options[i].required && !seen[i]) {
            llmp_cmd_complain(usage->subcommand, "--%s %s is needed: %s", usage->options[i].name,
                              usage->options[i].argument, usage->options[i].help);
            return false;
        }
    }
    return true;
}

/* 1: go on; 0: help was given; -1: wrong. */
static int parse_all(const struct llmp_cmd_usage *usage, int argc, char **argv) {
    struct option table[OPTIONS_MAX + 2];
    bool seen[OPTIONS_MAX + 1] = {false};
    int count = long_options(usage->options, table), c;
    opterr = 0; /* its own words do not name the subcommand */
    while ((c = getopt_long(argc, argv, ":h", table, NULL)) != -1) {
        if (c == 'h') {
            help_usage(usage);
            return 0;
        }
        if (c < 1 || c > count) {
            return complain_option(usage, c, argv[optind - 1]);
        }
        seen[c - 1] = true;
        if (!take_value(usage, &usage->options[c - 1], optarg)) {
            return -1;
        }
    }
    if (optind < argc) {
        return wrong(usage, "it takes no operand", argv[optind]);
    }
    return none_missing(usage, seen) ? 1 : -1;
}

bool llmp_cmd_options_parse(const struct llmp_cmd_usage *usage, int argc, char **argv, int *rc) {
    int result = parse_all(usage, argc, argv);
    *rc = result < 0 ? LLMP_CMD_USAGE : LLMP_CMD_OK;
    return result > 0;
}
