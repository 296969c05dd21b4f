/* SPDX-License-Identifier: MIT */
/* dv - deletion vectors: the rows of a file that are no longer there.
 *
 * Source: Delta PROTOCOL.md, "Deletion Vector Format" (roaring bitmaps of 64-bit row numbers, portable form; Z85; CRC-32).
 * Ownership: the set is the caller's. Threads: readers any number.
 */
#ifndef SM_DELTA_DV_H
#define SM_DELTA_DV_H

#include "delta/actions.h"
#include "store/store.h"

struct delta_rows {
	uint64_t *v;                /* sorted row numbers, from 0 */
	size_t n, cap;
};
/* Read DV into ROWS (initialised by this). Damage is ERR_DATA. */
int delta_dv_read(struct delta_rows *rows, struct store *s, const struct delta_dv *dv, struct err *e);
void delta_rows_release(struct delta_rows *rows);
/* Append to SEL the rows of [FIRST, FIRST + N) that are left, as numbers from 0; returns how many. SEL has room for N. */
size_t delta_rows_left(const struct delta_rows *rows, uint64_t first, size_t n, uint32_t *sel);

#endif
