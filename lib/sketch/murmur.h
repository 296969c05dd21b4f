/* SPDX-License-Identifier: MIT */
/* murmur - MurmurHash3_x64_128, the same value on every machine and in every version.
 *
 * For what is written to disk or merged with others' sketches (Apache DataSketches and Spark use it with seed 9001);
 * tables in memory use base/hash.h. Source: A. Appleby, MurmurHash3 (public domain), the published algorithm.
 */
#ifndef SM_SKETCH_MURMUR_H
#define SM_SKETCH_MURMUR_H

#include <stddef.h>
#include <stdint.h>

#define MURMUR_SEED 9001

void murmur3_128(const void *p, size_t n, uint64_t seed, uint64_t out[2]);

#endif
