package codes

// The tables of words. Case and accents do not matter. Of inflected words the part that stays is enough. See entry for
// the signs "*" and "|".

type table struct {
	meaning meaning
	words   string // separated by commas
}

var replyPrefixes = []string{"re", "aw", "antw", "antwort", "sv", "vs", "odp", "rif", "res", "ynt", "ref", "réf", "ответ", "отв", "回复", "回覆", "答复", "返信", "답장", "رد", "השב", "תגובה", "cevap", "vá", "îb", "απ"}

var forwardPrefixes = []string{"fwd", "fw", "wg", "tr", "rv", "enc", "i", "doorst", "vb", "vl", "pd", "i̇lt", "ilt", "转发", "轉寄", "轉發", "転送", "전달", "пересл", "fs", "továbbítás"}

var tables = []table{
	{example, "such as|, for example|, e.g.|, eg|, for instance, example code, sample code, zum beispiel, z. b.|, z.b.|, par exemple|, p. ex., por ejemplo|, por exemplo|, ad esempio|, es.|, bijvoorbeeld|, np.|, na przykład, například|, till exempel|, t.ex.|, esimerkiksi|, например|, наприклад|, örneğin|, 例如, 예를 들어, ví dụ, misalnya|, some codes like, looks like|, למשל, مثل, 例えば, til eksempel, f.eks.|, например, e.g|, such a code"},

	// English
	{strong, "verification code|, verify code|, verification number|, verification pin|, verification key|, security code|, security pin|, one-time code|, one-time pin|, one-time passcode|, one-time password|, one-time pass code|, one-time security code|, onetime code|, onetime password|, single-use code|, temporary code|, temporary passcode|, temporary password|, temporary login code|, temporary sign-in code|, otp|, otp code|, totp|, 2fa code|, mfa code|, two-factor code|, two-step code|, two-factor authentication code|, authentication code|, authentication number|, authorization code for sign, auth code|, login code|, log-in code|, logon code|, sign-in code|, signin code|, signing-in code|, sign-up code|, signup code|, registration code|, login pin|, login token|, sign-in pin|, access code|, activation code|, activation key|, activation pin|, verification token|, login passcode|, device code|, pairing code|, linking code|, link code|, unlock code|, reset code|, recovery code is, password reset code|, reset pin|, email code|, e-mail code|, identity code|, magic code|, validation code|, sms code|, unique code|, secure code|"},
	{weak, "*code|, *kode|, passcode|, pass code|, pin|, pin code|, confirmation code|, confirmation number|, confirmation pin|, 6-digit|, 4-digit|, 8-digit|, six-digit|, four-digit|, eight-digit|, 5-digit|, token|, following characters, following digits, following number, these digits, these characters"},
	{purpose, "in order to, sign in|, signing in|, sign-in|, log in|, login|, logging in|, log into, sign into, verify|, verifying, verification|, authenticate, authentication|, two-factor|, two-step|, expire, valid for|, is valid|, remains valid, good for|, works for|, work once, once only, do not share, don't share, never share, not share, do not tell, don't tell, never tell, do not forward, don't forward, do not give, don't give, never give, keep it secret, keep this code, did not request, didn't request, did not try, didn't try, not request this, haven't requested, if this wasn't you, if it wasn't you, if it was not you, if this was not you, wasn't you, someone else, safely ignore, ignore this e-mail, ignore this email, ignore this message, ignore it, confirm your, confirm that, confirm it, prove that it, new device, your identity, recovery email, your password, create your account, creating your account, create an account, register, registration, to continue|, to proceed|, access your account, secure your account, your account, activate"},
	{label, "order|, order number|, order no|, order id, orders|, purchase order, po number, invoice, receipt|, bill number, quote number, quotation, reference|, reference number, reference code|, reference no, ref|, ref. no, ref no|, ref number, our ref, your ref, customer number, customer no, customer id, client number, client id, member number, membership number, member id, membership no, account number, account no|, acct|, sort code|, iban|, bic|, swift|, swift code|, vat|, vat no, tax id, registration number, company number, registered in, frn|, license|, licence|, policy number, contract number, case|, case number, case id, ticket|, ticket number, ticket id, incident|, request id, transaction|, transaction id, transaction number, payment id, withdrawal id, tracking, tracking number, tracking code|, shipment, parcel|, parcel number, consignment, serial number, serial no, model|, part number, item|, item number, sku|, isbn|, article|, flight|, seat|, gate|, booking|, booking code|, booking reference, booking number, reservation, reservation code|, record locator, confirmation for booking, e-ticket, phone|, telephone, tel|, fax|, call us on, dial|, whatsapp, extension|, ext|, hotline, helpline, number is 0, ending in, ending with, ending|, ends in, ends with, last four, last 4, last digits, card number, postcode|, postal code|, post code|, zip|, zip code|, zipcode|, area code|, country code|, dialling code|, po box, p.o. box, room|, street|, suite|, floor|, zone|, unit|, discount code|, discount|, promo code|, promotion code|, promotional code|, promocode|, coupon code|, coupon|, voucher code|, voucher|, gift code|, gift card, gift card code|, referral code|, offer code|, referral|, invite code|, error|, error code|, status code|, exit code|, http|, response code|, source code|, qr code|, bar code|, barcode|, dress code|, code of conduct, code review, order code|, ticket code|, member code|, customer code|, client code|, delivery code|, pickup code|, pick-up code|, collection code|, return code|, supplier code|, store code|, tax code|, currency code|, campaign code|, bank code|, branch code|, job code|, project code|, agent code|, school code|, wifi code|, wi-fi code|, airport code|, product code|, style code|, colour code|, color code|, item code|, batch|, lot|, course code|, class code|, door code|, gate code|, claim code|, authorisation code|, authorization code|, approval code|, auth no, merchant|, terminal|, issue|, build|, version|, line|, lines|, commit|, pull request, pr|, rfc|, page|, chapter|, section|, clause|, document|, agenda, id no, meeting id, webinar id, conference id, user id, device id, session id, message id, monitor, on port, port|, in 19, in 20, since|, until|, by 20, year|, anno|, copyright, like|, license key|, licence key|, product key|, tan is not, score|, points|, steps|, total|, amount|, balance|, price|, sum|, nearly|, about|, approximately, around|, over|, more than|, less than|, up to|, at least|, at most"},
	{offer, "% off, discount|, coupon, voucher, promo code|, promotion|, at checkout, sale ends, on sale, shop now, free shipping, save up to, gift card, special offer, limited offer, deal"},
	{booking, "booking|, reservation, itinerary, boarding, your flight, departure|, check-in|, check in online, e-ticket, your stay, check-out|, guests|"},
	{meeting, "meeting id, join the meeting, join meeting, webinar id, one tap mobile, dial by, dial-in, join by phone, conference id, scheduled meeting, join the call"},
	{confirm, "verify|, verifying|, verification|, confirm|, confirming|, confirmation|, activate|, activating|, activation|, validate|, complete your registration, complete registration, complete your sign, complete sign, finish signing up, finish registration, finish setting up, complete your account, that this address is yours, authorize this device, approve this device, approve sign-in, approve login, yes it's me, yes it was me, opt in|"},
	{signIn, "magic link, sign-in link, login link, log-in link, one-time link, temporary link, passwordless, sign in|, log in|, login|, sign-in|, signing in|, logging in|, sign into, log into"},
	{reset, "reset|, reset your password, reset password, password reset, new password, choose a password, create a password, create password, create your password, set a password, set your password, set up your password, set password, set a new, change your password, change password, recover your account, restore access, unlock your account"},
	{invite, "accept invitation|, accept the invitation, accept invite, accept your invitation, view invitation, invited you, has invited, you've been invited, you have been invited, you are invited to join, join workspace, join team, join the team, join the workspace, join your team, join organization, join project, join group, join now|, invitation|"},
	{object, "email|, e-mail|, mail address, address|, account|, registration|, subscription|, identity|, password|, device|, profile|, membership|, sign-up|, workspace|, team|, organization|, your new login"},
	{deny, "unsubscribe, opt out, preferences, manage notifications, notification settings, email settings, privacy, terms of, terms &, help center, help centre, contact us, support article, learn more, read more, visit our, follow us, view in browser, view online, view order, your order, view invoice, track, order history, not me|, wasn't you, was not you, wasn't me, not you, didn't request, did not request, didn't sign, did not sign, don't recognize, don't recognise, not recognize, not recognise, didn't attempt, did not attempt, disable, decline, cancel, deny|, report|, revoke, secure your account, secure account, lock my account, delete this account, delete account, refer a friend, rsvp, meeting, app store, google play, survey, leave a review"},
	{generic, "click here, click|, here|, this link|, link|, button|, continue|, get started, open|, press|, tap|"},

	// German
	{strong, "bestätigungscode|, bestätigungs-code|, bestätigungscodes|, verifizierungscode, verifikationscode, verifizierungs-code, sicherheitscode, sicherheits-code, einmalcode, einmal-code, einmalkennwort, einmalpasswort, einmal-passwort, einmal-pin, tan|, mtan|, emailtan|, tan-nummer|, anmeldecode, anmelde-code, login-code|, logincode, zugangscode, zugriffscode, freischaltcode, aktivierungscode, aktivierungsschlüssel, authentifizierungscode, authentisierungscode, bestätigungsnummer, registrierungscode, prüfcode, prüfziffern, zugangs-pin, bestätigungs-pin, zwei-faktor-code"},
	{weak, "*-code|, kennzahl|, zahlencode|, sechsstellige, ziffernfolge, kennwort lautet"},
	{purpose, "anmelden|, anmeldung|, einloggen, gültig, gültigkeit, läuft ab, verfällt, weitergeben, geben sie ihn, geben sie sie niemals, teilen sie, niemals weiter, nicht weiter, nicht angefordert, bestätigen|, verifizieren, identität, registrierung|, nicht sie selbst, ignorieren, neues gerät, zwei-faktor, ihr konto, dein konto, kundenkonto, teile ihn, teile diesen, gib ihn, gib diesen"},
	{label, "bestellnummer, bestellung|, auftrag|, auftragsnummer, auftragsnr, rechnung|, rechnungsnummer, rechnungsnr, rechnung nr, kundennummer, kundennr, kunden-nr, kdnr, vorgangsnummer, vorgang|, aktenzeichen, az|, vertragsnummer, sendungsnummer, sendung|, paketnummer, zählernummer, zählerstand, mitgliedsnummer, belegnummer, referenz|, referenznummer, buchungsnummer, buchungscode|, buchungs-code|, ticketnummer, steuernummer, ust-id, ust-idnr, hrb|, telefon, tel.|, telefonnummer, handy, mobil|, rufnummer, durchwahl, plz|, postleitzahl, postfach, filiale|, zimmer|, raum|, hausnummer, bestellcode, abholcode, kundencode, bankcode, paketcode, gutscheincode, gutschein-code|, gutschein|, rabattcode, rabatt-code|, aktionscode, aktions-code|, promocode, fehlercode, fehler|, statuscode, strichcode, qr-code|, quellcode, kartennummer, endziffern, endet auf, endend auf, kontonummer, blz|, betrag|, summe|, nr.|, nr|, nummer|, seite|, etwa|, rund|, über|, mehr als, seit|, im jahr, bis|, vom|"},
	{offer, "rabatt, gutschein, gutscheincode, aktion|, angebot|, an der kasse"},
	{booking, "buchung, reservierung, abflug, reiseplan, ihr aufenthalt, bordkarte"},
	{meeting, "besprechungs-id, meeting-id, am meeting teilnehmen, an besprechung teilnehmen, kenncode"},
	{confirm, "bestätigen|, bestätige|, bestätigung|, verifizieren, verifiziere, aktivieren|, aktiviere|, freischalten, registrierung abschließen, anmeldung abschließen, anmeldung bestätigen"},
	{signIn, "anmeldelink, anmelde-link, login-link, anmelden|, einloggen|, jetzt anmelden, direkt anmelden"},
	{reset, "zurücksetzen|, zurücksetzung, neues passwort, neues kennwort, passwort vergessen, passwort ändern, passwort festlegen, passwort wählen, kennwort festlegen"},
	{invite, "einladung annehmen|, einladung|, eingeladen|, beitreten|"},
	{object, "e-mail-adresse, mailadresse, adresse|, konto|, benutzerkonto, kundenkonto, registrierung|, newsletter-anmeldung, passwort|, kennwort|, gerät|, identität"},
	{deny, "abmelden|, abbestellen, austragen, datenschutz, impressum, einstellungen, im browser, mehr erfahren, nicht von ihnen, nicht angefordert, waren sie das nicht, nicht sie, ablehnen, stornieren, melden sie, sperren, sendung verfolgen, bestellung ansehen, rechnung|, agb|"},
	{generic, "hier|, klick, link|, schaltfläche, weiter|"},

	// French
	{strong, "code de vérification|, code de verification, code de sécurité|, code de confirmation|, code à usage unique|, code d'accès|, code d’accès|, code de connexion|, code d'activation|, code d’activation|, code d'authentification|, code d’authentification|, code temporaire|, code de validation|, code secret|, code unique|, mot de passe à usage unique, mot de passe temporaire, code otp|, code sms|, code d'identification|, code d’identification|, clé d'activation, clé d’activation"},
	{weak, "code à saisir, voici le code, chiffres suivants"},
	{purpose, "connecter|, connexion|, valable|, expire|, expirera, ne partagez, ne communiquez, ne le partagez, ne le communiquez, ne transmettez, n'êtes pas à l'origine, n’êtes pas à l’origine, pas à l'origine, pas à l’origine, pas demandé, ignorer ce, ignorez ce, vérifier|, vérification|, confirmer|, authentification, votre identité, votre compte, votre espace, nouvel appareil, usage unique, inscription|"},
	{label, "commande|, commande n°, numéro de commande, n° de commande, facture, facture n°, référence|, référence client, numéro client, n° client, numéro fiscal, numéro de suivi, n° de suivi, numéro de dossier, dossier|, numéro de contrat, contrat n°, numéro de compte, colis|, n°|, numéro|, téléphone, tél|, tél.|, service client, appelez, joignable au, code postal|, code promo|, code promotionnel|, code de réduction|, code réduction|, code avantage|, code cadeau|, code parrainage|, code de commande|, code de retrait|, code agence|, code colis|, code erreur|, code d'erreur|, code d’erreur|, code source|, code barre, code-barre, code de réservation|, code réservation|, code produit|, code client|, code guichet|, code banque|, siret|, siren|, rcs|, tva|, montant, se terminant par, finissant par, en 20, depuis|, environ|, plus de|"},
	{offer, "réduction|, code promo|, remise|, promotion|, soldes|, offre|, d'achat, d’achat"},
	{booking, "réservation, votre vol, embarquement, votre séjour, billet|"},
	{meeting, "id de réunion, rejoindre la réunion, numéro de réunion"},
	{confirm, "confirmer|, confirmez, confirmation|, vérifier|, vérifiez, vérification|, activer|, activez, activation|, valider|, validez|, finaliser votre inscription, terminer votre inscription"},
	{signIn, "lien magique, lien de connexion, se connecter|, me connecter|, connexion|, connectez-vous"},
	{reset, "réinitialiser, réinitialisation, réinitialisez, nouveau mot de passe, mot de passe oublié, choisir un mot de passe, créer un mot de passe, définir un mot de passe"},
	{invite, "accepter l'invitation, accepter l’invitation, invitation|, vous a invité, vous invite, rejoindre l'équipe, rejoindre l’équipe, rejoindre"},
	{object, "adresse e-mail, adresse mail, adresse électronique, adresse|, compte|, inscription|, mot de passe|, abonnement|, identité|, appareil|"},
	{deny, "désinscrire, désabonner, désabonnement, préférences, confidentialité, mentions légales, en savoir plus, dans votre navigateur, pas à l'origine, pas à l’origine, pas demandé, ce n'était pas vous, refuser|, annuler|, signaler, suivre mon colis, voir ma commande"},
	{generic, "ici|, cliquez, cliquer, lien|, bouton|, continuer|"},

	// Spanish
	{strong, "código de verificación|, código de seguridad|, código de confirmación|, código de acceso|, código de un solo uso|, código de uso único|, código de inicio de sesión|, código de activación|, código de autenticación|, código temporal|, código único|, código de validación|, código de ingreso|, clave dinámica|, clave temporal|, clave de un solo uso, clave de acceso|, contraseña de un solo uso, contraseña temporal, código otp|, clave otp|, código sms|, código de registro|"},
	{weak, "código|, clave|, siguientes dígitos, estos dígitos"},
	{purpose, "iniciar sesión, inicio de sesión, inicia sesión, para entrar|, acceder|, ingresar|, caduca, expira, vence en|, vencerá, válido|, válida|, no compartas, no lo compartas, no la compartas, no comparta, no se lo des, no lo comparta, no lo has pedido, no has solicitado, no solicitaste, no solicitó, no has sido tú, no fuiste tú, verificar|, verifica|, verificación|, confirmar|, tu cuenta|, su cuenta|, tu identidad, su identidad, nuevo dispositivo, ignora este, ignore este, no hagas caso"},
	{label, "pedido|, número de pedido, n.º de pedido, nº de pedido, factura|, número de factura, número de cliente, n.º de cliente, cliente n.º, número de seguimiento, código de seguimiento|, código postal|, código de descuento|, código promocional|, código promo|, código de cupón|, código de reserva|, código de error|, código qr|, código de barras|, código fuente|, código de producto|, código de país|, código de pedido|, código de recogida|, código de cliente|, código iban|, código swift|, código de área|, localizador|, referencia|, número de referencia, número de cuenta, cuenta n.º, n.º|, nº|, número|, teléfono, tel|, tel.|, tfno|, llámanos al, cupón|, envío|, terminada en, acabada en, importe|, total|, cif|, nif|, dni|, expediente|, ticket|, vuelo|, en 20, desde|, más de|, unos|"},
	{offer, "descuento|, cupón, código promocional|, promoción|, oferta|, rebajas|, en tu próxima compra"},
	{booking, "reserva|, itinerario|, embarque|, tu estancia, su estancia, tu vuelo|"},
	{meeting, "id de reunión, unirse a la reunión"},
	{confirm, "confirmar|, confirma|, confirme|, confirmación|, verificar|, verifica|, verifique|, verificación|, activar|, activa|, active|, activación|, validar|, completar el registro, completa tu registro"},
	{signIn, "enlace mágico, enlace de acceso, enlace de inicio de sesión, iniciar sesión|, inicia sesión|, acceder|, ingresar|"},
	{reset, "restablecer|, restablece|, restablezca|, restablecimiento, nueva contraseña, cambiar contraseña, cambiar la contraseña, crear contraseña, crea tu contraseña, recuperar contraseña, recuperar tu cuenta"},
	{invite, "aceptar invitación, aceptar la invitación, acepta la invitación, invitación|, te ha invitado, te invitó, unirme|, unirse|, únete"},
	{object, "correo electrónico, correo|, dirección|, cuenta|, registro|, suscripción|, contraseña|, dispositivo|, identidad|"},
	{deny, "darse de baja, darte de baja, cancelar suscripción, cancelar la suscripción, preferencias, privacidad, términos, ver en el navegador, más información, no has sido tú, no fuiste tú, no has solicitado, no lo has pedido, rechazar|, cancelar|, denunciar, seguir mi pedido, ver pedido"},
	{generic, "aquí|, haz clic, haga clic, clic|, pulsa, enlace|, botón|, continuar|"},

	// Portuguese
	{strong, "código de verificação|, código de segurança|, código de confirmação|, código de acesso|, código de uso único|, código de utilização única|, código de login|, código de ativação|, código de autenticação|, código temporário|, código único|, código de validação|, senha temporária|, senha de uso único|, senha de acesso|, código de início de sessão|, token de segurança|, token de acesso|, chave de acesso temporária"},
	{weak, "senha|, dígitos abaixo"},
	{purpose, "fazer login|, entrar|, iniciar sessão, acessar|, aceder|, pedido de acesso, expira|, válido por|, válida por|, não compartilhe, não partilhe, nunca partilhe, nunca compartilhe, não solicitou, não foi você, não pediu, verificar|, verificação|, confirmar|, sua conta|, tua conta, identidade|, novo aparelho, novo dispositivo, ignore este|, ignore esta|"},
	{label, "pedido n|, número do pedido, nº do pedido, encomenda|, fatura|, nota fiscal, número de cliente, número do cliente, protocolo|, protocolo n, código de rastreio|, código de rastreamento|, código de desconto|, código do pedido|, cupom|, cupão|, código promocional|, código de barras|, código do cliente|, código de erro|, código de reserva|, código da reserva|, cep|, cnpj|, cpf|, nif|, telefone|, ligue|, sac|, referência|, entidade|, final|, terminado em, valor|, conta n, agência|, voo|, mais de|"},
	{offer, "desconto|, cupom|, cupão|, promoção|, oferta|"},
	{booking, "reserva|, embarque|, sua estadia|"},
	{meeting, "id da reunião, entrar na reunião"},
	{confirm, "confirmar|, confirme|, confirmação|, verificar|, verifique|, verificação|, ativar|, ative|, ativação|, validar|, concluir cadastro, concluir o cadastro, concluir o registo"},
	{signIn, "link mágico, link de acesso, entrar|, fazer login|, acessar conta|, iniciar sessão|"},
	{reset, "redefinir|, redefinição|, redefina|, repor|, nova senha, nova palavra-passe, alterar senha, criar senha, recuperar senha, recuperar conta"},
	{invite, "aceitar convite, aceitar o convite, convite|, convidou|"},
	{object, "e-mail|, endereço|, conta|, cadastro|, registo|, senha|, palavra-passe, dispositivo|, assinatura|"},
	{deny, "cancelar inscrição, cancelar subscrição, descadastrar, preferências, privacidade, termos|, ver no navegador, saiba mais, não foi você, não solicitou, recusar|, cancelar|, acompanhar pedido, ver pedido"},
	{generic, "aqui|, clique, carregue, link|, botão|"},

	// Italian
	{strong, "codice di verifica|, codice di sicurezza|, codice di conferma|, codice di accesso|, codice d'accesso|, codice d’accesso|, codice monouso|, codice usa e getta|, codice otp|, codice temporaneo|, codice di attivazione|, codice di autenticazione|, codice di login|, codice di convalida|, codice segreto|, password monouso|, password temporanea|, codice univoco|"},
	{weak, "codice|, cifre seguenti"},
	{purpose, "accedere|, accesso|, scade|, scadrà, valido|, valida per, non condividere, non condividerlo, non comunicare, non comunicarlo, non hai richiesto, non sei stato tu, verificare|, verifica|, confermare|, tuo account, tuo conto, suo account, identità, nuovo dispositivo, ignora questa, ignori questa, registrazione|"},
	{label, "ordine|, numero ordine, numero d'ordine, n. ordine, fattura|, bolletta|, n.|, numero|, codice cliente|, codice fiscale|, codice sconto|, codice promo|, codice promozionale|, codice postale|, codice di tracciamento|, codice tracking|, codice prenotazione|, codice di prenotazione|, codice avviso|, codice errore|, codice di errore|, codice sorgente|, codice a barre|, codice prodotto|, codice articolo|, codice ordine|, codice di ritiro|, codice ritiro|, codice iban|, codice iuv|, codice pratica|, codice contratto|, numero cliente, spedizione|, pratica|, pratica n, riferimento|, telefono|, tel|, numero verde|, cap|, p. iva, partita iva, importo|, totale|, che termina con, volo|, circa|, oltre|"},
	{offer, "sconto|, buono|, offerta|, promozione|"},
	{booking, "prenotazione|, imbarco|, soggiorno|"},
	{meeting, "id riunione, partecipa alla riunione"},
	{confirm, "conferma|, confermare|, confermi|, verifica|, verificare|, verifichi|, attiva|, attivare|, attivazione|, convalida|, completa la registrazione, completare la registrazione"},
	{signIn, "link magico, link di accesso, accedi|, accedere|"},
	{reset, "reimposta|, reimpostare|, reimpostazione, nuova password, cambia password, crea password, imposta password, recupera password, ripristina"},
	{invite, "accetta l'invito, accetta l’invito, accetta invito, invito|, ti ha invitato, unisciti"},
	{object, "indirizzo email, indirizzo e-mail, indirizzo|, account|, registrazione|, iscrizione|, password|, dispositivo|"},
	{deny, "annulla iscrizione, annulla l'iscrizione, disiscri, cancellati|, cancella l'iscrizione, preferenze, privacy|, termini|, nel browser, scopri di più, non sei stato tu, non hai richiesto, rifiuta|, annulla|, traccia|, vedi ordine"},
	{generic, "qui|, clicca, collegamento|, link|, pulsante|"},

	// Dutch
	{strong, "verificatiecode, beveiligingscode, bevestigingscode, eenmalige code|, eenmalig wachtwoord, inlogcode, toegangscode, activeringscode, activatiecode, aanmeldcode, authenticatiecode, tijdelijke code|, controlecode, eenmalige pincode|"},
	{weak, "cijfers hieronder, viercijferige, zescijferige"},
	{purpose, "inloggen|, aanmelden|, verloopt|, vervalt|, geldig|, deel deze, deel hem niet, nooit met anderen, niet aangevraagd, niet zelf, bevestigen|, verifiëren, je account, uw account, identiteit, nieuw apparaat, om verder te gaan, kun je deze, kunt u deze"},
	{label, "bestelnummer, ordernummer, bestelling|, factuur|, factuurnummer, klantnummer, kenmerk|, dossiernummer, zaaknummer, track-en-trace, trackingcode, postcode|, kortingscode, actiecode, vouchercode, reserveringscode, boekingscode, boekingsnummer, foutcode, streepjescode, kvk|, btw|, telefoon, bel|, bel ons, postbus|, bedrag|, eindigend op, eindigt op, ruim|, meer dan|, sinds|"},
	{offer, "korting, kortingscode, aanbieding"},
	{booking, "boeking, reservering, uw verblijf, vertrek|"},
	{meeting, "vergadering-id, deelnemen aan de vergadering"},
	{confirm, "bevestig|, bevestigen|, bevestiging|, verifieer, verifiëren, activeer|, activeren|, registratie voltooien, voltooi je registratie"},
	{signIn, "inloglink, magische link, inloggen|, aanmelden|"},
	{reset, "opnieuw instellen|, wachtwoord herstellen, herstellen|, nieuw wachtwoord, wachtwoord instellen, wachtwoord wijzigen, wachtwoord kiezen, wachtwoord vergeten"},
	{invite, "uitnodiging accepteren|, uitnodiging|, uitgenodigd|, deelnemen|"},
	{object, "e-mailadres, adres|, account|, registratie|, wachtwoord|, aanmelding|, apparaat|"},
	{deny, "afmelden|, uitschrijven, voorkeuren, privacy|, voorwaarden|, in je browser, lees meer, was jij dit niet, niet aangevraagd, weigeren|, afwijzen|, annuleren|, bestelling bekijken"},
	{generic, "hier|, klik|, knop|, deze link"},

	// Polish, Czech, Slovak
	{strong, "kod weryfikacyjny|, kod weryfikacyjnego, kodu weryfikacyjnego|, kodem weryfikacyjnym, kod bezpieczeństwa|, kod potwierdzający|, kod potwierdzenia|, kod jednorazowy|, jednorazowy kod|, hasło jednorazowe|, jednorazowe hasło|, kod dostępu|, kod logowania|, kod do logowania|, kod aktywacyjny|, kod autoryzacyjny|, kod uwierzytelniający|, kod autoryzacji|, ověřovací kód|, ověřovacího kódu, ověřovací číslo, bezpečnostní kód|, jednorázový kód|, jednorázové heslo, potvrzovací kód|, přihlašovací kód|, aktivační kód|, autorizační kód|, overovací kód|, bezpečnostný kód|, jednorazové heslo|, prihlasovací kód|, potvrdzovací kód|, aktivačný kód|"},
	{weak, "kod|, kodu|, kodem|, kód|, kódu|, kódem|, kódom|"},
	{purpose, "zalogować|, logowania|, logowanie|, loguj, ważny|, ważne|, wygasa, wygaśnie, nie udostępniaj, nikomu nie, nie podawaj, to nie ty, nie prosiłeś, potwierdź|, weryfikac, zignoruj, twoje konto, twojego konta, nowego urządzenia, przihlás, přihlášení|, přihlásit|, platí|, platnost|, platný|, nikomu|, nesdělujte, nežádali, prihlásenie|, prihlásiť|, účtu|"},
	{label, "zamówienie|, zamówienia|, nr zamówienia, numer zamówienia, faktura|, numer faktury, numer klienta, nr klienta, nr sprawy, numer sprawy, numer przesyłki, nr przesyłki, przesyłka|, kod pocztowy|, kod rabatowy|, kod promocyjny|, kod zniżkowy|, kod błędu|, kod kreskowy|, kod qr|, kod źródłowy|, kod rezerwacji|, kod odbioru|, kod zamówienia|, kod klienta|, kod produktu|, kod kraju|, nip|, regon|, krs|, telefon|, tel.|, nr|, numer|, pod numer|, kwota|, kończąc, ponad|, około|, číslo objednávky, objednávka|, objednávky|, faktura č, číslo zákazníka, zákazník|, slevový kód|, promo kód|, kód chyby|, kód rezervace|, variabilní symbol|, ičo|, dič|, psč|, číslo zásilky, zásilka|, zľavový kód|, číslo|, č.|, částka|"},
	{offer, "rabat|, rabatu|, zniżk, promocj, sleva|, slevu|, slevový, zľav"},
	{booking, "rezerwacj, odlot|, rezervac, pobyt|"},
	{meeting, "identyfikator spotkania, dołącz do spotkania, id schůzky"},
	{confirm, "potwierdź|, potwierdzić|, potwierdzenie|, potwierdzam|, zweryfikuj, weryfikacj, aktywuj, aktywacj, dokończ rejestrację, potvrdit|, potvrďte|, potvrzení|, ověřit|, ověřte|, ověření|, aktivovat|, aktivujte|, potvrdiť|, overiť|, overte|"},
	{signIn, "link do logowania, magiczny link, zaloguj|, zaloguj się, zalogować|, přihlásit se|, přihlašovací odkaz, prihlásiť sa"},
	{reset, "zresetuj, resetuj, resetowanie|, reset hasła, nowe hasło|, ustaw hasło, zmień hasło, ustaw nowe, obnovit heslo, nové heslo|, obnovení hesla, nastavit heslo, obnoviť heslo"},
	{invite, "przyjmij zaproszenie, zaakceptuj zaproszenie, zaproszenie|, zaprosił, přijmout pozvánku, pozvánk, dołącz|"},
	{object, "adres|, adresu|, adres e-mail, konto|, konta|, rejestracj, hasło|, hasła|, adresu e-mail, účet|, účtu|, e-mailovou adresu, registrac, heslo|, hesla|"},
	{deny, "wypisz, rezygnacja, anuluj, preferencj, polityka prywatności, regulamin, w przeglądarce, to nie ty|, odrzuć, zobacz zamówienie, śledź, odhlásit odběr, odhlásit|, nastavení|, odmítnout, zrušit"},
	{generic, "wejdź na|, przejdź na|, przejdź do|, poniższ, tutaj|, kliknij, kliknąć, link|, przycisk, klikněte, kliknutím, odkaz|, odkazu|, zde|"},

	// Swedish, Danish, Norwegian, Finnish
	{strong, "verifieringskod, säkerhetskod, engångskod, engångslösenord, bekräftelsekod, inloggningskod, åtkomstkod, aktiveringskod, bekræftelseskode, sikkerhedskode, engangskode, engangsadgangskode, verifikationskode, loginkode, adgangskode til engangsbrug, bekreftelseskode, sikkerhetskode, engangspassord, innloggingskode, verifiseringskode, påloggingskode, vahvistuskoodi, turvakoodi, kertakäyttö, kirjautumiskoodi, todennuskoodi, varmistuskoodi, aktivointikoodi"},
	{weak, "*koden|, *kod|, *koodi|, *koodisi|, *koodin|"},
	{purpose, "logga in|, inloggning|, giltig|, gäller i|, går ut|, dela inte, dela aldrig, lämna inte, inte begärt, inte du som, bekräfta|, verifiera|, ditt konto|, log ind|, logge ind, gyldig|, udløber, del ikke, del aldri, ikke bedt om, bekræft|, bekreft|, din konto, kontoen din, logg inn|, logge inn, utløper|, kirjautu, voimassa|, vanhenee, älä jaa, et pyytänyt, vahvista|, tilisi|"},
	{label, "ordernummer, order nr, beställning, faktura|, fakturanummer, kundnummer, ärendenummer, kollinummer, spårningsnummer, postnummer|, rabattkod|, kampanjkod|, presentkod, bokningskod, bokningsnummer, felkod, streckkod, organisationsnummer, org.nr|, orgnr|, telefon|, ring|, summa|, belopp|, slutar på, cirka|, mer än, över|, ordrenummer, fakturanr, kundenummer, sporingsnummer, rabatkode|, rabattkode|, kampagnekode|, bookingkode|, reservasjonskode, fejlkode|, feilkode|, cvr|, tlf|, tlf.|, beløb|, beløp|, tilausnumero, tilaus|, lasku|, laskun numero, asiakasnumero, seurantakoodi, alennuskoodi, postinumero, varauskoodi, virhekoodi, viitenumero, puhelin, y-tunnus|"},
	{offer, "rabatt|, rabattkod|, erbjudande, rabat|, tilbud|, alennus, tarjous"},
	{booking, "bokning, avgång|, incheckning, booking|, ombordstigning, varaus|, lähtö|"},
	{meeting, "mötes-id, delta i mötet, møde-id, møte-id, kokouksen tunnus"},
	{confirm, "bekräfta|, bekräftelse|, verifiera|, aktivera|, slutför registreringen, bekræft|, bekræfte|, bekreft|, bekrefte|, aktiver|, verificer|, verifiser|, vahvista|, vahvistaa|, aktivoi|"},
	{signIn, "inloggningslänk, logga in|, log ind|, logg inn|, loginlink, kirjaudu|, kirjautumislinkki"},
	{reset, "återställ, nytt lösenord, välj lösenord, nulstil, ny adgangskode, tilbakestill, nytt passord, nollaa, vaihda salasana, uusi salasana|, salasanan vaihto"},
	{invite, "acceptera inbjudan, inbjudan|, bjudit in dig|, accepter invitation, invitation|, invitasjon|, godta invitasjon, hyväksy kutsu, kutsu|"},
	{object, "e-postadress, e-post|, adress|, konto|, registrering|, lösenord|, e-mailadresse, adgangskode|, e-postadresse, passord|, sähköposti, tili|, salasana|"},
	{deny, "avregistrera, avprenumerera, avsluta prenumeration, inställningar, integritet, afmeld, avmeld, indstillinger, innstillinger, peruuta|, peruuta tilaus, asetukset|, inte du|, avböj, afvis, avslå|"},
	{generic, "här|, klicka, länk|, länken|, klik|, her|, klikk, lenke, lenken|, linket|, tästä|, napsauta, linkki"},

	// Russian, Ukrainian, Bulgarian
	{strong, "код подтверждения|, кода подтверждения|, кодом подтверждения|, проверочный код|, код проверки|, код безопасности|, код доступа|, код для входа|, код входа|, одноразовый код|, одноразовый пароль|, одноразового пароля|, код авторизации|, код активации|, код верификации|, временный пароль|, временный код|, пин-код|, код регистрации|, секретный код|, код підтвердження|, коду підтвердження|, код перевірки|, код безпеки|, код доступу|, код для входу|, одноразовий код|, одноразовий пароль|, код авторизації|, код активації|, тимчасовий пароль|, код верифікації|, код за потвърждение|, код за вход|, код за сигурност|, еднократна парола|, код за проверка|, код за потвърждаване"},
	{weak, "код|, кода|, кодом|, коду|, кодът|, пароль|, цифры|"},
	{purpose, "войти|, вход|, входа|, входите, вход в, действителен, действует|, действительна|, истекает, истечет, истечёт, никому|, не сообщайте, не передавайте, не запрашивали, не вы|, подтвердите|, подтверждени, аккаунт, учётной записи, учетной записи, нового устройства, игнорируйте, проигнорируйте, авторизац, регистрац, увійти|, вхід|, входу|, дійсний|, діє|, не повідомляйте, не запитували, не ви|, підтвердіть|, підтвердження|, облікового запису, обліковий запис, ігноруйте, валиден|, изтича|, не споделяйте, влизане|"},
	{label, "заказ|, заказа|, заказ №, номер заказа, счёт|, счет|, счёт №, счет №, номер счета, № договора, номер договора, номер клиента, обращение|, номер обращения, заявка|, трек-номер|, номер отправления, отправление|, промокод|, промо-код|, код скидки|, код купона|, купон|, код ошибки|, ошибка|, исходный код|, код товара|, код заказа|, код получения|, код клиента|, код бронирования|, код брони|, штрих-код|, штрихкод|, qr-код|, код региона|, код страны|, код города|, код домофона|, почтовый индекс|, индекс|, инн|, кпп|, огрн|, бик|, телефон, тел|, тел.|, звоните|, сумма|, оканчива, номер|, рейс|, более|, около|, замовлення|, номер замовлення, рахунок|, накладна|, номер накладної, ттн|, промокод|, код знижки|, код помилки|, код товару|, код замовлення|, код отримання|, код бронювання|, єдрпоу|, рнокпп|, сума|, понад|, поръчка|, номер на поръчка, фактура|, промо код|, код за отстъпка|"},
	{offer, "скидк, промокод, акци, распродаж, знижк, отстъпк"},
	{booking, "бронировани, вылет|, посадочн, бронюванн, виліт|, резерваци"},
	{meeting, "идентификатор конференции, ідентифікатор конференції"},
	{confirm, "подтвердить|, подтвердите|, подтверждение|, подтверждения|, активировать|, активируйте|, активаци, верифи, завершить регистрацию, завершите регистрацию, підтвердити|, підтвердіть|, підтвердження|, активувати|, активуйте|, завершити реєстрацію, потвърди|, потвърдете|, потвърждаване|, активирай"},
	{signIn, "ссылка для входа, ссылку для входа, войти|, вход|, посилання для входу, увійти|, вхід|, влез|"},
	{reset, "сбросить|, сброс|, сброса|, восстановить|, восстановлени, новый пароль|, смены пароля, сменить пароль, задать пароль, скинути|, скидання|, відновити|, відновлення|, новий пароль|, змінити пароль, нова парола|"},
	{invite, "принять приглашение, приглашени, пригласил, прийняти запрошення, запрошення|, запросив|, запросила|, присоединиться|, приєднатися|, покана|"},
	{object, "почту|, почты|, почта|, адрес|, адреса|, адресу|, эл. почты, электронн, аккаунт, учётн, учетн, регистрац, пароль|, пароля|, пошту|, пошти|, електронн, обліков, реєстрац, имейл|, профил"},
	{deny, "отписаться|, отписк, настройки|, настройка рассылки, политика, в браузере, это не вы, если это были не вы, не запрашивали, отклонить|, отменить|, пожаловаться, смените пароль, відписатися|, налаштування|, відхилити|, скасувати|, це не ви|, не ви|, отпис, отказ"},
	{generic, "здесь|, нажмите, ссылк, кнопк, перейдите, тут|, натисніть, посилання|, перейдіть, тук|"},

	// Turkish
	{strong, "doğrulama kodu, onay kodu, güvenlik kodu, tek kullanımlık, giriş kodu, aktivasyon kodu, erişim kodu, şifre sıfırlama kodu, onaylama kodu, sms kodu, geçici şifre, kimlik doğrulama kodu"},
	{weak, "kodu|, kodunuz|, kodun|, şifreniz|"},
	{purpose, "giriş yap, giriş|, oturum aç, geçerli, süresi dol, paylaşmayın, paylaşma|, talep etmediyseniz, siz değilseniz, onayla|, doğrula|, hesabınız, hesabına, yeni cihaz, dikkate almayın, kimliğinizi"},
	{label, "sipariş no, sipariş numarası, siparişiniz, fatura no, fatura numarası, abone no, müşteri no, müşteri numarası, takip no, takip numarası, kargo takip, posta kodu|, indirim kodu|, kupon kodu|, kampanya kodu|, promosyon kodu|, hata kodu|, rezervasyon kodu|, pnr|, tel|, telefon|, no|, numarası|, tutar|, müşteri hizmetleri, ile biten, mersis|, vergi no"},
	{offer, "indirim, kupon, kampanya, fırsat"},
	{booking, "rezervasyon, uçuş|, biniş"},
	{meeting, "toplantı kimliği, toplantıya katıl"},
	{confirm, "onayla|, onaylayın|, onaylamak|, doğrula|, doğrulayın|, doğrulamak|, doğrulama|, etkinleştir, aktifleştir, kaydı tamamla"},
	{signIn, "giriş bağlantısı, giriş yap|, oturum aç|, sihirli bağlantı"},
	{reset, "sıfırla|, sıfırlama|, sıfırlamak|, yeni şifre, yeni parola, şifre belirle, şifremi"},
	{invite, "daveti kabul et, davet|, davetiye, davet etti|, katıl|"},
	{object, "e-posta|, adresi|, adresini|, adresinizi|, hesab, kayıt|, kaydı|, kaydınızı|, şifre, parola"},
	{deny, "abonelikten çık, aboneliği iptal, tercihler, gizlilik, siz değilseniz, reddet, iptal|, siparişi görüntüle"},
	{generic, "tıkla, buraya|, bağlantı, butona|, düğme"},

	// Greek, Hungarian, Romanian
	{strong, "κωδικός επαλήθευσης|, κωδικό επαλήθευσης|, κωδικός επιβεβαίωσης|, κωδικό επιβεβαίωσης|, κωδικός ασφαλείας|, κωδικός μίας χρήσης|, κωδικός μιας χρήσης|, κωδικό μίας χρήσης|, κωδικός πρόσβασης μίας χρήσης, κωδικός σύνδεσης|, ellenőrző kód, megerősítő kód, biztonsági kód, egyszer használatos, belépési kód, hitelesítő kód, azonosító kód, aktiváló kód, bejelentkezési kód, cod de verificare|, codul de verificare|, cod de securitate|, codul de securitate|, cod unic|, codul unic|, parolă de unică folosință, cod de confirmare|, codul de confirmare|, cod de autentificare|, codul de autentificare|, cod de acces|, codul de acces|, cod de activare|, codul de activare|"},
	{weak, "κωδικός|, κωδικό|, kód|, kódja|, kódod|, kódját|, codul|, cod|"},
	{purpose, "σύνδεση|, συνδεθείτε, ισχύει|, λήγει|, μην μοιραστείτε, μη μοιράζεστε, δεν ζητήσατε, λογαριασμ, belépés, bejelentkez, érvényes|, lejár|, ne ossza meg, senkinek|, nem ön|, fiók, autentific, conect, expiră|, valabil|, nu împărtăși, nu comunica, nu distribui, nu ai solicitat, nu ați solicitat, contul"},
	{label, "παραγγελία|, αριθμός παραγγελίας, τιμολόγιο|, τηλέφωνο|, τηλ|, ταχυδρομικός κώδικας, εκπτωτικός κωδικός, κωδικός έκπτωσης, κωδικός κράτησης, κωδικός πελάτη, αφμ|, rendelésszám, rendelés|, számla|, számlaszám, ügyfélszám, telefon|, kuponkód, kedvezménykód, foglalási kód, irányítószám, hibakód, csomagszám, adószám, comanda|, comenzii|, numărul comenzii, factura|, telefon|, cod poștal|, codul poștal|, cod promoțional|, cod de reducere|, codul de reducere|, cod client|, cui|, awb|, cod de eroare|, cod de rezervare|"},
	{confirm, "επιβεβαίωση|, επιβεβαιώστε, επαλήθευση|, επαληθεύστε, ενεργοποίηση|, ενεργοποιήστε, megerősítés, erősítse meg, erősítsd meg, aktiválás, aktiválja, ellenőrzés|, confirmă|, confirmați, confirmare|, verifică|, verificați, activează|, activați"},
	{signIn, "σύνδεση|, σύνδεσμος σύνδεσης, bejelentkezés|, belépés|, conectare|, autentificare|"},
	{reset, "επαναφορά|, επαναφοράς|, επαναφορά κωδικού, επαναφοράς κωδικού, νέος κωδικός, νέο κωδικό, νέου κωδικού, αλλαγή κωδικού, αλλαγής κωδικού, jelszó visszaállítás, új jelszó, visszaállítás, resetează, resetare|, parolă nouă"},
	{invite, "αποδοχή πρόσκλησης, πρόσκληση|, meghívó|, meghívás, meghívta, acceptă invitația, invitați"},
	{object, "διεύθυνση|, λογαριασμ, εγγραφή|, email|, e-mail-cím, címét|, címed|, fiók, regisztráció, jelszó|, adresa|, contul|, cont|, parola|, înregistrare"},
	{deny, "κατάργηση εγγραφής, διαγραφή|, προτιμήσεις, leiratkozás, leiratkoz, beállítások, dezabonare, dezabon, preferințe, nu ai solicitat|, elutasítás"},
	{generic, "εδώ|, πατήστε, σύνδεσμο|, kattintson, kattints, ide|, link|, apasă, apăsați, aici|, click"},

	// Japanese
	{strong, "認証コード, 確認コード, 検証コード, セキュリティコード, セキュリティーコード, ワンタイムパスワード, ワンタイムパスコード, ワンタイムコード, ログインコード, 認証番号, 本人確認コード, 暗証コード, 認証キー, パスコード, アクティベーションコード, 仮パスワード, 確認番号は次"},
	{weak, "コード, 確認番号, 暗証番号, 数字を入力"},
	{purpose, "ログイン, サインイン, 有効期限, 有効です, 分間有効, 以内に, 入力してください, ご入力ください, 心当たり, 共有しないで, 教えないで, 本人確認, 認証, アカウント, 登録手続"},
	{label, "注文番号, ご注文番号, 注文, 受付番号, お問い合わせ番号, 問い合わせ番号, 問合せ番号, 伝票番号, 追跡番号, 予約番号, 予約コード, 会員番号, お客様番号, 請求書番号, 請求番号, 電話, 電話番号, tel, 郵便番号, クーポンコード, クーポン, 割引コード, プロモーションコード, キャンペーンコード, エラーコード, 商品コード, 商品番号, 店舗コード, 支店番号, 口座番号, 銀行コード, qrコード, バーコード, ソースコード, ギフトコード, 招待コード, 合計, 金額, 下4桁, 下四桁, 管理番号, 便名, ミーティングid"},
	{offer, "クーポン, 割引, セール, キャンペーン, ポイント進呈"},
	{booking, "ご予約, 宿泊, 搭乗, チェックイン"},
	{meeting, "ミーティングid, ミーティングに参加, 会議id"},
	{confirm, "確認, 認証, 本登録, 有効化, 登録を完了, 登録完了, アクティベート, 承認"},
	{signIn, "ログインリンク, マジックリンク, ログイン, サインイン"},
	{reset, "再設定, リセット, 再発行, 新しいパスワード, パスワードを変更, パスワードの変更, パスワードを設定"},
	{invite, "招待を受け, 招待, 参加する"},
	{object, "メールアドレス, アドレス, アカウント, 登録, パスワード, 本人"},
	{deny, "配信停止, 登録解除, 退会, メール設定, プライバシー, ご利用規約, お問い合わせ, 心当たり, 注文内容, 辞退, キャンセル, 詳細を見る"},
	{generic, "こちら, クリック, url, リンク, ボタン, アクセス"},

	// Chinese
	{strong, "验证码, 动态码, 动态密码, 动态口令, 一次性密码, 一次性验证码, 安全码, 登录码, 登录验证码, 激活码, 确认码, 认证码, 身份验证代码, 安全代码, 验证代码, 临时密码, 驗證碼, 驗證代碼, 認證碼, 一次性密碼, 安全碼, 動態密碼, 登入碼, 啟用碼, 確認碼, 認證代碼, 校驗碼, 安全代碼, 臨時密碼, 一次性代碼, 一次性代码"},
	{weak, "校验码, 代码, 代碼, 口令, 密码为, 密碼為, 以下数字, 以下數字"},
	{purpose, "登录, 登入, 分钟内有效, 分鐘內, 分钟内, 有效期, 有效期限, 请勿泄露, 勿泄露, 请勿告知, 切勿, 請勿, 非本人, 忽略此, 忽略本, 若您並未, 验证, 驗證, 账号, 账户, 帳號, 帳戶, 身份, 注册, 註冊"},
	{label, "订单编号, 订单号, 訂單編號, 訂單號碼, 訂單, 订单, 运单号, 運單號, 快递单号, 物流单号, 單號, 单号, 发票号, 發票號碼, 电话, 電話, 热线, 熱線, 专线, 專線, 客服, 致电, 致電, 邮编, 郵遞區號, 优惠码, 優惠碼, 折扣码, 折扣碼, 促销码, 兑换码, 兌換碼, 礼品码, 取件码, 取件碼, 提货码, 邀请码, 邀請碼, 推荐码, 二维码, 条形码, 错误代码, 錯誤代碼, 错误码, 源代码, 会议号, 会议id, 會議id, 会员号, 會員編號, 客户编号, 客戶編號, 预订号, 預訂編號, 訂位代號, 航班, 尾号, 末四码, 末四碼, 金额, 金額, 备案, icp备, 编号, 編號, 超过, 超過, 股票代码"},
	{offer, "优惠, 優惠, 折扣, 促销, 促銷, 满减"},
	{booking, "预订, 預訂, 航班, 入住, 訂房"},
	{meeting, "会议号, 会议id, 會議id, 加入会议, 加入會議"},
	{confirm, "验证, 驗證, 确认, 確認, 激活, 啟用, 完成注册, 完成註冊, 认证, 認證"},
	{signIn, "登录链接, 登入連結, 登录, 登入"},
	{reset, "重置, 重設, 重设, 找回密码, 新密码, 新密碼, 修改密码, 變更密碼, 设置密码, 設定密碼"},
	{invite, "接受邀请, 接受邀請, 邀请, 邀請, 加入团队, 加入團隊"},
	{object, "邮箱, 信箱, 电子邮件, 電子郵件, 邮件地址, 账号, 账户, 帳號, 帳戶, 注册, 註冊, 密码, 密碼, 身份"},
	{deny, "退订, 取消訂閱, 取消订阅, 隐私, 隱私, 设置偏好, 非本人, 拒绝, 拒絕, 取消, 查看订单, 查看訂單, 了解更多, 瞭解更多"},
	{generic, "点击, 點擊, 點選, 链接, 連結, 这里, 這裡, 按钮, 按鈕"},

	// Korean
	{strong, "인증번호, 인증 번호, 인증코드, 인증 코드, 확인코드, 확인 코드, 보안코드, 보안 코드, 일회용 비밀번호, 일회용비밀번호, 임시 비밀번호, 임시비밀번호, 로그인 코드, 로그인코드, 본인확인번호, 승인코드, 일회용 코드, 활성화 코드"},
	{weak, "코드, 인증키, 숫자를 입력"},
	{purpose, "로그인, 유효합니다, 유효 시간, 유효시간, 만료, 공유하지, 알려주지, 노출되지, 요청하지 않으, 본인이 아니, 본인이 아닌, 인증, 입력해, 계정, 회원가입, 무시하"},
	{label, "주문번호, 주문 번호, 운송장번호, 송장번호, 고객센터, 대표번호, 전화, 연락처, 우편번호, 할인코드, 할인 코드, 쿠폰코드, 쿠폰 코드, 쿠폰번호, 쿠폰, 프로모션 코드, 오류 코드, 에러 코드, 예약번호, 예약 번호, 회원번호, 고객번호, 사업자등록번호, 통신판매, 계좌번호, 금액, 결제금액, 소스 코드, qr코드, 바코드, 추천인 코드, 추천코드, 상품코드, 접수번호, 문의번호, 회의 id, 항공편"},
	{offer, "할인, 쿠폰, 이벤트, 프로모션"},
	{booking, "예약, 탑승, 체크인, 숙박"},
	{meeting, "회의 id, 회의 참가, 회의에 참여"},
	{confirm, "인증, 확인, 활성화, 가입 완료, 가입을 완료, 등록 완료"},
	{signIn, "로그인 링크, 매직 링크, 로그인"},
	{reset, "재설정, 초기화, 새 비밀번호, 비밀번호 변경, 비밀번호 설정"},
	{invite, "초대 수락, 초대를 수락, 초대, 참여하기"},
	{object, "이메일, 메일 주소, 주소, 계정, 가입, 비밀번호, 본인"},
	{deny, "수신거부, 수신 거부, 구독 취소, 구독취소, 개인정보, 이용약관, 고객센터, 본인이 아니, 요청하지 않, 거절, 취소, 주문 조회, 자세히 보기"},
	{generic, "여기, 클릭, 링크, 버튼"},

	// Arabic, Persian, Hebrew
	{strong, "رمز التحقق, رمز التأكيد, كود التحقق, كود التأكيد, رمز الأمان, رمز الدخول, رمز تسجيل الدخول, كلمة المرور لمرة واحدة, كلمة مرور لمرة واحدة, رمز لمرة واحدة, الرمز السري, رمز التفعيل, كود التفعيل, رمز المصادقة, رمز الوصول, كلمة مرور مؤقتة, رمز تحقق, کد تأیید, کد تایید, کد ورود, رمز یکبار مصرف, رمز پویا, کد امنیتی, کد فعالسازی, קוד אימות, קוד האימות, קוד הכניסה, קוד כניסה, קוד אבטחה, קוד האבטחה, סיסמה חד פעמית, סיסמה חד-פעמית, קוד חד פעמי, קוד חד-פעמי, הקוד החד פעמי, קוד הפעלה, קוד זמני, קוד גישה, קוד זיהוי, קוד התחברות"},
	{weak, "الرمز, رمز, كود, کد|, קוד, הקוד"},
	{purpose, "تسجيل الدخول, صالح, تنتهي صلاحية, ينتهي, لا تشارك, عدم مشاركة, لم تطلب, حسابك, تحقق, تأكيد هويتك, تجاهل, ورود|, معتبر, منقضی, در اختیار, حساب کاربری, درخواست نکرده, כניסה, להתחבר, התחברות, בתוקף, תקף, יפוג, אין למסור, אל תשתף, אין לשתף, לא ביקשת, לחשבון, חשבונך, אימות, התעלם"},
	{label, "رقم الطلب, طلب رقم, الفاتورة, رقم الفاتورة, رقم التتبع, رقم الشحنة, هاتف, الهاتف, اتصل, رقم العميل, كود الخصم, رمز الخصم, كوبون, الرمز البريدي, رمز بريدي, رقم الحجز, رمز الحجز, رمز الخطأ, المبلغ, رقم, تنتهي ب, شماره سفارش, شماره پیگیری, کد رهگیری, کد پیگیری, کد تخفیف, کد پستی, تلفن, کد ملی, شماره, کد خطا, مبلغ, מספר הזמנה, הזמנה מספר, הזמנה, חשבונית, מספר חשבונית, מספר לקוח, מספר משלוח, מספר מעקב, טלפון, טל, שירות לקוחות, מיקוד, קוד הנחה, קוד קופון, קופון, קוד שגיאה, מספר פנייה, ח.פ, סכום, מסתיים ב, המסתיים ב"},
	{offer, "خصم, تخفیف, הנחה, קופון, מבצע"},
	{booking, "حجز, رحلة, رزرو, הזמנת טיסה, טיסה"},
	{confirm, "تأكيد, تاكيد, تحقق, تفعيل, أكد, فعل حسابك, تأیید, تایید, فعالسازی, אישור, אשר, לאשר, אימות, אמת, לאמת, הפעל, להפעיל, הפעלת"},
	{signIn, "رابط الدخول, رابط تسجيل الدخول, تسجيل الدخول, ورود|, קישור כניסה, התחבר, להתחבר, כניסה"},
	{reset, "إعادة تعيين, اعادة تعيين, كلمة مرور جديدة, تغيير كلمة المرور, بازنشانی, رمز عبور جدید, بازیابی, איפוס, אפס, לאפס, סיסמה חדשה"},
	{invite, "قبول الدعوة, دعوة, دعوت, پذیرش دعوت, קבל הזמנה, קבלת ההזמנה, הוזמנת, להצטרף, הצטרף"},
	{object, "البريد, بريدك, حساب, التسجيل, كلمة المرور, ایمیل, رمز عبور, ثبت نام, דוא, מייל, כתובת, חשבון, הרשמה, סיסמ"},
	{deny, "إلغاء الاشتراك, الغاء الاشتراك, التفضيلات, الخصوصية, لم تطلب, رفض, إلغاء, لغو اشتراک, حریم خصوصی, הסרה, להסרה, הסר, העדפות, פרטיות, לא ביקשת, דחה, ביטול"},
	{generic, "اضغط, انقر, هنا, الرابط, زر, کلیک, اینجا, لینک, לחץ, לחצו, כאן, קישור, כפתור"},

	// Hindi, Bengali, Vietnamese, Indonesian, Thai
	{strong, "ओटीपी, सत्यापन कोड, वेरिफिकेशन कोड, पुष्टिकरण कोड, सुरक्षा कोड, लॉगिन कोड, एक बार का पासवर्ड, वन टाइम पासवर्ड, वन-टाइम पासवर्ड, यह कोड दर्ज, যাচাইকরণ কোড, ওটিপি, mã xác thực, mã xác minh, mã xác nhận, mã bảo mật, mã otp, mật khẩu một lần, mã đăng nhập, mã kích hoạt, mật khẩu dùng một lần, mã truy cập, kode verifikasi, kode otp, kode keamanan, kode konfirmasi, kode masuk, kata sandi sekali pakai, kode aktivasi, kode sekali pakai, kod pengesahan, kod keselamatan, รหัสยืนยัน, รหัส otp, รหัสผ่านครั้งเดียว, รหัสความปลอดภัย, รหัสเข้าสู่ระบบ"},
	{weak, "कोड, mã|, kode|, รหัส"},
	{purpose, "लॉगिन, लॉग इन, साइन इन, मान्य, वैध, साझा न करें, साझा न, किसी के साथ, अनुरोध नहीं, सत्यापि, खाते, đăng nhập, hiệu lực, hết hạn, không chia sẻ, đừng chia sẻ, không yêu cầu, xác thực, xác minh, tài khoản, bỏ qua, masuk|, berlaku, kedaluwarsa, jangan bagikan, jangan berikan, tidak meminta, akun, เข้าสู่ระบบ, หมดอายุ, ห้ามเปิดเผย, อย่าเปิดเผย, บัญชี"},
	{label, "ऑर्डर, ऑर्डर नंबर, ऑर्डर संख्या, बिल, चालान, हेल्पलाइन, फ़ोन, फोन, मोबाइल, पिन कोड, पिनकोड, कूपन कोड, छूट कोड, डिस्काउंट कोड, ग्राहक संख्या, खाता संख्या, समाप्त होने वाले, राशि, रुपये, mã đơn hàng, đơn hàng, số đơn, hóa đơn, mã vận đơn, vận đơn, tổng đài, hotline|, điện thoại, sđt|, mã giảm giá, mã khuyến mãi, mã ưu đãi, mã bưu chính, mã khách hàng, mã đặt chỗ, mã số thuế, mã lỗi, mã giao dịch, mã qr, số tài khoản, số|, tổng tiền, pesanan, nomor pesanan, nomor resi, faktur, telepon, telp|, kode pos|, kode promo|, kode diskon|, kode voucher|, kode booking|, kode pemesanan, kode unik pembayaran, kode kesalahan, nomor|, jumlah|, คำสั่งซื้อ, โทร, รหัสไปรษณีย์, โค้ดส่วนลด, เลขที่"},
	{offer, "कूपन, छूट, giảm giá, khuyến mãi, ưu đãi, diskon|, promo|, ส่วนลด"},
	{confirm, "सत्यापित, पुष्टि, सक्रिय, xác nhận, xác minh, xác thực, kích hoạt, konfirmasi, verifikasi, aktivasi, aktifkan, ยืนยัน, เปิดใช้งาน"},
	{signIn, "लॉगिन लिंक, लॉग इन, साइन इन, liên kết đăng nhập, đăng nhập, masuk|, เข้าสู่ระบบ"},
	{reset, "रीसेट, नया पासवर्ड, đặt lại, mật khẩu mới, atur ulang, kata sandi baru, รีเซ็ต, ตั้งรหัสผ่าน"},
	{invite, "निमंत्रण स्वीकार, आमंत्र, chấp nhận lời mời, lời mời, terima undangan, undangan|, คำเชิญ"},
	{object, "ईमेल, खाता, खाते, पासवर्ड, पंजीकरण, địa chỉ, tài khoản, đăng ký, mật khẩu, alamat|, akun|, kata sandi, pendaftaran, อีเมล, บัญชี, รหัสผ่าน"},
	{deny, "सदस्यता समाप्त, अनसब्सक्राइब, hủy đăng ký, huỷ đăng ký, tùy chọn, không yêu cầu, từ chối, hủy|, berhenti berlangganan, preferensi, batalkan, tolak|, ยกเลิก"},
	{generic, "यहाँ, यहां, क्लिक, लिंक, बटन, nhấn, nhấp, bấm, liên kết, đây|, nút|, klik|, di sini, tautan, คลิก, ลิงก์"},
}

// isWords stand between a code that comes first and the word that names it: "123456 is your …".
var isWords = foldedStrings("is", "as", "ist", "lautet", "als", "est", "comme", "es", "como", "e", "come", "jest", "to", "on", "je", "ar", "er", "som", "ze", "это", "є", "це", "е",
	"-", ":", "is je", "is uw", "este", "là", "la", "olarak", "is:", "adalah", "ialah", "是", "为", "為", "は", "が", "を", "는", "은", "가", "이", "입니다", "هو", "هي", "הוא", "זה", "है", "คือ")

// units stand behind an amount, a span of time or a time of day.
var units = wordSet("usd eur gbp chf jpy cny krw rub uah pln czk sek nok dkk try brl inr vnd aed sar btc eth usdt kr kč zł zl lei ft tl руб руб. грн грн. zloty euro euros dollars cents pounds " +
	"ms sec secs second seconds min mins minute minutes hour hours day days week weeks month months year years minuten minute stunden tage jahre uhr sekunden minutes heures jours ans minutos horas dias días años minuti ore giorni anni " +
	"minuut minuten uur dagen jaar minut godzin dni lat minuter timmar dagar år minutter timer минут минуты часов часа дней года лет хвилин годин років dakika saat gün yıl phút giờ ngày " +
	"am pm a.m p.m h km m cm mm kg g lb lbs mb gb kb tb kwh kw mhz ghz px pt % ‰ ° characters digits zeichen ziffern caractères caracteres stellen people persons users members accounts customers subscribers followers visitors orders items pieces stück points punkte miles steps votes employees companies " +
	"personen nutzer kunden mitglieder konten personnes clients comptes personas clientes cuentas times x")

// unitRunes stand close behind an amount or a date.
const unitRunes = "年月日円元원圆圓号號時时分秒点點名件个個人台本枚回位시일월년분초개명인건€$£¥₩₽₴₺₹%°‰"

// moneyRunes stand close before an amount or a number of another kind.
const moneyRunes = "+$€£¥₩₽₴₺₹₿©®№§#&/\\@~^<>%"

// sources are found in lines of program text.
var sources = []string{"();", ") {", "){", "==", "!=", ":=", "=>", "->", "{ ", "};", "</", "const ", "return ", "func ", "def ", "import ", "```", "0x", "&&", "||", "printf", "println"}

func foldedStrings(list ...string) []string {
	for i, s := range list {
		list[i] = string(foldString(s))
	}
	return list
}

func wordSet(s string) map[string]bool {
	m := map[string]bool{}
	start := -1
	for i := 0; i <= len(s); i++ {
		if i == len(s) || s[i] == ' ' {
			if start >= 0 {
				m[string(foldString(s[start:i]))] = true
			}
			start = -1
		} else if start < 0 {
			start = i
		}
	}
	return m
}

// useWords stand before a code that is named by what it is for.
var useWords = foldedStrings("use", "enter", "type", "insert", "mit", "verwenden sie", "verwende", "geben sie", "nutzen sie", "utilisez", "saisissez", "entrez", "usa", "introduce", "ingresa", "use o", "digite", "insira", "inserisci", "usa il", "gebruik", "wpisz", "użyj", "zadejte", "ange", "använd", "indtast", "brug", "введите", "используйте", "введіть", "girin", "använd")

// signInLinks are parts of words that name a link which signs in, and not only the page for it.
var signInLinks = []string{"link", "magic", "passwordless", "mágic", "magiq", "lien", "enlace", "länk", "ссылк", "посилання", "bağlantı", "odkaz", "σύνδεσμος", "リンク", "链接", "連結", "링크", "رابط", "קישור", "लिंक", "liên kết", "direkt"}

// addressWords are parts of the path and of the parameters of a URL; the first kind that has one counts.
var addressWords = []struct {
	kind  meaning
	parts []string
}{
	{reset, []string{"reset", "passwor", "passwd", "passwort", "kennwort", "mot-de-passe", "motdepasse", "contrasen", "contraseñ", "senha", "salasana", "wachtwoord", "losenord", "adgangskode", "haslo", "heslo", "jelszo", "parola", "sifre", "mat-khau", "forgot", "recover", "restore", "=rp", "set-pw", "kodikou", "epanafora"}},
	{invite, []string{"invit", "einlad", "zaprosz", "convite", "uitnod", "inbjud", "pozvan", "priglash", "davet", "/join", "accept"}},
	{confirm, []string{"verif", "confirm", "activ", "aktiv", "attiva", "ativa", "validat", "valider", "bestaetig", "bestätig", "bevestig", "bekraft", "bekräft", "bekreft", "vahvist", "optin", "opt-in", "/doi", "potwierd", "potvrd", "overit", "onay", "dogrula", "podtver", "pidtver", "register", "registr", "xac-nhan", "xacnhan", "conferma", "signup", "sign-up"}},
	{signIn, []string{"magic", "passwordless", "signin", "sign-in", "sign_in", "login", "log-in", "logon", "anmeld", "einlog", "inlog", "connexion", "acceso", "entrar", "/entra/", "accedi", "/accesso", "/auth", "sso", "one-time", "onetime"}},
}

// denyingAddresses are parts of the URLs of other links.
var denyingAddresses = []string{"unsub", "optout", "opt-out", "preferences", "decline", "reject", "notme", "not-me", "not_me", "notyou", "not-you", "deny", "disable", "revoke", "report", "cancel", "abmeld", "desinscri", "desabonn", "/baja", "disiscri", "/help", "/support", "privacy", "/terms", "invoice", "/orders", "tracking", "survey", "feedback", "/legal", "lock-account", "delete"}

// secretParameters hold what cannot be guessed; of those with more than three letters a part of the name is enough.
var secretParameters = []string{"token", "tok", "t", "k", "key", "code", "hash", "h", "sig", "signature", "c", "otp", "nonce", "secret", "ticket", "confirmation", "verification", "activation", "oobcode", "magic", "invite", "auth", "guid", "uuid", "upn", "jwt", "v", "q", "s", "p", "ct", "vt", "x"}

// ignoredParameters say where a link stood, or where to go then.
var ignoredParameters = wordSet("ref source src lang locale campaign cid redirect redirect_uri redirect_url next return returnurl return_to continue url utm_id gclid fbclid mc_cid mc_eid hl")
