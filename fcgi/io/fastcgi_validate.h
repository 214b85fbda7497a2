/*
 * fastcgi_validate.h - looks through the beginning of a FastCGI connection before libfcgi may read it: libfcgi would
 * wait for what is missing, believes the lengths of parameters (2.4.2 adds two of them into an int), and answers
 * management records into 64 bytes.
 */
#ifndef FCGI_IO_FASTCGI_VALIDATE_H
#define FCGI_IO_FASTCGI_VALIDATE_H

#include <stddef.h>
#include <stdint.h>

#define FASTCGI_PARAMS_MAX 65536u /* a request's parameters have to come within so many bytes */

enum fastcgi_validity {
	FASTCGI_PARAMS_VALID,      /* FCGI_BEGIN_REQUEST and all of FCGI_PARAMS */
	FASTCGI_PARAMS_INCOMPLETE, /* good so far */
	FASTCGI_PARAMS_INVALID,
};

/* Pure, but for `data`, which it uses as its workspace. */
enum fastcgi_validity fastcgi_validate(uint8_t *data, size_t length);

#endif
