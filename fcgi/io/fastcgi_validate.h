/*
 * fastcgi_validate.h - validates the beginning of a FastCGI connection before libfcgi reads it.
 *
 * libfcgi would wait for what is missing. It trusts the lengths of parameters (2.4.2 adds two of them in an int), and
 * it answers management records in a buffer of 64 bytes.
 */
#ifndef FCGI_IO_FASTCGI_VALIDATE_H
#define FCGI_IO_FASTCGI_VALIDATE_H

#include <stddef.h>
#include <stdint.h>

#define FASTCGI_PARAMS_MAX 65536u /* the parameters of a request must end within these bytes */

enum fastcgi_validity {
	FASTCGI_PARAMS_VALID,      /* FCGI_BEGIN_REQUEST and all of FCGI_PARAMS are there */
	FASTCGI_PARAMS_INCOMPLETE, /* valid so far */
	FASTCGI_PARAMS_INVALID,
};

/* Uses `data` as its workspace. */
enum fastcgi_validity fastcgi_validate(uint8_t *data, size_t length);

#endif
