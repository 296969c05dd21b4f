/* SPDX-License-Identifier: MIT */
/* program - an expression of a definition, compiled. What it may use is said here alone: --check compiles what runs.
 *
 * All see $h, $status, $v, $now (now, until it is set) and $page, and the functions plain, striphtml and some
 * (source/map.h); `map` sees $c besides, the questions of source/ask.h $link.
 *
 * Ownership: the caller frees the program. Threads: one owner. Errors: as json_jq_new's. Cost: some 20 ms.
 */
#ifndef SM_SOURCE_PROGRAM_H
#define SM_SOURCE_PROGRAM_H

#include "json/jq.h"

enum program_of { PROGRAM_PAGES, PROGRAM_ITEMS, PROGRAM_ANSWERS };
/* Their order is that of json_jq_set. */
enum program_var { PROGRAM_H, PROGRAM_STATUS, PROGRAM_V, PROGRAM_NOW, PROGRAM_PAGE, PROGRAM_COMMON, PROGRAM_C = PROGRAM_COMMON,
	PROGRAM_LINK = PROGRAM_COMMON, PROGRAM_VARS };

int program_new(struct json_jq **q, enum program_of of, const char *text, struct err *e);

#endif
