/* SPDX-License-Identifier: MIT */
/* json_in - NDJSON straight into the columns of a batch.
 *
 *	struct json_in *in = json_in_new(&schema.root, NULL);
 *	while (input_block(…, &blk, &e) == INPUT_OK) {
 *		json_in_block(in, blk.p, blk.n);
 *		while ((r = json_in_next(in, &batch, 16384, 64 << 20, &line, &e)) != JSON_IN_END)
 *			switch (r) {
 *			case JSON_IN_FULL: … use the batch, batch_clear(&batch) …
 *			case JSON_IN_MARK: … everything before line.p is in the batch …
 *			case JSON_IN_BAD:  … stop, or reject line.p[0..line.n); e says why …
 *			}
 *	}
 *
 * A block is indexed by simdjson's stage 1; every line is validated whole, also fields that
 * nobody asked for. Values are written into the columns' buffers as they are met: no document,
 * no allocation per record. A key is first compared with the one that followed its
 * predecessor in the record before; a hash finds the others. A record that turns out to be bad
 * leaves no trace in the columns.
 *
 * What fits which type (anything else makes the record bad, naming field, value and type):
 *	any             null, or no such key: null; bad when the field is not nullable (a null without a column is passed over)
 *	BOOLEAN         true, false
 *	BYTE…LONG       a number without fraction or exponent, in range (1.0 and 1e3 do not fit)
 *	FLOAT DOUBLE    a number that is not too large; written without fraction or exponent, one that the type keeps to
 *	                the last digit (so that no id is rounded); "NaN", "Infinity", "-Infinity"
 *	DECIMAL         a number, or one in a string, that precision and scale hold exactly
 *	STRING          a string
 *	BINARY          padded base64 (RFC 4648, section 4) in a string
 *	DATE            "YYYY-MM-DD"
 *	TIMESTAMP       RFC 3339 with Z or an offset, at most nanoseconds (cut to microseconds)
 *	TIMESTAMP_NTZ   the same without a zone
 *	STRUCT          an object
 *	LIST            an array
 *	MAP             an object when the keys are strings; always an array of {"key":…,"value":…}
 *	VOID            null
 * Keys are case-sensitive and may be written with escapes. A key that comes twice in one object
 * makes the record bad: a table has no way to keep both, and either choice would lose data.
 * In a MAP as well.
 *
 * Ownership: the type is borrowed for the reader's life, the block until the next one; the batch
 * is the caller's and may be another one at each call, as long as it has the reader's type.
 * Failure: bad records only; out of memory ends the process. Threads: one owner a reader.
 * Cost: over 1 GB/s of text on one core for posts of 13 fields.
 */
#ifndef SM_COLUMN_JSON_IN_H
#define SM_COLUMN_JSON_IN_H

#include "column/batch.h"

enum json_in_unknown {
	JSON_IN_UNKNOWN_BAD,      /* a key without a column makes the record bad */
	JSON_IN_UNKNOWN_IGNORE,   /* its value is validated and dropped */
	JSON_IN_UNKNOWN_REPORT    /* json_in_next returns JSON_IN_UNKNOWN */
};

struct json_in_opts {
	enum json_in_unknown unknown;
	bool rows;                /* keep json_in_rows */
};

enum json_in_event {
	JSON_IN_END,              /* the block is used up */
	JSON_IN_FULL,             /* the batch has its rows or bytes; more lines wait */
	JSON_IN_MARK,             /* this line is a mark (not parsed); the next call continues after it */
	JSON_IN_BAD,              /* this line is bad, err says why; the next call continues after it */
	JSON_IN_UNKNOWN           /* this line has a field that the type lacks, and is otherwise not looked at;
				   * the next call continues after it. To take it with a wider type: make a new
				   * reader and give it the block from line.p on (its lines count from there). */
};

struct json_in_line {
	const char *p;            /* without LF or CRLF */
	size_t n;
	uint64_t line;            /* 0-based in the block */
	const char *field;        /* JSON_IN_UNKNOWN: the field's path, dotted; valid until the next call */
	const char *value;        /* its value's raw bytes */
	size_t nvalue;
};

struct json_in_row {
	const char *p;            /* the line that the row came from, in the block */
	size_t n;
	uint64_t line;
};

struct json_in;
struct json_in *json_in_new(const struct type *root, const struct json_in_opts *opts); /* OPTS may be NULL */
void json_in_free(struct json_in *in);                 /* NULL is fine */

/* Start on a block of whole lines, '\n' at the end, 64 readable bytes behind it. */
void json_in_block(struct json_in *in, const char *p, size_t n);

/* Append rows to B until one of the events. FULL comes when B->nrows reaches MAX_ROWS, or when the text
 * of the rows taken since B was empty reaches MAX_BYTES (0: 1 GiB, which is also the most that is taken).
 * L is filled for MARK, BAD and UNKNOWN; E for BAD, with the 0-based line in the block and the 1-based byte
 * column. Blank lines are skipped. */
enum json_in_event json_in_next(struct json_in *in, struct batch *b, size_t max_rows, size_t max_bytes,
				struct json_in_line *l, struct err *e);

/* Where the rows came from that this block gave so far: row[i] is row FIRST + i of the batch that they went to.
 * json_in_block and batch_clear (the first row after it) start afresh. Only with opts.rows. */
const struct json_in_row *json_in_rows(const struct json_in *in, size_t *n, size_t *first);

#endif
