/* SPDX-License-Identifier: MIT */
/* The file of a quota: mapped, locked, made anew after a reboot. */
#include "rate/share.h"

#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#define MAGIC "SMSHARE1"
#define SETTINGS 80
#define BOOT_ID "/proc/sys/kernel/random/boot_id"
/* Locks: who holds byte 0 may change the file; who uses the file holds byte 1, shared. */
#define LOCK_CHANGE 0
#define LOCK_USE 1

struct time_of {
	int64_t tat;
	double carry;
};

struct file {
	char magic[8];
	uint32_t records, bytes;
	unsigned char boot[16];
	struct share_limit by_record, by_byte;
	struct time_of record, byte;
	uint32_t crc, rest[3];
};
_Static_assert(sizeof(struct file) == 128 && offsetof(struct file, record) == SETTINGS, "as rate/share.h says");

struct share {
	int fd;
	char *path;
	struct file *map;
};

static int lock(struct share *s, off_t at, short type, bool wait, struct err *e)
{
	struct flock l = { .l_type = type, .l_whence = SEEK_SET, .l_start = at, .l_len = 1 };
	int rc;
	do
		rc = fcntl(s->fd, wait ? F_OFD_SETLKW : F_OFD_SETLK, &l);
	while (rc < 0 && errno == EINTR);
	if (rc == 0)
		return 0;
	if (!wait && (errno == EAGAIN || errno == EACCES))
		return ERR_CONFLICT;
	err_sys(e, errno, "cannot lock");
	return err_at(e, s->path, 0, 0);
}

static int bad(const struct share *s, const char *what, struct err *e)
{
	err_set(e, ERR_DATA, "%s; remove it to start afresh", what);
	return err_at(e, s->path, 0, 0);
}

static void boot_id(unsigned char id[16])
{
	char text[64];
	int fd = open(BOOT_ID, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd >= 0 ? read(fd, text, sizeof text) : 0;
	size_t k = 0;
	memset(id, 0, 16);
	for (ssize_t i = 0; i < n && k < 32; i++) {
		const char *digits = "0123456789abcdef", *d = text[i] ? strchr(digits, text[i]) : NULL;
		if (d) {
			id[k / 2] = (unsigned char)(id[k / 2] << 4 | (d - digits));
			k++;
		}
	}
	if (fd >= 0)
		close(fd);
}

static struct file wanted(const struct share_limits *l)
{
	struct file f = { .records = l->records, .bytes = l->bytes };
	memcpy(f.magic, MAGIC, sizeof f.magic);
	boot_id(f.boot);
	if (l->records)
		f.by_record = l->by_record;
	if (l->bytes)
		f.by_byte = l->by_byte;
	f.record.tat = f.byte.tat = INT64_MIN / 4;
	f.crc = (uint32_t)crc32(0, (const Bytef *)&f, SETTINGS);
	return f;
}

static int map(struct share *s, bool *fresh, struct err *e)
{
	struct stat st;
	if (fstat(s->fd, &st) != 0) {
		err_sys(e, errno, "cannot access it");
		return err_at(e, s->path, 0, 0);
	}
	*fresh = st.st_size == 0;
	if (!S_ISREG(st.st_mode) || (!*fresh && st.st_size != sizeof(struct file)))
		return bad(s, "not a quota file of smrate", e);
	if (*fresh && ftruncate(s->fd, sizeof(struct file)) != 0) {
		err_sys(e, errno, "cannot create it");
		return err_at(e, s->path, 0, 0);
	}
	void *p = mmap(NULL, sizeof(struct file), PROT_READ | PROT_WRITE, MAP_SHARED, s->fd, 0);
	if (p == MAP_FAILED) {
		err_sys(e, errno, "cannot map it");
		return err_at(e, s->path, 0, 0);
	}
	s->map = p;
	/* Who made it may have been killed before it was filled in. */
	static const char none[8];
	*fresh = memcmp(s->map->magic, none, sizeof none) == 0 && s->map->crc == 0;
	return 0;
}

/* Under the lock: make the file what we want, or find out why it is not. */
static int agree(struct share *s, bool fresh, const struct file *want, struct err *e)
{
	struct file *f = s->map;
	if (!fresh && memcmp(f->magic, MAGIC, sizeof f->magic) != 0) {
		bool newer = memcmp(f->magic, MAGIC, sizeof f->magic - 1) == 0;
		return bad(s, newer ? "its format is newer than this program supports" : "not a quota file of smrate", e);
	}
	if (!fresh && f->crc != (uint32_t)crc32(0, (const Bytef *)f, SETTINGS))
		return bad(s, "it is damaged", e);
	bool same_boot = !fresh && memcmp(f->boot, want->boot, sizeof f->boot) == 0;
	if (same_boot && f->crc == want->crc && memcmp(f, want, SETTINGS) == 0)
		return lock(s, LOCK_USE, F_RDLCK, true, e);
	int rc = lock(s, LOCK_USE, F_WRLCK, false, e);
	if (rc == ERR_CONFLICT) {
		err_set(e, ERR_CONFLICT, "it is in use by a process with other limits");
		return err_at(e, s->path, 0, 0);
	}
	if (rc != 0)
		return rc;
	struct file to = *want;
	if (same_boot) {
		to.record = f->record;
		to.byte = f->byte;
	}
	/* The name comes last: until then the file counts as not yet filled in. */
	memset(f->magic, 0, sizeof f->magic);
	f->crc = 0;
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	memcpy((char *)f + sizeof f->magic, (const char *)&to + sizeof f->magic, sizeof *f - sizeof f->magic);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	memcpy(f->magic, to.magic, sizeof f->magic);
	return lock(s, LOCK_USE, F_RDLCK, true, e);
}

int share_open(struct share **out, const char *path, const struct share_limits *limits, struct err *e)
{
	struct share *s = mem_zalloc(sizeof *s);
	struct file want = wanted(limits);
	bool fresh = false;
	s->path = mem_strdup(path);
	s->fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
	int rc = 0;
	if (s->fd < 0) {
		err_sys(e, errno, "cannot open");
		rc = err_at(e, path, 0, 0);
	}
	if (rc == 0)
		rc = lock(s, LOCK_CHANGE, F_WRLCK, true, e);
	if (rc == 0) {
		rc = map(s, &fresh, e);
		if (rc == 0)
			rc = agree(s, fresh, &want, e);
		int u = lock(s, LOCK_CHANGE, F_UNLCK, true, rc ? NULL : e);
		rc = rc ? rc : u;
	}
	if (rc != 0) {
		share_close(s);
		return rc;
	}
	*out = s;
	return 0;
}

void share_close(struct share *s)
{
	if (!s)
		return;
	if (s->map)
		munmap(s->map, sizeof *s->map);
	if (s->fd >= 0)
		close(s->fd);
	mem_free(s->path);
	mem_free(s);
}

static void from_file(struct gcra *g, const struct time_of *t)
{
	g->tat = __atomic_load_n(&t->tat, __ATOMIC_RELAXED);
	/* A holder that was killed between the two leaves less than a nanosecond wrong, if it is a fraction at all. */
	g->carry = t->carry >= 0 && t->carry < 1 ? t->carry : 0;
}

static void to_file(struct time_of *t, const struct gcra *g)
{
	t->carry = g->carry;
	__atomic_store_n(&t->tat, g->tat, __ATOMIC_RELAXED);
}

int share_due(struct share *s, struct shaper *shaper, uint64_t n, int64_t *due, struct err *e)
{
	struct stat st;
	int rc = lock(s, LOCK_CHANGE, F_WRLCK, true, e);
	if (rc != 0)
		return rc;
	/* A map behind the end of its file is a SIGBUS; somebody may have cut it short. */
	if (fstat(s->fd, &st) != 0 || st.st_size != sizeof *s->map) {
		rc = bad(s, "it was changed by another program", e);
	} else {
		from_file(&shaper->by_record, &s->map->record);
		from_file(&shaper->by_byte, &s->map->byte);
		*due = shaper_due(shaper, n);
		to_file(&s->map->record, &shaper->by_record);
		to_file(&s->map->byte, &shaper->by_byte);
	}
	int u = lock(s, LOCK_CHANGE, F_UNLCK, true, rc ? NULL : e);
	return rc ? rc : u;
}
