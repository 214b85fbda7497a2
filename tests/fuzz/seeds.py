#!/usr/bin/env python3
"""Makes the first inputs of each target (corpus/NAME/seed-*), from the real output of FFmpeg and the recorder.

    tests/fuzz/seeds.py [FOLDER]      FOLDER: where corpus/ is, tests/fuzz by default

The rest of a corpus are inputs with which the fuzzer reached more code, and inputs that once failed (bug-*).
"""
import os
import struct
import subprocess
import sys

CORPUS = os.path.join(sys.argv[1] if len(sys.argv) > 1 else os.path.dirname(os.path.abspath(__file__)), "corpus")
WALL_US = 1800000000000000
SEGMENT_NO = 41


def save(target, name, data):
    folder = os.path.join(CORPUS, target)
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, "seed-" + name), "wb") as file:
        file.write(data if isinstance(data, bytes) else data.encode())


def ffmpeg(*arguments):
    command = ["ffmpeg", "-v", "error", "-f", "lavfi", "-i", "testsrc=size=32x32:rate=2", *arguments, "pipe:1"]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout


def crc32c(data, crc=0):
    crc = ~crc & 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return ~crc & 0xFFFFFFFF


def boxes(data):
    at = 0
    while at < len(data):
        size = struct.unpack_from(">I", data, at)[0]
        yield data[at + 4 : at + 8].decode(), at, data[at : at + size]
        at += size


def stream(codec, frames=6):
    encoder = {"h264": ["-c:v", "libx264", "-preset", "superfast", "-tune", "zerolatency", "-bf", "0", "-g", "2",
                        "-bsf:v", "dump_extra=freq=keyframe", "-pix_fmt", "yuv420p"],
               "mjpeg": ["-c:v", "mjpeg", "-q:v", "20", "-pix_fmt", "yuvj420p"]}[codec]
    return ffmpeg("-frames:v", str(frames), *encoder, "-video_track_timescale", "1000000", "-movflags",
                  "empty_moov+default_base_moof+frag_every_frame+skip_trailer", "-f", "mp4")


def info_box(segment_no, first_us, last_us=0, cause=0):
    box = struct.pack(">I4s16sQQqqqiII16s32s", 128, b"uuid", b"SCRsegment-info1", segment_no, 3, first_us, 1000000,
                      last_us, 7200, cause, 0, bytes(range(16)), b"bench")
    return box + struct.pack(">I", crc32c(box))


def segment(data, segment_no=SEGMENT_NO, first_us=WALL_US):
    """A segment in its open form."""
    parts = [bytes for kind, _, bytes in boxes(data)]
    return parts[0] + info_box(segment_no, first_us) + struct.pack(">I4sQ", 16, b"free", 0) + b"".join(parts[1:])


def complete(open_form):
    """A finished segment; any moov is good enough at its end."""
    parts = {kind: (at, bytes) for kind, at, bytes in boxes(open_form)}
    at = parts["free"][0]
    mdat = struct.pack(">I4sQ", 1, b"mdat", len(open_form) - at)
    return open_form[:at] + mdat + open_form[at + 16 :] + parts["moov"][1]


def index(open_form, segment_no=SEGMENT_NO, first_us=WALL_US):
    head = struct.pack("<QQqI", 0x0A31584449524353, segment_no, first_us, 32)
    out, number = head + struct.pack("<I", crc32c(head)), 0
    for kind, at, data in boxes(open_form):
        if kind != "mdat":
            continue
        record = struct.pack("<qQIII", first_us + number * 500000, at + 8, len(data) - 8, 500000, number % 2 == 0)
        out += record + struct.pack("<I", crc32c(record, segment_no & 0xFFFFFFFF))
        number += 1
    return out


def entry(number, media, first_us=WALL_US, frames=6, state=1, cause=0):
    end_us = first_us + frames * 500000
    body = struct.pack("<QQqqqqqQQQiIHHBBBB64s28x", SEGMENT_NO + number, 3, first_us, end_us, 0, end_us, first_us,
                       len(media), frames, 0, 7200, struct.unpack(">I", b"avc1")[0], 32, 32, state, cause, 0, 0,
                       b"recording_20270115_0900%02d.mp4" % number)
    return body + struct.pack("<I", crc32c(body))


def catalogue(entries):
    head = struct.pack("<QQQq152xI", 0x0A31544143524353, 1, len(entries), WALL_US, 192)
    return head + struct.pack("<I", crc32c(head)) + b"".join(entries)


def media():
    for codec in ("h264", "mjpeg"):
        data = stream(codec)
        form = segment(data)
        save("fragment_parser", codec, data)
        save("segment", codec, form)
        save("segment", codec + "-complete", complete(form))
        save("repair", codec, struct.pack("<H", len(index(form))) + index(form) + form)
        save("index", codec, index(form))
        for kind, at, box in list(boxes(data))[:4]:
            if kind in ("moov", "moof"):
                save("mp4", f"{codec}-{kind}", box)
    save("repair", "torn", struct.pack("<H", 100) + index(form)[:100] + form[:-7])
    third = [at for kind, at, _ in boxes(form) if kind == "moof"][3]
    save("repair", "damaged", struct.pack("<H", 32) + index(form)[:32] + form[:third] + b"\xff" + form[third + 1 :])
    save("segment", "zeros", form[: len(form) - 60] + bytes(60))


def live_video():
    """Records of the video ring, without their magic number."""
    data = stream("h264")
    parts = [(kind, box) for kind, _, box in boxes(data)]
    init = b"".join(box for kind, box in parts if kind in ("ftyp", "moov"))
    fragments = [(box, parts[at + 1][1]) for at, (kind, box) in enumerate(parts) if kind == "moof"]
    for name, init_bytes, (moof, mdat) in (("key", init, fragments[0]), ("other", b"", fragments[1])):
        head = struct.pack("<IqIIII", 0, 5000000, len(init_bytes), len(moof), len(mdat), 0)
        save("live_video", name, head + init_bytes + moof + mdat)


def notifications():
    """Records of notifications, without their magic number, an id, and a text."""
    for name, text in (("record", b'{"id":"00000000000000ab-7"}'), ("line", b'{"id":\n1}')):
        save("notification", name, struct.pack("<IQQqII", 14, 171, 7, WALL_US, len(text), 0) + text)
    save("notification", "id", b"00000000000000ab-7")
    save("notification", "text", b"\x01 \"\\ \xff\xe2\x82 \xc3\xa4 view-changed")


def clips():
    def piece(kind, number, data):
        return struct.pack("<BH", kind + 3 * number, len(data)) + data

    forms, entries, out = [], [], b""
    for number, start_us in enumerate((WALL_US, WALL_US + 3000000, WALL_US + 2000000)):
        form = segment(stream("h264", 6), SEGMENT_NO + number, start_us)
        entries.append(entry(number, form, start_us, state=number < 2, cause=(0, 0, 5)[number]))
        forms.append((form, index(form, SEGMENT_NO + number, start_us)))
    for count in (1, 3):
        out = piece(0, 0, b"".join(entries[:count]))
        for number, (form, records) in enumerate(forms[:count]):
            out += piece(1, number, form) + piece(2, number, records)
        save("clip", f"segments-{count}", out)
    save("clip", "no-index", piece(0, 0, entries[0]) + piece(1, 0, forms[0][0]))
    save("catalogue", "one", catalogue(entries[:1]))
    save("catalogue", "three", catalogue(entries))


def motion():
    second = WALL_US // 1000000

    def record(second, cells, segment_no=SEGMENT_NO):
        body = struct.pack("<q144sBBbBHBbHH", second, cells, 90, 60, 100, 0, 1, 5, 0, 120, 0)
        return body + struct.pack("<I", crc32c(body, segment_no))

    def sealed(body):
        return body + struct.pack("<I", crc32c(body))

    head = sealed(struct.pack("<QQIHHq132x", 0x0A31544F4D524353, SEGMENT_NO, 168, 32, 18, WALL_US))
    records = [record(second + number, bytes([1 << number % 8]) + bytes(143)) for number in (0, 1, 2, 63, 64)]
    save("motion", "records", head + b"".join(records))
    save("motion", "torn", head + b"".join(records)[:-50])
    save("motion", "twice", head + records[0] + records[0] + records[2] + records[1])
    save("motion", "damaged", b"x" + head[1:] + records[0] + bytes(168) + records[3])
    entries = [sealed(struct.pack("<QqqIIII144s64sB3x", SEGMENT_NO + number, second + 64 * number, second + 64 * number + 64, 64, number, 1,
                                  0, bytes([number]) + bytes(143), b"recording_20270115_0900%02d.mp4" % number, 1)) for number in (0, 1)]
    blocks = [sealed(struct.pack("<q144sI", second + 64 * number, bytes([number]) + bytes(143), SEGMENT_NO + number)) for number in (0, 1)]
    head = sealed(struct.pack("<QIIqq220x", 0x0A31534C4D524353, 2, 2, second, second + 128))
    save("motion", "list", head + b"".join(entries) + b"".join(blocks))


def pictures():
    for name, options in {"420": ["-pix_fmt", "yuvj420p"], "gray": ["-pix_fmt", "gray"],
                          "own-tables": ["-huffman", "optimal"]}.items():
        picture = ffmpeg("-frames:v", "1", "-c:v", "mjpeg", "-q:v", "31", *options, "-f", "mjpeg")
        save("jpeg", name, picture)
        save("rewrite", name, picture)
        save("picture", name, struct.pack("<HH", 32, 32) + picture)
    picture = ffmpeg("-frames:v", "1", "-c:v", "mjpeg", "-q:v", "31", "-huffman", "default", "-f", "mjpeg")
    at = picture.index(b"\xff\xc4")
    length = struct.unpack_from(">H", picture, at + 2)[0]
    save("jpeg", "no-tables-padded", picture[:at] + picture[at + 2 + length :] + bytes(20))
    save("jpeg", "no-end", bytes(5) + picture[:-2] + b"x" * 40)
    save("mpjpeg", "ffmpeg", ffmpeg("-frames:v", "3", "-c:v", "mjpeg", "-q:v", "31", "-f", "mpjpeg"))


def requests():
    def record(kind, content):
        return struct.pack(">BBHHBB", 1, kind, 1, len(content), 0, 0) + content

    def pair(name, value):
        length = struct.pack(">I", len(value) | 1 << 31) if len(value) > 127 else bytes([len(value)])
        return bytes([len(name)]) + length + name + value

    params = (pair(b"REQUEST_METHOD", b"GET") + pair(b"REQUEST_URI", b"/footage?from=-90s&to=now") +
              pair(b"QUERY_STRING", b"from=-90s&to=now") + pair(b"HTTP_COOKIE", b"x" * 130))
    begin, end = record(1, bytes([0, 1, 0, 0, 0, 0, 0, 0])), record(4, b"") + record(5, b"")
    save("fastcgi", "whole", begin + record(4, params) + end)
    save("fastcgi", "split", begin + record(4, params[:20]) + record(4, params[20:]) + end)
    save("fastcgi", "values", record(9, pair(b"FCGI_MAX_CONNS", b"")))


def texts():
    times = ["20260517_102300", "20260517_102300_123", "2026-05-17T10:23:00.123456789Z", "2026-10-25T02:30:00",
             "20261025_023000", "20260329_023000", "2026-05-17 10:23:00 02:00", "1792393405.5", "now", "-90s", "-1.5h",
             "18", "5m", "20111230_120000", "sun 3:17 am", "last night at 3:17", "yesterday, 22:00", "10 minutes ago", "half an hour ago",
             "28.11.2026 12:00 +02:00", "Sat 28th Nov 2026, 12:00:05.5", "November 28, 2026", "28.11. 12:00", "this morning", "29 feb"]
    for number, text in enumerate(times):
        save("time", str(number), bytes([number % 9]) + text.encode())
    queries = ["from=20260517_102300&to=20260517_102318", "from=-5m&to=now", "from=%2D90s&duration=18", "fps=5&camera=bench",
               "speed=60&from=2026-05-17T10%3A23%3A00+02:00&to=now", "camera=b%65nch&camera=x"]
    for number, text in enumerate(queries):
        save("query", str(number), text)
    areas = [("0.1,.2,.3,4e-1", "area=0,0,.5,.5&not=.1%2C.1,.2,.2&strength=clear"), ("0,0,1,0,1,1,.5,.5,0,1", "area=.7,0,.3,1&area=0,0,1,.001"),
             ("0,0,1,1,1,0,0,1", "strength=2"), ("-1,nan", "not=0,0,2,2"), ("0,0,.00001,1", "area=0,0,1")]
    for number, area in enumerate(areas):
        save("area", str(number), "\0".join(area))
    pages = [("http://dash.example:8123 https://ha.example", "https://ha.example", "https://ha.example/board?1", "cross-site", "cam:5000"),
             ("*", "null", "about:client", "same-origin", "[::1]:5000"), ("", "HTTP://[2001:DB8::7]:80", "", "", "[2001:db8:0::7]"),
             ("http://a,https://b:8443", "http://a/", "http://a@b", ",", "a:80:80")]
    for number, page in enumerate(pages):
        save("origin", str(number), "\0".join(page))
    lines = ['{"recording":"off"}', '{"control":"brightness","value":128}', '{"value":"50 Hz","control":"power_line_frequency"}',
             '{"control":"focus_automatic_continuous","value":true}', '{"recording":"on\\u0000"}', '{"control":{"a":[1]},"value":null}']
    for number, text in enumerate(lines):
        save("control", str(number), text)
    packet, text = b"SCRK" + struct.pack("<IQ", 1, 0), b'{"id":"1"}'
    notification = b"SCRN" + struct.pack("<IQQqII", 2, 7, 1, WALL_US, len(text), 0) + text
    hours = ["mon-fri 19:00-07:00, sat-sun", "08:00-12:00 13:00-24:00", "Fri-mon", "mon,,tue", "07:00-07:00", "24:00-01:00"]
    for number, text in enumerate(hours):
        save("hook", str(number), text.encode() + b"\0" + packet + notification)
    for kind in range(5):
        save("hook", f"kind-{kind}", b"tue\0SCRK" + struct.pack("<IQ", kind, 3))
    jpeg = b"\xff\xd8\xff\xe0\0\4ab\xff\xda\0\2x\xff\0\xff\xd0\xff\xd9"
    header = lambda kind, number, bytes_: b"SCRP" + struct.pack("<IQqII", kind, number, 0, bytes_, 0)
    save("source", "packets", b"\7" + header(0, 1, 0) + header(1, 1, len(jpeg)) + jpeg + header(1, 3, 2) + b"ab" + header(2, 0, 3) + b"end")
    save("source", "pictures", b"\5" + jpeg + b"--b\r\nContent-Length: 9\r\n\r\n" + jpeg[:-2] + jpeg)
    for number, text in enumerate(["http://viewer@cam.lan:8080/video?key=1", "command:/usr/bin/ffmpeg -i rtsp://u:p@cam/1 -", "https://u:p@[::1]/"]):
        save("source", f"device-{number}", b"\3" + text.encode())
    etag = b'"0123456789abcdef-1f"'
    for number, text in enumerate([b"bytes=0-99", b"bytes=100-", b"bytes=-500", b"bytes=5-2", b"bytes=0-1,3-4"]):
        save("range", str(number), struct.pack("<Q", 1000) + text + b"\0" + (etag, b"W/" + etag + b', "x"', b"*")[number % 3])
    names = [b"/recordings/recording_20260517_102300.mp4", b"recording_20260517_102300_2.mp4", b"door-1.mp4", b"door",
             b"/recordings/x/init.mp4", b"/clips\0POST", b"/clips/x.mp4\0DELETE", b"/camera_info\0HEAD"]
    for number, name in enumerate(names):
        save("names", str(number), name)
    archive = "00112233445566778899aabbccddeeff"
    objects = [f"v1/live/door/{archive}/000000000042-1800000000437000/000000000000816-0000800000-000000000032-0000004800",
               f"v1/segments/door/{archive}/20270115/000000000042-1800000000437000.motion", f"v1/days/door/{archive}/20270115",
               f"v1/clips/door/{archive}/1800000000437000-Burglar_2.mp4", f"{archive} {'0' * 64}\n"]
    for number, name in enumerate(objects):
        entry = (struct.pack("<Q", number % 2) + bytes(88) + b"recording_20260517_102300.mp4").ljust(256, b"\0")
        save("store", str(number), name.encode() + b"\0" + bytes(256) + entry * number)
    listing = b'<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><IsTruncated>true</IsTruncated><Contents><Key>v1/days/a</Key>' \
              b"<ETag>&quot;0f&quot;</ETag><Size>28</Size></Contents><CommonPrefixes><Prefix>v1/live/a/</Prefix></CommonPrefixes>" \
              b"<NextContinuationToken>t</NextContinuationToken></ListBucketResult>"
    save("remote", "list", b"\0" + listing)
    for count in range(4):
        days = [(struct.pack("<QQqq", 1 + number // 2, 1, 10 ** 6 * number, 10 ** 6 * number + 5) + bytes(64) + b"recording_20260517_102300.mp4").ljust(192, b"\0")
                + struct.pack("<qQQQ", 10 ** 6 * number, 1000, 64, 0) + bytes(32) for number in range(count)]
        save("remote", f"day-{count}", b"\1" + bytes(256) + b"".join(days))
    pieces = [(0, 100, 0, 64), (0, 250, 0, 160), (300, 50, 160, 32), (250, 50, 160, 32), (250, 50, 192, 33)]
    save("remote", "pieces", b"\2" + b"".join(numbers[0].to_bytes(5, "little") + numbers[1].to_bytes(4, "little") + numbers[2].to_bytes(5, "little") +
                                              numbers[3].to_bytes(4, "little") for numbers in pieces))
    with open(os.path.join(os.path.dirname(CORPUS), "..", "..", "recorder.ini.example"), "rb") as example:
        save("config", "example", b"".join(line for line in example if line[:1] not in b";\n"))
    save("config", "dash", "[camera]\nname = -x\n")
    save("config", "controls", "[camera]\nname=door\ndevice=2\n[controls]\nbrightness = 7\n[retention]\nhours=1.5\n")


def rings():
    save("ring", "good", bytes(2))
    save("ring", "head", bytes(2 + 128) + b"\x03")
    save("ring", "entry", bytes(2 + 280 + 64) + b"\1" * 64)
    save("ring", "crossing", bytes(2 + 280 + 5 * 64 + 8) + struct.pack("<Q", 2800 ^ 3450))
    save("ring", "state", bytes(2 + 280 + 512) + b"\xff" * 1200)


for make in (media, live_video, notifications, clips, motion, pictures, requests, texts, rings):
    make()
