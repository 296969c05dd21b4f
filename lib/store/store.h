/* SPDX-License-Identifier: MIT */
/* store - the folder or bucket that holds a table, and what is durable in it.
 *
 * A name is relative to the root, parts joined by '/', decoded (as the file is called on disk);
 * one that begins with '/' is absolute (a table may name files outside its root). Names with a
 * ".." part are refused. The local file system is the one back end; object stores fit behind the
 * same calls (put-if-absent is `If-None-Match: *` there).
 *
 * Durability: when put, put_if_absent or store_out_close has returned 0, content, name, and every
 * folder that had to be made survive a power cut. A put is seen whole or not at all.
 *
 * Ownership: a store owns its root text; files and writers must be closed before it is freed.
 * Threads: a store may be shared; a store_file may be read by several threads at once; a
 * store_out has one owner.
 * Errors: ERR_NOT_FOUND and ERR_EXISTS where said, otherwise ERR_IO; the message names the file. ERR_NOT_FOUND is ENOENT
 * and nothing else: a file that cannot be looked at (EIO, EACCES, ESTALE) may well be there.
 * Source: POSIX rename(2), link(2), fsync(2).
 */
#ifndef SM_STORE_STORE_H
#define SM_STORE_STORE_H

#include "base/buf.h"
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct store;

/* URL: a path, `file:///path` or `file:/path`. The root need not exist yet. */
int store_open(struct store **s, const char *url, struct err *e);
void store_free(struct store *s);                 /* NULL is fine */
const char *store_root(const struct store *s);    /* absolute, without links and without a slash at the end */
/* Do two names lead to one folder (a link, a bind mount, ".."), or are they the same text? */
bool store_same(const char *a, const char *b);
/* NAME as people know it: root/name. Appends to B. */
void store_path(const struct store *s, const char *name, struct buf *b);

struct store_entry {
	const char *name;      /* last part only; lives during the call */
	uint64_t size;         /* folders: 0 */
	int64_t mtime_ms;      /* since the epoch */
	bool dir;
};
/* What FN returns other than 0 ends the listing and is returned (negative: E is filled). */
typedef int store_list_fn(void *arg, const struct store_entry *entry, struct err *e);
/* Every entry of folder DIR ("" is the root), in no order; a folder that does not exist has none. */
int store_list(struct store *s, const char *dir, store_list_fn *fn, void *arg, struct err *e);

int store_stat(struct store *s, const char *name, uint64_t *size, int64_t *mtime_ms, struct err *e); /* ERR_NOT_FOUND */
/* Append the whole file to B; more than MAX bytes is ERR_DATA. ERR_NOT_FOUND. */
int store_get(struct store *s, const char *name, size_t max, struct buf *b, struct err *e);
/* Replace NAME by N bytes at P. */
int store_put(struct store *s, const char *name, const void *p, size_t n, struct err *e);
/* The same for a name that must be free: ERR_EXISTS otherwise. ERR_IO may leave it open whether the file was
 * made (a power cut, a network): who must know reads it back. */
int store_put_if_absent(struct store *s, const char *name, const void *p, size_t n, struct err *e);
int store_delete(struct store *s, const char *name, struct err *e);          /* ERR_NOT_FOUND */
/* fsync folder DIR: the names in it survive a power cut, whoever made them. */
int store_sync(struct store *s, const char *dir, struct err *e);
/* Make folder DIR and those above it, durably. */
int store_mkdir(struct store *s, const char *dir, struct err *e);

/* Random reads. store_file_read has the form of pq_source.read (ARG is the store_file). */
struct store_file;
int store_file_open(struct store_file **f, struct store *s, const char *name, struct err *e); /* ERR_NOT_FOUND */
uint64_t store_file_size(const struct store_file *f);
int store_file_read(void *f, uint64_t off, void *to, size_t n, struct err *e);  /* exactly N bytes, or an error */
const char *store_file_name(const struct store_file *f);                        /* for messages */
void store_file_close(struct store_file *f);                                    /* NULL is fine */

/* A new file, written from front to back. The name must be free (ERR_EXISTS). Folders above it are made.
 * Until store_out_close the file may be there with part of its content: nobody must have been told of it.
 * store_out_write has the form of pq_sink.write. */
struct store_out;
int store_out_open(struct store_out **o, struct store *s, const char *name, struct err *e);
int store_out_write(void *o, const void *p, size_t n, struct err *e);
uint64_t store_out_size(const struct store_out *o);
int store_out_close(struct store_out *o, struct err *e);   /* durable when 0; removed and freed otherwise */
/* The same for a file that appears under its name, whole, when it is closed, and replaces what was there. */
int store_out_open_replace(struct store_out **o, struct store *s, const char *name, struct err *e);
void store_out_abort(struct store_out *o);                 /* removes the file; NULL is fine */

/* Tests only: FN sees every step ("open" "write" "fsync" "link" "unlink" "rename" "mkdir" "fsyncdir" "read") before
 * it is done; the errno that it returns is what the step then fails with (0: go on). */
typedef int store_fault_fn(void *arg, const char *step, const char *path);
void store_set_fault(struct store *s, store_fault_fn *fn, void *arg);

#endif
