# The binary interface of the shared library: ref/abi/README.md.

## BASE=v0.1.0  the revision that `make abi` compares with; default: the newest release tag
BASE ?=

.PHONY: abi abi-table

abi: ## compare the shared library with that of the last release; fails on an incompatible change
	@CC='$(CC)' MAKE='$(MAKE)' ref/abi/compare $(BASE)

abi-table: ## accept the public headers as they are: rewrite ref/abi/table.txt and ref/abi/libllmp.map
	@python3 -B ref/abi/table.py $(CC) >ref/abi/table.txt.new && mv ref/abi/table.txt.new ref/abi/table.txt
	@python3 -B ref/abi/symbols.py >ref/abi/libllmp.map.new && mv ref/abi/libllmp.map.new ref/abi/libllmp.map

module_scripts += ref/abi/compare ref/abi/diff
module_c += ref/abi/older_program.c
