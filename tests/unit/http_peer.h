/* SPDX-License-Identifier: MIT */
/* http_peer - starts http_server.py for a test, and asks it things. */
#ifndef SM_TEST_HTTP_PEER_H
#define SM_TEST_HTTP_PEER_H

#include "base/clock.h"
#include "base/mem.h"
#include "http/http.h"
#include "t.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

struct peer {
	pid_t pid;
	int in;                        /* it ends when this is closed */
	int port, tls, deaf, cut;
	char dir[64], cert[80];
};

/* The script is beside this file. */
static const char *peer_script(void)
{
	static char path[4096];
	snprintf(path, sizeof path, "%s", __FILE__);
	char *slash = strrchr(path, '/');
	snprintf(slash ? slash + 1 : path, sizeof path - 256, "http_server.py");
	return path;
}

static bool peer_start(struct peer *p)
{
	int in[2], out[2];
	snprintf(p->dir, sizeof p->dir, "/tmp/sm-http-XXXXXX");
	if (!mkdtemp(p->dir) || pipe(in) || pipe(out))
		return false;
	snprintf(p->cert, sizeof p->cert, "%s/cert.pem", p->dir);
	p->pid = fork();
	if (!p->pid) {
		dup2(in[0], 0);
		dup2(out[1], 1);
		close(in[0]);
		close(in[1]);
		close(out[0]);
		close(out[1]);
		execlp("python3", "python3", peer_script(), p->dir, (char *)NULL);
		_exit(127);
	}
	close(in[0]);
	close(out[1]);
	p->in = in[1];
	FILE *f = fdopen(out[0], "r");
	int n = f ? fscanf(f, "%d %d %d %d", &p->port, &p->tls, &p->deaf, &p->cut) : 0;
	if (f)
		fclose(f);
	return n == 4;
}

static void peer_stop(struct peer *p)
{
	char key[80];
	snprintf(key, sizeof key, "%s/key.pem", p->dir);
	close(p->in);
	waitpid(p->pid, NULL, 0);
	unlink(p->cert);
	unlink(key);
	rmdir(p->dir);
}

/* An address of the server's. One of the last eight is good at a time. */
static inline const char *at(const char *scheme, int port, const char *path)
{
	static char ring[8][300];
	static unsigned i;
	char *s = ring[i++ % 8];
	snprintf(s, sizeof ring[0], "%s://127.0.0.1:%d%s", scheme, port, path);
	return s;
}

static inline int64_t in_ms(int64_t ms)
{
	return clock_mono_ns() + ms * 1000000;
}

#define MS INT64_C(1000000)

static inline struct http *loop(struct http_opts o)
{
	struct http *x = NULL;
	struct err e;
	if (!o.user_agent)
		o.user_agent = "sm-test/1";
	if (http_new(&x, &o, &e))
		T_FAIL("%s", e.msg);
	return x;
}

/* What came of a request or a socket. */
struct got {
	int done, heads, datas, opens, messages;
	enum http_failure failure;
	char why[300];
	long status;
	char *body, *json, *location, *stream;
	size_t nbody;
	struct buf text;               /* of a stream, or messages, each with a | behind */
	unsigned code;
	int64_t took_ns, retry_after;
};

static void got_answer(struct got *g, const struct http_answer *a)
{
	struct buf b = BUF_INIT;
	g->failure = a->failure;
	snprintf(g->why, sizeof g->why, "%s", a->why);
	g->status = a->status;
	mem_free(g->body);
	mem_free(g->json);
	mem_free(g->location);
	g->body = mem_strndup(a->body, a->nbody);
	g->nbody = a->nbody;
	http_headers_json(a, &b);
	g->json = buf_detach(&b, NULL);
	g->location = a->location ? mem_strdup(a->location) : NULL;
	g->took_ns = a->ended_ns - a->sent_ns;
	g->retry_after = http_retry_after(a);
}

static void got_done(void *arg, const struct http_answer *a)
{
	struct got *g = arg;
	g->done++;
	got_answer(g, a);
}

static inline void got_release(struct got *g)
{
	mem_free(g->body);
	mem_free(g->json);
	mem_free(g->location);
	buf_release(&g->text);
	*g = (struct got){ 0 };
}

/* Until *COUNT is N, ten seconds at most. */
static inline bool run_until(struct http *h, const int *count, int n)
{
	struct err e;
	int64_t deadline = in_ms(10000);
	while (*count < n && clock_mono_ns() < deadline)
		if (http_run(h, deadline, &e)) {
			T_FAIL("%s", e.msg);
			return false;
		}
	if (*count < n)
		T_FAIL("nothing happened");
	return *count >= n;
}

/* R to its end. */
static inline void ask(struct http *h, struct http_request r, struct got *g)
{
	struct err e;
	got_release(g);
	r.done = got_done;
	r.arg = g;
	if (http_send(h, &r, NULL, &e))
		T_FAIL("%s", e.msg);
	else
		run_until(h, &g->done, 1);
}

#define ASK(h, g, ...) ask((h), (struct http_request){ __VA_ARGS__ }, (g))
#define T_HAS(s, part) do { const char *t_s = (s); if (!t_s || !strstr(t_s, part)) T_FAIL("%s has no '%s': %s", #s, part, t_s ? t_s : "(null)"); } while (0)

#endif
