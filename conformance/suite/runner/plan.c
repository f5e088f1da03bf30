/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "suite/runner/plan.h"
#include "suite/runner/filter.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void lc_requirement_of(char requirement[LC_ID], const char *case_id) {
    snprintf(requirement, LC_ID, "%.*s", (int)strcspn(case_id, "/"), case_id);
}

const char *lc_planned_level(const struct lc_planned *planned) {
    return planned->requirement != NULL ? planned->requirement->level : "MUST";
}

/* ---------------------------------------------------------------- providers */

bool lc_case_allows(const struct lc_case_def *def, enum lc_provider provider) {
    switch (def->providers) {
    case LC_SYSV_ONLY: return provider == LC_SYSV;
    case LC_POSIX_ONLY: return provider == LC_POSIX;
    case LC_MEMFD_ONLY: return provider == LC_MEMFD;
    case LC_NAMED_PROVIDERS: return provider != LC_MEMFD;
    default: return true;
    }
}

static bool offered(const struct lc_plan *plan, int provider) {
    const char *name = lc_provider_names[provider];
    return lc_impl_offers(plan->impl, "providers", name) && lc_impl_offers(plan->peer, "providers", name);
}

/* Finds the providers that case, implementation and peer have in common. Returns how many there are. */
static int common_providers(const struct lc_plan *plan, const struct lc_case_def *def, int found[LC_PROVIDERS]) {
    int count = 0;
    for (int i = 0; i < LC_PROVIDERS; i++) {
        if (lc_case_allows(def, (enum lc_provider)i) && offered(plan, i)) {
            found[count++] = i;
        }
    }
    return count;
}

/* Keeps those that --provider asks for. Returns how many there are. */
static int requested_providers(const struct lc_plan *plan, const struct lc_case_def *def, int found[LC_PROVIDERS],
                               int count) {
    int kept = 0;
    for (int i = 0; i < count; i++) {
        if (lc_list_has(plan->options->providers, lc_provider_names[found[i]])) {
            found[kept++] = found[i];
        }
    }
    return def->providers == LC_FIRST_PROVIDER && kept > 1 ? 1 : kept;
}

/* ---------------------------------------------------------------- reasons to skip */

static void check_role(struct lc_planned *planned, const char *role, size_t length) {
    char name[32];
    snprintf(name, sizeof name, "%.*s", (int)length, role);
    if (!lc_impl_offers(planned->plan->impl, "roles", name)) {
        snprintf(planned->skip, sizeof planned->skip, "needs the role %s, which %s does not offer", name,
                 lc_impl_name(planned->plan->impl));
    }
}

static void check_roles(struct lc_planned *planned) {
    const char *at = planned->def->roles != NULL ? planned->def->roles : "";
    while (*at != '\0' && planned->skip[0] == '\0') {
        size_t length = strcspn(at, " ");
        check_role(planned, at, length);
        at += length + strspn(at + length, " ");
    }
}

static void check_needs(struct lc_planned *planned) {
    if (planned->plan->impl->hello == NULL || planned->plan->peer->hello == NULL) {
        snprintf(planned->skip, sizeof planned->skip, "needs an adapter that can run here");
        return;
    }
    check_roles(planned);
    if (planned->provider_name[0] == '\0' && planned->skip[0] == '\0') {
        snprintf(planned->skip, sizeof planned->skip, "needs a provider that case and implementation have in common");
    }
}

/* ---------------------------------------------------------------- the list */

static bool add(struct lc_plan *plan, const struct lc_section *section, const struct lc_case_def *def, int provider) {
    struct lc_planned planned = {.plan = plan, .section = section, .def = def};
    bool has_peer = plan->peer != plan->impl;
    planned.provider = provider < 0 ? LC_SYSV : (enum lc_provider)provider;
    planned.provider_name = provider < 0 ? "" : lc_provider_names[provider];
    snprintf(planned.id, sizeof planned.id, "%s%s%s%s%s", def->id, provider < 0 ? "" : "@", planned.provider_name,
             has_peer ? "+" : "", has_peer ? lc_impl_name(plan->peer) : "");
    if (!lc_filter_matches(plan->options->filter, section->name, planned.id)) {
        return true;
    }
    lc_requirement_of(planned.requirement_id, def->id);
    planned.requirement = lc_spec_find(plan->spec, planned.requirement_id);
    check_needs(&planned);
    struct lc_planned *grown = realloc(plan->all, (plan->count + 1) * sizeof *grown);
    if (grown == NULL) {
        return false;
    }
    plan->all = grown;
    plan->all[plan->count++] = planned;
    return true;
}

static bool add_section(struct lc_plan *plan, const struct lc_section *section) {
    int found[LC_PROVIDERS];
    bool good = true;
    for (const struct lc_case_def *def = section->cases; good && def->id != NULL; def++) {
        int count = common_providers(plan, def, found), kept = requested_providers(plan, def, found, count);
        for (int i = 0; good && i < kept; i++) {
            good = add(plan, section, def, found[i]);
        }
        if (good && count == 0) {
            good = add(plan, section, def, -1);
        }
    }
    return good;
}

bool lc_plan_make(struct lc_plan *plan, const struct lc_options *options, const struct lc_spec *spec,
                  const struct lc_impl *impl, const struct lc_impl *peer, const char *section) {
    bool good = true;
    *plan = (struct lc_plan){.options = options, .spec = spec, .impl = impl, .peer = peer};
    for (const struct lc_section *each = lc_sections; good && each->name != NULL; each++) {
        if (section == NULL || strcmp(section, each->name) == 0) {
            good = add_section(plan, each);
        }
    }
    return good;
}

void lc_plan_free(struct lc_plan *plan) {
    for (size_t i = 0; i < plan->count; i++) {
        json_decref(plan->all[i].result);
    }
    free(plan->all);
    *plan = (struct lc_plan){0};
}

bool lc_case_exists(const char *id) {
    size_t length = strcspn(id, "@");
    int provider = -1;
    if (id[length] != '\0') {
        char name[16];
        snprintf(name, sizeof name, "%.*s", (int)strcspn(id + length + 1, "+"), id + length + 1);
        provider = lc_provider_by_name(name);
        if (provider < 0) {
            return false;
        }
    }
    for (const struct lc_section *section = lc_sections; section->name != NULL; section++) {
        for (const struct lc_case_def *def = section->cases; def->id != NULL; def++) {
            if (strlen(def->id) == length && strncmp(def->id, id, length) == 0) {
                return provider < 0 || lc_case_allows(def, (enum lc_provider)provider);
            }
        }
    }
    return false;
}
