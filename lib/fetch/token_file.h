/* SPDX-License-Identifier: MIT */
/* token_file - session tokens kept between runs, for those who ask for it (--token-cache).
 *
 * DIR/NAME-<hash of the address>.token, mode 0600, written under another name and renamed:
 * {"v":1,"salt":"…","for":"…","token":"…","ends":<epoch s>}. `for` tells the login by all that it sends, a password
 * too: so it is salted and costly to try (PBKDF2, SHA-256). One that is of another login, at its end, or that others
 * can read, is passed over. Failures are not errors: then there is a login. Threads: pure. Ownership: the caller wipes
 * what it is given. Cost: some 50 ms.
 */
#ifndef SM_FETCH_TOKEN_FILE_H
#define SM_FETCH_TOKEN_FILE_H

#include "fetch/request.h"

/* DIR NULL: nothing is kept. LOGIN is the request that gets the token. LIFE: seconds that are left. */
bool token_file_load(const char *dir, const char *name, const struct request *login, struct buf *token, double *life);
void token_file_save(const char *dir, const char *name, const struct request *login, const char *token, size_t n,
		     double life);

#endif
