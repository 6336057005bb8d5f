package report

import "testing"

// Replies as the large providers and the common servers give them, with what a person makes of each.
func TestRepliesAreClassified(t *testing.T) {
	for _, tc := range []struct {
		code   int
		status string
		text   string
		reason Reason
		hard   bool
	}{
		// Gmail
		{550, "5.1.1", "The email account that you tried to reach does not exist. Please try double-checking the recipient's email address for typos or unnecessary spaces. For more information, go to https://support.google.com/mail/?p=NoSuchUser a1-gsmtp", UserUnknown, true},
		{550, "5.2.1", "The email account that you tried to reach is inactive. For more information, go to https://support.google.com/mail/?p=DisabledUser", UserUnknown, true},
		{452, "4.2.2", "The recipient's inbox is out of storage space. Please direct the recipient to https://support.google.com/mail/?p=OverQuotaTemp", MailboxFull, false},
		{552, "5.2.2", "The email account that you tried to reach is over quota. Please direct the recipient to https://support.google.com/mail/?p=OverQuotaPerm", MailboxFull, false},
		{450, "4.2.1", "The user you are trying to contact is receiving mail too quickly. Please resend your message at a later time.", RateLimited, false},
		{421, "4.7.28", "Gmail has detected an unusual rate of unsolicited mail originating from your IP address. To protect our users from spam, mail sent from your IP address has been temporarily rate limited.", RateLimited, false},
		{421, "4.7.0", "Our system has detected that this message is suspicious due to the very low reputation of the sending IP address. To protect our users from spam, mail sent from your IP address has been temporarily rate limited.", RateLimited, false},
		{550, "5.7.1", "Our system has detected that this message is likely unsolicited mail. To reduce the amount of spam sent to Gmail, this message has been blocked.", Spam, true},
		{550, "5.7.1", "Gmail has detected that this message is likely suspicious due to the very low reputation of the sending domain. To best protect our users from spam, the message has been blocked.", Blocked, false},
		{550, "5.7.26", "This mail has been blocked because the sender is unauthenticated. Gmail requires all senders to authenticate with either SPF or DKIM.", Policy, true},
		{550, "5.7.26", "Unauthenticated email from example.com is not accepted due to domain's DMARC policy.", Policy, true},
		{550, "5.7.25", "[192.0.2.1] The IP address sending this message does not have a PTR record setup, or the corresponding forward DNS entry does not point to the sending IP.", Blocked, false},
		{552, "5.7.0", "This message was blocked because its content presents a potential security issue.", Content, true},
		{552, "5.3.4", "Your message exceeded Google's message size limits.", Content, true},
		{451, "4.3.0", "Mail server temporarily rejected message.", Other, false},
		// Outlook, Exchange Online
		{550, "5.1.10", "RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup", UserUnknown, true},
		{550, "5.4.1", "Recipient address rejected: Access denied. For more information see https://aka.ms/EXOSmtpErrors [AM1EUR01FT000.eop-EUR01.prod.protection.outlook.com]", UserUnknown, true},
		{550, "5.5.0", "Requested action not taken: mailbox unavailable (S2017062302).", UserUnknown, true},
		{550, "5.7.1", "Unfortunately, messages from [192.0.2.1] weren't sent. Please contact your Internet service provider since part of their network is on our block list (S3140).", Blocked, false},
		{550, "5.7.606", "Access denied, banned sending IP [192.0.2.1]. To request removal from this list please visit https://sender.office.com/", Blocked, false},
		{550, "5.7.511", "Access denied, banned sender[192.0.2.1]. To request removal from this list please forward this message to delist@messaging.microsoft.com.", Blocked, false},
		{550, "5.7.509", "Access denied, sending domain EXAMPLE.COM does not pass DMARC verification and has a DMARC policy of reject.", Policy, true},
		{550, "5.7.515", "Access denied, sending domain EXAMPLE.COM does not meet the required authentication level.", Policy, true},
		{550, "5.7.133", "RESOLVER.RST.SenderNotAuthenticatedForGroup; authentication required; Delivery restriction check failed because the sender was not authenticated when sending to this group", Policy, true},
		{451, "4.7.500", "Server busy. Please try again later from [192.0.2.1]. (S77714)", RateLimited, false},
		{451, "4.7.650", "The mail server [192.0.2.1] has been temporarily rate limited due to IP reputation.", RateLimited, false},
		{554, "5.2.2", "mailbox full; STOREDRV.Deliver.Exception:QuotaExceededException.MapiExceptionShutoffQuotaExceeded; Failed to process message due to a permanent exception", MailboxFull, false},
		{550, "5.2.3", "RESOLVER.RST.RecipSizeLimit; message too large for this recipient", Content, true},
		{550, "4.4.7", "QUEUE.Expired; message expired", Expired, false},
		{552, "5.3.4", "Message size exceeds fixed maximum message size", Content, true},
		// Yahoo, AOL
		{554, "", "delivery error: dd This user doesn't have a yahoo.com account (ann@yahoo.com) [0] - mta1.mail.ne1.yahoo.com", UserUnknown, true},
		{554, "", "delivery error: dd Not a valid recipient - atlas1.free.mail.ne1.yahoo.com", UserUnknown, true},
		{552, "", "1 Requested mail action aborted, mailbox not found", UserUnknown, true},
		{421, "4.7.0", "[TSS04] Messages from 192.0.2.1 temporarily deferred due to unexpected volume or user complaints - 4.16.55.1; see https://postmaster.yahooinc.com/error-codes", RateLimited, false},
		{553, "5.7.1", "[BL21] Connections will not be accepted from 192.0.2.1, because the ip is in Spamhaus's list; see https://postmaster.yahooinc.com/error-codes", Blocked, false},
		{554, "5.7.9", "Message not accepted for policy reasons. See https://senders.yahooinc.com/error-codes", Policy, true},
		{421, "4.7.1", "[TS03] All messages from 192.0.2.1 will be permanently deferred; Retrying will NOT succeed.", Blocked, false},
		// Apple
		{550, "5.1.1", "<ann@icloud.com>: user does not exist", UserUnknown, true},
		{552, "5.2.2", "<ann@icloud.com>: user is over quota", MailboxFull, false},
		{554, "5.7.1", "[CS01] Message rejected due to local policy. Please visit https://support.apple.com/en-us/HT204137", Policy, true},
		// Postfix
		{550, "5.1.1", "<ann@example.org>: Recipient address rejected: User unknown in virtual mailbox table", UserUnknown, true},
		{550, "5.1.1", "<ann@example.org>: Recipient address rejected: example.org", UserUnknown, true},
		{450, "4.1.2", "<ann@nosuch.example>: Recipient address rejected: Domain not found", UserUnknown, false},
		{454, "4.7.0", "TLS not available due to local problem", NetworkError, false},
		{450, "4.1.1", "<ann@example.org>: Recipient address rejected: User unknown in local recipient table", UserUnknown, false},
		{450, "4.2.0", "<ann@example.org>: Recipient address rejected: Greylisted, see http://postgrey.schweikert.ch/help/example.org.html", RateLimited, false},
		{451, "4.7.1", "<ann@example.org>: Recipient address rejected: Please try again later", RateLimited, false},
		{554, "5.7.1", "<ann@example.org>: Relay access denied", Policy, true},
		{554, "5.7.1", "Service unavailable; Client host [192.0.2.1] blocked using zen.spamhaus.org; https://www.spamhaus.org/query/ip/192.0.2.1", Blocked, false},
		{450, "4.7.25", "Client host rejected: cannot find your hostname, [192.0.2.1]", Blocked, false},
		{450, "4.1.8", "<bob@example.com>: Sender address rejected: Domain not found", Policy, false},
		{504, "5.5.2", "<localhost>: Helo command rejected: need fully-qualified hostname", Policy, true},
		{552, "5.3.4", "Message size exceeds fixed limit", Content, true},
		{452, "4.3.1", "Insufficient system storage", Other, false},
		{554, "5.4.6", "Too many hops", Other, true},
		{421, "4.7.0", "mx.example.org Error: too many connections from 192.0.2.1", RateLimited, false},
		{554, "5.7.1", "Blocked by SpamAssassin", Spam, true},
		{530, "5.7.0", "Must issue a STARTTLS command first", Policy, true},
		// Exim
		{550, "", "Unrouteable address", UserUnknown, true},
		{550, "", "No such person at this address", UserUnknown, true},
		{550, "", "relay not permitted", Policy, true},
		{550, "", "Sender verify failed", Policy, true},
		{550, "", "rejected because 192.0.2.1 is in a black list at bl.spamcop.net", Blocked, false},
		{451, "", "Temporary local problem - please try later", Other, false},
		{550, "", "This message contains a virus or other harmful content (Eicar-Test-Signature)", Content, true},
		{550, "", "\"JunkMail rejected - mail.example.com [192.0.2.1] is in an RBL\"", Blocked, false},
		{550, "", "Administrative prohibition", Policy, true},
		{550, "", "Message headers fail syntax check", Content, true},
		// Exchange on premises
		{550, "5.1.1", "User unknown", UserUnknown, true},
		{452, "4.3.1", "Insufficient system resources", Other, false},
		{550, "5.7.1", "Unable to relay", Policy, true},
		{550, "5.7.60", "SMTP; Client does not have permissions to send as this sender", Policy, true},
		{550, "5.7.1", "Message rejected as spam by Content Filtering.", Spam, true},
		{454, "4.7.0", "Temporary authentication failure", Other, false},
		// Proofpoint
		{554, "5.7.0", "Blocked - see https://support.proofpoint.com/dnsbl-lookup.cgi?ip=192.0.2.1", Policy, true},
		{421, "4.7.1", "Your IP address 192.0.2.1 is temporarily blocked. Reputation too low (PRS).", Blocked, false},
		{550, "5.7.1", "Spam rejected by recipient's filter", Spam, true},
		{452, "4.5.3", "Too many recipients", RateLimited, false},
		// Mimecast
		{550, "", "Invalid Recipient - https://community.mimecast.com/docs/DOC-1369#550", UserUnknown, true},
		{451, "", "Internal resources are temporarily unavailable - https://community.mimecast.com/docs/DOC-1369#451", Other, false},
		{554, "", "Email rejected due to security policies - https://community.mimecast.com/docs/DOC-1369#554", Policy, true},
		{550, "", "Rejected by header based Anti-Spoofing policy: bob@example.com", Policy, true},
		{554, "", "Host network not allowed - https://community.mimecast.com/docs/DOC-1369#554", Blocked, false},
		{550, "", "Local CT Signature", Other, true},
		{451, "", "Account inbounds disabled", Other, false},
		// Others
		{554, "", "mx.t-online.de A problem occurred. (Ask your postmaster for help or to contact tosa@rx.t-online.de to clarify.) (BL)", Blocked, false},
		{550, "", "Requested action not taken: mailbox unavailable", UserUnknown, true},
		{554, "", "Transaction failed Reject due to policy restrictions. For explanation visit https://postmaster.gmx.net", Policy, true},
		{421, "", "mwinf5c01 ME Trop de connexions, veuillez verifier votre configuration. Too many connections, slow down. OFR004_104 [104]", RateLimited, false},
		{550, "5.7.1", "[CS] Message blocked due to spam content in the message.", Spam, true},
		{553, "", "sorry, that domain isn't in my list of allowed rcpthosts (#5.7.1)", UserUnknown, true},
		{550, "", "sorry, no mailbox here by that name. (#5.1.1)", UserUnknown, true},
		{556, "5.1.10", "Recipient address has null MX", UserUnknown, true},
		{535, "5.7.8", "Error: authentication failed", Policy, true},
		// of the sender, not of the recipient
		{550, "", "Sender account suspended", Policy, true},
		{550, "", "The sender domain example.com does not exist", Policy, true},
		{550, "5.1.8", "user unknown", Policy, true},
		{554, "", "Your account has been disabled for sending", Policy, true},
		{550, "", "<bob@example.com>: sender unknown", Policy, true},
		// what only the code or the status tells
		{550, "5.1.1", "", UserUnknown, true}, {550, "5.2.1", "", UserUnknown, true}, {452, "4.2.2", "", MailboxFull, false}, {552, "", "", MailboxFull, false}, {550, "5.7.1", "", Policy, true}, {554, "", "", Other, true},
		{421, "", "", NetworkError, false}, {450, "", "", Other, false}, {451, "4.7.1", "", Policy, false}, {0, "", "", Other, false}, {0, "5.1.1", "", UserUnknown, true}, {0, "4.4.1", "", NetworkError, false}, {0, "5.4.4", "", UserUnknown, true},
		{550, "5.6.0", "", Content, true}, {550, "nonsense", "", Other, true}, {-1, "9.9.9", "\x00\xff", Other, false},
		// errors of one's own that a courier may pass on
		{0, "", "dial tcp 192.0.2.1:25: connect: connection refused", NetworkError, false},
		{0, "", "read tcp 192.0.2.1:25: i/o timeout", NetworkError, false},
		{0, "", "lookup nosuch.example: no such host", UserUnknown, true},
	} {
		if reason, hard := Classify(tc.code, tc.status, tc.text); reason != tc.reason || hard != tc.hard {
			t.Errorf("%d %s %.80s\n\tis %s (hard: %v), not %s (%v)", tc.code, tc.status, tc.text, reason, hard, tc.reason, tc.hard)
		}
	}
}

func TestPhrasesAreAsNormalizeLeavesText(t *testing.T) {
	for _, entry := range phrases {
		for _, phrase := range entry.words {
			for _, r := range phrase {
				if r == '’' || r >= 'A' && r <= 'Z' {
					t.Errorf("%q can never match", phrase)
				}
			}
			if j, ok := judgeText("x " + phrase + " y"); !ok {
				t.Errorf("%q does not match itself (%v)", phrase, j)
			}
		}
	}
}

func TestRepliesAreFoundInText(t *testing.T) {
	for text, want := range map[string]struct {
		code   int
		status string
	}{
		"550 5.1.1 no":                                 {550, "5.1.1"},
		"550-5.1.1 no":                                 {550, "5.1.1"},
		"550: 5.2.2 full":                              {550, "5.2.2"},
		"host mx said: 550 no (in reply)":              {550, ""},
		"host mx said: 552 sorry (#5.1.1)":             {552, "5.1.1"},
		"#550 5.1.1 RESOLVER; not found ##":            {550, "5.1.1"},
		"Remote Server returned '550 5.1.10 RESOLVER'": {550, "5.1.10"},
		"<<< 550 no":                                   {550, ""},
		"[450 4.2.2 full]":                             {450, "4.2.2"},
		"(#5.4.4)":                                     {0, "5.4.4"},
		"in 450 hours of 2024.10.11":                   {0, ""},
		"from 192.0.2.5 port 587":                      {0, ""},
		"version 5.10.250.1":                           {0, ""},
		"":                                             {0, ""},
	} {
		if code, status, _ := findReply(text); code != want.code || status != want.status {
			t.Errorf("%q: %d %q, not %d %q", text, code, status, want.code, want.status)
		}
	}
}

func BenchmarkClassify(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		Classify(550, "5.0.0", "<ann@example.org>: nothing that any phrase of the table is about, so that all of them are looked for in these words")
	}
}
