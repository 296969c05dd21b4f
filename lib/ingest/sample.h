/* SPDX-License-Identifier: MIT */
/* sample - the first blocks of an input, looked at for a schema and then given again.
 *
 * Ownership: the blocks are copies, the struct's. Threads: one owner. Bounded: SAMPLE_BYTES, or `rows` records.
 */
#ifndef SM_INGEST_SAMPLE_H
#define SM_INGEST_SAMPLE_H

#include "column/infer.h"
#include "io/input.h"

#define SAMPLE_BYTES ((size_t)16 << 20)
#define SAMPLE_ROWS 10000

struct sample {
	struct infer *infer;
	uint64_t rows;              /* how many are wanted */
	size_t bytes;
	struct block *block;        /* copies, with padding behind them */
	size_t n, cap, next;
};

void sample_init(struct sample *s, uint64_t rows);
void sample_release(struct sample *s);
/* Keep B and look at its records. True: there is enough. */
bool sample_add(struct sample *s, const struct block *b);
/* Look at what is kept once more, leaving out records that are bad (infer_lenient). */
void sample_lenient(struct sample *s);
/* The kept blocks again, one after the other; the one given before is freed. False: there is none left. */
bool sample_next(struct sample *s, struct block *b);
/* Show the records in P[0..N), whole lines, to IN; marks are passed over. At most MAX. */
void sample_lines(struct infer *in, const char *p, size_t n, uint64_t max);

#endif
