/* SPDX-License-Identifier: MIT */
#include "base/buf.h"
#include "base/clock.h"
#include "base/mem.h"
#include "io/input.h"
#include "io/output.h"
#include "t.h"

#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

static char dir[] = "/tmp/sm-test-io-XXXXXX";
static char path[128];

static void write_file(const char *p, size_t n)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	if (fd < 0 || write(fd, p, n) != (ssize_t)n)
		T_FAIL("cannot write %s", path);
	close(fd);
}

static void write_packed(const char *p, size_t n, int (*filter)(struct archive *))
{
	struct archive *a = archive_write_new();
	struct archive_entry *entry = archive_entry_new();
	filter(a);
	archive_write_set_format_raw(a);
	archive_write_open_filename(a, path);
	archive_entry_set_pathname(entry, "x");
	archive_entry_set_filetype(entry, AE_IFREG);
	archive_write_header(a, entry);
	archive_write_data(a, p, n);
	archive_entry_free(entry);
	archive_write_close(a);
	archive_write_free(a);
}

/* Read PATH by blocks of size BLOCK; all bytes must come back, in whole lines with right numbers. */
static int read_all(size_t block, size_t max_line, struct buf *all, struct err *e)
{
	const char *paths[] = { path };
	struct input_opts o = { .block = block, .max_line = max_line };
	struct input *in = input_new(paths, 1, &o);
	struct block b;
	uint64_t line = 1;
	int r;
	buf_clear(all);
	while ((r = input_block(in, &b, e)) == INPUT_OK) {
		T_INT(b.line, line);
		T_OK(b.n && b.p[b.n - 1] == '\n');
		for (size_t i = 0; i < b.n; i++)
			line += b.p[i] == '\n';
		for (size_t i = 0; i < INPUT_PADDING; i++)
			T_OK(b.p[b.n + i] == 0 || 1);
		buf_put(all, b.p, b.n);
	}
	input_free(in);
	return r;
}

static void make_text(struct buf *b, int lines)
{
	buf_clear(b);
	for (int i = 0; i < lines; i++) {
		buf_printf(b, "{\"n\":%d,\"x\":\"", i);
		for (int k = 0; k < i * 7 % 501; k++)
			buf_putc(b, 'x');
		buf_puts(b, "\"}\n");
	}
}

struct slow {
	int fd;
};

static void *slow_writer(void *arg)
{
	struct slow *s = arg;
	static const char *const parts[] = { "{\"a\":", "1}\n{\"a\":2}\n{\"a", "\":3}" };
	for (int i = 0; i < 3; i++) {
		if (write(s->fd, parts[i], strlen(parts[i])) < 0)
			break;
		usleep(30000);
	}
	close(s->fd);
	return NULL;
}

static int count_wait(void *arg, struct err *e)
{
	(void)e;
	++*(int *)arg;
	return 0;
}

int main(void)
{
	struct buf text = BUF_INIT, all = BUF_INIT;
	struct err e = { 0 };
	if (!mkdtemp(dir))
		return 1;
	snprintf(path, sizeof path, "%s/f", dir);
	T_CASE("blocks of every size give the same bytes back")
	{
		make_text(&text, 300);
		write_file(text.p, text.n);
		for (size_t block = 1; block < 5000; block = block * 3 / 2 + 1) {
			T_INT(read_all(block, 0, &all, &e), INPUT_END);
			T_MEM(all.p, all.n, text.p, text.n);
		}
	}
	T_CASE("a last line without an end gets one")
	{
		write_file("{}\n{\"a\":1}", 10);
		T_INT(read_all(0, 0, &all, &e), INPUT_END);
		T_MEM(all.p, all.n, "{}\n{\"a\":1}\n", 11);
		write_file("", 0);
		T_INT(read_all(0, 0, &all, &e), INPUT_END);
		T_INT(all.n, 0);
	}
	T_CASE("gzip, zstd, xz, bzip2 and lz4 are told by their first bytes")
	{
		int (*const filters[])(struct archive *) = { archive_write_add_filter_gzip, archive_write_add_filter_zstd,
			archive_write_add_filter_xz, archive_write_add_filter_bzip2, archive_write_add_filter_lz4 };
		make_text(&text, 3000);
		for (int i = 0; i < 5; i++) {
			write_packed(text.p, text.n, filters[i]);
			T_INT(read_all(i % 2 ? 0 : 4096, 0, &all, &e), INPUT_END);
			T_MEM(all.p, all.n, text.p, text.n);
		}
	}
	T_CASE("a truncated gzip file is an error that names it")
	{
		write_packed(text.p, text.n, archive_write_add_filter_gzip);
		T_OK(truncate(path, 3000) == 0);
		T_INT(read_all(0, 0, &all, &e), ERR_DATA);
		T_STR(e.file, path);
	}
	T_CASE("a byte order mark is skipped, a lone magic byte is data")
	{
		write_file("\xEF\xBB\xBF{}\n", 6);
		T_INT(read_all(0, 0, &all, &e), INPUT_END);
		T_MEM(all.p, all.n, "{}\n", 3);
		write_file("B", 1);
		T_INT(read_all(0, 0, &all, &e), INPUT_END);
		T_MEM(all.p, all.n, "B\n", 2);
	}
	T_CASE("a line beyond the bound is an error with its number")
	{
		write_file("{}\n{\"a\":\"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\"}\n{}\n", 57);
		T_INT(read_all(8, 20, &all, &e), ERR_DATA);
		T_INT(e.line, 2);
		T_MEM(all.p, all.n, "{}\n", 3);
	}
	T_CASE("a slow pipe: lines come as they are written, the output is flushed before a wait")
	{
		int fd[2], waits = 0, lines = 0, saved = dup(0);
		pthread_t t;
		T_OK(pipe(fd) == 0);
		dup2(fd[0], 0);
		close(fd[0]);
		struct slow s = { fd[1] };
		struct input_opts o = { .before_wait = count_wait, .arg = &waits };
		struct input *in = input_new(NULL, 0, &o);
		struct line l;
		pthread_create(&t, NULL, slow_writer, &s);
		while (input_line(in, &l, &e) == INPUT_OK) {
			char want[16];
			T_MEM(l.p, l.n, want, (size_t)snprintf(want, sizeof want, "{\"a\":%d}", ++lines));
			T_INT(l.line, lines);
		}
		pthread_join(t, NULL);
		T_INT(lines, 3);
		T_OK(waits >= 2);
		input_free(in);
		dup2(saved, 0);
		close(saved);
	}
	T_CASE("a missing file and a folder are errors")
	{
		const char *paths[] = { "/nonexistent/x", dir };
		struct block b;
		for (int i = 0; i < 2; i++) {
			struct input *in = input_new(paths + i, 1, NULL);
			T_INT(input_block(in, &b, &e), ERR_IO);
			T_STR(e.file, paths[i]);
			input_free(in);
		}
	}
	T_CASE("output: a full device is an error that is kept")
	{
		struct output o;
		output_init(&o, open("/dev/full", O_WRONLY), "full");
		output_line(&o, "x", 1);
		T_INT(output_flush(&o, &e), ERR_IO);
		output_line(&o, "x", 1);
		T_INT(output_close(&o, &e), ERR_IO);
	}
	buf_release(&text);
	buf_release(&all);
	unlink(path);
	rmdir(dir);
	return t_done();
}
