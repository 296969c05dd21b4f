/* SPDX-License-Identifier: MIT */
/* infer - a schema from sampled records.
 *
 * The rule: a type is chosen only if every sampled value prints back as the text that it was (docs/table-format.md,
 * "Inference"). A string of digits stays a string; a time with an offset stays a string; 1.50 and 2.25 become
 * decimal(18,2), which keeps the zero. Where numbers allow no such type, one that keeps their values is taken and said.
 *
 *	struct infer *in = infer_new();
 *	infer_line(in, line, n, lineno);          // any number of times
 *	r = infer_finish(in, &schema, note, arg, &e);
 *
 * Ownership: the schema is the caller's (initialised by infer_finish). Threads: one owner.
 * Cost: a tree of each sampled record; meant for some thousands of them.
 * Limits: INFER_FIELDS different fields in all.
 */
#ifndef SM_COLUMN_INFER_H
#define SM_COLUMN_INFER_H

#include "column/schema.h"

#define INFER_FIELDS 4096

struct infer;
struct infer *infer_new(void);
void infer_free(struct infer *in);              /* NULL is fine */
/* For callers that set bad records aside. From now on a record that could make no schema by itself is passed over (infer_line
 * says false), and what several cannot agree about is settled: of names that differ only by case the commonest stays, fields
 * beyond the limit are left out, numbers that no type holds exactly are doubles. The reader finds what does not fit. */
void infer_lenient(struct infer *in);
/* Take in one record. False: it is not a JSON object (left to the reader, who says where and why). */
bool infer_line(struct infer *in, const char *p, size_t n);
uint64_t infer_records(const struct infer *in); /* that counted */
/* What people should know of a choice: a field left out, kinds that are mixed. */
typedef void infer_note_fn(void *arg, const char *text);
/* ERR_DATA naming the field: names that Delta forbids or that differ only by case, numbers that no type holds,
 * too many fields, too deep. NOTE may be NULL. */
int infer_finish(const struct infer *in, struct schema *s, infer_note_fn *note, void *arg, struct err *e);
/* The schema HAVE with the fields that the sample has beyond it, appended to their structs, nullable; types of HAVE
 * do not change, nor does the inside of a map. *WIDER: there were such fields. */
int infer_widen(const struct infer *in, const struct schema *have, struct schema *s, bool *wider, infer_note_fn *note,
		void *arg, struct err *e);

#endif
