/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "suite/runner/list.h"
#include "suite/runner/filter.h"
#include "suite/runner/plan.h"

#include <stdio.h>
#include <string.h>

/* A filter may name a provider: the case is listed if it matches with any of its providers. */
static bool is_requested(const char *filter, const char *section, const struct lc_case_def *def) {
    char id[LC_ID];
    bool matches = lc_filter_matches(filter, section, def->id);
    for (int i = 0; i < LC_PROVIDERS && !matches; i++) {
        snprintf(id, sizeof id, "%s@%s", def->id, lc_provider_names[i]);
        matches = lc_case_allows(def, (enum lc_provider)i) && lc_filter_matches(filter, section, id);
    }
    return matches;
}

static void put(const struct lc_case_def *def, const struct lc_spec *spec) {
    char requirement[LC_ID];
    lc_requirement_of(requirement, def->id);
    const struct lc_requirement *known = lc_spec_find(spec, requirement);
    printf("%s\t%s\t%s\t%s\n", def->id, known != NULL ? known->level : "?", def->roles != NULL ? def->roles : "",
           def->title);
}

int lc_list(const struct lc_options *options, const struct lc_spec *spec) {
    int count = 0;
    for (const struct lc_section *section = lc_sections; section->name != NULL; section++) {
        for (const struct lc_case_def *def = section->cases; def->id != NULL; def++) {
            if (is_requested(options->filter, section->name, def)) {
                put(def, spec);
                count++;
            }
        }
    }
    if (count == 0) {
        fprintf(stderr, "llmp-conformance: --filter %s: matches no case (--list without --filter prints all)\n",
                options->filter != NULL ? options->filter : "");
    }
    return count > 0 ? LC_EXIT_OK : LC_EXIT_USAGE;
}
