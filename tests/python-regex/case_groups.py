"""Prints, for the Python that runs it, the lower-case characters that `(?i)` joins beyond simple lower-casing.

Found by behaviour alone: each cased character is searched in all cased characters.
Usage: python case_groups.py
"""
import re
import sys

chars = [chr(c) for c in range(0x110000)
         if not 0xD800 <= c < 0xE000 and (chr(c).lower() != chr(c) or chr(c).upper() != chr(c))]
text = "".join(chars)


def lower(c):
    # Simple lower-casing: only U+0130 has a longer full form, and it begins with the simple one.
    return c.lower()[0]


groups = set()
for c in chars:
    found = {lower(m) for m in re.findall("(?i)" + re.escape(c), text)}
    if found != {lower(c)}:
        groups.add(tuple(sorted(ord(f) for f in found)))
print(sys.version.split()[0], " ".join("/".join("%x" % c for c in g) for g in sorted(groups)))
