/* SPDX-License-Identifier: MIT */
/* path - the files that operands name: folders are walked, in the order of their names.
 *
 * Hidden entries are skipped, links to folders are not followed, what is neither file nor folder is skipped below a folder.
 * Order: as the operands stand; within a folder by the bytes of the names.
 */
#ifndef SM_SOURCE_PATH_H
#define SM_SOURCE_PATH_H

#include "base/arena.h"
#include "base/err.h"

#include <stddef.h>
#include <stdint.h>

struct path_list {
	const char **v;       /* in the arena */
	size_t n, cap;        /* v itself: mem_free */
	size_t unlike;        /* files that INCLUDE left out */
	const char *dangling; /* the first link in a folder to what does not exist; NULL */
	const char *own[2];   /* set before: files or folders that are not read where they lie in a folder; NULL: none */
	uint64_t own_id[2][2]; /* their device and inode; 0: they are not there */
	const char *found;    /* the first of them that was found; NULL */
};

/* INCLUDE: of what lies in folders, only names that match (fnmatch); archives are left for their members to be matched.
 * NULL: all. ERR_IO names what does not exist; ERR_USAGE: an operand is one of `own`. */
int path_expand(struct path_list *to, struct arena *a, const char *const *operands, size_t n, const char *include,
		struct err *e);

#endif
