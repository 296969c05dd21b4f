/* SPDX-License-Identifier: MIT */
/* fn - what the function table calls. Private to lib/expr. */
#ifndef SM_EXPR_FN_H
#define SM_EXPR_FN_H

#include "expr/node.h"

enum part {
	PART_YEAR, PART_QUARTER, PART_MONTH, PART_WEEK, PART_DAY, PART_HOUR, PART_MINUTE, PART_SECOND, PART_MS, PART_US,
	PART_DOW, PART_WEEKDAY, PART_DOY
};

/* DATE: of a date (nothing below a day's week) */
bool part_by_name(const char *s, size_t n, bool date, enum part *part);

/* fn_time.c */
scalar_fn fn_date_part, fn_time_part, fn_date_add, fn_add_months, fn_datediff, fn_last_day, fn_date_trunc, fn_trunc,
	fn_unix_seconds;
/* fn_text.c */
scalar_fn fn_case, fn_length, fn_bytes_length, fn_substring, fn_trim, fn_concat, fn_contains, fn_startswith, fn_endswith, fn_replace,
	fn_like, fn_ilike, fn_rlike;
/* fn_num.c */
scalar_fn fn_abs, fn_round, fn_floor, fn_most;

enum { TRIM_LEFT = 1, TRIM_RIGHT = 2 };

#endif
