/* SPDX-License-Identifier: MIT */
/* seen - which records were given out before (docs/fetch.md, "Where it resumes").
 *
 * The last `max` keys are known, each by a 64-bit hash (XXH3). A key that is seen again counts as new again, so that
 * what stays in a list for long is not forgotten. With a folder, each hash is appended to a file there, eight bytes
 * little-endian; a mark's cursor holds the file's name and how many entries count. Entries are never taken back: a run
 * that goes on from fewer than the file has writes a new file, and so does one that has grown to 8 x max entries. Files
 * older than the one that a run went on from are removed when the run starts, those older than the one of the recorded
 * mark when seen_forget says so; later ones stay, because any mark that was printed may still turn out to be the one
 * that the table has.
 *
 * A key that was never seen is taken for a known one with probability max / 2^64.
 *
 * Ownership: the set owns its memory: some 40 bytes a key. Threads: one owner. Cost: O(1) a key.
 * Errors: ERR_CONFLICT when the file that a cursor names is missing or too short; ERR_IO.
 */
#ifndef SM_FETCH_SEEN_H
#define SM_FETCH_SEEN_H

#include "base/buf.h"
#include "base/err.h"
#include "json/doc.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct seen;
/* MAX 0: nothing is remembered. FOLDER NULL: in memory alone. FROM: the member `seen` of a cursor, NULL: from nothing.
 */
int seen_open(struct seen **s, size_t max, const char *folder, const struct json *from, struct err *e);
void seen_free(struct seen *s);                  /* NULL is fine */
/* The hash of a key, never 0; the other calls take it. */
uint64_t seen_hash(const void *key, size_t n);
bool seen_has(const struct seen *s, uint64_t hash);
/* Note it; true when it was known. */
bool seen_add(struct seen *s, uint64_t hash);
bool seen_keeps(const struct seen *s);           /* MAX is not 0 */
/* Make durable what was added. */
int seen_sync(struct seen *s, struct err *e);
/* There are files that a newer recorded mark would let us remove: seen_forget with that mark's cursor member `seen`. */
bool seen_has_old(const struct seen *s);
void seen_forget(struct seen *s, const struct json *recorded);
/* Append {"file":"seen-3","n":4711}: what a mark made now counts, after seen_sync. Nothing without a folder. */
bool seen_ref(const struct seen *s, struct buf *b);

#endif
