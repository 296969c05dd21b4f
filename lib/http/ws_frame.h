/* SPDX-License-Identifier: MIT */
/* ws_frame - messages out of a websocket's bytes and into them; no connection in here. Private to lib/http.
 *
 * libwslay cuts the bytes into frames; what frames make of each other is decided here, because libwslay's own event
 * layer refuses close codes that are in use (1012 and up) and spends a hundred bytes on every fragment.
 * Pings are answered, a close frame is, what breaks the rules is answered with the close frame that fits: all into OUT,
 * from where the caller sends it.
 * However the bytes are cut up on the way in, the same messages come out.
 * Ownership: the frames own all; a message lives during the call. Threads: one owner. Source: RFC 6455, 5 to 8.
 */
#ifndef SM_HTTP_WS_FRAME_H
#define SM_HTTP_WS_FRAME_H

#include "base/buf.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum ws_end {
	WS_GOING,
	WS_CLOSED,          /* a close frame came */
	WS_BROKEN,          /* frames that break the rules: 1002 */
	WS_NOT_UTF8,        /* 1007 */
	WS_TOO_LONG,        /* 1009 */
	WS_STOPPED          /* a message was answered with other than 0 */
};

typedef int ws_message_fn(void *arg, const char *p, size_t n, bool binary);
struct ws_frames;
struct ws_frames *ws_frames_new(size_t max, ws_message_fn *fn, void *arg);
void ws_frames_free(struct ws_frames *f);              /* NULL is fine */
/* Bytes of the server's. Once it is over, what comes is passed over. */
enum ws_end ws_frames_feed(struct ws_frames *f, const char *p, size_t n);
void ws_frames_text(struct ws_frames *f, const char *p, size_t n);
void ws_frames_close(struct ws_frames *f, unsigned code);   /* once; nothing is written behind it */
struct buf *ws_frames_out(struct ws_frames *f);        /* take from its front what was sent */
/* What the close frame said: its code, 0 without one, and its reason. */
unsigned ws_frames_code(const struct ws_frames *f);
const char *ws_frames_reason(const struct ws_frames *f);

#endif
