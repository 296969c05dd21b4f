/* SPDX-License-Identifier: MIT */
/* members - the members of an archive (tar, zip, 7z), out of its bytes, and how far in it they reach.
 *
 *	struct members *m;
 *	members_open(&m, form, &src, &e);
 *	while ((r = members_next(m, &entry, &e)) > 0)
 *		while ((r = members_block(m, &p, &n, &e)) > 0)
 *			...
 *
 * What stands behind an archive is never passed over in silence: tars one behind the other are read as one (as tar -i does), anything
 * else behind a tar, a zip or a 7z is ERR_DATA, after its members. A tar that just ends, without the two blocks of zeros that say so,
 * is read, and doubted.
 *
 * members_at is the offset in the archive up to which its bytes stay what they are when members are appended: behind the header of the
 * open member of a tar, and behind the last one at the end; in front of the directory of a zip or 7z.
 *
 * Ownership: entries live until the next call. Threads: one owner. Failure: ERR_DATA, or what the source fails with; no file is named.
 * Source: POSIX pax (ustar), APPNOTE.TXT 6.3 (zip), 7zFormat.txt.
 */
#ifndef SM_SOURCE_MEMBERS_H
#define SM_SOURCE_MEMBERS_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MEMBERS_TAIL 1024

enum members_form { MEMBERS_NONE, MEMBERS_TAR, MEMBERS_ZIP, MEMBERS_7Z };
enum members_form members_form(const unsigned char *p, size_t n);   /* what the first N bytes say: 512 tell a tar */

struct members_source {
	/* The next bytes: 1, 0 at the end, or negative; they live until the next call. */
	int (*next)(void *arg, const char **p, size_t *n, struct err *e);
	int64_t (*seek)(void *arg, int64_t offset, int whence);     /* as lseek; NULL: the bytes just come */
	void *arg;
	int fd;                   /* with seek: the file */
	uint64_t size;
};

struct members_entry {
	const char *name;
	bool file;                /* a regular one */
	int64_t mtime_us;         /* 0: not known */
};

struct members;
int members_open(struct members **m, enum members_form form, const struct members_source *src, struct err *e);
void members_free(struct members *m);                   /* NULL is fine */
int members_next(struct members *m, struct members_entry *entry, struct err *e);        /* 1, 0 at the end, or negative */
/* The next bytes of the member: 1, 0 at its end, or negative. */
int members_block(struct members *m, const char **p, size_t *n, struct err *e);

uint64_t members_at(const struct members *m);
const unsigned char *members_tail(const struct members *m, size_t *n);      /* the at most MEMBERS_TAIL bytes before it */
const char *members_doubt(const struct members *m);     /* at the end: why this may not be all of it; NULL */
/* Where a 7z whose first N bytes are at P keeps its directory: 0: they are too few. */
uint64_t members_7z_directory(const unsigned char *p, size_t n, uint64_t *end);

#endif
