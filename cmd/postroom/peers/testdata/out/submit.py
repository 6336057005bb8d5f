"""Submits one message with smtplib, then puts a copy of its own into a mailbox with imaplib, as many clients do.

The account and the message come as JSON in SUBMIT: host, door (starttls or tls), port, imaps, ca, user, password, sender
(of the envelope), from, to (a list), subject, text, record (the mailbox). A refusal is raised.
"""

import imaplib
import json
import os
import smtplib
import ssl
from email.message import EmailMessage
from email.utils import formatdate, make_msgid

job = json.loads(os.environ["SUBMIT"])
context = ssl.create_default_context(cafile=job["ca"])

mail = EmailMessage()
mail["From"], mail["To"], mail["Subject"] = job["from"], ", ".join(job["to"]), job["subject"]
mail["Date"], mail["Message-ID"] = formatdate(), make_msgid(domain="client.example")
mail.set_content(job["text"])

if job["door"] == "tls":
    client = smtplib.SMTP_SSL(job["host"], job["port"], context=context)
else:
    client = smtplib.SMTP(job["host"], job["port"])
    client.starttls(context=context)
with client:
    client.login(job["user"], job["password"])
    refused = client.send_message(mail, from_addr=job["sender"], to_addrs=job["to"])
    assert not refused, refused

with imaplib.IMAP4_SSL(job["host"], job["imaps"], ssl_context=context) as box:
    box.login(job["user"], job["password"])
    before = int(box.select(job["record"])[1][0])
    kind, data = box.append(job["record"], r"(\Seen)", None, mail.as_bytes())
    assert kind == "OK" and b"APPENDUID" in data[0], data
    uid = data[0].split()[2].rstrip(b"]")
    after = int(box.select(job["record"])[1][0])
    assert after == before + (job["record"] != "Sent"), (before, after)
    found = box.uid("SEARCH", "HEADER", "Message-ID", mail["Message-ID"])[1][0]
    assert found == uid, (found, uid)
