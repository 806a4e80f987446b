package evidence

import (
	"fmt"
	"strconv"
	"strings"
)

// Message says in one sentence what a code means.
func (c Code) Message() string {
	switch c {
	case CodeUndecided:
		return "A fact that the decision needs could not be had."
	case CodeTested:
		return "The suite ran on this tree in a trusted workflow, and its reports are green."
	case CodeNotApplicable:
		return "Nothing that the suite covers changed since the last deployment."
	case CodeRunning:
		return "The run that records the suite has not ended."
	case CodeNoEvidence:
		return "No trusted run recorded this suite on this tree."
	case CodeEvidenceMissing:
		return "GitHub no longer knows the run that the evidence is of."
	case CodeWrongTree:
		return "The suite was recorded, but on other trees."
	case CodeWrongDigest:
		return "The artifact is not proven to be built from this commit."
	case CodeZeroTests:
		return "The suite's reports list no test at all."
	case CodeTestCountCollapsed:
		return "Far fewer tests ran than have to."
	case CodeTestsFailed:
		return "Tests of the newest trusted run failed, or its job did not succeed."
	case CodeOnlySkipped:
		return "Every test of the suite was skipped."
	case CodeUntrustedProducer:
		return "It was recorded or deployed by something that the policy does not trust."
	case CodeSelfAttested:
		return "Content that decides what the tests say changed, and nobody but its author vouches for it."
	case CodeStale:
		return "The evidence is older than the policy allows."
	case CodeSuperseded:
		return "A newer trusted run of the suite recorded nothing, so that the older evidence no longer counts."
	case CodeMergeNotTested:
		return "What was merged was tested, but not the result of the merge."
	case CodeStageMissing:
		return "It was not deployed to the stage before."
	case CodeSoak:
		return "It did not stay in the stage before for long enough."
	case CodeSubjectMismatch:
		return "The run that asks is not about what would be deployed."
	case CodeFrozen:
		return "The environment is frozen."
	case CodePolicyError:
		return "The policy asks for nothing that can be decided."
	case CodeWaiverExpired:
		return "The waiver for it has ended, or was used."
	case CodeTestDebt:
		return "What runs in the environment went there without proof, and still has none."
	case CodePolicyBlocked:
		return "A policy refuses it."
	}
	return CodeUndecided.Message()
}

func passed() answer { return answer{outcome: OutcomeTested, reason: Reason{Code: CodeTested}} }

func refuse(c Code, looked, found, fix string) answer {
	return answer{outcome: OutcomeNotTested, reason: Reason{c, c.Message(), looked, found, fix}}
}

func waiting(c Code, looked, found, fix string) answer {
	return answer{outcome: OutcomeWaiting, reason: Reason{c, c.Message(), looked, found, fix}}
}

func undecided(looked, why string) answer {
	return answer{reason: Reason{CodeUndecided, CodeUndecided.Message(), looked, why, "ask again; if it stays, run `platform doctor`"}}
}

// quote bounds and quotes a name that outsiders chose.
func quote(s string) string { return fmt.Sprintf("%.80q", s) }

func quoteAll(list []string) string {
	if len(list) == 0 {
		return "none"
	}
	out := make([]string, 0, 4)
	for i, s := range list {
		if i == 3 {
			out = append(out, fmt.Sprintf("and %d more", len(list)-i))
			break
		}
		out = append(out, quote(s))
	}
	return strings.Join(out, ", ")
}

// short is an object id as people read it.
func short(id string) string {
	if isObject(id) {
		return id[:7]
	}
	return quote(id)
}

func plural(n int, word string) string {
	if n == 1 {
		return "1 " + word
	}
	return strconv.Itoa(n) + " " + word + "s"
}

// again is the command that runs a workflow anew.
func (a *asked) again(workflow string) string {
	branch := a.q.Requirement.From
	if !plain(workflow) || branch != "" && !plain(branch) {
		return "run the suite's workflow again on this commit"
	}
	file := workflow[strings.LastIndexByte(workflow, '/')+1:]
	if branch == "" {
		return "gh workflow run " + file
	}
	return "gh workflow run " + file + " --ref " + branch
}

// plain reports a text that a shell takes as one word, so that a command which holds it can be copied.
func plain(s string) bool {
	return s != "" && s[0] != '-' && strings.IndexFunc(s, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && !strings.ContainsRune("._-/", r)
	}) < 0
}
