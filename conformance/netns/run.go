// SPDX-License-Identifier: Apache-2.0

package netns

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/chainlint/chainlint/conformance"
	"github.com/chainlint/chainlint/conformance/child"
	"github.com/chainlint/chainlint/conformance/report"
)

// childVariable tells a process that it is one of [Run]'s: "try" or "run".
const childVariable = "CHAINLINT_NETNS"

// errUnhandled keeps a program that forgets to call [Child] from starting itself for ever.
var errUnhandled = errors.New("this process was started by a run of the suite, and its main does not call netns.Child first")

// job is what a child reads on its standard input.
type job struct {
	Plan    conformance.Plan
	Plugins Plugins
}

// Child does a child's work if this process is one; handled is false where it is none. A program that calls
// [Run] calls it first.
func Child(ctx context.Context) (code int, handled bool) {
	switch os.Getenv(childVariable) {
	case "":
		return 0, false
	case "try":
		return try(), true
	}
	child.Work(ctx, runChild)
	return 0, true
}

// try tells by its exit code whether labs can be made here.
func try() int {
	_, err := Enter(nil)
	if err == nil {
		var s *space
		if s, err = newSpace(nil); err == nil {
			err = s.sysctls("ipv4/ip_forward", "1")
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

func runChild(ctx context.Context, j job, emit func(conformance.Event)) error {
	machine, err := Enter(j.Plugins)
	if err != nil {
		return err
	}
	conformance.Suite(ctx, machine, j.Plan, emit)
	return nil
}

// tools that plugins and labs run, and the Debian packages that have them.
var tools = []struct{ name, in string }{
	{"iptables", "iptables"}, {"iptables-restore", "iptables"}, {"ip6tables-restore", "iptables"}, {"nft", "nftables"},
}

// Available tells whether labs can be made on this machine, and whether as an ordinary user. The error says what
// to do.
func Available(ctx context.Context) (rootless bool, err error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	var missing []string
	for _, tool := range tools {
		found := false
		for _, dir := range append(strings.Split(os.Getenv("PATH"), ":"), "/usr/sbin", "/sbin") {
			_, err := os.Stat(dir + "/" + tool.name)
			found = found || err == nil
		}
		if !found && !slices.Contains(missing, tool.in) {
			missing = append(missing, tool.in)
		}
	}
	if missing != nil {
		return false, fmt.Errorf("portmap and the lab run the programs of these packages, which are not installed: apt-get install %s", strings.Join(missing, " "))
	}
	return Probe(ctx)
}

// workers are children that run at a time: more than processors, because much of their time is waiting for
// packets that do not come.
func workers() int { return 3 * runtime.NumCPU() }

// How many specs a child runs: few enough that processors are busy to the end, enough that making the lab is the
// smaller part.
const (
	few  = 2
	many = 12
)

// Run runs a plan in children, several at a time, each in namespaces of its own, and hands on what they tell; emit
// is never called twice at a time. The error is about the harness.
func Run(ctx context.Context, plan conformance.Plan, plugins Plugins, rootless bool, emit func(conformance.Event)) error {
	var lock sync.Mutex
	ended := false
	tell := func(e conformance.Event) {
		lock.Lock()
		defer lock.Unlock()
		emit(e)
		ended = ended || plan.FailFast && e.Spec != nil && e.Spec.Outcome == report.Fail && e.Spec.Level == report.Core
	}
	over := func() bool {
		lock.Lock()
		defer lock.Unlock()
		return ended
	}
	at := workers()
	if plan.FailFast { // what has begun beside the one that fails would only keep it waiting
		at = 1
	}
	jobs, failed := make(chan conformance.Plan), make(chan error, at)
	for range at {
		go func() {
			runtime.LockOSThread() // children die with the thread that started them
			var errs []error
			for part := range jobs {
				if !over() {
					errs = append(errs, runPart(ctx, job{part, plugins}, rootless, tell))
				}
			}
			failed <- errors.Join(errs...)
		}()
	}
	for _, part := range split(plan) {
		jobs <- part
	}
	close(jobs)
	var all []error
	for range at {
		all = append(all, <-failed)
	}
	return errors.Join(all...)
}

// split makes small plans of one: first those that take long, which are mutants and specs that make worlds of
// their own.
func split(plan conformance.Plan) []conformance.Plan {
	var own, others []string
	for _, id := range plan.Specs {
		if conformance.Find(id).Own {
			own = append(own, id)
		} else {
			others = append(others, id)
		}
	}
	parts := chunks(plan, own, few, func(p *conformance.Plan) *[]string { return &p.Specs })
	parts = append(parts, chunks(plan, plan.Mutants, few, func(p *conformance.Plan) *[]string { return &p.Mutants })...)
	return append(parts, chunks(plan, others, many, func(p *conformance.Plan) *[]string { return &p.Specs })...)
}

func chunks(plan conformance.Plan, ids []string, size int, field func(*conformance.Plan) *[]string) []conformance.Plan {
	var parts []conformance.Plan
	for some := range slices.Chunk(ids, size) {
		part := plan
		part.Specs, part.Mutants = nil, nil
		*field(&part) = some
		parts = append(parts, part)
	}
	return parts
}

// childLimit bounds one child, whatever happens in it.
const childLimit = 3 * time.Minute

func runPart(ctx context.Context, j job, rootless bool, emit func(conformance.Event)) error {
	if os.Getenv(childVariable) != "" {
		return errUnhandled
	}
	ctx, cancel := context.WithTimeout(ctx, childLimit)
	defer cancel()
	cmd := Command(ctx, rootless)
	cmd.Env = append(cmd.Env, childVariable+"=run")
	return child.Run(cmd, j, emit)
}
