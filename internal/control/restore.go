package control

import (
	"context"
	"errors"
	"fmt"
	"strconv"
)

// restoreComment puts our comment back to what we wrote, when somebody else has edited or deleted it.
func (f *Flow) restoreComment(ctx context.Context, r Repository, t Task) error {
	n, err := strconv.Atoi(t.Subject)
	if err != nil {
		return &Parked{Reason: fmt.Sprintf("%.40q is no number of a pull request", t.Subject)}
	}
	had, known, err := f.o.Records.Pull(ctx, r.Tenant, n)
	if err != nil || !known || had.CommentID == 0 || !had.Open {
		return err
	}
	found, there, err := f.o.Forge.FindComment(ctx, r, n, Marker)
	if err != nil && !errors.Is(err, ErrGone) {
		return err
	}
	if there && found.ID == had.CommentID && digestOf(found.Body) == had.CommentDigest {
		return nil
	}
	id := had.CommentID
	if there {
		id = found.ID
	}
	if !there {
		id = CommentTried
	}
	if err := f.o.Records.SaveComment(ctx, r.Tenant, n, id, ""); err != nil {
		return err
	}
	return f.o.Queue.Want(ctx, Task{Tenant: r.Tenant, Kind: EvaluateHead, Subject: had.Head})
}
