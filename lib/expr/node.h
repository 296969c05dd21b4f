/* SPDX-License-Identifier: MIT */
/* node - the trees behind expr.h: private to lib/expr.
 *
 * One struct serves the tree as parsed (names, operators as written) and as bound (typed,
 * with casts put in). A boolean vector holds one byte a row in three-valued logic, ordered
 * so that AND is the minimum, OR the maximum and NOT is 2 - x.
 */
#ifndef SM_EXPR_NODE_H
#define SM_EXPR_NODE_H

#include "base/mem.h"
#include "expr/expr.h"

#include <locale.h>

enum { B_FALSE = 0, B_NULL = 1, B_TRUE = 2 };

enum op {
	/* in both trees */
	OP_LITERAL, OP_FIELD, OP_INDEX, OP_NOT, OP_AND, OP_OR,
	OP_EQ, OP_NE, OP_LT, OP_LE, OP_GT, OP_GE, OP_SAME,   /* SAME: <=> */
	OP_IN, OP_IS_NULL, OP_IS_TRUE, OP_IS_FALSE, OP_CASE,
	/* as parsed only */
	OP_NAME, OP_BETWEEN, OP_LIKE, OP_ILIKE, OP_RLIKE, OP_DISTINCT,
	OP_NEG, OP_ADD, OP_SUB, OP_MUL, OP_DIV, OP_IDIV, OP_MOD, OP_CONCAT, OP_CAST, OP_FUNC, OP_INTERVAL,
	/* as bound only */
	OP_COLUMN, OP_KEY, OP_COALESCE, OP_CALL, OP_SIZE, OP_HAS
};

/* How values of a type are held while evaluating. */
enum vkind { V_BOOL, V_INT, V_DBL, V_DEC, V_STR, V_REF };

struct str {
	const char *p;
	size_t n;
};

struct value {
	union {
		int64_t i;       /* V_BOOL (0, 1), V_INT */
		double d;
		__int128 dec;
		struct str s;
	};
	bool null;
};

struct interval {
	int64_t months, days, us;
};

struct fn_ctx {
	struct arena *arena;     /* for strings that are made */
	struct matcher **match;  /* compiled patterns, by node id */
	locale_t loc;            /* C.UTF-8, 0 where the system lacks it */
	const struct expr_bound *q;
};

struct node;
/* Compute one value; OUT->null is false on entry. Unless the node takes nulls no argument is null. */
typedef void scalar_fn(struct fn_ctx *c, const struct node *x, const struct value *a, struct value *out);

enum node_flag {
	NODE_NOT = 1,         /* as parsed: NOT IN, NOT LIKE, IS NOT … */
	NODE_ELSE = 2,        /* CASE: the last argument is ELSE */
	NODE_OPERAND = 4,     /* CASE x WHEN …: the first argument is x */
	NODE_NULLS = 8,       /* CALL: the function sees nulls */
	NODE_MONOTONE = 16,   /* CALL: never falls as its last argument rises (all others constant) */
	NODE_FAILS = 32,      /* CALL: may be null though no argument is */
	NODE_HAS_NULL = 64,   /* IN, bound: a null is in the list */
	NODE_CONST = 128,     /* bound: reads no column */
	NODE_IMPURE = 256     /* CALL: not to be folded (needs what only struct expr_eval has) */
};

struct node {
	uint8_t op;              /* enum op */
	uint8_t kind;            /* enum vkind, bound */
	uint16_t depth;
	uint16_t flags;
	uint32_t id;             /* bound: its vector */
	uint32_t at;             /* byte offset in the text */
	uint32_t field;          /* COLUMN, FIELD: which one */
	int32_t leaf;            /* COLUMN, FIELD: leaf of the bound type, -1: none */
	struct type type;
	size_t narg;
	struct node **arg;
	struct value value;      /* LITERAL */
	const char *name;        /* NAME, FIELD, FUNC; a number's text; NUL-terminated */
	size_t nname;
	scalar_fn *fn;           /* CALL */
	uint32_t unit;           /* CALL: what the function wants: a cast's scale, a date part, LIKE's escape */
	struct interval interval;
	struct value *set;       /* IN, bound: sorted literals */
	size_t nset;
};

struct expr {
	struct arena arena;
	const char *text;
	size_t n;
	struct node *root;
};

struct expr_bound {
	struct arena arena;
	const struct type *type;
	struct node *root;
	uint32_t nnodes;
	struct expr_path *paths;
	size_t npaths, cap_paths;
	int64_t now;             /* current_timestamp, us */
};

/* errors: "expression, column N: …" */
int expr_error(struct err *e, const struct node *x, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
int expr_error_at(struct err *e, size_t at, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* type.c */
enum vkind sql_type_vkind(const struct type *t);
bool sql_type_is_integral(const struct type *t);
bool sql_type_is_numeric(const struct type *t);
bool sql_type_is_time(const struct type *t);          /* TIMESTAMP, TIMESTAMP_NTZ */
struct type sql_type_of(enum type_kind k);
struct type sql_type_decimal(int precision, int scale); /* bounded as Spark bounds them */
struct type sql_type_as_decimal(const struct type *t); /* of an integral or decimal type */
/* Text for messages: `decimal(10,2)`; lives in A. */
const char *sql_type_text(const struct type *t, struct arena *a);
/* A type's SQL name: int, bigint, decimal(10,2), string, … False: none of ours. */
bool sql_type_by_name(struct type *t, const char *name, size_t n);
void sql_type_print_sql(const struct type *t, struct buf *b);

/* value.c */
int dec_cmp(__int128 a, int sa, __int128 b, int sb);
bool dec_rescale(__int128 v, int from, int to, __int128 *out); /* half up; false: overflow */
bool dec_fits(__int128 v, int precision);
bool dec_mul(__int128 a, __int128 b, int drop, __int128 *out); /* a * b / 10^drop, half up */
bool dec_div(__int128 a, __int128 b, int shift, __int128 *out); /* a * 10^shift / b, half up */
__int128 dec_pow10(int n);                            /* 0..38 */
double dec_double(__int128 v, int scale);
bool dec_parse(const char *p, size_t n, __int128 *v, int *precision, int *scale);
int value_cmp(enum vkind k, const struct value *a, const struct value *b); /* same kind, same scale, no nulls */
size_t dbl_text(char to[64], double v, bool single);  /* as Java prints it */
static inline int str_cmp(struct str a, struct str b)
{
	return mem_compare(a.p, a.n, b.p, b.n);
}

/* cast.c */
bool cast_possible(const struct type *from, const struct type *to);
scalar_fn cast_value;                                 /* x->arg[0]->type to x->type */
bool cast_is_monotone(const struct type *from, const struct type *to);
bool cast_never_fails(const struct type *from, const struct type *to);
bool cast_string(const struct str s, const struct type *to, struct value *out, struct arena *a);

/* like.c */
struct matcher;
bool like_match(const char *s, size_t n, const char *pat, size_t npat, int escape);
bool like_check(const char *pat, size_t n, int escape);
/* The text that every match begins with (into TO); true when the pattern is just TEXT%. */
bool like_prefix(const char *pat, size_t n, int escape, struct buf *to, bool *whole);
struct matcher *regex_compile(const char *pat, size_t n, const char **why); /* NULL: WHY says why */
bool regex_match(const struct matcher *m, const char *s, size_t n);
void regex_free(struct matcher *m);
struct str fold_case(struct arena *a, locale_t loc, struct str s, bool upper); /* LOC: C.UTF-8; 0 maps ASCII only */

/* func.c */
struct bind;
/* Bind a call as parsed (OP_FUNC, operators); args are bound already. */
int func_bind(struct bind *b, const struct node *call, struct node **arg, size_t narg, struct node **out);
bool word_is_reserved(const char *s);                 /* parse.c */

/* bind.c, for func.c */
struct bind {
	struct expr_bound *q;
	const struct expr *x;
	struct err *e;
};
struct node *bind_new(struct bind *b, const struct node *at, enum op op, struct type type, struct node **arg,
		      size_t narg);
/* A call of FN; folded when all is literal. */
struct node *bind_call(struct bind *b, const struct node *at, scalar_fn *fn, struct type type, struct node **arg,
		       size_t narg, unsigned flags, uint32_t unit);
struct node *bind_literal(struct bind *b, const struct node *at, struct type type, struct value v);
int bind_type_error(struct bind *b, const struct node *at, const char *what, const struct type *l, const struct type *r);
int bind_cast(struct bind *b, struct node *from, struct type to, struct node **out); /* as it is when it has the type */
int bind_bool(struct bind *b, struct node *x, const char *what, struct node **out);
/* Cast ARG[0..NARG) in place to the one type that holds them all. */
int bind_common(struct bind *b, const struct node *at, struct node **arg, size_t narg, const char *what);
int bind_compare(struct bind *b, const struct node *at, enum op op, struct node *l, struct node *r, struct node **out);
int bind_arith(struct bind *b, const struct node *at, enum op op, struct node *l, struct node *r, struct node **out);
int bind_negate(struct bind *b, const struct node *at, struct node *v, struct node **out);
int bind_like(struct bind *b, const struct node *at, enum op op, struct node **arg, size_t narg, struct node **out);

/* fn_time.c */
bool fn_time_add(const struct interval *v, int sign, int64_t *us);

/* eval.c, for prune.c */
struct expr_eval {
	const struct expr_bound *q;
	struct fn_ctx ctx;
	struct arena arena;      /* made strings; emptied at each chunk */
	struct vec *vec;         /* by node id */
	uint64_t stamp;          /* the chunk's number: nodes that are used twice are computed once */
	struct range *range;     /* prune.c, by node id */
	struct value *args;      /* of the call with most arguments, a stack: see eval.c */
};

#endif
