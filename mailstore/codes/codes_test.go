package codes

import (
	"strings"
	"testing"
)

func values(f Found) string {
	var list []string
	for _, c := range f.Codes {
		list = append(list, c.Value)
	}
	return strings.Join(list, ",")
}

func TestCodesAreFoundInManyWaysOfSayingThem(t *testing.T) {
	for _, c := range []struct{ subject, text, want string }{
		// forms
		{"Your code", "Use 123456 to verify your account. It expires in 5 minutes.", "123456"},
		{"Sign in to Acme", "Your sign-in code is:\n\n*493 022*\n\nIt expires in 10 minutes.", "493022"},
		{"Acme", "Enter the following code to sign in:\n\nQ7K2-M9XT\n\nThe code expires in one hour.", "Q7K2-M9XT"},
		{"Acme", "Verification code: ABCDEF", "ABCDEF"},
		{"123-456 is your Acme verification code", "", "123456"},
		{"Acme", "FB-48210 is your confirmation code. Don't share it.", "48210"},
		{"Acme", "Here it is (verification code): \"82915\".", "82915"},
		{"Acme", "One-time passcode\n4 8 2 9 1 5\nValid for 10 minutes", "482915"},
		{"Acme", "Your verification code:\n1\n2\n3\n4\n5\n6\n", "123456"},
		{"Acme", "Your verification code for order 1234567 is 482913.", "482913"},
		{"Acme", "Security code (valid for 10 minutes): 771204", "771204"},
		{"Acme", "To finish logging in, please enter this 6-digit code:\n\n  118273  \n\nDo not share it.", "118273"},
		{"Login attempt", "Hi,\n\nYou tried to sign in. Enter the number below in the app.\n\n551203\n\nIf you did not try to sign in, ignore this e-mail.", "551203"},
		{"Acme PIN", "Your PIN: 4821. Never share it with anyone.", "4821"},
		{"Acme", "Temporary password: xK7pQ2vN9\nIt expires tomorrow.", "xK7pQ2vN9"},
		{"Acme", "code: 339201\nexpires in 15 min, if you didn't request this ignore it", "339201"},
		{"Acme", "Your two-factor code is 2026.", "2026"},
		{"Acme", "Your code is 8841-2207. Enter it to confirm your email.", "88412207"},
		{"Your one-time PIN", "Read it to nobody.\n\nPIN: 4079\n\nIt stops working soon.", "4079"},
		{"Acme", "To pair the television, type this link code:\n\nWTRK-HGZD", "WTRK-HGZD"},
		// languages
		{"", "Ihr Sicherheitscode lautet 482 913. Er ist 10 Minuten gültig.", "482913"},
		{"482913 ist dein Acme-Bestätigungscode", "", "482913"},
		{"", "Dein Anmeldecode:\n\n48-29-13-77\n\nTeile ihn mit niemandem.", "48291377"},
		{"", "Votre code de vérification est le 482913.", "482913"},
		{"482913 est votre code de connexion", "", "482913"},
		{"", "Saisissez le code 482913 pour vous connecter. Il expire dans 10 minutes.", "482913"},
		{"", "Tu código de verificación es 482913. No lo compartas.", "482913"},
		{"", "Su clave dinámica es: 48291.", "48291"},
		{"", "Seu código de verificação é 482913.", "482913"},
		{"", "O seu código de confirmação: 482 913. Não partilhe com ninguém.", "482913"},
		{"", "Il tuo codice di verifica è 482913.", "482913"},
		{"482913 è il tuo codice di accesso", "", "482913"},
		{"", "Je verificatiecode is 482913.", "482913"},
		{"", "Twój kod weryfikacyjny to 482913. Nie udostępniaj go nikomu.", "482913"},
		{"", "482913 to Twój kod weryfikacyjny", "482913"},
		{"", "Váš ověřovací kód je 482913.", "482913"},
		{"", "Váš overovací kód je: 482913", "482913"},
		{"", "Az ellenőrző kódja: 482913", "482913"},
		{"", "Codul dvs. de verificare este 482913. Expiră în 10 minute.", "482913"},
		{"", "Ο κωδικός επαλήθευσής σας είναι 482913. Ισχύει για 10 λεπτά.", "482913"},
		{"", "Din engångskod är 482913.", "482913"},
		{"", "Din bekræftelseskode er 482913.", "482913"},
		{"", "Engangskoden din er 482913. Den utløper om 10 minutter.", "482913"},
		{"", "Vahvistuskoodisi on 482913.", "482913"},
		{"", "Ваш код подтверждения — 482913. Никому его не сообщайте.", "482913"},
		{"", "482913 — ваш код для входа", "482913"},
		{"", "Ваш код: 4829. Действителен 5 минут.", "4829"},
		{"", "Ваш код підтвердження: 482913", "482913"},
		{"", "Вашият код за потвърждение е 482913.", "482913"},
		{"", "Doğrulama kodunuz 482913. Bu kodu kimseyle paylaşmayın.", "482913"},
		{"482913 doğrulama kodunuz", "", "482913"},
		{"", "認証コードは「482913」です。", "482913"},
		{"", "482913 があなたの認証コードです", "482913"},
		{"", "以下の確認コードを入力してください。\n\n482913\n\n有効期限は30分です。", "482913"},
		{"", "您的验证码是482913，请在10分钟内输入。", "482913"},
		{"", "【某某】482913（登录验证码），请勿告知他人。", "482913"},
		{"", "您的驗證碼：482913", "482913"},
		{"", "[웹사이트] 인증번호 [482913]를 입력해 주세요.", "482913"},
		{"", "인증 코드: 482913\n5분 이내에 입력해 주세요.", "482913"},
		{"", "رمز التحقق الخاص بك هو 482913", "482913"},
		{"", "رمز التأكيد: ٤٨٢٩١٣", "482913"},
		{"", "کد تأیید شما: ۴۸۲۹۱۳", "482913"},
		{"", "رمز یک\u200cبار مصرف شما: ۴۸۲۹۱۳", "482913"},
		{"", "קוד האימות שלך: 482913", "482913"},
		{"", "482913 הוא קוד האימות שלך", "482913"},
		{"", "आपका सत्यापन कोड ४८२९१३ है।", "482913"},
		{"", "Mã xác minh của bạn là 482913.", "482913"},
		{"", "Kode verifikasi Anda adalah 482913. Jangan bagikan kode ini.", "482913"},
		{"", "รหัส OTP ของคุณคือ 482913", "482913"},
		// and what is none
		{"Re: Your verification code", "It was 482913.", ""},
		{"Fwd: 482913 is your verification code", "See below.\n\n---------- Forwarded message ---------\nFrom: a@b.example\nDate: x\nSubject: y\n\nYour verification code is 482913", ""},
		{"", "Your verification code was sent to the number ending in 4821.", ""},
		{"", "Your verification code is on its way to +1 (555) 010-4821.", ""},
		{"", "We sent a verification code to your phone on 12.05.2026 at 14:05.", ""},
		{"", "Use code SAVE20 at checkout, valid for all orders over $50. Offer expires Sunday.", ""},
		{"", "Your order code 48291377 is ready. Sign in to see it.", ""},
		{"", "Zip code: 94105", ""},
		{"", "Area code 0791, country code 0049", ""},
		{"", "The verification code must have 6 digits; for example 123456.", ""},
		{"", "if (verificationCode == 482913) { return true; }", ""},
		{"", "Your verification code has expired. Request a new one: https://x.example/c/482913?code=993311", ""},
		{"", "Your booking code is ABC123. Check-in opens in 24 hours; your account shows more.", ""},
		{"Security alert", "We noticed a login from 203.0.113.77 (port 48213) on 2026-05-12. If this wasn't you, change your password.", ""},
		{"", "Verification codes were sent 482913 times in 2025.", ""},
		{"", "Your security code is kept with card 4929 1203 5567 0912.", ""},
		{"", "The screen shows your passcode, or ask the desk on 01454 555 018. It expires soon; sign in then.", ""},
		{"", "Your verification code is above.\n\nPatient: NC-20417 | 11:34", ""},
		{"", "Set up your verification code app before 1 May 2025", ""},
		{"", "otp_verification_timeout count=1842, sshd[20588]: one-time password accepted", ""},
		{"", "Your verification code is sent to the number ..4821", ""},
		{"", "The one-time password is checked.\n\ndiff --git a/otp.go b/otp.go\n+ verification code 482913", ""},
		{"", "Error code 10060: login failed", ""},
	} {
		if got := values(Find(c.subject, c.text, "")); got != c.want {
			t.Errorf("%q, %q: %q, want %q: %+v", c.subject, c.text, got, c.want, Find(c.subject, c.text, "").Codes)
		}
	}
}

func TestLinksAreFoundInManyWaysOfSayingThem(t *testing.T) {
	const token = "https://a.example/x/9f86d081884c7d65"
	for _, c := range []struct {
		html string
		want bool
	}{
		{`<p>Please confirm your email address.</p><a href="` + token + `">Confirm</a>`, true},
		{`<a href="` + token + `">Verify my account</a>`, true},
		{`<p>To confirm your subscription, <a href="` + token + `">click here</a>.</p>`, true},
		{`<p>Click the button to activate your account:</p><a href="` + token + `"><img src="x.png" alt="Activate account"></a>`, true},
		{`<a href="https://a.example/magic/9f86d081884c7d65">Sign in to Acme</a>`, true},
		{`<p>Ihr Magic-Link:</p><a href="https://a.example/login?token=9f86d081884c7d65">Jetzt anmelden</a>`, true},
		{`<a href="` + token + `">Passwort zurücksetzen</a>`, true},
		{`<a href="` + token + `">Confirmer mon adresse e-mail</a>`, true},
		{`<a href="` + token + `">Restablecer contraseña</a>`, true},
		{`<a href="` + token + `">Verificar e-mail</a>`, true},
		{`<a href="` + token + `">Conferma il tuo indirizzo email</a>`, true},
		{`<a href="` + token + `">E-mailadres bevestigen</a>`, true},
		{`<a href="` + token + `">Potwierdź adres e-mail</a>`, true},
		{`<a href="` + token + `">Подтвердить почту</a>`, true},
		{`<a href="` + token + `">E-posta adresini doğrula</a>`, true},
		{`<a href="` + token + `">メールアドレスを確認する</a>`, true},
		{`<a href="` + token + `">验证邮箱</a>`, true},
		{`<a href="` + token + `">重設密碼</a>`, true},
		{`<a href="` + token + `">이메일 인증하기</a>`, true},
		{`<a href="` + token + `">تأكيد البريد الإلكتروني</a>`, true},
		{`<a href="` + token + `">אימות כתובת הדואר</a>`, true},
		{`<p>Anna invited you to the team.</p><a href="` + token + `">Accept invitation</a>`, true},
		{`<a href="` + token + `">Unsubscribe</a>`, false},
		{`<a href="` + token + `">Manage email preferences</a>`, false},
		{`<p>Confirm your email.</p><a href="https://a.example/">Acme</a>`, false},
		{`<p>Confirm your email.</p><a href="https://a.example/verify">our page</a>`, false},
		{`<p>Confirm your email.</p><a href="` + token + `">Read our blog</a>`, false},
		{`<p>If you did not request this, <a href="` + token + `">click here</a>.</p>`, false},
		{`<blockquote><a href="` + token + `">Verify my account</a></blockquote>`, false},
		{`<a href="mailto:verify@a.example?token=9f86d081884c7d65">Verify my account</a>`, false},
		{`<a href="` + token + `">View order</a>`, false},
		{`<a href="https://a.example/login?utm_campaign=9f86d081884c">Log in to your account</a>`, false},
	} {
		if got := Find("Acme", "", c.html).Links; (len(got) == 1) != c.want {
			t.Errorf("%s: %+v", c.html, got)
		}
	}
}

func TestALinkOfBothFormsIsGivenOnce(t *testing.T) {
	f := Find("Confirm your email", "Confirm your email: https://a.example/verify?token=ab12cd34.", `<a href="https://a.example/verify?token=ab12cd34">Confirm your email</a>`)
	if len(f.Links) != 1 || f.Links[0].Place != Text || f.Links[0].URL != "https://a.example/verify?token=ab12cd34" || f.Links[0].Kind != "confirm" {
		t.Errorf("%+v", f.Links)
	}
}

func TestACodeSaysWhereItWasFoundAndWhy(t *testing.T) {
	f := Find("Acme", "", "<p>Your verification code is</p><p><b>482 913</b></p>")
	want := Code{"482913", "482 913", "verification code", HTML, "482 913", ruleAlone}
	if len(f.Codes) != 1 || f.Codes[0] != want {
		t.Errorf("%+v", f.Codes)
	}
	if f = Find("482913 is your verification code", "Your verification code is 482913", ""); len(f.Codes) != 1 || f.Codes[0].Place != Subject {
		t.Errorf("%+v", f.Codes)
	}
}

// What a person does not see is found by nobody.
func TestWhatIsNotShownIsNotFound(t *testing.T) {
	const link = `<a href="https://a.example/verify?token=9f86d081884c7d65">Verify my account</a>`
	for name, document := range map[string]string{
		"link that is not displayed":         `<p>Hello</p><div style="display:none">` + link + `</div>`,
		"by a style sheet":                   `<style>.x{display:none}</style><p>Hello</p><p class=x>` + link + `</p>`,
		"in the colour of the page":          `<p>Hello</p><p><a style="color:#fff" href="https://a.example/verify?token=9f86d081884c7d65">Verify my account</a></p>`,
		"in a picture's markup":              `<p>Hello</p><svg>` + link + `</svg>`,
		"words that are not shown":           `<div style="display:none">Confirm your email address by clicking here</div><a href="https://a.example/p/9f86d081884c7d65">Open</a>`,
		"of a conversation that is below":    `<p>It works, thanks.</p><div><b>From:</b> Acme &lt;a@a.example&gt;<br><b>Sent:</b> Monday, 2 March 2026<br><b>To:</b> Me<br><b>Subject:</b> Verify<br></div><p>` + link + `</p>`,
		"with something before an @":         `<a href="https://bank.example@a.example/verify?token=9f86d081884c7d65">Verify my account</a>`,
		"code that is not displayed":         `<p>Hello</p><p style="font-size:0">Your verification code is 482913</p>`,
		"code that the plain form has alone": `<p>Good news: our shop is open again.</p>`,
	} {
		if f := Find("Acme", "Your verification code is 482913.", document); len(f.Codes)+len(f.Links) > 0 {
			t.Errorf("%s: %+v", name, f)
		}
	}
	f := Find("Acme", "Your verification code is 482913.", `<p>Code:</p><table><tr><td>٤</td><td>8</td><td>2</td><td>9</td><td>1</td><td>3</td></tr></table>`)
	if len(f.Codes) != 1 || f.Codes[0].Value != "482913" {
		t.Errorf("a code in cells: %+v", f.Codes)
	}
}
