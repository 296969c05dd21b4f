/* SPDX-License-Identifier: MIT */
/* err - the one error type of the library.
 *
 * A fallible function returns 0, or a negative `enum err_code` after it has
 * filled the caller's `struct err`. Nothing in lib/ prints or exits; lib/cli
 * turns an error into `smX: FILE:LINE:COL: message` and an exit status.
 *
 * Ownership: a struct err owns nothing; it may live on the stack and be copied.
 * Threads: one struct err belongs to one thread at a time.
 */
#ifndef SM_BASE_ERR_H
#define SM_BASE_ERR_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

enum err_code {
	ERR_NONE = 0,
	ERR_REJECTED = -1,    /* done, but records were rejected: status 1 */
	ERR_USAGE = -2,       /* the command line or a setting is wrong: status 2 */
	ERR_DATA = -3,        /* malformed or unsupported input: status 3 */
	ERR_IO = -4,          /* a system call, a disk, a network failed: status 4 */
	ERR_CONFLICT = -5,    /* another writer, a lock, another table: status 5 */
	ERR_RETRY = -75,      /* not now, but the same line may work later: status 75 */
	ERR_EXISTS = -101,    /* put-if-absent found the name taken */
	ERR_NOT_FOUND = -102, /* no such file, version, field */
	ERR_UNSUPPORTED = -103 /* well-formed, but a feature that we lack: status 3 */
};

struct err {
	int code;              /* enum err_code */
	uint64_t line;         /* 1-based, 0 = none */
	uint64_t col;          /* 1-based byte column, 0 = none */
	int errnum;            /* the errno behind it (err_sys), 0 = none */
	char file[512];        /* "" = none */
	char msg[1024];        /* lower case, no full stop, truncated on a character */
};

/* Fill E (which may be NULL) and return CODE. File, line and column are reset. */
int err_set(struct err *e, int code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
int err_setv(struct err *e, int code, const char *fmt, va_list ap)
	__attribute__((format(printf, 3, 0)));
/* As err_set with ": " and the text of errno ERRNUM behind the message. */
int err_sys(struct err *e, int errnum, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* Say where an error came from; keeps what is there when FILE is NULL. Returns e->code. */
/* *FROM, which may be unset (code 0), as E, which may be NULL; returns its code. */
int err_copy(struct err *e, const struct err *from);
int err_at(struct err *e, const char *file, uint64_t line, uint64_t col);
/* Put "PREFIX: " in front of the message. Returns e->code. */
int err_wrap(struct err *e, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* The exit status that the command-line contract gives to CODE. */
int err_status(int code);

#endif
