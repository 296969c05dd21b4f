/* SPDX-License-Identifier: MIT */
/* Threads: a reader that puts, a writer that takes, outputs that are slow or closed. Run under TSan too. */
#include "base/clock.h"
#include "rate/outs.h"
#include "rate/queue.h"
#include "t.h"

#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#define N 30000
#define MARK_EVERY 500

static struct item *record(int i)
{
	char line[64], key[2] = { (char)('a' + i % 3), 0 };
	int n = snprintf(line, sizeof line, "%d", i);
	struct item *it = item_new(line, (size_t)n, key, 1);
	it->mark = i % MARK_EVERY == MARK_EVERY - 1;
	return it;
}

static int number(const struct item *it)
{
	return (int)strtol(it->text, NULL, 10);
}

struct job {
	struct queue *q;
	int pause_every, result;
	struct err err;
};

static void nap(void)
{
	clock_sleep_until(clock_mono_ns() + 300000);
}

static void *reader(void *arg)
{
	struct job *j = arg;
	struct item_list l = { 0 };
	for (int i = 0; i < N && j->result == 0; i++) {
		item_append(&l, record(i));
		if (i % 17 == 0 || i == N - 1)
			j->result = queue_put(j->q, &l, &j->err);
		if (j->pause_every && i % j->pause_every == 0)
			nap();
	}
	item_list_free(&l);
	if (j->result == 0)
		j->result = queue_flush(j->q, &j->err);
	queue_close(j->q);
	return NULL;
}

/* Take everything, in batches of MAX, resting every PAUSE items; SEEN[i]: i came. Marks must be where they were. */
static int drain(struct queue *q, size_t max, int pause, unsigned char *seen)
{
	int n = 0, mark = -1, top = -1;
	for (;;) {
		struct item_list got = { 0 };
		struct err e;
		int64_t due;
		int r = queue_take(q, max, &got, clock_mono_ns(), &due, &e);
		if (r < 0)
			T_FAIL("%s", e.msg);
		if (r <= QUEUE_END)
			return n;
		for (struct item *it = got.head; it; it = it->next) {
			int i = number(it);
			T_OK(i > mark && !seen[i]);
			if (it->mark) {
				T_OK(i > top);
				mark = i;
			}
			top = i > top ? i : top;
			seen[i] = 1;
			if (pause && ++n % pause == 0)
				nap();
		}
		queue_done(q, &got);
		if (queue_settles(q) && queue_settle(q, &e) != 0)
			T_FAIL("%s", e.msg);
		if (r == QUEUE_NONE)
			queue_wait(q, due);
	}
}

static int missing(const unsigned char *seen, bool marks)
{
	int n = 0;
	for (int i = 0; i < N; i++)
		n += !seen[i] && (i % MARK_EVERY == MARK_EVERY - 1) == marks;
	return n;
}

static void test_policies(void)
{
	static unsigned char seen[N];
	static const char *const name[] = { "block", "drop-new", "drop-old", "sample", "spill" };
	static char title[20][64];
	for (int full = QUEUE_BLOCK; full <= QUEUE_SPILL; full++)
		for (int how = 0; how < 4; how++) {
			char *text = title[full * 4 + how];
			snprintf(text, sizeof title[0], "queue: %s, %s reader, %s", name[full], how & 1 ? "slow" : "fast", how & 2 ? "keys" : "one lane");
			T_CASE(text)
			{
				struct err e;
				struct drops *d;
				struct spill *s = NULL;
				char dir[] = "/tmp/sm-queue-XXXXXX";
				struct spill_opts so = { .segment = 20000, .max = how & 1 ? 0 : 100000 };
				T_INT(drops_open(&d, "t", NULL, &e), 0);
				T_OK(mkdtemp(dir) != NULL);
				if (full == QUEUE_SPILL) {
					T_INT(spill_open(&s, dir, &so, &e), 0);
					T_INT(spill_begin(s, NULL, NULL, &e), 0);
				}
				struct queue_opts o = { .max_records = 50, .max_bytes = 8000, .full = (enum queue_full)full, .sample = 0.5, .spill = s, .drops = d,
					.lanes = { .keyed = how & 2, .fair = how & 2, .max_keys = 2 } };
				struct job j = { .q = queue_new(&o), .pause_every = how & 1 ? 300 : 0 };
				pthread_t t;
				memset(seen, 0, sizeof seen);
				T_INT(pthread_create(&t, NULL, reader, &j), 0);
				drain(j.q, how & 1 ? 1 : 64, how & 1 ? 0 : 700, seen);
				pthread_join(t, NULL);
				T_INT(j.result, 0);
				uint64_t dropped = drops_count(d, DROP_NEW) + drops_count(d, DROP_OLD) + drops_count(d, DROP_SAMPLE);
				T_INT(missing(seen, true), 0);
				T_INT(missing(seen, false), dropped);
				if (full == QUEUE_BLOCK || full == QUEUE_SPILL)
					T_INT(dropped, 0);
				struct queue_stats st;
				queue_stats(j.q, &st);
				T_OK(st.most_records <= 50 || full == QUEUE_SPILL);
				T_INT(st.size.records + st.size.bytes + st.size.marks, 0);
				queue_free(j.q);
				T_INT(spill_close(s, &e), 0);
				T_INT(drops_close(d, &e), 0);
				char rm[64];
				snprintf(rm, sizeof rm, "rm -rf %s", dir);
				T_OK(system(rm) == 0);
			}
		}
	T_CASE("queue: a writer that fails lets the reader go, with its error")
	{
		struct err e;
		struct drops *d;
		T_INT(drops_open(&d, "t", NULL, &e), 0);
		struct queue_opts o = { .max_records = 5, .drops = d, .lanes = { .max_keys = 1 } };
		struct job j = { .q = queue_new(&o) };
		pthread_t t;
		T_INT(pthread_create(&t, NULL, reader, &j), 0);
		nap();
		err_set(&e, ERR_IO, "the disk is gone");
		queue_fail(j.q, &e);
		pthread_join(t, NULL);
		T_INT(j.result, ERR_IO);
		T_STR(j.err.msg, "the disk is gone");
		T_INT(queue_failed(j.q, &e), ERR_IO);
		queue_free(j.q);
		T_INT(drops_close(d, &e), 0);
	}
}

struct sink {
	int fd, records, marks, delay_every, stop_after;
	uint64_t sum;
	pthread_t thread;
};

static void *sink(void *arg)
{
	struct sink *s = arg;
	FILE *f = fdopen(s->fd, "r");
	char line[256];
	while (fgets(line, sizeof line, f)) {
		if (*line == 'm') {
			s->marks++;
		} else {
			s->records++;
			s->sum += strtoull(line, NULL, 10);
		}
		if (s->delay_every && s->records % s->delay_every == 0)
			nap();
		if (s->stop_after && s->records == s->stop_after)
			break;
	}
	fclose(f);
	return NULL;
}

static struct outs *open_outs(struct sink *s, int n, enum outs_balance balance)
{
	char list[128] = "";
	int w[8];
	struct outs *o = NULL;
	struct err e;
	for (int i = 0; i < n; i++) {
		int p[2];
		T_OK(pipe(p) == 0);
		T_OK(fcntl(p[1], F_SETPIPE_SZ, 4096) > 0);
		s[i].fd = p[0];
		w[i] = p[1];
		snprintf(list + strlen(list), sizeof list - strlen(list), "%sfd:%d", i ? "," : "", p[1]);
	}
	T_INT(outs_open(&o, list, balance, &e), 0);
	for (int i = 0; i < n; i++) {
		close(w[i]);
		T_INT(pthread_create(&s[i].thread, NULL, sink, &s[i]), 0);
	}
	return o;
}

static void test_outs(void)
{
	struct err e;
	char line[64];
	T_CASE("outs: each record once, marks to each, more to who takes more")
	{
		struct sink s[3] = { { .delay_every = 10 }, { 0 }, { 0 } };
		struct outs *o = open_outs(s, 3, OUTS_LEAST);
		for (int i = 0; i < N; i++) {
			int n = snprintf(line, sizeof line, "%d %040d\n", i, i);
			T_INT(outs_record(o, 0, line, (size_t)n, &e), 0);
			if (i % 1000 == 0)
				T_INT(outs_mark(o, "m\n", 2, &e), 0);
		}
		T_INT(outs_close(o, &e), 0);
		for (int i = 0; i < 3; i++)
			pthread_join(s[i].thread, NULL);
		T_INT(s[0].records + s[1].records + s[2].records, N);
		T_INT(s[0].sum + s[1].sum + s[2].sum, (uint64_t)N * (N - 1) / 2);
		for (int i = 0; i < 3; i++)
			T_INT(s[i].marks, N / 1000);
		T_OK(s[0].records > 0 && s[1].records > s[0].records && s[2].records > s[0].records);
	}
	T_CASE("outs: by hash, always the same")
	{
		struct sink s[2] = { { 0 } };
		struct outs *o = open_outs(s, 2, OUTS_HASH);
		for (int i = 0; i < 3000; i++) {
			int n = snprintf(line, sizeof line, "%d\n", i % 3 == 0);
			T_INT(outs_record(o, i % 3 == 0, line, (size_t)n, &e), 0);
		}
		T_INT(outs_close(o, &e), 0);
		for (int i = 0; i < 2; i++)
			pthread_join(s[i].thread, NULL);
		T_INT(s[0].records, 2000);
		T_INT(s[0].sum, 0);
		T_INT(s[1].sum, 1000);
	}
	T_CASE("outs: what a closed output had not taken goes to the others; with marks it is an error")
	{
		struct sink s[3] = { { .stop_after = 100 }, { 0 }, { 0 } };
		struct outs *o = open_outs(s, 3, OUTS_LEAST);
		for (int i = 0; i < N; i++) {
			int n = snprintf(line, sizeof line, "%d\n", i);
			T_INT(outs_record(o, 0, line, (size_t)n, &e), 0);
		}
		T_INT(outs_drain(o, &e), 0);
		T_INT(outs_closed(o), 1);
		T_INT(outs_mark(o, "m\n", 2, &e), ERR_IO);
		outs_close(o, &e);
		for (int i = 0; i < 3; i++)
			pthread_join(s[i].thread, NULL);
		/* Lost is what stood in the pipe, which holds 4 KiB, and in the sink's own buffer. */
		T_OK(s[0].records + s[1].records + s[2].records >= N - 4096);
		T_OK(s[1].records + s[2].records < N);
	}
	T_CASE("outs: all are closed; one never reads while another fails")
	{
		struct sink s[2] = { { .stop_after = 1 }, { .stop_after = 1 } };
		struct outs *o = open_outs(s, 2, OUTS_LEAST);
		int r = 0;
		for (int i = 0; i < N && r == 0; i++)
			r = outs_record(o, 0, "1\n", 2, &e);
		if (r == 0)
			r = outs_drain(o, &e);
		T_INT(r, ERR_IO);
		T_STR(e.msg, OUTS_ALL_CLOSED);
		outs_close(o, &e);
		for (int i = 0; i < 2; i++)
			pthread_join(s[i].thread, NULL);
		int p[2];
		T_OK(pipe(p) == 0);
		snprintf(line, sizeof line, "fd:%d,/dev/full", p[1]);
		T_INT(outs_open(&o, line, OUTS_LEAST, &e), 0);
		for (int i = r = 0; i < 10 * N && r == 0; i++)
			r = outs_record(o, 0, "1234567\n", 8, &e);
		T_INT(r, ERR_IO);
		T_OK(strstr(e.msg, "/dev/full") != NULL);
		T_INT(outs_close(o, &e), ERR_IO);
		close(p[0]);
		close(p[1]);
	}
}

int main(void)
{
	signal(SIGPIPE, SIG_IGN);
	test_policies();
	test_outs();
	return t_done();
}
