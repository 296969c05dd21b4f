/* SPDX-License-Identifier: MIT */
/* Drives wslay: frames in, messages out, pings answered, broken rules closed with their code. */
#include "http/ws_frame.h"

#include "base/mem.h"
#include "base/rand.h"
#include "base/utf8.h"

#include <wslay/wslay.h>

#define CONTROL_MAX 125
#define PONGS_UP_TO ((size_t)2 << 20)   /* bytes on their way out, above which only the last ping is answered, later */

struct ws_frames {
	wslay_frame_context_ptr ctx;
	ws_message_fn *fn;
	void *arg;
	size_t max;
	const char *in;               /* what is fed */
	size_t nin;
	struct buf out;
	struct buf message;           /* so far */
	bool in_message, binary;      /* more fragments are to come */
	bool in_frame;
	uint64_t left;                /* bytes of the frame that have not come */
	unsigned char control[CONTROL_MAX];
	size_t ncontrol;
	bool owes_pong;               /* with these bytes: */
	unsigned char pong[CONTROL_MAX];
	size_t npong;
	enum ws_end end;
	bool close_sent;
	unsigned code;
	char reason[CONTROL_MAX + 1];
};

/* --- libwslay's side --- */

static ssize_t on_recv(uint8_t *to, size_t n, int flags, void *arg)
{
	struct ws_frames *f = arg;
	(void)flags;
	if (n > f->nin)
		n = f->nin;
	if (!n)
		return -1;
	memcpy(to, f->in, n);
	f->in += n;
	f->nin -= n;
	return (ssize_t)n;
}

static ssize_t on_send(const uint8_t *p, size_t n, int flags, void *arg)
{
	struct ws_frames *f = arg;
	(void)flags;
	buf_put(&f->out, p, n);
	return (ssize_t)n;
}

static int on_mask(uint8_t *to, size_t n, void *arg)
{
	(void)arg;
	rand_system(to, n);
	return 0;
}

struct ws_frames *ws_frames_new(size_t max, ws_message_fn *fn, void *arg)
{
	static const struct wslay_frame_callbacks callbacks = { on_send, on_recv, on_mask };
	struct ws_frames *f = mem_zalloc(sizeof *f);
	f->max = max;
	f->fn = fn;
	f->arg = arg;
	if (wslay_frame_context_init(&f->ctx, &callbacks, f))
		mem_oom(0);
	return f;
}

void ws_frames_free(struct ws_frames *f)
{
	if (!f)
		return;
	wslay_frame_context_free(f->ctx);
	buf_release(&f->out);
	buf_release(&f->message);
	mem_free(f);
}

unsigned ws_frames_code(const struct ws_frames *f)
{
	return f->code;
}

const char *ws_frames_reason(const struct ws_frames *f)
{
	return f->reason;
}

/* --- out --- */

static void put_frame(struct ws_frames *f, uint8_t opcode, const void *p, size_t n)
{
	struct wslay_frame_iocb io = { .fin = 1, .opcode = opcode, .mask = 1, .payload_length = n, .data = p, .data_length = n };
	if (f->close_sent)
		return;
	f->close_sent = opcode == WSLAY_CONNECTION_CLOSE;
	/* on_send takes all, so one call is enough. */
	wslay_frame_send(f->ctx, &io);
}

void ws_frames_text(struct ws_frames *f, const char *p, size_t n)
{
	put_frame(f, WSLAY_TEXT_FRAME, p, n);
}

void ws_frames_close(struct ws_frames *f, unsigned code)
{
	unsigned char b[2] = { (unsigned char)(code >> 8), (unsigned char)code };
	put_frame(f, WSLAY_CONNECTION_CLOSE, b, code ? sizeof b : 0);
}

/* A server that sends pings and does not read must not fill our memory; only its last one has to be answered (RFC 6455,
 * 5.5.3). */
static void answer_ping(struct ws_frames *f)
{
	f->owes_pong = f->out.n > PONGS_UP_TO;
	f->npong = f->ncontrol;
	memcpy(f->pong, f->control, f->ncontrol);
	if (!f->owes_pong)
		put_frame(f, WSLAY_PONG, f->pong, f->npong);
}

struct buf *ws_frames_out(struct ws_frames *f)
{
	if (f->owes_pong && f->out.n <= PONGS_UP_TO) {
		f->owes_pong = false;
		put_frame(f, WSLAY_PONG, f->pong, f->npong);
	}
	return &f->out;
}

/* --- in --- */

static void end_with(struct ws_frames *f, enum ws_end end, unsigned code)
{
	f->end = end;
	ws_frames_close(f, code);
}

static bool is_control(unsigned opcode)
{
	return opcode & 8;
}

/* May a frame begin like this here? */
static void frame_begins(struct ws_frames *f, const struct wslay_frame_iocb *io)
{
	bool first = io->opcode == WSLAY_TEXT_FRAME || io->opcode == WSLAY_BINARY_FRAME;
	bool known = first || io->opcode == WSLAY_CONTINUATION_FRAME || io->opcode == WSLAY_CONNECTION_CLOSE ||
		io->opcode == WSLAY_PING || io->opcode == WSLAY_PONG;
	/* No extension was offered, so no reserved bit has a meaning: a packed frame ends here. */
	if (!known || io->rsv || io->mask || (!is_control(io->opcode) && first == f->in_message)) {
		end_with(f, WS_BROKEN, 1002);
		return;
	}
	f->in_frame = true;
	f->left = io->payload_length;
	if (is_control(io->opcode)) {
		f->ncontrol = 0;
		return;
	}
	if (first) {
		buf_clear(&f->message);
		f->in_message = true;
		f->binary = io->opcode == WSLAY_BINARY_FRAME;
	}
	if (io->payload_length > f->max - f->message.n)
		end_with(f, WS_TOO_LONG, 1009);
}

static bool is_close_code(unsigned code)
{
	return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) || (code >= 3000 && code <= 4999);
}

static void close_came(struct ws_frames *f)
{
	const char *reason = (const char *)f->control + 2;
	unsigned code = f->ncontrol >= 2 ? (unsigned)f->control[0] << 8 | f->control[1] : 0;
	if (f->ncontrol == 1 || (f->ncontrol && !is_close_code(code))) {
		end_with(f, WS_BROKEN, 1002);
		return;
	}
	if (f->ncontrol > 2) {
		if (!utf8_valid(reason, f->ncontrol - 2)) {
			end_with(f, WS_NOT_UTF8, 1007);
			return;
		}
		for (size_t i = 0; i < f->ncontrol - 2; i++)
			f->reason[i] = (unsigned char)reason[i] < ' ' || reason[i] == 127 ? ' ' : reason[i];
		f->reason[f->ncontrol - 2] = '\0';
	}
	f->code = code;
	end_with(f, WS_CLOSED, code);
}

static void message_came(struct ws_frames *f)
{
	const char *p = f->message.n ? f->message.p : "";
	f->in_message = false;
	if (!f->binary && !utf8_valid(p, f->message.n))
		end_with(f, WS_NOT_UTF8, 1007);
	else if (f->fn(f->arg, p, f->message.n, f->binary))
		f->end = WS_STOPPED;
}

static void frame_ends(struct ws_frames *f, const struct wslay_frame_iocb *io)
{
	f->in_frame = false;
	if (io->opcode == WSLAY_PING)
		answer_ping(f);
	else if (io->opcode == WSLAY_CONNECTION_CLOSE)
		close_came(f);
	else if (!is_control(io->opcode) && io->fin)
		message_came(f);
}

static void piece_came(struct ws_frames *f, const struct wslay_frame_iocb *io)
{
	if (!f->in_frame)
		frame_begins(f, io);
	if (f->end)
		return;
	if (!is_control(io->opcode)) {
		buf_put(&f->message, io->data, io->data_length);
	} else if (io->data_length) {
		/* libwslay lets no control frame pass that is longer than CONTROL_MAX. */
		memcpy(f->control + f->ncontrol, io->data, io->data_length);
		f->ncontrol += io->data_length;
	}
	f->left -= io->data_length;
	if (!f->left)
		frame_ends(f, io);
}

enum ws_end ws_frames_feed(struct ws_frames *f, const char *p, size_t n)
{
	f->in = p;
	f->nin = n;
	while (!f->end) {
		struct wslay_frame_iocb io = { 0 };
		ssize_t r = wslay_frame_recv(f->ctx, &io);
		if (r >= 0)
			piece_came(f, &io);
		else if (r != WSLAY_ERR_WANT_READ)
			end_with(f, WS_BROKEN, 1002);
		else if (!f->nin)
			break;
	}
	f->in = NULL;
	f->nin = 0;
	return f->end;
}
