/* SPDX-License-Identifier: MIT */
/* input - NDJSON from files or standard input, plain or compressed, in blocks of whole lines.
 *
 * The named files are read one after the other; none, or "-", is standard input.
 * Compression is told by the first bytes: gzip, zstd, xz, bzip2 and lz4 go through
 * io/unpack; what is plain is read by read(2) directly, so that the first record
 * of a slow pipe is passed on at once. What a checksum covers is handed out before it is looked at:
 * only INPUT_END says that all of it was right.
 *
 * Blocks: p[0..n) are whole lines, each ended by '\n' (added to a last line that
 * has none), followed by at least INPUT_PADDING readable bytes. A block holds what
 * could be read without waiting, at least one line, at most about `block` bytes unless
 * one line is longer. A line longer than `max_line` is ERR_DATA that names it; the next call continues after it.
 *
 * Ownership: the block's bytes belong to the input and live until the next call.
 * Threads: one owner. Cost: one copy of the tail of a block (a partial line).
 */
#ifndef SM_IO_INPUT_H
#define SM_IO_INPUT_H

#include "base/err.h"
#include "metrics/metrics.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define INPUT_PADDING 64
#define INPUT_BLOCK ((size_t)1 << 20)
#define INPUT_MAX_LINE ((size_t)16 << 20)
#define INPUT_LONG_KEPT ((size_t)64 << 10)
#define INPUT_STDIN_NAME "<stdin>"

struct input_opts {
	size_t block;      /* 0: INPUT_BLOCK */
	size_t max_line;   /* 0: INPUT_MAX_LINE */
	/* Called before a read that would wait (flush your output here). May fail. */
	int (*before_wait)(void *arg, struct err *e);
	void *arg;
	/* Give up waiting at this monotonic time (clock_mono_ns) and return INPUT_TIMEOUT;
	 * NULL: wait for ever. Asked before each wait; INT64_MAX means no deadline. With a deadline
	 * function INPUT_TIMEOUT also comes after a signal, and at the latest every half second:
	 * look at your flags and call again. */
	int64_t (*deadline)(void *arg);
	struct metrics *metrics; /* bytes read, and who waits; may be NULL */
};

struct block {
	const char *p;
	size_t n;
	const char *file;   /* name for messages; lives as long as the input */
	uint64_t line;      /* number of the first line, from 1 */
};

struct line {
	const char *p;      /* without the line's end (LF or CRLF) */
	size_t n;
	const char *file;
	uint64_t line;
};

enum input_result { INPUT_END = 0, INPUT_OK = 1, INPUT_TIMEOUT = 2 };

struct input;
/* PATHS (N of them, may be none) are borrowed for the input's life. OPTS may be NULL. Opens nothing yet. */
struct input *input_new(const char *const *paths, size_t n, const struct input_opts *opts);
void input_free(struct input *in);             /* NULL is fine */
/* INPUT_OK, INPUT_END, INPUT_TIMEOUT, or a negative code. Blank lines are left in the block. */
int input_block(struct input *in, struct block *b, struct err *e);
/* Was the last error that of a line which is too long? Its beginning, N bytes (INPUT_LONG_KEPT at most); NULL: no. */
const char *input_long(const struct input *in, size_t *n);
/* The same, line by line; blank lines are skipped. Do not mix with input_block. */
int input_line(struct input *in, struct line *l, struct err *e);

#endif
