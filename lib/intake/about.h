/* SPDX-License-Identifier: MIT */
/* about - source definitions on standard output: smfetch list, describe and check.
 *
 * RETURN: the status to exit with. A name that no definition has ends the program as a mistake of usage. Threads: one call.
 */
#ifndef SM_INTAKE_ABOUT_H
#define SM_INTAKE_ABOUT_H

#include "show/show.h"

/* A row a definition; with SOURCE one for each of its variables. */
int intake_list(const struct show_opts *so, const char *source);
int intake_describe(const char *source);       /* a text */
int intake_check(const char *file);            /* every mistake, with its place */

#endif
