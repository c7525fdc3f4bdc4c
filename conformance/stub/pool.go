// SPDX-License-Identifier: Apache-2.0

package stub

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"sync"

	"github.com/chainlint/chainlint/internal/whole"
)

// Pool is the daemon of one node of a cluster: it gives addresses of the node's part of a vSwitch, as Terway's does
// in the mode ENIMultiIP, and remembers them in a file, because pods outlive it.
type Pool struct {
	// VSwitches are the ranges that all nodes share, one for each family; Slices are the node's parts of them.
	VSwitches, Slices []netip.Prefix
	// ENI is the link by which pods leave.
	ENI string
	// Redirect of what pods send, nil where the host's netfilter sees it.
	Redirect *Redirect
	// File that remembers which container has which address.
	File string

	lock  sync.Mutex
	taken map[string]int
	next  int
}

// perNode is how many pods a node can have, reserved the addresses at the begin of its part that nobody gets.
const (
	perNode  = 200
	reserved = 2
)

// Load reads what an earlier process of the daemon gave.
func (p *Pool) Load() error {
	p.taken = map[string]int{}
	text, err := os.ReadFile(p.File)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err == nil {
		err = json.Unmarshal(text, &p.taken)
	}
	if err != nil {
		return fmt.Errorf("read the pods' addresses: %w", err)
	}
	return nil
}

// Allocate implements [Daemon].
func (p *Pool) Allocate(_ context.Context, containerID string) (Allocation, error) {
	p.lock.Lock()
	defer p.lock.Unlock()
	i, known := p.taken[containerID]
	if !known {
		var err error
		if i, err = p.free(); err != nil {
			return Allocation{}, err
		}
		p.taken[containerID] = i
		if err := p.save(); err != nil {
			return Allocation{}, err
		}
	}
	given := Allocation{ENI: p.ENI, Redirect: p.Redirect}
	for k, slice := range p.Slices {
		ip := offset(slice.Masked().Addr(), reserved+i)
		given.Addresses = append(given.Addresses, Address{Prefix: netip.PrefixFrom(ip, p.VSwitches[k].Bits()), Gateway: Gateway(p.VSwitches[k])})
	}
	return given, nil
}

// Release implements [Daemon].
func (p *Pool) Release(_ context.Context, containerID string) error {
	p.lock.Lock()
	defer p.lock.Unlock()
	if _, known := p.taken[containerID]; !known {
		return nil
	}
	delete(p.taken, containerID)
	return p.save()
}

// free is an address that no pod has; addresses are used again as late as possible.
func (p *Pool) free() (int, error) {
	used := map[int]bool{}
	for _, i := range p.taken {
		used[i] = true
	}
	for range perNode {
		i := p.next
		p.next = (p.next + 1) % perNode
		if !used[i] {
			return i, nil
		}
	}
	return 0, fmt.Errorf("all %d addresses of this node are taken", perNode)
}

// save writes the file as a whole.
func (p *Pool) save() error {
	text, err := json.Marshal(p.taken)
	if err != nil {
		return err
	}
	return whole.Text(p.File, 0o600, text)
}

// Gateway of a vSwitch: the third address from its end, as in the real ones.
func Gateway(vSwitch netip.Prefix) netip.Addr {
	bytes := vSwitch.Masked().Addr().AsSlice()
	for bit := vSwitch.Bits(); bit < len(bytes)*8; bit++ {
		bytes[bit/8] |= 0x80 >> (bit % 8)
	}
	bytes[len(bytes)-1] = 253
	ip, _ := netip.AddrFromSlice(bytes)
	return ip
}

// offset is the address n behind another.
func offset(ip netip.Addr, n int) netip.Addr {
	for range n {
		ip = ip.Next()
	}
	return ip
}
