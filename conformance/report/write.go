// SPDX-License-Identifier: Apache-2.0

package report

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/chainlint/chainlint/internal/whole"
)

// The files of a report.
const (
	JSONFile     = "report.json"
	JUnitFile    = "junit.xml"
	MarkdownFile = "report.md"
	HTMLFile     = "report.html"
)

// Write writes the report as report.json, junit.xml, report.md and report.html into a directory, which is made
// where it is not there. Each file is replaced as a whole or not at all. Only one run may use a directory at a
// time.
func Write(dir string, r *Report) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	if err := Sweep(dir); err != nil {
		return err
	}
	texts := make([][]byte, len(forms))
	for i, form := range forms {
		text, err := form.make(r)
		if err != nil {
			return fmt.Errorf("make %s: %w", form.file, err)
		}
		texts[i] = text
	}
	for i, form := range forms {
		if err := whole.Text(filepath.Join(dir, form.file), 0o644, texts[i]); err != nil {
			return fmt.Errorf("write %s: %w", filepath.Join(dir, form.file), err)
		}
	}
	return nil
}

var forms = []struct {
	file string
	make func(*Report) ([]byte, error)
}{
	{JSONFile, Encode},
	{JUnitFile, JUnit},
	{MarkdownFile, func(r *Report) ([]byte, error) { return Markdown(r), nil }},
	{HTMLFile, HTML},
}

// WriteFile writes a file that stands beside reports, as a whole or not at all.
func WriteFile(name string, text []byte) error {
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	return whole.Text(name, 0o644, text)
}

// Sweep removes what a writer that was killed left in a directory. A directory that is not there is clean.
func Sweep(dir string) error {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("sweep: %w", err)
	}
	for _, entry := range entries {
		left, err := filepath.Match(whole.Unfinished, entry.Name())
		if err == nil && left && entry.Type().IsRegular() {
			err = os.Remove(filepath.Join(dir, entry.Name()))
		}
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("sweep: %w", err)
		}
	}
	return nil
}
