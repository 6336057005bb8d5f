// Code generated from the OpenAPI document of the API; do not edit. 'go test ./server/api -run Client -update' writes it.

package client

import (
	"context"
	"io"
)

// GetHealth: See how the server does: names, ports, certificates, disk, queue, and what to do (GET /v1/health). For operators. What other servers have to be asked for is up to a minute old.
func (c *Client) GetHealth(ctx context.Context) (*ServerHealth, error) {
	return do[ServerHealth](ctx, c, "GET", "/v1/health", nil, nil)
}

// GetOperatorZoneFile: Get the records of the server's own name and of the operator's zone, with the keys of all verified domains; for operators (GET /v1/operator/zone-file).
func (c *Client) GetOperatorZoneFile(ctx context.Context) (io.ReadCloser, error) {
	return open(ctx, c, "GET", "/v1/operator/zone-file", "", nil, nil)
}

// PublishOperatorParams are what PublishOperator may be told besides; zero values are left out.
type PublishOperatorParams = IdempotencyKeyParams

// PublishOperator: Write the records of the server's own name and of the operator's zone; for operators (POST /v1/operator/publish).
func (c *Client) PublishOperator(ctx context.Context, params PublishOperatorParams, body PublishBody) (*Publishing, error) {
	return do[Publishing](ctx, c, "POST", "/v1/operator/publish", params, body)
}

// ServerFinding is a part of the API.
type ServerFinding struct {
	Advice string `json:"advice,omitzero"` // What to do; absent if nothing.
	Found  string `json:"found"`           // What is there, for people.
	Name   string `json:"name"`            // What was looked at; with what it is about behind a slash where there are several, as certificate/imaps.
	Status string `json:"status"`          // error: something does not work. unknown: it was not asked, or there was no answer.
}

// ServerHealth is a part of the API.
type ServerHealth struct {
	Findings []ServerFinding `json:"findings"` // What was looked at, in an order that stays.
	Status   string          `json:"status"`   // The gravest of the findings.
}
