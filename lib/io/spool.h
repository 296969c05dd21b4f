/* SPDX-License-Identifier: MIT */
/* spool - an output that does not make its writer wait.
 *
 *	struct spool *s;
 *	spool_new(&s, STDOUT_FILENO, "standard output", 64 << 20, NULL, (uint64_t)10 << 30, NULL, &e);
 *	spool_put(s, line, n, &e);                        // returns at once, whatever the reader does
 *	...
 *	spool_flush(s, deadline, &e);
 *	spool_free(s);
 *
 * For sources that must be read or are lost: a server drops a client that reads its stream too slowly, and what is down the
 * pipe may well be slow. A thread of its own writes to the descriptor, in order. Beyond MEM_MAX bytes in memory, give or
 * take a block, whole blocks go to a file without a name in DIR and come back in order; what was written out of it is given
 * back to the file system. When there are DISK_MAX bytes in it too, or its disk is full, spool_put waits for the reader:
 * nothing is ever dropped.
 *
 * SIGPIPE: the writing thread does not block it. With the default action in force the process ends by it, as a filter
 * should, when the reader is gone; where it is ignored, EPIPE is an error like others. All other signals are left to the
 * other threads.
 *
 * Ownership: the spool copies what is put; it does not own the descriptor, whose mode (O_NONBLOCK) it leaves as it is: other
 * processes have it too. NAME is borrowed.
 * Failure: an error of the writing thread is kept and returned by every call behind it (ERR_IO, naming the output).
 * Threads: any thread may put, flush and ask; a put stays in one piece. Not over fork(2).
 * Cost: a copy and a lock a put; a thread.
 */
#ifndef SM_IO_SPOOL_H
#define SM_IO_SPOOL_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SPOOL_BLOCK ((size_t)64 << 10)

struct spool;

struct spool_stats {
	uint64_t written;        /* bytes that the descriptor took */
	uint64_t spilled;        /* bytes that went through the file */
	uint64_t in_memory, on_disk; /* now; written or not, a block counts until it is done */
	uint64_t file_size;      /* how far the file reaches, holes included */
	int64_t waited_ns;       /* how long spool_put had to wait, in all */
	bool disk_full;          /* the file could not take more than it has */
};

/* DIR: for the file; NULL: $TMPDIR, else /tmp. DISK_MAX 0: no file. MEM_MAX is at least two blocks. The thread calls BEFORE_WRITE
 * before each write(2); it may be NULL. */
int spool_new(struct spool **s, int fd, const char *name, size_t mem_max, const char *dir, uint64_t disk_max, void (*before_write)(void),
	      struct err *e);
/* Whole lines. */
int spool_put(struct spool *s, const void *p, size_t n, struct err *e);
uint64_t spool_pending(struct spool *s);              /* bytes put and not yet written */
/* Wait until all is written, at most until the monotonic clock shows DEADLINE_NS (INT64_MAX: for ever): then ERR_RETRY. */
int spool_flush(struct spool *s, int64_t deadline_ns, struct err *e);
void spool_stats(struct spool *s, struct spool_stats *st);
/* Ends the thread; what is still pending is dropped, so flush first. NULL is fine. */
void spool_free(struct spool *s);

#endif
