/* SPDX-License-Identifier: MIT */
/* journal_int - what journal.c and journal_look.c share. */
#ifndef SM_STREAM_JOURNAL_INT_H
#define SM_STREAM_JOURNAL_INT_H

#include "stream/journal.h"

#define JOURNAL_NAME "journal"

/* One line without its end. Texts of EN live in A or are those of P. */
bool journal_parse(struct arena *a, const char *p, size_t n, struct journal_entry *en);

#endif
