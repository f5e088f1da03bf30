# Mutants: conformance/mutants/run says what they are. `make fuzz-selftest` and `make prove-selftest` run the other kinds.

## MUTANT=recv-goes-on  make mutants, fuzz-selftest and prove-selftest: only that mutant (several: MUTANT='a b')
MUTANT ?=

.PHONY: mutants
mutants: $(suite_program) | $(first) ## check that the conformance suite detects seeded defects of the library and of Python's
	+@CC='$(CC)' MAKE='$(MAKE)' JOBS='$(JOBS)' LLMP_BUILD='$(abspath $(OUT))' conformance/mutants/run suite $(MUTANT)

# A sanitizer has nothing to check here.
module_tests += $(if $(SANITIZE),,conformance/mutants/test_mutants.sh)
module_scripts += conformance/mutants/run conformance/mutants/test_mutants.sh conformance/mutants/detect.sh \
    fuzz/mutants/detect.sh fuzz/prove/mutants/detect.sh
