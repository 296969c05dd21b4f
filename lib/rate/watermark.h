/* SPDX-License-Identifier: MIT */
/* watermark - which records are late: their event time lies behind a time that the stream has left behind.
 *
 *	W = min over the keys of (highest event time so far) - DELAY        one key, when there is no --key
 *
 * and W never goes back. A record is late when its event time is below W as it is before the record itself is counted.
 * A key whose highest time lies more than IDLE behind the highest of all is left out, until it sends again. Of more
 * than MAX_KEYS keys the one that is furthest behind is left out as well. The clock plays no part in any of this: which
 * records are late follows from the records, in their order, and the settings alone.
 *
 * The state can be kept and read again, so that a resumed stream judges as if it had not stopped:
 *	smrate watermark 1 | W | highest | count | count x (time, length of the key, key)        little-endian, then a CRC-32
 *
 * Source: T. Akidau and others, "The Dataflow Model", VLDB 2015; the minimum over inputs as in Flink.
 * Ownership: the struct owns its table. Threads: one owner. Cost: O(log keys) a record. Errors: ERR_DATA a damaged
 * state, ERR_UNSUPPORTED a newer one, ERR_CONFLICT one that was made with other settings.
 */
#ifndef SM_RATE_WATERMARK_H
#define SM_RATE_WATERMARK_H

#include "base/buf.h"
#include "base/err.h"
#include "rate/keys.h"

#define WATERMARK_NONE INT64_MIN     /* no record so far */

struct watermark {
	int64_t delay_us, idle_us;       /* idle 0: a key is never idle */
	size_t max_keys;
	int64_t at_us;                   /* W */
	int64_t newest_us;               /* highest event time of all */
	struct keys keys;                /* ranked by the key's highest event time */
};

void watermark_init(struct watermark *w, int64_t delay_us, int64_t idle_us, size_t max_keys);
void watermark_release(struct watermark *w);
bool watermark_see(struct watermark *w, const char *key, size_t nkey, int64_t us);   /* true: it is late */
void watermark_save(const struct watermark *w, struct buf *b);                        /* appends */
int watermark_load(struct watermark *w, const char *p, size_t n, struct err *e);      /* into a fresh one */
#define WATERMARK_STATE_MAX ((size_t)1 << 30)

#endif
