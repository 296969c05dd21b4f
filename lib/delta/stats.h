/* SPDX-License-Identifier: MIT */
/* stats - the `stats` text of an add action: written as Spark writes it, read back for pruning.
 *
 * Source: Delta PROTOCOL.md, "Per-file Statistics"; Spark's StatisticsCollection (truncation, types).
 * Written: numRecords, nested minValues, maxValues, nullCount for the first DELTA_STATS_LEAVES columns that
 * are no structs (a list or a map counts as one). Min and max for numbers, dates, timestamps and strings; other types have
 * null counts only. Strings: min is the first 32 UTF-16 units (a pair is never split), max as delta_stats_max_string says.
 * Timestamps are floored to milliseconds, so a maximum read back is widened by 1 ms. NaN and
 * infinities are left out.
 */
#ifndef SM_DELTA_STATS_H
#define SM_DELTA_STATS_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "column/stats.h"

#define DELTA_STATS_LEAVES 32
#define DELTA_NULLS_UNKNOWN UINT64_MAX

/* Append the JSON text (not yet as a JSON string; json_put_string does that). TYPE is the struct of the file's
 * columns (without partition columns), STATS its type_leaves(TYPE) leaf statistics, depth first, as pq_writer_finish
 * gives them. LIST_NULLS: the null counts of TYPE's lists and maps that are not below a list or map, depth
 * first; NULL leaves them out. LIMIT: delta.dataSkippingNumIndexedCols, or DELTA_STATS_LEAVES; -1: all. */
void delta_stats_print(struct buf *b, const struct type *type, uint64_t rows, const struct column_stats *stats,
		       const uint64_t *list_nulls, int limit);

/* The upper bound that stands for a string of N bytes: up to 32 UTF-16 units verbatim; else the 32 and U+007F when
 * the next character is below U+007F, else U+10FFFF (first taking in any U+10FFFF that follow). False: there is none
 * (the bound would be longer than 64 units, or S was cut before a bound was found). */
bool delta_stats_max_string(struct buf *b, const char *s, size_t n, bool cut);
void delta_stats_min_string(struct buf *b, const char *s, size_t n);

/* numRecords of the text, -1: not said. Parsed in SCRATCH. */
int64_t delta_stats_rows(const char *text, size_t n, struct arena *scratch);

struct delta_stats {
	int64_t rows;          /* numRecords, -1: unknown */
	bool tight;            /* tightBounds; false: min and max may be wider than the truth */
};
/* Read the text: LEAF[0..type_leaves(TYPE)) gets what is known. `has_minmax` only with both bounds, or, for strings
 * without a maximum, with an empty maximum and max_cut set. `nulls` is DELTA_NULLS_UNKNOWN when not given; `values` is
 * numRecords. Bounds hold for every row of the file (a timestamp's maximum is widened). Text that does not parse, or
 * whose values do not fit their column, counts as not there: never an error. SCRATCH is used and cleared. */
void delta_stats_parse(struct delta_stats *st, struct column_stats *leaf, const struct type *type, const char *text,
		       size_t n, struct arena *scratch);

#endif
