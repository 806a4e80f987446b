package control

import "errors"

// ErrGone means that an object is not there, or that we may not see it: both look the same from outside.
var ErrGone = errors.New("not there, or not visible to the App")

// ErrForbidden means that GitHub understands and will not do it, however often it is asked.
var ErrForbidden = errors.New("GitHub does not allow it")

// ErrNotFile means that a symbolic link or a submodule stands where a file is looked for: there is something, and it is not
// nothing.
var ErrNotFile = errors.New("a symbolic link or a submodule, and no file")

// ErrTooLarge means that a file is larger than what is read of its kind.
var ErrTooLarge = errors.New("larger than is read")

// ErrMoved means that a repository answers under another name now.
var ErrMoved = errors.New("the repository has another name now")
