"""Names of inputs: unique among them, and such that every file system takes files called so."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections import Counter
from collections.abc import Sequence

from lpat.video.address import Address

LONGEST_PART = 200
"""Bytes of a part of a name. File systems take 255, of which suffixes need some."""

_DIGITS = 10  # of the digest in a name that was made safe
# What Windows forbids, what no terminal shows, and bytes that are no text.
_FORBIDDEN = re.compile('[<>:"\\\\|?*\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]')
_RESERVED = re.compile(r"(?:CON|PRN|AUX|NUL|COM[0-9]|LPT[0-9])(?:\..*)?", re.IGNORECASE)


def distinct_names(addresses: Sequence[Address]) -> list[str]:
    """A name for each of the addresses, all different: the stem, or the shortest end that will do.

    Where even all parts are the same, as of URLs that differ in their query, they are numbered.
    """
    parts = [address.parts for address in addresses]
    names = [address.stem for address in addresses]
    depth, deepest = 1, max(map(len, parts), default=0)
    while (clashes := _repeated(names)) and depth <= deepest:
        for index, name in enumerate(names):
            if name in clashes:
                names[index] = "/".join(parts[index][-depth:]).lstrip("/")
        depth += 1
    return _numbered(names)


def _numbered(names: Sequence[str]) -> list[str]:
    """The names, of equal ones all but the first with a number that makes them differ."""
    taken, met, numbered = set(names), Counter[str](), []
    for name in names:
        met[name] += 1
        if met[name] > 1:
            while (other := f"{name} ({met[name]})") in taken:
                met[name] += 1
            taken.add(other)
            numbered.append(other)
        else:
            numbered.append(name)
    return numbered


def differ_by_case_only(names: Sequence[str]) -> set[str]:
    """Those that a file system which knows no upper and lower case would take for another."""
    keys = [unicodedata.normalize("NFC", name).casefold() for name in names]
    clashes = _repeated(keys)
    return {name for name, key in zip(names, keys, strict=True) if key in clashes}


def safe_name(name: str, *, is_ambiguous: bool = False) -> str:
    """The name if files can be called so everywhere, else one like it with a digest of it.

    A `/` stays: it parts folders. An ambiguous name gets the digest in any case.
    """
    safe = "/".join(_safe_part(part) for part in name.split("/"))
    if safe == name and not is_ambiguous:
        return name
    digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:_DIGITS]
    folder, slash, last = safe.rpartition("/")
    return f"{folder}{slash}{_shortened(last, LONGEST_PART - _DIGITS - 1)}-{digest}"


def _safe_part(part: str) -> str:
    safe = _shortened(_FORBIDDEN.sub("_", part), LONGEST_PART)
    if safe.endswith((".", " ")) or not safe:
        safe = f"{safe[:-1]}_"
    return f"_{safe}" if _RESERVED.fullmatch(safe) else safe


def _shortened(text: str, length: int) -> str:
    """The text up to so many bytes, in whole characters."""
    return text.encode()[:length].decode(errors="ignore")


def _repeated(names: Sequence[str]) -> set[str]:
    return {name for name, count in Counter(names).items() if count > 1}
