/* SPDX-License-Identifier: MIT */
/* dv - deletion vectors: the deleted rows of a file.
 *
 * Source: Delta PROTOCOL.md, "Deletion Vector Format" (roaring bitmaps of 64-bit row numbers, portable form; Z85; CRC-32).
 * Ownership: the set is the caller's. Threads: readers any number.
 */
#ifndef SM_DELTA_DV_H
#define SM_DELTA_DV_H

#include "delta/actions.h"
#include "store/store.h"

struct delta_rows_part {            /* the rows of one 65,536th: a container of the bitmap */
	uint64_t at;                /* row number / 65,536 */
	const uint8_t *p;           /* in bytes */
	uint32_t n, rows, last;
	int kind;
};
struct delta_rows {
	struct buf bytes;           /* the vector as it was read */
	struct delta_rows_part *part; /* ascending */
	size_t nparts, cap;
	uint64_t n, last;           /* how many rows, and the highest of them */
};
/* Read DV, of a file that has FILE_ROWS rows, into ROWS (initialised by this). Damage is ERR_DATA, and so are rows that the
 * file does not have. Memory: the vector's bytes, bounded by FILE_ROWS. */
int delta_dv_read(struct delta_rows *rows, struct store *s, const struct delta_dv *dv, uint64_t file_rows, struct err *e);
void delta_rows_release(struct delta_rows *rows);
/* Append to SEL the rows of [FIRST, FIRST + N) that are left, as numbers from 0; returns how many. SEL has room for N. */
size_t delta_rows_left(const struct delta_rows *rows, uint64_t first, size_t n, uint32_t *sel);

#endif
