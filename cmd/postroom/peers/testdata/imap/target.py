"""The account to talk to, from IMAP_TARGET."""
import imaplib
import json
import os
import ssl

target = json.loads(os.environ["IMAP_TARGET"])
imaplib._MAXLINE = 10_000_000  # the answer to a search of a large mailbox is one line
DEADLINE = 40  # seconds a command may take


def context():
    return ssl.create_default_context(cafile=target["CA"])


def connect(login=True):
    imap = imaplib.IMAP4_SSL("localhost", int(target["TLSPort"]), ssl_context=context(), timeout=DEADLINE)
    if login:
        imap.login(target["User"], target["Password"])
    return imap
