/* SPDX-License-Identifier: MIT */
/* thrift - the compact protocol of Apache Thrift, as much of it as Parquet's metadata needs.
 *
 * Source: apache/thrift doc/specs/thrift-compact-protocol.md. Integers are ULEB128 varints, signed ones
 * zigzagged; a field is one byte (delta of the id << 4 | type), or the type and then the id when the delta
 * does not fit; a struct ends with a zero byte; booleans live in the field's type.
 *
 * Reading never goes beyond the given bytes. The first fault makes the reader `bad`; from then on every
 * call returns zero, and loops end because thrift_next returns false. So a caller checks `bad` once at the
 * end. `cut` tells a fault that more bytes might cure.
 * Ownership: strings point into the input. Threads: one owner. Nesting is limited to THRIFT_DEPTH.
 */
#ifndef SM_PARQUET_THRIFT_H
#define SM_PARQUET_THRIFT_H

#include "base/buf.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define THRIFT_DEPTH 64

enum thrift_type {
	THRIFT_STOP, THRIFT_TRUE, THRIFT_FALSE, THRIFT_I8, THRIFT_I16, THRIFT_I32, THRIFT_I64, THRIFT_DOUBLE,
	THRIFT_BINARY, THRIFT_LIST, THRIFT_SET, THRIFT_MAP, THRIFT_STRUCT, THRIFT_UUID
};

struct thrift {
	const uint8_t *p, *end;
	bool bad, cut;
	int depth;
};

struct thrift_field {
	int type;   /* enum thrift_type */
	int id;
	int last;   /* id of the field before; 0 at the start of a struct */
};
#define THRIFT_FIELD_INIT { 0, 0, 0 }

void thrift_init(struct thrift *t, const void *p, size_t n);
/* The next field of the struct that F walks through; false at its end or after a fault. */
bool thrift_next(struct thrift *t, struct thrift_field *f);
void thrift_skip(struct thrift *t, int type);
/* Each reads the value of F when its type fits, otherwise it marks the reader as bad. */
int64_t thrift_int(struct thrift *t, const struct thrift_field *f);      /* I8 to I64 */
bool thrift_bool(struct thrift *t, const struct thrift_field *f);
const char *thrift_bytes(struct thrift *t, const struct thrift_field *f, size_t *n);
/* Enters a list: the number of elements (each at least one byte, so never more than bytes are left) and their type. */
size_t thrift_list(struct thrift *t, const struct thrift_field *f, int *elem);
bool thrift_enter(struct thrift *t, const struct thrift_field *f);       /* a struct; false when bad */
void thrift_leave(struct thrift *t);

/* Writing. LAST is the id of the struct's field before, 0 at its start. */
void thrift_put_varint(struct buf *b, uint64_t v);
void thrift_put_field(struct buf *b, int *last, int id, int type);
void thrift_put_int(struct buf *b, int *last, int id, int type, int64_t v);  /* I16, I32, I64 */
void thrift_put_bool(struct buf *b, int *last, int id, bool v);
void thrift_put_bytes(struct buf *b, int *last, int id, const void *p, size_t n);
void thrift_put_list(struct buf *b, int *last, int id, int elem, size_t n);
static inline void thrift_put_stop(struct buf *b) { buf_putc(b, 0); }

#endif
