/* problem.c - see problem.h. */
#include "fcgi/http/problem.h"

#include <stdint.h>

const char *problem_title(int status)
{
	static const struct {
		int status;
		const char *title;
	} titles[] = {
		{400, "Bad Request"},         {401, "Unauthorized"},          {403, "Forbidden"},
		{404, "Not Found"},           {405, "Method Not Allowed"},    {409, "Conflict"},
		{411, "Length Required"},     {412, "Precondition Failed"},   {413, "Content Too Large"},
		{414, "URI Too Long"},        {416, "Range Not Satisfiable"}, {421, "Misdirected Request"},
		{429, "Too Many Requests"},   {500, "Internal Server Error"}, {501, "Not Implemented"},
		{503, "Service Unavailable"}, {504, "Gateway Timeout"},       {507, "Insufficient Storage"},
	};
	for (size_t i = 0; i < sizeof(titles) / sizeof(titles[0]); i++)
		if (titles[i].status == status)
			return titles[i].title;
	return status >= 500 ? "Server Error" : "Client Error";
}

/* Bytes of the UTF-8 sequence at `text` (RFC 3629), 0 where it is none. */
static size_t utf8_length(const uint8_t *text)
{
	static const struct {
		uint8_t low, high, second_low, second_high;
		size_t length;
	} forms[] = {
		{0xc2, 0xdf, 0x80, 0xbf, 2}, {0xe0, 0xe0, 0xa0, 0xbf, 3}, {0xe1, 0xec, 0x80, 0xbf, 3},
		{0xed, 0xed, 0x80, 0x9f, 3}, {0xee, 0xef, 0x80, 0xbf, 3}, {0xf0, 0xf0, 0x90, 0xbf, 4},
		{0xf1, 0xf3, 0x80, 0xbf, 4}, {0xf4, 0xf4, 0x80, 0x8f, 4},
	};
	if (text[0] < 0x80)
		return 1;
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		if (text[0] < forms[i].low || text[0] > forms[i].high)
			continue;
		if (text[1] < forms[i].second_low || text[1] > forms[i].second_high)
			return 0;
		for (size_t j = 2; j < forms[i].length; j++)
			if ((text[j] & 0xc0) != 0x80)
				return 0;
		return forms[i].length;
	}
	return 0;
}

/* `detail` can quote what a client sent: whatever it is, the outcome is a JSON string (RFC 8259, section 7). */
static void append_json_string(struct buffer *out, const char *text)
{
	const uint8_t *at = (const uint8_t *)text;
	buffer_u8(out, '"');
	while (*at) {
		size_t length = utf8_length(at);
		if (*at == '"' || *at == '\\')
			buffer_printf(out, "\\%c", *at);
		else if (*at < 0x20)
			buffer_printf(out, "\\u%04x", *at);
		else if (length > 0)
			buffer_append(out, at, length);
		else
			buffer_append(out, "\\ufffd", 6);
		at += length > 0 ? length : 1;
	}
	buffer_u8(out, '"');
}

void problem_append(struct buffer *out, int status, const char *headers, const char *detail, bool head_only)
{
	struct buffer body = {0};
	const char *title = problem_title(status);
	buffer_printf(&body, "{\"type\":\"about:blank\",\"title\":\"%s\",\"status\":%d,\"detail\":", title, status);
	append_json_string(&body, detail);
	buffer_append(&body, "}\n", 2);

	buffer_printf(out,
		      "Status: %d %s\r\nContent-Type: application/problem+json\r\nContent-Length: %zu\r\n"
		      "Cache-Control: no-store\r\n%s\r\n",
		      status, title, body.length, headers ? headers : "");
	if (!head_only)
		buffer_append(out, body.data, body.length);
	if (body.failed)
		out->failed = true;
	buffer_finish(&body);
}
