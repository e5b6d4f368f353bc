// Command generate writes the generated part of every kit from the descriptors of the
// contract: what an author implements, how calls reach it, and the errors.
//
// It reads a FileDescriptorSet with comments (buf build) and writes one folder per
// language. It decides nothing by a name that an option could state.
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"sort"
)

// A language turns the model into files, by their paths below the kits' folder.
type language func(*model) (map[string][]byte, error)

var languages = map[string]language{
	"go":         golang,
	"java":       java,
	"python":     python,
	"typescript": typescript,
}

func main() {
	image := flag.String("image", "", "the descriptors of the contract with comments, as `buf build -o FILE` writes them")
	out := flag.String("out", "", "the folder of the kits")
	flag.Parse()
	if err := run(*image, *out); err != nil {
		fmt.Fprintf(os.Stderr, "generate: %v\n", err)
		os.Exit(1)
	}
}

func run(image, out string) error {
	m, err := load(image)
	if err != nil {
		return err
	}
	names := make([]string, 0, len(languages))
	for name := range languages {
		names = append(names, name)
	}
	sort.Strings(names)
	for _, name := range names {
		files, err := languages[name](m)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		for path, content := range files {
			path = filepath.Join(out, path)
			if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
				return err
			}
			if err := os.WriteFile(path, content, 0o644); err != nil {
				return err
			}
		}
	}
	return nil
}
