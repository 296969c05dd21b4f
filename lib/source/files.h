/* SPDX-License-Identifier: MIT */
/* files - records out of files of any kind, batch by batch, with a cursor to go on from.
 *
 *	struct source_files *f;
 *	source_files_open(&f, &opts, &e);
 *	while ((r = source_files_next(f, &b, &e)) != FILES_END) {
 *		if (r < 0) …                      // I/O: e says why; nothing more comes
 *		else if (r == FILES_BAD) …        // b.p is the bad record, e says why; the next call continues after it
 *		else write b.p[0..b.n)            // whole lines
 *		source_files_cursor(f, &cursor, &e)      // everything up to here was handed out
 *	}
 *
 * A file of lines is validated and handed on as it stands, in runs of lines, at the speed of json/pick. A document
 * (an array, an answer of an API, printed over many lines or not) is cut into items by source/scan. Which one it is, its
 * beginning tells. Lines that are marks of another stream are dropped.
 *
 * Ownership: a batch lives until the next call. Threads: one owner.
 */
#ifndef SM_SOURCE_FILES_H
#define SM_SOURCE_FILES_H

#include "base/buf.h"
#include "base/err.h"
#include "source/csv.h"
#include "source/def.h"
#include "source/map.h"

#include <stdbool.h>
#include <stdint.h>

struct source_files_opts {
	const char *const *paths;         /* borrowed; none: standard input */
	size_t npaths;
	const char *include;              /* NULL: all */
	const struct source_def *def;     /* NULL: the records as they are; borrowed */
	const char *records;              /* instead of the definition's */
	bool raw;
	enum source_format format;
	const char *csv_types;            /* source/csv.h; checked by source_files_open */
	enum source_map_by map_by;
	int64_t observed_us;              /* INT64_MIN: when the file was last changed */
	size_t max_record;                /* 0: 16 MiB */
	uint64_t max_batch;               /* records in a batch; 0: any number */
	int (*before_wait)(void *arg, struct err *e);  /* as in source/bytes.h; source_files_cursor may be called in it */
	void *arg;
	struct metrics *metrics;          /* NULL: nobody counts */
	bool marks;                       /* source_files_cursor will be called */
	/* What people should know, and is no error: a copy that was passed over, a line that is not finished (LESS: so the input was not given
	 * whole). ERR_REJECTED: `records` found nothing in all of the input. May be NULL. */
	void (*note)(void *arg, const struct err *what, bool less);
	const char *rejects;              /* the file of --on-error=reject; NULL: none */
	const char *folder;               /* the checkpoint; NULL: none */
	const char *cursor;               /* where to go on; NULL: from the start */
	size_t ncursor;
};

struct source_files_batch {
	const char *p;
	size_t n;
	uint64_t records;
	bool file_end;                    /* a file ended here */
};

enum source_files_result { FILES_END = 0, FILES_RECORDS = 1, FILES_BAD = 2 };

struct source_files;
int source_files_open(struct source_files **f, const struct source_files_opts *o, struct err *e);
void source_files_free(struct source_files *f);         /* NULL is fine */
int source_files_next(struct source_files *f, struct source_files_batch *b, struct err *e);
/* May a mark stand here? Not inside of what a checksum covers that has not been reached yet. */
bool source_files_sure(const struct source_files *f);
bool source_files_any(const struct source_files *f);  /* was there a file to read? An empty folder may be one that is not mounted */
/* Before a last mark: read on, without giving anything out, until source_files_sure. ERR_DATA: the checksum is wrong, and so may be what was
 * given out since the last mark: no mark may follow. */
int source_files_settle(struct source_files *f, struct err *e);
/* Append the cursor behind the batch handed out last (before it when that was FILES_BAD), and make durable what
 * it speaks of. */
int source_files_cursor(struct source_files *f, struct buf *to, struct err *e);

#endif
