/* SPDX-License-Identifier: MIT */
/* share - one quota for several processes: a shaper's theoretical arrival times in a file that all of them map.
 *
 * FILE is 128 bytes, in the machine's byte order, since CLOCK_MONOTONIC means something on this machine alone:
 *	  0  "SMSHARE1"             8  records? bytes? (two uint32)     16  the boot's id (16 bytes)
 *	 32  records: count (double), per_ns, tau                      56  bytes: the same
 *	 80  records: TAT, carry (double)                              96  bytes: the same
 *	112  CRC-32 of the first 80 bytes
 * A process reserves the time of its next record under a lock and sleeps without it. The kernel lets the lock go when
 * its holder dies, however it dies, and TAT is one aligned word, so a killed holder leaves nothing to clean up; a time
 * that it reserved is not used. A file from before the last boot is reset.
 * All processes must ask for the same limits. One that asks for others takes the file over when no other process uses
 * it.
 *
 * Ownership: share_close frees all; the file stays. Threads: one owner. Cost: two system calls for a lock, a record
 * some 2 us. Errors: ERR_DATA: it is not such a file, or damaged; ERR_CONFLICT: it is in use with other limits; ERR_IO.
 * Not for network file systems.
 */
#ifndef SM_RATE_SHARE_H
#define SM_RATE_SHARE_H

#include "base/err.h"
#include "rate/gcra.h"

struct share_limit {
	double count;
	int64_t per_ns, tau;
};

struct share_limits {
	bool records, bytes;
	struct share_limit by_record, by_byte;
};

struct share;
/* The file is created if it does not exist. */
int share_open(struct share **s, const char *path, const struct share_limits *limits, struct err *e);
void share_close(struct share *s);      /* NULL is fine */
/* shaper_due, with the times that all share. */
int share_due(struct share *s, struct shaper *shaper, uint64_t n, int64_t *due, struct err *e);

#endif
