"""Real files, half noise and half silence, and tables made by hand.

With such music a proportion goes wrong by seconds wherever the bit rate varies:
what comes closer has found the seek table.
"""

import re
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mopidy_vozduxan.audio.id3 import tag_size
from mopidy_vozduxan.audio.timelines import (
    audio_before_index,
    read_index,
    read_timeline,
)
from mopidy_vozduxan.planning.spans import Span
from tests.cue.files import APE, Quality, encode, make_pcm
from tests.rig import album

LENGTH_MS = 20_000
HEAD = 64 * 1024
MP3_FRAME_MS = 1152 / 44.1

#: libFLAC writes a seek table only when it knows the length beforehand.
_FILE = "fakesink filesrc location={} ! wavparse ! flacenc seekpoints=-1"
_XING = "lamemp3enc target={} ! xingmux ! id3v2mux"
MORE_ENCODERS = {
    "mp3-vbr": _XING.format("quality quality=2"),
    "mp3-vbr-bare": "lamemp3enc target=quality quality=2",
    "aiff": "audio/x-raw,format=S16BE ! avmux_aiff",
    "m4a-libav": "avenc_aac bitrate=192000 ! aacparse ! avmux_ipod",
}
ALL = (*album.FORMATS, *MORE_ENCODERS, "flac-table")


@pytest.fixture(scope="module")
def file_of(tmp_path_factory):
    """Return the bytes of a file of 10 s of noise and 10 s of silence."""
    folder, made = tmp_path_factory.mktemp("containers"), {}
    pcm = album.make_pcm(LENGTH_MS / 2000, seed=7)
    pcm += bytes(len(pcm))
    with pytest.MonkeyPatch.context() as patch:
        encoders = MORE_ENCODERS | {"flac-table": _FILE.format(folder / "wav")}
        for name, encoder in encoders.items():
            patch.setitem(album._ENCODERS, name, encoder)
        for name in ALL:
            album.encode(pcm, folder / name, name, {"title": "Half silent"})
            made[name] = (folder / name).read_bytes()
    return made.__getitem__


def name_of(format):
    return f"Disc 1/song.{format.partition('-')[0]}".upper()


def timeline_of(data, name="song", head=HEAD):
    return read_timeline(name_of(name), data[:head], len(data))


def worst_error_ms(timeline, starts, frame_ms):
    """How far off the music is that begins at `offset_at` of every frame's time."""
    worst = 0.0
    for number in range(len(starts)):
        offset = timeline.offset_at(round(number * frame_ms))
        hit = max((n for n, start in enumerate(starts) if start <= offset), default=0)
        worst = max(worst, abs(hit - number) * frame_ms)
    return worst


def flac_frames(data):
    """Offsets of the frames, found by sync code and number: no table is believed."""
    block_size = struct.unpack_from(">H", data, 8)[0]
    at = data.index(b"\xff\xf8", 42)
    sync, starts = re.escape(data[at : at + 3]), []
    for number in range(LENGTH_MS * 441 // 10 // block_size):
        frame = re.compile(sync + b"." + re.escape(chr(number).encode()), re.DOTALL)
        at = frame.search(data, at).start()
        starts.append(at)
    return starts, block_size / 44.1


def mp3_frames(data):
    """Offsets of the frames of MPEG 1 layer III at 44.1 kHz, each after the other."""
    kbps = (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)
    at, starts = data.index(b"\xff\xfb"), []
    while data[at : at + 2] == b"\xff\xfb":
        starts.append(at)
        at += 144_000 * kbps[data[at + 2] >> 4] // 44_100 + (data[at + 2] >> 1 & 1)
    return starts


# --- Real files


@pytest.mark.parametrize("format", ["flac", "flac-table", "wav", "aiff"])
def test_lossless_files_tell_their_length_to_the_millisecond(file_of, format):
    assert timeline_of(file_of(format), format).length_ms == LENGTH_MS


@pytest.mark.parametrize("format", ["mp3", "mp3-vbr"])
def test_mp3_lasts_as_long_as_its_frames(file_of, format):
    data = file_of(format)
    true_ms = len(mp3_frames(data)) * MP3_FRAME_MS
    assert abs(timeline_of(data, format).length_ms - true_ms) <= MP3_FRAME_MS


def test_m4a_tells_its_length_within_two_frames_when_the_index_comes_first(file_of):
    timeline = timeline_of(file_of("m4a-faststart"), "m4a")
    assert abs(timeline.length_ms - LENGTH_MS) <= 2 * 1024 / 44.1


@pytest.mark.parametrize("format", ["m4a", "m4a-libav"])
def test_m4a_tells_it_behind_its_audio_when_the_index_comes_there(file_of, format):
    data = file_of(format)
    audio = audio_before_index(data[:1000], len(data))
    assert data[audio.start - 4 : audio.start] == b"mdat"
    assert read_index(data[audio.stop :][:500], audio, len(data)) is None
    timeline = read_index(data[audio.stop :], audio, len(data))
    assert timeline.length_ms == pytest.approx(LENGTH_MS, abs=50)
    assert timeline.points[-1] == (timeline.length_ms, audio.stop)
    frames = len(timeline.points)
    assert frames == pytest.approx(LENGTH_MS / 1024 * 44.1, abs=4)


@pytest.mark.parametrize("format", ["ogg", "wav", "m4a-faststart"])
def test_elsewhere_nothing_is_looked_for_behind_the_audio(file_of, format):
    data = file_of(format)
    assert audio_before_index(data[:HEAD], len(data)) is None


def tables(*, scale=1000, frame=10, runs=((1, 2),), chunks=(100, 300, 400), wide=False):
    """The tables of a sound: frames of ``frame`` units and 9 bytes, in chunks."""
    sizes = struct.pack(">12I", 0, 9, *(9 for _ in range(10)))
    offsets = struct.pack(f">{len(chunks)}{'Q' if wide else 'I'}", *chunks)
    per_chunk = b"".join(struct.pack(">III", *run, 1) for run in runs)
    table = (
        box(b"stts", bytes(4), struct.pack(">III", 1, 99, frame)),
        box(b"stsz", bytes(4), sizes),
        box(b"stsc", bytes(4), struct.pack(">I", len(runs)), per_chunk),
        box(b"co64" if wide else b"stco", bytes(8), offsets),
    )
    return (
        box(b"mdhd", bytes(12), struct.pack(">II", scale, 60)),
        box(b"hdlr", bytes(8), b"soun"),
        box(b"minf", box(b"stbl", *table)),
    )


@pytest.mark.parametrize("wide", [False, True])
def test_m4a_has_a_point_for_every_frame(wide):
    runs, chunks = ((1, 2), (3, 3)), (100, 300, 400, 900)
    picture = box(b"trak", box(b"mdia", box(b"hdlr", bytes(8), b"vide")))
    sound = box(b"trak", box(b"mdia", *tables(runs=runs, chunks=chunks, wide=wide)))
    index = box(b"moov", MVHD, picture, sound)
    late = read_index(index, Span(100, 2000), 3000)
    points = ((10, 109), (20, 300), (30, 309), (40, 400), (50, 409), (60, 418))
    assert late.points == (*points, (70, 900), (80, 909), (90, 918), (10_000, 2000))
    first = read_timeline("a.m4a", FTYP + index + box(b"mdat", bytes(9)), 3000)
    assert set(first.points) & set(late.points)


@pytest.mark.parametrize(
    "missing", [b"mdhd", b"hdlr", b"stts", b"stsc", b"stsz", b"stco"]
)
def test_m4a_without_one_of_its_tables_has_no_more_points(missing):
    sound = box(b"trak", box(b"mdia", *tables())).replace(missing, b"free")
    index = box(b"moov", MVHD, sound)
    late = read_index(index, Span(100, 2000), 3000)
    assert late is None or missing == b"stsz"  # the chunks' beginnings are enough
    head = FTYP + index + box(b"mdat", bytes(9))
    assert read_timeline("a.m4a", head, 3000).length_ms == 10_000


@given(st.binary(max_size=300), st.integers(1, 5000))
def test_any_bytes_behind_the_audio_are_put_up_with(garbage, size):
    for head in (garbage, FTYP + garbage):
        audio_before_index(head, size)
    for index in (garbage, box(b"moov", garbage), box(b"moov", MVHD, garbage)):
        read_index(index, Span(0, 1), size)
    whole = box(b"moov", MVHD, box(b"trak", box(b"mdia", *tables())))
    cut = garbage.join((whole[: size % len(whole)], whole[size % len(whole) :]))
    read_index(cut, Span(0, 1), size)


@pytest.mark.parametrize("format", ["ogg", "opus", "m4a", "mp3-vbr-bare"])
def test_what_the_first_bytes_cannot_tell_is_not_guessed(file_of, format):
    assert timeline_of(file_of(format), format) is None


@pytest.mark.parametrize(
    ("format", "sound"),
    [("wav", b"data...."), ("aiff", b"SSND............"), ("m4a-faststart", b"mdat")],
)
def test_the_audio_starts_behind_its_header(file_of, format, sound):
    data = file_of(format)
    start = data.index(sound[:4]) + len(sound)
    assert timeline_of(data, format).audio_start == start


@pytest.mark.parametrize("format", ["wav", "aiff"])
@pytest.mark.parametrize("position_ms", [0, 1, 777, 10_000, 19_999])
def test_offsets_in_pcm_are_those_of_the_sample(file_of, format, position_ms):
    timeline = timeline_of(file_of(format), format)
    sample = position_ms * 441 // 10
    offset = timeline.offset_at(position_ms)
    assert abs(offset - (timeline.audio_start + sample * 4)) <= 4


def test_a_seek_table_brings_flac_within_its_spacing(file_of):
    timeline = timeline_of(file_of("flac-table"), "flac")
    frames, frame_ms = flac_frames(file_of("flac-table"))
    assert timeline.audio_start == frames[0]
    assert {offset for _, offset in timeline.points} <= set(frames)
    assert worst_error_ms(timeline, frames, frame_ms) <= 1000 + frame_ms


def test_flac_without_a_seek_table_goes_by_proportion(file_of):
    timeline = timeline_of(file_of("flac"), "flac")
    frames, frame_ms = flac_frames(file_of("flac"))
    assert (timeline.audio_start, timeline.points) == (frames[0], ())
    assert worst_error_ms(timeline, frames, frame_ms) > 4000


def test_constant_mp3_is_found_to_the_frame(file_of):
    data = file_of("mp3")
    timeline = timeline_of(data, "mp3")
    assert timeline.audio_start == mp3_frames(data)[0]
    assert worst_error_ms(timeline, mp3_frames(data), MP3_FRAME_MS) <= MP3_FRAME_MS


def test_a_xing_table_brings_variable_mp3_within_a_hundredth(file_of):
    data = file_of("mp3-vbr")
    table = timeline_of(data, "mp3")
    assert table.audio_start == mp3_frames(data)[0]
    hundredth = LENGTH_MS / 100
    assert worst_error_ms(table, mp3_frames(data), MP3_FRAME_MS) <= 3 * hundredth


@pytest.mark.parametrize("format", ["flac", "wav", "mp3", "m4a-faststart", "aiff"])
def test_16_kib_are_enough(file_of, format):
    data = file_of(format)
    assert timeline_of(data, format, 16 * 1024) == timeline_of(data, format, len(data))


# --- Tables by hand


def block(kind, body, length=None):
    length = len(body) if length is None else length
    return bytes([kind]) + length.to_bytes(3, "big") + body


def flac(*blocks, rate=1000, samples=100_000):
    info = bytes(10) + (rate << 44 | samples).to_bytes(8, "big") + bytes(16)
    return b"fLaC" + block(0, info) + b"".join(blocks)


def seek_table(*entries):
    return block(3, b"".join(struct.pack(">QQH", *entry, 4096) for entry in entries))


def test_flac_ignores_placeholders_and_points_that_lead_back():
    wrong = [(2**64 - 1, 0), (20_000, 100), (3000, 9000), (50_000, 2**60)]
    head = flac(seek_table((1000, 200), *wrong, (60_000, 800)), block(0x81, b""))
    timeline = read_timeline("a.flac", head, 1000)
    start = len(head)
    assert timeline.points == ((1000, start + 200), (60_000, start + 800))


def test_flac_behind_an_id3_tag_is_found():
    tag = b"ID3\4\0\0" + bytes([0, 0, 1, 2]) + bytes(130)
    timeline = read_timeline("a.flac", tag + flac(block(0x81, b"")), 1000)
    assert timeline.audio_start == 140 + len(flac()) + 4


def test_a_picture_larger_than_the_head_is_skipped():
    head = flac(seek_table((1000, 10)), block(6, bytes(50), length=500_000))
    timeline = read_timeline("a.flac", head, 5_000_000)
    assert timeline.audio_start == len(head) - 50 + 500_000
    assert timeline.points == ((1000, timeline.audio_start + 10),)


def test_an_endless_seek_table_is_cut_short():
    table = seek_table(*((n, n) for n in range(1, 20_001)))
    head = flac(table, block(0x81, b""))
    assert len(read_timeline("a.flac", head, 10**9).points) == 10_000


def riff(*chunks, sign=b"RIFF"):
    body = b"".join(k + struct.pack("<I", n) + b for k, n, b in chunks)
    return sign + bytes(4) + b"WAVE" + body


FMT = (b"fmt ", 16, struct.pack("<HHIIHH", 1, 2, 250, 1000, 4, 16))
ODD = (b"LIST", 3, bytes(4))


@pytest.mark.parametrize(
    ("chunks", "sign", "expected"),  # length_ms, offset of the end of the audio
    [
        ([FMT, (b"data", 500, b"")], b"RIFF", (500, 544)),
        ([FMT, (b"data", 0, b"")], b"RIFF", (956, 999)),
        ([FMT, (b"data", 2**32 - 1, b"")], b"RF64", (956, 999)),
        ([ODD, FMT, (b"data", 500, b"")], b"RIFF", (500, 556)),
    ],
)
def test_wav_lasts_as_long_as_its_data(chunks, sign, expected):
    timeline = read_timeline("a.wav", riff(*chunks, sign=sign), 1000)
    assert (timeline.length_ms, timeline.offset_at(10**6)) == expected


def mp3(kbps_bits, count=12, tag=b"", at=36):
    """Frames of MPEG 1 layer III at 48 kHz, 24 ms each; the first holds `tag`."""
    kbps = {5: 64, 9: 128}[kbps_bits]
    frame = b"\xff\xfb" + bytes([kbps_bits << 4 | 4, 0]) + bytes(kbps * 3 - 4)
    first = frame[:at] + tag + frame[at + len(tag) :]
    return first + frame * (count - 1)


def test_mp3_with_a_vbri_header():
    counts = struct.pack(">IIHHHH", 10_000, 1000, 3, 10, 2, 250)
    table = struct.pack(">HHH", 100, 500, 200)
    head = mp3(5, tag=b"VBRI" + bytes(6) + counts + table)
    timeline = read_timeline("a.mp3", head, 10_000)
    assert timeline.length_ms == 24_000
    assert timeline.points == (
        *((6000, 1000), (12_000, 6000), (18_000, 8000)),
        (24_000, 10_000),
    )


@pytest.mark.parametrize("counts", [(2, 10, 5000), (3, 0, 100_000), (2, 0, 9)])
def test_a_xing_header_that_cannot_be_true_gives_way_to_the_bit_rate(counts):
    flags, *numbers = counts
    tag = b"Xing" + struct.pack(">III", flags | 1, *numbers)
    line = read_timeline("a.mp3", mp3(9, tag=tag), 100_000)
    assert (line.length_ms, line.points) == (6250, ())


def test_xing_without_a_table_still_tells_the_length():
    tag = b"Xing" + struct.pack(">II", 1, 500)
    timeline = read_timeline("a.mp3", mp3(9, tag=tag), 100_000)
    assert (timeline.length_ms, timeline.offset_at(6000)) == (12_000, 50_000)


def test_the_table_of_a_constant_mp3_is_not_taken_for_better_than_a_proportion():
    tag = b"Info" + struct.pack(">III", 7, 500, 100_000) + bytes(range(100))
    assert read_timeline("a.mp3", mp3(9, tag=tag), 100_000).offset_at(6000) == 50_000


def test_the_bit_rate_is_that_of_the_frames_and_not_of_their_header():
    """LAME writes the header of a constant MP3 as a frame of another bit rate."""
    header = mp3(5, count=1, tag=b"Info" + bytes(4))  # without a count of frames
    timeline = read_timeline("a.mp3", header + mp3(9), 16_000)
    assert (timeline.length_ms, timeline.audio_start) == (1000, 0)


def test_mp3_whose_bit_rate_varies_without_a_header_says_nothing():
    assert read_timeline("a.mp3", mp3(9) + mp3(5), 100_000) is None


def test_stray_bytes_before_the_first_frame_are_no_audio():
    stray = bytes(500) + b"\xff\xfb\x90\4" + bytes(500)
    timeline = read_timeline("a.mp3", stray + mp3(9), 1004 + 16_000)
    assert (timeline.length_ms, timeline.audio_start) == (1000, 1004)


def test_mp3_behind_a_tag_that_is_larger_than_the_head_says_where_it_starts():
    head = b"ID3\3\0\0" + bytes([0, 0x20, 0, 0]) + bytes(1000)
    assert read_timeline("a.mp3", head, 10**7) is None
    assert tag_size(head) == 10 + 0x20 * 128 * 128


def box(kind, *bodies):
    body = b"".join(bodies)
    return struct.pack(">I4s", 8 + len(body), kind) + body


FTYP = box(b"ftyp", b"M4A ")
MVHD = box(b"mvhd", bytes(12), struct.pack(">II", 600, 6000))
LONG_MVHD = box(b"mvhd", b"\1", bytes(19), struct.pack(">IQ", 600, 6000))


@pytest.mark.parametrize("header", [MVHD, LONG_MVHD])
@pytest.mark.parametrize("mdat", [box(b"mdat"), struct.pack(">I4sQ", 1, b"mdat", 16)])
def test_m4a_starts_behind_the_box_header_however_wide(header, mdat):
    head = FTYP + box(b"moov", header) + box(b"free", bytes(9)) + mdat
    timeline = read_timeline("a.m4a", head, 5000)
    assert (timeline.length_ms, timeline.audio_start) == (10_000, len(head))


def test_an_m4a_index_larger_than_the_head_still_tells_its_end():
    head = FTYP + struct.pack(">I4s", 3000, b"moov") + MVHD
    timeline = read_timeline("a.m4a", head, 5000)
    assert (timeline.length_ms, timeline.audio_start) == (10_000, 3000 + len(FTYP))


AIFF = b"FORM....AIFF" + b"COMM" + struct.pack(">IHIH", 18, 2, 9, 16)
SSND = b"SSND" + struct.pack(">III", 108, 0, 0)


@pytest.mark.parametrize(
    "head",
    [
        b"",
        flac(rate=0),
        flac(samples=0),
        flac(rate=1, samples=2**36 - 1),
        riff((b"fmt ", 16, bytes(16)), (b"data", 100, b"")),
        riff((b"data", 100, b"")),
        AIFF + struct.pack(">HQ", 0x7FFF, 2**63) + SSND,
        AIFF + struct.pack(">HQ", 0x400E, 0) + SSND,
        FTYP + box(b"moov", box(b"mvhd", bytes(20))) + box(b"mdat"),
        FTYP + box(b"moov", box(b"mvhd", bytes(12), struct.pack(">II", 0, 9))),
        FTYP + box(b"moov", box(b"mvhd", bytes(15), b"\1\xff\xff\xff\xff")),
        FTYP + bytes(100),
        FTYP + struct.pack(">II", 4, 4) + box(b"moov", MVHD) + box(b"mdat"),
        b"\xff" * 5000,
    ],
)
def test_no_rate_no_length_or_no_end_is_no_timeline(head):
    assert read_timeline("a.mp3", head, 10_000) is None


# --- Hostile bytes


def assert_sane(timeline, size):
    if timeline is None:
        return
    assert timeline.size == size
    assert 0 <= timeline.audio_start <= size
    assert timeline.length_ms > 0
    probes = range(0, timeline.length_ms + 1, max(1, timeline.length_ms // 50))
    offsets = [timeline.offset_at(position) for position in probes]
    assert offsets == sorted(offsets)
    assert all(0 <= offset < size for offset in offsets)
    assert 0 <= timeline.position_at(size) <= timeline.length_ms


changes = st.lists(
    st.tuples(
        st.integers(0, 600) | st.integers(0, 1 << 16),
        st.binary(min_size=1, max_size=8) | st.sampled_from([bytes(4), b"\xff" * 4]),
    ),
    max_size=6,
)
sizes = st.integers(0, 1000) | st.integers(0, 2**63)


@given(st.sampled_from(ALL), changes, st.integers(0, 1 << 16), sizes)
def test_damaged_files_give_a_sane_timeline_or_none(file_of, format, done, cut, size):
    head = bytearray(file_of(format)[:HEAD])
    for at, change in done:
        head[at : at + len(change)] = change
    for seen in (bytes(head), bytes(head[:cut])):
        assert_sane(read_timeline(name_of(format), seen, size), size)


SIGNS = (
    b"",
    b"fLaC",
    b"RIFF....WAVE",
    b"FORM....AIFC",
    FTYP,
    b"ID3",
    b"\xff\xfb\x90\4",
)


@given(st.sampled_from(SIGNS), st.binary(max_size=300), sizes)
def test_any_bytes_give_a_sane_timeline_or_none(sign, rest, size):
    assert_sane(read_timeline("a.mp3", sign + rest, size), size)


def test_monkeys_audio_says_its_length_and_where_its_frames_are():
    data = APE.read_bytes()
    timeline = read_timeline("x.ape", data[:4096], len(data))
    assert timeline.length_ms == 4000
    frame_ms = 73728 * 1000 // 44100
    offset = timeline.offset_at(frame_ms)
    assert timeline.position_at(offset) == frame_ms
    tagged = b"ID3\4\0\0\0\0\0\12" + bytes(10) + data + bytes(1000)
    moved = read_timeline("x.ape", tagged[:4096], len(tagged))
    assert (moved.length_ms, moved.offset_at(frame_ms)) == (4000, offset + 20)


def test_wavpack_says_its_length(tmp_path):
    quality = Quality(bits=32)
    data = encode(make_pcm(3, quality), tmp_path, "wv", quality).read_bytes()
    assert read_timeline("x.wv", data[:4096], len(data)).length_ms == 3000
    assert read_timeline("x.wv", data[:20], len(data)) is None


def test_wavpack_of_an_unusual_rate_says_nothing(tmp_path):
    """The code 15 says that the rate stands elsewhere, where we do not look."""
    quality = Quality(bits=32)
    data = encode(make_pcm(1, quality), tmp_path, "wv", quality).read_bytes()
    (flags,) = struct.unpack_from("<I", data, 24)
    unusual = data[:24] + struct.pack("<I", flags | 15 << 23) + data[28:4096]
    assert read_timeline("x.wv", unusual, len(data)) is None
