/* SPDX-License-Identifier: MIT */
/* Reads and writes that a signal does not cut short. */
#include "base/fd.h"

#include <errno.h>
#include <unistd.h>

ssize_t fd_read(int fd, void *to, size_t n)
{
	ssize_t r;
	do
		r = read(fd, to, n);
	while (r < 0 && errno == EINTR);
	return r;
}

ssize_t fd_pread_all(int fd, void *to, size_t n, off_t at)
{
	size_t got = 0;
	while (got < n) {
		ssize_t r = pread(fd, (char *)to + got, n - got, at + (off_t)got);
		if (r < 0 && errno == EINTR)
			continue;
		if (r < 0)
			return -1;
		if (r == 0)
			break;
		got += (size_t)r;
	}
	return (ssize_t)got;
}

int fd_write_all(int fd, const void *p, size_t n)
{
	const char *at = p;
	while (n) {
		ssize_t w = write(fd, at, n);
		if (w < 0 && errno != EINTR)
			return errno;
		if (w > 0) {
			at += w;
			n -= (size_t)w;
		}
	}
	return 0;
}
