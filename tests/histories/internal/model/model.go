// Package model says what a server must do: sequential specifications of values, files
// and the event log, as the comments of the contract have them. An output of nil means
// that the outcome is unknown.
package model

import (
	"fmt"

	"github.com/anishathalye/porcupine"
	"github.com/everruns/mortise/tests/histories/internal/history"
)

// Op is an operation of one of the models.
type Op interface {
	// IsRead says whether the operation changes nothing.
	IsRead() bool
	// Describe shows the operation and its output in a line.
	Describe(output any) string
}

// IsRead says whether an input changes nothing.
func IsRead(input any) bool {
	switch input := input.(type) {
	case history.Again:
		return true
	case Op:
		return input.IsRead()
	}
	return false
}

// Describe shows an input and its output in a line.
func Describe(input, output any) string {
	switch input := input.(type) {
	case history.Again:
		return fmt.Sprintf("sent again: %s, must be as before: %v",
			Describe(input.Input, output), input.Want)
	case Op:
		return input.Describe(output)
	}
	return fmt.Sprintf("%v -> %v", input, output)
}

// model makes a Porcupine model of a step. States must be comparable.
func model(
	initial any,
	step func(state any, input Op, output any) (bool, any),
	partition func([]porcupine.Operation) [][]porcupine.Operation,
) porcupine.Model {
	return porcupine.Model{
		Partition: partition,
		Init:      func() any { return initial },
		Step: func(state, input, output any) (bool, any) {
			if again, ok := input.(history.Again); ok {
				return output == again.Want, state
			}
			op, ok := input.(Op)
			if !ok {
				return false, state
			}
			return step(state, op, output)
		},
		DescribeOperation: Describe,
	}
}

// shown is an output in a line.
func shown(output any) string {
	if output == nil {
		return "no answer"
	}
	return fmt.Sprint(output)
}
