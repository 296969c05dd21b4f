/* SPDX-License-Identifier: MIT */
#include "fetch/token_file.h"

#include "base/clock.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

#define MAX_FILE ((size_t)64 << 10)

static uint64_t login_hash(const struct request *r)
{
	return XXH3_64bits_withSeed(r->body.p, r->body.n, XXH3_64bits(r->url.p, r->url.n));
}

static void path_of(struct buf *b, const char *dir, const char *name, const char *suffix)
{
	buf_printf(b, "%s/", dir);
	for (const char *s = name; *s; s++)
		buf_putc(b, *s == '/' ? '_' : *s);
	buf_puts(b, suffix);
}

/* Ours alone, and not too long. */
static bool read_private(struct buf *b, const char *path)
{
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	bool ok = fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_uid == geteuid() && !(st.st_mode & 077) &&
		  (size_t)st.st_size < MAX_FILE;
	if (ok) {
		ssize_t n = read(fd, buf_reserve(b, MAX_FILE), MAX_FILE);
		b->n = n > 0 ? (size_t)n : 0;
		ok = n > 0;
	}
	if (fd >= 0)
		close(fd);
	return ok;
}

bool token_file_load(const char *dir, const char *name, const struct request *login, struct buf *token, double *life)
{
	struct buf path = BUF_INIT, text = BUF_INIT;
	struct arena a = ARENA_INIT;
	struct json *v;
	int64_t ends = 0;
	bool ok = false;
	char hash[24];
	if (!dir)
		return false;
	path_of(&path, dir, name, ".token");
	snprintf(hash, sizeof hash, "%016llx", (unsigned long long)login_hash(login));
	if (read_private(&text, buf_cstr(&path)) && json_parse(&v, &a, text.p, text.n, NULL) == 0) {
		const char *whose = json_str(json_get(v, "for"));
		const struct json *t = json_get(v, "token");
		bool timed = json_i64(json_get(v, "ends"), &ends);
		*life = timed ? (double)(ends - clock_now_us() / US_PER_SEC) : 0;
		ok = whose && strcmp(whose, hash) == 0 && json_str(t) && t->nstr && (!timed || *life > 120);
		if (ok)
			buf_put(token, t->str, t->nstr);
	}
	if (text.p)
		explicit_bzero(text.p, text.cap);
	buf_release(&text);
	buf_release(&path);
	arena_release(&a);
	return ok;
}

static bool write_private(const char *path, const char *temp, const struct buf *b)
{
	unlink(temp);
	int fd = open(temp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	bool ok = fd >= 0 && write(fd, b->p, b->n) == (ssize_t)b->n && fsync(fd) == 0;
	if (fd >= 0)
		ok = close(fd) == 0 && ok;
	ok = ok && rename(temp, path) == 0;
	if (!ok)
		unlink(temp);
	return ok;
}

void token_file_save(const char *dir, const char *name, const struct request *login, const char *token, size_t n, double life)
{
	struct buf path = BUF_INIT, temp = BUF_INIT, text = BUF_INIT;
	if (!dir)
		return;
	mkdir(dir, 0700);
	path_of(&path, dir, name, ".token");
	path_of(&temp, dir, name, ".token.new");
	buf_printf(&text, "{\"v\":1,\"for\":\"%016llx\",\"token\":", (unsigned long long)login_hash(login));
	json_put_string(&text, token, n);
	if (life > 0 && life < 1e8)
		buf_printf(&text, ",\"ends\":%lld", (long long)(clock_now_us() / US_PER_SEC + (int64_t)life));
	buf_puts(&text, "}\n");
	write_private(buf_cstr(&path), buf_cstr(&temp), &text);
	explicit_bzero(text.p, text.cap);
	buf_release(&text);
	buf_release(&path);
	buf_release(&temp);
}
