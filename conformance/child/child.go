// SPDX-License-Identifier: Apache-2.0

// Package child runs parts of a suite in processes of their own, because Ginkgo runs once in a process: a child reads
// what it has to do on its standard input and tells what it finds as lines of JSON, so that one that ends early costs
// its own specs only.
package child

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/chainlint/chainlint/conformance"
)

// Run starts a command as a child and hands on what it tells. job is what it reads. The command dies with the thread
// that starts it where it says so, so that thread must be locked then.
func Run(cmd *exec.Cmd, job any, emit func(conformance.Event)) error {
	input, err := json.Marshal(job)
	if err != nil {
		return err
	}
	read, write, err := os.Pipe()
	if err != nil {
		return err
	}
	defer read.Close() //nolint:errcheck // it was read to its end
	cmd.Stdin, cmd.ExtraFiles = bytes.NewReader(input), []*os.File{write}
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = io.Discard, &said
	cmd.WaitDelay = time.Second
	if err := cmd.Start(); err != nil {
		return errors.Join(err, write.Close())
	}
	if err := write.Close(); err != nil {
		return err
	}
	fault := relay(read, emit)
	return errors.Join(fault, explain(cmd.Wait(), said.String()))
}

// relay hands on a child's events until it ends.
func relay(r io.Reader, emit func(conformance.Event)) error {
	var faults []error
	lines := bufio.NewReader(r)
	for {
		line, err := lines.ReadBytes('\n')
		var e conformance.Event
		if err == nil && json.Unmarshal(line, &e) == nil {
			if e.Fault != "" {
				faults = append(faults, errors.New(e.Fault))
			}
			emit(e)
		}
		if err != nil {
			return errors.Join(faults...)
		}
	}
}

func explain(err error, said string) error {
	if err == nil || errors.Is(err, exec.ErrWaitDelay) { // something that it started outlives it for a moment
		return nil
	}
	lines := strings.Split(strings.TrimSpace(said), "\n")
	return fmt.Errorf("a process of the suite ended early: %w\n%s", err, strings.Join(lines[max(0, len(lines)-20):], "\n"))
}

// Work is a child's side of [Run]: it reads the job, does the work, and tells what work emits. What goes wrong is an
// event, too.
func Work[Job any](ctx context.Context, work func(context.Context, Job, func(conformance.Event)) error) {
	syscall.CloseOnExec(3) // else what a child starts keeps its parent waiting
	events := json.NewEncoder(os.NewFile(3, "events"))
	var lock sync.Mutex
	emit := func(e conformance.Event) {
		lock.Lock()
		defer lock.Unlock()
		_ = events.Encode(e)
	}
	var job Job
	err := json.NewDecoder(os.Stdin).Decode(&job)
	if err != nil {
		err = fmt.Errorf("read the plan: %w", err)
	} else {
		err = work(ctx, job, emit)
	}
	if err != nil {
		emit(conformance.Event{Fault: err.Error()})
	}
}
