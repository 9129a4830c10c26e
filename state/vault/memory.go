package vault

import (
	"context"
	"sync"

	"paydesk/client"
	"paydesk/client/secret"
)

// MemoryStore keeps keys for as long as the process lives; the demo uses it.
// It is safe for concurrent use.
type MemoryStore struct {
	mu   sync.Mutex
	keys map[string]secret.Secret
}

// Memory is an empty store in memory.
func Memory() *MemoryStore { return &MemoryStore{keys: map[string]secret.Secret{}} }

// Get returns a key, or the error not-found.
func (m *MemoryStore) Get(_ context.Context, profile, key string) (secret.Secret, error) {
	name, err := entry(profile, key)
	if err != nil {
		return secret.Secret{}, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	s, ok := m.keys[name]
	if !ok {
		return secret.Secret{}, notFound(name)
	}
	return s, nil
}

// Set keeps a key.
func (m *MemoryStore) Set(_ context.Context, profile, key string, value secret.Secret) error {
	name, err := entry(profile, key)
	if err != nil {
		return err
	}
	if value.Empty() {
		return emptyKey(name)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.keys[name] = value
	return nil
}

// Remove forgets a key; one that is not there is the error not-found.
func (m *MemoryStore) Remove(_ context.Context, profile, key string) error {
	name, err := entry(profile, key)
	if err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, ok := m.keys[name]; !ok {
		return notFound(name)
	}
	delete(m.keys, name)
	return nil
}

// Probe always finds the store well.
func (*MemoryStore) Probe(context.Context) error { return nil }

func emptyKey(name string) error {
	return &client.Error{
		Class: client.ClassInput, Code: CodeEmpty, Message: "the key for " + name + " is empty",
		Hint: "give the key on standard input, at the prompt or with --file",
	}
}
