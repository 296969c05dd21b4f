/* SPDX-License-Identifier: MIT */
/* verdict - what a status, a failure on the way, or a word of `outcome` means: decided here and nowhere else.
 *
 * Pages, streams, logins and rules ask the same question; each does what it can about the answer. Pure: no state, no I/O.
 * Ownership: TEXT points into the word that was given. Threads: any. Source: RFC 9110, 15; RFC 6585, 4; RFC 8470, 5.2.
 */
#ifndef SM_FETCH_VERDICT_H
#define SM_FETCH_VERDICT_H

#include "http/http.h"
#include "source/def.h"

enum verdict_kind {
	VERDICT_OK,                  /* what was asked for is in the body */
	VERDICT_EMPTY,               /* 204: it is fine, and there is nothing */
	VERDICT_SAME,                /* 304: nothing has changed */
	VERDICT_REDIRECT,
	VERDICT_RETRY,               /* a failure that may pass: try again by CAUSE */
	VERDICT_LIMIT,               /* a limit is reached: wait */
	VERDICT_WAIT,                /* wait for so long, whatever the budget says */
	VERDICT_QUOTA,               /* the quota is used up */
	VERDICT_AUTH,                /* the token was not taken */
	VERDICT_SKIP,                /* there is nothing for this value */
	VERDICT_LATER,               /* it does not exist yet */
	VERDICT_SHRINK,              /* ask for less: TEXT names the variable */
	VERDICT_EXPIRED,             /* the place is too old */
	VERDICT_ERROR                /* for good; TEXT: in these words, NULL: the status says it */
};

struct verdict_facts {
	enum http_failure failure;
	long status;
	int64_t retry_after_ns;      /* what Retry-After says, -1: nothing */
	int64_t limit_ns;            /* how long to wait by the limits and Retry-After; -1: unknown */
	const char *word;            /* of `outcome`; NULL or "": none */
};

struct verdict {
	enum verdict_kind kind;
	enum def_cause cause;        /* of RETRY, LIMIT and WAIT */
	int64_t wait_ns;             /* at least so long; -1: as the back-off says */
	const char *text;
	bool unknown;                /* of ERROR: TEXT is a word of `outcome` that means nothing */
	bool absent;                 /* there is nothing of that kind at the address: another definition may know better */
};

struct verdict verdict_of(const struct verdict_facts *f);
/* The kind as messages say it: `skip`, `shrink`, …. */
const char *verdict_name(enum verdict_kind k);

#endif
