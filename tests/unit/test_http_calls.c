/* SPDX-License-Identifier: MIT */
/* Streams, callbacks that cancel and send, and what ends a wait. */
#include "http_peer.h"

#include <pthread.h>
#include <sys/time.h>

static struct peer peer;
static struct http *h;
static struct got g;
#define URL(path) at("http", peer.port, path)

struct script {
	struct got g;
	struct http_transfer *self, *other;
	int cancel_self_at, cancel_other_at, stop_at;    /* the Nth data; 0: never */
	bool send_more, stop_head, cancel_head, cancel_done;
	struct got more;
};

static int on_head(void *arg, const struct http_answer *a)
{
	struct script *s = arg;
	s->g.heads++;
	s->g.status = a->status;
	if (s->cancel_head)
		http_cancel(s->self);
	return s->stop_head;
}

static int on_data(void *arg, const char *p, size_t n)
{
	struct script *s = arg;
	struct err e;
	s->g.datas++;
	buf_put(&s->g.text, p, n);
	if (s->send_more && s->g.datas == 1)
		T_INT(http_send(h, &(struct http_request){ .url = URL("/hello"), .done = got_done, .arg = &s->more }, NULL, &e), 0);
	if (s->g.datas == s->cancel_self_at)
		http_cancel(s->self);
	if (s->g.datas == s->cancel_other_at)
		http_cancel(s->other);
	return s->g.datas == s->stop_at;
}

static void on_done(void *arg, const struct http_answer *a)
{
	struct script *s = arg;
	struct err e;
	got_done(&s->g, a);
	/* It is over already: this does nothing. */
	if (s->cancel_done)
		http_cancel(s->self);
	if (s->other && s->cancel_done)
		http_cancel(s->other);
	if (s->cancel_done)
		T_INT(http_send(h, &(struct http_request){ .url = URL("/hello"), .done = got_done, .arg = &s->more }, NULL, &e), 0);
}

static void stream(struct script *s, const char *path)
{
	struct err e;
	struct http_request r = { .url = URL(path), .head = on_head, .data = on_data, .done = on_done, .arg = s };
	T_INT(http_send(h, &r, &s->self, &e), 0);
}

static void end_script(struct script *s)
{
	got_release(&s->g);
	got_release(&s->more);
}

static void test_streams(void)
{
	T_CASE("http: a stream's bytes come as they come")
	{
		struct script s = { 0 };
		stream(&s, "/events/5");
		run_until(h, &s.g.done, 1);
		T_INT(s.g.heads, 1);
		T_OK(s.g.datas >= 2);
		T_STR(buf_cstr(&s.g.text), "data: 0\n\ndata: 1\n\ndata: 2\n\ndata: 3\n\ndata: 4\n\n");
		T_INT(s.g.failure, HTTP_OK);
		T_INT(s.g.nbody, 0);
		end_script(&s);
	}
	T_CASE("http: a packed stream is unpacked line by line")
	{
		struct script s = { 0 };
		stream(&s, "/gzip-stream/5");
		run_until(h, &s.g.done, 1);
		T_STR(buf_cstr(&s.g.text), "line 0\nline 1\nline 2\nline 3\nline 4\n");
		T_OK(s.g.datas >= 2);
		end_script(&s);
	}
	T_CASE("http: what is no stream keeps its body")
	{
		struct script s = { 0 };
		stream(&s, "/status/429");
		run_until(h, &s.g.done, 1);
		T_INT(s.g.datas, 0);
		T_INT(s.g.heads, 1);
		T_STR(s.g.body, "status 429");
		end_script(&s);
	}
	T_CASE("http: streams do not hold the places of requests")
	{
		struct http *was = h;
		h = loop((struct http_opts){ .per_host = 1 });
		struct script s = { 0 };
		stream(&s, "/events/100");
		run_until(h, &s.g.datas, 1);
		ASK(h, &g, .url = URL("/hello"));
		T_STR(g.body, "hello");
		T_INT(s.g.done, 0);
		http_free(h);
		h = was;
		end_script(&s);
	}
}

static void test_cancel(void)
{
	struct err e;
	T_CASE("http: cancelled from within its data, or by what it returns")
	{
		struct script s = { .cancel_self_at = 2 }, t = { .stop_at = 2 };
		stream(&s, "/events/50");
		stream(&t, "/events/50");
		while (http_active(h))
			T_INT(http_run(h, in_ms(1000), &e), 0);
		T_INT(s.g.datas, 2);
		T_INT(t.g.datas, 2);
		T_INT(s.g.done + t.g.done, 0);
		end_script(&s);
		end_script(&t);
	}
	T_CASE("http: cancelled from within its head, or by what it returns")
	{
		struct script s = { .cancel_head = true }, t = { .stop_head = true };
		stream(&s, "/events/5");
		stream(&t, "/hello");
		while (http_active(h))
			T_INT(http_run(h, in_ms(1000), &e), 0);
		T_INT(s.g.heads + t.g.heads, 2);
		T_INT(s.g.datas + t.g.datas + s.g.done + t.g.done, 0);
		end_script(&s);
		end_script(&t);
	}
	T_CASE("http: one cancels another, under way or waiting, and sends a third")
	{
		struct script s = { .cancel_other_at = 2, .send_more = true }, t = { 0 };
		stream(&t, "/events/500");
		stream(&s, "/events/5");
		s.other = t.self;
		run_until(h, &s.g.done, 1);
		run_until(h, &s.more.done, 1);
		T_STR(s.more.body, "hello");
		T_INT(t.g.done, 0);
		T_INT(http_active(h), 0);
		end_script(&s);
		end_script(&t);
	}
	T_CASE("http: cancelled and sent from within done")
	{
		struct script s = { .cancel_done = true }, t = { 0 };
		stream(&t, "/hang/5000");
		stream(&s, "/hello");
		s.other = t.self;
		run_until(h, &s.more.done, 1);
		T_INT(s.g.done, 1);
		T_INT(t.g.done, 0);
		T_INT(http_active(h), 0);
		end_script(&s);
		end_script(&t);
	}
	T_CASE("http: cancelled from outside, before and after it started")
	{
		struct script s = { 0 };
		stream(&s, "/events/50");
		http_cancel(s.self);
		T_INT(http_active(h), 0);
		stream(&s, "/events/50");
		run_until(h, &s.g.datas, 1);
		http_cancel(s.self);
		T_INT(http_active(h), 0);
		int n = s.g.datas;
		T_INT(http_run(h, in_ms(50), &e), 0);
		T_INT(s.g.datas, n);
		T_INT(s.g.done, 0);
		end_script(&s);
	}
}

/* --- waking --- */

static void on_alarm(int sig)
{
	(void)sig;
	http_wake(h);
}

static void on_quiet_alarm(int sig)
{
	(void)sig;
}

static void alarm_in(int ms, void (*handler)(int))
{
	struct sigaction sa = { .sa_handler = handler };
	struct itimerval t = { .it_value = { ms / 1000, ms % 1000 * 1000 } };
	sigaction(SIGALRM, &sa, NULL);
	setitimer(ITIMER_REAL, &t, NULL);
}

static int64_t waited(int64_t ms)
{
	struct err e;
	int64_t from = clock_mono_ns();
	T_INT(http_run(h, in_ms(ms), &e), 0);
	return (clock_mono_ns() - from) / MS;
}

static void *wake_later(void *arg)
{
	(void)arg;
	clock_sleep_until(in_ms(50));
	http_wake(h);
	return NULL;
}

static void test_waking(void)
{
	pthread_t t;
	T_CASE("http: the deadline, a wake-up, a signal, a thread")
	{
		int64_t ms = waited(120);
		T_OK(ms >= 120 && ms < 1000);
		T_OK(waited(0) < 100);
		alarm_in(50, on_alarm);
		ms = waited(5000);
		T_OK(ms >= 40 && ms < 2000);
		alarm_in(50, on_quiet_alarm);
		ms = waited(5000);
		T_OK(ms >= 40 && ms < 2000);
		http_wake(h);
		http_wake(h);
		T_OK(waited(5000) < 1000);
		ms = waited(100);
		T_OK(ms >= 100);
		pthread_create(&t, NULL, wake_later, NULL);
		ms = waited(5000);
		T_OK(ms >= 40 && ms < 2000);
		pthread_join(t, NULL);
	}
	T_CASE("http: a descriptor of the caller's: bytes, and the end of a pipe")
	{
		int fd[2];
		char c;
		T_INT(pipe(fd), 0);
		http_watch(h, fd[0]);
		T_OK(waited(100) >= 100);
		T_INT(write(fd[1], "x", 1), 1);
		T_OK(waited(5000) < 1000);
		T_INT(read(fd[0], &c, 1), 1);
		T_OK(waited(100) >= 100);
		close(fd[1]);
		T_OK(waited(5000) < 1000);
		http_watch(h, -1);
		T_OK(waited(100) >= 100);
		close(fd[0]);
	}
}

int main(void)
{
	if (!peer_start(&peer)) {
		printf("Bail out! python3 is not here\n");
		return 1;
	}
	h = loop((struct http_opts){ 0 });
	test_streams();
	test_cancel();
	test_waking();
	http_free(h);
	got_release(&g);
	peer_stop(&peer);
	return t_done();
}
