/* SPDX-License-Identifier: MIT */
/* fd - reads and writes that a signal does not cut short.
 *
 * Errors: as read(2) and write(2), but EINTR is tried again. Threads: safe. Cost: the system calls.
 */
#ifndef SM_BASE_FD_H
#define SM_BASE_FD_H

#include <stddef.h>
#include <sys/types.h>

ssize_t fd_read(int fd, void *to, size_t n);                       /* what is there; 0 at the end, -1: errno */
ssize_t fd_pread_all(int fd, void *to, size_t n, off_t at);        /* less than N only at the end; -1: errno */
int fd_write_all(int fd, const void *p, size_t n);                 /* 0, or the errno of the write that failed */

#endif
