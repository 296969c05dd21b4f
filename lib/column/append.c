/* SPDX-License-Identifier: MIT */
/* Copies rows of one column behind those of another. */
#include "column/batch.h"

#include "base/mem.h"

#include <string.h>

static void append_bits(uint8_t *to, size_t at, const uint8_t *from, const uint32_t *sel, size_t nsel)
{
	for (size_t i = 0; i < nsel; i++)
		if (bit_get(from, sel ? sel[i] : i))
			bit_set(to, at + i);
		else
			bit_clear(to, at + i);
}

static void append_valid(struct column *to, const struct column *from, const uint32_t *sel, size_t nsel)
{
	if (!from->valid && !to->valid)
		return;
	column_need_valid(to);
	for (size_t i = 0; i < nsel; i++) {
		if (column_is_null(from, sel ? sel[i] : i)) {
			bit_clear(to->valid, to->n + i);
			to->nulls++;
		} else {
			bit_set(to->valid, to->n + i);
		}
	}
}

#define GATHER(T)                                                                   \
	do {                                                                        \
		T *d = (T *)to->data + to->n;                                       \
		const T *s = from->data;                                            \
		for (size_t i = 0; i < nsel; i++)                                   \
			d[i] = s[sel[i]];                                           \
	} while (0)

static void append_fixed(struct column *to, const struct column *from, const uint32_t *sel, size_t nsel)
{
	size_t width = type_width(to->type);
	if (!sel) {
		if (nsel)
			memcpy((char *)to->data + to->n * width, from->data, nsel * width);
		return;
	}
	switch (width) {
	case 1: GATHER(uint8_t); break;
	case 2: GATHER(uint16_t); break;
	case 4: GATHER(uint32_t); break;
	case 8: GATHER(uint64_t); break;
	default: GATHER(__int128); break;
	}
}

static void append_bytes(struct column *to, const struct column *from, const uint32_t *sel, size_t nsel)
{
	size_t total = 0;
	for (size_t i = 0; i < nsel; i++) {
		size_t r = sel ? sel[i] : i;
		total += (size_t)(from->offsets[r + 1] - from->offsets[r]);
	}
	column_reserve(to, nsel, total);
	char *d = to->data;
	size_t at = to->ndata;
	for (size_t i = 0; i < nsel; i++) {
		size_t n;
		const char *s = column_bytes(from, sel ? sel[i] : i, &n);
		if (n)
			memcpy(d + at, s, n);
		at += n;
		to->offsets[to->n + i + 1] = (int32_t)at;
	}
	to->ndata = at;
}

/* Lists and maps: the elements of the chosen rows are chosen in each child. A null row has none,
 * whatever its offsets say. */
static void append_list(struct column *to, const struct column *from, const uint32_t *sel, size_t nsel)
{
	size_t total = 0, k = 0, at = to->child[0].n;
	for (size_t i = 0; i < nsel; i++) {
		size_t r = sel ? sel[i] : i;
		total += column_is_null(from, r) ? 0 : (size_t)(from->offsets[r + 1] - from->offsets[r]);
	}
	uint32_t *pick = mem_array(NULL, total, sizeof *pick);
	for (size_t i = 0; i < nsel; i++) {
		size_t r = sel ? sel[i] : i;
		if (!column_is_null(from, r))
			for (int32_t j = from->offsets[r]; j < from->offsets[r + 1]; j++)
				pick[k++] = (uint32_t)j;
		to->offsets[to->n + i + 1] = (int32_t)(at + k);
	}
	for (size_t i = 0; i < to->nchild; i++)
		column_append(&to->child[i], &from->child[i], pick, total);
	mem_free(pick);
}

void column_append(struct column *to, const struct column *from, const uint32_t *sel, size_t nsel)
{
	column_reserve(to, nsel, 0);
	append_valid(to, from, sel, nsel);
	switch (to->type->kind) {
	case TYPE_VOID:
		break;
	case TYPE_BOOLEAN:
		append_bits(to->data, to->n, from->data, sel, nsel);
		break;
	case TYPE_STRING:
	case TYPE_BINARY:
		append_bytes(to, from, sel, nsel);
		break;
	case TYPE_STRUCT:
		for (size_t i = 0; i < to->nchild; i++)
			column_append(&to->child[i], &from->child[i], sel, nsel);
		break;
	case TYPE_LIST:
	case TYPE_MAP:
		append_list(to, from, sel, nsel);
		break;
	default:
		append_fixed(to, from, sel, nsel);
		break;
	}
	to->n += nsel;
}
