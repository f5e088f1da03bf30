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
    return planned->says ? planned->says->level : "MUST";
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

/* Those that the case runs over, whichever of them are asked for. */
static int providers_of(const struct lc_plan *plan, const struct lc_case_def *def, int found[LC_PROVIDERS]) {
    int count = 0;
    for (int i = 0; i < LC_PROVIDERS; i++) {
        if (lc_case_allows(def, (enum lc_provider)i) && offered(plan, i)) {
            found[count++] = i;
        }
    }
    return count;
}

static int asked_for(const struct lc_plan *plan, const struct lc_case_def *def, int found[LC_PROVIDERS], int count) {
    int kept = 0;
    for (int i = 0; i < count; i++) {
        if (lc_list_has(plan->options->providers, lc_provider_names[found[i]])) {
            found[kept++] = found[i];
        }
    }
    return def->providers == LC_FIRST_PROVIDER && kept > 1 ? 1 : kept;
}

/* ---------------------------------------------------------------- what is missing */

static void missing_role(struct lc_planned *planned, const char *role, size_t length) {
    char name[32];
    snprintf(name, sizeof name, "%.*s", (int)length, role);
    if (!lc_impl_offers(planned->plan->impl, "roles", name)) {
        snprintf(planned->skip, sizeof planned->skip, "role %s not offered by %s", name,
                 lc_impl_name(planned->plan->impl));
    }
}

static void look_for_roles(struct lc_planned *planned) {
    const char *at = planned->def->roles ? planned->def->roles : "";
    while (*at && !planned->skip[0]) {
        size_t length = strcspn(at, " ");
        missing_role(planned, at, length);
        at += length + strspn(at + length, " ");
    }
}

static void look_for_needs(struct lc_planned *planned) {
    if (!planned->plan->impl->hello || !planned->plan->peer->hello) {
        snprintf(planned->skip, sizeof planned->skip, "an adapter that can be run here");
        return;
    }
    look_for_roles(planned);
    if (!planned->provider_name[0] && !planned->skip[0]) {
        snprintf(planned->skip, sizeof planned->skip, "a provider that case and implementation have in common");
    }
}

/* ---------------------------------------------------------------- the list */

static bool add(struct lc_plan *plan, const struct lc_section *section, const struct lc_case_def *def, int provider) {
    struct lc_planned planned = {.plan = plan, .section = section, .def = def};
    bool other = plan->peer != plan->impl;
    planned.provider = provider < 0 ? LC_SYSV : (enum lc_provider)provider;
    planned.provider_name = provider < 0 ? "" : lc_provider_names[provider];
    snprintf(planned.id, sizeof planned.id, "%s%s%s%s%s", def->id, provider < 0 ? "" : "@", planned.provider_name,
             other ? "+" : "", other ? lc_impl_name(plan->peer) : "");
    if (!lc_filter_matches(plan->options->filter, section->name, planned.id)) {
        return true;
    }
    lc_requirement_of(planned.requirement, def->id);
    planned.says = lc_spec_find(plan->spec, planned.requirement);
    look_for_needs(&planned);
    struct lc_planned *grown = realloc(plan->all, (plan->count + 1) * sizeof *grown);
    if (!grown) {
        return false;
    }
    plan->all = grown;
    plan->all[plan->count++] = planned;
    return true;
}

static bool add_section(struct lc_plan *plan, const struct lc_section *section) {
    int found[LC_PROVIDERS];
    bool good = true;
    for (const struct lc_case_def *def = section->cases; good && def->id; def++) {
        int count = providers_of(plan, def, found), kept = asked_for(plan, def, found, count);
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
    for (const struct lc_section *each = lc_sections; good && each->name; each++) {
        if (!section || strcmp(section, each->name) == 0) {
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
    if (id[length]) {
        char name[16];
        snprintf(name, sizeof name, "%.*s", (int)strcspn(id + length + 1, "+"), id + length + 1);
        provider = lc_provider_by_name(name);
        if (provider < 0) {
            return false;
        }
    }
    for (const struct lc_section *section = lc_sections; section->name; section++) {
        for (const struct lc_case_def *def = section->cases; def->id; def++) {
            if (strlen(def->id) == length && strncmp(def->id, id, length) == 0) {
                return provider < 0 || lc_case_allows(def, (enum lc_provider)provider);
            }
        }
    }
    return false;
}
