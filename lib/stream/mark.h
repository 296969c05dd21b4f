/* SPDX-License-Identifier: MIT */
/* mark - the lines that say how far a stream has come (docs/pipe.md).
 *
 *	{"$mark":{"v":1,"stream":"7f3a…","from":42,"seq":57,"cursor":…,"ck":"/abs/ck"}}
 *
 * Ownership: strings and raw JSON of a parsed mark live in the caller's arena.
 */
#ifndef SM_STREAM_MARK_H
#define SM_STREAM_MARK_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "json/kind.h"
#include "metrics/metrics.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MARK_PREFIX JSON_MARK
#define MARK_PREFIX_LEN JSON_MARK_LEN

struct mark {
	const char *stream;       /* NULL: a mark without a stream (smpartition's own closing mark) */
	int64_t from, seq;        /* -1: not there */
	const char *cursor;       /* raw JSON, NULL: none */
	size_t ncursor;
	const char *ck;           /* absolute folder, NULL: none (--marks) */
	const char *end;          /* "done" "quota" "signal" "error"; NULL: the stream continues */
	const char *table;        /* absolute, set by smpartition */
	int64_t version;          /* the table's version; -1: not there */
	bool recovered;
	bool all;                 /* in a closing mark: the input is the whole of what was asked for, from the beginning */
	int64_t records;          /* in a closing mark with `all`: so many came from the source, as filters have made of them; -1: not there */
	const char *read_id;      /* of a source that reads a table: its metaData's id and the version; NULL: it reads none */
	int64_t read_version;
	const char *read_log;     /* hash of that version's commit (delta/log.h), which a copy of the table has only if it is one; NULL: not known */
	const char *id;           /* set by smcommit: of the table's metaData; NULL: not there */
	int64_t commit;           /* version of the stream's last commit that added files; -1: not there */
	const char *path;         /* a file that it added; NULL: not there */
	const char *rest;         /* raw `"k":v,…` members that we do not know, passed on; NULL: none */
	size_t nrest;
};

#define MARK_INIT { .from = -1, .seq = -1, .version = -1, .records = -1, .read_version = -1, .commit = -1 }

static inline bool mark_is(const char *line, size_t n)
{
	return json_kind(line, n) == JSON_KIND_MARK;
}
int mark_parse(struct mark *m, struct arena *a, const char *line, size_t n, struct err *e);
void mark_print(const struct mark *m, struct buf *b);   /* one line, '\n' included */
/* Where a stream is, for people: "mark 57: b.ndjson, byte 81920"; of a cursor that we do not know, its beginning. */
void mark_place(const struct mark *m, struct buf *b);
/* M has come by: the registry learns the stream, and where it is. */
void mark_tell(const struct mark *m, struct metrics *metrics);
/* Whoever left a record out for a fault or for overload takes `all` away from the marks that it passes on. *LINE (without its end) is
 * that of M; where M says `all`, it becomes another, in B. */
void mark_withhold(struct mark *m, struct buf *b, const char **line, size_t *n);
/* A filter that has read IN records since it began and has written OUT keeps `records` true: as mark_withhold. */
void mark_recount(struct mark *m, struct buf *b, const char **line, size_t *n, uint64_t in, uint64_t out);
void mark_put_read(struct buf *b, const char *id, int64_t version, const char *log);   /* the value of `read`, in marks and in commitInfo */
void mark_put_commit(struct buf *b, int64_t version, const char *path); /* the value of `commit`, in marks and in CK/table */
/* 0 done, 75 quota, 0 signal …: the status that smcheckpoint gives to an `end` (docs/checkpoint.md). */
int mark_end_status(const char *end);

#endif
