/* SPDX-License-Identifier: MIT */
/* rewind - what people decide about a stream's progress (docs/checkpoint.md, "Starting over").
 *
 *	rewind_start      the next generation, from 0
 *	rewind_to_table   the next generation, behind the last commit that the table holds
 *	rewind_accept     the table as it is: what was rolled back stays away
 *
 * Each takes the run lock: ERR_CONFLICT while a source runs. But for rewind_start a new generation begins with a commit of
 * its own: it takes the txn of the generation before beyond whatever an smcommit expects that has outlived the rewind,
 * which finds the table ahead (the fence), and sets its own, whose cursor has a line in the journal, unless it begins at 0.
 * The order is journal, table, CK/id, CK/table: after a crash between two of them the checkpoint is refused or recovered,
 * never read from a wrong place; doing it again mends it.
 *
 * Ownership: rewind_release frees the texts. Threads: one owner.
 */
#ifndef SM_RESUME_REWIND_H
#define SM_RESUME_REWIND_H

#include "base/arena.h"
#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

struct rewound {
	struct arena arena;
	const char *ck, *stream;   /* the stream's name from here on */
	const char *table;         /* NULL: none was recorded */
	bool new_generation;
	bool nothing;              /* accept: nothing was rolled back, nothing was changed */
	bool gone;                 /* to_table: the log no longer reaches back to the stream's commits */
	int64_t seq;               /* at which the next run resumes; 0: from the start */
	int64_t version;           /* to_table: of the commit after which it resumes; accept: of the table, with the new commit; -1: none */
};

int rewind_start(struct rewound *w, const char *ck, struct err *e);
int rewind_to_table(struct rewound *w, const char *ck, struct err *e);
int rewind_accept(struct rewound *w, const char *ck, struct err *e);
void rewind_release(struct rewound *w);

#endif
