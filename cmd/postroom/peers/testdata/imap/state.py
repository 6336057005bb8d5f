"""Prints all messages of all mailboxes as JSON: {mailbox: [{UID, Flags, ID, SHA, Size}]}.

The arguments are header fields that the hashes leave out.
"""
import email
import email.policy
import hashlib
import json
import re
import sys

from target import connect



def without(body, fields):
    for field in fields:
        pattern = rb"(?im)^" + field.encode() + rb":.*\r\n(?:[ \t].*\r\n)*"
        head, end, rest = body.partition(b"\r\n\r\n")
        body = re.sub(pattern, b"", head + b"\r\n") + (b"\r\n" + rest if end else b"")
    return body


imap = connect()
state = {}
typ, lines = imap.list()
assert typ == "OK", lines
for line in lines:
    if isinstance(line, tuple):  # the name came as a literal
        attributes, name = line[0], line[1].decode("utf-8")
    else:
        attributes, name = re.fullmatch(rb'(\(.*?\) (?:"(?:[^"\\]|\\.)*"|NIL)) (.*)', line).groups()
        name = name.decode("utf-8")
        if name.startswith('"'):
            name = re.sub(r"\\(.)", r"\1", name[1:-1])
    if b"\\noselect" in attributes.lower() or b"\\nonexistent" in attributes.lower():
        continue
    typ, data = imap.select('"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"', readonly=True)
    assert typ == "OK", (name, data)
    messages = []
    if int(data[0]):
        typ, data = imap.uid("FETCH", "1:*", "(UID FLAGS RFC822.SIZE BODY.PEEK[])")
        assert typ == "OK", data
        i = 0
        while i < len(data):
            if not isinstance(data[i], tuple):
                i += 1
                continue
            head, body = data[i]
            rest = data[i + 1] if i + 1 < len(data) and isinstance(data[i + 1], bytes) else b""
            i += 2
            text = head + rest
            flags = re.search(rb"FLAGS \(([^)]*)\)", text).group(1).decode().split()
            size = int(re.search(rb"RFC822\.SIZE (\d+)", text).group(1))
            assert size == len(body), (name, size, len(body))
            headers = email.message_from_bytes(body, policy=email.policy.compat32)
            messages.append({
                "UID": int(re.search(rb"UID (\d+)", text).group(1)),
                "Flags": sorted(f for f in flags if f.lower() != "\\recent"),
                "ID": (headers["Message-ID"] or "").strip(),
                "SHA": hashlib.sha256(without(body, sys.argv[1:])).hexdigest(),
                "Size": size,
            })
    state[name] = messages
imap.logout()
print(json.dumps(state))
