/* SPDX-License-Identifier: MIT */
/* The type of ours that a leaf's physical and logical type stand for. */
#include "parquet/tree.h"

static bool decimal(const struct pq_element *el, struct type *t)
{
	if (!element_is(el, PQ_LOG_DECIMAL, PQ_CONV_DECIMAL) || el->precision < 1 || el->precision > 38 ||
	    el->scale < 0 || el->scale > el->precision)
		return false;
	*t = (struct type){ .kind = TYPE_DECIMAL, .precision = (uint8_t)el->precision, .scale = (uint8_t)el->scale };
	return true;
}

/* BITS and sign of an annotated integer; false when there is no annotation. */
static bool integer(const struct pq_element *el, int *bits, bool *is_signed)
{
	if (el->logical == PQ_LOG_INTEGER) {
		*bits = el->bits;
		*is_signed = el->is_signed;
		return true;
	}
	if (el->logical >= 0 || el->converted < PQ_CONV_UINT_8 || el->converted > PQ_CONV_INT_64)
		return false;
	*is_signed = el->converted >= PQ_CONV_INT_8;
	*bits = 8 << ((el->converted - PQ_CONV_UINT_8) % 4);
	return true;
}

static void int32_type(const struct pq_element *el, struct type *t)
{
	int bits;
	bool is_signed;
	t->kind = TYPE_INTEGER;
	if (decimal(el, t))
		return;
	if (element_is(el, PQ_LOG_DATE, PQ_CONV_DATE))
		t->kind = TYPE_DATE;
	else if (element_is(el, PQ_LOG_TIME, PQ_CONV_TIME_MILLIS))
		t->kind = TYPE_LONG;
	else if (integer(el, &bits, &is_signed) && bits < 32)
		t->kind = bits == 8 && is_signed ? TYPE_BYTE : bits == 16 && !is_signed ? TYPE_INTEGER : TYPE_SHORT;
	else if (integer(el, &bits, &is_signed) && !is_signed)
		t->kind = TYPE_LONG;
}

static void int64_type(const struct pq_element *el, struct type *t)
{
	int bits;
	bool is_signed;
	t->kind = TYPE_LONG;
	if (decimal(el, t))
		return;
	if (el->logical == PQ_LOG_TIMESTAMP)
		t->kind = el->utc ? TYPE_TIMESTAMP : TYPE_TIMESTAMP_NTZ;
	else if (el->logical < 0 && (el->converted == PQ_CONV_TIMESTAMP_MILLIS || el->converted == PQ_CONV_TIMESTAMP_MICROS))
		t->kind = TYPE_TIMESTAMP;
	else if (integer(el, &bits, &is_signed) && !is_signed)
		*t = (struct type){ .kind = TYPE_DECIMAL, .precision = 20 };
}

static void bytes_type(const struct pq_element *el, struct type *t)
{
	t->kind = TYPE_BINARY;
	if (decimal(el, t))
		return;
	if (element_is(el, PQ_LOG_STRING, PQ_CONV_UTF8) || element_is(el, PQ_LOG_ENUM, PQ_CONV_ENUM) ||
	    element_is(el, PQ_LOG_JSON, PQ_CONV_JSON) || (el->physical == PQ_FIXED && el->logical == PQ_LOG_UUID))
		t->kind = TYPE_STRING;
	else if (el->physical == PQ_FIXED && el->logical == PQ_LOG_FLOAT16)
		t->kind = TYPE_FLOAT;
}

void leaf_type(const struct pq_element *el, struct type *t)
{
	*t = (struct type){ .kind = TYPE_VOID };
	if (el->logical == PQ_LOG_UNKNOWN)
		return;
	switch (el->physical) {
	case PQ_BOOLEAN: t->kind = TYPE_BOOLEAN; break;
	case PQ_INT32: int32_type(el, t); break;
	case PQ_INT64: int64_type(el, t); break;
	case PQ_INT96: t->kind = TYPE_TIMESTAMP; break;
	case PQ_FLOAT: t->kind = TYPE_FLOAT; break;
	case PQ_DOUBLE: t->kind = TYPE_DOUBLE; break;
	default: bytes_type(el, t);
	}
}
