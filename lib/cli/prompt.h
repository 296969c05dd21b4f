/* SPDX-License-Identifier: MIT */
/* prompt - questions to somebody at the terminal, and their answers.
 *
 * Where standard input is no terminal nothing is asked and its next line is the answer; nothing is read ahead.
 * A signal that ends the program leaves the terminal as it was.
 *
 * Ownership: the caller's LINE, with room for MOST bytes and one more. Failure: ERR_IO, ERR_DATA for a longer line.
 * Threads: one at a time.
 */
#ifndef SM_CLI_PROMPT_H
#define SM_CLI_PROMPT_H

#include "base/err.h"

#include <stdbool.h>

bool prompt_terminal(void);              /* is there somebody to ask? */
/* A line without its end; N is its length, 0 at the end of the input. HIDDEN: the terminal does not show it. */
int prompt_line(const char *question, bool hidden, char *line, size_t most, size_t *n, struct err *e);

#endif
