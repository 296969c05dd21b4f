/* SPDX-License-Identifier: MIT */
/* A server's bytes give the same messages, the same end and the same answers however they are cut up: frames, and
 * (first bit of the first byte) the handshake before them. The other bits say how they are cut. */
#include "base/mem.h"
#include "base/utf8.h"
#include "http/ws_frame.h"
#include "http/ws_hand.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MAX 300

static void check(bool ok)
{
	if (!ok)
		abort();
}

struct run {
	struct buf log;
	struct ws_frames *f;
};

static int note(void *arg, const char *p, size_t n, bool binary)
{
	struct run *r = arg;
	check(n <= MAX && (binary || utf8_valid(p, n)));
	buf_putc(&r->log, binary ? 'b' : 't');
	buf_u64(&r->log, n);
	buf_putc(&r->log, ':');
	buf_put(&r->log, p, n);
	if (n == 4 && !memcmp(p, "echo", 4))
		ws_frames_text(r->f, p, n);
	return n == 4 && !memcmp(p, "stop", 4);
}

/* Frames that are sent are masked at random: their number of bytes and their opcodes say what they are. */
static void log_sent(struct run *r)
{
	struct buf *out = ws_frames_out(r->f);
	for (size_t i = 0; i < out->n;) {
		unsigned n = (unsigned char)out->p[i + 1];
		check((n & 128) && (n & 127) <= 125);
		buf_printf(&r->log, " %u/%u", (unsigned char)out->p[i], n & 127);
		i += 6 + (n & 127);
	}
}

static void frames(struct run *r, const char *p, size_t n, size_t step)
{
	enum ws_end end = WS_GOING;
	r->f = ws_frames_new(MAX, note, r);
	for (size_t i = 0; i < n; i += step)
		end = ws_frames_feed(r->f, p + i, n - i < step ? n - i : step);
	log_sent(r);
	buf_printf(&r->log, " end %d %u %s", (int)end, ws_frames_code(r->f), ws_frames_reason(r->f));
	ws_frames_free(r->f);
}

static void shake(struct run *r, const char *p, size_t n, size_t step)
{
	static const struct http_header offer = { "Sec-WebSocket-Protocol", "a, b" };
	struct ws_opts o = { .url = "ws://h/", .headers = &offer, .nheaders = 1 };
	struct url_parts u;
	struct ws_hand x;
	enum ws_hand_step s = WS_HAND_MORE;
	size_t used, all = 0;
	check(!url_parse(&u, o.url, NULL) && !ws_hand_init(&x, &o, &u, NULL, NULL));
	ws_hand_accept(x.accept, "dGhlIHNhbXBsZSBub25jZQ==");
	while (all < n && s == WS_HAND_MORE) {
		s = ws_hand_feed(&x, p + all, n - all < step ? n - all : step, &used);
		check(used <= step && used > 0);
		all += used;
	}
	check(x.body.n <= WS_REFUSAL_MAX && (s == WS_HAND_BAD) == (x.why != NULL));
	buf_printf(&r->log, "%d %ld %zu %s ", (int)s, x.head.status, all, x.why ? x.why : "");
	buf_put(&r->log, x.body.p, x.body.n);
	if (x.head.state == HEAD_DONE)
		for (size_t i = 0; i < x.head.n; i++)
			buf_printf(&r->log, "%s=%s\n", x.head.list[i].name, x.head.list[i].value);
	bool open = s == WS_HAND_OPEN;
	ws_hand_release(&x);
	if (open)
		frames(r, p + all, n - all, step);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct run whole = { .log = BUF_INIT }, cut = { .log = BUF_INIT };
	if (size < 1)
		return 0;
	void (*go)(struct run *, const char *, size_t, size_t) = data[0] & 1 ? shake : frames;
	go(&whole, (const char *)data + 1, size - 1, size);
	go(&cut, (const char *)data + 1, size - 1, (data[0] >> 1) % 40 + 1);
	check(whole.log.n == cut.log.n && !memcmp(whole.log.p, cut.log.p, whole.log.n));
	buf_release(&whole.log);
	buf_release(&cut.log);
	return 0;
}
