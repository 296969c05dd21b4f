/* SPDX-License-Identifier: MIT */
/* num - whole numbers, sizes and rates as people type them. Whole input or false. */
#ifndef SM_BASE_NUM_H
#define SM_BASE_NUM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

bool num_u64(const char *s, size_t n, uint64_t *v);  /* digits only, no sign */
bool num_i64(const char *s, size_t n, int64_t *v);   /* optional '-' */
bool num_size(const char *s, size_t n, uint64_t *bytes); /* 4096 64KiB 128MiB 1GB 2G (= GiB) */
/* `50/s`, `300/15m`, `2.5/s`, `10/h`: COUNT records in PER_NS nanoseconds. A plain number is a second's. */
bool num_rate(const char *s, size_t n, double *count, int64_t *per_ns);
size_t num_size_format(char *to, uint64_t bytes);    /* "1.4 MiB" for people, at most 24 bytes with NUL */

#endif
