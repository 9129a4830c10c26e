package moves

// Step names a moment of the money path at which a process may die. Where
// nothing is durable yet the name ends in -ing.
type Step string

// The steps, in the order in which one refund meets them.
const (
	StepLearning  Step = "learning-history" // the gateway's refunds of the order, inside the decision
	StepPlanned   Step = "planned"          // consented to, nothing decided
	StepDeciding  Step = "deciding"         // the intent, inside its decision
	StepDecided   Step = "decided"          // the intent is durable (I1)
	StepReleasing Step = "releasing"        // the undo window ends, inside the decision
	StepMarking   Step = "marking-sending"  // inside the decision
	StepMarked    Step = "marked-sending"   // durable; the request has not left
	StepAnswered  Step = "answered"         // the gateway has answered, or not; nothing of it is stored
	StepStoring   Step = "storing-answer"   // inside the decision
	StepStored    Step = "stored-answer"
	StepAsked     Step = "asked"    // the gateway answered a query; nothing of it is stored
	StepSettling  Step = "settling" // inside the decision
	StepSettled   Step = "settled"
	StepRefusing  Step = "refusing" // a refusal becomes final, inside the decision
	StepHearing   Step = "hearing"  // a callback, inside the decision
	StepHeard     Step = "heard"    // durable; not yet acknowledged

	StepUnbindDecided  Step = "unbind-decided" // durable; nothing has left
	StepUnbindMarked   Step = "unbind-marked"  // durable; the request has not left
	StepUnbindAnswered Step = "unbind-answered"
)

// Steps lists them all.
func Steps() []Step {
	return []Step{
		StepLearning, StepPlanned, StepDeciding, StepDecided, StepReleasing, StepMarking, StepMarked, StepAnswered, StepStoring,
		StepStored, StepAsked, StepSettling, StepSettled, StepRefusing, StepHearing, StepHeard,
		StepUnbindDecided, StepUnbindMarked, StepUnbindAnswered,
	}
}
