package report

// phrases lists the words by which servers tell why, as normalize leaves them; a star stands for anything between. The
// first entry that matches decides, so what is more telling stands before what is also said in passing.
var phrases = []struct {
	judgement
	words []string
}{
	{judgement{reason: NetworkError}, []string{
		"malformed or unexpected name server reply", "host not found try again", "temporary lookup failure", "temporary dns",
		"dns temporar", "tls not available", "tls currently unavailable", "dns lookup failure", "server failure", "servfail", "delivery temporarily suspended",
	}},
	{judgement{reason: RateLimited}, []string{
		"rate limit", "rate-limit", "ratelimit", "too many messages", "too many connections", "too many concurrent", "too many recipients",
		"too many mails", "too many emails", "too many sessions", "too many smtp", "too much mail", "sent to too many", "at a rate", "too quickly",
		"throttl", "unusual rate", "message rate", "sending rate", "connection rate", "exceeded the rate", "frequency limit", "frequently",
		"relay quota", "daily quota", "hourly quota", "sending quota", "sending limit", "daily limit", "hourly limit", "messages per ", "emails per ", "recipients per ",
		"connection limit", "unexpected volume", "greylist", "graylist", "grey-list", "gray-list", "grey list", " tss04 ", "too fast", "slow down",
		"max message per connection", "maximum number of connections", "concurrent connections", "temporarily deferred due to",
	}},
	{judgement{reason: Spam}, []string{"scored as spam", "flagged as spam", "spam classification", "classified as spam", "identified as spam", "detected as spam", "rejected as spam", "considered spam", "considered as spam"}},
	{judgement{reason: Policy}, []string{ // who the sender is, and how that is proven
		"dmarc", " spf ", "spf=", "spf-", "dkim", "sender id ", "unauthenticated", "authentication information", "authentication checks", "authentication required",
		"authentication failed", "authentication is required", "not authenticated", "must authenticate", "must be authenticated", "authenticate with", "sendernotauthenticated",
		"sender address rejected", "sender rejected", "sender denied", "sender verify", "sender verification", "sender not", "domain of sender", "unroutable sender",
		"verify sender", "verification failed for", "bad sender", "invalid sender", "unresolvable sender", "recognized as a valid sender", "sender domain", "sender's domain", "from domain", "sending domain*does not", "return address", "envelope sender", "domain of the sender", "domain in the sender", "sender unknown", "unknown sender", "sender account", "your account", "your domain",
		"email address is not verified", "does not support tls", "starttls", "requires tls", "tls required", "encryption needed", "invalid ip for sending", "mismatches client ip",
		"my name was rejected", "invalid domain name", "helo", "ehlo*rejected", "rfc 5321 compliant",
	}},
	{judgement{reason: MailboxFull}, []string{
		"mailbox full", "mailbox is full", "mail box is full", "mailbox has exceeded", "mailbox size limit exceeded", "full mailbox", "inbox is full", "inbox full", "is full ", "over quota", "overquota",
		"quota exceeded", "exceeded*quota", "exceeds*quota", "quota", "out of storage", "exceeds allowed size", "exceeded the local limit", "mailbox exceeds",
		"exceeded storage allocation", "exceeded its storage", "storage limit", "mailbox limit", "not enough space", "recipient storage full", "mailbox for user is full",
		"too many messages in the mailbox", "boite pleine", "boîte pleine", "postfach voll", "postfach ist voll", "mailbox voll", "buzón lleno", "casella piena", "ящик переполнен", "переполнен",
		"一杯", "いっぱい", "容量を超", "邮箱已满", "mailbox unavailable or full",
	}},
	{judgement{reason: Spam}, []string{
		" ube ", "unsolicited", " - spam ", " is spam", "classified as spam",
		"recognized as spam", "looks like spam", "likely spam", "appears to be spam", "resembles spam", "spam message", "spam detected",
		"spam content", "spam score", "spam probability", "spam filter", "spam-like", "spammy", "spamassassin", "suspected spam", "suspected of being spam", "probability of spam", "spam engine",
		"message content rejected", "bulk email", "bulk e-mail", "spam & virus", "junk mail", "anti-spam", "antispam", "phish", "rejected for spam", "blocked as spam", "because of spam",
		"spam rejected", "is not wanted here", "your message looks like", "blocked by our", "high spam", "spam mail",
	}},
	{judgement{reason: Content}, []string{
		"rfc 5322 compliant", "rfc 5322", "rfc 2822", "rfc2822", "rfc5322", "multiple addresses in from", "potential security", "virus", "malware", "content presents", "attachment type", "attachments are not", "attachment*not allowed", "attachment*prohibited", "attachment*rejected", "attachment*blocked", "blocked attachment", "illegal attachment", "unacceptable attachment", "message too large", "message too big", "message is too",
		"size limit", "exceeds size", "exceeds the maximum", "message size exceeds", "maximum message size", "message exceeds", "too large", "mail size", "sizelimit", "exceeds fixed limit",
		"header error", "line limit exceeded", "line too long", "lines too long", "8-bit data", "media error", "data format error", "duplicate header", "malformed header", "illegal header", "missing header",
		"invalid header", "header syntax", "bare lf", "banned file", "executable", "infected", "prohibited content", "forbidden content", "content rejected", "content filter", "rejected due to content", "undesirable content",
		"message headers fail syntax", "from header", "empty message",
	}},
	{judgement{reason: Blocked}, []string{
		"banned sending ip", "banned sender", "banned sending", "block list", "blocklist", "blacklist", "black list", "black-list", "denylist", "denied by rbl", "spamhaus", "spamcop", "barracuda", "sorbs", "dnsbl", " rbl ",
		"blocked using", "reputation", "client host rejected", "client host blocked", "host network not allowed", "ptr record", "reverse dns", "rdns", "reverse lookup", " ptr ",
		"cannot find your hostname", "cannot find your reverse", "unverifyable sending", "unverifiable sending", "ip name lookup failed", "messages from*weren't sent", "connections not accepted from", "connection not accepted from", "smtp server of your isp",
		"use your isp", "isp's smtp", "dynamic ip", "dynamic address", "dynamic pool", "residential", "open relay", "accepted from this ip", "your ip address", "ip address*blocked", "ip*has been blocked", "ip is blocked", "blocked ip", "blocked sending ip",
		"a problem occurred ask your postmaster", " bl ", "permanently deferred", "no access from mail server", "server access*forbidden", "user complaints", "bad host", "poor sending", "network is on our",
	}},
	{judgement{reason: Other, when: never}, []string{ // of the account, but not for good
		"temporary locked", "temporarily locked", "temporarily disabled", "temporarily unavailable", "currently unavailable", "temporarily inactive", "temporary authentication",
	}},
	{judgement{reason: UserUnknown, when: always}, []string{ // the domain
		"domain name not found", "nxdomain", "null mx", "host unknown", "unknown host", "host not found", "host or domain name not found", "no such domain", "no such host", "domain not found", "domain does not exist",
		"domain doesn't exist", "unknown domain", "name or service not known", "couldn't find a mail exchanger", "couldn't find any host", "does not accept mail", "doesn't receive email", "doesn't accept mail", "no smtp service",
		"bad destination system", "had no relevant answers", "unrouteable address", "unroutable address", "unrouteable mail domain", "all relevant mx records point to non-existent hosts", "domain isn't in my list of allowed", "mx points to localhost",
	}},
	{judgement{reason: UserUnknown}, []string{
		"user unknown", "unknown user", "no such user", "user not found", "user does not exist", "user doesn't exist", "user not exist", "user not known", "user is unknown", "not our customer", "no mailbox here", "mailbox not found",
		"mailbox unavailable", "mailbox does not exist", "mailbox doesn't exist", "no such mailbox", "mailbox unknown", "unknown mailbox", "mailbox invalid", "invalid mailbox", "not a valid mailbox", "not a valid recipient", "mailbox is unavailable",
		"recipient not found", "recipnotfound", "recipientnotfound", "unknown recipient", "recipient unknown", "recipient name is not recognized", "invalid recipient", "recipient is invalid", "recipient invalid", "no such recipient", "recipient does not exist", "recipient address does not exist", "recipient no longer", "recipient rejected unknown",
		"invalid address", "invalid user", "unknown address", "unknown e-mail address", "unknown email address", "address unknown", "address not found", "address does not exist", "address doesn't exist", "address wasn't found", "address couldn't be found", "no such address", "no such person", "no such account", "no such local", "unknown local part", "malformed address", "address is possibly incorrect",
		"account does not exist", "account doesn't exist", "account that you tried to reach does not exist", "doesn't have a*account", "does not have a*account", "not a known user", "unknown account", "account unknown", "account not found", "isn't a valid", "not listed in*directory", "not found in*directory", "bad destination mailbox",
		"account is disabled", "account has been disabled", "account disabled", "account that you tried to reach is disabled", "disabled recipient", "recipient disabled", "user disabled", "mailbox disabled", "mailbox is disabled", "address is disabled", "disabled or discontinued", "inactive", "suspended", "deactivated", "account is blocked", "recipient account is blocked", "account is locked", "account locked",
		"account is closed", "account closed", "mailbox is frozen", "mailbox is closed", "mailbox closed", "no longer on server", "no longer valid", "no longer available", "no longer active", "no longer exists", "no longer in use", "no longer accepts", "has moved", "undeliverable address", "not a local address", "unknown or illegal alias", "unknown alias", "alias unknown",
		"couldn't be found", "wasn't found at", "does not exist", "doesn't exist", "destinataire invalide", "adresse inconnue", "utilisateur inconnu", "unbekannter empfänger", "empfänger unbekannt", "existiert nicht", "adressat unbekannt", "benutzer unbekannt", "usuario desconocido", "destinatario desconocido", "utente sconosciuto", "destinatario sconosciuto", "indirizzo inesistente",
		"usuário desconhecido", "пользователь не найден", "такого пользователя нет", "не существует", "ящик не найден", "見つかりません", "ありません", "存在しません", "宛先不明", "用户不存在", "收件人不存在",
	}},
	{judgement{reason: Expired}, []string{
		"message expired", "envelope expired", "queue.expired", "delivery time expired", "retry timeout exceeded", "could not deliver for the last", "failing for a long time", "expired after", "message timed out",
	}},
	{judgement{reason: NetworkError}, []string{
		"timed out", "timeout", "connection refused", "connection reset", "connection dropped", "connection lost", "lost connection", "connection closed", "no route to host", "network is unreachable", "network error", "unreachable", "not reachable", "socket error",
		"accept our requests to connect", "unable to connect", "being unable to connect", "could not connect", "couldn't connect", "failed to connect", "cannot connect", "unable to contact", "establish an smtp connection", "not responding", "name service error", "host down", "tls handshake", "handshake fail", "dns error", "dns failure", "remote protocol error", "error encountered while communicating",
	}},
	{judgement{reason: Other, when: never}, []string{ // faults of the server
		"system error", "mailer error", "internal error", "internal server error", "write error", "error while writing", "lock failure", "disk space", "disk full", "no space left", "insufficient system", "system resources", "configuration error", "local configuration",
		"temporary failure", "temporary error", "temporary problem", "temporary local problem", "due to a recipient error", "upstream error", "too many clients", "local error in processing", "out of memory",
	}},
	{judgement{reason: RateLimited}, []string{
		"try again later", "try later", "please retry later", "please try again", "retry later", "deferred by*policy", "resources temporarily",
	}},
	{judgement{reason: Policy}, []string{ // other rules
		"relay access denied", "relaying denied", "relay not permitted", "relay denied", "not permitted to relay", "no relaying", "unable to relay", "cannot relay", "relaying not", "relaying is", "relay", "policy", "recipient preferences",
		"not authorized", "not authorised", "unauthorized", "not allowed", "not permitted", "permission", "restricted", "access denied", "administrative prohibition", "administratively prohibited", "prohibited", "refused by", "mail rejete", "mail rejected", "message filtered", "message refused",
		"rejected by administrator", "not accepted here", "cannot send e-mail to yourself", "blocked", "forbidden",
	}},
	{judgement{reason: Expired}, []string{
		"in the queue too long", "could not be delivered for", "cannot send message for", "expired", "for too long", "too old", "delivery failed*attempts", "giving up after", "unable to deliver in",
	}},
}

// strongStatuses says more than any words beside it.
var strongStatuses = map[string]Reason{
	"1.7": Policy, "1.8": Policy, // the sender's address
	"2.2": MailboxFull, "2.3": Content, "3.4": Content,
}

// statuses has the registry of enhanced status codes (RFC 5248) as far as it tells a reason.
var statuses = map[string]judgement{
	"1.0": {reason: UserUnknown}, "1.1": {reason: UserUnknown}, "1.2": {reason: UserUnknown}, "1.3": {reason: UserUnknown}, "1.4": {reason: UserUnknown},
	"1.5": {reason: Other}, "1.6": {reason: UserUnknown}, "1.9": {reason: Other}, "1.10": {reason: UserUnknown, when: always},
	"2.1": {reason: UserUnknown},
	"3.0": {reason: Other, when: never}, "3.1": {reason: Other, when: never}, "3.2": {reason: Other, when: never}, "3.3": {reason: Other}, "3.5": {reason: Other, when: never}, // the server
	"4.4": {reason: NetworkError}, "4.5": {reason: RateLimited}, "4.6": {reason: Other}, "4.7": {reason: Expired},
	"5.3":  {reason: RateLimited},
	"7.13": {reason: UserUnknown}, "7.25": {reason: Blocked}, "7.28": {reason: RateLimited},
}

// codes has the reply codes that tell a reason by themselves (RFC 5321, 4.2.3; RFC 7504).
var codes = map[int]judgement{
	421: {reason: NetworkError}, 521: {reason: UserUnknown, when: always}, 556: {reason: UserUnknown, when: always},
	523: {reason: Content}, 525: {reason: UserUnknown}, 530: {reason: Policy}, 534: {reason: Policy}, 535: {reason: Policy}, 538: {reason: Policy}, 551: {reason: UserUnknown}, 552: {reason: MailboxFull},
}

// bouncePhrases are in the notice of a bounce, in lower case.
var bouncePhrases = []string{
	"not be delivered", "n't be delivered", "not delivered", "undelivered", "undeliverable", "non-deliverable", "unable to deliver", "wasn't able to deliver", "were unable to deliver", "not able to deliver",
	"delivery has failed", "delivery failed", "delivery failure", "delivery to the following", "delevery to the following", "did not reach", "returned mail", "failure notice", "user unknown", "permanent error", "permanent fatal error",
	"addresses had", "error delivering your mail", "mail system error", "failure reasons", "mailbox is full", "exceeds allowed size", "delivery status notification", "delivery report", "delivery incomplete", "has been delayed", "is delayed", "could not send", "cannot send message",
	"not yet been delivered", "unsent message", "transcript of session follows", "mail failure", "rejected your message", "error sending your mail", "trouble delivering", "was not relayed", "not accepted for delivery", "invalid user address", "problem delivering", "error message below",
	"送信できません", "配信できません", "配送できません", "届けできません", "エラー通知", "不达", "退信", "无法投递", "не доставлено", "не может быть доставлено", "недоставлен", "konnte nicht zugestellt", "nicht zugestellt", "unzustellbar", "n'a pas pu être", "non remis", "non distribu",
	"no se pudo entregar", "no se ha podido entregar", "non recapitabil", "non è riuscito", "não pôde ser entregue", "não foi entregue", "niet worden afgeleverd", "onbestelbaar", "nie mogła zostać dostarczona", "kunde inte levereras", "teslim edilemedi",
}

// delayPhrases tell that the message is still being tried, in lower case.
var delayPhrases = []string{
	"(delay)", "notification: delayed", "notification: warning", "warning message only", "warning only", "warning: could not send", "warning--could not send", "delayed mail", "has been delayed", "is delayed for", "delivery incomplete",
	"not yet been delivered", "delivery attempts will continue", "still being retried", "will be retried", "will keep trying", "will continue to be attempted", "temporary failure report", "still undelivered", "zustellung verzögert", "доставка отложена",
}

// recipientPhrases precede the address of the recipient on the same line, in lower case.
var recipientPhrases = []string{
	"rcpt to:", "delivering your mail to", "deliver message to:", "deliver message to", "could not be delivered to:", "could not be delivered to", "not be delivered to:", "recipient address:", "recipient:", "addressed to:", "rejected recipient", "delivered to:",
	"your message to:", "your message to", "message wasn't delivered to", "wasn't delivered to", "was not delivered to", "delivery to", "delivering your message to", "message for", "failed recipient:",
}

// aliasPhrases precede the address that a recipient was made from.
var aliasPhrases = []string{"expanded from", "generated from", "generated by"}

// returnedPhrases begin the line after which the message is returned, in lower case, without rules around it.
var returnedPhrases = []string{
	"below this line is a copy", "this is a copy of", "original message", "original mail", "copy of the message", "copy of the original", "the header of the original", "message headers follow", "included is a copy", "enclosed is a copy",
	"unsent message", "returned message", "below is a copy", "non-delivered message", "message header", "undelivered message", "intestazioni originali", "ursprüngliche nachrichtenkopfzeilen", "en-têtes de message d'origine", "encabezados de mensajes originales", "元のメッセージ ヘッダー",
}

// autoSubjects begin the subject of an automatic reply, in lower case.
var autoSubjects = []string{
	"automatic reply", "automatic response", "automated reply", "automated response", "autoreply", "auto reply", "auto-reply", "auto:", "autorespon", "auto respon", "auto-respon", "out of office", "out of the office", "out-of-office", "ooo:", "vacation", "on vacation", "away from", "i am away", "on leave",
	"automatische antwort", "abwesenheit", "abwesend", "réponse automatique", "reponse automatique", "absence du bureau", "absent du bureau", "respuesta automática", "respuesta automatica", "fuera de la oficina", "ausente", "risposta automatica", "fuori sede", "fuori ufficio", "resposta automática", "resposta automatica", "ausência",
	"automatisch antwoord", "afwezig", "automatyczna odpowiedź", "autosvar", "automatiskt svar", "automaattinen vastaus", "otomatik yanıt", "автоответ", "автоматический ответ", "自動返信", "自動応答", "不在", "自动回复", "自動回覆", "자동 회신", "부재중",
}
