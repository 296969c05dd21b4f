/* SPDX-License-Identifier: MIT */
/* fast_parts - what post/fast is made of. Private to lib/source.
 *
 *	fast_lex     the program's text to tokens
 *	fast_parse   tokens to a syntax tree
 *	fast_plan    the tree to a plan: names are looked up, functions put where they are called
 *	fast_doc     an item's tokens to nodes
 *	fast_run     a plan and an item to values
 *	fast_call    what the functions do
 *	fast_text    texts: entities
 *	fast_put     a value to a record of smpost/1
 *	fast_cut     an item of a page to text
 */
#ifndef SM_SOURCE_FAST_PARTS_H
#define SM_SOURCE_FAST_PARTS_H

#include "base/arena.h"
#include "json/walk.h"
#include "source/fast.h"
#include "source/post_spec.h"

#include <assert.h>

#define FAST_TEXT_MAX ((size_t)1 << 30)  /* bytes of a text that is put together */

struct fast_run;

/* --- the syntax tree --- */

enum fast_syntax {
	SYN_DOT, SYN_FIELD, SYN_INDEX, SYN_SLICE, SYN_EACH, SYN_TEXT, SYN_NUMBER, SYN_JOINED, SYN_VAR, SYN_CALL, SYN_ARRAY,
	SYN_OBJECT, SYN_PAIR, SYN_PIPE, SYN_COMMA, SYN_ALT, SYN_AND, SYN_OR, SYN_COMPARE, SYN_ADD, SYN_MINUS, SYN_IF, SYN_AS, SYN_DEF, SYN_PARAM,
	SYN_UPDATE, SYN_SET, SYN_OUTSIDE
};
enum fast_compare { FAST_EQ, FAST_NE, FAST_LT, FAST_LE, FAST_GT, FAST_GE };

/* FIELD: a, text. INDEX: a, b. SLICE: a, b, c (NULL: open). EACH: a. JOINED: parts in a. CALL: text, arguments in a.
 * ARRAY: a or NULL. OBJECT: PAIRs in a, each text (or b, a name that is computed) and a. PIPE … ADD, AS: a, b (AS: text is
 * the variable). IF: a, b, c. DEF: text, PARAMs in a, body b, c what follows. UPDATE, SET: a, b. OUTSIDE: text says what it
 * is. */
struct fast_syn {
	enum fast_syntax kind;
	bool opt;                  /* with `?`; PARAM: `$name` */
	uint8_t busy;              /* DEF: how often it is being put in place */
	enum fast_compare compare;
	const char *at;            /* in the program */
	const char *text;
	size_t n;
	struct fast_syn *a, *b, *c, *next;
};

/* NULL: this is not a program that we can read; WHAT says where it ended. The tree is the arena's. */
struct fast_syn *fast_parse(const char *program, struct arena *a, struct fast_syn *what);

/* --- member names as numbers, 0: not one of ours --- */

struct fast_key {
	uint64_t head;             /* the first eight bytes, zeros behind */
	const char *text;          /* NULL: a free slot; eight zeros behind its end */
	uint32_t n;
	uint16_t id;
};
struct fast_keys {
	struct fast_key *slot;
	uint32_t mask, n;          /* n: ids given; they begin at 1 */
	struct fast_key *key;      /* by their ids; made by fast_keys_done, after which nothing is added */
	struct arena *arena;
};

uint16_t fast_key_add(struct fast_keys *k, const char *s, size_t n);     /* at most 65,535 of them */
void fast_keys_done(struct fast_keys *k);

static inline uint32_t fast_key_hash(uint64_t head, uint32_t n)
{
	return (uint32_t)((head ^ n * UINT64_C(0x9E3779B97F4A7C15)) * UINT64_C(0xD6E8FEB86659FD93) >> 40);
}

static inline uint64_t fast_key_head(const char *s, uint32_t n)
{
	uint64_t w;
	memcpy(&w, s, 8);
	return n < 8 ? w & ~(~UINT64_C(0) << 8 * n) : w;
}

/* Both are longer than eight bytes, of which the first eight are known to be the same. */
static inline bool fast_key_same_rest(const char *a, const char *b, uint32_t n)
{
	uint64_t x, y;
	if (n > 16)
		return memcmp(a + 8, b + 8, n - 8) == 0;
	memcpy(&x, a + n - 8, 8);
	memcpy(&y, b + n - 8, 8);
	return x == y;
}

static inline bool fast_key_is(const struct fast_key *e, uint64_t head, const char *s, uint32_t n)
{
	return e->head == head && e->n == n && (n <= 8 || fast_key_same_rest(e->text, s, n));
}

/* Eight bytes at S can be read. */
static inline uint16_t fast_key_find(const struct fast_keys *k, const char *s, uint32_t n)
{
	uint64_t head = fast_key_head(s, n);
	for (uint32_t h = fast_key_hash(head, n) & k->mask;; h = (h + 1) & k->mask) {
		const struct fast_key *e = &k->slot[h];
		if (!e->text || fast_key_is(e, head, s, n))
			return e->id;
	}
}

/* --- values --- */

enum fast_kind {
	FV_NONE,                   /* no output: `empty` */
	FV_BACK,                   /* the item is libjq's */
	FV_NULL, FV_FALSE, FV_TRUE, FV_NUMBER, FV_TEXT,
	FV_ARRAY, FV_OBJECT,       /* nodes */
	FV_LIST, FV_MADE           /* an array and an object that the program has made */
};
enum {
	FAST_CLEAN = 1,            /* text: the same with escapes as without */
	FAST_ESCAPES = 2,          /* text: as it stands in JSON; neither: decoded, may need escapes */
	FAST_ODD = 4               /* object: a member's name has escapes */
};

struct fast_node {
	const char *p;             /* text: between the quotes; number: its bytes */
	const char *key;
	uint32_t n, nkey;
	uint32_t span;             /* nodes up to behind the last one inside */
	uint16_t id;               /* of the member's name */
	uint8_t kind, flags;
};

struct fast_value {
	uint8_t kind, flags;
	uint32_t n;
	union {
		const char *p;
		const struct fast_node *node;
		const struct fast_list *list;
		const struct fast_made *made;
	};
};

struct fast_list {
	uint32_t n, cap;
	struct fast_value *v;
};
struct fast_member {
	struct fast_value v;
	uint16_t key;
};
struct fast_made {
	const uint16_t *keys;      /* of the expression that made it, its names in their order; NULL: of several */
	uint32_t n;
	struct fast_member m[];    /* names differ */
};

static inline struct fast_value fast_plain(enum fast_kind kind)
{
	return (struct fast_value){ .kind = (uint8_t)kind, .p = NULL };
}

static inline struct fast_value fast_bool(bool b)
{
	return fast_plain(b ? FV_TRUE : FV_FALSE);
}

static inline struct fast_value fast_of_node(const struct fast_node *v)
{
	if (v->kind >= FV_ARRAY)
		return (struct fast_value){ .kind = v->kind, .flags = v->flags, .node = v };
	return (struct fast_value){ v->kind, v->flags, v->n, { v->p } };
}

static inline bool fast_truth(struct fast_value v)
{
	return v.kind != FV_NULL && v.kind != FV_FALSE;
}

/* Nothing came of it: `empty`, or it is libjq's. */
static inline bool fast_gone(struct fast_value v)
{
	return v.kind <= FV_BACK;
}

/* --- documents --- */

#define FAST_GUESSES 64

struct fast_doc {
	uint16_t guess[FAST_GUESSES];      /* ids of the item before: members come in the same order as a rule */
	struct fast_node *v;
	size_t cap;
	uint32_t *slot;            /* for each id, the member of the root with it; NULL: not noted */
	size_t nslots;
};

/* As json_pick_walk_fn has it. */
const uint32_t *fast_doc_read(struct fast_doc *d, const struct fast_keys *keys, const struct json_tokens *t, const char **end);

/* --- plans --- */

enum fast_op {
	OP_DOT, OP_CONST, OP_LOCAL, OP_GLOBAL, OP_PATH, OP_GET, OP_LOOKUP, OP_SLICE, OP_EACH, OP_JOINED, OP_LIST, OP_MAKE, OP_PIPE,
	OP_COMMA, OP_ALT, OP_AND, OP_OR, OP_COMPARE, OP_ADD, OP_MINUS, OP_IF, OP_BIND, OP_SET, OP_FIRST, OP_ANY, OP_ALL, OP_SELECT, OP_KINDS, OP_CALL,
	OP_BACK
};

struct fast_expr {
	enum fast_op op;
	bool opt, many;            /* many: more than one output is possible */
	bool back;                 /* it always gives the item back, as far as can be seen */
	enum fast_compare compare;
	uint16_t key;              /* GET, SET */
	uint32_t n;                /* LOCAL, BIND: the slot; GLOBAL: which; PATH, MAKE, JOINED: how many; KINDS: a bit a kind */
	int64_t from, to;          /* SLICE: characters, elements; less than 0: from the end */
	struct fast_expr *a, *b, *c;
	const uint16_t *keys;      /* PATH, MAKE */
	struct fast_expr **v;      /* MAKE, JOINED */
	struct fast_value value;   /* CONST */
	struct fast_value (*call)(struct fast_run *r, struct fast_value in, struct fast_value arg);
};

struct fast_run {
	struct arena *arena;       /* of the item */
	const struct fast_keys *keys;
	const struct fast_doc *item;
	struct fast_value *local, *global;
};

typedef int fast_emit_fn(void *arg, struct fast_value v);   /* 0: go on; 1: enough; negative: the item is libjq's */

int fast_each(struct fast_run *r, const struct fast_expr *x, struct fast_value in, fast_emit_fn *fn, void *arg);
bool fast_i64(struct fast_value v, int64_t *i);  /* a whole number of at most 15 digits */
/* The text as decoded bytes. */
struct fast_value fast_decoded(struct fast_run *r, struct fast_value v);
/* The members of an array one by one. */
struct fast_elements {
	const struct fast_node *at, *end;
	const struct fast_list *list;
	uint32_t i;
};
bool fast_elements(struct fast_elements *e, struct fast_value v);   /* false: it is not an array */
static inline bool fast_next(struct fast_elements *e, struct fast_value *v)
{
	if (e->list) {
		if (e->i == e->list->n)
			return false;
		*v = e->list->v[e->i++];
		return true;
	}
	if (e->at == e->end)
		return false;
	*v = fast_of_node(e->at);
	e->at += e->at->span;
	return true;
}
void fast_append(struct fast_run *r, struct fast_list *l, struct fast_value v);
struct fast_value fast_list_value(struct fast_run *r, struct fast_list l);
int fast_same(struct fast_run *r, struct fast_value a, struct fast_value b);  /* 1, 0, or -1: not known */

/* --- functions --- */

struct fast_function {
	const char *name;
	unsigned arity;            /* 0 or 1 */
	struct fast_value (*call)(struct fast_run *r, struct fast_value in, struct fast_value arg);
};
const struct fast_function *fast_function(const char *name, size_t n, unsigned arity);  /* NULL: none */
struct fast_value fast_tostring(struct fast_run *r, struct fast_value v);

/* In place, on decoded text: the new length. */
size_t fast_text_plain(char *s, size_t n);

/* --- records --- */

#define FAST_NAME 32
struct fast_spec {
	const struct post_spec *spec;      /* what checks it */
	struct fast_spec *sub;
	uint32_t nsub;
	uint8_t *at;               /* of a name's id: the field in sub, plus one */
	const char *text;          /* "name": with room to copy FAST_NAME bytes */
	uint32_t ntext;
	uint8_t known;             /* enum in fast_put.c: what is put when the map has not given it */
};

/* Where the fields of the records that one expression makes come from: in the order of the schema, those that it has not and
 * that nobody knows left out. */
#define FAST_LAYOUTS 4
struct fast_layout {
	const uint16_t *keys;      /* which expression */
	bool fits;                 /* all of its names are fields */
	uint8_t n, field[64];
	uint16_t member[64];       /* plus one; 0: what is known */
};

struct fast_put {
	struct fast_spec root;     /* sub: the record's fields */
	struct fast_layout layout[FAST_LAYOUTS];
	uint32_t nlayouts;
	struct buf *out;
	const struct post_given *given;
	struct arena *arena;
	const char *network;       /* the one whose JSON is network_json */
	struct buf network_json;
	int64_t observed_us;       /* the one whose JSON is observed_json */
	char observed_json[48];
	uint32_t nobserved;
	uint64_t made;
};

/* Builds the tables; the names of all fields are keys then. */
void fast_put_init(struct fast_put *p, struct fast_keys *keys, struct arena *a);
int fast_put_record(void *put, struct fast_value v);   /* a fast_emit_fn */

/* Does libjq print the number as it stands? False: it does not, or not in every case. */
bool fast_number_stays(const char *s, size_t n);

/* --- items of a page --- */

struct fast_cut {
	struct arena *arena;
	const struct fast_node *page;
	const char *own;           /* the page's own bytes: what comes out when it is an item itself */
	size_t nown;
	struct buf text;           /* the items, one behind the other */
	size_t *end;               /* where each ends */
	size_t n, cap;
};
int fast_cut_put(void *cut, struct fast_value v);      /* a fast_emit_fn */

/* --- the plan as a whole --- */

struct fast_planner {
	struct arena *arena;
	struct fast_keys *keys;
	const char *const *names;
	size_t nnames;
	uint32_t nlocals, nexprs, depth;
	const struct fast_syn *outside;    /* the first part that is outside, and what to call it */
	const char *why;
};
struct fast_expr *fast_plan(struct fast_planner *p, struct fast_syn *program);

#endif
