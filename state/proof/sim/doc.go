// Package sim proves the money path by simulation: desk, poll plan, callback
// inbox, ledger and the three gateways' doubles live in one world in which a
// seed decides clock, network, disk, gateways and agents, and nothing else
// does. The same seed gives the same log of events, byte for byte. It holds
// tests only; it must never speak to a real network or be part of the program.
//
//	go test ./state/proof/sim -run TestSimulation                   10,000 seeds; 60 with -race, 500 with -short
//	PAYDESK_SIM_SEEDS=1000000 go test ./state/proof/sim -run TestSimulation -timeout 0
//	go test ./state/proof/sim -run TestSimulation -seed 42 -v       one seed with its log
package sim
