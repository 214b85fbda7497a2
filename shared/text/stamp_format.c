/* stamp_format.c - which formats of strftime(3) may be written into the picture. */
#include "shared/text/stamp_format.h"

#include <string.h>

#include "shared/text/json_value.h"

bool stamp_format_valid(const char *format)
{
	size_t length = strlen(format);

	if (length == 0 || length >= STAMP_FORMAT_BYTES || !json_text_is_utf8(format))
		return false;
	for (const char *at = format; *at; at++) {
		if ((unsigned char)*at < ' ' || *at == 0x7f)
			return false;
		if (*at != '%')
			continue;
		at++;
		if (*at == '\0' || !strchr("%aAbBcCdDeFgGhHIjklmMpPrRsSTuUVwWxXyYzZ", *at))
			return false;
	}
	return true;
}
