/* SPDX-License-Identifier: MIT */
/* reject - what becomes of a bad record: --on-error=stop|skip|reject=FILE, the same in every tool.
 *
 *	struct reject *rj;
 *	reject_open(&rj, "smsentiment", opt_on_error, &e);        // NULL or "stop": the first bad record ends the tool
 *	...
 *	if ((r = json_pick_next(pk, &rec, &why)) < 0) {
 *		err_at(&why, block.file, block.line + why.line, why.col);
 *		if ((r = reject_record(rj, rec.p, rec.n, &why, &e)) < 0)
 *			goto out;                                  // e says why
 *		continue;
 *	}
 *	...
 *	reject_flush(rj, &e);                                      // before a mark is passed, before a wait
 *	...
 *	r = reject_close(rj, &e);                                  // ERR_REJECTED: some were; e->msg is the closing note
 *
 * Only ERR_DATA and ERR_UNSUPPORTED are about the record; any other code stops in every mode.
 * The file gets a line for each rejected record:
 *	{"tool":"smpartition","file":"a.ndjson","line":7,"column":12,"error":"…","record":"the line as it came"}
 * A line that is not UTF-8 stands as "record_base64" instead of "record". It is opened for appending when the first record
 * is rejected, and several tools may share one: every line is written whole (stream/linefile.h).
 *
 * In the middle of a pipe, where a line number says little, the error that stops a tool ends with the record's id and the
 * place of the last mark, "(id x:123, after mark 57: b.ndjson, byte 81920)"; a rejected record has the latter as "after".
 *
 * Ownership: VALUE and TOOL are copied. Threads: one owner (a tool that works in threads rejects from its main thread).
 */
#ifndef SM_STREAM_REJECT_H
#define SM_STREAM_REJECT_H

#include "base/err.h"
#include "metrics/metrics.h"
#include "stream/mark.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define REJECT_ARG "stop|skip|reject=FILE"
#define REJECT_HELP "what to do with a bad record: stop (default), skip and count it, or append it to FILE with the reason"

struct reject;
/* ERR_USAGE when VALUE is not one of the three; ERR_IO when FILE cannot be written to. */
int reject_open(struct reject **rj, const char *tool, const char *value, struct err *e);
/* What is rejected counts in M, by what is wrong with it. */
void reject_metrics(struct reject *rj, struct metrics *m);
/* What is rejected from now on is only the beginning of a line that is too long. */
void reject_long(struct reject *rj, bool on);
bool reject_stops(const struct reject *rj);      /* true for stop */
/* WHY has file, line (from 1) and column. 0: counted, go on; negative: stop, E is filled (a copy of WHY, or an I/O error). */
int reject_record(struct reject *rj, const char *rec, size_t n, const struct err *why, struct err *e);
void reject_mark(struct reject *rj, const struct mark *m); /* what comes now comes behind M */
const char *reject_path(const struct reject *rj);        /* the file of reject=FILE, or NULL */
uint64_t reject_count(const struct reject *rj);
int reject_flush(struct reject *rj, struct err *e); /* what was rejected is in FILE and durable; NULL is fine */
/* Flush, close, free. 0: nothing was rejected; ERR_REJECTED with a note for people ("3 bad records kept in FILE");
 * ERR_IO. NULL is fine. */
int reject_close(struct reject *rj, struct err *e);

#endif
