// SPDX-License-Identifier: Apache-2.0

// Command engine gives tests a container engine on machines where none runs: start uses the one that answers, else
// starts dockerd (Debian's docker.io, as root) with a state of its own; stop ends what start began. As a low-level
// runtime it is what dockerd calls in place of runc, see runtime.go.
//
//	eval "$(go run ./internal/engine start)" && ... ; go run ./internal/engine stop
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args); err != nil {
		fmt.Fprintln(os.Stderr, "engine:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	if filepath.Base(args[0]) == runtimeName {
		return limited(args[1:])
	}
	if len(args) != 2 {
		return errors.New("usage: engine start|stop")
	}
	switch args[1] {
	case "start":
		address, err := start(ctx)
		if err == nil && address != "" {
			fmt.Printf("export DOCKER_HOST=%s\n", address)
		}
		return err
	case "stop":
		return stop(ctx)
	}
	return fmt.Errorf("there is no command %q: start or stop", args[1])
}
