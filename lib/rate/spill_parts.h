/* SPDX-License-Identifier: MIT */
/* spill_parts - what rate/spill.c and rate/spill_dir.c share: the struct, and the files that are not appended to. Private to lib/rate. */
#ifndef SM_RATE_SPILL_PARTS_H
#define SM_RATE_SPILL_PARTS_H

#include "base/buf.h"
#include "rate/spill.h"

#define SPILL_OFFSET "offset"
#define SPILL_OWNER "SPILL"

struct spill_segment {
	uint64_t number, size;   /* bytes in the file */
	bool old;                /* of an earlier run: its marks mean nothing any more */
};

struct spill_chunk {
	uint64_t segment, end;   /* where the offset is when all its items are done */
	size_t open;
	struct spill_chunk *next;
};

struct spill {
	struct spill_opts o;
	struct store *store;
	int lock, dir;           /* the folder itself, to make names in it durable */
	char *stream;            /* of what is in the folder */
	bool owned;              /* DIR/SPILL is there and says so */
	bool leftover, begun;
	struct spill_segment *seg;     /* seg[0..nseg), in order */
	size_t nseg, cap;
	uint64_t next;           /* number of the next segment */
	int out;                 /* the last segment, being appended to; -1: none */
	struct buf pending;      /* frames that are not yet in it */
	int64_t synced;          /* when it last was */
	bool dirty, disk_full;
	int in;                  /* segment in_number, being read; -1: none */
	uint64_t in_number;
	uint64_t at_segment, at; /* what is read next */
	uint64_t done_segment, done; /* everything before is done */
	uint64_t kept_segment, kept; /* the same, as DIR/offset has it */
	int64_t kept_at;
	struct spill_chunk *first, *last;
	struct buf buf;
	struct spill_stats st;
};

/* Before a step, for tests: the errno that it is to fail with. */
int spill_fault(const struct spill *s, const char *step, const char *path);
/* The path of a segment, NUL-terminated; S NULL: its name alone. */
char *spill_path(const struct spill *s, uint64_t number, struct buf *b);
int spill_sys(const struct spill *s, int code, const char *what, uint64_t number, struct err *e);   /* ERR_IO that names a segment */
/* A full disk is not a failure of these: *KEPT says whether it is in the file. The offset is then tried again a second
 * later; it only says where to go on, so an older one costs records that come again. */
int spill_put_offset(struct spill *s, bool *kept, struct err *e);
int spill_put_owner(struct spill *s, bool *kept, struct err *e);
int spill_drop_segments(struct spill *s, size_t n, struct err *e);                                  /* the first N go */

#endif
