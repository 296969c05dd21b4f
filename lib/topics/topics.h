/* SPDX-License-Identifier: MIT */
/* topics - what a record is about, as sketch/trend.h counts it, and the rows and tables that are printed of the counts.
 *
 *	struct topics *t = topics_new(&opts);
 *	n = topics_fields(t, paths);                       // what pull is to pick
 *	r = topics_post(t, &p->rec, &post, &why);          // negative: the record is bad
 *	trend_post(trend, &post, &e);
 *
 * Ownership: OPTS and its strings are borrowed for its life; a post's strings live until the next topics_post, or as long
 * as the record. Threads: one owner. Cost: nothing is allocated per record once the buffers have grown.
 */
#ifndef SM_TOPICS_TOPICS_H
#define SM_TOPICS_TOPICS_H

#include "json/pick.h"
#include "sketch/trend.h"
#include "text/entity.h"

#define TOPICS_TIMES 8             /* fields that may hold the event time */
#define TOPICS_FIELDS (9 + TOPICS_TIMES)

struct topics_opts {
	unsigned kinds;            /* 1 << ENTITY_… */
	const char *time[TOPICS_TIMES]; /* the earliest of these counts */
	size_t ntimes;
	const char *author, *text, *id;
	bool extract;              /* look into the text even where the record lists them */
	bool any_dialect;          /* by the record's network */
	enum entity_dialect dialect;
};

struct topics;
struct topics *topics_new(const struct topics_opts *o);
void topics_free(struct topics *t);      /* NULL is fine */
size_t topics_fields(const struct topics *t, const char *paths[TOPICS_FIELDS]);
/* 0, or ERR_DATA: REC has no time, or a field of the wrong type. */
int topics_post(struct topics *t, const struct json_record *rec, struct trend_post *post, struct err *why);
bool topics_any_author(const struct topics *t); /* some record had one */

/* A row as a record, with its line end. */
void topics_put_row(struct buf *b, const struct trend_window *w, const struct trend_row *row);
/* A window for people. BY_COUNT: the bars show the counts, else the scores. */
void topics_put_table(struct buf *b, const struct trend_window *w, bool by_count);

#endif
