# SPDX-License-Identifier: MIT OR Apache-2.0
# Proofs: fuzz/prove/README.md.

.PHONY: prove prove-selftest
prove: ## prove what decides whether bytes may be used, for all inputs (Frama-C, Z3)
	@fuzz/prove/prove --out build/proof

prove-selftest: ## break each proved function and see its proof fail
	@fuzz/prove/selftest --out build/proof

module_c += $(wildcard fuzz/prove/*.c fuzz/prove/stubs/os/*.h)
module_scripts += fuzz/prove/prove fuzz/prove/selftest
