/* SPDX-License-Identifier: MIT */
/* def - source definitions: what smfetch knows about an API or a kind of file (docs/sources.md).
 *
 * One JSON file a source, in share/sources/NAME.json. Every expression in it is jq; an expression may be an array of
 * strings, which are joined. An unknown key is an error, so is a wrong type; both name line and column. `extends` takes
 * over what another definition says and this one does not; of `vars`, `secrets` and `request` member by member, of the
 * request's query and headers by name, where null takes one out. Up to 4 levels, no circles.
 *
 * A definition that is loaded is sound: what it names (variables, secrets) is declared, texts with ${…} are well formed,
 * limits and back-offs are parsed. Whether its expressions compile, source_def_check says.
 *
 * Ownership: the definition owns all. Threads: read-only once loaded.
 */
#ifndef SM_SOURCE_DEF_H
#define SM_SOURCE_DEF_H

#include "base/arena.h"
#include "base/err.h"
#include "json/doc.h"
#include "source/scan.h"

struct def_var {
	const char *name;
	const char *value;          /* the default; NULL: it must be given */
	const char *help;           /* "" */
};

struct def_secret {
	const char *local;          /* its name in the definition */
	const char *name;           /* the secret's own */
	const char *help;           /* "" */
	bool optional;
};

/* One part of a text with variables: text[0..n), or a variable when `var`. */
struct def_part {
	const char *text;
	size_t n;
	bool var;
};
struct def_text {
	const struct def_part *part;
	size_t nparts;              /* 0: it is empty */
};

struct def_param {
	const char *name;
	struct def_text value;
	const char *secret;         /* of a login: the secret's local name instead of a value; NULL */
	const char *when, *unless;  /* a variable; NULL */
};

enum def_body { BODY_NONE, BODY_TEXT, BODY_JSON, BODY_JQ, BODY_FORM };

struct def_request {
	const char *method;         /* NULL: by the body */
	struct def_text url;
	const struct def_param *query, *header;
	size_t nquery, nheader;
	enum def_body body_kind;
	struct def_text body_text;  /* BODY_TEXT */
	const struct json *body;    /* BODY_JSON: a tree whose strings may hold ${…} */
	const char *body_jq;        /* BODY_JQ: rules only */
};

enum def_auth_kind { AUTH_NONE, AUTH_BEARER, AUTH_HEADER, AUTH_QUERY, AUTH_BASIC, AUTH_LOGIN };
struct def_auth {
	enum def_auth_kind kind;
	const char *name;           /* of the header or the parameter */
	const char *secret[2];      /* local names: bearer, header, query: one; basic: user and password; login: of basic, may be NULL */
	/* login */
	struct def_request request; /* url and headers */
	const struct def_param *field;      /* of the form or the JSON body */
	size_t nfields;
	bool as_json;
	const char *token, *lifetime;       /* jq; lifetime may be NULL */
};

enum def_next_kind { NEXT_NONE, NEXT_TOKEN, NEXT_URL, NEXT_LINK };
enum def_cmp { CMP_LENLEX, CMP_STR, CMP_NUM, CMP_TIME };
enum def_as { AS_TEXT, AS_EPOCH, AS_EPOCH_MS, AS_EPOCH_US, AS_RFC3339 };

struct def_cursor {
	bool there;
	const char *field;          /* a member of the record, or */
	const char *value;          /* jq on the item */
	enum def_cmp cmp;
	bool asc;
	bool first_desc;            /* of asc: without a cursor the walk goes backwards */
	double overlap;             /* seconds, or units */
	enum def_as as;
};

/* In no window of `per_ns` more than `count`; ZONE: a quota that resets at midnight there (per_ns is a day). */
struct def_limit {
	uint64_t count;
	int64_t per_ns;
	const char *zone;           /* as base/zone.h reads it; NULL: a sliding window */
};

struct def_backoff {
	bool doubles;               /* exp, else lin */
	int64_t from_ns, to_ns;
};
enum def_cause { CAUSE_NET, CAUSE_SILENCE, CAUSE_HTTP5XX, CAUSE_BODY, CAUSE_RATE, NCAUSES };

enum def_transport { TRANSPORT_HTTP, TRANSPORT_LINES, TRANSPORT_SSE, TRANSPORT_WS };
enum def_format { FORMAT_JSON, FORMAT_NDJSON, FORMAT_FEED };

struct def_rules {
	bool there;
	struct def_request list, add, remove;
	const char *values;         /* jq */
};

/* How somebody gets what the secrets are for (smfetch setup). */
struct def_setup {
	const char *url;            /* of the page where it is made, NULL */
	const char *help;           /* lines for people, "" */
	bool has_check;
	struct def_request check;   /* answered well when the secrets are right; its cost is nothing, or next to it */
};

struct source_def {
	struct arena arena;
	const char *name, *network, *summary;
	const char *about;          /* lines for people, "" */
	const char *file;           /* where it was read from */
	const char *records;        /* jq, or a path that the scanner follows; NULL: the value itself */
	const char *context, *map;  /* jq; may be NULL */
	bool shipped;               /* it is one of share/sources, as it was when this was built: its expressions compile */
	bool api;                   /* it has a request: posts can be fetched */
	bool is_path;               /* records is such a path */
	struct scan_path path;

	const struct def_var *var;
	size_t nvars;
	const struct def_secret *secret;
	size_t nsecrets;
	const struct def_text *host;
	size_t nhosts;
	const char *const *strip;   /* parameters taken out of next addresses; access_token and those of auth among them */
	size_t nstrip;
	struct def_auth auth;
	struct def_request request;
	const char *each;           /* a variable; NULL */
	uint64_t parallel;          /* 1 or more */
	bool has_list;
	struct def_request list;
	const char *list_values;    /* jq */
	enum def_next_kind next;
	const char *next_expr;      /* jq of NEXT_TOKEN and NEXT_URL; the relation of NEXT_LINK */
	const char *next_param;     /* NEXT_TOKEN */
	struct def_cursor cursor;
	const char *dedup;          /* jq; NULL: id, op, edited_at of the record */
	enum def_as times;          /* how ${since} and ${until} are written */
	const char *rate, *outcome; /* jq; NULL */
	const struct def_limit *limit;
	size_t nlimits;
	double soft_pct, hard_pct;  /* 80, 100 */
	struct def_text budget;     /* empty: the source's name */
	uint64_t cost;
	struct def_backoff retry[NCAUSES];
	uint64_t tries;
	double jitter;
	enum def_transport transport;
	int64_t heartbeat_ns;       /* 0: none */
	const char *refill, *fallback;      /* names of definitions; NULL */
	enum def_format format;
	struct def_rules rules;
	struct def_setup setup;
};

/* NAME is a definition's name, or a path (it has a slash or ends in .json). ERR_NOT_FOUND names what there is, or what is near. */
int source_def_load(struct source_def **d, const char *name, struct err *e);
void source_def_free(struct source_def *d);     /* NULL is fine */
/* The text of a definition, for tests and fuzzing; FILE is for messages. */
int source_def_parse(struct source_def **d, const char *text, size_t n, const char *file, struct err *e);
/* The same, with every mistake that can be seen (1000 a file at most), also in the expressions and in what `extends`, `refill`
 * and `fallback` name: FN is called for each, in the order of the text; what is missing in it comes last, what it extends
 * first. 0: there was none; ERR_DATA otherwise; ERR_NOT_FOUND, ERR_IO: the file can't be read. */
typedef void source_def_fault_fn(void *arg, const struct err *why);
int source_def_check(const char *name, source_def_fault_fn *fn, void *arg, struct err *e);
/* The names of all definitions in share/sources, sorted, in the arena. */
int source_def_list(const char ***names, size_t *n, struct arena *a, struct err *e);
/* Make D a definition whose one request is setup.check, with no records to come. Variables that it does not name are empty. */
void source_def_to_check(struct source_def *d);
const struct def_var *source_def_var(const struct source_def *d, const char *name);       /* NULL: there is none */
const struct def_secret *source_def_secret(const struct source_def *d, const char *local);

#endif
