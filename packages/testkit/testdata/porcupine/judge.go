// Judges histories of registers, one a line of standard input, with porcupine: prints 1 for a
// linearizable one and 0 for another. The notation is that of the README beside it.
package main

import (
	"bufio"
	"fmt"
	"os"
	"strings"

	"github.com/anishathalye/porcupine"
)

// Answers that nobody knows are nil.
var register = porcupine.Model{
	Init: func() interface{} { return "nil" },
	Step: func(state, input, output interface{}) (bool, interface{}) {
		call := input.(string)
		switch call[0] {
		case 'r':
			return output == nil || output == state, state
		case 'w':
			return true, call[1:]
		default:
			pair := strings.SplitN(call[1:], ">", 2)
			swaps := state == pair[0]
			legal := output == nil || (output == "ok") == swaps
			if swaps {
				return legal, pair[1]
			}
			return legal, state
		}
	},
}

func main() {
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		if porcupine.CheckEvents(register, parse(lines.Text())) {
			fmt.Print("1")
		} else {
			fmt.Print("0")
		}
	}
	fmt.Println()
}

func parse(line string) []porcupine.Event {
	var events []porcupine.Event
	open := map[string]int{}
	calls := 0
	for _, word := range strings.Fields(line) {
		at := strings.IndexAny(word, ":=")
		client, rest := word[:at], word[at+1:]
		if word[at] == ':' {
			events = append(events, porcupine.Event{Kind: porcupine.CallEvent, Value: rest, Id: calls})
			open[client] = calls
			calls++
			continue
		}
		var output interface{}
		if rest != "?" {
			output = rest
		}
		events = append(events, porcupine.Event{Kind: porcupine.ReturnEvent, Value: output, Id: open[client]})
		delete(open, client)
	}
	for _, call := range open {
		events = append(events, porcupine.Event{Kind: porcupine.ReturnEvent, Id: call})
	}
	return events
}
