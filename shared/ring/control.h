/*
 * control.h - the address of a recorder's control socket, and the requests that it takes.
 *
 * The socket is a UNIX stream socket (unix(7)), NAME.control in the folder of the recorder's user (user_folder.h). No
 * other user can put a socket there. What a crash leaves behind refuses connections until the camera's next recorder
 * replaces it.
 *
 * A connection carries one line of JSON (RFC 8259) in each direction, at most CONTROL_LINE_BYTES including the line
 * feed. Then the recorder closes it.
 *
 *   {"recording":"off"}                          also "on"
 *   {"power":"off"}                              also "on": closes the camera's device, or opens it again
 *   {"control":"brightness","value":128}         a V4L2 control; the value is a number, true/false, or a text as in
 *                                                [controls] (a menu entry, on, off)
 *
 *   {"setup":{"device":"/dev/video0","width":1280,"height":720,"fps":30,"format":"mjpeg",
 *             "controls":{"brightness":128}}}    writes these keys of [camera] and [controls] into recorder.ini; any of
 *                                                them may be missing (recorderd/setup/config_replace.h)
 *   {"setup":{}}                                 asks what is chosen
 *
 *   {"outcome":"done","recording":"off"}         the state after the change
 *   {"outcome":"done","power":"off"}
 *   {"outcome":"done","control":"brightness","value":128}
 *   {"outcome":"done","file":"/etc/recorder/camera.ini","device":"auto","width":1280,"height":720,"fps":60,
 *    "format":"auto","controls":{"brightness":"128"}}
 *   {"outcome":"done","restarts":true}           it is written. A choice for [camera] is applied by a restart of this
 *                                                recorder, which begins now; one for [controls] at once
 *   {"outcome":"unwritable","sentence":"..."}    this recorder may not write its recorder.ini; nothing has changed
 *   {"outcome":"refused","sentence":"..."}       the request is wrong; the sentence says what is expected
 *   {"outcome":"unavailable","sentence":"..."}   not possible now: there is no camera, or too many requests are pending
 *
 * The recorder publishes the change in the ring's header before it answers. Changes last until the recorder exits. A
 * camera control lasts only until the camera is opened again, when the recorder applies [controls].
 */
#ifndef SHARED_RING_CONTROL_H
#define SHARED_RING_CONTROL_H

#include <sys/socket.h>
#include <sys/un.h>

#define CONTROL_LINE_BYTES 4096

/*
 * The address of the recorder that this user runs for the camera of that name (camera.name). Returns its length, or 0
 * if this user has no folder: a socket found anywhere else could belong to another user.
 */
socklen_t control_address(const char *camera, struct sockaddr_un *out);

#endif
