/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The plan of a run: its cases, each with a provider, and which of them cannot run here. */
#ifndef LC_SUITE_RUNNER_PLAN_H
#define LC_SUITE_RUNNER_PLAN_H

#include "suite/kit/case.h"
#include "suite/report/spec.h"
#include "suite/runner/options.h"

enum { LC_ID = 128 };

struct lc_plan;

struct lc_planned {
    struct lc_plan *plan;
    const struct lc_section *section;
    const struct lc_case_def *def;
    enum lc_provider provider;
    const char *provider_name;  /* "" if there is none to run over */
    char id[LC_ID];             /* "EOP-4/growth@posix", and "+NAME" if another implementation is the peer */
    char requirement_id[LC_ID]; /* "EOP-4" */
    const struct lc_requirement *requirement; /* null if SPEC.md does not have it */
    char skip[160];                           /* why the case cannot run here; empty if it can */
    json_t *result;                           /* null until it has run */
};

struct lc_plan {
    const struct lc_options *options;
    const struct lc_spec *spec;
    const struct lc_impl *impl, *peer;
    struct lc_planned *all;
    size_t count;
};

/* `section`: plans only that one; may be null. Returns false without memory. */
bool lc_plan_make(struct lc_plan *plan, const struct lc_options *options, const struct lc_spec *spec,
                  const struct lc_impl *impl, const struct lc_impl *peer, const char *section);
void lc_plan_free(struct lc_plan *plan);

/* Writes "EOP-4" for "EOP-4/growth". */
void lc_requirement_of(char requirement[LC_ID], const char *case_id);
/* Returns the requirement's level; MUST if SPEC.md does not have it. */
const char *lc_planned_level(const struct lc_planned *planned);
/* Returns true if the suite has this case; with "@posix", if the case also runs over that provider. */
bool lc_case_exists(const char *id);
/* Returns true if the case may run over the provider. */
bool lc_case_allows(const struct lc_case_def *def, enum lc_provider provider);

#endif
