/* SPDX-License-Identifier: MIT */
/* term - text that a terminal or the reader of a log cannot be made to obey.
 *
 * What a network or a table says may hold escape sequences, C1 controls, and characters that turn the direction of writing.
 * All that is printed for people goes through here: messages, tables, the progress line; and standard output when it is a
 * terminal (io/output.h, io/spool.h). Bytes on a pipe or in a file stay as they are.
 * Threads: safe. Cost: linear.
 */
#ifndef SM_BASE_TERM_H
#define SM_BASE_TERM_H

#include "base/buf.h"

#include <stdbool.h>
#include <stdint.h>

/* Does a terminal obey CP? C0, DEL, C1, what marks or turns the direction, line and paragraph separators, UTF8_BAD. */
bool term_obeys(uint32_t cp);
/* Append P[0..N); a character that is obeyed is shown as \u001b, so that JSON keeps its meaning, a broken byte as \xff.
 * Those that stand in KEEP ("\n\t") stay. */
void term_show(struct buf *b, const char *p, size_t n, const char *keep);

/* Colours of ours, put around what has been shown. */
#define TERM_PLAIN "\033[0m"
#define TERM_BOLD "\033[1m"
#define TERM_KEY "\033[1;34m"
#define TERM_TEXT "\033[32m"
#define TERM_VALUE "\033[36m"
#define TERM_FAINT "\033[90m"

/* May FD show colours? A terminal that is not dumb; a $NO_COLOR that is not empty says no (no-color.org). */
bool term_colors(int fd);
/* Is FD a terminal that can do more than print line below line? */
bool term_live(int fd);
/* Columns of the terminal FD, 80 where it does not say; 0: it is no terminal. */
size_t term_columns(int fd);

#endif
