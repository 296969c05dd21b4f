/* SPDX-License-Identifier: MIT */
/* Numbers: abs, round, floor, ceil, greatest, least. */
#include "expr/fn.h"

#include <math.h>

void fn_abs(struct fn_ctx *c, const struct node *x, const struct value *a, struct value *out)
{
	(void)c;
	if (x->kind == V_DBL)
		out->d = fabs(a[0].d);
	else if (x->kind == V_DEC)
		out->dec = a[0].dec < 0 ? -a[0].dec : a[0].dec;
	else
		out->null = (a[0].i < 0 ? __builtin_sub_overflow((int64_t)0, a[0].i, &out->i) : (out->i = a[0].i, false)) ||
			    (x->type.kind == TYPE_INTEGER && out->i > INT32_MAX) ||
			    (x->type.kind == TYPE_SHORT && out->i > INT16_MAX) ||
			    (x->type.kind == TYPE_BYTE && out->i > INT8_MAX);
}

/* half away from zero, on the shortest decimal text of a double as Spark does */
static void round_double(int64_t digits, double v, struct value *out)
{
	char t[64];
	__int128 m, r;
	int precision, scale;
	out->d = v;
	if (!isfinite(v) || fabs(v) >= 1e21 || digits > 15)
		return;
	if (!dec_parse(t, dbl_text(t, v, false), &m, &precision, &scale)) {
		if (fabs(v) < 1e-16)
			out->d = v < 0 ? -0.0 : 0.0;
		return;
	}
	if (digits >= scale)
		return;
	if (digits < 0) {
		if (digits < -22 || !dec_rescale(m, scale + (int)-digits, 0, &r) ||
		    __builtin_mul_overflow(r, dec_pow10((int)-digits), &r))
			r = 0;
		out->d = dec_double(r, 0);
	} else if (dec_rescale(m, scale, (int)digits, &r)) {
		out->d = dec_double(r, (int)digits);
	}
}

void fn_round(struct fn_ctx *c, const struct node *x, const struct value *a, struct value *out)
{
	int64_t digits = x->narg > 1 ? a[1].i : 0;
	__int128 v;
	(void)c;
	if (x->kind == V_DBL) {
		round_double(digits, a[0].d, out);
		if (x->type.kind == TYPE_FLOAT)
			out->d = (float)out->d;
		return;
	}
	int scale = x->kind == V_DEC ? x->arg[0]->type.scale : 0;
	v = x->kind == V_DEC ? a[0].dec : a[0].i;
	if (digits < scale) {
		int64_t drop = scale - digits;
		if (drop > 38 || !dec_rescale(v, (int)drop, 0, &v))
			v = 0;
		if (digits < 0)
			out->null = digits < -38 || __builtin_mul_overflow(v, dec_pow10((int)-digits), &v);
		scale = digits < 0 ? 0 : (int)digits;
	}
	if (x->kind == V_DEC) {
		out->null = out->null || !dec_rescale(v, scale, x->type.scale, &out->dec) ||
			    !dec_fits(out->dec, x->type.precision);
		return;
	}
	out->null = out->null || v > (x->type.kind == TYPE_LONG ? INT64_MAX : INT32_MAX) ||
		    v < (x->type.kind == TYPE_LONG ? INT64_MIN : INT32_MIN);
	out->i = (int64_t)v;
}

/* floor, or ceil when x->unit */
void fn_floor(struct fn_ctx *c, const struct node *x, const struct value *a, struct value *out)
{
	(void)c;
	if (x->arg[0]->kind == V_DEC) {
		__int128 by = dec_pow10(x->arg[0]->type.scale), q = a[0].dec / by, r = a[0].dec % by;
		out->dec = q + (x->unit ? r > 0 : -(r < 0));
		return;
	}
	double v = x->unit ? ceil(a[0].d) : floor(a[0].d);
	out->null = !(v >= -9223372036854775808.0 && v < 9223372036854775808.0);
	out->i = out->null ? 0 : (int64_t)v;
}

/* greatest, or least when x->unit; nulls are passed over */
void fn_most(struct fn_ctx *c, const struct node *x, const struct value *a, struct value *out)
{
	(void)c;
	out->null = true;
	for (size_t i = 0; i < x->narg; i++) {
		if (a[i].null)
			continue;
		int rc = out->null ? 0 : value_cmp((enum vkind)x->kind, &a[i], out);
		if (out->null || (x->unit ? rc < 0 : rc > 0))
			*out = a[i];
	}
}
