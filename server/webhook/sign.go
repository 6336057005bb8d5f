package webhook

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// sign puts the id, the time and the signatures of a request into its header (Standard Webhooks 1.0, "Webhook Signatures": a
// signature for each secret, separated by spaces), under the names of the standard and under those that libraries before it know.
func sign(h http.Header, secrets []string, id string, at time.Time, body []byte) error {
	stamp := strconv.FormatInt(at.Unix(), 10)
	signatures := make([]string, len(secrets))
	for i, secret := range secrets {
		key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_"))
		if err != nil {
			return fmt.Errorf("read a webhook's secret: %w", err)
		}
		mac := hmac.New(sha256.New, key)
		fmt.Fprintf(mac, "%s.%s.%s", id, stamp, body)
		signatures[i] = "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
	}
	for _, prefix := range []string{"Webhook-", "Svix-"} {
		h.Set(prefix+"Id", id)
		h.Set(prefix+"Timestamp", stamp)
		h.Set(prefix+"Signature", strings.Join(signatures, " "))
	}
	return nil
}
