"""Runs functions as checks; a failure is told with the last lines of its conversations."""
import imaplib
import sys
import traceback

from target import connect

_checks = []
_wire = []


def check(function):
    _checks.append(function)
    return function


def wired(imap):
    """Keeps what a connection says and hears for the report of a failure."""
    imap._mesg = lambda text, secs=None: _wire.append(text)
    imap.debug = 4
    return imap


def session(login=True):
    return wired(connect(login))


def ok(result):
    """The data of a command that has to succeed."""
    typ, data = result
    assert typ == "OK", (typ, data)
    return data


def refused(call, *args):
    """The text with which a command is refused."""
    try:
        typ, data = call(*args)
    except imaplib.IMAP4.error as problem:
        return str(problem)
    assert typ in ("NO", "BAD"), (typ, data)
    return b" ".join(d for d in data if d).decode()


def run():
    failed = 0
    for function in _checks:
        _wire.clear()
        try:
            function()
        except Exception:
            failed += 1
            print(f"FAILED {function.__name__}: {function.__doc__ or ''}")
            traceback.print_exc(limit=-2, file=sys.stdout)
            print("".join(f"    {line[:400]}\n" for line in _wire[-14:]))
    print(f"{len(_checks) - failed} of {len(_checks)} checks passed")
    sys.exit(1 if failed else 0)
