/* SPDX-License-Identifier: MIT */
/* secret - secrets by name: where they come from, and what is known of them.
 *
 *	struct secrets *s;
 *	secrets_new(&s, given, ngiven, helper, &e);
 *	secrets_get(s, "x-bearer", &value, &n, &e);      // every name that the source needs
 *	secrets_seal(s);
 *	secrets_harden();
 *	clearenv();                                      // now jq programs may run
 *
 * A name is looked for in this order, and the first place that has it is taken:
 *
 *	1. what was given: NAME=@FILE or NAME=fd:N. A value on the command line is refused, ps(1) shows it to everybody.
 *	2. $CREDENTIALS_DIRECTORY/NAME (systemd's LoadCredential=)
 *	3. $XDG_CONFIG_HOME/smtools/secrets/NAME, or ~/.config/smtools/secrets/NAME. Refused when it is another user's, or
 *	   when its mode lets the group or others do anything with it.
 *	4. the variable SM_SECRET_NAME: upper case, with '_' for '-' and '.'
 *	5. the helper, if there is one: run as `HELPER NAME`, without a shell, with our environment and no standard input; what
 *	   it prints is the value. It has SECRET_HELPER_S seconds.
 *
 * A place that has the name but cannot be used is an error; the search does not go on past it. One line end behind the
 * value is cut. An empty value, one with NUL, CR or LF in it, or one longer than SECRET_MAX is an error that names the
 * place, never the value. Names are [A-Za-z0-9._-]+, without "..".
 *
 * Ownership: values belong to the secrets, in memory of their own (source/locked.h), NUL-terminated, and live until
 * secrets_free; those of secrets_add may go earlier. Redaction (source/redact.h) knows all of them.
 * Failure: ERR_USAGE for what was given wrongly, ERR_NOT_FOUND with the list of places, ERR_DATA for a bad value, ERR_IO.
 * Threads: one owner; while no call here runs that changes them, any number of threads may redact.
 */
#ifndef SM_SECRET_SECRET_H
#define SM_SECRET_SECRET_H

#include "base/buf.h"
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>

#define SECRET_MAX ((size_t)64 << 10)
#define SECRET_HELPER_S 30
#define SECRET_MAX_ADDED 256          /* of secrets_add; the oldest is forgotten first */

struct secrets;
struct redact_set;

/* Reads every one of GIVEN (`NAME=@FILE`, `NAME=fd:N`; an fd above 2 is closed behind it). HELPER may be NULL. */
int secrets_new(struct secrets **s, const char *const *given, size_t ngiven, const char *helper, struct err *e);
void secrets_free(struct secrets *s);                                /* wipes; NULL is fine */
int secrets_get(struct secrets *s, const char *name, const char **value, size_t *n, struct err *e); /* looked up once */
/* A value that came up at run time: a session's token, a pair "user:password". Copied. Known already, or empty: nothing. */
void secrets_add(struct secrets *s, const char *value, size_t n);
/* A value that somebody has just given. Copied; checked as those of files are. */
int secrets_put(struct secrets *s, const char *name, const char *value, size_t n, struct err *e);
/* The file in which a secret of that name belongs (place 3). ERR_USAGE: there is no home for it. */
int secret_place(const char *name, struct buf *path, struct err *e);
/* Make PATH that file: mode 0600, in folders of mode 0700 (the last one is made so), whole or not at all. */
int secret_store(const char *path, const char *value, size_t n, struct err *e);
/* No more look-ups: a name that was not asked for before is ERR_NOT_FOUND now. The values of all SM_SECRET_* variables are
 * overwritten where they lie, so that /proc/PID/environ has them no more. Call it before the environment is cleared. */
void secrets_seal(struct secrets *s);
/* A given name that was not asked for (a typing error, most likely), or NULL. */
const char *secrets_unused(const struct secrets *s);
bool secret_name_ok(const char *name);
/* No core dumps, no look by other processes of this user: PR_SET_DUMPABLE 0, RLIMIT_CORE 0. For the whole process. */
int secrets_harden(struct err *e);
const struct redact_set *secrets_redact_set(const struct secrets *s); /* for secret/redact.c */

#endif
