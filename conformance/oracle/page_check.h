/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Checks of whole pages. Each returns 0, or -EPROTO with a finding. */
#ifndef LC_ORACLE_PAGE_CHECK_H
#define LC_ORACLE_PAGE_CHECK_H

#include "oracle/page.h"

/* Checks the page that a reader starts on. */
int lc_check_first_page(const struct lc_map *map, struct lc_finding *finding);

/* Checks the description in END_OF_PAGE before it is opened. */
int lc_check_next_desc(const struct lc_reader *reader, const struct lc_message *end, const struct lc_desc *desc,
                       struct lc_finding *finding);
/*
 * Checks the page that END_OF_PAGE names. The finding's offset is that of END_OF_PAGE on the old page, because that
 * page is the one that stays mapped.
 */
int lc_check_next_page(const struct lc_reader *reader, const struct lc_message *end, const struct lc_map *next,
                       struct lc_finding *finding);

#endif
