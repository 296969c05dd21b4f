/* SPDX-License-Identifier: MIT */
/* journal - CK/journal: which seq stands for which cursor. Append-only NDJSON with one writer, the source.
 *
 *	{"seq":57,"from":42,"gen":1,"at":"2026-01-02T03:04:05Z","cursor":{"file":"a","offset":123},"end":"done"}
 *
 * A line counts when it is whole. The writer appends a line and makes it durable before its mark is printed, so a torn
 * last line (a crash, a power cut) was never told to anybody: the writer cuts it off, readers pass it over.
 * A damaged line before the last is an error. Seqs grow from line to line, across generations too, and
 * none is used twice.
 *
 * Ownership: the journal borrows the checkpoint. Threads: one owner.
 * Cost: an append is one write and one fdatasync; reading is linear in what pruning left.
 */
#ifndef SM_STREAM_JOURNAL_H
#define SM_STREAM_JOURNAL_H

#include "base/arena.h"
#include "base/err.h"
#include "stream/ck.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define JOURNAL_MAX ((size_t)1 << 30)    /* bytes */

struct journal_entry {
	int64_t seq, from, generation, at_us;
	const char *cursor;      /* raw JSON */
	size_t ncursor;
	const char *end;         /* NULL: the stream went on */
	bool all;                /* the mark says that this run gave everything */
};

struct journal;
/* For the source, which holds the checkpoint's lock. */
int journal_open(struct journal **j, const struct ck *ck, struct err *e);
void journal_close(struct journal *j);           /* NULL is fine */
int64_t journal_last(const struct journal *j);   /* highest seq ever used; 0: none */
size_t journal_lines(const struct journal *j);
/* SEQ must be above journal_last. After a failure the journal takes nothing more. */
int journal_append(struct journal *j, const struct journal_entry *en, struct err *e);
/* Drop what nobody can need: entries below BELOW, and those of other generations. The last line always stays. */
int journal_prune(struct journal *j, int64_t generation, int64_t below, struct err *e);

/* For readers. FN's entry lives during the call; not 0 ends the reading and is returned. */
typedef int journal_fn(void *arg, const struct journal_entry *en, struct err *e);
int journal_read(const struct ck *ck, journal_fn *fn, void *arg, struct err *e);
/* The entry of GENERATION with SEQ, into A. ERR_NOT_FOUND. */
int journal_find(const struct ck *ck, int64_t generation, int64_t seq, struct arena *a, struct journal_entry *en,
		 struct err *e);

/* For those who check marks while the source writes: what they ask for comes in order, so each line is parsed once. */
struct journal_look {
	char *path;              /* NULL: nothing was asked yet */
	int fd;
	struct buf text;         /* read and not yet parsed, behind `done` */
	size_t done;
	int64_t first, last;     /* seqs of the first line and of the one parsed last; 0: none */
	struct arena arena;
	struct journal_entry en; /* that one */
};
enum journal_seen {
	JOURNAL_HAS,             /* look->en is the line; it lives until the next call */
	JOURNAL_PRUNED,          /* the seq is below every line that is left */
	JOURNAL_UNKNOWN          /* no mark has that seq */
};
/* Of the checkpoint in folder CK, always the same. ERR_NOT_FOUND: it has no journal; ERR_IO, ERR_DATA. */
int journal_look(struct journal_look *l, const char *ck, int64_t seq, enum journal_seen *seen, struct err *e);
void journal_look_release(struct journal_look *l);

#endif
