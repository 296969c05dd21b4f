/* SPDX-License-Identifier: MIT */
/* html - the text of a piece of HTML, as a browser's innerText has it.
 *
 *	blocks      (div, h1, li, blockquote, tr, …) begin and end a line; p has an empty line on both sides; br ends a line
 *	tables      cells are parted by a tab, rows by a line feed
 *	white space runs of it are one space, none at either end of a line; pre keeps its own; U+00A0 is a character like others
 *	references  &#233; &#xE9; and the names of Latin-1 and of common signs; others stay as they are
 *	dropped     comments, declarations, CDATA; script, style, template, noscript, title and what else shows no text; what is `hidden`
 * All other tags, known or not, add nothing. What is never closed (a comment, a script, a quote, a tag) does not swallow
 * what is behind it: only its own tag goes, and a `<` with no `>` behind it is text. The result has no white space at
 * either end.
 *
 * Ownership: none. Failure: none, any bytes will do. Threads: safe. Cost: linear, no memory.
 */
#ifndef SM_TEXT_HTML_H
#define SM_TEXT_HTML_H

#include <stddef.h>

/* Write the text of S[0..N) to TO, which has room for N bytes and may be S itself; returns its length. */
size_t html_text(char *to, const char *s, size_t n);

#endif
