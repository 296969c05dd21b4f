/* SPDX-License-Identifier: MIT */
/* partition - partition values as text, as folders and as paths in the log.
 *
 * Sources: Delta PROTOCOL.md, "Partition Value Serialization"; Hive's FileUtils escaping; RFC 3986.
 * A value goes through two encodings on its way to add.path: the folder name is Hive-escaped, the
 * path is then URI-encoded. The value itself stands plainly in add.partitionValues:
 *
 *	value /%20%f -> folder letter=%2F%2520%25f -> add.path letter=%252F%252520%2525f/part-…
 *
 * Values are read from partitionValues only, never from a path.
 * Text of values: integers in decimal; float and double as Java's toString; decimal with its scale;
 * date YYYY-MM-DD; timestamp YYYY-MM-DDTHH:MM:SS.ffffffZ; timestamp_ntz YYYY-MM-DD HH:MM:SS[.ffffff];
 * boolean true, false; binary and string their bytes. Null and the empty string are both null.
 */
#ifndef SM_DELTA_PARTITION_H
#define SM_DELTA_PARTITION_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "column/batch.h"
#include "column/schema.h"

#define DELTA_NULL_PARTITION "__HIVE_DEFAULT_PARTITION__"

struct delta_value {
	bool null;
	union {
		int64_t i;      /* BOOLEAN, integers, DATE, TIMESTAMP* */
		double d;       /* FLOAT, DOUBLE */
		__int128 dec;   /* DECIMAL: unscaled, in the column's scale */
		struct { const char *p; size_t n; } s; /* STRING, BINARY */
	};
};

/* True when columns of type T may partition a table (no struct, list, map, void). */
bool delta_partition_type_ok(const struct type *t);

/* Text of the log -> value. N = 0 is null. Strings point at TEXT. Besides the forms above: timestamps with a space
 * or an offset (without a zone: UTC), years beyond 9999, and the text of a narrower type that was widened since
 * (`1` for a decimal(12,2), a date for a timestamp). ERR_DATA for anything else. */
int delta_value_parse(struct delta_value *v, const struct type *t, const char *text, size_t n, struct err *e);
/* Value -> text as it stands in partitionValues (not for null; an empty string prints nothing: treat it as null). */
void delta_value_print(const struct delta_value *v, const struct type *t, struct buf *b);
/* Row I of column C as a value (strings point into the column). Empty strings and binaries become null. */
void delta_value_of(struct delta_value *v, const struct column *c, size_t i);
/* Append V to column C (which is of type T). */
void delta_value_append(const struct delta_value *v, struct column *c);

#define DELTA_DIR_MAX ((size_t)255)    /* bytes of a folder's name in the file systems we know */
/* Append `NAME=TEXT`, both Hive-escaped; TEXT NULL or N = 0: DELTA_NULL_PARTITION. What is longer than MAX (32 or more) is
 * cut, says `~` for `=` and gets a hash of the whole: the folder only helps people, the value stands in partitionValues. */
void delta_partition_dir(struct buf *b, const char *name, const char *text, size_t n, size_t max);
/* Append a path on disk as add.path has it: every byte that RFC 3986 does not allow in a path, UTF-8 included, and the colon
 * (which could be taken for a scheme) become %XX. */
void delta_path_encode(struct buf *b, const char *path, size_t n);
/* The reverse, exactly once: %XX decoded, `file:/a`, `file:///a` become `/a`. What looks like another scheme
 * (`s3://…`) is ERR_UNSUPPORTED; a colon in a relative path is not a scheme. In A, with a NUL. ERR_DATA: bad %, NUL. */
int delta_path_decode(const char **path, struct arena *a, const char *text, size_t n, struct err *e);

/* Java's Double.toString and Float.toString (shortest digits): 1.0E10, 1.0E-5, 123.45, NaN, Infinity. */
void delta_java_double(struct buf *b, double v);
void delta_java_float(struct buf *b, float v);

#endif
