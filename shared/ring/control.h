/*
 * control.h - how a running recorder is told to change something: a UNIX stream socket (unix(7)), NAME.control in the
 * folder of the recorder's user (user_folder.h). No other user can take its place; what a crash leaves of it refuses
 * connections, and the next recorder of the camera replaces it.
 *
 * A connection carries one line of JSON (RFC 8259) each way, at most CONTROL_LINE_BYTES with its line feed; then the
 * recorder closes it.
 *
 *   {"recording":"off"}                          also "on"
 *   {"control":"brightness","value":128}         a V4L2 control; the value a number, true/false, or a text as in
 *                                                [controls] (a menu entry, on, off)
 *
 *   {"outcome":"done","recording":"off"}         what is now
 *   {"outcome":"done","control":"brightness","value":128}
 *   {"outcome":"refused","sentence":"..."}       the request is wrong: what would be right
 *   {"outcome":"unavailable","sentence":"..."}   not now: there is no camera, or too much is under way
 *
 * Before it answers, the recorder has published what changed in the ring's header. Changes last until the recorder
 * ends; a camera control also until the camera is opened again, when [controls] counts.
 */
#ifndef SHARED_RING_CONTROL_H
#define SHARED_RING_CONTROL_H

#include <sys/socket.h>
#include <sys/un.h>

#define CONTROL_LINE_BYTES 4096

/*
 * The address of this user's recorder of the camera of that name (camera.name); returns its length. 0 where this user
 * has no folder: what is in its place may be a stranger's, who would be told and believed.
 */
socklen_t control_address(const char *camera, struct sockaddr_un *out);

#endif
