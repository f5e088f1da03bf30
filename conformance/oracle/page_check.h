/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * What can be wrong with a page, judged from copies: the reader copies, these judge. Each is 0, or -EPROTO with a
 * finding.
 */
#ifndef LC_ORACLE_PAGE_CHECK_H
#define LC_ORACLE_PAGE_CHECK_H

#include "oracle/page.h"

/* `words` is "what was expected|what was seen". Always -EPROTO. */
int lc_find(struct lc_finding *finding, const char *requirement, uint64_t offset, const char *words, ...)
    __attribute__((format(printf, 4, 5)));

/* The header of the page at `offset`, each field read once. It has to lie within the map. */
struct lc_message lc_message_copy(const struct lc_map *map, uint64_t offset);

/* A page that a reader starts on. */
int lc_check_first_page(const struct lc_map *map, struct lc_finding *finding);

/* A slot of which current_msg_id says that it is committed; `message` is its copy. */
int lc_check_message(const struct lc_reader *reader, const struct lc_message *message, uint64_t current,
                     struct lc_finding *finding);

/* The description in END_OF_PAGE, before anything is opened. */
int lc_check_next_desc(const struct lc_reader *reader, const struct lc_message *end, const struct lc_desc *desc,
                       struct lc_finding *finding);
/* The page that it names. The finding is at the END_OF_PAGE: that is the page that is still mapped afterwards. */
int lc_check_next_page(const struct lc_reader *reader, const struct lc_message *end, const struct lc_map *next,
                       struct lc_finding *finding);

#endif
