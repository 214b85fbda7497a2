/* fastcgi_validate.c - validates the beginning of a FastCGI connection. */
#include "fcgi/io/fastcgi_validate.h"

#include <fastcgi.h>
#include <stdbool.h>
#include <string.h>

/* A record (FastCGI specification 1.0, section 3.3). */
struct record {
	uint8_t type;
	size_t content_length;
	size_t bytes; /* of header, content and padding */
};

static enum fastcgi_validity read_record(const uint8_t *data, size_t length, struct record *out)
{
	if (length > 0 && data[0] != FCGI_VERSION_1)
		return FASTCGI_PARAMS_INVALID;
	if (length < FCGI_HEADER_LEN)
		return FASTCGI_PARAMS_INCOMPLETE;
	if (data[2] != 0 || data[3] != 1) /* one request per connection, whose ID is 1 with every known server */
		return FASTCGI_PARAMS_INVALID;
	out->type = data[1];
	out->content_length = (size_t)data[4] << 8 | data[5];
	out->bytes = FCGI_HEADER_LEN + out->content_length + data[6];
	return FASTCGI_PARAMS_VALID;
}

/* Padding is refused, since libfcgi would read it as further records, which have not been validated. */
static bool begins_request(const struct record *record, const uint8_t *content)
{
	return record->type == FCGI_BEGIN_REQUEST && record->content_length == 8 &&
	       record->bytes == FCGI_HEADER_LEN + record->content_length && content[0] == 0 &&
	       content[1] == FCGI_RESPONDER;
}

/*
 * Reads the length of a name or value (section 3.4): 1 byte, or 4 with the top bit set. Returns its size, 0 if cut off.
 */
static size_t read_length(const uint8_t *data, size_t left, uint32_t *out)
{
	if (left < 1)
		return 0;
	*out = data[0];
	if (data[0] < 0x80)
		return 1;
	if (left < 4)
		return 0;
	*out = (uint32_t)(data[0] & 0x7f) << 24 | (uint32_t)data[1] << 16 | (uint32_t)data[2] << 8 | data[3];
	return 4;
}

static bool pairs_are_valid(const uint8_t *params, size_t length)
{
	size_t at = 0;
	while (at < length) {
		uint32_t name_length, value_length;
		size_t taken = read_length(params + at, length - at, &name_length);
		if (taken == 0)
			return false;
		at += taken;
		taken = read_length(params + at, length - at, &value_length);
		if (taken == 0)
			return false;
		at += taken;
		uint64_t bytes = (uint64_t)name_length + value_length;
		if (bytes > length - at || memchr(params + at, '\0', (size_t)bytes))
			return false;
		at += (size_t)bytes;
	}
	return true;
}

enum fastcgi_validity fastcgi_validate(uint8_t *data, size_t length)
{
	struct record record;
	size_t at = 0, params = 0;
	for (;;) {
		enum fastcgi_validity found = read_record(data + at, length - at, &record);
		if (found != FASTCGI_PARAMS_VALID)
			return found;
		if (at > 0 && record.type != FCGI_PARAMS)
			return FASTCGI_PARAMS_INVALID;
		if (record.bytes > length - at)
			return FASTCGI_PARAMS_INCOMPLETE;
		const uint8_t *content = data + at + FCGI_HEADER_LEN;
		if (at == 0 && !begins_request(&record, content))
			return FASTCGI_PARAMS_INVALID;
		if (at > 0 && record.content_length == 0)
			return pairs_are_valid(data, params) ? FASTCGI_PARAMS_VALID : FASTCGI_PARAMS_INVALID;
		/* A pair may span records, so their contents are joined at the front. */
		if (at > 0) {
			memmove(data + params, content, record.content_length);
			params += record.content_length;
		}
		at += record.bytes;
	}
}
