/* SPDX-License-Identifier: MIT */
/* The comparison loops: one a kind of value and operator, with a constant on the right side as the
 * common case that the compiler can vectorise. */
#include "expr/vec.h"

#define D_LT(a, b) ((a) < (b) || ((b) != (b) && (a) == (a)))
#define D_LE(a, b) ((a) <= (b) || (b) != (b))
#define D_EQ(a, b) ((a) == (b) || ((a) != (a) && (b) != (b)))
#define D_NE(a, b) (!D_EQ(a, b))
#define D_GT(a, b) D_LT(b, a)
#define D_GE(a, b) D_LE(b, a)
#define I_LT(a, b) ((a) < (b))
#define I_LE(a, b) ((a) <= (b))
#define I_EQ(a, b) ((a) == (b))
#define I_NE(a, b) ((a) != (b))
#define I_GT(a, b) ((a) > (b))
#define I_GE(a, b) ((a) >= (b))
#define S_LT(a, b) (str_cmp(a, b) < 0)
#define S_LE(a, b) (str_cmp(a, b) <= 0)
#define S_EQ(a, b) ((a).n == (b).n && !memcmp((a).p, (b).p, (b).n))
#define S_NE(a, b) (!S_EQ(a, b))
#define S_GT(a, b) (str_cmp(a, b) > 0)
#define S_GE(a, b) (str_cmp(a, b) >= 0)

#define LOOP(type, test)                                                                                             \
	do {                                                                                                         \
		const type *lp = l->p, *rp = r->p;                                                                   \
		if (r->constant && !l->constant) {                                                                   \
			const type rv = rp[0];                                                                       \
			for (size_t i = 0; i < n; i++)                                                               \
				out[i] = (uint8_t)(test(lp[i], rv) ? B_TRUE : B_FALSE);                              \
		} else {                                                                                             \
			size_t ls = !l->constant, rs = !r->constant;                                                 \
			for (size_t i = 0; i < n; i++)                                                               \
				out[i] = (uint8_t)(test(lp[i * ls], rp[i * rs]) ? B_TRUE : B_FALSE);                 \
		}                                                                                                    \
	} while (0)

#define OPERATORS(name, type, K)                                                                                     \
	static void name(enum op op, const struct vec *l, const struct vec *r, uint8_t *out, size_t n)               \
	{                                                                                                            \
		if (op == OP_EQ || op == OP_SAME)                                                                    \
			LOOP(type, K##_EQ);                                                                          \
		else if (op == OP_NE)                                                                                \
			LOOP(type, K##_NE);                                                                          \
		else if (op == OP_LT)                                                                                \
			LOOP(type, K##_LT);                                                                          \
		else if (op == OP_LE)                                                                                \
			LOOP(type, K##_LE);                                                                          \
		else if (op == OP_GT)                                                                                \
			LOOP(type, K##_GT);                                                                          \
		else                                                                                                 \
			LOOP(type, K##_GE);                                                                          \
	}

OPERATORS(compare_int, int64_t, I)
OPERATORS(compare_double, double, D)
OPERATORS(compare_decimal, __int128, I)
OPERATORS(compare_str, struct str, S)
OPERATORS(compare_byte, uint8_t, I)

static bool holds(enum op op, int r)
{
	switch (op) {
	case OP_EQ:
	case OP_SAME:
		return r == 0;
	case OP_NE:
		return r != 0;
	case OP_LT:
		return r < 0;
	case OP_LE:
		return r <= 0;
	case OP_GT:
		return r > 0;
	default:
		return r >= 0;
	}
}

static void compare_scales(const struct node *x, const struct vec *l, const struct vec *r, uint8_t *out, size_t n)
{
	int sl = x->arg[0]->type.scale, sr = x->arg[1]->type.scale;
	for (size_t i = 0; i < n; i++)
		out[i] = holds((enum op)x->op, dec_cmp(l->dec[l->constant ? 0 : i], sl, r->dec[r->constant ? 0 : i], sr))
				 ? B_TRUE
				 : B_FALSE;
}

static bool is_null(const struct vec *v, bool byte, size_t i)
{
	i = v->constant ? 0 : i;
	return byte ? v->b[i] == B_NULL : v->null && v->null[i];
}

void vec_compare(const struct node *x, const struct vec *l, const struct vec *r, uint8_t *out, size_t n)
{
	enum vkind kind = (enum vkind)x->arg[0]->kind;
	enum op op = (enum op)x->op;
	bool byte = kind == V_BOOL;
	if (kind == V_DEC && x->arg[0]->type.scale != x->arg[1]->type.scale)
		compare_scales(x, l, r, out, n);
	else if (kind == V_DEC)
		compare_decimal(op, l, r, out, n);
	else if (kind == V_DBL)
		compare_double(op, l, r, out, n);
	else if (kind == V_STR)
		compare_str(op, l, r, out, n);
	else if (byte)
		compare_byte(op, l, r, out, n);
	else
		compare_int(op, l, r, out, n);
	if (!byte && !l->null && !r->null)
		return;
	for (size_t i = 0; i < n; i++) {
		bool ln = is_null(l, byte, i), rn = is_null(r, byte, i);
		if (ln || rn)
			out[i] = op != OP_SAME ? B_NULL : ln && rn ? B_TRUE : B_FALSE;
	}
}
