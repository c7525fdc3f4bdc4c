// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"sigs.k8s.io/yaml"

	"github.com/chainlint/chainlint/conformance/cluster"
	"github.com/chainlint/chainlint/internal/image"
	"github.com/chainlint/chainlint/internal/input"
	"github.com/chainlint/chainlint/internal/whole"
)

// facts writes the facts of a live cluster, by the same function as chainlint facts.
func (a *app) facts(ctx context.Context, args []string) int {
	fs := a.flags("facts", "[--kubeconfig FILE] [--inspect-nodes --image IMAGE]", "Prints a ClusterFacts with the source of each fact, read from a live cluster. Which plugins its nodes have only a look\nat one of each pool that the other facts tell apart tells: a pod that mounts their directory read-only.")
	kubeconfig := fs.String("kubeconfig", "", "the cluster (default: as kubectl)")
	name := fs.String("name", "cluster", "the name of the ClusterFacts")
	inspect := fs.Bool("inspect-nodes", false, "look at nodes, too")
	image := fs.String("image", "", "the image of the pods that look")
	namespace := fs.String("namespace", "", "a namespace that is there, instead of one that is made and removed")
	rest, code, done := a.parse(fs, args)
	switch {
	case done:
		return code
	case len(rest) > 0:
		a.say("facts takes no arguments, got %q: chainlint facts reads what kubectl printed", rest)
		return exitUsage
	case *inspect == (*image == ""):
		a.say("facts: --inspect-nodes and --image belong together, and --image names what runs on the nodes")
		return exitUsage
	}
	access, err := cluster.Connect(ctx, *kubeconfig)
	if err != nil {
		return a.tell("facts", err)
	}
	live, err := access.Read(ctx)
	if err != nil {
		return a.tell("facts", err)
	}
	if *inspect {
		access.Image, access.Namespace = *image, *namespace
		if err := inspectPools(ctx, access, live); err != nil {
			return a.tell("facts", err)
		}
	}
	for _, line := range live.Facts.Unknown {
		a.say("unknown: %s", line)
	}
	text, err := input.Documents(input.FactsDocument(*name, live.Facts))
	if err != nil {
		return a.tell("facts", err)
	}
	_, _ = a.out.Write(text)
	return exitOK
}

// inspectPools looks at nodes from a namespace of its own, or from the one that is named.
func inspectPools(ctx context.Context, access *cluster.Access, live *cluster.Live) error {
	if access.Namespace != "" {
		return access.InspectPools(ctx, live)
	}
	if err := access.CreateNamespace(ctx); err != nil {
		return err
	}
	return errors.Join(access.InspectPools(ctx, live), access.Remove(context.WithoutCancel(ctx)))
}

// rbac writes the minimal permissions as manifests.
func (a *app) rbac(_ context.Context, args []string) int {
	fs := a.flags("rbac", "[--namespace NAME] [--allow-disruptive]", "Prints a namespace, a service account and what it may do: all that run --env cluster --namespace NAME needs.")
	namespace := fs.String("namespace", "chainlint-conformance", "the namespace of the runs")
	replaces := fs.Bool("allow-disruptive", false, "also what run --allow-disruptive needs")
	rest, code, done := a.parse(fs, args)
	switch {
	case done:
		return code
	case len(rest) > 0:
		a.say("rbac takes no arguments, got %q", rest)
		return exitUsage
	}
	for i, object := range cluster.Manifests(*namespace, *replaces) {
		text, err := yaml.Marshal(object)
		if err != nil {
			return a.tell("rbac", err)
		}
		if i > 0 {
			fmt.Fprintln(a.out, "---")
		}
		_, _ = a.out.Write(text)
	}
	return exitOK
}

// images tells of the one image, and writes it.
func (a *app) images(_ context.Context, args []string) int {
	fs := a.flags("images", "[save FILE|-]", "Tells of the one image of function, linter, suite, probe and stand-in; save writes it as the archive that docker load,\nctr images import and kind load image-archive read. No registry is needed.")
	name := fs.String("image", defaultImage, "the name of the image in the archive")
	rest, code, done := a.parse(fs, args)
	switch {
	case done:
		return code
	case len(rest) == 0:
		fmt.Fprintf(a.out, "%s\n", *name)
		return exitOK
	case len(rest) != 2 || rest[0] != "save":
		a.say("images: write save FILE, or nothing, got %q", rest)
		return exitUsage
	}
	if err := saveImage(a.out, rest[1], *name); err != nil {
		return a.tell("images", err)
	}
	if rest[1] != "-" {
		a.say("%s is in %s", *name, rest[1])
	}
	return exitOK
}

// defaultImage is the name that the image has unless somebody gives it another.
const defaultImage = "chainlint.dev/chainlint:local"

// saveImage writes the archive as a whole or not at all.
func saveImage(out io.Writer, file, name string) error {
	programs, err := image.Find()
	if err != nil {
		return err
	}
	built, err := image.Build(programs)
	if err != nil {
		return err
	}
	if file == "-" {
		return image.Save(out, built, name)
	}
	return whole.Write(file, 0o644, func(w io.Writer) error { return image.Save(w, built, name) })
}
