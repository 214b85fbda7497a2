/* record_check.h - whether a record that recorder-motion sent can be true. Pure. */
#ifndef RECORDERD_MOTION_RECORD_CHECK_H
#define RECORDERD_MOTION_RECORD_CHECK_H

#include "recorderd/motion/captured_seconds.h"
#include "shared/motion/motion_record.h"

/*
 * Returns NULL if it can, and takes its second from `captured`; otherwise what is wrong with it, as the end of a
 * sentence: "sent …".
 */
const char *record_check(const struct motion_record *record, struct captured_seconds *captured);

#endif
