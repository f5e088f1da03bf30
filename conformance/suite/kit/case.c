/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "suite/kit/case_internal.h"

enum lc_provider lc_provider(const struct lc_case *c) {
    return c->provider;
}

const char *lc_provider_name(const struct lc_case *c) {
    return lc_provider_names[c->provider];
}

/* FNV-1a of the case's id without the provider, cut to 52 bits, which every JSON library carries. */
uint64_t lc_seed(const struct lc_case *c) {
    uint64_t hash = UINT64_C(0xCBF29CE484222325);
    for (const char *at = c->def->id; *at != '\0'; at++) {
        hash = (hash ^ (uint8_t)*at) * UINT64_C(0x100000001B3);
    }
    return hash >> 12;
}

uint64_t lc_page_size(const struct lc_case *c) {
    json_int_t size = json_integer_value(json_object_get(c->impl->hello, "page_size"));
    return size > 0 ? (uint64_t)size : LC_PAGE_DEFAULT;
}

bool lc_has_role(const struct lc_case *c, const char *role) {
    return lc_impl_offers(c->impl, "roles", role);
}

bool lc_has_option(const struct lc_case *c, const char *option) {
    return lc_impl_offers(c->impl, "options", option);
}

void lc_require_option(struct lc_case *c, const char *option) {
    if (!lc_has_option(c, option)) {
        lc_skip(c, "the option %s", option);
    }
}

_Noreturn void lc_case_run(struct lc_case *c) {
    c->def->run(c);
    lc_check_actors(c);
    lc_finish(c, &(struct lc_verdict){.verdict = "pass"});
}
