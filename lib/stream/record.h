/* SPDX-License-Identifier: MIT */
/* record - the guard that every record passes on its way out of a tool, and what tools read in a record alike.
 *
 * What comes from outside, from a server, a file, a table or a user's program, must never be taken for a mark by whoever
 * reads on. So whoever makes lines of such data hands them out through one of these, and treats the one at fault as a bad
 * record (stream/reject.h). What a mark is says json/kind.h.
 *
 *	if ((rc = record_put(&out, line, n, &why)) < 0)
 *		… a bad record: WHY says what is wrong; nothing was put …
 *
 * Ownership: none. Threads: any. Cost: three compares a record; record_good also looks for the line ends.
 */
#ifndef SM_STREAM_RECORD_H
#define SM_STREAM_RECORD_H

#include "base/buf.h"
#include "base/err.h"
#include "json/kind.h"
#include "json/pick.h"

#include <stdint.h>

int record_refuse(struct err *e); /* says that the record begins as a mark does; ERR_DATA */

/* LINE without its end: 0, or ERR_DATA. */
static inline int record_check(const char *line, size_t n, struct err *e)
{
	return json_kind(line, n) == JSON_KIND_RECORD ? 0 : record_refuse(e);
}

/* The line and '\n' to B; ERR_DATA: it may not go out, B is as it was. */
int record_put(struct buf *b, const char *line, size_t n, struct err *e);

/* P[0..N) are whole lines. How many bytes of them, from the first on, may go out: N, or where the line at fault begins.
 * RECORDS (may be NULL): how many lines these are. */
size_t record_good(const char *p, size_t n, uint64_t *records);

/* The event time in field F of the record, whose path is NAME, in microseconds: RFC 3339, in the years 1 to 9999 of UTC. 1: there
 * is one; 0: the field is absent or null; ERR_DATA: it is not a time, WHY has the column. SCRATCH is for escapes. */
int record_time(const struct json_record *rec, const struct json_field *f, const char *name, struct buf *scratch, int64_t *us,
		struct err *why);
/* WHY: "field NAME WHAT: the value, as far as a message shows it", with the column. Returns ERR_DATA. */
int record_bad_field(const struct json_record *rec, const struct json_field *f, const char *name, const char *what, struct err *why);

#endif
