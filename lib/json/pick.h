/* SPDX-License-Identifier: MIT */
/* pick - filters' view of NDJSON: validate every line whole, hand out a few fields.
 *
 * A block of lines is indexed at once by simdjson's stage 1 (UTF-8 checked as well);
 * our walk then validates each line and notes where the asked-for paths are.
 * Nothing is copied or decoded: a filter passes the line's own bytes on.
 *
 *	struct json_pick *pk; json_pick_new(&pk, (const char *[]){ "text", "author.id" }, 2, &e);
 *	while (input_block(in, &b, &e) == INPUT_OK) {
 *		json_pick_block(pk, b.p, b.n);
 *		while ((r = json_pick_next(pk, &rec, &e)) != 0) {
 *			if (r < 0) ...   // bad line: e has line (in the block) and column; go on with the next
 *			rec.field[0] ...
 *		}
 *	}
 *
 * Paths are member names joined by dots; a name that itself holds a dot is written
 * with backticks (`a.b`.c). Arrays are not entered. Of duplicate keys the last counts.
 * Threads: one owner. Cost: about 3 GB/s of text on one core.
 */
#ifndef SM_JSON_PICK_H
#define SM_JSON_PICK_H

#include "base/buf.h"
#include "base/err.h"
#include "json/doc.h"
#include "json/index.h"

struct json_field {
	enum json_type type;
	const char *p;       /* raw bytes in the line, strings with their quotes; NULL: not there */
	size_t n;
};

struct json_record {
	const char *p;       /* the line without LF or CRLF */
	size_t n;
	uint64_t line;       /* 0-based line in the block */
	bool is_mark;        /* json/kind.h */
	struct json_field *field; /* one for each path, in the order given */
};

/* Where the tokens of a record are (json/index.h). */
struct json_tokens {
	const char *base;        /* what they count from */
	const uint32_t *tok;     /* the first: '{' */
	const uint64_t *slash;   /* bitmap of the backslashes from base on; NULL: there are none in the record */
};

struct json_pick;
int json_pick_new(struct json_pick **pk, const char *const *paths, size_t n, struct err *e);
void json_pick_free(struct json_pick *pk);
/* Start on a block of whole lines, '\n' at the end, JSON_PADDING readable bytes behind it. */
void json_pick_block(struct json_pick *pk, const char *p, size_t n);
/* 1: a record; 0: the block is used up; negative: this line is bad (e->line is its 0-based
 * number in the block, e->col the byte column) and rec->p, rec->n hold it; the next call continues after it.
 * Blank lines are skipped; a line that is valid JSON but no object is bad. */
int json_pick_next(struct json_pick *pk, struct json_record *rec, struct err *e);

/* Of the record that json_pick_next gave last, until it is called again. */
struct json_tokens json_pick_tokens(const struct json_pick *pk);

/* Let FN check the records in pick's place, which then has no paths: T is the text's first token, '{'. It sets *END behind the
 * object's last byte and returns the token there, or NULL when the object is malformed. What is behind the line must not
 * matter. */
typedef const uint32_t *json_pick_walk_fn(void *arg, const struct json_tokens *t, const char **end);
void json_pick_walk(struct json_pick *pk, json_pick_walk_fn *fn, void *arg);

/* Decode a JSON string (raw, with quotes, already validated) onto B. */
void json_unescape(struct buf *b, const char *raw, size_t n);
/* Append the line with `"KEY":VALUE` spliced in before the closing brace; all other bytes stay. */
void json_splice(struct buf *b, const char *line, size_t n, const char *key, const char *value, size_t nvalue);

#endif
