"""Formats that we know by name only. GStreamer does everything else, if it can.

It depends on the installed plugins whether a file plays. One that does not is passed
over with a sentence in the log.
"""

from __future__ import annotations

from mopidy_vozduxan.audio.container import (
    AAC_KBPS,
    LOSSLESS_KBPS,
    MP3_KBPS,
    MUSEPACK_KBPS,
    PCM_KBPS,
    SPEECH_KBPS,
    VIDEO_KBPS,
    Container,
    Format,
)

#: Modules and chip music are a few kilobytes per minute.
_SCORE_KBPS = 8

_BY_RATE: dict[int, str] = {
    PCM_KBPS: "au snd caf w64 rf64 bwf wave voc paf sf nist svx dtshd dtsma",
    LOSSLESS_KBPS: "tak shn ofr ofs mlp thd truehd",
    MP3_KBPS: "eac3 ec3 oma aa3 at3 ra rm mpa mp1 m1a m2a mpga",
    MUSEPACK_KBPS: "mpp mp+",
    AAC_KBPS: "adts loas vqf",
    SPEECH_KBPS: "amr awb gsm qcp aa aax ilbc",
    VIDEO_KBPS: "flv mpg mpeg m2ts mts vob rmvb nut mxf",
    _SCORE_KBPS: (
        "mod xm it s3m mtm stm med okt umx 669 mid midi"
        " sid nsf nsfe spc gbs gym kss ay sap vgm vgz"
    ),
}
_TYPES = {
    "au": "audio/basic",
    "snd": "audio/basic",
    "caf": "audio/x-caf",
    "amr": "audio/amr",
    "mid": "audio/midi",
    "midi": "audio/midi",
    "flv": "video/x-flv",
    "mpg": "video/mpeg",
    "mpeg": "video/mpeg",
    "eac3": "audio/eac3",
}


def _format(ending: str, kbps: int) -> Format:
    kind = "video" if kbps == VIDEO_KBPS else "audio"
    return Format(_TYPES.get(ending, f"{kind}/x-{ending.strip('+')}"), kbps)


CONTAINER = Container(
    formats={
        ending: _format(ending, kbps)
        for kbps, endings in _BY_RATE.items()
        for ending in endings.split()
    },
)
