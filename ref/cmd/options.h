/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Options from a table: what is parsed and what --help says cannot drift apart. */
#ifndef LLMP_CMD_OPTIONS_H
#define LLMP_CMD_OPTIONS_H

#include "llmp/llmp.h"

/* What a value should have been, for the complaint. */
struct llmp_cmd_wants {
    char text[256];
};

/* Puts `text` into `value`, or says in `wants` what would be right and returns false. */
typedef bool (*llmp_cmd_parse)(const char *text, void *value, struct llmp_cmd_wants *wants);

struct llmp_cmd_option {
    const char *name;     /* "port"; null ends the table */
    const char *argument; /* "N"; null: a flag, and `value` a bool */
    const char *help;
    llmp_cmd_parse parse;
    void *value;
    bool required;
};

struct llmp_cmd_usage {
    const char *subcommand;
    const char *summary;
    const char *details; /* paragraphs under the options, or null */
    const struct llmp_cmd_option *options;
};

/* True: go on. False: end with *code, everything is said (--help, or a wrong use). */
bool llmp_cmd_options_parse(const struct llmp_cmd_usage *usage, int argc, char **argv, int *code);

/* ------------------------------------------------------------------ kinds of values */

bool llmp_cmd_parse_text(const char *text, void *value, struct llmp_cmd_wants *wants);     /* const char * */
bool llmp_cmd_parse_port(const char *text, void *value, struct llmp_cmd_wants *wants);     /* uint16_t, not 0 */
bool llmp_cmd_parse_any_port(const char *text, void *value, struct llmp_cmd_wants *wants); /* uint16_t */
bool llmp_cmd_parse_tag(const char *text, void *value, struct llmp_cmd_wants *wants);      /* uint32_t, 0x too */
bool llmp_cmd_parse_count(const char *text, void *value, struct llmp_cmd_wants *wants);    /* uint32_t, not 0 */
bool llmp_cmd_parse_history(const char *text, void *value, struct llmp_cmd_wants *wants);  /* uint32_t */
bool llmp_cmd_parse_seconds(const char *text, void *value, struct llmp_cmd_wants *wants);  /* int64_t of ns, above 0 */

/* A provider whose maps strangers can open, as clients and broker are to each other. */
bool llmp_cmd_parse_provider(const char *text, void *value, struct llmp_cmd_wants *wants);

#endif
