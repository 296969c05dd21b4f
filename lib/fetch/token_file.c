/* SPDX-License-Identifier: MIT */
/* Reads and writes the files of session tokens; nobody else may read them. */
#include "fetch/token_file.h"

#include "base/clock.h"

#include "base/rand.h"

#include <fcntl.h>
#include <nettle/pbkdf2.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

#define MAX_FILE ((size_t)64 << 10)
#define ROUNDS 100000
#define SALT 16
#define DIGEST 32

static void put_hex(char *to, const uint8_t *p, size_t n)
{
	static const char digits[] = "0123456789abcdef";
	for (size_t i = 0; i < n; i++) {
		to[2 * i] = digits[p[i] >> 4];
		to[2 * i + 1] = digits[p[i] & 15];
	}
	to[2 * n] = '\0';
}

/* Whose login it is: address, headers, body. SALT as the text that it is in the file. */
static void login_digest(const struct request *r, const char *salt, char to[2 * DIGEST + 1])
{
	struct buf all = BUF_INIT;
	uint8_t digest[DIGEST];
	buf_put(&all, r->url.p, r->url.n);
	for (size_t i = 0; i < r->nheaders; i++)
		buf_printf(&all, "\n%s: %s", r->header[i].name, r->header[i].value);
	buf_puts(&all, "\n\n");
	buf_put(&all, r->body.p, r->body.n);
	pbkdf2_hmac_sha256(all.n, (const uint8_t *)all.p, ROUNDS, strlen(salt), (const uint8_t *)salt, sizeof digest,
			   digest);
	put_hex(to, digest, sizeof digest);
	explicit_bzero(all.p, all.cap);
	buf_release(&all);
}

static void path_of(struct buf *b, const char *dir, const char *name, const struct request *r, const char *suffix)
{
	buf_printf(b, "%s/", dir);
	for (const char *s = name; *s; s++)
		buf_putc(b, *s == '/' ? '_' : *s);
	buf_printf(b, "-%016llx%s", (unsigned long long)XXH3_64bits(r->url.p, r->url.n), suffix);
}

/* Ours alone, and not too long. */
static bool read_private(struct buf *b, const char *path)
{
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	bool ok = fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_uid == geteuid() &&
		  !(st.st_mode & 077) && (size_t)st.st_size < MAX_FILE;
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
	char digest[2 * DIGEST + 1];
	if (!dir)
		return false;
	path_of(&path, dir, name, login, ".token");
	if (read_private(&text, buf_cstr(&path)) && json_parse(&v, &a, text.p, text.n, NULL) == 0) {
		const char *whose = json_str(json_get(v, "for")), *salt = json_str(json_get(v, "salt"));
		const struct json *t = json_get(v, "token");
		bool timed = json_i64(json_get(v, "ends"), &ends);
		*life = timed ? (double)(ends - clock_now_us() / US_PER_SEC) : 0;
		ok = whose && salt && json_str(t) && t->nstr && (!timed || *life > 120);
		if (ok) {
			login_digest(login, salt, digest);
			ok = strcmp(whose, digest) == 0;
		}
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

void token_file_save(const char *dir, const char *name, const struct request *login, const char *token, size_t n,
		     double life)
{
	struct buf path = BUF_INIT, temp = BUF_INIT, text = BUF_INIT;
	uint8_t random[SALT];
	char salt[2 * SALT + 1], digest[2 * DIGEST + 1];
	if (!dir)
		return;
	rand_system(random, sizeof random);
	put_hex(salt, random, sizeof random);
	login_digest(login, salt, digest);
	mkdir(dir, 0700);
	path_of(&path, dir, name, login, ".token");
	path_of(&temp, dir, name, login, ".token.new");
	buf_printf(&text, "{\"v\":1,\"salt\":\"%s\",\"for\":\"%s\",\"token\":", salt, digest);
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
