//go:build !unix

package infracost

import "os/exec"

// alone leaves the program as it is: there are no process groups here.
func alone(*exec.Cmd) {}
