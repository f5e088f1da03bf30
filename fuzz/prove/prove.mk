# SPDX-License-Identifier: MIT OR Apache-2.0
# Proofs; see fuzz/prove/README.md.

.PHONY: prove prove-selftest
prove: ## prove for all inputs the functions that check a peer's bytes (Frama-C, Z3)
	@fuzz/prove/prove --out build/proof

prove-selftest: ## check that seeded defects of the proved functions make their proofs fail
	@JOBS='$(JOBS)' conformance/mutants/run proof $(MUTANT)

module_c += $(wildcard fuzz/prove/*.c fuzz/prove/stubs/os/*.h)
module_scripts += fuzz/prove/prove
