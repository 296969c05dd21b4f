// SPDX-License-Identifier: MIT
/* The white space of Unicode, as Python splits at it. */
#include "text/unicode.h"

bool unicode_space(uint32_t cp)
{
	if (cp <= 0x20)
		return (cp >= 9 && cp <= 13) || cp >= 0x1c;
	return cp == 0x85 || cp == 0xa0 || cp == 0x1680 || (cp >= 0x2000 && cp <= 0x200a) || cp == 0x2028 || cp == 0x2029 ||
	       cp == 0x202f || cp == 0x205f || cp == 0x3000;
}
