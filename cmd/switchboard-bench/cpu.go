package main

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

// ticksPerSecond is the kernel's USER_HZ, 100 on every Linux that Go runs on.
const ticksPerSecond = 100

// cpu is processor time since boot, in ticks.
type cpu struct{ all, ours float64 }

// readCPU reads what the machine and what the processes have used.
func readCPU(pids ...int) cpu {
	var c cpu
	text, _ := os.ReadFile("/proc/stat")
	line, _, _ := strings.Cut(string(text), "\n")
	for i, f := range strings.Fields(line) {
		n, _ := strconv.ParseFloat(f, 64)
		if i >= 1 && i <= 8 && i != 4 && i != 5 { // all but idle and waiting for the disk
			c.all += n
		}
	}
	for _, pid := range pids {
		text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		_, rest, _ := strings.Cut(string(text), ") ")
		if f := strings.Fields(rest); len(f) > 12 {
			user, _ := strconv.ParseFloat(f[11], 64)
			system, _ := strconv.ParseFloat(f[12], 64)
			c.ours += user + system
		}
	}
	return c
}

// foreignCores returns how many cores others used between two readings.
func foreignCores(before, after cpu, elapsed time.Duration) float64 {
	return max(0, (after.all-before.all)-(after.ours-before.ours)) / ticksPerSecond / elapsed.Seconds()
}

// residentMB returns the memory of a process that is in RAM and not shared.
func residentMB(pid int) (float64, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, err
	}
	for line := range strings.SplitSeq(string(text), "\n") {
		if value, ok := strings.CutPrefix(line, "RssAnon:"); ok {
			kb, err := strconv.ParseFloat(strings.Fields(value)[0], 64)
			return kb / 1024, err
		}
	}
	return 0, fmt.Errorf("process %d says nothing of its memory", pid)
}
