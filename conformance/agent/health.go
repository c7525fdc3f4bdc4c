// SPDX-License-Identifier: Apache-2.0

package agent

import (
	"context"
	"net"
	"net/http"
)

// Health are ports at which an agent tells a kubelet that it is well.
type Health struct {
	HTTP uint16 `json:"http,omitempty"`
	GRPC uint16 `json:"grpc,omitempty"`
}

// serving is the answer of grpc.health.v1.Health: a frame that is not compressed, five bytes of head, status = 1.
var serving = []byte{0, 0, 0, 0, 2, 0x08, 1}

// serve answers probes until ctx ends.
func (h Health) serve(ctx context.Context) error {
	if h.HTTP == 0 {
		return nil
	}
	plain := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) })
	grpc := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/grpc")
		w.Header().Set("Trailer", "Grpc-Status")
		_, _ = w.Write(serving)
		w.Header().Set("Grpc-Status", "0")
	})
	var both http.Protocols
	both.SetHTTP1(true)
	both.SetUnencryptedHTTP2(true)
	for port, handler := range map[uint16]http.Handler{h.HTTP: plain, h.GRPC: grpc} {
		l, err := net.ListenTCP("tcp", &net.TCPAddr{Port: int(port)})
		if err != nil {
			return err
		}
		server := &http.Server{Handler: handler, Protocols: &both} //nolint:gosec // for a kubelet, in a pod that lives for seconds
		context.AfterFunc(ctx, func() { _ = server.Close() })
		go func() { _ = server.Serve(l) }()
	}
	return nil
}
