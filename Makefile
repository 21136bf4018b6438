# The tasks of a day; .ci/run is what must pass. `make quick` is `pytest -q`.
BIN := .venv/bin

.PHONY: help test quick lint golden fuzz bench man ci
help:
	@grep -E '^[a-z]+:.*##' Makefile | sed 's/:.*##/\t/'

test: ## every test
	$(BIN)/pytest -q -m "slow or not slow"

quick: ## all but the slow tests
	$(BIN)/pytest -q

lint: ## ruff and mypy
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy --strict convcalc tests benchmarks

golden: ## write the worked output anew, to be read before it is committed
	$(BIN)/pytest -q --refresh-golden
	git diff --stat -- tests/golden

fuzz: ## ten thousand lines at random, against plain loops
	$(BIN)/python -m tests.fuzz --lines 10000

bench: ## convcalc beside whatever else is installed
	$(BIN)/python -m benchmarks --quick

man: ## write the manual page anew
	$(BIN)/convcalc help man > convcalc/topics/convcalc.1

ci: ## what must pass before main moves
	.ci/run
