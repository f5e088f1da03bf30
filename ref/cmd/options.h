/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Options of a subcommand, declared in a table from which both the parser and --help are made. */
#ifndef LLMP_CMD_OPTIONS_H
#define LLMP_CMD_OPTIONS_H

#include "llmp/llmp.h"

/* Describes the values that a parser accepts, for an error message "'x' is not …". */
struct llmp_cmd_expected {
    char text[256];
};

/* Parses `text` into `value`. Returns false, and describes the accepted values in `expected`, if it is none of them. */
typedef bool (*llmp_cmd_parse)(const char *text, void *value, struct llmp_cmd_expected *expected);

struct llmp_cmd_option {
    const char *name;     /* "port"; null ends the table */
    const char *argument; /* "N"; null for a flag, whose `value` is a bool */
    const char *help;
    llmp_cmd_parse parse;
    void *value;
    bool required;
};

struct llmp_cmd_usage {
    const char *subcommand;
    const char *summary;
    const char *details; /* printed after the options, or null */
    const struct llmp_cmd_option *options;
};

/* Returns true if the subcommand can run. If not, it has printed help or an error and `exit_code` receives the code. */
bool llmp_cmd_options_parse(const struct llmp_cmd_usage *usage, int argc, char **argv, int *exit_code);

/* ------------------------------------------------------------------ parsers, with the type of `value` */

bool llmp_cmd_parse_text(const char *text, void *value, struct llmp_cmd_expected *expected);     /* const char * */
bool llmp_cmd_parse_port(const char *text, void *value, struct llmp_cmd_expected *expected);     /* uint16_t, not 0 */
bool llmp_cmd_parse_any_port(const char *text, void *value, struct llmp_cmd_expected *expected); /* uint16_t */
bool llmp_cmd_parse_tag(const char *text, void *value, struct llmp_cmd_expected *expected);      /* uint32_t, also 0x */
bool llmp_cmd_parse_count(const char *text, void *value, struct llmp_cmd_expected *expected);    /* uint32_t, not 0 */
bool llmp_cmd_parse_history(const char *text, void *value, struct llmp_cmd_expected *expected);  /* uint32_t */
bool llmp_cmd_parse_seconds(const char *text, void *value, struct llmp_cmd_expected *expected);  /* int64_t ns, > 0 */

/* const llmp_shmem_provider *: one of system scope, because broker and clients open each other's maps. */
bool llmp_cmd_parse_provider(const char *text, void *value, struct llmp_cmd_expected *expected);

#endif
