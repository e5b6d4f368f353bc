package model

import (
	"fmt"

	"github.com/anishathalye/porcupine"
	"github.com/everruns/mortise/tests/histories/internal/history"
)

// Paths is how many files of a session a history uses.
const Paths = 2

// Content names what a file holds; empty if there is no file. A content that was read
// torn has a name that no write has.
type Content string

// Written is the answer to a compare-and-set: whether the file was written.
type Written bool

// WriteFile writes a whole file.
type WriteFile struct {
	Path    int
	Content Content
}

// ReadFile reads a file. It is answered with its Content.
type ReadFile struct{ Path int }

// DeleteFile deletes a file. It is answered with Deleted.
type DeleteFile struct{ Path int }

// CompareAndSet is WriteFileIfContentMatches. It is answered with Written.
type CompareAndSet struct {
	Path          int
	Expected, New Content
}

func (WriteFile) IsRead() bool     { return false }
func (ReadFile) IsRead() bool      { return true }
func (DeleteFile) IsRead() bool    { return false }
func (CompareAndSet) IsRead() bool { return false }

func (c Content) String() string {
	if c == "" {
		return "absent"
	}
	return string(c)
}

func (o WriteFile) Describe(out any) string {
	return fmt.Sprintf("WriteFile(/f%d, %s) -> %s", o.Path, o.Content, shown(out))
}

func (o ReadFile) Describe(out any) string {
	return fmt.Sprintf("ReadFile(/f%d) -> %s", o.Path, shown(out))
}

func (o DeleteFile) Describe(out any) string {
	return fmt.Sprintf("DeleteFile(/f%d) -> %s", o.Path, shown(out))
}

func (o CompareAndSet) Describe(out any) string {
	return fmt.Sprintf("WriteFileIfContentMatches(/f%d, %s, %s) -> %s",
		o.Path, o.Expected, o.New, shown(out))
}

// Files is the model of a workspace. Each file is an object of its own.
func Files() porcupine.Model {
	return model(Content(""), func(state any, input Op, output any) (bool, any) {
		content, _ := state.(Content)
		switch op := input.(type) {
		case WriteFile:
			return true, op.Content
		case ReadFile:
			return output == content, content
		case DeleteFile:
			return output == nil || output == Deleted(content != ""), Content("")
		case CompareAndSet:
			matches := content != "" && content == op.Expected
			if output != nil && output != Written(matches) {
				return false, content
			}
			if matches {
				content = op.New
			}
			return true, content
		}
		return false, content
	}, byPath)
}

func byPath(ops []porcupine.Operation) [][]porcupine.Operation {
	parts := make([][]porcupine.Operation, Paths)
	for _, op := range ops {
		path := pathOf(op.Input)
		parts[path] = append(parts[path], op)
	}
	return parts
}

func pathOf(input any) int {
	switch op := input.(type) {
	case history.Again:
		return pathOf(op.Input)
	case WriteFile:
		return op.Path
	case ReadFile:
		return op.Path
	case DeleteFile:
		return op.Path
	case CompareAndSet:
		return op.Path
	}
	return 0
}
