/* SPDX-License-Identifier: MIT */
/* trend - what is talked about more than before, in windows of event time.
 *
 * Time is cut into panes of `slide`; a window is the last `window / slide` panes. The watermark is the latest event time
 * seen less `delay`, moved by every post; a window is closed, scored and emitted when the watermark reaches its end. A post
 * that comes behind the watermark still counts in those of its windows that are open. The clock is never asked.
 *
 * In every window each topic (a kind and a key) has: `count`, the posts that name it, each once; `authors`, how many
 * different authors they have; and a score:
 *	mu = sum a(q) 2^((q-L)/h) / sum 2^((q-L)/h), a(q) the authors in pane q, over the panes before the window
 *	     (forward decay: G. Cormode et al., "Forward Decay", ICDE 2009), L the last of them, h the half-life
 *	E  = max(m mu, 1) for a window of m panes: the authors that were to be expected
 *	z  = O > E ? sqrt(2 [O ln(O/E) - (O+r) ln((O+r)/(E+r))]) : 0, O the authors, r = 8: the signed root of the deviance
 *	     of a negative binomial distribution
 * Rows are ordered by kind, z rounded to 1e-6 descending, authors descending, key bytes ascending; every number depends
 * on the posts and their order only.
 *
 * A post whose id is still held replaces the earlier one; a deletion takes it back. Counts are always exact; authors
 * up to DISTINCT_EXACT in a topic and pane (then they are estimated, and a retraction no longer lowers them).
 * Memory: every post of the open windows is held (about 48 bytes and 4 for each topic). Beyond `memory` bytes trend_post
 * fails; nothing is dropped silently.
 *
 * Threads: one owner. Ownership: all strings given are copied.
 */
#ifndef SM_SKETCH_TREND_H
#define SM_SKETCH_TREND_H

#include "base/buf.h"
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TREND_KINDS 8

enum trend_order { TREND_BY_SCORE, TREND_BY_COUNT };

struct trend_opts {
	int64_t window_us, slide_us;  /* window is a multiple of slide */
	int64_t delay_us;             /* of the watermark */
	int64_t half_life_us;
	enum trend_order order;
	uint64_t top;                 /* rows of each kind, 0: all */
	uint64_t min_count, min_authors;
	double min_score;             /* TREND_BY_SCORE only */
	uint64_t memory;              /* bytes */
};

struct trend_topic {
	unsigned kind;                /* below TREND_KINDS */
	const char *key, *form;       /* form: how it was written */
	uint32_t nkey, nform;
};

struct trend_post {
	int64_t time_us;
	bool has_id, deleted;
	uint64_t id[2];               /* 128-bit hash of the id */
	uint64_t author;              /* hash */
	const struct trend_topic *topic;   /* may name one topic several times; it counts once */
	size_t n;
};

struct trend_row {
	unsigned kind, rank;          /* rank from 1 in its kind */
	const char *key, *form;       /* form: the commonest one, of equally common ones the first by bytes */
	uint32_t nkey, nform;
	uint64_t count, authors;
	bool authors_exact;
	double score, expected;
};

struct trend_window {
	int64_t start_us, end_us;
	bool open;                    /* closed by trend_finish before the watermark got there */
	uint64_t posts;
	const struct trend_row *row;
	size_t n;
};

struct trend_stats {
	uint64_t posts, late, too_late;   /* late: came into fewer windows; too_late: into none */
	uint64_t replaced, retracted, unknown; /* unknown: deletions of posts that are not held */
	uint64_t windows;
};

typedef int trend_fn(void *arg, const struct trend_window *w, struct err *e);

struct trend;
struct trend *trend_new(const struct trend_opts *o, trend_fn *emit, void *arg);
void trend_free(struct trend *t);     /* NULL is fine */
/* Count a post, then close the windows that the watermark passed. ERR_DATA for a time that is out of range (years 1..9999),
 * ERR_UNSUPPORTED when the memory is used up; else what EMIT returned. */
int trend_post(struct trend *t, const struct trend_post *p, struct err *e);
/* Close every window that holds a post, up to that of the last one; the input is at its end. */
int trend_finish(struct trend *t, struct err *e);
const struct trend_stats *trend_stats(const struct trend *t);
size_t trend_memory(const struct trend *t);
struct trend_now {
	bool any;                     /* a post was seen: the times are there */
	int64_t newest_us, watermark_us;
	uint64_t panes, topics;       /* that are held */
};
struct trend_now trend_now(const struct trend *t);

/* Append all that is needed to go on: equal states give equal bytes (docs/trends.md has the format). */
void trend_save(const struct trend *t, struct buf *b);
/* Into a new trend with the same options; ERR_DATA for damage, ERR_CONFLICT when the options differ. */
int trend_load(struct trend *t, const void *p, size_t n, struct err *e);

#endif
