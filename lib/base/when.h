/* SPDX-License-Identifier: MIT */
/* when - the times that people type: one parser for every option that takes one (docs/times.md).
 *
 *	2026-11-10T12:00:00Z  2026-11-10T12:00:00+01:00     RFC 3339
 *	2026-11-10  2026-11-10 12:00  2026-11-10 12:00:30.5  in the zone given (a T in place of the blank is fine)
 *	now  today  yesterday  7d ago  -7d  1h30m ago        relative to now; today and yesterday are midnights of the zone
 *
 * A zone is a name of the IANA data base, as the system's zone files have it (TZif, RFC 8536, version 2 or later), a rule or a
 * name that base/zone.h knows, an offset such as +01:00, or UTC. A local time that the clocks skip is moved behind the gap by
 * its length, of one that comes twice the first is meant.
 *
 * Ownership: when_zone_free. Threads: a zone is constant once made. Cost: opening reads a file of some kB.
 */
#ifndef SM_BASE_WHEN_H
#define SM_BASE_WHEN_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What a message says is wanted. */
#define WHEN_FORMS "a time such as 2026-01-31T12:00:00Z, 2026-01-31 12:00 (in --zone), or 7d ago"
#define WHEN_ZONES "/usr/share/zoneinfo"

struct when_zone;
/* ERR_USAGE: there is none of that name; ERR_DATA: its file is damaged. DIR: of zone files. */
int when_zone_new(struct when_zone **z, const char *name, const char *dir, struct err *e);
void when_zone_free(struct when_zone *z);          /* NULL is fine */
int32_t when_offset_s(const struct when_zone *z, int64_t utc_us); /* seconds east of UTC; Z NULL: 0 */
int64_t when_local(const struct when_zone *z, int64_t local_us);  /* the UTC of a local time */

bool when_relative(const char *s, size_t n);      /* is it one of those that depend on now? */
/* S[0..N) as microseconds; Z NULL: UTC. False: it is no time, or not in the years 1 to 9999. */
bool when_parse(int64_t *us, const char *s, size_t n, const struct when_zone *z, int64_t now_us);

#endif
