"""A WebSocket client (RFC 6455) that takes no nonsense from a server."""
import base64
import hashlib
import json
import os
import socket
import struct
import time
import urllib.parse


class Refused(Exception):
    def __init__(self, status):
        super().__init__(status)
        self.status = status


class Closed(Exception):
    """code: of the close frame, or None when the connection just ended."""
    def __init__(self, code):
        super().__init__(code)
        self.code = code


class WebSocket:
    def __init__(self, url, timeout=30, receive_buffer=None, headers=(),
                 answer_pings=True, most=65535, wait=True):
        u = urllib.parse.urlsplit(url)
        assert u.scheme == "ws", url
        self.answer_pings, self.pings, self.data = answer_pings, 0, b""
        self.most = most
        self.s = socket.socket(
            socket.AF_INET6 if ":" in u.hostname else socket.AF_INET)
        if receive_buffer:
            self.s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF,
                              receive_buffer)
        self.s.settimeout(timeout)
        self.s.connect((u.hostname, u.port))
        self.key = key = base64.b64encode(os.urandom(16)).decode()
        lines = [f"GET {u._replace(scheme='', netloc='').geturl()} HTTP/1.1", f"Host: {u.netloc}",
                 "Upgrade: websocket", "Connection: Upgrade",
                 f"Sec-WebSocket-Key: {key}", "Sec-WebSocket-Version: 13",
                 *headers]
        self.s.sendall("\r\n".join(lines + ["", ""]).encode())
        if wait:
            self.opened()

    def opened(self):
        head = self.head().decode("latin-1").split("\r\n")
        status = int(head[0].split(" ")[1])
        if status != 101:
            self.s.close()
            raise Refused(status)
        fields = {k.lower(): v for k, _, v in
                  (line.partition(": ") for line in head[1:])}
        want = base64.b64encode(hashlib.sha1(
            (self.key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").encode()).digest())
        assert fields["sec-websocket-accept"] == want.decode(), fields
        assert fields["upgrade"].lower() == "websocket", fields
        assert "sec-websocket-protocol" not in fields, fields
        assert "sec-websocket-extensions" not in fields, fields

    def head(self):
        while b"\r\n\r\n" not in self.data:
            self.more()
        head, _, self.data = self.data.partition(b"\r\n\r\n")
        return head

    def more(self):
        try:
            part = self.s.recv(65536)
        except ConnectionError:
            part = b""
        if not part:
            raise Closed(None)
        self.data += part

    def take(self, n):
        while len(self.data) < n:
            self.more()
        part, self.data = self.data[:n], self.data[n:]
        return part

    def send(self, opcode, data=b""):
        assert len(data) < 65536
        size = struct.pack(">B", 0x80 | len(data)) if len(data) < 126 else \
            struct.pack(">BH", 0x80 | 126, len(data))
        mask = os.urandom(4)
        self.s.sendall(bytes([0x80 | opcode]) + size + mask + bytes(
            c ^ mask[i % 4] for i, c in enumerate(data)))

    def frame(self):
        first, second = self.take(2)
        assert first & 0x70 == 0 and first & 0x80, "reserved bit, or a part"
        assert second & 0x80 == 0, "a server masks nothing"
        size = second & 0x7f
        if size == 126:
            size, = struct.unpack(">H", self.take(2))
            assert size > 125, "not the shortest form"
        elif size == 127:
            size, = struct.unpack(">Q", self.take(8))
            assert size > 65535, "not the shortest form"
        assert size <= self.most, "larger than anything there is to say"
        return first & 0x0f, self.take(size)

    def read(self, timeout=30):
        """The next message; TimeoutError when there is none."""
        end = time.monotonic() + timeout
        while True:
            self.s.settimeout(max(end - time.monotonic(), .001))
            opcode, data = self.frame()
            if opcode == 1:
                return json.loads(data.decode("utf-8"))
            if opcode == 8:
                code = struct.unpack(">H", data[:2])[0] if data else None
                raise Closed(code)
            assert opcode == 9, opcode
            self.pings += 1
            if self.answer_pings:
                self.send(10, data)

    def close(self):
        self.s.close()
