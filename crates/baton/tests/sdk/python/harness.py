"""Runs named checks at once and tells of each; asks the simulated providers what they saw."""

import concurrent.futures
import hashlib
import json
import struct
import sys
import traceback
import urllib.parse
import urllib.request
import zlib

BASE_URL, KEY, SIMS = sys.argv[1], sys.argv[2], json.loads(sys.argv[3])

# What stands behind the models: a plain one, one that shows its thoughts, and what the provider calls them.
VENDORS = {
    "openai": {"plain": "gpt", "upstream": "gpt-4o-mini", "thinks": "gpt-thinks"},
    "anthropic": {"plain": "claude", "upstream": "claude-sonnet-4-5", "thinks": "claude"},
    "ollama": {"plain": "llama", "upstream": "llama3.2:latest", "thinks": "qwen"},
}

CHECKS = []


def check(*vendors, awaits=None):
    """Registers a function as a check, once a vendor; its arguments are the vendor and a text found in no other check.

    `awaits` names what Baton can't do yet: the check must fail then, so that the mark goes as soon as it is done."""

    def register(function):
        for vendor in vendors or VENDORS:
            reason = awaits.get(vendor) if isinstance(awaits, dict) else awaits
            CHECKS.append((f"{function.__name__} × {vendor}", function, vendor, reason))
        return function

    return register


def run():
    """Runs all checks; ends the process with their number that failed."""
    with concurrent.futures.ThreadPoolExecutor(12) as pool:
        outcomes = list(pool.map(outcome, CHECKS))
    failed = 0
    for (name, *_, awaited), trouble in zip(CHECKS, outcomes):
        if bool(trouble) != bool(awaited):
            failed += 1
            print(f"FAIL {name}\n{trouble or f'it works by now, though it awaits: {awaited}'}")
        else:
            print(f"ok   {name}" + (f" (fails as known: {awaited})" if awaited else ""))
    print(f"{len(CHECKS)} checks, {failed} failed")
    sys.exit(bool(failed))


def outcome(one):
    name, function, vendor, _ = one
    try:
        function(vendor, "mark" + hashlib.sha256(name.encode()).hexdigest()[:12])
    except BaseException:
        return traceback.format_exc(limit=-4)
    return None


def same(found, wanted, what=""):
    if found != wanted:
        raise AssertionError(f"{what}: found {found!r}, wanted {wanted!r}")


# === What the providers saw ===


def ask(vendor, question, mark):
    url = f"http://{SIMS[vendor]}/_sim/{question}?containing={urllib.parse.quote(mark)}"
    with urllib.request.urlopen(url, timeout=30) as reply:
        return json.load(reply)


def sent(vendor, mark):
    """The requests with that text that came to the provider, each with body, billed tokens and how it ended.

    The longest conversation comes last, so that a turn that was asked again is not taken for the end."""
    return sorted(ask(vendor, "requests", mark), key=turns)


def turns(request):
    return len(request["body"].get("messages", [])) if isinstance(request["body"], dict) else 0


def over(vendor, mark):
    """The last request with that text, once it is over."""
    return sorted(ask(vendor, "over", mark), key=turns)[-1]


def billed(vendor, mark):
    """Tokens of input, of these read from the cache, and of output, of the last request with that text."""
    bill = sent(vendor, mark)[-1]["billed"]
    return bill["input"] + bill["cache_read"] + bill["cache_write"], bill["cache_read"], bill["output"]


# === What is said ===


def hello(mark):
    return f"Say hello {mark}"


def said(vendor, prompt, model=None):
    """What the provider says to a prompt."""
    model = model or VENDORS[vendor]["upstream"]
    return f"You said: {prompt} I am {model}, a simulated model, and this is my answer."


def png(red):
    """A picture of one pixel."""

    def chunk(kind, data):
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    header = struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0)
    pixel = zlib.compress(bytes([0, red, 20, 30]))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixel) + chunk(b"IEND", b"")


def seen(picture):
    """What a provider says that it sees in a picture."""
    return f"I also see a picture: image/png {len(picture)} bytes {hashlib.sha256(picture).hexdigest()[:16]}."


def vector(text, length=8):
    """The embedding of a text."""
    values = [1.0] * length
    for place, byte in enumerate(text.encode()):
        values[place % length] += byte
    norm = sum(value * value for value in values) ** 0.5
    return [value / norm for value in values]


def near(found, wanted, what=""):
    close = len(found) == len(wanted) and all(abs(a - b) < 1e-5 for a, b in zip(found, wanted))
    if not close:
        raise AssertionError(f"{what}: found {found!r}, wanted {wanted!r}")


def raised(kind, status, call, what=""):
    """The exception of that class and status that the call ends with."""
    try:
        call()
    except kind as error:
        same(type(error), kind, f"{what} class")
        same(error.status_code, status, f"{what} status")
        return error
    raise AssertionError(f"{what}: nothing was raised")


WEATHER = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
STEPS = "What is the weather in Paris then Rome then Oslo? "
FOUND = "Here is what I found: "
