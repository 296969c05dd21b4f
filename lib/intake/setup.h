/* SPDX-License-Identifier: MIT */
/* setup - from an API's token to a secret that the next run finds: smfetch setup SOURCE.
 *
 * Says on standard error what is needed and where it is to be had; asks for each secret, on a terminal without echo, else one a
 * line of standard input; sends the definition's `setup.check` with them; stores them when the API accepts them, all of
 * them or, when a file cannot be written, those before it. What is stored already is asked about first, unless FORCE.
 * No secret is ever printed.
 *
 * RETURN: the status to exit with. ERR_USAGE ends the program as such. Threads: one call. The environment is gone behind it.
 */
#ifndef SM_INTAKE_SETUP_H
#define SM_INTAKE_SETUP_H

#include "fetch/fetch.h"

struct setup_opts {
	struct fetch_spec spec;      /* the source and its variables */
	bool force;
	struct http_opts http;
	const char *endpoint;
	void (*clear_environment)(void);   /* before anything of the definition runs */
};

int intake_setup(const struct setup_opts *o);

#endif
