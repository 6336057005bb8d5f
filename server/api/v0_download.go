package api

import (
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/postroom/postroom/mailstore"
	"github.com/postroom/postroom/mailstore/message"
	"github.com/postroom/postroom/tenancy"
)

// downloadFor is how long a link to download is good.
const downloadFor = time.Hour

// downloadPath is where such links lead. Who has one needs no key.
const downloadPath = "/download/"

type (
	v0Link struct {
		DownloadURL string `json:"download_url"`
		ExpiresAt   stamp  `json:"expires_at"`
	}
	v0AttachmentLink struct {
		v0Attachment
		v0Link
	}
	v0RawLink struct {
		MessageID string `json:"message_id"`
		Size      int64  `json:"size"`
		v0Link
	}
)

// link makes a link to bytes of an inbox.
func (v *v0Request) link(inbox string, what tenancy.Download) (v0Link, error) {
	until := v.srv.dir.Now().Add(downloadFor).Truncate(time.Second)
	token, err := v.grant.DownloadToken(v.ctx, v.workspace(), inbox, what, until)
	return v0Link{v.base() + downloadPath + token, stamp{until}}, err
}

// base is where the caller reaches this server: where the operator says it is, else where the request came to.
func (v *v0Request) base() string {
	if public := v.srv.publicURL(); public != "" {
		return public
	}
	if v.r.TLS != nil {
		return "https://" + v.r.Host
	}
	return "http://" + v.r.Host
}

func (v *v0Request) rawLink() (v0Answer, error) {
	box, _, m, err := v.message(tenancy.MessagesRead)
	if err != nil {
		return v0Answer{}, err
	}
	link, err := v.link(string(box.ID()), tenancy.Download{Message: m.ID})
	return answered(v0RawLink{v0MessageID(m.Envelope.MessageID, string(m.ID)), m.Size, link}, err)
}

func (v *v0Request) attachmentLink() (v0Answer, error) {
	box, _, m, err := v.message(tenancy.MessagesRead)
	if err != nil {
		return v0Answer{}, err
	}
	a, err := v.attachmentOf(box, m)
	return answered(a, err)
}

// attachmentOf is the attachment of a message that the path names, with a link.
func (v *v0Request) attachmentOf(box mailstore.Inbox, m mailstore.Message) (l v0AttachmentLink, err error) {
	part := strings.TrimPrefix(v.path["attachment"], string(m.ID)+v0AttachmentMark)
	i := slices.IndexFunc(m.Attachments, func(a message.Attachment) bool { return a.ID == part })
	if i < 0 {
		return l, tenancy.ErrNotFound
	}
	a := m.Attachments[i]
	l.v0Attachment = v0AttachmentOf(string(m.ID), attachmentOf(a))
	l.v0Link, err = v.link(string(box.ID()), tenancy.Download{Message: m.ID, Attachment: a.ID})
	return l, err
}

// downloadRoutes give the bytes of a link.
func (s *Server) downloadRoutes(mux *http.ServeMux) {
	mux.HandleFunc("GET /download/{token}", func(w http.ResponseWriter, r *http.Request) {
		box, what, err := s.dir.Download(r.Context(), r.PathValue("token"))
		if err != nil {
			s.refuse(w, r, err)
			return
		}
		w.Header().Set("Cache-Control", "no-store")
		w.Header().Set("Referrer-Policy", "no-referrer") // the address is the secret
		if what.Attachment == "" {
			raw, size, err := box.Raw(r.Context(), what.Message)
			s.download(w, r, raw, err, "message/rfc822", string(what.Message)+".eml", size)
			return
		}
		a, part, err := box.Attachment(r.Context(), what.Message, what.Attachment)
		s.download(w, r, part, err, harmless(a.ContentType), a.Filename, -1)
	})
}

func (s *Server) download(w http.ResponseWriter, r *http.Request, bytes io.ReadCloser, err error, contentType, filename string, size int64) {
	if err != nil {
		s.refuse(w, r, err)
		return
	}
	defer bytes.Close()
	asDownload(w.Header().Set, contentType, filename, size)
	io.Copy(w, bytes) // who went away is not told
}
