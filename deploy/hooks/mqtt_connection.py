"""Publishes messages to an MQTT broker, over TLS or without.

This is the part of MQTT 5 that a publisher needs (OASIS Standard, 7 March 2019; numbers in brackets are its sections):
CONNECT and CONNACK (3.1, 3.2), PUBLISH with QoS 1 and PUBACK (3.3, 3.4), DISCONNECT (3.14). It is version 5 because
only there PUBACK tells that a broker has refused a message. mosquitto_pub would take the password among its arguments,
where every user of the machine sees it, and it makes a connection for each topic.
"""
import os
import socket
import struct

CONNECT, CONNACK, PUBLISH, PUBACK, DISCONNECT = 1, 2, 3, 4, 14  # [2.1.2]
VERSION = 5
CLEAN_START, HAS_PASSWORD, HAS_USER = 0x02, 0x40, 0x80          # [3.1.2.3]
RETAIN, QOS_1 = 0x01, 0x02                                      # [3.3.1]
NO_PROPERTIES = b"\0"                                           # [2.2.2]
LONGEST_ANSWER = 65536                                          # bytes; far more than the properties of one
REASONS = {                                                     # [2.4], those that tell a user what to do
    0x01: "it does not support MQTT 5", 0x84: "it does not support MQTT 5", 0x86: "wrong user or password",
    0x87: "not authorized", 0x88: "it is unavailable", 0x89: "it is busy", 0x8a: "this client is banned",
    0x90: "invalid topic", 0x95: "the message is too large", 0x97: "quota exceeded", 0x9a: "it retains no messages",
    0x9b: "it does not support QoS 1", 0x9f: "too many connections",
}


class MqttError(Exception):
    """What the broker refused or did wrong, as the rest of a sentence that begins with its name."""


def utf8_string(value):
    """A string, or a password, after its length [1.5.4, 1.5.6]."""
    encoded = value.encode()
    return struct.pack(">H", len(encoded)) + encoded


def variable_integer(value):
    """Seven bits per byte, the lowest first [1.5.5]."""
    encoded = b""
    while value > 127:
        encoded, value = encoded + bytes([value & 127 | 128]), value >> 7
    return encoded + bytes([value])


def reason(code):
    """The text of a reason code, which is one byte or missing."""
    return REASONS.get(code[0], f"reason code 0x{code[0]:02x}") if code else "no reason given"


class MqttConnection:
    """with MqttConnection(...) as broker: broker.publish(topic, payload, retain=True). Raises MqttError and OSError."""

    def __init__(self, host, port, tls=None, user="", password="", timeout_s=20):
        self.packet_id = 0
        self.socket = socket.create_connection((host, port), timeout_s)
        try:
            if tls:
                self.socket = tls.wrap_socket(self.socket, server_hostname=host)
            self.log_in(user, password)
        except BaseException:
            self.socket.close()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        try:
            self.send(DISCONNECT, 0, b"")
        except OSError:
            pass  # the broker has acknowledged every message
        self.socket.close()

    def log_in(self, user, password):
        flags = CLEAN_START | (HAS_USER if user else 0) | (HAS_PASSWORD if password else 0)
        no_keep_alive = 0
        client_id = "recorder" + os.urandom(6).hex()
        self.send(CONNECT, 0, utf8_string("MQTT") + struct.pack(">BBH", VERSION, flags, no_keep_alive) + NO_PROPERTIES +
                  b"".join(map(utf8_string, [client_id] + [value for value in (user, password) if value])))
        answer = self.receive(CONNACK)
        if len(answer) < 2 or answer[1] != 0:
            raise MqttError("refused the connection: " + reason(answer[1:2]))

    def publish(self, topic, payload, retain=False):
        """Returns once the broker has accepted the message."""
        self.packet_id += 1
        packet_id = struct.pack(">H", self.packet_id)
        flags = QOS_1 | (RETAIN if retain else 0)
        self.send(PUBLISH, flags, utf8_string(topic) + packet_id + NO_PROPERTIES + payload)
        answer = self.receive(PUBACK)
        if answer[:2] != packet_id:
            raise MqttError("acknowledged another message")
        if len(answer) > 2 and answer[2] >= 0x80:
            raise MqttError(f"refused a message to {topic}: " + reason(answer[2:3]))

    def send(self, kind, flags, body):
        self.socket.sendall(bytes([kind << 4 | flags]) + variable_integer(len(body)) + body)

    def read(self, size):
        data = b""
        while len(data) < size:
            more = self.socket.recv(size - len(data))
            if not more:
                raise MqttError("closed the connection")
            data += more
        return data

    def read_size(self):
        """The rest of a packet, in bytes."""
        size = 0
        for shift in (0, 7, 14, 21):
            byte = self.read(1)[0]
            size |= (byte & 127) << shift
            if byte < 128 and size <= LONGEST_ANSWER:
                return size
        raise MqttError("sent a packet that is too long")

    def receive(self, expected):
        """The next packet, after its header. It must be of the expected kind."""
        kind = self.read(1)[0] >> 4
        body = self.read(self.read_size())
        if kind == DISCONNECT:
            raise MqttError("ended the connection: " + reason(body[:1]))
        if kind != expected:
            raise MqttError(f"sent a packet of type {kind} instead of {expected}")
        return body
