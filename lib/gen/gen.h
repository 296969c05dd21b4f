/* SPDX-License-Identifier: MIT */
/* gen - made-up posts as smpost/1 records: any number, deterministic, fast.
 *
 *	struct gen *g;
 *	gen_new(&g, &(struct gen_opts){ .count = 1000 }, &e);
 *	while (gen_next(g, &buf))
 *		...
 *
 * Post i is a function of (seed, i) alone: every draw comes from a counter-based
 * generator (splitmix64: Steele, Lea & Flood, "Fast Splittable Pseudorandom Number
 * Generators", 2014) keyed with both, so an edit, a deletion, a reply or a repost
 * finds the post it speaks of by drawing that post's numbers again, without memory.
 * Only whole numbers and exactly rounded divisions are used: the same bytes on
 * every machine.
 *
 * Event time follows a daily and weekly cycle with bursts in which one topic takes
 * over; the k-th post lies at the k-th quantile of that intensity, a little late and
 * out of order as in real streams. Authors are Zipf distributed through alias tables
 * (Walker 1977, Vose 1991).
 *
 * Ownership: the generator owns its tables. Threads: one owner.
 * Cost: about 0.5 us a record of 400 bytes.
 */
#ifndef SM_GEN_GEN_H
#define SM_GEN_GEN_H

#include "base/buf.h"
#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

#define GEN_NETWORKS 7
#define GEN_START INT64_C(1794182400000000)   /* 2026-11-09T00:00:00Z */

enum gen_profile {
	GEN_SAMPLE,     /* every field of the schema, in all the ways it may be missing */
	GEN_BENCH       /* 13 fields, about 420 bytes: the benchmarks' load */
};

struct gen_opts {
	uint64_t count;          /* posts, edits and deletions together */
	uint64_t seed;
	int64_t start_us, span_us;
	const char *networks;    /* "x=3,reddit": names with weights; NULL: all */
	const char *langs;       /* "en=5,de"; NULL: all */
	uint64_t authors;        /* for each network; 0: 4096 */
	uint64_t bursts;         /* at most GEN_MAX_BURSTS */
	double edits, deletes;   /* per cent of the records */
	enum gen_profile profile;
};
#define GEN_MAX_BURSTS 1000

struct gen;
int gen_new(struct gen **g, const struct gen_opts *o, struct err *e);
void gen_free(struct gen *g);                    /* NULL is fine */
/* Append the next record and its '\n' to B; false when all were made. */
bool gen_next(struct gen *g, struct buf *b);

#endif
