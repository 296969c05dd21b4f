/* SPDX-License-Identifier: MIT */
/* output - buffered writing to a file descriptor, errors kept until asked for.
 *
 * Writes gather in a buffer of OUTPUT_BLOCK bytes. The first error is kept; later
 * writes do nothing; output_flush and output_close report it, naming the output.
 * A write to a closed pipe ends the process by SIGPIPE (the default action), as a
 * filter should.
 * Threads: one owner.
 */
#ifndef SM_IO_OUTPUT_H
#define SM_IO_OUTPUT_H

#include "base/buf.h"
#include "base/err.h"
#include "metrics/metrics.h"

#include <stdbool.h>

#define OUTPUT_BLOCK ((size_t)64 << 10)

struct output {
	int fd;
	bool unbuffered;    /* flush at each output_end_record */
	bool for_people;    /* a terminal, or text such as a table: what a terminal would obey is shown (base/term.h) */
	bool failed;
	struct buf buf;
	uint64_t bytes, records;
	const char *name;   /* for messages, borrowed */
	void (*before_write)(void); /* called before each write(2); may be NULL */
	struct metrics *metrics; /* gets bytes and records with each write; may be NULL */
	struct err err;
};

void output_init(struct output *o, int fd, const char *name); /* e.g. STDOUT_FILENO, "standard output" */
/* Room for N bytes to be filled by the caller, who then adds to o->buf.n. */
static inline char *output_reserve(struct output *o, size_t n) { return buf_reserve(&o->buf, n); }
void output_put(struct output *o, const void *p, size_t n);
void output_line(struct output *o, const void *p, size_t n);  /* the bytes, '\n', end of record */
/* The same for a mark, which is none. */
void output_mark(struct output *o, const void *p, size_t n);
/* A block of RECORDS whole lines, written at once behind what is buffered, without a copy. */
void output_block(struct output *o, const void *p, size_t n, uint64_t records);
/* P[0..N), written at once behind what is buffered, as it is: text that has been shown, with colours of ours around it. */
void output_shown(struct output *o, const void *p, size_t n);
void output_end_record(struct output *o);     /* counts; writes when the block is full or unbuffered */
int output_flush(struct output *o, struct err *e);
int output_close(struct output *o, struct err *e); /* flush, close(2); the fd is closed in any case */

#endif
