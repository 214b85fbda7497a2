/*
 * redact.h - takes passwords out of what programs write: FFmpeg quotes the whole URL of a camera in its messages.
 */
#ifndef SOURCE_REDACT_H
#define SOURCE_REDACT_H

/* Replaces what is between :// and the last @ of each URL in the text by dots, in place. Pure function. */
void redact_urls(char *text);

#endif
