/* SPDX-License-Identifier: MIT */
/* lines - a block of NDJSON as lines with their tokens.
 *
 * The block is indexed in chunks that stay in the second-level cache. Where a chunk cannot be
 * indexed because of a bad line in it, its lines are indexed one by one, so that only the bad
 * ones are bad. (An odd quote cannot hide: it makes a string run over a line feed, which the index refuses.)
 *
 * Ownership: the block is the caller's and lives as long as it is read. Threads: one owner.
 * Cost: one pass for line feeds and backslashes at some 20 GB/s beside that of the index.
 */
#ifndef SM_JSON_LINES_H
#define SM_JSON_LINES_H

#include "base/err.h"
#include "json/index.h"

struct json_line {
	const char *base;        /* what tok counts from */
	uint32_t start, end;     /* of the line, from base; CR and LF left out */
	const uint32_t *tok;     /* its first token; NULL: the line is bad (json_line_error says why) */
	bool slash;              /* there may be a backslash */
	uint64_t number;         /* 0-based in the block */
};

struct json_lines {
	struct json_index *index;
	const char *p;           /* the block */
	size_t n, at;            /* what is before `at` has been indexed */
	size_t single_until;     /* up to here one line a chunk */
	uint64_t number;         /* of the next line */
	const char *base;        /* the chunk */
	uint32_t len, pos;
	const uint32_t *tok;     /* the next token; NULL: the chunk, one line, cannot be indexed */
	uint64_t *feed, *slash;  /* bitmaps of the chunk's line feeds and backslashes */
	size_t words;
};

void json_lines_init(struct json_lines *ls);
void json_lines_release(struct json_lines *ls);
/* P[0..N) are whole lines, '\n' at the end (or N is 0), 64 readable bytes behind. */
void json_lines_block(struct json_lines *ls, const char *p, size_t n);
bool json_lines_load(struct json_lines *ls);   /* the slow part of json_lines_next */
/* Fill E (ERR_DATA, line and column) for a line that is not one JSON object. */
int json_line_error(const struct json_line *l, struct err *e);

/* Next line that is not blank; false at the end of the block. Whoever walks the line's tokens to their end
 * may set ls->tok to the one behind. */
static inline bool json_lines_next(struct json_lines *ls, struct json_line *l)
{
	for (;;) {
		if (ls->pos == ls->len && !json_lines_load(ls))
			return false;
		uint32_t start = ls->pos;
		size_t w = start >> 6;
		uint64_t mask = ~UINT64_C(0) << (start & 63);
		uint64_t feed = ls->feed[w] & mask, slash = ls->slash[w] & mask;
		while (!feed) {
			w++;
			feed = ls->feed[w];
			slash |= ls->slash[w];
		}
		uint32_t end = (uint32_t)(w << 6) + (uint32_t)__builtin_ctzll(feed);
		ls->pos = end + 1;
		l->number = ls->number++;
		l->base = ls->base;
		l->start = start;
		l->end = end - (end > start && ls->base[end - 1] == '\r');
		l->slash = slash != 0;
		l->tok = ls->tok;
		if (!ls->tok)
			return true;
		while (*ls->tok < start)
			ls->tok++;
		l->tok = ls->tok;
		if (*ls->tok < end)
			return true;
	}
}

#endif
