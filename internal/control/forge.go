package control

import (
	"context"
	"io/fs"
	"time"

	"github.com/org/platform-action/internal/verdict"
)

// Pull is the present state of a pull request, as GitHub says it now. Title, author and branch names are hostile.
type Pull struct {
	Number       int
	Title        string
	Open         bool
	Draft        bool
	Fork         bool // the head is of another repository
	Head         string
	HeadRef      string
	Base         string // branch
	BaseHead     string // commit of the base branch that GitHub last compared with
	MergeCommit  string // test merge; empty while GitHub has none
	AuthorID     int64
	ChangedFiles int
	Comments     int       // how many conversation comments there are
	Updated      time.Time // by GitHub's clock
}

// Comparison is what lies between two commits.
type Comparison struct {
	Base      string // commit that the base named
	MergeBase string
	Files     []string // changed paths, the old names of renamed ones too; sorted
	Whole     bool     // false: there are more files than GitHub tells
}

// Listing is which files a commit has, by path, with the id of their content.
type Listing struct {
	Files    map[string]string
	Pointers map[string]string // symbolic links and submodules, which stand for something else; not among Files
	Whole    bool              // false: there are more files than GitHub tells
}

// content is the id of what stands at a path, whether it is a file or stands for one; empty: nothing does.
func (l Listing) content(name string) string {
	if id := l.Files[name]; id != "" {
		return id
	}
	if id := l.Pointers[name]; id != "" {
		return "-> " + id
	}
	return ""
}

// paths are those at which something stands, in no order.
func (l Listing) paths(do func(name string) bool) {
	for _, names := range []map[string]string{l.Files, l.Pointers} {
		for name := range names {
			if !do(name) {
				return
			}
		}
	}
}

// RunState is a workflow run as GitHub has it now, not as it says itself.
type RunState struct {
	Path           string // of the workflow's file
	Head           string // commit that it was started for; of a pull request its head
	HeadRepository int64  // where that commit comes from
	Event          string
	Attempt        int
	Running        bool
}

// Installation is the App in one account.
type Installation struct {
	ID, AccountID int64
	Suspended     bool
}

// FailedDelivery is a webhook that GitHub could not deliver.
type FailedDelivery struct {
	ID   int64  // to ask for it again
	GUID string // the same at every attempt
	At   time.Time
}

// Role is what somebody may do in a repository. The zero role may nothing.
type Role uint8

// The roles, least first.
const (
	RoleNone Role = iota
	RoleRead
	RoleTriage
	RoleWrite
	RoleMaintain
	RoleAdmin
)

// Person is a sender of a command or a button.
type Person struct {
	ID    int64  `json:"id"`
	Login string `json:"login"`
	Kind  string `json:"kind"` // User, Bot, …
}

// CheckText is what a check run shows.
type CheckText struct {
	Tested      bool // it is platform/tested, and not platform/check
	Head        string
	Done        bool
	Conclusion  Conclusion // of a finished check
	Title       string
	Summary     string // Markdown
	Text        string // Markdown below it; empty: none
	Link        string
	Annotations []Annotation
	Buttons     []Button
	ExternalID  string
}

// Conclusion is how a check run ends. The zero conclusion blocks.
type Conclusion uint8

// The conclusions that we use: neutral and skipped satisfy a required check, so they are not among them.
const (
	Failed Conclusion = iota
	ActionRequired
	TimedOut
	Cancelled // nobody waits for it any more
	Succeeded
)

// ConclusionOf is the one place where an outcome becomes a conclusion.
func ConclusionOf(o verdict.Outcome, needsAck bool) Conclusion {
	switch o {
	case verdict.Allow, verdict.Warn:
		return Succeeded
	case verdict.Block:
		if needsAck {
			return ActionRequired
		}
		return Failed
	case verdict.Undecided:
		return Failed
	}
	return Failed
}

// Annotation is a finding on a line.
type Annotation struct {
	File    string
	Line    int
	Level   string // notice, warning or failure
	Title   string
	Message string
}

// Button is an action that a check run offers: at most three, labels of 20 characters, descriptions of 40.
type Button struct{ Label, Description, Identifier string }

// Comment is one conversation comment.
type Comment struct {
	ID   int64
	Body string
	Ours bool // written by this App
}

// Forge is GitHub, as far as the flow needs it. A *Later error says when to come back; ErrGone that the object is not
// there or not ours to see; ErrMoved that the repository has another name now.
type Forge interface {
	Installations(ctx context.Context) ([]Installation, error)
	FailedDeliveries(ctx context.Context, since time.Time) ([]FailedDelivery, error) // newest first, one of each GUID
	Redeliver(ctx context.Context, id int64) error

	Resolve(ctx context.Context, t Tenant) (Repository, error)
	Installed(ctx context.Context, installation Tenant) ([]Repository, error)

	Pull(ctx context.Context, r Repository, number int) (Pull, error)
	OpenPulls(ctx context.Context, r Repository) ([]Pull, error)
	Compare(ctx context.Context, r Repository, base, head string) (Comparison, error)
	Files(ctx context.Context, r Repository, number int) (files []string, whole bool, err error)
	Branch(ctx context.Context, r Repository, name string) (sha string, err error)
	// File reads a file of up to a mebibyte; a larger one is ErrTooLarge, and what only stands for one ErrNotFile.
	File(ctx context.Context, r Repository, commit, path string) (data []byte, found bool, err error)
	Paths(ctx context.Context, r Repository, commit string) (Listing, error)
	Tree(ctx context.Context, r Repository, commit string) (Tree, error)
	Role(ctx context.Context, r Repository, p Person) (Role, error)
	Run(ctx context.Context, r Repository, id int64) (RunState, error)

	CreateCheck(ctx context.Context, r Repository, c CheckText) (id int64, err error)
	UpdateCheck(ctx context.Context, r Repository, id int64, c CheckText) error
	FindCheck(ctx context.Context, r Repository, head string) (id int64, finished bool, err error)

	FindComment(ctx context.Context, r Repository, number int, marker string) (Comment, bool, error)
	CreateComment(ctx context.Context, r Repository, number int, body string) (id int64, err error)
	UpdateComment(ctx context.Context, r Repository, id int64, body string) error

	TestForge
	DeployForge
}

// Tree is the source at a commit.
type Tree struct {
	Files   fs.FS
	Missing []string // source that the bounds left out
	Faults  []string // why Files may not be what a checkout would hold
	Skipped []string // other files that the bounds left out and that may hold policies or prices
}

// Clock says what time it is.
type Clock func() time.Time

// Run is a workflow run as its token's claims say: signed by GitHub, so that the ids can be believed. Names are hostile.
type Run struct {
	RepositoryID, OwnerID    int64
	ID                       int64
	Attempt                  int
	CheckRunID               int64 // of the job; 0: not told
	SHA, Ref, Event          string
	WorkflowRef, WorkflowSHA string // the file that was started: owner/name/path@ref
	JobWorkflowRef, JobSHA   string // the file that holds the job, where it is another one
	Environment, RunnerKind  string
	Issued, Expires          time.Time
	TokenID                  string
}
