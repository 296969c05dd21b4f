/* SPDX-License-Identifier: MIT */
/* Gathers writes and keeps the first error; what goes to a terminal is shown, not passed on. */
#include "io/output.h"

#include "base/term.h"

#include <errno.h>
#include <unistd.h>

void output_init(struct output *o, int fd, const char *name)
{
	*o = (struct output){ .fd = fd, .name = name, .for_people = isatty(fd) != 0 };
}

static void write_raw(struct output *o, const char *p, size_t left)
{
	if (o->before_write && left)
		o->before_write();
	metrics_wait(o->metrics, METRICS_DOWNSTREAM, 1);
	while (left && !o->failed) {
		ssize_t n = write(o->fd, p, left < OUTPUT_BLOCK ? left : OUTPUT_BLOCK);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			err_sys(&o->err, errno, "%s", o->name);
			o->failed = true;
			break;
		}
		p += n;
		left -= (size_t)n;
		o->bytes += (uint64_t)n;
	}
	metrics_wait(o->metrics, METRICS_DOWNSTREAM, -1);
	metrics_set(o->metrics, METRIC_BYTES_OUT, (int64_t)o->bytes);
	metrics_set(o->metrics, METRIC_RECORDS_OUT, (int64_t)o->records);
}

/* What is written at once ends with a line or the output: no character is cut in two. */
static void write_all(struct output *o, const char *p, size_t n)
{
	struct buf shown = BUF_INIT;
	if (!o->for_people) {
		write_raw(o, p, n);
		return;
	}
	term_show(&shown, p, n, "\n\t");
	write_raw(o, shown.p, shown.n);
	buf_release(&shown);
}

static void write_out(struct output *o)
{
	write_all(o, o->buf.p, o->buf.n);
	buf_clear(&o->buf);
}

void output_block(struct output *o, const void *p, size_t n, uint64_t records)
{
	if (o->buf.n)
		write_out(o);
	o->records += records;
	write_all(o, p, n);
}

void output_shown(struct output *o, const void *p, size_t n)
{
	if (o->buf.n)
		write_out(o);
	write_raw(o, p, n);
}

void output_put(struct output *o, const void *p, size_t n)
{
	buf_put(&o->buf, p, n);
}

static void end_line(struct output *o)
{
	if (o->buf.n >= OUTPUT_BLOCK || o->unbuffered)
		write_out(o);
}

void output_end_record(struct output *o)
{
	o->records++;
	end_line(o);
}

static void put_line(struct output *o, const void *p, size_t n)
{
	char *to = buf_reserve(&o->buf, n + 1);
	if (n)
		memcpy(to, p, n);
	to[n] = '\n';
	o->buf.n += n + 1;
}

void output_line(struct output *o, const void *p, size_t n)
{
	put_line(o, p, n);
	output_end_record(o);
}

void output_mark(struct output *o, const void *p, size_t n)
{
	put_line(o, p, n);
	end_line(o);
}

int output_flush(struct output *o, struct err *e)
{
	if (o->buf.n)
		write_out(o);
	return o->failed ? err_copy(e, &o->err) : 0;
}

int output_close(struct output *o, struct err *e)
{
	int rc = output_flush(o, e);
	if (o->fd >= 0 && close(o->fd) < 0 && rc == 0)
		rc = err_sys(e, errno, "%s", o->name);
	o->fd = -1;
	buf_release(&o->buf);
	return rc;
}
