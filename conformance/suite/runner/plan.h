/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The plan of a run: which cases, over which providers, and which of them cannot be run here. */
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
    const char *provider_name;         /* "" where none fits */
    char id[LC_ID];                    /* "EOP-4/growth@posix", "+name" behind it where another plays the peer */
    char requirement[LC_ID];           /* "EOP-4" */
    const struct lc_requirement *says; /* null: SPEC.md has no such requirement */
    char skip[160];                    /* not empty: what is missing to run it */
    json_t *result;                    /* null before it ran */
};

struct lc_plan {
    const struct lc_options *options;
    const struct lc_spec *spec;
    const struct lc_impl *impl, *peer;
    struct lc_planned *all;
    size_t count;
};

/* `section`: only that one, or null. False: no memory. */
bool lc_plan_make(struct lc_plan *plan, const struct lc_options *options, const struct lc_spec *spec,
                  const struct lc_impl *impl, const struct lc_impl *peer, const char *section);
void lc_plan_free(struct lc_plan *plan);

/* "EOP-4" of "EOP-4/growth". */
void lc_requirement_of(char requirement[LC_ID], const char *case_id);
/* MUST where SPEC.md does not say. */
const char *lc_planned_level(const struct lc_planned *planned);
/* Whether the case is there at all, over any provider: with "@posix" that provider has to be one of its own. */
bool lc_case_exists(const char *id);
/* Whether a case may run over a provider at all. */
bool lc_case_allows(const struct lc_case_def *def, enum lc_provider provider);

#endif
