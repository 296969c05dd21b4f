/* SPDX-License-Identifier: MIT */
/* infer_number - what is known of the numbers sampled for one field. Part of infer. */
#ifndef SM_COLUMN_INFER_NUMBER_H
#define SM_COLUMN_INFER_NUMBER_H

#include "column/json_out.h"

struct infer_number {
	bool any;
	/* What failed for at least one of them: printing back as this type, … */
	bool no_long, no_double, no_whole, no_decimal;
	/* … or at least keeping the value in it. */
	bool loses_double, loses_decimal;
	unsigned whole, fraction;      /* most digits before and behind the point */
	char odd[48];                  /* the first one that a double loses, for the message */
};

/* Take in the number S[0..N), in JSON's grammar. */
void infer_number_add(struct infer_number *x, const char *s, size_t n);
/* The type for all of them; *EXACT false: values are kept, but not the way they are written. False: none. */
bool infer_number_type(const struct infer_number *x, struct type *t, enum json_out_form *form, bool *exact);
/* Do two numbers in JSON's grammar have the same value? */
bool number_equal(const char *a, size_t na, const char *b, size_t nb);

#endif
