// SPDX-License-Identifier: Apache-2.0

package report

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// element of a page, with its attributes and the elements and the text inside.
type element struct {
	name     string
	attr     map[string]string
	children []*element
	text     string
}

// parse reads a page, which is written so that it is XML, too.
func parse(t *testing.T, page []byte) *element {
	t.Helper()
	decoder := xml.NewDecoder(bytes.NewReader(page))
	stack := []*element{{}}
	for {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			return stack[0]
		}
		if err != nil {
			t.Fatal(err)
		}
		top := stack[len(stack)-1]
		switch token := token.(type) {
		case xml.StartElement:
			e := &element{name: token.Name.Local, attr: map[string]string{}}
			for _, a := range token.Attr {
				e.attr[a.Name.Local] = a.Value
			}
			top.children = append(top.children, e)
			stack = append(stack, e)
		case xml.EndElement:
			stack = stack[:len(stack)-1]
		case xml.CharData:
			for _, e := range stack {
				e.text += string(token)
			}
		}
	}
}

func (e *element) walk(f func(*element)) {
	for _, c := range e.children {
		f(c)
		c.walk(f)
	}
}

func (e *element) all(names ...string) []*element {
	var found []*element
	e.walk(func(x *element) {
		if slices.Contains(names, x.name) {
			found = append(found, x)
		}
	})
	return found
}

func parsed(t *testing.T, r *Report) *element {
	t.Helper()
	return parse(t, must(HTML(r))(t))
}

// pages are those of the fixtures and of reports in which everything, or nothing, is set.
func pages(t *testing.T) map[string]*element {
	t.Helper()
	all := map[string]*element{"full": parsed(t, full(t)), "empty": parsed(t, &Report{}), "hostile": parsed(t, hostile(t))}
	for _, name := range fixtures {
		all[name] = parsed(t, fixture(t, name))
	}
	return all
}

// TestPageStructure: headings in order, tables with captions and scopes, references that lead somewhere.
func TestPageStructure(t *testing.T) {
	for name, p := range pages(t) {
		level := 0
		for _, h := range p.all("h1", "h2", "h3", "h4", "h5", "h6") {
			now := int(h.name[1] - '0')
			if now > level+1 || level > 0 && now == 1 || strings.TrimSpace(h.text) == "" {
				t.Errorf("%s: %s %q after h%d", name, h.name, h.text, level)
			}
			level = now
		}
		for _, table := range p.all("table") {
			if len(table.all("caption")) != 1 || len(table.all("thead")) != 1 {
				t.Errorf("%s: a table without caption or head: %.60q", name, table.text)
			}
			for _, th := range table.all("th") {
				if th.attr["scope"] == "" {
					t.Errorf("%s: no scope: %q", name, th.text)
				}
			}
		}
		references(t, name, p)
		if html := p.all("html")[0]; html.attr["lang"] != "en" || len(p.all("title")) != 1 || len(p.all("main")) != 1 {
			t.Errorf("%s: no language, title or main", name)
		}
	}
}

func references(t *testing.T, name string, p *element) {
	t.Helper()
	known := map[string]bool{}
	p.walk(func(e *element) {
		if id := e.attr["id"]; id != "" && known[id] && name != "hostile" {
			t.Errorf("%s: id %q twice", name, id)
		}
		known[e.attr["id"]] = true
	})
	p.walk(func(e *element) {
		target, inside := strings.CutPrefix(e.attr["href"], "#")
		if label := e.attr["aria-labelledby"]; label != "" && !known[label] || inside && !known[target] && name != "hostile" {
			t.Errorf("%s: %v leads nowhere", name, e.attr)
		}
	})
}

// TestPageStandsAlone: no script, nothing from elsewhere, no link but those of waivers.
func TestPageStandsAlone(t *testing.T) {
	for name, p := range pages(t) {
		if found := p.all("script", "link", "img", "iframe", "object", "embed", "form", "base", "svg"); found != nil {
			t.Errorf("%s: <%s>", name, found[0].name)
		}
		p.walk(func(e *element) {
			for key, value := range e.attr {
				href := key == "href" && (strings.HasPrefix(value, "#") || strings.HasPrefix(value, "https://issues.example.com/"))
				if key == "href" && !href || key == "src" || key == "style" || strings.HasPrefix(key, "on") {
					t.Errorf("%s: <%s %s=%q>", name, e.name, key, value)
				}
			}
		})
	}
	if regexp.MustCompile(`url\(|@import|[<&]`).MatchString(pageStyle) {
		t.Error("the style asks for something, or breaks out of its element")
	}
}

// TestPageOrder is what people read first, and last.
func TestPageOrder(t *testing.T) {
	want := []string{"verdict", "judged", "facts", "reachability", "readings", "failures", "slowest", "untested", "mutants", "loose", "specs"}
	var got []string
	for _, h := range parsed(t, fixture(t, "no-go")).all("h2") {
		got = append(got, h.attr["id"])
	}
	if !slices.Equal(got, want) {
		t.Errorf("%v", got)
	}
}

// TestPageSaysStatesInWords: a cell, an outcome and a result have a sign with a word, whatever their colour.
func TestPageSaysStatesInWords(t *testing.T) {
	for name, p := range pages(t) {
		for _, e := range p.all("span") {
			if !strings.HasPrefix(e.attr["class"], "state") {
				continue
			}
			word := e.text
			for _, img := range e.all("span") {
				word += img.attr["aria-label"]
			}
			if len(strings.Fields(word)) < 2 {
				t.Errorf("%s: %q says nothing", name, word)
			}
		}
	}
}

const nasty = "\"'><script>alert(1)</script>\n\x1b[31m|\u202e`**_[x](javascript:alert(1))@everyone #1 & {{.}} \x00 ]]> --> $(id)"

// hostile has the nasty text in every string.
func hostile(t *testing.T) *Report {
	t.Helper()
	r := full(t)
	r.Target.Name, r.Target.Conflist, r.Target.Hash, r.Target.Backend = nasty, nasty, nasty, nasty
	r.Target.Intents, r.Verdict.Reasons, r.Cleanup, r.Expectations, r.Run.Emulated = []string{nasty}, []string{nasty}, []string{nasty}, []string{nasty}, []string{nasty}
	r.Run.Tool, r.Run.Environment, r.Run.StandIn, r.Run.Reproduce, r.Run.Mode = nasty, nasty, nasty, nasty, nasty
	r.Facts = []Fact{{nasty, nasty, nasty}}
	spec := Spec{ID: nasty, Name: nasty, Group: nasty, Level: nasty, Code: nasty, Reason: nasty, Hint: nasty, Reproduce: nasty, Judged: true, Waiver: &Waiver{nasty, "javascript:alert(1)", nasty}}
	spec.Observations = []Observation{
		{Phase: "open", Vantage: nasty, Protocol: nasty, Family: 4, Target: nasty, Got: nasty, Expected: "x", Source: nasty, Class: nasty, WantClass: "x"},
		{Phase: nasty, Vantage: "pod", Target: nasty, Got: nasty, Expected: nasty},
	}
	r.Specs = nil
	for _, o := range []Outcome{Pass, Fail, Inconclusive, NotApplicable, Skipped, nasty} {
		spec.Outcome = o
		r.Specs = append(r.Specs, spec)
	}
	spec.Waiver, spec.Outcome = nil, Fail
	r.Specs = append(r.Specs, spec)
	mutant := Mutant{ID: nasty, Name: nasty, Outcome: Fail, KilledBy: []string{nasty}, Expected: []string{nasty}, Reason: nasty}
	r.Mutation = &Mutation{Mutants: []Mutant{mutant, {ID: nasty, Outcome: nasty}}, Equivalent: []Mutant{mutant}}
	return r
}

// TestPageEscapes: what comes from a run is text and nothing else.
func TestPageEscapes(t *testing.T) {
	p := parsed(t, hostile(t))
	for _, name := range []string{"h1", "title", "code", "dd", "td", "th", "li", "summary"} {
		if !slices.ContainsFunc(p.all(name), func(e *element) bool { return strings.Contains(e.text, "<script>alert(1)</script>") }) {
			t.Errorf("<%s> does not show the text as it is", name)
		}
	}
	if strings.ContainsAny(p.text, "\x1b\u202e") {
		t.Error("the page holds letters that change how it is shown")
	}
	if page := must(HTML(hostile(t)))(t); bytes.Contains(page, []byte("href=\"javascript")) {
		t.Error("a waiver's link runs a script")
	}
}

// TestPageContrast: text has a contrast of 4.5 to 1 or more on everything behind it, in light, dark and print.
func TestPageContrast(t *testing.T) {
	behind := map[string][]string{
		"text": {"page", "panel", "quiet-back", "good-back", "bad-back", "unsure-back"}, "muted": {"page", "panel", "quiet-back", "bad-back", "unsure-back"},
		"link": {"page", "panel"}, "good": {"page", "panel", "good-back"}, "bad": {"page", "panel", "bad-back"}, "unsure": {"page", "panel", "unsure-back"}, "quiet": {"page", "panel"},
	}
	themes := regexp.MustCompile(`(?s):root \{(.*?)\}`).FindAllStringSubmatch(pageStyle, -1)
	if len(themes) != 3 {
		t.Fatalf("%d themes", len(themes))
	}
	for i, theme := range themes {
		colors := map[string]string{}
		for _, m := range regexp.MustCompile(`--([a-z-]+): #([0-9a-f]{3,6});`).FindAllStringSubmatch(theme[1], -1) {
			colors[m[1]] = m[2]
		}
		for text, backs := range behind {
			for _, back := range backs {
				if c := contrast(t, colors[text], colors[back]); c < 4.5 {
					t.Errorf("theme %d: %s on %s: %.2f", i, text, back, c)
				}
			}
		}
	}
}

// contrast of two colours as WCAG 2 defines it.
func contrast(t *testing.T, a, b string) float64 {
	t.Helper()
	la, lb := luminance(t, a), luminance(t, b)
	return (max(la, lb) + 0.05) / (min(la, lb) + 0.05)
}

func luminance(t *testing.T, color string) float64 {
	t.Helper()
	if len(color) == 3 {
		color = fmt.Sprintf("%c%c%c%c%c%c", color[0], color[0], color[1], color[1], color[2], color[2])
	}
	sum := 0.0
	for i, weight := range []float64{0.2126, 0.7152, 0.0722} {
		n, err := strconv.ParseUint(color[2*i:2*i+2], 16, 8)
		if err != nil {
			t.Fatal(err)
		}
		part := float64(n) / 255
		if part <= 0.04045 {
			part /= 12.92
		} else {
			part = math.Pow((part+0.055)/1.055, 2.4)
		}
		sum += weight * part
	}
	return sum
}
