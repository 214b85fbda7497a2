/* hex.h - hexadecimal digits. */
#ifndef SHARED_BASE_HEX_H
#define SHARED_BASE_HEX_H

/* The value of a digit in either case, or -1 for any other character. */
static inline int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* The value of two digits, or -1 if there are not two. Reads nothing after a NUL. */
static inline int hex_byte(const char *at)
{
	int high = hex_digit(at[0]), low = high < 0 ? -1 : hex_digit(at[1]);

	return low < 0 ? -1 : high << 4 | low;
}

#endif
