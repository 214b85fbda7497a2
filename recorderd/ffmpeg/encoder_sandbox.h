/*
 * encoder_sandbox.h - the sandbox of the FFmpeg that records.
 *
 * FFmpeg decodes whatever the camera sends, as the user who owns the footage. In the sandbox it can read its libraries
 * and use the devices of a hardware encoder; everything else goes through its pipes.
 */
#ifndef RECORDERD_FFMPEG_ENCODER_SANDBOX_H
#define RECORDERD_FFMPEG_ENCODER_SANDBOX_H

#include "shared/config/config.h"
#include "shared/sandbox/sandbox.h"

/*
 * With the devices of `encoder`, which takes the place of record->encoder. record.sandbox can switch it off. Returns
 * NULL if memory runs out. To be closed with sandbox_close().
 */
struct sandbox *encoder_sandbox_open(const struct config_record *record, const char *encoder);

/* Updates `known` to the sandbox of the newest child, and logs it if that has changed. */
void encoder_sandbox_update(const struct sandbox *sandbox, struct sandbox_state *known);

#endif
