#!/usr/bin/python3
"""An RTSP camera: GStreamer's RTSP server plays a film once for each client, in real time, with a login.

usage: rtsp_camera.py FILM PORT_FILE USER PASSWORD

FILM is an .mp4 with H.264. Exit status 77: Debian's GStreamer is not installed (gir1.2-gst-rtsp-server-1.0, python3-gi).
"""
import os
import sys

try:
    import gi
    gi.require_version("Gst", "1.0")
    gi.require_version("GstRtspServer", "1.0")
    from gi.repository import GLib, Gst, GstRtspServer
except (ImportError, ValueError):
    sys.exit(77)


def main():
    film, port_file, user, password = sys.argv[1:]
    Gst.init(None)
    if not all(Gst.ElementFactory.find(name) for name in ("qtdemux", "h264parse", "rtph264pay")):
        sys.exit(77)
    server = GstRtspServer.RTSPServer()
    server.set_address("127.0.0.1")
    server.set_service("0")
    factory = GstRtspServer.RTSPMediaFactory()
    factory.set_launch(f"( filesrc location={film} ! qtdemux ! h264parse config-interval=-1 ! rtph264pay name=pay0 pt=96 )")
    auth, token = GstRtspServer.RTSPAuth(), GstRtspServer.RTSPToken()
    token.set_string("media.factory.role", "viewer")
    auth.add_basic(GstRtspServer.RTSPAuth.make_basic(user, password), token)
    server.set_auth(auth)
    permissions = GstRtspServer.RTSPPermissions()
    permissions.add_permission_for_role("viewer", "media.factory.access", True)
    permissions.add_permission_for_role("viewer", "media.factory.construct", True)
    factory.set_permissions(permissions)
    server.get_mount_points().add_factory("/street", factory)
    server.attach(None)
    with open(port_file + ".new", "w", encoding="ascii") as file:
        file.write(str(server.get_bound_port()))
    os.rename(port_file + ".new", port_file)
    GLib.MainLoop().run()


main()
