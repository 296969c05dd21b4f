/* SPDX-License-Identifier: MIT */
/* request - what is sent: an address, headers and a body out of a definition, the variables and the secrets.
 *
 * Where it may go is decided here and nowhere else: the host must be one of the definition's `hosts` (or that of the
 * endpoint that stands for them), and a definition that speaks https is never made to speak http. Credentials are added
 * last, behind that decision. Next addresses are followed byte for byte, less the parameters that carry credentials.
 *
 * Ownership: a request owns its text; request_clear wipes it. Threads: one owner.
 * Errors: ERR_USAGE for a variable that cannot be used, ERR_IO for an address that leads elsewhere; neither shows a
 * query.
 */
#ifndef SM_FETCH_REQUEST_H
#define SM_FETCH_REQUEST_H

#include "fetch/vars.h"
#include "http/http.h"
#include "secret/secret.h"

struct request {
	const char *method;
	struct buf url;
	struct http_header *header;
	size_t nheaders, cap;
	struct buf body;
	bool has_body;
	struct arena arena;
	struct buf text;
};
#define REQUEST_INIT { NULL, BUF_INIT, NULL, 0, 0, BUF_INIT, false, ARENA_INIT, BUF_INIT }

/* Where requests go, and by whom. */
struct request_way {
	const struct source_def *def;
	struct secrets *secrets;
	const char *endpoint;        /* instead of the definition's hosts; NULL */
	const char *token;           /* of a login, NULL: none yet */
};

/* The first page: Q with its query. */
int request_build(struct request *r, const struct request_way *w, const struct def_request *q, const struct vars *v,
		  struct err *e);
/* The request of Q for an address that the API gave: byte for byte, but for what carries credentials. */
int request_follow(struct request *r, const struct request_way *w, const struct def_request *q, const struct vars *v,
		   const char *url, struct err *e);
/* May it be sent? Then put the credentials in. To be called last. */
int request_sign(struct request *r, const struct request_way *w, const struct vars *v, struct err *e);
/* Is URL a place where requests of this definition may go? */
int request_allowed(const struct request_way *w, const struct vars *v, const char *url, struct err *e);
void request_header(struct request *r, const char *name, const char *value);
/* What HTTP is asked, R's part of it: Q's limits and callbacks are the caller's. */
void request_http(struct request *r, struct http_request *q);
void request_clear(struct request *r);
void request_release(struct request *r);
/* As people may see it, before it is signed: all that is sent, but for the credentials. */
void request_show(const struct request *r, const struct request_way *w, struct buf *b);
/* A form, urlencoded, or a JSON object of the login's fields. */
int request_login(struct request *r, const struct request_way *w, const struct vars *v, struct err *e);

#endif
