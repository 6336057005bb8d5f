package peers

import "strings"

// brokenMail are files of the shared corpus whose structure or fields no standard defines, by what is broken. Of them only the octets
// are compared: sizes, headers and texts, not what a parser makes of them (accepted difference broken-mail).
var brokenMail = map[string]string{
	"no field before a continued line": `enmime-bad-header-start.raw rubymail-error_emails-bad_date_header.eml enmime-header-only.raw
		rubymail-attachment_emails-attachment_message_rfc822_inline_image.eml`,
	"parameters that are not quoted": `enmime-bad-header-wrap.raw enmime-mime-bad-content-type.raw enmime-mime-blank-media-name.raw
		enmime-mime-unquoted-tspecials-param.raw rubymail-attachment_emails-attachment_with_unquoted_name.eml
		rubymail-mime_emails-raw_email_with_illegal_boundary.eml rubymail-plain_emails-raw_email_bad_time.eml
		rubymail-error_emails-missing_content_disposition.eml rubymail-error_emails-multiple_invalid_content_dispositions.eml lhost-apachejames-01.eml
		lhost-office365-09.eml lhost-office365-11.eml lhost-verizon-02.eml lhost-x1-02.eml`,
	"boundaries": `enmime-epilogue-sample.raw enmime-multipart-wo-boundary.raw rubymail-error_emails-bad_date_header2.eml
		rubymail-error_emails-missing_body.eml rubymail-mime_emails-raw_email4.eml enmime-mime-mixed-related.raw enmime-mime-signed.raw lhost-sendgrid-01.eml
		lhost-x5-01.eml rfc3464-06.eml rfc3464-62.eml rhost-franceptt-07.eml rhost-google-02.eml rhost-gsuite-02.eml`,
	"fields that come twice": `enmime-inlinemultipart.raw enmime-malformed-multiple-address-header-values.raw
		rubymail-mime_emails-raw_email_with_binary_encoded.eml rubymail-mime_emails-raw_email_with_multipart_mixed_quoted_boundary.eml 
		lhost-kddi-03.eml lhost-mailfoundry-02.eml`,
	"transfer encodings": `rubymail-error_emails-content_transfer_encoding_7-bit.eml rubymail-error_emails-content_transfer_encoding_plain.eml
		rubymail-error_emails-content_transfer_encoding_qp_with_space.eml rubymail-error_emails-content_transfer_encoding_spam.eml
		rubymail-error_emails-content_transfer_encoding_text-html.eml rubymail-error_emails-content_transfer_encoding_with_8bits.eml
		rubymail-error_emails-content_transfer_encoding_with_semi_colon.eml rubymail-error_emails-must_supply_encoding.eml rubymail-error_emails-content_transfer_encoding_empty.eml`,
	"addresses": `rubymail-error_emails-weird_to_header.eml rubymail-plain_emails-mix_caps_content_type.eml
		rubymail-plain_emails-raw_email_multiple_from.eml rubymail-plain_emails-raw_email_with_at_display_name.eml
		rubymail-rfc2822-example11.eml rubymail-rfc2822-example13.eml arf-15.eml lhost-mfilter-04.eml
		lhost-sendgrid-03.eml lhost-surfcontrol-03.eml rfc3464-10.eml rubymail-error_emails-empty_group_lists.eml`,
	"octets in fields": `rubymail-error_emails-invalid_subject_characters.eml rhost-google-08.eml`,
	"dates and spaces": `rubymail-error_emails-bad_subject.eml rubymail-rfc2822-example04.eml rubymail-rfc2822-example10.eml
		rubymail-rfc2822-example12.eml lhost-amazonworkmail-02.eml lhost-amazonworkmail-04.eml lhost-amazonworkmail-07.eml lhost-exchange2003-05.eml lhost-postfix-37.eml`,
	"a message that is no message in a report": "arf-25.eml rfc3464-36.eml",
	"no header": "enmime-erroneous.raw",
}

// sorted takes the broken messages out of a list.
func sorted(list []diffMessage) (whole, broken []diffMessage) {
	isBroken := map[string]bool{}
	for _, names := range brokenMail {
		for name := range strings.FieldsSeq(names) {
			isBroken[strings.ToLower(name)] = true
		}
	}
	for _, m := range list {
		if isBroken[m.name] {
			broken = append(broken, m)
		} else {
			whole = append(whole, m)
		}
	}
	return whole, broken
}
