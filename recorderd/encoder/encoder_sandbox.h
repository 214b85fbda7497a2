/*
 * encoder_sandbox.h - the sandbox of the FFmpeg that records: it decodes whatever the camera sends, as the user whose
 * the footage is. It reads its libraries and, where it encodes by hardware, uses those devices; everything else goes
 * over its pipes.
 */
#ifndef RECORDERD_ENCODER_ENCODER_SANDBOX_H
#define RECORDERD_ENCODER_ENCODER_SANDBOX_H

#include "shared/config/config.h"
#include "shared/sandbox/sandbox.h"

/* As record.sandbox says. NULL without memory. To be closed with sandbox_close(). */
struct sandbox *encoder_sandbox_open(const struct config_record *record);

/* How far the newest child is kept in; a line in the log when that becomes another (`known` is what it was). */
void encoder_sandbox_update(const struct sandbox *sandbox, struct sandbox_state *known);

#endif
