/* SPDX-License-Identifier: MIT */
/* format - leaf values to JSON text at a raw pointer, for json_out.
 *
 * Each function writes at TO and returns the end of what it wrote. The caller has made
 * room: FORMAT_ROOM bytes for fixed-size values, more where the function says so.
 */
#ifndef SM_COLUMN_FORMAT_H
#define SM_COLUMN_FORMAT_H

#include "column/json_out.h"

#define FORMAT_ROOM 96

struct format_time {        /* the text of the day that was printed last */
	int32_t days;
	bool set;
	uint8_t n;
	char text[20];      /* YYYY-MM-DD, longer for years beyond 9999 */
};

char *format_i64(char *to, int64_t v);
char *format_date(char *to, struct format_time *day, int32_t days);                 /* with quotes */
char *format_timestamp(char *to, struct format_time *day, int64_t us, enum json_out_form form, bool zone); /* with quotes */
char *format_double(char *to, double v, enum json_out_form form);
char *format_float(char *to, float v, enum json_out_form form);
char *format_decimal(char *to, __int128 v, unsigned scale);
/* Room for 4 * ((N + 2) / 3) + 2 bytes. */
char *format_base64(char *to, const void *p, size_t n);
/* Escaped, without quotes. Room for 6 * N + 16 bytes; S must have 16 readable bytes behind it.
 * *HIGH becomes non-zero when there may be bytes beyond ASCII, which are copied as they are. */
char *format_chars(char *to, const char *s, size_t n, unsigned *high);

#endif
