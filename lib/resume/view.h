/* SPDX-License-Identifier: MIT */
/* view - everything about a checkpoint that people want to see, read without disturbing anybody.
 *
 * Ownership: view_release frees all texts. Threads: one owner.
 */
#ifndef SM_RESUME_VIEW_H
#define SM_RESUME_VIEW_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "stream/ck.h"
#include "stream/journal.h"

#include <stdbool.h>
#include <stdint.h>

struct view_state {
	const char *tool;
	int64_t first, last;     /* seqs */
	size_t files;
	struct view_state *next;
};

struct view {
	struct arena arena;
	struct ck *ck;
	bool running;
	int64_t pid;
	bool recorded;           /* RECORD is there, and of this generation */
	struct ck_record record;
	bool has_table;          /* the table that the record names is there */
	int64_t table_seq;
	int64_t resume_seq;      /* where the next run resumes; -1: it cannot, and PROBLEM says why */
	const char *problem;
	size_t marks;            /* of this generation in the journal */
	int64_t first_seq;
	struct journal_entry last;   /* seq 0: none */
	struct journal_entry resume; /* that of resume_seq; seq 0: from the start */
	struct view_state *states;
};

/* WITH_TABLE: look at the table as well. */
int view_read(struct view *v, const char *ck, bool with_table, struct err *e);
void view_release(struct view *v);
void view_put_json(const struct view *v, struct buf *b);   /* one line, '\n' included */

#endif
