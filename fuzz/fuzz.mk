# The fuzzers.

.PHONY: fuzz
fuzz: ## (later) run the fuzzers
	@echo 'The fuzzers come later: fuzz/README.md says what they will be.'
