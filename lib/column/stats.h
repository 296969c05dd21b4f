/* SPDX-License-Identifier: MIT */
/* stats - minimum, maximum and null count of leaf columns.
 *
 * A leaf is a column without children, in schema order, depth first; leaves below a list
 * or a map are leaves too, but carry no min and max in Delta. Values are logical (what
 * a batch holds), not what a file encodes. Strings are kept up to STATS_BYTES bytes,
 * cut on a character; `min_cut`, `max_cut` say that more followed.
 * Statistics that were read from a file may be looser than the values (a file may round a
 * long maximum up): they are bounds. has_nan is true there for floats: files do not tell.
 * NaN is left out of min and max and noted; -0.0 counts as 0.0 for the order.
 * Threads: one writer.
 */
#ifndef SM_COLUMN_STATS_H
#define SM_COLUMN_STATS_H

#include "column/batch.h"

#define STATS_BYTES 260   /* 64 UTF-16 units and a bit, at most 4 bytes each */

union stats_value {
	int64_t i;        /* BOOLEAN (0, 1), integers, DATE, TIMESTAMP* */
	double d;         /* FLOAT, DOUBLE */
	__int128 dec;     /* DECIMAL */
	struct { uint32_t n; char p[STATS_BYTES]; } s; /* STRING, BINARY */
};

struct column_stats {
	const struct type *type;
	uint64_t values, nulls;     /* values counts the nulls too */
	bool has_minmax, has_nan, min_cut, max_cut;
	union stats_value min, max;
};

void stats_init(struct column_stats *s, const struct type *leaf);
/* Take in rows SEL[0..N) of C (SEL NULL: the first N). */
void stats_update(struct column_stats *s, const struct column *c, const uint32_t *sel, size_t n);
void stats_merge(struct column_stats *into, const struct column_stats *from);
size_t type_leaves(const struct type *t);   /* number of leaves below T */

/* How A sorts against B by bytes; a cut one is a prefix of something longer. 0: equal, or the cut hides the answer. */
int stats_text_compare(const char *a, size_t na, bool a_cut, const char *b, size_t nb, bool b_cut);
/* How many of the N bytes at P to keep when MOST is the limit: characters are not split. */
size_t stats_text_length(const char *p, size_t n, size_t most);

#endif
