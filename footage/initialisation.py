"""The head of a segment as players get it: which codecs it names, and without the sound that no browser plays."""

from footage.boxes import Box, iterate_boxes, read_box
from footage.errors import BrokenBox

UNPLAYABLE = frozenset({b"ipcm", b"fpcm", b"sowt", b"twos", b"alaw", b"ulaw"})
"""Sound without compression, which MediaMTX makes out of G.711, and its kin."""


def hide_sound(head: bytes) -> bytes:
    """Give the head with every track of unplayable sound declared to be neither sound nor picture.

    Not a byte moves: the fragments go on naming the track, and players skip it. A head that contradicts itself comes
    back as it is.
    """
    patched = bytearray(head)
    try:
        for track in _tracks(head):
            handler, entry = _find_handler(head, track), _find_entry(head, track)
            if handler is not None and entry is not None and entry.kind in UNPLAYABLE:
                patched[handler.body + 8 : handler.body + 12] = b"null"
    except BrokenBox:
        return head
    return bytes(patched)


def list_codecs(head: bytes) -> list[str]:
    """Give the codecs of picture and playable sound as RFC 6381 spells them; none of a head that contradicts itself."""
    try:
        entries = [entry for track in _tracks(head) if (entry := _find_entry(head, track)) is not None]
        return [spelled for entry in entries if (spelled := _spell(head, entry))]
    except BrokenBox:
        return []


def _tracks(head: bytes) -> list[Box]:
    moov = next((box for box in iterate_boxes(head, 0, len(head)) if box.kind == b"moov"), None)
    return [box for box in iterate_boxes(head, moov.body, moov.end) if box.kind == b"trak"] if moov else []


def _find(head: bytes, within: Box, *kinds: bytes) -> Box | None:
    """Give the box at the end of a chain of containers."""
    found: Box | None = within
    for kind in kinds:
        if found is None:
            return None
        found = next((box for box in iterate_boxes(head, found.body, found.end) if box.kind == kind), None)
    return found


def _find_handler(head: bytes, track: Box) -> Box | None:
    handler = _find(head, track, b"mdia", b"hdlr")
    return handler if handler and handler.body + 12 <= handler.end else None


def _find_entry(head: bytes, track: Box) -> Box | None:
    """Give the first sample entry, whose letters name the codec."""
    descriptions = _find(head, track, b"mdia", b"minf", b"stbl", b"stsd")
    entry = read_box(head, descriptions.body + 8, descriptions.end) if descriptions else None
    return entry if entry and descriptions and entry.end <= descriptions.end else None


def _spell(head: bytes, entry: Box) -> str:
    kind = entry.kind.decode("latin-1")
    if kind in ("avc1", "avc3"):
        return kind + _spell_avc(_configuration(head, entry, b"avcC", 78))
    if kind in ("hvc1", "hev1"):
        return kind + _spell_hevc(_configuration(head, entry, b"hvcC", 78))
    if kind == "mp4a":
        return kind + _spell_aac(_configuration(head, entry, b"esds", 28))
    if kind == "Opus":
        return "opus"
    return "" if entry.kind in UNPLAYABLE else kind


def _configuration(head: bytes, entry: Box, kind: bytes, skipped: int) -> bytes:
    for box in iterate_boxes(head, entry.body + skipped, entry.end):
        if box.kind == kind:
            return head[box.body : box.end]
    return b""


def _spell_avc(configuration: bytes) -> str:
    return "." + configuration[1:4].hex().upper() if len(configuration) >= 4 else ""


def _spell_hevc(configuration: bytes) -> str:
    """ISO 14496-15 annex E.3: profile, compatibility with its bits reversed, tier and level, constraints."""
    if len(configuration) < 13:
        return ""
    first = configuration[1]
    space, tier, profile = ("", "A", "B", "C")[first >> 6], "LH"[first >> 5 & 1], first & 31
    compatibility = int(f"{int.from_bytes(configuration[2:6], 'big'):032b}"[::-1], 2)
    constraints = "".join(f".{byte:X}" for byte in configuration[6:12].rstrip(b"\0"))
    return f".{space}{profile}.{compatibility:X}.{tier}{configuration[12]}{constraints}"


def _spell_aac(configuration: bytes) -> str:
    """Read the descriptors of an `esds` (ISO 14496-1): what kind of sound, and of AAC which one."""
    stream = _enter(configuration, 4, 3)
    decoder = _enter(configuration, stream + 3, 4) if stream else 0
    if not decoder or decoder + 13 > len(configuration):
        return ""
    specific = _enter(configuration, decoder + 13, 5)
    kind = configuration[specific] >> 3 if 0 < specific < len(configuration) else 0
    return f".{configuration[decoder]:x}" + (f".{kind}" if kind else "")


def _enter(data: bytes, at: int, tag: int) -> int:
    """Give where the content of the descriptor with this tag begins; 0 where it is another."""
    if at >= len(data) or data[at] != tag:
        return 0
    at += 1
    while at < len(data) and data[at] & 0x80:
        at += 1
    return at + 1
