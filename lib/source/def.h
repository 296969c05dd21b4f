/* SPDX-License-Identifier: MIT */
/* def - source definitions: what smfetch knows about an API or a kind of file (docs/sources.md).
 *
 * One JSON file a source, in share/sources/NAME.json. Every expression in it is jq; an expression may be an array of
 * strings, which are joined. An unknown key is an error, so is a wrong type; both name line and column.
 * `extends` takes over what another definition says and this one does not.
 *
 * Ownership: the definition owns all. Threads: read-only once loaded.
 */
#ifndef SM_SOURCE_DEF_H
#define SM_SOURCE_DEF_H

#include "base/arena.h"
#include "base/err.h"
#include "json/doc.h"
#include "source/scan.h"

struct source_def {
	struct arena arena;
	const char *name, *network, *summary;
	const char *file;           /* where it was read from */
	const char *records;        /* jq, or a path that the scanner follows; NULL: the value itself */
	const char *context, *map;  /* jq; may be NULL */
	bool api;                   /* it has a request: posts can be fetched */
	bool is_path;               /* records is such a path */
	struct scan_path path;
};

/* NAME is a definition's name, or a path (it has a slash or ends in .json). ERR_NOT_FOUND names what there is. */
int source_def_load(struct source_def **d, const char *name, struct err *e);
void source_def_free(struct source_def *d);     /* NULL is fine */
/* The text of a definition, for tests and fuzzing; FILE is for messages. */
int source_def_parse(struct source_def **d, const char *text, size_t n, const char *file, struct err *e);
/* The names of all definitions in share/sources, sorted, in the arena. */
int source_def_list(const char ***names, size_t *n, struct arena *a, struct err *e);

#endif
