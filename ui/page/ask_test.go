package page

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"paydesk/client"
)

func answerOf[T any](t *testing.T, msg any) Answer[T] {
	t.Helper()
	a, ok := msg.(Answer[T])
	if !ok {
		t.Fatalf("the answer is %T", msg)
	}
	return a
}

func TestOnlyTheNewestAnswerCounts(t *testing.T) {
	a := NewAsker[int]("orders", time.Minute)
	var cancelled error
	slow := a.Ask(t.Context(), func(ctx context.Context) (int, error) {
		<-ctx.Done()
		cancelled = ctx.Err()
		return 1, ctx.Err()
	})
	late := make(chan any, 1)
	go func() { late <- slow() }()
	quick := a.Ask(t.Context(), func(context.Context) (int, error) { return 2, nil })
	fresh := answerOf[int](t, quick())
	if old := <-late; old != nil {
		if _, ok, _ := a.Take(answerOf[int](t, old)); ok {
			t.Error("the answer to an older question counts")
		}
		if !errors.Is(cancelled, context.Canceled) {
			t.Errorf("the older question ended with %v, want cancelled", cancelled)
		}
	}
	if v, ok, err := a.Take(fresh); !ok || err != nil || v != 2 {
		t.Errorf("Take = %d, %v, %v", v, ok, err)
	}
	if _, ok, _ := a.Take(fresh); ok {
		t.Error("an answer counts twice")
	}
	if a.Busy() {
		t.Error("busy after the answer")
	}
}

func TestAnAnswerIsForOneAskerOnly(t *testing.T) {
	a, b := NewAsker[int]("orders", time.Minute), NewAsker[int]("orders", time.Minute)
	msg := answerOf[int](t, a.Ask(t.Context(), func(context.Context) (int, error) { return 1, nil })())
	b.Ask(t.Context(), func(context.Context) (int, error) { return 2, nil })
	if _, ok, _ := b.Take(msg); ok {
		t.Error("another asker takes the answer")
	}
	if msg.Page() != "orders" {
		t.Errorf("it goes to %s", msg.Page())
	}
}

// covers I15
func TestAQuestionHasADeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := NewAsker[int]("orders", 3*time.Second)
		start := time.Now()
		msg := answerOf[int](t, a.Ask(t.Context(), func(ctx context.Context) (int, error) {
			<-ctx.Done()
			return 0, ctx.Err()
		})())
		if took := time.Since(start); took != 3*time.Second {
			t.Errorf("it took %v", took)
		}
		if _, ok, err := a.Take(msg); !ok || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%v, %v", ok, err)
		}
	})
}

func TestAPanicOfAQuestionIsAnErrorAndNotTheEnd(t *testing.T) {
	a := NewAsker[int]("orders", time.Second)
	msg := answerOf[int](t, a.Ask(t.Context(), func(context.Context) (int, error) { panic("record 7") })())
	if _, ok, err := a.Take(msg); !ok || client.ClassOf(err) != client.ClassBug {
		t.Errorf("%v, %v", ok, err)
	}
}

func TestADelayedQuestionThatIsDroppedIsNeverAsked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := NewAsker[int]("orders", time.Second)
		asked := false
		cmd := a.After(t.Context(), time.Minute, func(context.Context) (int, error) { asked = true; return 0, nil })
		done := make(chan any)
		go func() { done <- cmd() }()
		synctest.Wait()
		a.Drop()
		if msg := <-done; msg != nil || asked {
			t.Errorf("asked %v, answer %v", asked, msg)
		}
	})
}

func TestAQueuedQuestionWaitsForTheAnswer(t *testing.T) {
	a := NewAsker[int]("orders", time.Minute)
	ask := func(n int) func(context.Context) (int, error) {
		return func(context.Context) (int, error) { return n, nil }
	}
	first := a.Queue(t.Context(), 0, ask(1))
	if second := a.Queue(t.Context(), 0, ask(2)); second != nil || a.Queue(t.Context(), 0, ask(3)) != nil {
		t.Fatal("asked while a question is under way")
	}
	if v, ok, _ := a.Take(answerOf[int](t, first())); !ok || v != 1 {
		t.Fatalf("the first answer: %d, %v", v, ok)
	}
	next := a.Queued()
	if next == nil {
		t.Fatal("nothing queued")
	}
	if v, ok, _ := a.Take(answerOf[int](t, next())); !ok || v != 3 {
		t.Errorf("the queued answer: %d, %v, want the newest question's", v, ok)
	}
	if a.Queued() != nil {
		t.Error("queued twice")
	}
}
