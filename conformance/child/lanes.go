// SPDX-License-Identifier: Apache-2.0

package child

import (
	"cmp"
	"context"
	"errors"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"sync"
	"syscall"
	"time"

	"github.com/chainlint/chainlint/conformance"
)

// Again is this program again, as a child: variable tells it so, and it dies with the thread that starts it.
func Again(ctx context.Context, variable string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, "/proc/self/exe")
	cmd.Env = append(os.Environ(), variable+"=run")
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setpgid: true} // an interrupt is the parent's to handle
	return cmd
}

// limit bounds one child, whatever happens in it.
const limit = 20 * time.Minute

// Start runs a job in a child that [Again] makes.
func Start(ctx context.Context, variable string, job any, emit func(conformance.Event)) error {
	if os.Getenv(variable) != "" {
		return errors.New("this process is a child of a run of the suite, and its main does not know: it must do a child's work before anything else")
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	return Run(Again(ctx, variable), job, emit)
}

// Lanes deals the specs of a plan out to children on one cluster, one after the other to each, and runs them at the
// same time. emit is never called twice at a time.
func Lanes(plan conformance.Plan, lanes int, emit func(conformance.Event), start func(conformance.Plan, func(conformance.Event)) error) error {
	var lock sync.Mutex
	tell := func(e conformance.Event) {
		lock.Lock()
		defer lock.Unlock()
		emit(e)
	}
	failed := make(chan error, lanes)
	for i, specs := range deal(plan.Specs, lanes) {
		part := plan
		part.Lane, part.Specs = i, specs
		go func() {
			if len(part.Specs) == 0 {
				failed <- nil
				return
			}
			failed <- start(part, tell)
		}()
	}
	var all []error
	for range lanes {
		all = append(all, <-failed)
	}
	return errors.Join(all...)
}

// most specs take about so many seconds on a cluster.
const most = 6

// deal gives specs to lanes: the longest first, each to the lane that has least to do. Within a lane they keep their
// order.
func deal(ids []string, lanes int) [][]string {
	seconds := func(id string) int { return max(conformance.Find(id).Seconds, most) }
	longest := slices.SortedStableFunc(slices.Values(ids), func(a, b string) int { return cmp.Compare(seconds(b), seconds(a)) })
	lane, load := map[string]int{}, make([]int, lanes)
	for _, id := range longest {
		least := slices.Index(load, slices.Min(load))
		lane[id] = least
		load[least] += seconds(id)
	}
	dealt := make([][]string, lanes)
	for _, id := range ids {
		dealt[lane[id]] = append(dealt[lane[id]], id)
	}
	return dealt
}
