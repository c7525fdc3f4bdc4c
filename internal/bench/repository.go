// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
)

// The generated repository: as many files and documents as the largest GitOps repositories have.
const (
	repositoryFiles = 20_000
	perFile         = 3
	// Every so many files, one document is an eni-config.
	chainEvery  = 200
	filesPerApp = 5
	appsPerTeam = 20
)

// service completes the mix of other.
const service = `apiVersion: v1
kind: Service
metadata:
  name: other-%[1]d
  namespace: team-%[1]d
  labels: {app.kubernetes.io/name: other-%[1]d, app.kubernetes.io/part-of: shop}
spec:
  selector: {app.kubernetes.io/name: other-%[1]d}
  ports:
  - name: http
    port: 80
    targetPort: http
    protocol: TCP
`

// repository writes the files below the work directory, the same ones every time; the facts at its root
// hold for all chains.
func (s setting) repository() (dir string, err error) {
	chain, err := os.ReadFile(filepath.Join(s.root, exampleDir, "rendered", "eni-config.yaml"))
	if err != nil {
		return "", err
	}
	chain, _, _ = bytes.Cut(chain, []byte("\n---\n"))
	facts, err := os.ReadFile(filepath.Join(s.root, exampleDir, "facts.yaml"))
	if err != nil {
		return "", err
	}
	dir = filepath.Join(s.work, "repository")
	if err := writeAll(dir, map[string]string{"facts.yaml": string(facts)}); err != nil {
		return "", err
	}
	if err := os.Mkdir(filepath.Join(dir, ".git"), 0o700); err != nil {
		return "", err
	}
	return dir, writeMany(dir, chain)
}

func writeMany(dir string, chain []byte) (err error) {
	for i := range repositoryFiles {
		name := filepath.Join(dir, place(i))
		if i%filesPerApp == 0 {
			err = os.MkdirAll(filepath.Dir(name), 0o700)
		}
		if err == nil {
			err = os.WriteFile(name, documents(i, chain), 0o600)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// place is the name of a file: a directory for every app, in one for every team.
func place(i int) string {
	app := i / filesPerApp
	return filepath.Join(fmt.Sprintf("team-%03d", app/appsPerTeam), fmt.Sprintf("app-%02d", app%appsPerTeam), fmt.Sprintf("%d.yaml", i%filesPerApp))
}

// documents are the text of a file.
func documents(i int, chain []byte) []byte {
	var b bytes.Buffer
	for j, text := range [perFile]string{other[0], other[1], service} {
		if j > 0 {
			b.WriteString("---\n")
		}
		if j == 0 && i%chainEvery == 0 {
			b.Write(chain)
			b.WriteByte('\n')
			continue
		}
		fmt.Fprintf(&b, text, i)
	}
	return b.Bytes()
}
