/* SPDX-License-Identifier: MIT */
/* program - expressions of a definition, compiled. What they may use is said here alone: --check compiles what runs.
 *
 * All see $h, $status, $v, $now (now, until it is set) and $page, and the functions plain, striphtml and some
 * (source/map.h); `map` sees $c besides, the questions of source/ask.h $link.
 *
 * Ownership: the caller frees the program. Threads: one owner. Errors: as json_jq_new's. Cost: some 30 ms, and some 5 ms
 * more for each further expression that is compiled with the first.
 */
#ifndef SM_SOURCE_PROGRAM_H
#define SM_SOURCE_PROGRAM_H

#include "json/jq.h"

enum program_of { PROGRAM_PAGES, PROGRAM_ITEMS, PROGRAM_ANSWERS };
/* Their order is that of json_jq_set. */
enum program_var { PROGRAM_H, PROGRAM_STATUS, PROGRAM_V, PROGRAM_NOW, PROGRAM_PAGE, PROGRAM_COMMON, PROGRAM_C = PROGRAM_COMMON,
	PROGRAM_LINK = PROGRAM_COMMON, PROGRAM_VARS };

int program_new(struct json_jq **q, enum program_of of, const char *text, struct err *e);

struct program {
	enum program_of of;
	const char *name;           /* as messages call it: outcome */
	const char *text;
};
/* N of them, one or more, to be chosen by json_jq_choose. An error names its expression, which is P[*WHICH]. LATER: they are
 * known to compile, and do so when the first is started. */
int program_new_set(struct json_jq **q, const struct program *p, size_t n, bool later, size_t *which, struct err *e);

#endif
