package control

import "time"

// GroupInput is what a merge group's webhook says: there is no other way to ask for it.
type GroupInput struct {
	Base   string `json:"base"`   // commit that the group is merged into
	Ref    string `json:"ref"`    // of the group
	Branch string `json:"branch"` // that it is to be merged into
	Number int    `json:"number"` // of the pull request at its end; 0: not told
	Gone   bool   `json:"gone"`   // the group was dissolved
}

// CommandInput is a comment that gives a command. Its text is the one thing of a webhook that counts as state.
type CommandInput struct {
	Number  int       `json:"number"`
	Comment int64     `json:"comment"`
	Author  int64     `json:"author"`  // of the comment
	ViaApp  bool      `json:"via_app"` // written through an App: never a person's word
	Sender  Person    `json:"sender"`  // of the delivery
	Text    string    `json:"text"`    // up to 1,000 bytes of the first line that begins with /platform
	Written time.Time `json:"written"` // when the comment was made

	Received time.Time `json:"received"` // when its delivery was accepted
}

// ButtonInput is an action of our check run, or the wish to run it again.
type ButtonInput struct {
	Check  int64  `json:"check"` // 0: of a whole suite
	Head   string `json:"head"`
	Sender Person `json:"sender"`
	Action string `json:"action"` // identifier of the button; rerun for GitHub's own

	Seen time.Time `json:"seen,omitzero"` // when what the sender saw was finished, by GitHub; zero: not told
}

// CommandLife is how old a command may be when it first arrives: an older one may no longer be meant.
const CommandLife = 15 * time.Minute
