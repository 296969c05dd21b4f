/* SPDX-License-Identifier: MIT */
/* def_int - what the parser of source definitions is made of. Private to lib/source/def*.c.
 *
 * A mistake does not end the parsing: it is noted and the value passed over, so that all can be told at once. What comes
 * out is given to nobody when there was one. A definition that extends another is parsed over the other's struct, in its
 * arena: what it does not say stays. Only strings that were copied may therefore end up in the definition; the tree of the
 * text is dropped.
 *
 * Every function that says bool: false when something was wrong, which has been noted then.
 */
#ifndef SM_SOURCE_DEF_INT_H
#define SM_SOURCE_DEF_INT_H

#include "base/buf.h"
#include "source/def.h"

#define DEF_MAX_TEXT ((size_t)1 << 20)
#define DEF_MAX_EXTENDS 4
#define DEF_MAX_FAULTS 1000   /* of a file; more are not told */
#define DEF_MAX_LIST 256     /* variables, secrets, parameters, hosts … */

struct def_fault {
	int code;
	const char *file, *msg;
	const char *at;           /* in the text; the place is counted when the whole file has been read */
	bool whole;               /* about all of it: what is missing */
	uint64_t line, col;
	size_t seq;
};
struct def_faults {
	struct arena arena;
	struct def_fault *v;
	size_t n, cap;
};

/* An expression of this file, to be compiled by a check. */
struct def_expr {
	const char *what, *program;
	const struct json *at;
};

struct def_load {
	struct source_def *d;
	struct def_faults *faults;
	struct arena scratch;     /* the text, its tree, what is only needed while it is read */
	const char *text, *file;
	const struct def_load *child;   /* the definition that extends this one */
	unsigned depth;
	size_t first;             /* of its own faults: before it stand those of what it extends */
	bool check;               /* look into the expressions and at the definitions that are named, too */
	bool extends;
	bool partial;             /* what it extends can't be had: what seems to be missing may be there */
	struct def_expr *expr;    /* when `check` */
	size_t nexprs, cap;
};

/* --- faults (def_value.c) --- */

bool def_fault(struct def_load *l, const struct json *at, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* The faults from number FROM on are all of one file: put them in its order, what is missing in it last, and count lines. */
void def_faults_place(struct def_faults *f, size_t from, const char *text);
int def_faults_first(const struct def_faults *f, struct err *e);
void def_fault_err(const struct def_fault *f, struct err *e);
void def_faults_release(struct def_faults *f);

/* --- values (def_value.c) --- */

enum { DEF_STR = 1, DEF_NUM = 2, DEF_OBJ = 4, DEF_ARR = 8, DEF_NULL = 16, DEF_BOOL = 32, DEF_EXPR = DEF_STR | DEF_ARR };
struct def_key {
	const char *name;
	int types;
};

/* `IN.KEY`, in the scratch. IN "": at the top. */
const char *def_path(struct def_load *l, const char *in, const char *key);
bool def_type(struct def_load *l, const struct json *v, int types, const char *what);
/* Sort the members of OBJ into TO[N], which KEYS names; what is missing is NULL, and so is what has the wrong type. */
bool def_members(struct def_load *l, const struct json *obj, const char *in, const struct def_key *keys, size_t n,
		 const struct json **to);
/* Not more members than DEF_MAX_LIST, none twice. Names of headers are the same in any case. */
bool def_distinct(struct def_load *l, const struct json *obj, const char *what, bool any_case);
const char *def_string(struct def_load *l, const struct json *v);       /* a copy */
bool def_line(struct def_load *l, const struct json *v, const char *what, const char **to); /* not empty, no control characters */
/* A string, or strings that are joined by line feeds. */
bool def_lines(struct def_load *l, const struct json *v, const char *what, const char **to);
bool def_expr(struct def_load *l, const struct json *v, const char *what, const char **to);
bool def_number(struct def_load *l, const struct json *v, const char *what, double min, double max, double *to);
bool def_whole(struct def_load *l, const struct json *v, const char *what, uint64_t min, uint64_t max, uint64_t *to);
/* One of WORDS, separated by `|`: its number. */
bool def_word(struct def_load *l, const struct json *v, const char *what, const char *words, int *to);
bool def_is_name(const char *s);        /* letters, digits, _; no digit first */
/* A variable that is declared, or cursor, since, until. */
bool def_variable(struct def_load *l, const struct json *v, const char *name, size_t n);
/* Text with ${…}; V is a string. */
bool def_text(struct def_load *l, const struct json *v, const char *what, struct def_text *to);

/* --- parts --- */

/* def_parse.c: all of a definition; ROOT is an object, and what it extends is in l->d. */
void def_take(struct def_load *l, const struct json *root);

/* def_request.c */
enum def_urls { DEF_URL_HTTP, DEF_URL_ANY };
bool def_request(struct def_load *l, const struct json *v, const char *what, enum def_urls urls, bool jq, struct def_request *r);
void def_auth(struct def_load *l, const struct json *v);
void def_list(struct def_load *l, const struct json *v);
void def_rules(struct def_load *l, const struct json *v);
void def_setup(struct def_load *l, const struct json *v);
/* The scheme that an address begins with, "" when a variable says it. */
const char *def_scheme(const struct def_text *url);
/* Is the host of the address, as far as it is known by now, among the definition's? */
bool def_host_known(const struct source_def *d, const struct def_text *url);

/* def_limit.c */
void def_pace(struct def_load *l, const struct json *v);
void def_retry(struct def_load *l, const struct json *v);
void def_cursor(struct def_load *l, const struct json *v);
void def_next(struct def_load *l, const struct json *v);
void def_limit_defaults(struct source_def *d);

/* def_check.c */
void def_compile(struct def_load *l);   /* the expressions of this file */
/* Can the definition that `refill` or `fallback` names be loaded, and does it not lead back? */
void def_named(struct def_load *l, const struct json *v, const char *what);

/* def.c: load NAME over what it extends, noting faults. Negative: the file can't be had, E says why; nothing is noted. */
/* Is this the text of a definition that came with this build? */
bool def_shipped(const char *text, size_t n);
int def_load_noting(struct source_def **d, const char *name, const struct def_load *child, struct def_faults *f, bool check,
		    struct err *e);

#endif
