/* SPDX-License-Identifier: MIT */
/* secret_int - what secret.c and secret_helper.c share: raw bytes of a place, not yet checked.
 * Ownership: the caller gives room for SECRET_RAW bytes in locked memory. Threads: one owner.
 */
#ifndef SM_SECRET_SECRET_INT_H
#define SM_SECRET_SECRET_INT_H

#include "secret/secret.h"

/* The longest value, its line end, and one byte more to see that there is more. */
#define SECRET_RAW (SECRET_MAX + 3)

struct secret_raw {
	char *p;
	size_t n;
};

/* Run `HELPER NAME` and fill RAW with what it prints. ERR_IO when it cannot be run, fails, or takes too long. */
int secret_from_helper(const char *helper, const char *name, struct secret_raw *raw, struct err *e);

#endif
