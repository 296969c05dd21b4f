/* SPDX-License-Identifier: MIT */
/* vars - the variables of a job, and texts with ${…} in them.
 *
 * A variable that is not set is empty. In an address a value is percent-encoded, but for two places: at its very
 * beginning (`${url}`) it stands as it is, and as a host it must be one (`name`, `name:port`, `[::1]:port`), or it is
 * an error.
 *
 * Ownership: names and values are copied. Threads: one owner.
 */
#ifndef SM_FETCH_VARS_H
#define SM_FETCH_VARS_H

#include "base/arena.h"
#include "base/buf.h"
#include "source/def.h"

struct vars {
	struct var *first;
};

#define VARS_INIT { NULL }

void vars_set(struct vars *v, const char *name, const char *value, size_t n);
const char *vars_get(const struct vars *v, const char *name);    /* "" when it is not set; never NULL */
void vars_copy(struct vars *to, const struct vars *from);        /* those of FROM are set in TO as well */
void vars_release(struct vars *v);
void vars_json(const struct vars *v, struct buf *b); /* {"query":"cats"} in the order in which they were set first */

void vars_expand(struct buf *b, const struct def_text *t, const struct vars *v);
/* An address, without its query. ERR_USAGE names the variable that is not a host. */
int vars_expand_url(struct buf *b, const struct def_text *t, const struct vars *v, struct err *e);
/* A JSON tree with ${…} in its strings. */
void vars_expand_json(struct buf *b, const struct json *tree, const struct vars *v);

#endif
