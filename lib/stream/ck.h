/* SPDX-License-Identifier: MIT */
/* ck - the checkpoint folder of a stream (docs/checkpoint.md describes every file in it).
 *
 *	CK/FORMAT    `smtools checkpoint 1`
 *	CK/id        the stream's id and its generation
 *	CK/lock      held by the running source; the kernel lets it go when the process ends, however it ends
 *	CK/journal   which seq stands for which cursor (stream/journal.h)
 *	CK/table     how far the stream is in its table, as far as the checkpoint has heard
 *	CK/state/    what tools with state remember (stream/state.h)
 *
 * Ownership: ck_close frees everything but what was put into the caller's arena.
 * Threads: one owner. Processes: one holds the lock; CK/table is written under a lock of its own.
 * Errors: ERR_NOT_FOUND no such folder; ERR_DATA it is not a checkpoint, or damaged; ERR_UNSUPPORTED a newer format;
 * ERR_CONFLICT the lock is taken.
 */
#ifndef SM_STREAM_CK_H
#define SM_STREAM_CK_H

#include "base/arena.h"
#include "base/err.h"
#include "store/store.h"

#include <stdbool.h>
#include <stdint.h>

#define CK_FORMAT 1
#define CK_FILE_MAX ((size_t)1 << 20)    /* bytes of FORMAT, id and table */

enum ck_flags {
	CK_LOCK = 1,         /* take the run lock */
	CK_CREATE = 2        /* create the folder if it does not exist or is empty (implies CK_LOCK) */
};

struct ck {
	struct store *store;
	const char *path;        /* absolute */
	char *id;                /* of the stream, whatever its generation */
	char *stream;            /* id, from the second generation on `id.N`: the appId of the table's txn */
	int64_t generation;      /* from 1 */
	int64_t created_us;
	int lock;                /* descriptor, -1: not held */
};

int ck_open(struct ck **ck, const char *path, unsigned flags, struct err *e);
void ck_close(struct ck *ck);    /* lets the lock go; NULL is fine */
/* Is a running source holding the lock? PID is 0 when it is not known. */
int ck_running(const struct ck *ck, bool *running, int64_t *pid, struct err *e);
/* Start the next generation, durably: the stream begins again at 0 under a new name. Needs the lock. */
int ck_next_generation(struct ck *ck, struct err *e);
/* The generation of which STREAM is the name, for a checkpoint with ID (NID bytes): 1 when it is ID itself, N when it is `ID.N`; 0: it is
 * another's. */
int64_t ck_generation(const char *stream, const char *id, size_t nid);
/* Does PATH look like a checkpoint folder? 1, 0, or negative when it cannot be looked at. */
int ck_is(const char *path, struct err *e);

struct ck_record {
	const char *stream;
	const char *table;       /* NULL: the pipe ends in something other than a table */
	int64_t seq;
	int64_t version;         /* of the table, up to which its log was looked at; -1: not known */
	const char *id;          /* of the table's metaData; NULL: not known */
	int64_t commit;          /* version of the stream's last commit that added files; -1: not known */
	const char *path;        /* a file that it added; NULL: not known */
	int64_t at_us;
};
#define CK_RECORD_INIT { .version = -1, .commit = -1 }
/* ERR_NOT_FOUND: nothing was recorded yet. What is recorded may be of an earlier generation: compare stream. */
int ck_record_read(const struct ck *ck, struct arena *a, struct ck_record *rec, struct err *e);
/* Record REC (at_us is set here), unless as much was recorded already: it never goes backwards. *MOVED may be NULL.
 * ERR_CONFLICT: another stream (the checkpoint was rewound), another table. One table may have several names: its id
 * counts. */
int ck_record_save(const struct ck *ck, const struct ck_record *rec, bool *moved, struct err *e);
/* The same whatever was recorded before: for whoever has been told to. Needs the run lock. */
int ck_record_put(const struct ck *ck, const struct ck_record *rec, struct err *e);

#endif
