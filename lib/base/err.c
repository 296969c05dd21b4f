/* SPDX-License-Identifier: MIT */
/* Fills the one error struct, and turns its code into an exit status. */
#include "base/err.h"

#include <stdio.h>
#include <string.h>

/* Cut S, an over-long message, so that it does not end inside a UTF-8 sequence. */
static void trim_utf8(char *s, size_t cap)
{
	size_t n = strlen(s);
	if (n + 1 < cap)
		return;
	while (n > 0 && ((unsigned char)s[n - 1] & 0xC0) == 0x80)
		n--;
	if (n > 0 && ((unsigned char)s[n - 1] & 0xC0) == 0xC0)
		n--;
	s[n] = '\0';
}

int err_setv(struct err *e, int code, const char *fmt, va_list ap)
{
	if (!e)
		return code;
	e->code = code;
	e->errnum = 0;
	e->line = 0;
	e->col = 0;
	e->file[0] = '\0';
	vsnprintf(e->msg, sizeof e->msg, fmt, ap);
	trim_utf8(e->msg, sizeof e->msg);
	return code;
}

int err_set(struct err *e, int code, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	err_setv(e, code, fmt, ap);
	va_end(ap);
	return code;
}

int err_sys(struct err *e, int errnum, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	err_setv(e, ERR_IO, fmt, ap);
	va_end(ap);
	if (e) {
		size_t n = strlen(e->msg);
		snprintf(e->msg + n, sizeof e->msg - n, ": %s", strerror(errnum));
		e->errnum = errnum;
	}
	return ERR_IO;
}

int err_at(struct err *e, const char *file, uint64_t line, uint64_t col)
{
	if (!e)
		return ERR_NONE;
	if (file)
		snprintf(e->file, sizeof e->file, "%s", file);
	e->line = line;
	e->col = col;
	return e->code;
}

int err_wrap(struct err *e, const char *fmt, ...)
{
	char old[sizeof e->msg];
	va_list ap;
	if (!e)
		return ERR_NONE;
	memcpy(old, e->msg, sizeof old);
	va_start(ap, fmt);
	vsnprintf(e->msg, sizeof e->msg, fmt, ap);
	va_end(ap);
	size_t n = strlen(e->msg);
	snprintf(e->msg + n, sizeof e->msg - n, ": %s", old);
	trim_utf8(e->msg, sizeof e->msg);
	return e->code;
}

int err_status(int code)
{
	switch (code) {
	case ERR_NONE: return 0;
	case ERR_REJECTED: return 1;
	case ERR_USAGE: return 2;
	case ERR_DATA:
	case ERR_UNSUPPORTED: return 3;
	case ERR_CONFLICT: return 5;
	case ERR_RETRY: return 75;
	default: return 4;
	}
}

int err_copy(struct err *e, const struct err *from)
{
	if (from->code && e)
		*e = *from;
	return from->code;
}
