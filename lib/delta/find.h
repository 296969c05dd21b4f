/* SPDX-License-Identifier: MIT */
/* find - the tables below a folder.
 *
 * A table is a folder with a _delta_log in it. Nothing is looked for inside a table or in hidden folders, and links are not
 * followed. The folder itself may be a table, or a link to one.
 *
 * Ownership: the path belongs to the walk. Threads: pure. Failure: ERR_IO where a folder cannot be read, or is deeper than
 * DELTA_FIND_DEEP. Cost: the names of one folder of each depth are held.
 */
#ifndef SM_DELTA_FIND_H
#define SM_DELTA_FIND_H

#include "base/err.h"

#define DELTA_FIND_DEEP 64

/* Called for each table, in the order of the names; not 0 ends the walk and is returned. */
typedef int delta_found_fn(void *arg, const char *path, struct err *e);
int delta_find(const char *dir, delta_found_fn *fn, void *arg, struct err *e);

#endif
