/* SPDX-License-Identifier: MIT */
/* reader_parts - what source/reader.c and source/reader_csv.c share. Private to the two. */
#ifndef SM_SOURCE_READER_PARTS_H
#define SM_SOURCE_READER_PARTS_H

#include "base/arena.h"
#include "json/pick.h"
#include "source/csv.h"
#include "source/reader.h"

#include <string.h>

#define READER_PADDING 64

struct source_reader {
	const struct source_files_opts *o;
	struct source_map *map;           /* NULL: as they are */
	const struct scan_path *path;     /* records, when the scanner follows it */
	size_t max_record;
	uint64_t max_batch;
	struct json_pick *pick;

	struct bytes *bytes;
	struct bytes_member member;
	bool in_member, at_end;           /* of the member */
	bool any;                         /* there was one, in this file or another */
	bool known;                       /* its shape */
	bool document;
	bool lines;                       /* a file of lines */
	uint64_t unfinished;              /* the number of a last line that has no end */
	unsigned char tail[BYTES_HEAD];   /* the bytes before the block that was made events of */
	size_t ntail;
	size_t block;                     /* where that begins in buf, its offset in the stream, and its length */
	uint64_t block_at;
	size_t nblock;
	struct scan *scan;
	struct source_csv *csv;           /* the member is CSV or TSV; NULL before the first one */
	enum csv_style csv_style;         /* CSV_NONE: it is not */

	char *buf;
	size_t cap, start, end;           /* buf[start..end) is read and not yet used */
	struct source_reader_pos pos;            /* behind the value being worked on */
	struct source_reader_pos before;         /* before it */
	struct source_reader_pos resume;         /* what was read of the file before this run */
	bool seek;                        /* it is a file of lines: go there by its offset */
	bool in_page;                     /* the value is being cut */
	bool whole;                       /* the item is the value that pick gave last */
	uint64_t sub;                     /* items taken from it */
	int64_t observed;

	struct buf out;                   /* bytes that events speak of */
	struct source_reader_event *event;
	size_t nevents, cap_events, at_event;
	struct arena errors;
	uint64_t item_line, item_col;     /* where the record being worked on stands */
	bool fruitful;                    /* something came of a page */
	struct err barren;                /* where nothing came of one first; no message: nowhere */
	struct buf line;                  /* one record, made one line */
};

/* Records are neither cut nor mapped. */
static inline bool source_reader_as_they_are(const struct source_reader *r)
{
	return !r->path && !(r->map && (source_map_pages(r->map) || source_map_maps(r->map)));
}

/* How long the byte order mark is; 0: there is none. */
static inline size_t source_reader_bom(const struct source_reader *r)
{
	return r->end - r->start >= 3 && memcmp(r->buf + r->start, CSV_BOM, 3) == 0 ? 3 : 0;
}

void source_reader_skip_bom(struct source_reader *r);
int source_reader_more(struct source_reader *r, struct err *e);         /* one read; sets at_end */
int source_reader_seek(struct source_reader *r, struct err *e);         /* go on at the offset where the file was left */
void source_reader_bad(struct source_reader *r, const char *p, size_t n, const struct err *why);
/* What was appended to `out` since FROM is COUNT records. */
void source_reader_held(struct source_reader *r, size_t from, uint64_t count);
/* P[0..N) is one valid object in one line, perhaps with space around it, which pick gave last: cut it when it is a page. */
void source_reader_object(struct source_reader *r, const char *p, size_t n, bool element);

int source_reader_begin_csv(struct source_reader *r, struct err *e);
int source_reader_fill_csv(struct source_reader *r, struct err *e);

#endif
