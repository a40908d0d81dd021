"""An RTSP server on loopback that serves files as cameras. Runs under Debian's own python3, which has GStreamer.

Not imported by tests: `tests/rtsp/server.py` starts it. It speaks JSON, one object a line. The first line on stdin is
the set-up: `port` (0: any), `user`, `password` and `certificate` (null: none), and
`"mounts": {"/cam": {"kind": "h264", "path": "/a.mp4"}}`. The answer on stdout is `{"port": 40123}` once it listens.
Then one command a line, each answered with one line:

- `{"do": "add", "mount": "/cam", "media": {...}}`; clients that are connected stay as they are
- `{"do": "remove", "mount": "/cam"}`: new clients get 404; connected ones stay
- `{"do": "disconnect"}`: every connection is closed
- `{"do": "clients"}`: how many are connected

It ends when stdin ends, so it outlives nobody.
"""

import json
import os
import sys
import threading

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtsp", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import Gio, GLib, Gst, GstRtsp, GstRtspServer  # noqa: E402

PIPELINES = {
    "h264": "filesrc name=file ! qtdemux ! queue ! h264parse ! rtph264pay name=pay0 pt=96 config-interval=1",
    "hevc": "filesrc name=file ! qtdemux ! queue ! h265parse ! rtph265pay name=pay0 pt=96 config-interval=1",
    # MPEG-TS may change its picture size on the way, which MP4 cannot.
    "h264-ts": "filesrc name=file ! tsdemux ! queue ! h264parse ! rtph264pay name=pay0 pt=96 config-interval=1",
    "hevc-ts": "filesrc name=file ! tsdemux ! queue ! h265parse ! rtph265pay name=pay0 pt=96 config-interval=1",
    "audio": "audiotestsrc is-live=true ! audioconvert ! alawenc ! rtppcmapay name=pay0 pt=8",
}


class FileMedia(GstRtspServer.RTSPMediaFactory):
    """One mount. Everyone who is connected at the same time sees the same; the first begins at the beginning."""

    def __init__(self, kind, path):
        super().__init__()
        self._pipeline, self._path = PIPELINES[kind], path
        self.set_shared(kind != "audio")

    def do_create_element(self, url):
        element = Gst.parse_launch(f"( {self._pipeline} )")
        if self._path is not None:
            # Not part of the description: a path may hold blanks and quotes.
            element.get_by_name("file").set_property("location", self._path)
        return element


class Server:
    def __init__(self, setup):
        self._server = GstRtspServer.RTSPServer()
        self._server.set_address("127.0.0.1")
        self._server.set_service(str(setup["port"]))
        self._role = None
        if setup.get("user"):
            self._require(setup["user"], setup["password"], setup.get("certificate"))
        for mount, media in setup["mounts"].items():
            self.add(mount, media)
        if self._server.attach(None) == 0:
            raise SystemExit(f"cannot listen on port {setup['port']}")
        self.port = self._server.get_bound_port()

    def _require(self, user, password, certificate):
        auth = GstRtspServer.RTSPAuth()
        auth.set_supported_methods(GstRtsp.RTSPAuthMethod.DIGEST)
        token = GstRtspServer.RTSPToken()
        token.set_string("media.factory.role", "viewer")
        if certificate is not None:
            auth.set_tls_certificate(Gio.TlsCertificate.new_from_file(certificate))
        auth.add_digest(user, password, token)
        self._server.set_auth(auth)
        self._role = "viewer"

    def add(self, mount, media):
        factory = FileMedia(media["kind"], media.get("path"))
        if self._role:
            permissions = GstRtspServer.RTSPPermissions()
            permissions.add_permission_for_role(self._role, "media.factory.access", True)
            permissions.add_permission_for_role(self._role, "media.factory.construct", True)
            factory.set_permissions(permissions)
        self._server.get_mount_points().add_factory(mount, factory)

    def remove(self, mount):
        self._server.get_mount_points().remove_factory(mount)

    def disconnect(self):
        self._server.client_filter(lambda server, client: GstRtspServer.RTSPFilterResult.REMOVE)

    def clients(self):
        return len(self._server.client_filter(lambda server, client: GstRtspServer.RTSPFilterResult.REF))

    def obey(self, command):
        verb = command["do"]
        if verb == "add":
            return self.add(command["mount"], command["media"])
        if verb == "remove":
            return self.remove(command["mount"])
        if verb == "disconnect":
            return self.disconnect()
        if verb == "clients":
            return self.clients()
        raise SystemExit(f"no such command: {verb}")


def answer(value):
    sys.stdout.write(json.dumps(value) + "\n")
    sys.stdout.flush()


def main():
    Gst.init(None)
    loop = GLib.MainLoop()
    server = Server(json.loads(sys.stdin.readline()))

    def obey(line):
        answer({"ok": server.obey(json.loads(line))})

    def listen():
        for line in sys.stdin:
            GLib.idle_add(obey, line)
        # The loop may hang in a pipeline; nobody is left to care.
        os._exit(0)

    threading.Thread(target=listen, daemon=True).start()
    answer({"port": server.port})
    loop.run()


if __name__ == "__main__":
    main()
