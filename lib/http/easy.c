/* SPDX-License-Identifier: MIT */
/* What every connection asks of libcurl, and what libcurl's codes mean. */
#include "http/loop.h"

#include "base/ascii.h"
#include "base/mem.h"

#include <limits.h>
#include <stdio.h>

int64_t http_connect_ns(int64_t asked)
{
	return asked > 0 ? asked : 30 * NS_PER_SEC;
}

static long to_ms(int64_t ns)
{
	int64_t ms = ns / 1000000 + (ns % 1000000 != 0);
	return ms > INT_MAX ? INT_MAX : (long)ms;
}

int http_easy(CURL **easy, struct http *h, const struct url_parts *u, int64_t connect_ns, struct err *e)
{
	bool tls = !strcmp(u->scheme, "https") || !strcmp(u->scheme, "wss");
	const char *proxy = tls ? h->proxy_https : h->proxy_http;
	CURL *c = curl_easy_init();
	CURLcode rc = c ? CURLE_OK : CURLE_FAILED_INIT;
	HTTP_SET(rc, c, CURLOPT_NOSIGNAL, 1L);
	HTTP_SET(rc, c, CURLOPT_PROTOCOLS_STR, "http,https");
	HTTP_SET(rc, c, CURLOPT_FOLLOWLOCATION, 0L);
	HTTP_SET(rc, c, CURLOPT_DISALLOW_USERNAME_IN_URL, 1L);
	/* An address is asked for as it is written. */
	HTTP_SET(rc, c, CURLOPT_PATH_AS_IS, 1L);
	HTTP_SET(rc, c, CURLOPT_SSL_VERIFYPEER, 1L);
	HTTP_SET(rc, c, CURLOPT_SSL_VERIFYHOST, 2L);
	HTTP_SET(rc, c, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	if (h->cacert) {
		HTTP_SET(rc, c, CURLOPT_CAINFO, h->cacert);
		HTTP_SET(rc, c, CURLOPT_CAPATH, NULL);
	}
	/* Empty is not NULL: libcurl looks into the environment for what is NULL. */
	HTTP_SET(rc, c, CURLOPT_PROXY, proxy ? proxy : "");
	HTTP_SET(rc, c, CURLOPT_NOPROXY, h->no_proxy ? h->no_proxy : "");
	HTTP_SET(rc, c, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
	HTTP_SET(rc, c, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
	HTTP_SET(rc, c, CURLOPT_TCP_KEEPALIVE, 1L);
	HTTP_SET(rc, c, CURLOPT_CONNECTTIMEOUT_MS, to_ms(http_connect_ns(connect_ns)));
	/* A transfer that ends while its name is looked up does not wait for the look-up. */
	HTTP_SET(rc, c, CURLOPT_QUICK_EXIT, 1L);
	if (rc) {
		curl_easy_cleanup(c);
		return err_set(e, ERR_IO, "cannot set up libcurl: %s", curl_easy_strerror(rc));
	}
	*easy = c;
	return 0;
}

/* A handshake that broke off is worth another try, one that was refused is not. libcurl has one code for both; the
 * texts
 * are its own, for codes of the socket's, and OpenSSL's for an end of file. */
static bool broke_off(const char *error)
{
	static const char *const texts[] = { "SSL_connect: ", "unexpected eof", "Recv failure", "Send failure" };
	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
		if (strstr(error, texts[i]))
			return true;
	return false;
}

static enum http_failure failure_of(CURL *easy, CURLcode rc, const char *error)
{
	long proxy = 0;
	curl_easy_getinfo(easy, CURLINFO_HTTP_CONNECTCODE, &proxy);
	if (proxy && proxy / 100 != 2)
		return HTTP_CONNECT;
	switch (rc) {
	case CURLE_OK: return HTTP_OK;
	case CURLE_COULDNT_RESOLVE_HOST:
	case CURLE_COULDNT_RESOLVE_PROXY:
	case CURLE_COULDNT_CONNECT:
	case CURLE_PROXY:
	/* The only time limit that libcurl keeps for us. */
	case CURLE_OPERATION_TIMEDOUT: return HTTP_CONNECT;
	case CURLE_SSL_CONNECT_ERROR: return broke_off(error) ? HTTP_CONNECT : HTTP_TLS;
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_CACERT_BADFILE:
	case CURLE_SSL_CERTPROBLEM:
	case CURLE_SSL_CIPHER:
	case CURLE_SSL_CRL_BADFILE:
	case CURLE_SSL_ISSUER_ERROR:
	case CURLE_SSL_ENGINE_INITFAILED:
	case CURLE_SSL_INVALIDCERTSTATUS:
	case CURLE_USE_SSL_FAILED: return HTTP_TLS;
	case CURLE_PARTIAL_FILE:
	case CURLE_GOT_NOTHING:
	case CURLE_RECV_ERROR:
	case CURLE_SEND_ERROR:
	case CURLE_HTTP2:
	case CURLE_HTTP2_STREAM: return HTTP_CUT;
	/* libcurl says so of a header line above 100 KiB: that is the server's doing, and no reason to end. */
	case CURLE_OUT_OF_MEMORY: return HTTP_HEADERS;
	default: return HTTP_PROTOCOL;
	}
}

/* libcurl's text as one of ours: no capital, no full stop. */
static void as_ours(char *why, size_t cap, const char *text)
{
	snprintf(why, cap, "%s", text);
	size_t n = strlen(why);
	while (n && (why[n - 1] == '.' || why[n - 1] == '\n' || why[n - 1] == ' '))
		why[--n] = '\0';
	if (n > 1 && why[1] >= 'a' && why[1] <= 'z')
		why[0] = ascii_lower(why[0]);
}

enum http_failure http_why(char *why, size_t cap, CURL *easy, CURLcode rc, const char *error, int64_t connect_ns)
{
	char after[48] = "";
	long proxy = 0;
	enum http_failure f = failure_of(easy, rc, error);
	curl_easy_getinfo(easy, CURLINFO_HTTP_CONNECTCODE, &proxy);
	if (f == HTTP_OK)
		why[0] = '\0';
	else if (f == HTTP_CONNECT && proxy && proxy / 100 != 2)
		snprintf(why, cap, "the proxy responded with status %ld", proxy);
	else if (rc == CURLE_OPERATION_TIMEDOUT)
		snprintf(why, cap, "no connection after %.*s", (int)duration_format(after, http_connect_ns(connect_ns)), after);
	/* These texts name a host or a certificate at most; others may quote what came. */
	else if (f == HTTP_CONNECT || f == HTTP_TLS)
		as_ours(why, cap, *error ? error : curl_easy_strerror(rc));
	else if (rc == CURLE_GOT_NOTHING)
		snprintf(why, cap, "the connection was closed without a response");
	else if (rc == CURLE_PARTIAL_FILE)
		snprintf(why, cap, "the body is truncated");
	else if (f == HTTP_CUT)
		snprintf(why, cap, "the connection broke");
	else if (f == HTTP_HEADERS)
		snprintf(why, cap, "a header is too long, or libcurl is out of memory");
	else
		as_ours(why, cap, curl_easy_strerror(rc));
	return f;
}
