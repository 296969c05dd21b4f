/* SPDX-License-Identifier: MIT */
/* resume - where a stream resumes, and the marks that say how far it has come (docs/checkpoint.md).
 *
 * For sources:
 *
 *	struct resume *rs;
 *	resume_open(&rs, ck, &e);                            // ck NULL: --marks, marks without a stream, nothing kept
 *	const char *cur = resume_cursor(rs, &n);             // NULL: from the start
 *	resume_mark(rs, cur, n, NULL, &out, &e);             // the opening mark, before the first record
 *	while (…) {
 *		… records …
 *		if (resume_due(rs)) resume_mark(rs, cursor, ncursor, NULL, &out, &e);   // and flush the output soon
 *	}
 *	resume_mark(rs, cursor, ncursor, "done", &out, &e);  // the closing mark: "done" "quota" "signal" "error"
 *	resume_close(rs);
 *
 * resume_open takes the checkpoint's run lock (ERR_CONFLICT when another source holds it), makes the folder when it is new,
 * and decides: where the checkpoint names a table, the seq is that of the table's txn, else the checkpoint's own; the
 * cursor is the journal's for that seq. A table that is behind its checkpoint (replaced, gone), or that was rolled back
 * (resume/table.h), is ERR_CONFLICT and names both; so is a seq that the journal does not know.
 * resume_mark appends the mark to the journal and makes it durable before it returns the line: print the line only then.
 * A mark means: every record before it in the output was read when the resume point was CURSOR.
 * The lock dies with the process, or with resume_close: call that after the closing mark was written.
 *
 * Ownership: the cursor of resume_cursor lives until resume_close. Threads: one owner.
 * Cost of a mark: one write and one fdatasync.
 */
#ifndef SM_RESUME_RESUME_H
#define SM_RESUME_RESUME_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RESUME_EVERY_NS (INT64_C(10) * 1000000000)  /* a mark is due at least so often */

struct resume;
int resume_open(struct resume **rs, const char *ck, struct err *e);
const char *resume_stream(const struct resume *rs);   /* NULL without a checkpoint */
int64_t resume_from(const struct resume *rs);         /* seq at which this run resumes; 0: a new stream */
const char *resume_cursor(const struct resume *rs, size_t *n); /* raw JSON; NULL: from the start */
/* CURSOR: N bytes of raw JSON without line breaks, NULL is null. END: NULL while the stream continues. */
int resume_mark(struct resume *rs, const char *cursor, size_t n, const char *end, struct buf *line, struct err *e);
/* The closing mark of a source that failed before it was open: `error`, where the stream stands. RS NULL, its checkpoint could not be opened: a
 * mark without a stream, which no program records. */
int resume_failed(struct resume *rs, struct buf *line, struct err *e);
/* This run has given everything that it was asked for, RECORDS of them, and left out nothing. Where it began at 0, the closing mark "done"
 * then says `all`. */
void resume_whole(struct resume *rs, uint64_t records);
/* The table that is read, by its metaData's id, and the version, with its hash (delta/log.h; NULL: not known): said in every mark from now
 * on. Texts are copied. */
void resume_read(struct resume *rs, const char *id, int64_t version, const char *log);
bool resume_due(const struct resume *rs);             /* has it been RESUME_EVERY_NS since the last mark? */
/* The cursor of the mark that the checkpoint has recorded, into A; *CURSOR is NULL when there is none. Reads the journal. */
int resume_recorded(struct resume *rs, struct arena *a, const char **cursor, size_t *n, struct err *e);
void resume_close(struct resume *rs);                 /* NULL is fine */

#endif
