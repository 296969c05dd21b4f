/* SPDX-License-Identifier: MIT */
/* same - which of the files that a stream has read is this one? (docs/files.md has the rules)
 *
 * A file is known by what it holds, so it may have been renamed, packed, appended to, or copied and cut to nothing since;
 * what its name is counts only where the bytes leave it open.
 *
 * Ownership: everything is borrowed. Threads: one owner. Cost of a verdict: the first and last KiB of a plain file that was
 * read; a packed one that begins like a known file is unpacked up to where that was read.
 */
#ifndef SM_SOURCE_SAME_H
#define SM_SOURCE_SAME_H

#include "source/bytes.h"
#include "source/done.h"
#include "source/path.h"

struct same {
	struct done *done;
	const struct path_list *list;     /* the files of this run */
	const struct bytes_opts *opts;
};

enum same_verdict {
	SAME_NEW,                 /* none of them: to be read from its beginning */
	SAME_ON,                  /* `known`, and more of it: to be read on */
	SAME_DONE,                /* `known`, and nothing new */
	SAME_LEFT,                /* it may be a copy of `known` that is still being written */
};

/* What people should know of it. */
enum same_note {
	SAME_QUIET,
	SAME_COPY,                /* of `twin` */
	SAME_GROWN,               /* a copy of `twin`, with more behind it */
	SAME_BEGINNING,           /* of `twin` */
	SAME_UNFINISHED,          /* the same, and it cannot be read to its end */
	SAME_TRUNCATED,           /* in place, to what was read */
	SAME_REWRITTEN,           /* the same, with more behind it */
};

struct same_found {
	struct done_file known;   /* its id is 0 when it goes its own way from here */
	const char *twin;         /* the file that holds the same, or NULL */
	enum same_note note;
};

/* B is PATH, a regular file, just opened; it may stand anywhere in its stream afterwards. ERR_CONFLICT: what was read of it has changed. */
int same_judge(const struct same *s, const char *path, struct bytes *b, struct same_found *to, struct err *e);
/* Is PATH, which is on disk what ST says, unchanged since F was written? */
struct stat;
bool same_unchanged(const struct done_file *f, const struct stat *st);

#endif
