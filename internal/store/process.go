package store

import (
	"errors"
	"os"
	"strconv"
	"strings"
	"syscall"
)

// processStart is when the process began, in the system's ticks since it booted; 0 where the system does not say.
// Together with the process id it tells a process from a later one that got the same id.
func processStart(pid int) int64 {
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return 0
	}
	// The second field is the program's name in parentheses, and may hold anything; the start is field 22.
	text := string(stat)
	fields := strings.Fields(text[strings.LastIndexByte(text, ')')+1:])
	if len(fields) < 20 {
		return 0
	}
	ticks, err := strconv.ParseInt(fields[19], 10, 64)
	if err != nil {
		return 0
	}
	return ticks
}

// alive says whether the process that began at start still runs. What cannot be known counts as alive: then the
// heartbeat decides.
func alive(pid int, start int64) bool {
	if now := processStart(pid); start != 0 && now != 0 && now != start {
		return false
	}
	p, err := os.FindProcess(pid)
	if err != nil {
		return true
	}
	defer p.Release() //nolint:errcheck // it frees memory only
	err = p.Signal(syscall.Signal(0))
	return !errors.Is(err, os.ErrProcessDone) && !errors.Is(err, syscall.ESRCH)
}
