//go:build unix

package infracost

import (
	"os/exec"
	"syscall"
)

// alone gives the program a process group of its own, which ends with it: what it started must not outlive the deadline.
func alone(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
}
