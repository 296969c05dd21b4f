/* SPDX-License-Identifier: MIT */
/* A budget in a file that several processes map and lock. */
#include "base/mem.h"
#include "fetch/budget_int.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

#define MAGIC "smbudget"
#define FORMAT 1

struct head {
	char magic[8];
	uint64_t format, size, limits;   /* limits: a hash of them */
};

static uint64_t limits_hash(const struct budget *b)
{
	struct buf t = BUF_INIT;
	for (size_t i = 0; i < b->nlimits; i++)
		buf_printf(&t, "%llu/%lld%s ", (unsigned long long)b->limit[i].count, (long long)b->limit[i].per_us,
			   b->limit[i].daily ? "d" : "");
	uint64_t h = XXH3_64bits(t.p ? t.p : "", t.n);
	buf_release(&t);
	return h;
}

static void place(struct budget *b)
{
	char *p = (char *)b->map + sizeof(struct head);
	b->signals = (struct signals *)(void *)p;
	p += sizeof *b->signals;
	for (size_t i = 0; i < b->nlimits; i++) {
		struct window *w = &b->limit[i];
		w->state = (struct window_state *)(void *)p;
		p += sizeof *w->state;
		w->log = (int64_t *)(void *)p;
		p += w->slots * sizeof *w->log;
	}
}

static void begin(struct budget *b)
{
	struct head *h = b->map;
	h->format = FORMAT;
	h->size = b->size;
	h->limits = limits_hash(b);
	b->signals->limit = b->signals->remaining = -1;
	b->signals->used_pct = NAN;
	memcpy(h->magic, MAGIC, sizeof h->magic);    /* last: now it is filled in */
}

static void file_name(struct buf *path, const char *folder, const char *name)
{
	buf_printf(path, "%s/", folder);
	for (const char *s = name; *s && path->n < 180; s++)
		buf_putc(path, (*s >= 'a' && *s <= 'z') || (*s >= 'A' && *s <= 'Z') || (*s >= '0' && *s <= '9') ||
				       *s == '.' || *s == '-'
				   ? *s
				   : '_');
	buf_printf(path, "-%016llx.budget", (unsigned long long)XXH3_64bits(name, strlen(name)));
}

/* The file is there and locked: is it ours, and of the same limits? *FRESH: nobody has filled it in yet. */
static int check(const struct budget *b, bool *fresh, struct err *e)
{
	struct head h = { 0 };
	ssize_t n = pread(b->fd, &h, sizeof h, 0);
	if (n < 0)
		return err_sys(e, errno, "cannot read");
	/* Whoever made it may have died before it was filled in. */
	*fresh = n == 0 || !h.magic[0];
	if (*fresh)
		return 0;
	if (n < (ssize_t)sizeof h || memcmp(h.magic, MAGIC, sizeof h.magic) != 0 || h.format != FORMAT)
		return err_set(e, ERR_DATA, "is not a shared budget of this release");
	if (h.size != b->size || h.limits != limits_hash(b))
		return err_set(e, ERR_CONFLICT,
			       "was created for other limits than '%s' has now: remove it when no process uses it", b->name);
	return 0;
}

static int map_it(struct budget *b, bool fresh, struct err *e)
{
	/* A full disk is an error here, and no SIGBUS later. */
	int errnum = fresh ? posix_fallocate(b->fd, 0, (off_t)b->size) : 0;
	if (errnum)
		return err_sys(e, errnum, "cannot allocate space");
	b->map = mmap(NULL, b->size, PROT_READ | PROT_WRITE, MAP_SHARED, b->fd, 0);
	if (b->map == MAP_FAILED) {
		b->map = NULL;
		return err_sys(e, errno, "cannot map");
	}
	place(b);
	if (fresh)
		begin(b);
	return 0;
}

static int map_file(struct budget *b, const char *path, struct err *e)
{
	bool fresh = false;
	b->fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
	if (b->fd < 0)
		return err_sys(e, errno, "cannot open");
	budget_lock(b);
	int rc = check(b, &fresh, e);
	if (rc == 0)
		rc = map_it(b, fresh, e);
	budget_unlock(b);
	return rc;
}

int budget_map(struct budget *b, const char *folder, struct err *e)
{
	struct buf path = BUF_INIT;
	int rc = 0;
	b->size = sizeof(struct head) + sizeof(struct signals);
	for (size_t i = 0; i < b->nlimits; i++)
		b->size += sizeof(struct window_state) + b->limit[i].slots * sizeof(int64_t);
	if (!folder) {
		b->map = mem_zalloc(b->size);
		place(b);
		begin(b);
		return 0;
	}
	if (mkdir(folder, 0777) < 0 && errno != EEXIST)
		rc = err_sys(e, errno, "cannot create the folder of shared budgets");
	file_name(&path, folder, b->name);
	if (rc == 0)
		rc = map_file(b, buf_cstr(&path), e);
	if (rc < 0)
		err_at(e, buf_cstr(&path), 0, 0);
	buf_release(&path);
	return rc;
}

void budget_unmap(struct budget *b)
{
	if (b->fd < 0)
		mem_free(b->map);
	else if (b->map)
		munmap(b->map, b->size);
	if (b->fd >= 0)
		close(b->fd);
}

/* flock(2) does not fail on a file that is open, but for signals. The kernel lets it go when the process ends. */
void budget_lock(const struct budget *b)
{
	while (b->fd >= 0 && flock(b->fd, LOCK_EX) < 0 && errno == EINTR)
		;
}

void budget_unlock(const struct budget *b)
{
	if (b->fd >= 0)
		flock(b->fd, LOCK_UN);
}
