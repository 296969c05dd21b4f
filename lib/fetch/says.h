/* SPDX-License-Identifier: MIT */
/* says - what the headers and the body of an answer say beside their data: limits, waits, words.
 *
 * Ownership: nothing is kept. Threads: one owner. Errors: ERR_DATA when `rate` or `outcome` fails.
 */
#ifndef SM_FETCH_SAYS_H
#define SM_FETCH_SAYS_H

#include "fetch/budget.h"
#include "fetch/verdict.h"
#include "source/ask.h"

/* Tell the budget what the answer says of limits; the last of it is in *LAST. */
int says_limits(struct ask *ask, struct budget *b, const struct source_about *about, const char *body, size_t n,
		struct budget_signal *last, struct err *e);
/* What a status alone means: for answers that no definition judges. */
struct verdict says_status(const struct http_answer *a);
/* What the answer means, by `rate` and `outcome`. WORD keeps the text of the verdict. */
int says_verdict(struct verdict *v, struct ask *ask, struct budget *b, const struct source_about *about,
		 const struct http_answer *a, const char *body, size_t n, struct buf *word, struct err *e);
/* The words of a body that is an error, ": " in front; "" when it has none. */
void says_words(const char *body, size_t n, char *to, size_t size);
/* Does it hold errors and nothing else? */
bool says_errors_alone(const char *body, size_t n);

#endif
