package message

// What mail programs write around older messages, in the languages they write it in. All phrases are lower case with
// plain apostrophes, as normal makes them.

// separators stand between dashes above an older message.
var separators = set(
	"original message", "original email", "original appointment", "reply message", "forwarded message", "forwarded mail",
	"ursprüngliche nachricht", "originalnachricht", "original-nachricht", "weitergeleitete nachricht", "ursprüngliche e-mail",
	"message d'origine", "message original", "message initial", "message transféré", "courriel original",
	"mensaje original", "mensaje reenviado", "mensaje enviado",
	"messaggio originale", "messaggio inoltrato",
	"oorspronkelijk bericht", "origineel bericht", "doorgestuurd bericht", "oorspronkelijke bericht",
	"mensagem original", "mensagem encaminhada", "mensagem reencaminhada",
	"oryginalna wiadomość", "wiadomość oryginalna", "wiadomość przekazana", "wiadomość przekazana dalej",
	"ursprungligt meddelande", "originalmeddelande", "vidarebefordrat meddelande",
	"oprindelig meddelelse", "original meddelelse", "videresendt meddelelse", "oprindelig besked",
	"opprinnelig melding", "videresendt melding", "original melding",
	"alkuperäinen viesti", "původní zpráva", "původní e-mail", "eredeti üzenet", "mesaj original", "özgün ileti", "orijinal mesaj",
	"исходное сообщение", "пересылаемое сообщение", "оригінальне повідомлення",
	"元のメッセージ", "転送メッセージ", "原始邮件", "原始郵件", "转发的邮件", "转发邮件", "轉寄郵件", "회신한 메시지", "원본 메시지", "전달된 메시지",
)

// separatorLines stand alone with a colon, without dashes.
var separatorLines = []string{
	"begin forwarded message", "anfang der weitergeleiteten nachricht", "début du message réexpédié", "début du message transféré",
	"inicio del mensaje reenviado", "inizio messaggio inoltrato", "begin doorgestuurd bericht", "início da mensagem reencaminhada",
	"início da mensagem encaminhada", "początek przekazywanej wiadomości", "vidarebefordrat brev", "start på videresendt besked",
	"videresendt melding", "転送されたメッセージ", "以下是转发的邮件", "开始转发的邮件",
}

// label is what a line of a header block may say; a word may mean several in different languages.
type label uint8

const (
	labelFrom label = 1 << iota
	labelDate
	labelTo
	labelSubject
)

var labels = map[string]label{
	"from": labelFrom, "von": labelFrom, "de": labelFrom, "da": labelFrom, "van": labelFrom, "från": labelFrom, "fra": labelFrom,
	"od": labelFrom, "lähettäjä": labelFrom, "от": labelFrom, "від": labelFrom, "kimden": labelFrom, "feladó": labelFrom,
	"expéditeur": labelFrom, "remitente": labelFrom, "mittente": labelFrom, "absender": labelFrom,
	"差出人": labelFrom, "送信者": labelFrom, "发件人": labelFrom, "寄件者": labelFrom, "寄件人": labelFrom, "보낸 사람": labelFrom,

	"sent": labelDate, "date": labelDate, "gesendet": labelDate, "datum": labelDate, "envoyé": labelDate, "envoyé le": labelDate,
	"enviado": labelDate, "enviado el": labelDate, "enviada em": labelDate, "enviado em": labelDate, "enviada": labelDate, "fecha": labelDate,
	"data": labelDate, "inviato": labelDate, "inviato il": labelDate, "verzonden": labelDate, "skickat": labelDate, "sendt": labelDate,
	"dato": labelDate, "wysłano": labelDate, "wysłane": labelDate, "data wysłania": labelDate, "lähetetty": labelDate, "odesláno": labelDate,
	"отправлено": labelDate, "дата": labelDate, "gönderildi": labelDate, "tarih": labelDate, "elküldve": labelDate,
	"送信日時": labelDate, "日時": labelDate, "日付": labelDate, "发送时间": labelDate, "發送時間": labelDate, "日期": labelDate, "时间": labelDate,
	"寄件日期": labelDate, "보낸 날짜": labelDate, "날짜": labelDate,

	"to": labelTo, "an": labelTo, "à": labelTo, "a": labelTo, "para": labelTo, "aan": labelTo, "till": labelTo, "til": labelTo,
	"do": labelTo, "vastaanottaja": labelTo, "komu": labelTo, "кому": labelTo, "kime": labelTo, "címzett": labelTo, "destinataire": labelTo,
	"destinatario": labelTo, "destinatário": labelTo, "empfänger": labelTo, "宛先": labelTo, "收件人": labelTo, "收件者": labelTo, "받는 사람": labelTo,

	"subject": labelSubject, "betreff": labelSubject, "objet": labelSubject, "asunto": labelSubject, "oggetto": labelSubject,
	"onderwerp": labelSubject, "assunto": labelSubject, "ämne": labelSubject, "emne": labelSubject, "temat": labelSubject,
	"aihe": labelSubject, "předmět": labelSubject, "тема": labelSubject, "konu": labelSubject, "tárgy": labelSubject,
	"件名": labelSubject, "主题": labelSubject, "主旨": labelSubject, "主題": labelSubject, "제목": labelSubject,
}

// openers begin the sentence that introduces a quote.
var openers = []string{
	"on ", "am ", "le ", "el ", "op ", "il ", "em ", "no dia ", "a ", "w dniu ", "dnia ", "den ", "på ", "ti. ", "on. ", "tor. ", "fre. ",
	"man. ", "lør. ", "søn. ", "tir. ", "ons. ", "mån ", "tis ", "ons ", "tors ", "fre ", "lör ", "sön ", "dne ", "pe ", "в ", "în data",
	"pon., ", "wt., ", "śr., ", "czw., ", "pt., ", "sob., ", "niedz., ", "於 ", "在 ",
}

// verbs say in it that somebody wrote.
var verbs = []string{
	"wrote", "writes", "schrieb", "schrieben", "geschrieben", "a écrit", "à écrit", "escribió", "escribio", "schreef", "geschreven",
	"ha scritto", "escreveu", "napisał(a)", "napisał", "napisała", "pisze", "skrev", "kirjoitti", "napsal(a)", "napsal", "napsala",
	"írta", "ezt írta", "a scris", "yazdı", "şunu yazdı", "написал", "написала", "написал(а)", "пишет", "писал", "писала", "написав", "пише",
	"写道", "寫道", "写了", "のメッセージ", "のメール", "が書きました", "さんは書きました", "書きました", "님이 작성", "작성", "님이 씀",
}

// device is a phrase that programs end a message with: words, as many of the sender's device at most, and an end.
type device struct {
	start, end string
	words      int
}

var devices = []device{
	{"sent from my ", "", 4}, {"sent from mail for ", "", 3}, {"sent from outlook", "", 4}, {"sent from yahoo", "", 5},
	{"sent from proton", "", 4}, {"sent from gmail", "", 3}, {"sent from samsung", "", 4}, {"sent from the all new aol", "", 4},
	{"sent from an ", "device", 4}, {"sent via ", "", 4}, {"sent with proton", "", 5}, {"sent using ", "", 4}, {"get outlook for ", "", 2},
	{"sent on the go", "", 4},
	{"von meinem ", "gesendet", 5}, {"von mein ", "gesendet", 5}, {"gesendet von ", "", 5}, {"gesendet mit ", "", 6},
	{"diese nachricht wurde von meinem ", "gesendet", 6}, {"outlook für ", "", 3},
	{"envoyé de mon ", "", 4}, {"envoyé depuis ", "", 5}, {"envoyé à partir de ", "", 4}, {"télécharger outlook pour ", "", 2},
	{"enviado desde ", "", 5}, {"obtener outlook para ", "", 2}, {"enviado do meu ", "", 4}, {"enviado a partir do ", "", 5},
	{"enviado de meu ", "", 4}, {"obter o outlook para ", "", 2}, {"enviado via ", "", 4},
	{"inviato da ", "", 5}, {"inviato dal mio ", "", 4}, {"scarica outlook per ", "", 2},
	{"verstuurd vanaf ", "", 4}, {"verzonden vanaf ", "", 4}, {"verzonden met ", "", 4}, {"outlook voor ", "", 3},
	{"wysłane z ", "", 5}, {"wysłano z ", "", 5}, {"skickat från ", "", 5}, {"sendt fra ", "", 5}, {"hämta outlook för ", "", 2},
	{"hent outlook til ", "", 2}, {"lähetetty ", "", 4}, {"odesláno z ", "", 4}, {"отправлено с ", "", 4}, {"отправлено из ", "", 4},
	{"", "から送信", 3}, {"", "から送信されました", 3}, {"发自我的", "", 3}, {"从我的", "发送", 3}, {"從我的", "傳送", 3}, {"나의 ", "보냄", 4},
}

func set(words ...string) map[string]bool {
	m := make(map[string]bool, len(words))
	for _, w := range words {
		m[w] = true
	}
	return m
}
