/* percent.c - percent-encoding. */
#include "fcgi/http/percent.h"

#include "shared/base/hex.h"

bool percent_decode(const char *text, size_t length, bool plus_is_space, char *out, size_t bytes)
{
	size_t decoded = 0;

	for (size_t i = 0; i < length; i++) {
		char c = plus_is_space && text[i] == '+' ? ' ' : text[i];
		if (c == '%') {
			int byte = length - i > 2 ? hex_byte(text + i + 1) : -1;
			if (byte < 0)
				return false;
			c = (char)byte;
			i += 2;
		}
		if (c == '\0' || decoded + 1 >= bytes)
			return false;
		out[decoded++] = c;
	}
	out[decoded] = '\0';
	return true;
}
