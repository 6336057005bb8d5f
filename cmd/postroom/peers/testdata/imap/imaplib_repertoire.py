"""The repertoire of Python's imaplib, command by command."""
import imaplib
import re
import time

from checks import check, ok, refused, run, session, wired
from target import context, target

PLAIN = b"From: Ann <ann@sender.example>\r\nTo: Ben <ben@demo.localhost>\r\nSubject: %s\r\nDate: %s\r\nMessage-ID: <%s@sender.example>\r\n\r\n%s\r\n"
MIXED = (
    b"From: =?utf-8?q?J=C3=BCrgen_M?= <j@sender.example>\r\nTo: a@demo.localhost, \"B, C\" <b@demo.localhost>\r\n"
    b"Cc: group: c@demo.localhost, d@demo.localhost;\r\nSubject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\nDate: Tue, 3 Mar 2026 10:00:00 +0100\r\n"
    b"Message-ID: <mixed@sender.example>\r\nIn-Reply-To: <b@sender.example>\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=\"b1\"\r\n\r\npreamble\r\n"
    b"--b1\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\nGr\xc3\xbc\xc3\x9fe aus Z\xc3\xbcrich\r\n"
    b"--b1\r\nContent-Type: application/pdf; name=\"a.pdf\"\r\nContent-Disposition: attachment; filename=\"a.pdf\"\r\nContent-Transfer-Encoding: base64\r\n\r\nJVBERi0=\r\n"
    b"--b1\r\nContent-Type: message/rfc822\r\n\r\nSubject: Inner\r\nFrom: x@sender.example\r\n\r\nInner text\r\n--b1--\r\n"
)


def plain(subject, date="Mon, 2 Mar 2026 09:00:00 +0000", text="Words."):
    return PLAIN % (subject.encode(), date.encode(), subject.lower().encode(), text.encode())


def box(name, messages=()):
    """A session with a new mailbox selected that holds the messages."""
    imap = session()
    ok(imap.create(name))
    for message in messages:
        ok(imap.append(name, None, None, message))
    ok(imap.select(name))
    return imap


def uids(imap, *criteria):
    return [int(n) for n in (ok(imap.uid("SEARCH", *criteria))[0] or b"").split()]


def flags(imap, uid):
    text = b" ".join(d if isinstance(d, bytes) else d[0] for d in ok(imap.uid("FETCH", str(uid), "(FLAGS)")))
    return {f.decode() for f in re.search(rb"FLAGS \(([^)]*)\)", text).group(1).split()} - {"\\Recent"}


def fetched(imap, uid, items):
    """The text of one FETCH response, its literals in their places."""
    data = ok(imap.uid("FETCH", str(uid), items))
    return b"".join(d if isinstance(d, bytes) else d[0] + b"\r\n" + d[1] for d in data)


@check
def capabilities_before_and_after_login():
    imap = session(login=False)
    assert "IMAP4REV1" in imap.capabilities and "AUTH=PLAIN" in imap.capabilities, imap.capabilities
    ok(imap.login(target["User"], target["Password"]))
    after = ok(imap.capability())[0].decode().upper().split()
    for want in "IDLE NAMESPACE UIDPLUS MOVE SORT THREAD=REFERENCES CONDSTORE QRESYNC ESEARCH SPECIAL-USE QUOTA LITERAL+ ID ENABLE".split():
        assert want in after, (want, after)
    assert "STARTTLS" not in after, after
    assert imap.logout()[0] == "BYE"


@check
def starttls():
    imap = wired(imaplib.IMAP4("localhost", int(target["Port"]), timeout=20))
    assert "STARTTLS" in imap.capabilities, imap.capabilities
    ok(imap.starttls(context()))
    assert "STARTTLS" not in imap.capabilities and "AUTH=PLAIN" in imap.capabilities, imap.capabilities
    ok(imap.login(target["User"], target["Password"]))
    ok(imap.select())


@check
def login_is_refused_and_then_granted():
    imap = session(login=False)
    assert "AUTHENTICATIONFAILED" in refused(imap.login, target["User"], "wrong")
    ok(imap.login(target["User"], target["Password"]))
    assert imap.state == "AUTH"
    imap.state = "NONAUTH"  # so that imaplib sends it
    refused(imap.login, target["User"], target["Password"])
    imap.state = "AUTH"
    ok(imap.noop())


@check
def authenticate_plain():
    imap = session(login=False)
    ok(imap.authenticate("PLAIN", lambda challenge: f"\0{target['User']}\0{target['Password']}".encode()))
    ok(imap.select(readonly=True))


@check
def authenticate_is_cancelled():
    imap = session(login=False)
    refused(imap.authenticate, "PLAIN", lambda challenge: None)
    ok(imap.login(target["User"], target["Password"]))


@check
def commands_in_the_wrong_state_are_refused():
    imap = session(login=False)
    imap.state = "AUTH"
    refused(imap.select, "INBOX")
    refused(imap.list)
    imap.state = "NONAUTH"
    ok(imap.login(target["User"], target["Password"]))
    imap.state = "SELECTED"
    refused(imap.fetch, "1", "(FLAGS)")
    refused(imap.expunge)


@check
def namespace_and_id():
    imap = session()
    assert ok(imap.namespace())[0].startswith(b'(("" "'), imap
    imaplib.Commands.setdefault("ID", ("NONAUTH", "AUTH", "SELECTED"))
    ok(imap._simple_command("ID", '("name" "imaplib" "version" NIL)'))
    ok(imap._simple_command("ID", "NIL"))


@check
def mailboxes_with_odd_names():
    imap = session()
    separator = target["Delimiter"]
    names = ['Plain', '"With space"', '"Quo\\"te"', '"[Brackets]"', '"(Parens)"', '"{Braces}"', "Z&APw-rich", '"R&- D"', "&U,BTFw-", '"semi;colon"', "'single'", '"tilde~"', '"hash#"',
             "Deep" + separator.join([""] + [f"level{n}" for n in range(1, 9)])]
    for name in names:
        ok(imap.create(name))
        ok(imap.subscribe(name))
        ok(imap.append(name, None, None, plain("Odd")))
        assert ok(imap.select(name)) == [b"1"], name
        ok(imap.close())
    listed = ok(imap.list('""', '"*"'))
    for name in names:
        bare = name.strip('"').replace('\\"', '"')
        found = [line for line in listed if (line[1] if isinstance(line, tuple) else line.split(b" ", 2)[-1]).decode().strip('"').replace('\\"', '"').endswith(bare)]
        assert found, (name, listed)
    assert any(b"Z&APw-rich" in line for line in ok(imap.lsub('""', '"*"')) if isinstance(line, bytes))
    for name in names:
        ok(imap.unsubscribe(name))
        ok(imap.delete(name))
        refused(imap.select, name)


@check
def a_mailbox_name_as_literal():
    imap = session()
    imap.literal = b"Lit eral"
    ok(imap._simple_command("CREATE"))
    assert any(b"Lit eral" in line for line in ok(imap.list('""', '"Lit*"')))
    imap.literal = b"Lit eral"
    ok(imap._simple_command("SELECT"))
    imap.state = "SELECTED"
    ok(imap.unselect())
    imap.literal = b"Lit eral"
    ok(imap._simple_command("DELETE"))


@check
def utf8_names_and_messages():
    imap = session()
    if "UTF8=ACCEPT" not in imap.capabilities:
        return
    ok(imap.enable("UTF8=ACCEPT"))
    ok(imap.create('"Grüße"'))
    ok(imap.append('"Grüße"', None, None, "From: Jürgen <jürgen@sender.example>\r\nSubject: Grüße\r\n\r\nx\r\n".encode()))
    ok(imap.select('"Grüße"'))
    assert uids(imap, "SUBJECT", '"grüße"') == [1]
    assert "Jürgen".encode() in fetched(imap, 1, "(ENVELOPE)"), imap
    other = session()
    assert any(b"Gr&APwA3w-e" in line for line in ok(other.list('""', '"Gr*"')))


@check
def create_rename_delete():
    imap = session()
    ok(imap.create("Old"))
    assert "ALREADYEXISTS" in refused(imap.create, "Old")
    ok(imap.append("Old", "(\\Seen)", None, plain("Kept")))
    ok(imap.create("Old" + target["Delimiter"] + "Child"))
    ok(imap.rename("Old", "New"))
    assert ok(imap.select("New")) == [b"1"]
    assert flags(imap, 1) == {"\\Seen"}
    ok(imap.unselect())
    ok(imap.select("New" + target["Delimiter"] + "Child"))
    ok(imap.unselect())
    assert "NONEXISTENT" in refused(imap.rename, "Nowhere", "Elsewhere")
    ok(imap.delete("New" + target["Delimiter"] + "Child"))
    ok(imap.delete("New"))
    assert "NONEXISTENT" in refused(imap.delete, "New")
    refused(imap.delete, "INBOX")
    refused(imap.create, "INBOX")


@check
def list_with_patterns():
    imap = session()
    d = target["Delimiter"]
    for name in ("Pa", f"Pa{d}b", f"Pa{d}b{d}c"):
        ok(imap.create(name))

    def names(reference, pattern):
        return sorted(line.split()[-1].decode().strip('"') for line in ok(imap.list(reference, pattern)) if line)

    assert names('""', "Pa%") == ["Pa"]
    assert names('""', "Pa*") == ["Pa", f"Pa{d}b", f"Pa{d}b{d}c"]
    assert names('""', f"Pa{d}%") == [f"Pa{d}b"]
    assert names(f"Pa{d}", "*") == [f"Pa{d}b", f"Pa{d}b{d}c"]
    assert names('""', "inbox") == ["INBOX"]
    line = next(line for line in ok(imap.list('""', "Pa")))
    assert b"\\haschildren" in line.lower(), line
    line = next(line for line in ok(imap.list('""', f"Pa{d}b{d}c")))
    assert b"\\hasnochildren" in line.lower(), line
    root = ok(imap.list('""', '""'))[0]
    assert b"\\noselect" in root.lower(), root


@check
def special_use():
    imap = session()
    lines = ok(imap.list('""', '"%"'))
    for use in (b"\\Sent", b"\\Drafts", b"\\Trash", b"\\Junk", b"\\Archive"):
        assert any(use in line for line in lines), (use, lines)


@check
def status():
    imap = box("Counted", [plain("One"), plain("Two")])
    ok(imap.store("1", "+FLAGS", "\\Seen"))
    line = ok(imap.status("Counted", "(MESSAGES UIDNEXT UIDVALIDITY UNSEEN RECENT)"))[0].decode()
    for want in ("MESSAGES 2", "UIDNEXT 3", "UNSEEN 1"):
        assert want in line, line
    refused(imap.status, "Nowhere", "(MESSAGES)")


@check
def append_with_flags_and_date():
    imap = box("Appended")
    when = '"03-Feb-2024 04:05:06 +0700"'
    data = ok(imap.append("Appended", "(\\Flagged $Work custom)", when, plain("Dated")))
    assert re.search(rb"\[APPENDUID \d+ 1\]", data[0]), data
    ok(imap.noop())
    assert imap.response("EXISTS")[1][-1] == b"1"
    text = fetched(imap, 1, "(INTERNALDATE FLAGS RFC822.SIZE)")
    shown = re.search(rb'INTERNALDATE ("[^"]+")', text).group(1)
    assert time.mktime(imaplib.Internaldate2tuple(b"INTERNALDATE " + shown)) == time.mktime(imaplib.Internaldate2tuple(b"INTERNALDATE " + when.encode())), shown
    assert {"\\Flagged", "custom"} <= flags(imap, 1) and "$work" in {f.lower() for f in flags(imap, 1)}
    assert b"RFC822.SIZE %d" % len(plain("Dated")) in text, text
    assert "TRYCREATE" in refused(imap.append, "Nowhere", None, None, plain("Lost"))


@check
def a_message_comes_back_byte_for_byte():
    odd = b"Subject: odd\r\nthis line has no colon\r\nX: y\r\n\r\n\tbody\xff\xfe \x01\r\n.\r\n..\r\n--\r\n" + b"x" * 3000 + b"\r\n" + bytes(range(1, 10)) + b"\r\n\r\n"
    imap = box("Exact", [odd, MIXED, b"no header at all, one line\r\n", b"\r\n\r\nonly a body\r\n", b"Subject: no body"])
    messages = [odd, MIXED, b"no header at all, one line\r\n", b"\r\n\r\nonly a body\r\n", b"Subject: no body"]
    for uid, message in enumerate(messages, 1):
        data = ok(imap.uid("FETCH", str(uid), "(RFC822.SIZE BODY.PEEK[])"))
        assert data[0][1] == message, (uid, data)
        assert b"RFC822.SIZE %d" % len(message) in data[0][0] + (data[1] if isinstance(data[1], bytes) else b""), data


@check
def search():
    imap = box("Searched", [
        plain("Alpha", "Mon, 2 Mar 2026 09:00:00 +0000", "apples and pears"),
        plain("Beta", "Tue, 3 Mar 2026 09:00:00 +0000", "more pears"),
        MIXED,
        plain("Delta", "Thu, 5 Mar 2026 09:00:00 +0000", "x" * 5000),
    ])
    ok(imap.uid("STORE", "1", "+FLAGS", "(\\Seen \\Flagged)"))
    ok(imap.uid("STORE", "2", "+FLAGS", "(\\Answered label)"))
    ok(imap.uid("STORE", "4", "+FLAGS", "(\\Deleted \\Draft)"))
    for criteria, want in [
        ("ALL", [1, 2, 3, 4]), ("SEEN", [1]), ("UNSEEN", [2, 3, 4]), ("FLAGGED", [1]), ("UNFLAGGED", [2, 3, 4]), ("ANSWERED", [2]), ("UNANSWERED", [1, 3, 4]), ("DELETED", [4]),
        ("UNDELETED", [1, 2, 3]), ("DRAFT", [4]), ("UNDRAFT", [1, 2, 3]), ("KEYWORD label", [2]), ("UNKEYWORD label", [1, 3, 4]), ("NOT SEEN NOT DELETED", [2, 3]),
        ("OR SEEN DELETED", [1, 4]), ("(OR (SEEN FLAGGED) ANSWERED)", [1, 2]), ("FROM ann", [1, 2, 4]), ("FROM nobody", []), ("TO demo.localhost", [1, 2, 3, 4]),
        ("CC c@demo.localhost", [3]), ("SUBJECT alpha", [1]), ('SUBJECT "lph"', [1]), ("BODY pears", [1, 2]), ("TEXT beta", [2]), ("BODY beta", []),
        ("HEADER Message-ID <mixed", [3]), ('HEADER In-Reply-To ""', [3]), ("HEADER X-Nothing x", []), ("LARGER 4000", [4]), ("SMALLER 4000", [1, 2, 3]),
        ("SENTON 3-Mar-2026", [2, 3]), ("SENTBEFORE 3-Mar-2026", [1]), ("SENTSINCE 3-Mar-2026", [2, 3, 4]), ("SINCE 1-Jan-2020", [1, 2, 3, 4]), ("BEFORE 1-Jan-2020", []),
        ("UID 2:3", [2, 3]), ("UID 4:*", [4]), ("UID 9:*", [4]), ("2,4", [2, 4]), ("1:*", [1, 2, 3, 4]), ("*", [4]),
        ("BODY Inner", [3]), ("SUBJECT Inner", []), ("YOUNGER 3600", [1, 2, 3, 4]), ("OLDER 3600", []),
    ]:
        got = uids(imap, criteria)
        assert got == want, (criteria, got, want)
    imap.literal = "GRÜßE".encode()
    assert ok(imap.search("UTF-8", "SUBJECT"))[0] == b"3"
    imap.literal = "Zürich".encode()
    assert ok(imap.search("UTF-8", "BODY"))[0] == b"3"
    imap.literal = b"J\xc3\xbcrgen"
    assert ok(imap.search("UTF-8", "FROM"))[0] == b"3"
    imap.literal = b"pears"
    assert ok(imap.search(None, "TEXT"))[0] == b"1 2"
    assert "BADCHARSET" in refused(imap.search, "X-NOPE", "ALL")
    refused(imap.search, None, "NONSENSE")
    refused(imap.search, None, "SINCE yesterday")
    found = ok(imap._untagged_response(*imap._simple_command("SEARCH", "RETURN (MIN MAX COUNT ALL)", "UNDELETED"), "ESEARCH"))[0]
    for want in (b"MIN 1", b"MAX 3", b"COUNT 3", b"ALL 1:3"):
        assert want in found, found
    ok(imap._simple_command("SEARCH", "RETURN (SAVE)", "FLAGGED"))
    assert [b"UID 1 " in d for d in ok(imap.fetch("$", "(UID FLAGS)"))] == [True]


@check
def fetch_parts():
    imap = box("Parts", [MIXED])
    structure = fetched(imap, 1, "(BODYSTRUCTURE)")
    for want in (b'("text" "plain" ("charset" "utf-8") nil nil "8bit"', b'("application" "pdf" ("name" "a.pdf") nil nil "base64"', b'("attachment" ("filename" "a.pdf"))', b'"message" "rfc822"', b'"mixed" ("boundary" "b1")'):
        assert want in structure.lower(), (want, structure)
    envelope = fetched(imap, 1, "(ENVELOPE)")
    for want in (b'"Tue, 3 Mar 2026 10:00:00 +0100"', b'"=?utf-8?q?Gr=C3=BC=C3=9Fe?="', b'NIL "j" "sender.example"', b'("B, C" NIL "b" "demo.localhost")', b'(NIL NIL "group" NIL)', b"(NIL NIL NIL NIL)", b'"<b@sender.example>" "<mixed@sender.example>"'):
        assert want in envelope, (want, envelope)
    for section, want in {
        "1": "Grüße aus Zürich".encode(),
        "2": b"JVBERi0=",
        "2.MIME": b'Content-Type: application/pdf; name="a.pdf"\r\nContent-Disposition: attachment; filename="a.pdf"\r\nContent-Transfer-Encoding: base64\r\n\r\n',
        "3": b"Subject: Inner\r\nFrom: x@sender.example\r\n\r\nInner text",
        "3.HEADER": b"Subject: Inner\r\nFrom: x@sender.example\r\n\r\n",
        "3.TEXT": b"Inner text",
        "3.1": b"Inner text",
        "3.HEADER.FIELDS (FROM)": b"From: x@sender.example\r\n\r\n",
        "HEADER.FIELDS (SUBJECT X-NOT)": b"Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\n\r\n",
        "HEADER": MIXED.partition(b"preamble")[0],
        "TEXT": b"preamble" + MIXED.partition(b"preamble")[2],
        "": MIXED,
    }.items():
        data = ok(imap.uid("FETCH", "1", f"(BODY.PEEK[{section}])"))
        assert data[0][1] == want, (section, data)
    assert flags(imap, 1) == set()
    for items, want in {"BODY.PEEK[]<0.5>": MIXED[:5], "BODY.PEEK[]<5.7>": MIXED[5:12], "BODY.PEEK[TEXT]<0.8>": b"preamble"}.items():
        data = ok(imap.uid("FETCH", "1", f"({items})"))
        assert data[0][1] == want and items.split("<")[1].split(".")[0].encode() + b">" in data[0][0], data
    header = ok(imap.fetch("1", "(BODY.PEEK[HEADER.FIELDS.NOT (FROM TO CC DATE MIME-Version Content-Type Message-ID In-Reply-To)])"))
    assert header[0][1] == b"Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\n\r\n", header
    for macro, wants in {"ALL": (b"ENVELOPE (", b"INTERNALDATE", b"RFC822.SIZE", b"FLAGS"), "FAST": (b"INTERNALDATE", b"FLAGS"), "FULL": (b"BODY (", b"ENVELOPE")}.items():
        text = fetched(imap, 1, macro)
        assert all(want in text for want in wants), (macro, text)
    assert ok(imap.fetch("1", "(RFC822.HEADER)"))[0][1] == MIXED.partition(b"preamble")[0]
    assert flags(imap, 1) == set()
    assert ok(imap.fetch("1", "(RFC822.TEXT)"))[0][1].startswith(b"preamble")
    assert flags(imap, 1) == {"\\Seen"}
    ok(imap.store("1", "-FLAGS", "\\Seen"))
    assert ok(imap.fetch("1", "(RFC822)"))[0][1] == MIXED
    assert flags(imap, 1) == {"\\Seen"}
    assert ok(imap.uid("FETCH", "77", "(FLAGS)")) == [None]
    refused(imap.fetch, "77", "(FLAGS)")
    refused(imap.fetch, "1", "(NONSENSE)")
    refused(imap.fetch, "0", "(FLAGS)")


@check
def binary_and_preview():
    imap = box("Binary", [MIXED])
    assert b"%PDF-" in fetched(imap, 1, "(BINARY.PEEK[2])")
    assert b"BINARY.SIZE[2] 5" in fetched(imap, 1, "(BINARY.SIZE[2])")
    assert "Grüße aus Zürich".encode() in fetched(imap, 1, "(PREVIEW)")


@check
def store():
    imap = box("Stored", [plain("One"), plain("Two")])
    data = ok(imap.store("1:2", "+FLAGS", "(\\Seen \\Flagged)"))
    assert len(data) == 2 and all(b"\\Seen" in d and b"\\Flagged" in d for d in data), data
    ok(imap.store("1", "-FLAGS", "\\Seen"))
    assert flags(imap, 1) == {"\\Flagged"}
    ok(imap.uid("STORE", "1", "FLAGS", "(\\Draft Work $Forwarded)"))
    assert flags(imap, 1) == {"\\Draft", "Work", "$Forwarded"}
    assert ok(imap.store("2", "FLAGS.SILENT", "()")) == [None]
    assert flags(imap, 2) == set()
    ok(imap.uid("STORE", "99", "+FLAGS", "\\Seen"))
    refused(imap.store, "1", "+FLAGS", "\\Nonsense")
    refused(imap.store, "9", "+FLAGS", "\\Seen")


@check
def copy_move_and_expunge():
    imap = box("From", [plain(name) for name in ("One", "Two", "Three", "Four", "Five")])
    ok(imap.create("To"))
    ok(imap.store("2", "+FLAGS", "(\\Flagged Keep)"))
    assert re.search(rb"\[COPYUID \d+ 2:3 1:2\]", ok(imap.copy("2:3", "To"))[0])
    assert "TRYCREATE" in refused(imap.copy, "1", "Nowhere")
    ok(imap.uid("COPY", "99", "To"))
    imaplib.Commands.setdefault("MOVE", ("SELECTED",))
    ok(imap.uid("MOVE", "4", "To"))
    assert imap.response("EXPUNGE")[1] == [b"4"]
    ok(imap.store("1,3", "+FLAGS", "\\Deleted"))
    ok(imap.uid("EXPUNGE", "3:5"))
    assert imap.response("EXPUNGE")[1] == [b"3"]
    assert uids(imap, "ALL") == [1, 2, 5]
    assert ok(imap.expunge()) == [b"1"]
    assert uids(imap, "ALL") == [2, 5]
    ok(imap.store("1", "+FLAGS", "\\Deleted"))
    ok(imap.unselect())
    assert ok(imap.select("From")) == [b"2"]
    ok(imap.close())
    assert ok(imap.select("From")) == [b"1"]
    assert ok(imap.select("To")) == [b"3"]
    assert flags(imap, 1) == {"\\Flagged", "Keep"}
    assert b"Subject: Four" in fetched(imap, 3, "(BODY.PEEK[])")


@check
def examine_changes_nothing():
    imap = box("Looked", [plain("One")])
    ok(imap.select("Looked", readonly=True))
    ok(imap.fetch("1", "(BODY[])"))
    assert flags(imap, 1) == set()
    for command in (("STORE", "1", "+FLAGS", "(\\Deleted)"), ("EXPUNGE",)):  # Dovecot ignores the first with OK
        imap._simple_command(*command)
    assert flags(imap, 1) == set()
    ok(imap.close())
    assert ok(imap.select("Looked")) == [b"1"]
    assert flags(imap, 1) == set()


@check
def sort():
    imap = box("Sorted", [
        plain("Cherry", "Wed, 4 Mar 2026 09:00:00 +0000", "x" * 300),
        plain("Re: apple", "Mon, 2 Mar 2026 09:00:00 +0000", "x" * 100),
        plain("banana", "Tue, 3 Mar 2026 23:00:00 -1100", "x" * 200),  # the 4th, 10:00 UTC
    ])
    for program, want in [("(SUBJECT)", [2, 3, 1]), ("(REVERSE SUBJECT)", [1, 3, 2]), ("(DATE)", [2, 1, 3]), ("(SIZE)", [2, 3, 1]), ("(REVERSE SIZE)", [1, 3, 2]), ("(ARRIVAL)", [1, 2, 3]),
                          ("(FROM SUBJECT)", [2, 3, 1]), ("(TO REVERSE DATE)", [3, 1, 2]), ("(CC DATE)", [2, 1, 3])]:
        got = [int(n) for n in ok(imap.sort(program, "UTF-8", "ALL"))[0].split()]
        assert got == want, (program, got)
        got = [int(n) for n in ok(imap.uid("SORT", program, "US-ASCII", "ALL"))[0].split()]
        assert got == want, (program, got)
    assert ok(imap.sort("(SUBJECT)", "UTF-8", "SUBJECT", "nothing"))[0] in (b"", None)
    refused(imap.sort, "(NONSENSE)", "UTF-8", "ALL")


@check
def thread():
    def message(number, references=()):
        head = f"Subject: {'Re: ' if references else ''}Topic\r\nDate: Mon, 2 Mar 2026 09:0{number}:00 +0000\r\nMessage-ID: <t{number}@x>\r\n"
        if references:
            head += "References: " + " ".join(f"<t{n}@x>" for n in references) + "\r\n"
        return (head + "\r\nx\r\n").encode()

    imap = box("Threaded", [message(1), message(2, [1]), message(3, [1, 2]), message(4, [1]), plain("Alone", "Tue, 3 Mar 2026 09:00:00 +0000")])
    for algorithm, want in (("REFERENCES", b"(1 (2 3)(4))(5)"), ("ORDEREDSUBJECT", b"(1 (2)(3)(4))(5)")):
        data = ok(imap.thread(algorithm, "UTF-8", "ALL"))[0]
        assert data == want, (algorithm, data)
        assert ok(imap.uid("THREAD", algorithm, "UTF-8", "ALL"))[0] == want
    assert ok(imap.thread("REFERENCES", "UTF-8", "SUBJECT", "Topic"))[0] == b"(1 (2 3)(4))"
    refused(imap.thread, "NONSENSE", "UTF-8", "ALL")


@check
def quota():
    imap = session()
    data = ok(imap.getquotaroot("INBOX"))
    assert data[0][0].upper().startswith(b"INBOX"), data
    root, resources = re.fullmatch(rb'("(?:[^"\\]|\\.)*"|\S+) \((.*)\)', data[1][0]).groups()
    assert re.fullmatch(rb"|STORAGE \d+ \d+", resources), data  # nothing where nothing has a limit
    root = root.decode()
    assert resources in ok(imap.getquota(root))[0]
    assert refused(imap.setquota, root, "(STORAGE 1)")


@check
def idle():
    imap, other = box("Idled", [plain("One")]), session()
    tag = imap._new_tag()
    imap.send(tag + b" IDLE\r\n")
    assert imap.readline().startswith(b"+ ")
    ok(other.append("Idled", None, None, plain("Two")))
    while (line := imap.readline()) != b"* 2 EXISTS\r\n":
        assert line.startswith(b"* "), line
    ok(other.select("Idled"))
    ok(other.store("1", "+FLAGS", "\\Flagged"))
    while not (line := imap.readline()).startswith(b"* 1 FETCH (") or b"\\Flagged" not in line:
        assert line.startswith(b"* "), line
    ok(other.store("1", "+FLAGS", "\\Deleted"))
    ok(other.expunge())
    while (line := imap.readline()) != b"* 1 EXPUNGE\r\n":
        assert line.startswith(b"* "), line
    imap.send(b"DONE\r\n")
    while not (line := imap.readline()).startswith(tag):
        assert line.startswith(b"* "), line
    assert line.startswith(tag + b" OK"), line


@check
def two_sessions():
    one, two = box("Shared", [plain(str(n)) for n in range(5)]), session()
    ok(two.select("Shared"))
    ok(two.store("2,4", "+FLAGS", "\\Deleted"))
    ok(two.expunge())
    data = ok(one.fetch("1,5", "(UID)"))  # a FETCH may not tell of an EXPUNGE: 5 is still the fifth
    assert [d for d in data if b"UID 1)" in d] and [d for d in data if b"UID 5)" in d], data
    assert one.response("EXPUNGE")[1] == [None]
    ok(one.noop())
    assert one.response("EXPUNGE")[1] in ([b"2", b"3"], [b"4", b"2"]), one.untagged_responses
    assert uids(one, "ALL") == [1, 3, 5]


@check
def condstore():
    box("Modseq", [plain("One"), plain("Two")]).logout()
    imap = session()
    ok(imap.enable("CONDSTORE"))
    ok(imap.select("Modseq"))

    def modseq(uid):
        return int(re.search(rb"MODSEQ \((\d+)\)", fetched(imap, uid, "(MODSEQ)")).group(1))

    first = max(modseq(1), modseq(2))
    assert b"MODSEQ (" in ok(imap.uid("STORE", "1", "+FLAGS", "\\Seen"))[0]
    second = modseq(1)
    assert second > first
    changed = ok(imap.uid("FETCH", "1:*", "(FLAGS)", f"(CHANGEDSINCE {first})"))
    assert len(changed) == 1 and b"UID 1 " in changed[0] and b"MODSEQ (%d)" % second in changed[0], changed
    assert len(ok(imap.uid("FETCH", "1:*", "(FLAGS)", "(CHANGEDSINCE 1)"))) == 2
    data = imap._simple_command("UID", "STORE", "1:2", f"(UNCHANGEDSINCE {first})", "+FLAGS", "(\\Flagged)")
    assert data[0] == "OK" and b"[MODIFIED 1]" in data[1][0], data
    imap.response("FETCH")  # what the STORE told
    assert flags(imap, 1) == {"\\Seen"} and flags(imap, 2) == {"\\Flagged"}
    found = ok(imap.uid("SEARCH", "MODSEQ", str(second)))[0]
    assert found == b"1 2 (MODSEQ %d)" % modseq(2), found
    assert b"HIGHESTMODSEQ %d" % modseq(2) in ok(imap.status("Modseq", "(HIGHESTMODSEQ)"))[0]


@check
def very_long_uid_sets():
    imap = box("Long", [plain("One"), plain("Two")])
    many = ",".join(str(n) for n in range(1, 8001, 2))  # 18 KB
    data = ok(imap.uid("FETCH", many, "(FLAGS)"))
    assert len(data) == 1 and b"UID 1 " in data[0], data
    assert uids(imap, "UID", many) == [1]
    ok(imap.uid("STORE", many, "+FLAGS.SILENT", "\\Flagged"))
    assert flags(imap, 1) == {"\\Flagged"} and flags(imap, 2) == set()


@check
def pipelined_commands():
    imap = box("Piped", [plain("One")])
    imap.send(b"a NOOP\r\nb uid fetch 1 (flags)\r\nc Search All\r\nd CAPABILITY\r\n")
    tagged = set()  # a server may answer in another order
    while len(tagged) < 4:
        line = imap.readline()
        assert line, tagged
        if not line.startswith(b"* "):
            tagged.add(line[:4])
    assert tagged == {b"a OK", b"b OK", b"c OK", b"d OK"}, tagged


@check
def nonsense_is_answered_bad_and_the_session_goes_on():
    imap = session()
    for line in (b"a NONSENSE\r\n", b"a SELECT\r\n", b"a LIST\r\n", b"a FETCH 1 FLAGS\r\n", b"a UID\r\n", b"a LOGIN x\r\n"):
        imap.send(line)
        answer = imap.readline()
        assert answer.startswith((b"a BAD", b"a NO")), (line, answer)
    ok(imap.noop())


run()
