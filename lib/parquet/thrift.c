/* SPDX-License-Identifier: MIT */
/* Reads fields, skips what is not known within a depth, and writes the few kinds that are needed. */
#include "parquet/thrift.h"

void thrift_init(struct thrift *t, const void *p, size_t n)
{
	*t = (struct thrift){ .p = p, .end = p ? (const uint8_t *)p + n : p };
}

static void bad(struct thrift *t, bool cut)
{
	if (!t->bad)
		t->cut = cut;
	t->bad = true;
	t->p = t->end;
}

static uint8_t get_byte(struct thrift *t)
{
	if (t->p == t->end) {
		bad(t, true);
		return 0;
	}
	return *t->p++;
}

static uint64_t thrift_varint(struct thrift *t)
{
	uint64_t v = 0;
	for (unsigned shift = 0; shift < 70; shift += 7) {
		uint8_t b = get_byte(t);
		if (t->bad)
			return 0;
		if (shift < 64)
			v |= (uint64_t)(b & 0x7F) << shift;
		if (!(b & 0x80))
			return v;
	}
	bad(t, false);
	return 0;
}

static int64_t thrift_raw_int(struct thrift *t)
{
	uint64_t v = thrift_varint(t);
	return (int64_t)(v >> 1) ^ -(int64_t)(v & 1);
}

bool thrift_next(struct thrift *t, struct thrift_field *f)
{
	uint8_t b = get_byte(t);
	f->type = b & 0x0F;
	if (t->bad || f->type == THRIFT_STOP)
		return false;
	if (b >> 4)
		f->id = f->last + (b >> 4);
	else
		f->id = (int)(int16_t)thrift_raw_int(t);
	f->last = f->id;
	if (f->type > THRIFT_UUID || f->id < 0 || f->id > INT16_MAX)
		bad(t, false);
	return !t->bad;
}

static void skip_bytes(struct thrift *t, uint64_t n)
{
	if (n > (uint64_t)(t->end - t->p))
		bad(t, true);
	else
		t->p += n;
}

static void skip_struct(struct thrift *t)
{
	struct thrift_field f = THRIFT_FIELD_INIT;
	if (++t->depth > THRIFT_DEPTH)
		bad(t, false);
	while (thrift_next(t, &f))
		thrift_skip(t, f.type);
	t->depth--;
}

/* A boolean that is an element takes a byte; one that is a field takes none. */
static void skip_element(struct thrift *t, int type)
{
	if (type == THRIFT_TRUE || type == THRIFT_FALSE)
		get_byte(t);
	else
		thrift_skip(t, type);
}

static void skip_elements(struct thrift *t, uint64_t n, int a, int b)
{
	if (n > (uint64_t)(t->end - t->p))
		bad(t, true);
	if (++t->depth > THRIFT_DEPTH)
		bad(t, false);
	for (uint64_t i = 0; i < n && !t->bad; i++) {
		skip_element(t, a);
		if (b)
			skip_element(t, b);
	}
	t->depth--;
}

static size_t list_header(struct thrift *t, int *elem)
{
	uint8_t b = get_byte(t);
	uint64_t n = b >> 4;
	*elem = b & 0x0F;
	if (n == 15)
		n = thrift_varint(t);
	/* An empty list of nothing has type 0 with some writers. */
	if ((*elem == THRIFT_STOP && n) || *elem > THRIFT_UUID)
		bad(t, false);
	if (n > (uint64_t)(t->end - t->p))
		bad(t, true);
	return t->bad ? 0 : (size_t)n;
}

static void skip_map(struct thrift *t)
{
	uint64_t n = thrift_varint(t);
	if (!n)
		return;
	uint8_t kv = get_byte(t);
	skip_elements(t, n, kv >> 4, kv & 0x0F);
}

void thrift_skip(struct thrift *t, int type)
{
	int elem;
	size_t n;
	if (t->bad)
		return;
	switch (type) {
	case THRIFT_TRUE:
	case THRIFT_FALSE: break;
	case THRIFT_I8: skip_bytes(t, 1); break;
	case THRIFT_I16:
	case THRIFT_I32:
	case THRIFT_I64: thrift_varint(t); break;
	case THRIFT_DOUBLE: skip_bytes(t, 8); break;
	case THRIFT_UUID: skip_bytes(t, 16); break;
	case THRIFT_BINARY: skip_bytes(t, thrift_varint(t)); break;
	case THRIFT_LIST:
	case THRIFT_SET:
		n = list_header(t, &elem);
		skip_elements(t, n, elem, 0);
		break;
	case THRIFT_MAP: skip_map(t); break;
	case THRIFT_STRUCT: skip_struct(t); break;
	default: bad(t, false);
	}
}

int64_t thrift_int(struct thrift *t, const struct thrift_field *f)
{
	if (f->type == THRIFT_I8)
		return (int8_t)get_byte(t);
	if (f->type == THRIFT_I16 || f->type == THRIFT_I32 || f->type == THRIFT_I64)
		return thrift_raw_int(t);
	bad(t, false);
	return 0;
}

bool thrift_bool(struct thrift *t, const struct thrift_field *f)
{
	if (f->type != THRIFT_TRUE && f->type != THRIFT_FALSE)
		bad(t, false);
	return f->type == THRIFT_TRUE;
}

static const char *thrift_raw_bytes(struct thrift *t, size_t *n)
{
	uint64_t len = thrift_varint(t);
	const char *s = (const char *)t->p;
	skip_bytes(t, len);
	*n = t->bad ? 0 : (size_t)len;
	return t->bad ? "" : s;
}

const char *thrift_bytes(struct thrift *t, const struct thrift_field *f, size_t *n)
{
	if (f->type != THRIFT_BINARY)
		bad(t, false);
	return thrift_raw_bytes(t, n);
}

size_t thrift_list(struct thrift *t, const struct thrift_field *f, int *elem)
{
	*elem = 0;
	if (f->type != THRIFT_LIST && f->type != THRIFT_SET)
		bad(t, false);
	return t->bad ? 0 : list_header(t, elem);
}

bool thrift_enter(struct thrift *t, const struct thrift_field *f)
{
	if (f->type != THRIFT_STRUCT || ++t->depth > THRIFT_DEPTH)
		bad(t, false);
	return !t->bad;
}

void thrift_leave(struct thrift *t)
{
	t->depth--;
}

void thrift_put_varint(struct buf *b, uint64_t v)
{
	char *to = buf_reserve(b, 10);
	size_t n = 0;
	for (; v >= 0x80; v >>= 7)
		to[n++] = (char)(v | 0x80);
	to[n++] = (char)v;
	b->n += n;
}

static uint64_t zigzag(int64_t v)
{
	return ((uint64_t)v << 1) ^ -(uint64_t)(v < 0);
}

void thrift_put_field(struct buf *b, int *last, int id, int type)
{
	int delta = id - *last;
	if (delta > 0 && delta <= 15) {
		buf_putc(b, (char)(delta << 4 | type));
	} else {
		buf_putc(b, (char)type);
		thrift_put_varint(b, zigzag(id));
	}
	*last = id;
}

void thrift_put_int(struct buf *b, int *last, int id, int type, int64_t v)
{
	thrift_put_field(b, last, id, type);
	if (type == THRIFT_I8)
		buf_putc(b, (char)v);
	else
		thrift_put_varint(b, zigzag(v));
}

void thrift_put_bool(struct buf *b, int *last, int id, bool v)
{
	thrift_put_field(b, last, id, v ? THRIFT_TRUE : THRIFT_FALSE);
}

void thrift_put_bytes(struct buf *b, int *last, int id, const void *p, size_t n)
{
	thrift_put_field(b, last, id, THRIFT_BINARY);
	thrift_put_varint(b, n);
	buf_put(b, p, n);
}

void thrift_put_list(struct buf *b, int *last, int id, int elem, size_t n)
{
	thrift_put_field(b, last, id, THRIFT_LIST);
	if (n < 15) {
		buf_putc(b, (char)(n << 4 | (size_t)elem));
	} else {
		buf_putc(b, (char)(0xF0 | elem));
		thrift_put_varint(b, n);
	}
}
