/* SPDX-License-Identifier: MIT */
/* pull - what a filter reads: records, marks, the end. The one loop of all filters.
 *
 *	struct pull *p;
 *	pull_open(&p, files, nfiles, &(struct pull_opts){ .tool = "smx", .on_error = opt, .fields = paths, .nfields = n, .input = … }, &e);
 *	while ((got = pull_next(p, &e)) > 0)
 *		switch (got) {
 *		case PULL_RECORD: … p->rec; when the tool cannot use it: got = pull_bad(p, &why, &e) …
 *		case PULL_MARK: … p->mark; state under p->mark.ck only when p->trusted; then pass p->line on …
 *		}
 *	…
 *	r = pull_close(p, &e);                           // ERR_REJECTED: some records were bad; e is the closing note
 *
 * Every line is checked whole (json/pick.h), but with `unchecked`. A bad one goes the way of --on-error (stream/reject.h)
 * without the tool hearing of it. In front of a mark, and before the input is waited for, what was rejected is durable.
 *
 * Marks: one that is malformed, or names a checkpoint that is another stream's (stream/trust.h), stops in every mode.
 * p->line is what is to be passed on: the line as it came, but without `all` when a record was rejected before it
 * (stream/mark.h).
 *
 * Errors have their place: file, line, column, and in the middle of a pipe the record's id and the last mark
 * (stream/reject.h). pull_at gives it to an error of the tool's own.
 *
 * Ownership: what p points at lives until the next call; FILES and TOOL's opts are borrowed for its life. Threads: one
 * owner.
 * Cost: a call a record on top of json/pick.h.
 */
#ifndef SM_STREAM_PULL_H
#define SM_STREAM_PULL_H

#include "base/near.h"
#include "io/input.h"
#include "io/output.h"
#include "json/pick.h"
#include "stream/mark.h"
#include "stream/reject.h"
#include "stream/trust.h"

enum pull_event {
	PULL_END,
	PULL_RECORD,
	PULL_MARK,
	PULL_BLOCK,                /* with opts.blocks: p->block was read, its lines come next */
	PULL_BLOCK_END,            /* the same: they are through; its bytes live until the next call */
	PULL_TIMEOUT               /* with input.deadline: as INPUT_TIMEOUT */
};

struct pull_opts {
	const char *tool, *on_error;
	const char *const *fields; /* paths as in json/pick.h */
	size_t nfields;
	uint32_t named;            /* bits of those (the first 8) that the user typed, which outlive it: when no record has one,
	                              pull_close says so (ERR_REJECTED) */
	bool unchecked;            /* records are not looked into: the tool parses each anyway, and says what is wrong with it */
	struct output *out;        /* flushed before the input is waited for; NULL: that is input.before_wait's affair */
	struct input_opts input;   /* before_wait: hand on what is ready; rejects are written by then */
	bool blocks;
	struct metrics *metrics;   /* of input and output, too; may be NULL */
	void (*before_reject)(void *arg); /* of input.arg; may be NULL: what came before the bad line can still be reached */
};

struct pull {
	struct json_record rec;    /* PULL_RECORD */
	uint64_t records;          /* that came so far, bad ones among them */
	struct mark mark;          /* PULL_MARK */
	bool trusted;              /* its checkpoint knows its stream */
	const char *line;          /* to be passed on, without its end */
	size_t nline;
	struct block block;        /* the line's */
	/* inside */
	struct pull_opts o;
	struct input *in;
	struct json_pick *pick;
	struct reject *rejects;
	struct trust trust;
	struct arena arena;
	struct buf own;
	struct err why;
	size_t at;                 /* unchecked: how much of the block was given, and how many lines of it */
	uint64_t lines;
	const char *name[8];       /* of the fields in opts.named */
	char hint[3 * NEAR_MOST];  /* what the first record has instead of field number `hinted` of them */
	size_t hinted;
	uint32_t unseen;           /* bits of opts.named that no record had yet */
	bool any, ended;           /* a record came; the input was read to its end */
	bool reading;              /* there is a block, and it is not used up */
};

int pull_open(struct pull **p, const char *const *files, size_t n, const struct pull_opts *o, struct err *e);
int pull_next(struct pull *p, struct err *e);    /* enum pull_event, or a negative code */
/* All of a filter that keeps no state: RECORD writes what becomes of a record to opts.out and returns how many records that are, or
 * says in WHY what is wrong with it (negative); marks are passed on there. 0 at the end, or when the output failed. */
int pull_filter(struct pull *p, int (*record)(void *arg, const struct json_record *rec, struct err *why), void *arg, struct err *e);
/* The record given last is bad: 0: go on; negative: stop, E is filled. WHY may have a column. A failure in WHY that is not about
 * the record stops too. */
int pull_bad(struct pull *p, struct err *why, struct err *e);
int pull_at(const struct pull *p, struct err *e); /* E happened at the line given last; returns its code */
uint64_t pull_rejected(const struct pull *p);
/* Ends the input, flushes the rejects, frees. As reject_close; NULL is fine. */
int pull_close(struct pull *p, struct err *e);

#endif
