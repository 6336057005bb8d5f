package message

import (
	"strings"
	"testing"
)

func TestReplyTextIsTheNewText(t *testing.T) {
	const quote = "\n> old text\n> more old text\n"
	for _, tc := range []struct{ name, text, want string }{
		{"nothing to drop", "Hello.\n\nBye", "Hello.\n\nBye"},
		{"English", "new\n\nOn Mon, Jan 1, 2001 at 10:00 AM Joe <joe@example.com> wrote:\n" + quote, "new"},
		{"wrapped over two lines", "new\n\nOn Mon, Jan 1, 2001 at 10:00 AM Joe Public\n<joe@example.com> wrote:" + quote, "new"},
		{"wrapped over three lines", "new\n\nOn Mon, Jan 1, 2001 at 10:00 AM Joe Public\n<joe@example.com>\nwrote:" + quote, "new"},
		{"German", "neu\n\nAm Mo., 1. Jan. 2001 um 10:00 Uhr schrieb Joe <joe@example.com>:\n" + quote, "neu"},
		{"German of Thunderbird", "neu\n\nAm 01.01.01 um 10:00 schrieb Joe:" + quote, "neu"},
		{"French", "neuf\n\nLe lun. 1 janv. 2001 à 10:00, Joe <joe@example.com> a écrit\u00a0:\n" + quote, "neuf"},
		{"Spanish", "nuevo\n\nEl lun, 1 ene 2001 a las 10:00, Joe (<joe@example.com>) escribió:\n" + quote, "nuevo"},
		{"Dutch", "nieuw\n\nOp ma 1 jan. 2001 om 10:00 schreef Joe <joe@example.com>:\n" + quote, "nieuw"},
		{"Italian", "nuovo\n\nIl giorno lun 1 gen 2001 alle ore 10:00 Joe <joe@example.com> ha scritto:\n" + quote, "nuovo"},
		{"Portuguese", "novo\n\nEm seg., 1 de jan. de 2001 às 10:00, Joe <joe@example.com> escreveu:\n" + quote, "novo"},
		{"Polish", "nowe\n\npon., 1 sty 2001 o 10:00 Joe <joe@example.com> napisał(a):\n" + quote, "nowe"},
		{"Polish of Thunderbird", "nowe\n\nW dniu 01.01.2001 o 10:00, Joe pisze:" + quote, "nowe"},
		{"Swedish", "ny\n\nDen mån 1 jan. 2001 kl 10:00 skrev Joe <joe@example.com>:\n" + quote, "ny"},
		{"Danish", "ny\n\nDen man. 1. jan. 2001 kl. 10.00 skrev Joe <joe@example.com>:\n" + quote, "ny"},
		{"Norwegian", "ny\n\nman. 1. jan. 2001 kl. 10:00 skrev Joe <joe@example.com>:\n" + quote, "ny"},
		{"Finnish", "uusi\n\nma 1. tammik. 2001 klo 10.00 Joe (joe@example.com) kirjoitti:\n" + quote, "uusi"},
		{"Russian", "новое\n\nпн, 1 янв. 2001 г. в 10:00, Joe <joe@example.com>:\n" + quote, "новое"},
		{"Russian of Thunderbird", "новое\n\n01.01.2001 10:00, Joe пишет:" + quote, "новое"},
		{"Japanese", "新しい\n\n2001年1月1日(月) 10:00 Joe <joe@example.com>:\n" + quote, "新しい"},
		{"Japanese of Thunderbird", "新しい\n\nOn 2001/01/01 10:00, Joe wrote:" + quote, "新しい"},
		{"Chinese", "新的\n\nJoe <joe@example.com> 于2001年1月1日周一 上午10:00写道：\n" + quote, "新的"},
		{"Korean", "새로운\n\n2001년 1월 1일 (월) 오전 10:00, Joe <joe@example.com>님이 작성:\n" + quote, "새로운"},
		{"quote without marks", "new\n\nOn Mon, Jan 1, 2001 at 10:00 AM Joe <joe@example.com> wrote:\n\nold text\nold", "new"},
		{"quote that is introduced shortly", "new\n\nJoe wrote:" + quote, "new"},
		{"quote that is not introduced", "new\n" + quote, "new"},
		{"original message", "new\n\n-----Original Message-----\nFrom: Joe\n\nold", "new"},
		{"original message in German", "neu\n\n-----Ursprüngliche Nachricht-----\nVon: Joe\n\nalt", "neu"},
		{"original message in French", "neuf\n\n-------- Message d’origine --------\nDe : Joe\n\nvieux", "neuf"},
		{"original message in Chinese", "新的\n\n------------------ 原始邮件 ------------------\n发件人: Joe\n\n旧", "新的"},
		{"header block of Outlook", "new\n\n________________________________\nFrom: Joe <joe@example.com>\nSent: Monday, January 1, 2001 10:00\nTo: Ann\nSubject: s\n\nold", "new"},
		{"header block in bold", "new\n\n*From:* Joe\n*Sent:* Monday\n*To:* Ann\n*Subject:* s\n\nold", "new"},
		{"header block in German", "neu\n\nVon: Joe\nGesendet: Montag\nAn: Ann\nBetreff: s\n\nalt", "neu"},
		{"header block in French", "neuf\n\nDe : Joe\nEnvoyé : lundi\nÀ : Ann\nObjet : s\n\nvieux", "neuf"},
		{"header block in Spanish", "nuevo\n\nDe: Joe\nEnviado el: lunes\nPara: Ann\nAsunto: s\n\nviejo", "nuevo"},
		{"header block in Japanese", "新しい\n\n差出人: Joe\n送信日時: 月曜日\n宛先: Ann\n件名: s\n\n古い", "新しい"},
		{"header block with many recipients", "new\n\nFrom: Joe\nSent: Monday\nTo: Ann; Bob;\nCarl; Dan\nSubject: s\n\nold", "new"},
		{"forward with a note", "see below\n\n---------- Forwarded message ---------\nFrom: Joe\n\nold", "see below"},
		{"forward of Apple with a note", "see below\n\nBegin forwarded message:\n\nFrom: Joe\n\nold", "see below"},
		{"signature", "new\n\n-- \nJoe\nExample Ltd", "new"},
		{"signature whose space is lost", "new\n\n--\nJoe", "new"},
		{"signature and then the quote", "new\n\n-- \nJoe\n\nOn 1 Jan 2001, at 10:00, Ann wrote:\n" + quote, "new"},
		{"quote and then the signature", "new\n\nAnn wrote:" + quote + "\n-- \nJoe", "new"},
		{"telephone", "new\n\nSent from my iPhone", "new"},
		{"telephone and then the quote", "new\n\nSent from my iPhone\n\n> On Jan 1, 2001, at 10:00, Ann wrote:\n> \n> old", "new"},
		{"telephone in German", "neu\n\nVon meinem iPhone gesendet", "neu"},
		{"telephone in Japanese", "新しい\n\niPhoneから送信", "新しい"},
		{"Outlook for telephones", "new\n\nGet Outlook for iOS<https://aka.ms/o0ukef>", "new"},
		{"interleaved", "Joe wrote:\n> one?\n\nYes.\n\n> two?\n\nNo.\n\n> bye\n", "Joe wrote:\n> one?\n\nYes.\n\n> two?\n\nNo."},
		{"answer below", "On 1 Jan 2001, at 10:00, Ann wrote:\n> old\n> old\n\nnew\n\n-- \nJoe", "new"},
		{"answer below a quote picked out", "> old\n\nnew", "> old\n\nnew"},
		{"only a quote", "> old", "> old"},
		{"only a forward", "---------- Forwarded message ---------\nFrom: Joe\n\nold", "---------- Forwarded message ---------\nFrom: Joe\n\nold"},
		{"only a signature", "-- \nJoe", "-- \nJoe"},
		{"line ends of the wire", "new\r\n\r\nOn 1 Jan 2001, at 10:00, Ann wrote:\r\n> old\r\n", "new"},
		{"nothing", "", ""},

		{"dashes in text", "a -- b\n\n--- c ---\nd", "a -- b\n\n--- c ---\nd"},
		{"sentence that begins with On", "On Monday I wrote: no.\nOn Tuesday: yes.", "On Monday I wrote: no.\nOn Tuesday: yes."},
		{"someone's words told", "On 5 May the minister wrote:\n\nWe agree.", "On 5 May the minister wrote:\n\nWe agree."},
		{"sentence about a message", "The original message was short.", "The original message was short."},
		{"one label", "From: the beach\n\nwith love", "From: the beach\n\nwith love"},
		{"sent from a place", "Sent from my desk, which is easier.", "Sent from my desk, which is easier."},
		{"list with rules", "one\n-----\ntwo\n-----\nthree", "one\n-----\ntwo\n-----\nthree"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got := ReplyText(tc.text); got != tc.want {
				t.Errorf("got %q, want %q", got, tc.want)
			}
		})
	}
}

func TestCorpusRepliesKeepTheNewTextOnly(t *testing.T) {
	files := corpus(t, "replies")
	expected := map[string]struct{ keeps, drops []string }{
		"correct_sig.txt":         {[]string{"with a correct -- signature."}, []string{"rick"}},
		"email_1_1.txt":           {[]string{"clear a Riak bucket", "Java HTTP API"}, []string{"mailing list", "____"}},
		"email_1_2.txt":           {[]string{"You can list the keys", "riakClient.delete", "delete them all individually"}, []string{"mailing list", "-Abhishek Kona"}},
		"email_1_3.txt":           {[]string{"Having the function would be great."}, []string{"Russell Brown", "would do it", "mailing list"}},
		"email_1_4.txt":           {[]string{"another problem with it."}, []string{"defunkt", "Loader"}},
		"email_1_5.txt":           {[]string{"One: Here's", "And another one", "for a while."}, nil},
		"email_1_6.txt":           {[]string{"proper rendering as well."}, []string{"Corey", "caching"}},
		"email_1_7.txt":           {[]string{":+1:"}, []string{"Chris", "Steps"}},
		"email_1_8.txt":           {[]string{"I will reply under this one", "and under this."}, []string{"-- Tim", "this is my signature"}},
		"email_2_1.txt":           {[]string{"Outlook with a reply"}, []string{"-----", "Google", "jow@"}},
		"email_2_2.txt":           {[]string{"directly above line"}, []string{"____", "CRM", "contact"}},
		"email_2_3.txt":           {[]string{"directly above line"}, []string{"CRM", "comment"}},
		"email_BlackBerry.txt":    {[]string{"Here is another email"}, []string{"BlackBerry"}},
		"email_bullets.txt":       {[]string{"and another"}, []string{"examples@", "organization", "Joe Smith"}},
		"email_iPhone.txt":        {[]string{"Here is another email"}, []string{"iPhone"}},
		"email_long_quote.txt":    {[]string{"Hi folks", "Java HTTP API"}, []string{"mailing list"}},
		"email_one_is_not_on.txt": {[]string{"One outstanding question", "when I run..."}, []string{"Tapley", "lastLocation"}},
		"email_multi_word_sent_from_my_mobile_device.txt": {[]string{"Here is another email"}, []string{"Verizon"}},
		"email_sent_from_my_not_signature.txt":            {[]string{"Here is another email", "Sent from my desk"}, nil},
		"email_sig_delimiter_in_middle_of_line.txt":       {[]string{"Hi there!", "this is not a signature", "kthxbai"}, nil},
		"greedy_on.txt":    {[]string{"On your remote host", "the tunnel is not working."}, []string{"Plymale", "odd issue", "GitHub"}},
		"pathological.txt": {[]string{"back to a computer."}, []string{"Sullivan", "query"}},
	}
	for name, raw := range files {
		t.Run(name, func(t *testing.T) {
			want, ok := expected[name]
			if !ok {
				t.Fatal("nothing is expected of this file")
			}
			got := ReplyText(string(raw))
			for _, s := range want.keeps {
				if !strings.Contains(got, s) {
					t.Errorf("%q is lost", s)
				}
			}
			for _, s := range want.drops {
				if strings.Contains(got, s) {
					t.Errorf("%q is kept", s)
				}
			}
		})
	}
}

func TestHostileRepliesEnd(t *testing.T) {
	for _, unit := range []string{">", "> \n", "on 1 wrote\n", "on 1 wrote:\n", "From: a\n", "-- \n", "--\n", "Sent from my a\n", "_____________________\n", "\n", "a\n> b\n", "On 10:00 a@b wrote:\n> x\n\n", "> a\n\non 1 wrote:\n"} {
		text := strings.Repeat(unit, 1<<20/len(unit))
		if got := ReplyText(text); len(got) > len(text) {
			t.Errorf("%q grows", unit)
		}
	}
}
