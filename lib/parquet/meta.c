/* SPDX-License-Identifier: MIT */
#include "parquet/meta.h"
static const char *const encoding_names[] = { "PLAIN", "1", "PLAIN_DICTIONARY", "RLE", "BIT_PACKED",
	"DELTA_BINARY_PACKED", "DELTA_LENGTH_BYTE_ARRAY", "DELTA_BYTE_ARRAY", "RLE_DICTIONARY", "BYTE_STREAM_SPLIT" };
static const char *const codec_names[] = { "uncompressed", "snappy", "gzip", "lzo", "brotli", "lz4", "zstd", "lz4_raw" };

const char *pq_encoding_name(int encoding)
{
	bool known = encoding >= 0 && (size_t)encoding < sizeof encoding_names / sizeof encoding_names[0];
	return known ? encoding_names[encoding] : "an unknown encoding";
}

const char *pq_file_codec_name(int codec)
{
	bool known = codec >= 0 && (size_t)codec < sizeof codec_names / sizeof codec_names[0];
	return known ? codec_names[codec] : "an unknown";
}
