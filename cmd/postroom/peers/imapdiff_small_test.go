package peers

import "strings"

// smallMail is a message of each kind that answers depend on. Dialogues know them by their place, so new ones go to the end.
func smallMail() []diffMessage {
	return withLineEnds([]diffMessage{
		{name: "plain", flags: `\Seen`, text: `From: "Ann Example" <ann@example.com>
To: Bob <bob@example.net>, carol@example.org
Cc: team@example.com
Subject: Plain text
Date: Mon, 1 Jan 2024 10:00:00 +0100
Message-ID: <plain@example.com>

Hello Bob,
a line with apple and banana.
`},
		{name: "alternative", flags: `\Seen \Answered`, text: `From: ann@example.com (Ann)
Sender: secretary@example.com
Reply-To: replies@example.com
To: undisclosed-recipients:;
Bcc: hidden@example.com
Subject: =?utf-8?Q?Gr=C3=BC=C3=9Fe_aus_K=C3=B6ln?=
Date: Tue, 2 Jan 2024 23:30:00 -0800
Message-ID: <alternative@example.com>
In-Reply-To: <plain@example.com>
References: <plain@example.com>
MIME-Version: 1.0
Content-Type: multipart/alternative; boundary="b1"

preamble
--b1
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: quoted-printable

Gr=C3=BC=C3=9Fe and cherry
soft=
 break
--b1
Content-Type: text/html; charset="utf-8"
Content-Transfer-Encoding: base64
Content-Language: de, en
Content-Location: http://example.com/x

PGI+R3LDvMOfZTwvYj4NCg==
--b1--
epilogue
`},
		{name: "mixed", flags: `\Flagged $work`, text: `From: <bob@example.net>
To: "Group, The" <group@example.com>
Subject: Files
Date: Wed, 3 Jan 2024 12:00:00 +0000
Message-ID: <mixed@example.net>
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary=outer

--outer
Content-Type: text/plain; charset=us-ascii

See the file dolphin.
--outer
Content-Type: application/pdf; name="a file.pdf"
Content-Disposition: attachment; filename="a file.pdf"; size=9
Content-Transfer-Encoding: base64
Content-ID: <part2@example.net>
Content-Description: A file
Content-MD5: Q2hlY2sgSW50ZWdyaXR5IQ==

JVBERi0xLjQK
--outer
Content-Type: multipart/related; boundary=inner; type="text/html"

--inner
Content-Type: text/html

<img src="cid:x">
--inner
Content-Type: image/png
Content-ID: <x>
Content-Disposition: inline
Content-Transfer-Encoding: base64

iVBORw0KGgo=
--inner--
--outer--
`},
		{name: "nested", flags: ``, text: `From: Carol <carol@example.org>
To: ann@example.com
Subject: Fwd: Plain text
Date: Thu, 4 Jan 2024 08:00:00 +0000
Message-ID: <nested@example.org>
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary="=_x"

--=_x

Forwarded.
--=_x
Content-Type: message/rfc822

From: Inner <inner@example.com>
To: "Quoted \"Name\"" <q@example.com>
Subject: Inner subject
Date: Sun, 31 Dec 2023 10:00:00 +0000
Message-ID: <inner@example.com>
MIME-Version: 1.0
Content-Type: multipart/alternative; boundary=in

--in
Content-Type: text/plain

inner text
--in
Content-Type: text/html

<p>inner html</p>
--in--

--=_x--
`},
		{name: "rfc822", flags: `\Seen`, text: `From: d@example.com
To: e@example.com
Subject: A message in a message
Date: Fri, 5 Jan 2024 09:00:00 +0000
Content-Type: message/rfc822

Subject: inside
From: x@example.com

body inside
`},
		{name: "no-headers", flags: `\Deleted`, text: "\nOnly a body.\n"},
		{name: "no-body", flags: `\Draft`, text: "Subject: No body\nFrom: f@example.com\n\n"},
		{name: "list", flags: ``, text: "Subject: [list] From a list\nX-Long: one\n two\n\tthree\nFrom: list@example.com\nTo: One: a@example.com, b@example.com;\nDate: 5 Jan 2024 11:00:00 +0000\n\nA list.\n"},
		{name: "report", flags: `\Seen`, text: `From: Mail Delivery <MAILER-DAEMON@example.com>
To: ann@example.com
Subject: Undelivered
Date: Fri, 5 Jan 2024 12:00:00 +0000
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary=r

--r
Content-Type: text/plain

It was not delivered.
--r
Content-Type: message/delivery-status

Reporting-MTA: dns; example.com

Final-Recipient: rfc822; x@example.net
Status: 5.1.1
--r
Content-Type: text/rfc822-headers

Subject: Hello
--r--
`},
		{name: "digest", flags: ``, text: `From: digest@example.com
Subject: Digest
Date: Fri, 5 Jan 2024 13:00:00 +0000
MIME-Version: 1.0
Content-Type: multipart/digest; boundary=d

--d

From: one@example.com
Subject: First
Date: Thu, 4 Jan 2024 10:00:00 +0000

first body
--d
Content-Type: message/rfc822

From: two@example.com
Subject: Second

second body
--d--
`},
		{name: "eight-bit", flags: `later`, text: "Subject: Gr\xc3\xbc\xc3\x9fe roh\nFrom: J\xc3\xbcrgen <j@example.com>\nContent-Type: text/plain; charset=iso-8859-1\nContent-Transfer-Encoding: 8bit\n\nGr\xfc\xdfe in Latin-1, lemon\n"},
		{name: "short-date", flags: ``, text: "Subject: Short date\nDate: 6 Jan 24 09:00 EST\nFrom: h@example.com\nTo: a@example.com, \"b, c\" <b@example.com>\n\nshort\n"},
		{name: "dots", flags: `\Seen $Forwarded`, text: "Subject: Dots and long lines\nFrom: i@example.com\nDate: 6 Jan 24 10:00 GMT\n\n.\n..\n" + strings.Repeat("x", 1200) + "\n"},
		{name: "folded", flags: ``, text: "Subject: A subject that\n is folded\n\tover lines\nFrom: Long\n Name <long@example.com>\nTo: a@example.com,\n b@example.com\nReferences: <1@x>\n <2@x>\nX-Empty:\nDate: Sun,\n 7 Jan 2024 10:00:00 +0000\n\nfolded\n"},
		{name: "parameters", flags: ``, text: "Subject: Parameters\nMIME-Version: 1.0 (comment)\nContent-Type: text/plain; charset*=utf-8'en'x; name*0=\"long\"; name*1=\"name.txt\"; Format=Flowed\nContent-Disposition: ATTACHMENT; filename*=utf-8''%C3%BC.txt\n\nparameters\n"},
	})
}

func withLineEnds(list []diffMessage) []diffMessage {
	for i := range list {
		list[i].text = strings.ReplaceAll(list[i].text, "\n", "\r\n")
	}
	return list
}

// oddMail is what no standard allows and mail has.
func oddMail() []diffMessage {
	return withLineEnds([]diffMessage{
		{name: "no-end", text: "Subject: The header does not end\nX-Long: one\n two\n\tthree"},
		{name: "no-colon", text: "Subject: Bad header\nthis line has no colon\nFrom: g@example.com\n\nBody after a bad line.\n"},
		{name: "no-parts", text: "Subject: No parts\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=none\n\nnothing here\n"},
		{name: "odd-addresses", text: "Subject: Odd addresses\nDate: yesterday\nFrom: h@example.com\nTo: a@example.com,, b@example.com, \"c\"\n\nodd\n"},
		{name: "no-header", text: "no header at all"},
		{name: "upper-case", text: "Subject: Encoding\nMIME-Version: 1.0\nContent-Type: text/plain\nContent-Transfer-Encoding: BASE64\n\naGVsbG8=\n"},
		{name: "nested-end", text: "Subject: Ends\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=o\n\n--o\nContent-Type: multipart/mixed; boundary=i\n\n--i\n\nx\n--i--\n--o--\n"},
		{name: "twice", text: "Subject: First\nSubject: Last\nFrom: a@example.com\nDate: Sat, 6 Jan 2024 10:00:00 +0000\n\ntwice\n"},
		{name: "bare-cr", text: "Subject: CR\n\nthis line ends in two\r\nthis does not\n"},
	})
}
