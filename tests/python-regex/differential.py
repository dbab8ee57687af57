"""Compares the answers of `prof::python::regex` with those of the Pythons installed.

Usage: python3 tests/python-regex/differential.py [--seed N] [--random N] [--mutations N] [--write FILE] PYTHON...

Each PYTHON is an interpreter, 2.7 or 3.6 and later. Prints what differs, by version. `--write` saves a part
of the cases with the real answers, as JSON lines, for the test that needs no Python.
"""
import argparse
import collections
import json
import os
import select
import subprocess
import sys
import tempfile

import cases

HERE = os.path.dirname(os.path.abspath(__file__))


def encode(text):
    return text.encode("utf-8", "surrogatepass").hex()


def ask(command, version, work):
    got = bytearray()
    lines = "".join("%s %s %s\n" % (version, encode(p), ",".join(encode(t) for t in texts)) for p, texts in work)
    done = []
    # Some searches of the older Pythons never end and heed no signal: go on after them.
    while len(done) < len(work):
        rest = "".join(lines.splitlines(True)[len(done):])
        with tempfile.TemporaryFile() as source:
            source.write(rest.encode())
            source.seek(0)
            with subprocess.Popen(command, stdin=source, stdout=subprocess.PIPE) as process:
                while select.select([process.stdout], [], [], 10)[0]:
                    chunk = os.read(process.stdout.fileno(), 1 << 16)
                    if not chunk:
                        break
                    got.extend(chunk)
                process.kill()
        complete, _, _ = bytes(got).rpartition(b"\n")
        got.clear()
        done += complete.decode().split("\n") if complete else []
        if len(done) < len(work):
            print("no end:", command[0], ascii(work[len(done)][0]))
            done.append("?")
    return done


def differences(ours, real):
    """Where two answers differ; `?` and `T` are no answers."""
    if real == "?" or ours == "T":
        return "unanswered"
    if real[0] != "V" or ours[0] != "V":
        return None if real == ours else "validity"
    for a, b in zip(real[1:], ours[1:]):
        if a != b and a != "?" and b != "T":
            return "match"
    return None


def field(text):
    """As text, or as hexadecimal if JSON has no way to write it."""
    try:
        text.encode()
        return text
    except UnicodeEncodeError:
        return {"hex": encode(text)}


def name(versions, answers):
    """These versions in short: `*` for all there are, `3` for all of Python 3."""
    threes = [version for version in answers if version[0] == "3"]
    if len(versions) == len(answers):
        return "*"
    if sorted(versions) == sorted(threes):
        return "3"
    return " ".join(sorted(versions, key=lambda version: [int(part) for part in version.split(".")]))


def write(path, work, answers, hand_count, every):
    """A part of the cases, with some of their texts: all by hand, one in `every` of the others."""
    with open(path, "w", encoding="utf-8") as out:
        for i, (pattern, texts) in enumerate(work):
            if pattern in cases.KNOWN or i >= hand_count and i % every:
                continue
            by_version = {version: lines[i] for version, lines in answers.items()}
            if any("?" in answer for answer in by_version.values()):
                continue
            # The texts that tell most: some that match, some that do not, those where the versions differ.
            def column(k):
                return tuple(a[k + 1] if a[0] == "V" else "" for a in by_version.values())
            kept = []
            seen = collections.Counter()
            for k in sorted(range(len(texts)), key=lambda k: len(texts[k])):
                seen[column(k)] += 1
                if seen[column(k)] <= 2 and len(texts[k]) < 70:
                    kept.append(k)
            cut = {v: a if a[0] != "V" else "V" + "".join(a[k + 1] for k in kept) for v, a in by_version.items()}
            groups = collections.defaultdict(list)
            for version, answer in cut.items():
                groups[answer].append(version)
            if all(a[0] != "V" for a in cut.values()):
                kept = []
            line = {"p": field(pattern), "t": [field(texts[k]) for k in kept],
                    "a": {name(versions, answers): answer for answer, versions in groups.items()}}
            out.write(json.dumps(line, ensure_ascii=False, separators=(",", ":")) + "\n")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--random", type=int, default=1500)
    parser.add_argument("--mutations", type=int, default=1500)
    parser.add_argument("--write")
    parser.add_argument("--every", type=int, default=4, help="the part of the cases not by hand to save")
    parser.add_argument("--show", type=int, default=40)
    parser.add_argument("pythons", nargs="+")
    options = parser.parse_args()
    work = list(cases.cases(options.seed, options.random, options.mutations))
    ours = os.path.join(HERE, "..", "..", "target", "release", "examples", "python_regex_answers")
    answers = {}
    total = collections.Counter()
    shown = collections.defaultdict(dict)
    for python in options.pythons:
        version = subprocess.check_output([python, "-c", "import sys; print('%d.%d' % sys.version_info[:2])"])
        version = version.decode().strip()
        real = ask([python, os.path.join(HERE, "answers.py")], version, work)
        mine = ask([ours], version, work)
        assert len(real) == len(mine) == len(work), (len(real), len(mine), len(work))
        answers[version] = real
        for (pattern, texts), a, b in zip(work, real, mine):
            total["answers"] += max(1, len(a) - 1) if a[0] == "V" else 1
            total["unanswered searches"] += (a + b).count("?") + b.count("T")
            kind = differences(b, a)
            if kind:
                total[kind] += 1
            if kind and version in (cases.KNOWN.get(pattern, "-") or version).split():
                total[kind] -= 1
                total["known"] += 1
            elif kind and kind != "unanswered":
                shown[pattern][version] = (kind, texts, a, b)
    for i, (pattern, versions) in enumerate(shown.items()):
        if i >= options.show:
            print("... and %d patterns more" % (len(shown) - i))
            break
        kind, texts, a, b = list(versions.values())[0]
        wrong = [t for t, x, y in zip(texts, a[1:], b[1:]) if x != y][:3] if kind == "match" else ""
        print(kind, ascii(pattern), " ".join(versions), "real", a[:1] if wrong else a, "ours", b[:1] if wrong else b,
              [(ascii(t), a[1 + texts.index(t)]) for t in wrong])
    print(dict(total), "patterns", len(work))
    if options.write:
        write(options.write, work, answers, len(cases.HAND), options.every)


main()
