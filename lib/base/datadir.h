/* SPDX-License-Identifier: MIT */
/* datadir - where the files are that tools read at run time (lexicon, source definitions, schemas).
 *
 * The first of these folders that holds NAME:
 *	$SM_SHARE                         if it is set, no other folder is tried
 *	<the executable>/../share/smtools installed under any prefix
 *	<the executable>/../share, ../../share   a build tree (build/bin, build-asan/bin)
 *	SM_DATADIR                        compiled in: PREFIX/share/smtools
 *
 * Threads: safe (reads the environment and /proc/self/exe only). Cost: a few stat calls.
 */
#ifndef SM_BASE_DATADIR_H
#define SM_BASE_DATADIR_H

#include "base/buf.h"
#include "base/err.h"

/* Put the path of NAME ("lexicon/vader.tsv", "sources") on B, NUL-terminated (see buf_cstr); what was
 * in B is dropped. ERR_NOT_FOUND names the folders that were tried. */
int data_path(struct buf *b, const char *name, struct err *e);

/* Read the whole file PATH onto B (dropped first); beyond MAX bytes it is ERR_DATA. Errors name the file. */
int file_read(struct buf *b, const char *path, size_t max, struct err *e);

/* Read the whole data file NAME onto B (dropped first). MAX bounds its size: beyond it ERR_DATA.
 * PATH, when not NULL, gets the path that was read. */
int data_read(struct buf *b, const char *name, size_t max, struct buf *path, struct err *e);

#endif
