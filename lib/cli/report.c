/* SPDX-License-Identifier: MIT */
/* The thread that writes metrics and statistics when it is time, and the end of the process, however it comes. */
#include "cli/report.h"

#include "base/clock.h"
#include "base/fd.h"
#include "base/mem.h"
#include "base/num.h"
#include "base/utf8.h"
#include "cli/diag.h"
#include "cli/opt.h"
#include "cli/progress.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#define TICK_NS (NS_PER_SEC / 10)        /* between two looks at who waits */
#define NAME_MAX_BYTES 192               /* of a stream in a file's name, escaped */

struct report_options report_options;

static struct report {
	const char *tool;
	struct metrics *m;
	int64_t start_ns, start_us;
	bool usr1, running, live;
	pthread_t thread;
	atomic_bool stop, piped, left, over;

	/* Called for what is kept elsewhere. */
	pthread_mutex_t lock;
	void (*fill)(void *arg, struct metrics *m);
	void *fill_arg;
	void (*put)(void *arg, bool last, struct buf *b);
	void *put_arg;
	struct buf last;                     /* what PUT said in the end */

	/* --metrics. PATH NULL: off. FILE NULL: its name is not known yet. */
	const char *path;
	char *env;                           /* what $SM_METRICS said */
	bool folder, optional, warned;
	char *file, *temp;
	dev_t dev;
	ino_t ino;                           /* of what we, or the run before us, wrote there last; 0: nothing */
	int64_t next_file;

	/* --stats. FD -1: off. */
	int fd;
	struct err failed;
	int64_t next_line;
} r = { .fd = -1, .lock = PTHREAD_MUTEX_INITIALIZER };

struct metrics *report_metrics(void)
{
	return r.m;
}

void report_stdout(struct output *o)
{
	output_init(o, STDOUT_FILENO, "standard output");
	o->metrics = r.m;
	if (r.live && isatty(o->fd)) {
		o->before_write = progress_hide;
		progress_printing();
	}
}

void report_on_usr1(void)
{
	r.usr1 = true;
}

/* --- what is written --- */

static int64_t time_ns(const struct timeval *t)
{
	return t->tv_sec * NS_PER_SEC + t->tv_usec * 1000;
}

static void collect(void)
{
	struct rusage u;
	metrics_set(r.m, METRIC_RUN_START, r.start_us);
	metrics_set(r.m, METRIC_RUN_DURATION, clock_mono_ns() - r.start_ns);
	if (getrusage(RUSAGE_SELF, &u) == 0) {
		metrics_set(r.m, METRIC_CPU, time_ns(&u.ru_utime) + time_ns(&u.ru_stime));
		metrics_set(r.m, METRIC_MEMORY, u.ru_maxrss * 1024);
	}
	pthread_mutex_lock(&r.lock);
	if (r.fill)
		r.fill(r.fill_arg, r.m);
	pthread_mutex_unlock(&r.lock);
}

void report_collect(void (*fill)(void *arg, struct metrics *m), void *arg)
{
	pthread_mutex_lock(&r.lock);
	if (!fill && r.fill)
		r.fill(r.fill_arg, r.m);
	r.fill = fill;
	r.fill_arg = arg;
	pthread_mutex_unlock(&r.lock);
}

void report_members(void (*put)(void *arg, bool last, struct buf *b), void *arg)
{
	pthread_mutex_lock(&r.lock);
	if (!put && r.put)
		r.put(r.put_arg, true, &r.last);
	r.put = put;
	r.put_arg = arg;
	pthread_mutex_unlock(&r.lock);
}

static void put_line(int fd, bool last)
{
	struct buf b = BUF_INIT;
	int64_t ns = clock_mono_ns() - r.start_ns;
	buf_printf(&b, "{\"tool\":\"%s\",\"at\":\"", r.tool);
	b.n += time_format(buf_reserve(&b, 40), clock_now_us(), -1, true);
	buf_printf(&b, "\",\"elapsed_s\":%lld.%03lld,\"last\":%s", (long long)(ns / NS_PER_SEC), (long long)(ns % NS_PER_SEC / 1000000),
		   last ? "true" : "false");
	pthread_mutex_lock(&r.lock);
	if (r.put)
		r.put(r.put_arg, last, &b);
	buf_put(&b, r.last.p, r.last.n);
	pthread_mutex_unlock(&r.lock);
	metrics_put_stats(r.m, &b);
	buf_puts(&b, "}\n");
	int code = fd_write_all(fd, b.p, b.n);
	buf_release(&b);
	if (!code || fd != r.fd)
		return;
	err_sys(&r.failed, code, "statistics to '%s'", report_options.stats);
	r.fd = -1;
}

/* --- the file --- */

static void warn(int errnum, const char *what)
{
	struct err e;
	if (r.warned)
		return;
	r.warned = true;
	const char *path = r.file ? r.file : r.path;
	if (errnum)
		err_sys(&e, errnum, "metrics: '%s' %s", path, what);
	else
		err_set(&e, ERR_IO, "metrics: '%s' %s", path, what);
	diag_warn(&e);
}

/* Letters, digits, `.`, `_`, `-` and what is beyond ASCII stay; the rest is %XX. */
static void put_escaped(struct buf *b, const char *s, size_t n)
{
	for (size_t i = 0; i < n && b->n < NAME_MAX_BYTES; i++) {
		unsigned char c = (unsigned char)s[i];
		bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c >= 0x80 || c == '_' || c == '-' ||
			     c == '.';
		if (plain)
			buf_putc(b, (char)c);
		else
			buf_printf(b, "%%%02X", c);
	}
}

/* Once it is known which stream it is. Not LAST: a stream may still say so before anything else comes. */
static bool name_file(bool last)
{
	struct buf name = BUF_INIT, b = BUF_INIT;
	if (r.file)
		return true;
	if (!metrics_name(r.m, &name)) {
		if (!last && metrics_get(r.m, METRIC_BYTES_IN) <= 0 && metrics_get(r.m, METRIC_BYTES_OUT) <= 0)
			return false;
		buf_puts(&name, "default");
	}
	metrics_label(r.m, METRICS_LABEL_NAME, buf_cstr(&name));
	if (r.folder) {
		struct buf escaped = BUF_INIT;
		put_escaped(&escaped, name.p, name.n);
		buf_printf(&b, "%s/sm-%s-%s.prom", r.path, buf_cstr(&escaped), r.tool);
		buf_release(&escaped);
		r.file = buf_detach(&b, NULL);
	} else {
		r.file = mem_strdup(r.path);
	}
	const char *slash = strrchr(r.file, '/');
	size_t dir = slash ? (size_t)(slash - r.file) + 1 : 0;
	buf_printf(&b, "%.*s.%s.%ld.tmp", (int)dir, r.file, r.file + dir, (long)getpid());
	r.temp = buf_detach(&b, NULL);
	buf_release(&name);
	return true;
}

/* The run before us left its counters there. */
static void go_on(void)
{
	struct buf text = BUF_INIT;
	struct stat st;
	struct err e;
	int fd = open(r.file, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0 || fstat(fd, &st) < 0) {
		if (errno != ENOENT)
			warn(errno, "cannot be read, so its counters restart at 0");
		if (fd >= 0)
			close(fd);
		return;
	}
	r.dev = st.st_dev;
	r.ino = st.st_ino;
	if (S_ISREG(st.st_mode) && (uint64_t)st.st_size <= METRICS_FILE_MAX) {
		ssize_t n = fd_pread_all(fd, buf_reserve(&text, (size_t)st.st_size + 1), (size_t)st.st_size, 0);
		text.n = n > 0 ? (size_t)n : 0;
	}
	close(fd);
	if (text.n && metrics_load(r.m, text.p, text.n, &e) == 0) {
		buf_release(&text);
		return;
	}
	buf_release(&text);
	err_set(&e, ERR_DATA, "metrics: '%s' was not written by this tool under this name, so its counters restart at 0", r.file);
	diag_warn(&e);
}

/* Does another process write what we have written? */
static void look_for_others(void)
{
	struct stat st;
	if (!r.ino || stat(r.file, &st) < 0 || (st.st_dev == r.dev && st.st_ino == r.ino))
		return;
	warn(0, "is written by another process too: give each a --metrics-name of its own");
}

static int write_temp(const struct buf *b)
{
	struct stat st;
	look_for_others();
	int fd = open(r.temp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	/* A process of our number was killed here. */
	if (fd < 0 && errno == EEXIST && unlink(r.temp) == 0)
		fd = open(r.temp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	if (fd < 0)
		return errno;
	int code = fd_write_all(fd, b->p, b->n);
	if (fstat(fd, &st) == 0) {
		r.dev = st.st_dev;
		r.ino = st.st_ino;
	}
	if (close(fd) < 0 && !code)
		code = errno;
	if (!code && rename(r.temp, r.file) < 0)
		code = errno;
	if (code)
		unlink(r.temp);
	return code;
}

static void write_file(bool last)
{
	struct buf b = BUF_INIT;
	bool first = !r.file;
	if (!name_file(last))
		return;
	if (first)
		go_on();
	metrics_put_text(r.m, &b);
	int code = write_temp(&b);
	if (code)
		warn(code, "cannot be written; continuing without it");
	buf_release(&b);
}

/* --- the thread --- */

/* All that is to be said at the end; once. */
static void finish(int status)
{
	if (atomic_exchange(&r.over, true))
		return;
	if (r.fd < 0 && !r.path)
		return;
	metrics_end(r.m, status, clock_now_us());
	collect();
	if (r.fd >= 0)
		put_line(r.fd, true);
	if (r.path)
		write_file(true);
}

static void die_of(int sig)
{
	sigset_t set;
	progress_end();
	signal(sig, SIG_DFL);
	sigemptyset(&set);
	sigaddset(&set, sig);
	pthread_sigmask(SIG_UNBLOCK, &set, NULL);
	raise(sig);
}

/* SIGUSR1, and what ends a process that does not look for it. Those that are ignored stay so. */
static void signals(sigset_t *set)
{
	static const int ends[] = { SIGTERM, SIGINT, SIGHUP };
	sigemptyset(set);
	sigaddset(set, SIGUSR1);
	for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
		struct sigaction was;
		if ((r.path || r.fd >= 0 || r.live) && sigaction(ends[i], NULL, &was) == 0 && was.sa_handler == SIG_DFL)
			sigaddset(set, ends[i]);
	}
}

static void on_signal(int sig)
{
	if (sig == SIGUSR1 && !atomic_load(&r.piped)) {
		collect();
		put_line(STDERR_FILENO, false);
		return;
	}
	if ((sig == SIGTERM || sig == SIGINT) && atomic_load(&r.left)) {
		kill(getpid(), sig);         /* it has come between: the main thread looks for it */
		return;
	}
	sig = atomic_load(&r.piped) ? SIGPIPE : sig;
	finish(128 + sig);
	die_of(sig);
}

static void on_time(int64_t now)
{
	bool line = r.fd >= 0 && report_options.stats_every && now >= r.next_line, file = r.path && now >= r.next_file;
	if ((!line && !file) || atomic_load(&r.over))
		return;
	collect();
	if (line) {
		put_line(r.fd, false);
		r.next_line += report_options.stats_every;
	}
	if (file) {
		write_file(false);
		r.next_file = now + REPORT_EVERY_NS;
	}
}

static void *run(void *arg)
{
	const struct timespec never = { .tv_sec = 1000000 };
	bool timed = r.path || r.fd >= 0 || r.live;
	int64_t last = r.start_ns;
	sigset_t wanted;
	(void)arg;
	while (!atomic_load(&r.stop)) {
		signals(&wanted);
		int64_t line = report_options.stats_every && r.fd >= 0 ? r.next_line - last : TICK_NS;
		int64_t tick = line < 0 ? 0 : line < TICK_NS ? line : TICK_NS;
		int sig = sigtimedwait(&wanted, NULL, timed ? &(struct timespec){ tick / NS_PER_SEC, tick % NS_PER_SEC } : &never);
		if (atomic_load(&r.stop))
			break;
		if (timed) {
			int64_t now = clock_mono_ns();
			metrics_sample(r.m, atomic_load(&r.piped) ? 0 : now - last);
			last = now;
		}
		if (sig > 0)
			on_signal(sig);
		if (timed)
			on_time(last);
		if (r.live) {
			collect();
			progress_tick(last);
		}
	}
	if (timed)
		metrics_sample(r.m, clock_mono_ns() - last);
	return NULL;
}

static void stop_thread(void)
{
	if (!r.running)
		return;
	r.running = false;
	atomic_store(&r.stop, true);
	pthread_kill(r.thread, SIGUSR1);
	pthread_join(r.thread, NULL);
}

static void at_exit(int status, void *arg)
{
	(void)arg;
	stop_thread();
	progress_end();
	finish(status & 0xFF);
	/* The registry stays: other threads may still count. */
	if (r.fd >= 0 && close(r.fd) < 0)
		err_sys(&r.failed, errno, "statistics to '%s'", report_options.stats);
	r.fd = -1;
	if (r.failed.code) {
		int failed = diag_fail(&r.failed);
		if (status == 0 || status == 1)
			_exit(failed);
	}
}

/* The reader of an output is gone. Whoever wrote to it waits here for the end, which the thread makes. */
static void on_pipe(int sig)
{
	if (atomic_load(&r.stop) || atomic_load(&r.over)) {
		signal(sig, SIG_DFL);
		raise(sig);
		return;
	}
	atomic_store(&r.piped, true);
	pthread_kill(r.thread, SIGUSR1);
	for (;;)
		pause();
}

void report_nothing(void)
{
	atomic_store(&r.over, true);
}

void report_die(int sig)
{
	stop_thread();
	finish(128 + sig);
	die_of(sig);
	_exit(128 + sig);
}

void report_leave_signals(void)
{
	sigset_t set;
	if (!r.running)
		return;
	atomic_store(&r.left, true);
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	pthread_sigmask(SIG_UNBLOCK, &set, NULL);
}

/* --- the beginning --- */

static void open_stats(void)
{
	const char *dest = report_options.stats;
	struct err e;
	uint64_t fd;
	if (report_options.stats_every_given && !dest)
		opt_usage("--stats-every needs --stats");
	if (report_options.stats_every_given && report_options.stats_every <= 0)
		opt_usage("--stats-every must be greater than 0");
	if (!dest)
		return;
	if (strncmp(dest, "fd:", 3) == 0) {
		if (!num_u64(dest + 3, strlen(dest + 3), &fd) || fd > INT32_MAX)
			opt_usage("--stats: '%s' is not a file descriptor", dest);
		r.fd = fcntl((int)fd, F_DUPFD_CLOEXEC, 3);
	} else {
		r.fd = open(dest, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
	}
	if (r.fd < 0) {
		err_sys(&e, errno, "statistics to '%s'", dest);
		exit(diag_fail(&e));
	}
	r.next_line = r.start_ns + report_options.stats_every;
}

/* A name that cannot be right: an option says so at once, the environment, which holds for all tools, is warned of. */
static void bad_path(const char *what)
{
	if (!r.optional)
		opt_usage("--metrics: '%s' %s", r.path, what);
	warn(0, what);
	r.path = NULL;
}

/* An empty file may become one of metrics: all else is somebody's data. */
static bool is_ours(const char *path)
{
	char head[METRICS_START];
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	ssize_t n = fd < 0 ? -1 : fd_pread_all(fd, head, sizeof head, 0);
	if (fd >= 0)
		close(fd);
	return n <= 0 || metrics_begins(head, (size_t)n);
}

static const char *bad_name(const char *name)
{
	if (!*name)
		return "must not be empty";
	if (strlen(name) > NAME_MAX_BYTES / 3)
		return "must not be longer than 64 bytes";
	return utf8_valid(name, strlen(name)) ? NULL : "must be UTF-8";
}

/* --metrics-name, else that of the environment. */
static void take_name(void)
{
	const char *env = getenv("SM_METRICS_NAME"), *name = report_options.name ? report_options.name : env && *env ? env : NULL;
	const char *why = name ? bad_name(name) : NULL;
	struct err e;
	if (why && report_options.name)
		opt_usage("--metrics-name %s", why);
	if (why) {
		err_set(&e, ERR_USAGE, "SM_METRICS_NAME %s: it is ignored", why);
		diag_warn(&e);
	} else if (name) {
		metrics_label(r.m, METRICS_LABEL_NAME, name);
	}
}

static void open_metrics(void)
{
	const char *env = getenv("SM_METRICS");
	struct stat st;
	r.optional = !report_options.metrics;
	/* Of a copy: smfetch clears its environment. */
	r.env = r.optional && env && *env ? mem_strdup(env) : NULL;
	r.path = r.optional ? r.env : report_options.metrics;
	take_name();
	if (r.path && !*r.path)
		bad_path("is not a folder");
	if (!r.path)
		return;
	r.next_file = r.start_ns + REPORT_EVERY_NS;
	const char *slash = strrchr(r.path, '/');
	if (stat(r.path, &st) == 0) {
		r.folder = S_ISDIR(st.st_mode);
		if (!r.folder && (r.optional || !S_ISREG(st.st_mode)))
			bad_path(r.optional ? "is not a folder" : "is neither a folder nor a file");
		else if (!r.folder && !is_ours(r.path))
			bad_path("holds something else than metrics");
	} else if (r.optional || !slash || !slash[1] || slash == r.path) {
		if (r.optional || (slash && !slash[1]))
			bad_path("is not a folder");
	} else {
		char *dir = mem_strndup(r.path, (size_t)(slash - r.path));
		bool there = stat(dir, &st) == 0 && S_ISDIR(st.st_mode);
		mem_free(dir);
		if (!there)
			bad_path("is in a folder that does not exist");
	}
}

/* Before any other thread: they inherit which signals are not for them. */
static void start_thread(void)
{
	struct sigaction sa = { .sa_handler = on_pipe }, was;
	sigset_t all, set;
	struct err e;
	/* The thread takes none but those that it waits for: a handler is to interrupt the main one. */
	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &set);
	int code = pthread_create(&r.thread, NULL, run, NULL);
	pthread_sigmask(SIG_SETMASK, &set, NULL);
	signals(&set);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	if (code) {
		err_sys(&e, code, "cannot start a thread");
		exit(diag_fail(&e));
	}
	r.running = true;
	sigemptyset(&sa.sa_mask);
	if ((r.path || r.fd >= 0) && sigaction(SIGPIPE, NULL, &was) == 0 && was.sa_handler == SIG_DFL)
		sigaction(SIGPIPE, &sa, NULL);
}

void report_start(const char *tool)
{
	r.tool = tool;
	r.start_ns = clock_mono_ns();
	r.start_us = clock_now_us();
	r.m = metrics_new(tool);
	/* A tool that metrics/names.h does not know has nothing to say, which the tests notice. */
	if (!r.m)
		return;
	open_metrics();
	open_stats();
	r.live = progress_start(tool, r.m, r.start_ns);
	on_exit(at_exit, NULL);
	if (r.path || r.fd >= 0 || r.live)
		metrics_watch(r.m);
	if (r.path || r.fd >= 0 || r.usr1 || r.live)
		start_thread();
}
