/* store_answer.c - judges answers of the store. */
#include "offsite/store/store_answer.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "shared/base/clock.h"

#define CODE_BYTES    64
#define MESSAGE_BYTES 120

static const struct {
	const char *code;
	enum put_outcome outcome;
	const char *meaning;
} codes[] = {
	{"RequestTimeTooSkewed", PUT_SKEWED, "the clock of this machine differs too much from the store's"},
	{"InvalidAccessKeyId", PUT_REFUSED, "the store does not know this key"},
	{"SignatureDoesNotMatch", PUT_REFUSED, "the store refuses the signature: the secret or the region is wrong"},
	{"ExpiredToken", PUT_REFUSED, "the session token has expired"},
	{"InvalidToken", PUT_REFUSED, "the store does not accept the session token"},
	{"AuthorizationHeaderMalformed", PUT_REFUSED, "the store expects another region (store.region)"},
	{"AccessDenied", PUT_REFUSED, "this key may not put objects into the bucket"},
	{"NoSuchBucket", PUT_REFUSED, "the bucket does not exist"},
	{"QuotaExceeded", PUT_REFUSED, "the store is full: its quota is used up"},
	{"PermanentRedirect", PUT_REFUSED, "the bucket is at another address (store.url, store.region)"},
	{"BadDigest", PUT_CHANGED, "the store received other bytes than were sent"},
	{"XAmzContentSHA256Mismatch", PUT_CHANGED, "the store received other bytes than were sent"},
	{"NoSuchUpload", PUT_RETRY, "the store no longer knows an upload in parts"},
	{"InvalidPart", PUT_RETRY, "the store no longer has a part of an upload"},
	{"EntityTooLarge", PUT_REFUSED, "the store takes no object of that size"},
	{"SlowDown", PUT_RETRY, "the store asks to slow down"},
	{"ServiceUnavailable", PUT_RETRY, "the store is not available"},
	{"InternalError", PUT_RETRY, "the store failed"},
};

/* The text of the first element of that name, *length bytes. NULL: there is none. */
static const char *find_element(const char *body, const char *name, size_t *length)
{
	char tag[32];

	snprintf(tag, sizeof(tag), "<%s>", name);
	const char *at = strstr(body, tag);
	if (!at)
		return NULL;
	at += strlen(tag);
	*length = strcspn(at, "<");
	return at;
}

/* Copies as much of it as fits, without control bytes, to show it. Empty if there is none. */
static void element_text(const char *body, const char *name, char *out, size_t bytes)
{
	size_t length = 0;
	const char *text = find_element(body, name, &length);

	if (length >= bytes)
		length = bytes - 1;
	for (size_t i = 0; i < length; i++)
		out[i] = (char)(isprint((unsigned char)text[i]) ? text[i] : '?');
	out[length] = '\0';
}

bool store_answer_element(const struct store_answer *answer, const char *name, char *out, size_t bytes)
{
	size_t length;
	const char *text = find_element(answer->body, name, &length);

	if (!text || length >= bytes || text[length] != '<')
		return false;
	memcpy(out, text, length);
	out[length] = '\0';
	return true;
}

static enum put_outcome judge_code(const char *code, struct reason *why)
{
	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
		if (strcmp(codes[i].code, code) != 0)
			continue;
		reason_set(why, "%s (%s)", codes[i].meaning, code);
		return codes[i].outcome;
	}
	return PUT_DONE;
}

/* By the status alone, for stores and proxies that say nothing in the body. */
static enum put_outcome judge_status(long status, const char *code, const char *message, struct reason *why)
{
	const char *what = "the store refuses";
	enum put_outcome outcome = PUT_REFUSED;

	if (status >= 500 || status == 429 || status == 408) {
		what = "the store fails";
		outcome = PUT_RETRY;
	} else if (status == 400) {
		outcome = PUT_RETRY; /* bytes can be damaged on the way */
	} else if (status >= 300 && status < 400) {
		what = "the store redirects elsewhere, which is not followed (store.url)";
	}
	reason_set(why, "%s: status %ld%s%s%s%s", what, status, *code ? ", " : "", code, *message ? ": " : "", message);
	return outcome;
}

enum put_outcome store_answer_judge(struct store_answer *answer, struct reason *why)
{
	char code[CODE_BYTES], message[MESSAGE_BYTES];

	answer->body[answer->length < ANSWER_BODY_BYTES ? answer->length : ANSWER_BODY_BYTES] = '\0';
	if ((answer->status == 200 || answer->status == 201 || answer->status == 204) &&
	    !strstr(answer->body, "<Error>"))
		return PUT_DONE;
	element_text(answer->body, "Code", code, sizeof(code));
	element_text(answer->body, "Message", message, sizeof(message));
	enum put_outcome outcome = judge_code(code, why);
	if (outcome != PUT_DONE)
		return outcome;
	if (answer->status < 300) {
		reason_set(why, "the store answered %ld with an error in it: %s", answer->status,
			   *code ? code : "no code");
		return PUT_RETRY;
	}
	return judge_status(answer->status, code, message, why);
}

int64_t store_date_parse(const char *text)
{
	struct tm utc = {0};

	while (*text == ' ')
		text++;
	const char *end = strptime(text, "%a, %d %b %Y %H:%M:%S GMT", &utc);
	if (!end)
		return -1;
	int64_t us = (int64_t)timegm(&utc) * US_PER_S;
	return clock_is_plausible(us) ? us : -1;
}

bool store_header_value(const char *data, size_t bytes, const char *name, char *out, size_t out_bytes)
{
	size_t at = strlen(name);

	if (bytes <= at || strncasecmp(data, name, at) != 0)
		return false;
	while (at < bytes && data[at] == ' ')
		at++;
	while (bytes > at && (unsigned char)data[bytes - 1] <= ' ')
		bytes--;
	if (bytes - at >= out_bytes || memchr(data + at, '\0', bytes - at))
		return false;
	memcpy(out, data + at, bytes - at);
	out[bytes - at] = '\0';
	return true;
}
