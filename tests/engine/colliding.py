"""Names whose paths share the CRC-32C by which libtorrent first tells them apart."""

from __future__ import annotations

from functools import reduce

_POLYNOMIAL = 0x82F63B78


def colliding_names(count: int, root: str) -> list[str]:
    """Names of 32 small letters; below the folder ``root`` all have one checksum.

    A CRC is linear: flips of bits whose checksums cancel out can be combined.
    """
    base = f"{root}/{'a' * 32}".encode()
    flips = _flips_that_cancel(base, len(root) + 1)
    if count > 1 << len(flips):
        raise ValueError("There are not so many")
    number = int.from_bytes(base, "big")
    names = []
    for n in range(count):
        chosen = [flip for bit, flip in enumerate(flips) if n >> bit & 1]
        mixed = reduce(int.__xor__, chosen, number)
        names.append(mixed.to_bytes(len(base), "big")[len(root) + 1 :].decode())
    return names


def _flips_that_cancel(base: bytes, start: int) -> list[int]:
    """Return masks over ``base`` that leave its checksum as it is."""
    basis: dict[int, tuple[int, int]] = {}
    found = []
    for at in range(start, len(base)):
        for bit in (2, 4):  # "a", "c", "e" and "g"
            mask = bit << 8 * (len(base) - 1 - at)
            flipped = int.from_bytes(base, "big") ^ mask
            change = _crc(flipped.to_bytes(len(base), "big")) ^ _crc(base)
            while change and change.bit_length() in basis:
                other = basis[change.bit_length()]
                change, mask = change ^ other[0], mask ^ other[1]
            if change:
                basis[change.bit_length()] = change, mask
            else:
                found.append(mask)
    return found


def _crc(data: bytes) -> int:
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (_POLYNOMIAL if crc & 1 else 0)
    return crc
