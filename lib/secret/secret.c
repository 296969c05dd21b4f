/* SPDX-License-Identifier: MIT */
/* Looks for a secret by name: descriptors, files, systemd's credentials, the environment, a helper. */
#include "secret/secret.h"

#include "base/buf.h"
#include "base/fd.h"
#include "base/mem.h"
#include "base/num.h"
#include "secret/locked.h"
#include "secret/redact.h"
#include "secret/secret_int.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#define ENV_PREFIX "SM_SECRET_"

struct secret {
	char *name;              /* NULL: came up at run time */
	char *p;                 /* locked, NUL-terminated */
	size_t n;
	bool given, used;
};

struct secrets {
	struct secret *v;
	size_t n, cap, nadded;
	char *helper;
	bool sealed;
	struct redact_set *set;
};

bool secret_name_ok(const char *name)
{
	static const char fine[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
	size_t n = strlen(name);
	/* One dot alone would be the folder itself. */
	return n > 0 && n <= NAME_MAX && strspn(name, fine) == n && !strstr(name, "..") && strcmp(name, ".") != 0;
}

static struct secret *find(const struct secrets *s, const char *name)
{
	for (size_t i = 0; i < s->n; i++)
		if (s->v[i].name && strcmp(s->v[i].name, name) == 0)
			return &s->v[i];
	return NULL;
}

static struct secret *keep(struct secrets *s, const char *name, const char *p, size_t n)
{
	MEM_GROW(s->v, s->cap, s->n + 1);
	struct secret *v = &s->v[s->n++];
	*v = (struct secret){ .name = name ? mem_strdup(name) : NULL, .p = locked_alloc(n + 1), .n = n };
	memcpy(v->p, p, n);
	redact_set_add(s->set, p, n);
	return v;
}

static void drop(struct secret *v)
{
	locked_free(v->p, v->n + 1);
	mem_free(v->name);
}

/* --- one value --- */

/* Cut the line end, look whether the rest can be a header's value. PLACE is for the message. */
static int check(const char *name, const char *place, struct secret_raw *raw, struct err *e)
{
	if (raw->n && raw->p[raw->n - 1] == '\n') {
		raw->n--;
		if (raw->n && raw->p[raw->n - 1] == '\r')
			raw->n--;
	}
	if (!raw->n)
		return err_set(e, ERR_DATA, "secret '%s' from %s is empty", name, place);
	if (raw->n > SECRET_MAX)
		return err_set(e, ERR_DATA, "secret '%s' from %s is longer than %zu KiB", name, place, SECRET_MAX >> 10);
	if (memchr(raw->p, '\0', raw->n))
		return err_set(e, ERR_DATA, "secret '%s' from %s contains a NUL byte", name, place);
	if (memchr(raw->p, '\n', raw->n) || memchr(raw->p, '\r', raw->n))
		return err_set(e, ERR_DATA, "secret '%s' from %s has more than one line", name, place);
	return 0;
}

static int read_all(int fd, const char *name, const char *place, struct secret_raw *raw, struct err *e)
{
	raw->n = 0;
	while (raw->n < SECRET_RAW) {
		ssize_t r = fd_read(fd, raw->p + raw->n, SECRET_RAW - raw->n);
		if (r < 0)
			return err_sys(e, errno, "secret '%s': cannot read %s", name, place);
		if (r == 0)
			break;
		raw->n += (size_t)r;
	}
	return check(name, place, raw, e);
}

/* --- what is given on the command line --- */

static int given_fd(const char *name, const char *text, struct secret_raw *raw, struct err *e)
{
	char place[48];
	uint64_t fd;
	if (!num_u64(text, strlen(text), &fd) || fd > INT_MAX)
		return err_set(e, ERR_USAGE, "secret '%s': fd: needs the number of an open file descriptor", name);
	snprintf(place, sizeof place, "file descriptor %d", (int)fd);
	int rc = read_all((int)fd, name, place, raw, e);
	/* No child of ours shall find it open. */
	if (fd > STDERR_FILENO)
		close((int)fd);
	return rc;
}

static int given_file(const char *name, const char *path, struct secret_raw *raw, struct err *e)
{
	if (!*path)
		return err_set(e, ERR_USAGE, "secret '%s': '@' needs a file name", name);
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (fd < 0)
		return err_sys(e, errno, "secret '%s': cannot open %s", name, path);
	int rc = read_all(fd, name, path, raw, e);
	close(fd);
	return rc;
}

static int take_given(struct secrets *s, const char *text, struct secret_raw *raw, struct err *e)
{
	const char *eq = strchr(text, '=');
	/* What is no NAME=… may be a secret itself: it is not repeated. */
	if (!eq)
		return err_set(e, ERR_USAGE, "a secret must be NAME=@FILE or NAME=fd:N");
	char *name = mem_strndup(text, (size_t)(eq - text));
	int rc;
	if (!secret_name_ok(name))
		rc = err_set(e, ERR_USAGE, "a secret must be NAME=@FILE or NAME=fd:N, where NAME has letters, digits, '.', '_' and '-'");
	else if (find(s, name))
		rc = err_set(e, ERR_USAGE, "secret '%s' is given twice", name);
	else if (eq[1] == '@')
		rc = given_file(name, eq + 2, raw, e);
	else if (strncmp(eq + 1, "fd:", 3) == 0)
		rc = given_fd(name, eq + 4, raw, e);
	else
		rc = err_set(e, ERR_USAGE, "secret '%s': a value on the command line is visible to every user of the machine (ps), "
			"so it is refused; use %s=@FILE or %s=fd:N", name, name, name);
	if (rc == 0)
		keep(s, name, raw->p, raw->n)->given = true;
	mem_free(name);
	return rc;
}

int secrets_new(struct secrets **out, const char *const *given, size_t ngiven, const char *helper, struct err *e)
{
	struct secret_raw raw = { .p = locked_alloc(SECRET_RAW) };
	struct secrets *s = mem_zalloc(sizeof *s);
	int rc = 0;
	s->set = redact_set_new();
	s->helper = helper && *helper ? mem_strdup(helper) : NULL;
	for (size_t i = 0; rc == 0 && i < ngiven; i++)
		rc = take_given(s, given[i], &raw, e);
	locked_free(raw.p, SECRET_RAW);
	if (rc < 0) {
		secrets_free(s);
		s = NULL;
	}
	*out = s;
	return rc;
}

void secrets_free(struct secrets *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < s->n; i++)
		drop(&s->v[i]);
	redact_set_free(s->set);
	mem_free(s->v);
	mem_free(s->helper);
	mem_free(s);
}

/* --- the places --- */

/* 1: here it is, 0: not here (the place is added to LOOKED), or negative. */
typedef int place_fn(const struct secrets *s, const char *name, struct secret_raw *raw, struct buf *looked, struct err *e);

static void looked_at(struct buf *looked, const char *place)
{
	if (looked->n)
		buf_puts(looked, ", ");
	buf_puts(looked, place);
}

/* Whoever can write the file can make us send any bytes; whoever can read it has the secret. */
static int check_private(int fd, const char *name, const char *path, struct err *e)
{
	struct stat st;
	if (fstat(fd, &st) < 0)
		return err_sys(e, errno, "secret '%s': %s", name, path);
	if (!S_ISREG(st.st_mode))
		return err_set(e, ERR_DATA, "secret '%s': %s is not a regular file", name, path);
	if (st.st_uid != geteuid())
		return err_set(e, ERR_DATA, "secret '%s': %s belongs to another user (%lu)", name, path, (unsigned long)st.st_uid);
	if (st.st_mode & 077)
		return err_set(e, ERR_DATA, "secret '%s': %s has mode %04o, so others can access it; use chmod 600", name, path,
			(unsigned)(st.st_mode & 07777));
	return 0;
}

int secret_place(const char *name, struct buf *path, struct err *e)
{
	const char *xdg = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
	/* A relative XDG_CONFIG_HOME is to be ignored (XDG Base Directory Specification). */
	if (xdg && *xdg == '/')
		buf_printf(path, "%s/smtools/secrets/%s", xdg, name);
	else if (home && *home == '/')
		buf_printf(path, "%s/.config/smtools/secrets/%s", home, name);
	else
		return err_set(e, ERR_USAGE, "there is no folder for secrets: neither XDG_CONFIG_HOME nor HOME is set");
	return 0;
}

static int from_file(const char *name, struct buf *path, bool private, struct secret_raw *raw, struct buf *looked, struct err *e)
{
	const char *p = buf_cstr(path);
	/* O_NONBLOCK: a fifo that lies here must not hang us before fstat can say what it is. */
	int fd = open(p, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd < 0 && (errno == ENOENT || errno == ENOTDIR)) {
		looked_at(looked, p);
		return 0;
	}
	if (fd < 0)
		return err_sys(e, errno, "secret '%s': cannot open %s", name, p);
	int rc = private ? check_private(fd, name, p, e) : 0;
	if (rc == 0)
		rc = read_all(fd, name, p, raw, e);
	close(fd);
	return rc < 0 ? rc : 1;
}

static int from_credentials(const struct secrets *s, const char *name, struct secret_raw *raw, struct buf *looked, struct err *e)
{
	const char *dir = getenv("CREDENTIALS_DIRECTORY");
	struct buf path = BUF_INIT;
	(void)s;
	if (!dir || !*dir)
		return 0;
	buf_printf(&path, "%s/%s", dir, name);
	int rc = from_file(name, &path, false, raw, looked, e);
	buf_release(&path);
	return rc;
}

static int from_config(const struct secrets *s, const char *name, struct secret_raw *raw, struct buf *looked, struct err *e)
{
	struct buf path = BUF_INIT;
	struct err none;
	(void)s;
	int rc = secret_place(name, &path, &none) < 0 ? 0 : from_file(name, &path, true, raw, looked, e);
	buf_release(&path);
	return rc;
}

static int from_variable(const struct secrets *s, const char *name, struct secret_raw *raw, struct buf *looked, struct err *e)
{
	char var[sizeof ENV_PREFIX + NAME_MAX];
	size_t n = sizeof ENV_PREFIX - 1;
	(void)s;
	memcpy(var, ENV_PREFIX, n);
	for (const char *c = name; *c; c++)
		var[n++] = (char)(*c == '-' || *c == '.' ? '_' : *c >= 'a' && *c <= 'z' ? *c - 32 : *c);
	var[n] = '\0';
	const char *v = getenv(var);
	if (!v) {
		looked_at(looked, var);
		return 0;
	}
	raw->n = strnlen(v, SECRET_RAW);
	memcpy(raw->p, v, raw->n);
	int rc = check(name, var, raw, e);
	return rc < 0 ? rc : 1;
}

static int from_helper(const struct secrets *s, const char *name, struct secret_raw *raw, struct buf *looked, struct err *e)
{
	(void)looked;
	if (!s->helper)
		return 0;
	int rc = secret_from_helper(s->helper, name, raw, e);
	if (rc == 0)
		rc = check(name, s->helper, raw, e);
	return rc < 0 ? rc : 1;
}

static int look_up(struct secrets *s, const char *name, struct err *e)
{
	static place_fn *const places[] = { from_credentials, from_config, from_variable, from_helper };
	struct secret_raw raw = { .p = locked_alloc(SECRET_RAW) };
	struct buf looked = BUF_INIT;
	int rc = 0;
	for (size_t i = 0; rc == 0 && i < sizeof places / sizeof *places; i++)
		rc = places[i](s, name, &raw, &looked, e);
	if (rc > 0)
		keep(s, name, raw.p, raw.n);
	else if (rc == 0)
		err_set(e, ERR_NOT_FOUND, "no secret '%s': not given (--secret %s=@FILE), and not in %s", name, name, buf_cstr(&looked));
	locked_free(raw.p, SECRET_RAW);
	buf_release(&looked);
	return rc > 0 ? 0 : rc < 0 ? rc : ERR_NOT_FOUND;
}

int secrets_put(struct secrets *s, const char *name, const char *value, size_t n, struct err *e)
{
	struct secret_raw raw = { .p = locked_alloc(SECRET_RAW), .n = n < SECRET_RAW ? n : SECRET_RAW };
	memcpy(raw.p, value, raw.n);
	int rc = check(name, "what was typed", &raw, e);
	if (rc == 0)
		keep(s, name, raw.p, raw.n)->used = true;
	locked_free(raw.p, SECRET_RAW);
	return rc;
}

int secrets_get(struct secrets *s, const char *name, const char **value, size_t *n, struct err *e)
{
	if (!secret_name_ok(name))
		return err_set(e, ERR_USAGE, "'%s' is not a valid secret name (letters, digits, '.', '_' and '-')", name);
	if (!find(s, name)) {
		if (s->sealed)
			return err_set(e, ERR_NOT_FOUND, "no secret '%s': it was not loaded at startup", name);
		int rc = look_up(s, name, e);
		if (rc < 0)
			return rc;
	}
	struct secret *v = find(s, name);
	v->used = true;
	*value = v->p;
	*n = v->n;
	return 0;
}

/* --- the rest --- */

/* The oldest value of secrets_add goes; the set of patterns has no removal, it is made anew. */
static void forget_oldest(struct secrets *s)
{
	size_t i = 0;
	while (s->v[i].name)
		i++;
	drop(&s->v[i]);
	s->n--;
	memmove(&s->v[i], &s->v[i + 1], (s->n - i) * sizeof s->v[0]);
	s->nadded--;
	redact_set_free(s->set);
	s->set = redact_set_new();
	for (i = 0; i < s->n; i++)
		redact_set_add(s->set, s->v[i].p, s->v[i].n);
}

void secrets_add(struct secrets *s, const char *value, size_t n)
{
	if (!n)
		return;
	for (size_t i = 0; i < s->n; i++)
		if (s->v[i].n == n && memcmp(s->v[i].p, value, n) == 0)
			return;
	keep(s, NULL, value, n);
	if (++s->nadded > SECRET_MAX_ADDED)
		forget_oldest(s);
}

void secrets_seal(struct secrets *s)
{
	s->sealed = true;
	for (char **v = environ; v && *v; v++) {
		char *eq = strncmp(*v, ENV_PREFIX, sizeof ENV_PREFIX - 1) == 0 ? strchr(*v, '=') : NULL;
		if (eq)
			explicit_bzero(eq + 1, strlen(eq + 1));
	}
}

const char *secrets_unused(const struct secrets *s)
{
	for (size_t i = 0; i < s->n; i++)
		if (s->v[i].given && !s->v[i].used)
			return s->v[i].name;
	return NULL;
}

int secrets_harden(struct err *e)
{
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
		return err_sys(e, errno, "cannot protect the process from debuggers");
	if (setrlimit(RLIMIT_CORE, &(struct rlimit){ 0, 0 }) < 0)
		return err_sys(e, errno, "cannot disable core dumps");
	return 0;
}

const struct redact_set *secrets_redact_set(const struct secrets *s)
{
	return s->set;
}
