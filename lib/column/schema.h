/* SPDX-License-Identifier: MIT */
/* schema - the types of a table, and their three spellings.
 *
 * 1. Delta's schemaString (JSON; Delta PROTOCOL.md, "Schema Serialization Format").
 * 2. smpost's own short form: `struct<id:string,n:long>`, `array<string>`, `map<string,long>`.
 * 3. struct type in memory.
 *
 * Ownership: a schema owns its fields, in one arena; types point into it.
 * Threads: immutable once built, then shared freely.
 */
#ifndef SM_COLUMN_SCHEMA_H
#define SM_COLUMN_SCHEMA_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum type_kind {
	TYPE_VOID,
	TYPE_BOOLEAN,
	TYPE_BYTE,          /* int8 */
	TYPE_SHORT,         /* int16 */
	TYPE_INTEGER,       /* int32 */
	TYPE_LONG,          /* int64 */
	TYPE_FLOAT,
	TYPE_DOUBLE,
	TYPE_DECIMAL,       /* precision 1..38, 0 <= scale <= precision */
	TYPE_STRING,
	TYPE_BINARY,
	TYPE_DATE,          /* int32 days */
	TYPE_TIMESTAMP,     /* int64 us, UTC */
	TYPE_TIMESTAMP_NTZ, /* int64 us, no zone */
	TYPE_STRUCT,
	TYPE_LIST,          /* fields[0] is the element */
	TYPE_MAP            /* fields[0] key, fields[1] value */
};

struct near;
struct field;
struct type {
	enum type_kind kind;
	uint8_t precision, scale;   /* TYPE_DECIMAL */
	struct field *fields;       /* children: STRUCT any number, LIST 1, MAP 2 */
	size_t nfields;
};

struct field {
	const char *name;           /* UTF-8, NUL-terminated; children of lists and maps: element, key, value */
	size_t nname;
	struct type type;
	bool nullable;
	const char *metadata;       /* JSON object text, or NULL for {} */
};

struct schema {
	struct arena arena;
	struct type root;           /* TYPE_STRUCT */
};

void schema_init(struct schema *s);
void schema_release(struct schema *s);
void schema_copy(struct schema *to, const struct schema *from); /* TO is initialised by this */
void type_copy(struct type *to, const struct type *from, struct arena *a);
bool type_equal(const struct type *a, const struct type *b, bool compare_nullable);

const struct field *schema_find(const struct schema *s, const char *name, size_t n);   /* exact case */
/* One name for Spark, Delta and Parquet readers: the same but for case. */
bool schema_same_name(const char *a, size_t na, const char *b, size_t nb);
ptrdiff_t type_find(const struct type *t, const char *name, size_t n, bool ignore_case); /* -1: none */
const char *type_near(const struct type *t, const char *name, size_t n, struct near *near); /* near_hint, of T's members */

/* Delta's JSON. Type changes and column mapping live in metadata, which is kept as it is. */
int schema_from_delta(struct schema *s, const char *json, size_t n, struct err *e);
void schema_to_delta(const struct schema *s, struct buf *b);
/* `struct<a:string,b:array<long>>` and Delta's primitive names; also SQL's bigint, int, smallint, tinyint, float. */
int type_parse(struct type *t, struct arena *a, const char *s, size_t n, struct err *e);
void type_print(const struct type *t, struct buf *b);
/* A schema file: Delta's JSON, or our {"fields":[["name","type",nullable,"comment"],...]}. */
int schema_from_file_text(struct schema *s, const char *text, size_t n, struct err *e);
/* Names that differ only by case, empty names, names that Delta without column mapping or Parquet forbid
 * (any of " ,;{}()\n\t="): ERR_DATA naming the field. */
int schema_check_names(const struct schema *s, struct err *e);

#endif
