package kit

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/everruns/mortise/adapter-server/kits/go/fail"
)

// The grammar of open values, as context.proto states it: every common JSON parser reads
// a value that keeps it, to the digit.
const (
	valueDepthMax   = 100
	payloadDepthMax = 120
	numberCharsMax  = 400
	doubleDigitsMax = 17
	// As many digits are kept whatever they are.
	doubleDigitsSafe = 15
	// Below it a double has fewer digits.
	normalMin = 2.2250738585072014e-308
)

// openValue refuses a text that is not an open value, and says nothing of what it holds.
func openValue(path, text string, depthMax int) error {
	if !json.Valid([]byte(text)) {
		return fail.InvalidField(path, "is not one JSON value; send one, such as {} or null")
	}
	if flaw := openFlaw(text, depthMax); flaw != "" {
		return fail.InvalidField(path, flaw)
	}
	return nil
}

// IsOpenValue says whether a text keeps the grammar of open values.
func IsOpenValue(text string) bool { return openValue("", text, valueDepthMax) == nil }

// openFlaw walks over a text that is JSON.
func openFlaw(text string, depthMax int) string {
	depth := 0
	for at := 0; at < len(text); {
		switch letter := text[at]; {
		case letter == '"':
			end, flaw := stringFlaw(text, at)
			if flaw != "" {
				return flaw
			}
			at = end
			continue
		case letter == '-' || letter >= '0' && letter <= '9':
			end := at
			for end < len(text) && strings.IndexByte("0123456789-+.eE", text[end]) >= 0 {
				end++
			}
			if flaw := numberFlaw(text[at:end]); flaw != "" {
				return fmt.Sprintf("%s, at byte %d; send it as a string", flaw, at)
			}
			at = end
			continue
		case letter == '{' || letter == '[':
			if depth++; depth > depthMax {
				return fmt.Sprintf("nests deeper than %d levels, at byte %d; send a flatter value", depthMax, at)
			}
		case letter == '}' || letter == ']':
			depth--
		}
		at++
	}
	return ""
}

// stringFlaw walks over a string and says where it ends.
func stringFlaw(text string, from int) (int, string) {
	at := from + 1
	for at < len(text) {
		switch {
		case text[at] == '"':
			return at + 1, ""
		case text[at] != '\\':
			at++
		case text[at+1] != 'u':
			at += 2
		default:
			unit := hexUnit(text, at)
			second := hexUnit(text, at+6)
			isHigh, isLow := unit >= 0xD800 && unit < 0xDC00, unit >= 0xDC00 && unit < 0xE000
			if isLow || isHigh && (second < 0xDC00 || second >= 0xE000) {
				return at, fmt.Sprintf("holds half of a surrogate pair, at byte %d; send whole characters", at)
			}
			at += 6
			if isHigh {
				at += 6
			}
		}
	}
	return at, ""
}

// hexUnit is the number of a `\u` escape, or -1.
func hexUnit(text string, at int) int {
	if at+6 > len(text) || text[at:at+2] != `\u` {
		return -1
	}
	unit, err := strconv.ParseUint(text[at+2:at+6], 16, 16)
	if err != nil {
		return -1
	}
	return int(unit)
}

func numberFlaw(number string) string {
	if strings.ContainsAny(number, ".eE") {
		switch {
		case len(number) > numberCharsMax:
			return fmt.Sprintf("holds a number of more than %d characters", numberCharsMax)
		case !keptByDouble(number):
			return "holds a number that a double cannot keep to the digit"
		}
		return ""
	}
	_, signed := strconv.ParseInt(number, 10, 64)
	_, unsigned := strconv.ParseUint(number, 10, 64)
	if signed != nil && unsigned != nil {
		return "holds an integer outside -2^63 to 2^64-1"
	}
	return ""
}

// keptByDouble says whether a double keeps every significant digit of a number.
func keptByDouble(number string) bool {
	mantissa, _, _ := strings.Cut(strings.ReplaceAll(number, "E", "e"), "e")
	digits := strings.Trim(strings.NewReplacer("-", "", "+", "", ".", "").Replace(mantissa), "0")
	if digits == "" {
		return true
	}
	double, err := strconv.ParseFloat(number, 64)
	double = math.Abs(double)
	if err != nil || math.IsInf(double, 0) || double == 0 || len(digits) > doubleDigitsMax {
		return false
	}
	if len(digits) <= doubleDigitsSafe && double >= normalMin {
		return true
	}
	kept, _, _ := strings.Cut(strconv.FormatFloat(double, 'e', len(digits)-1, 64), "e")
	return strings.ReplaceAll(kept, ".", "") == digits
}
