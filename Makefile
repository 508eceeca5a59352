# `make help` says what there is. Everything is installed under .sluice/ of this tree; nothing needs a container.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

PYTHON ?= python3
CARGO_TARGET_DIR ?= $(CURDIR)/target
export CARGO_TARGET_DIR
export SAM_CLI_TELEMETRY := 0
export PYTHONDONTWRITEBYTECODE := 1

STATE := $(CURDIR)/.sluice
VENV := $(STATE)/venv
CHECKOV := $(STATE)/checkov
LOCALSTACK := $(STATE)/localstack
REPORT := $(STATE)/report
TOOLS := $(STATE)/tools
export PATH := $(VENV)/bin:$(TOOLS)/bin:$(PATH)
LOCAL := $(VENV)/bin/python -m infra.local

FUNCTIONS := seal quality pseudonymize sweep reidentify release audit log catalog
# The registry has a package `log`; ours has another name than its binary.
PACKAGES := $(patsubst log,log-function,$(FUNCTIONS))
ARCHITECTURE ?= arm64
STACK ?= sluice
CARGO_DENY_VERSION := 0.20.2
CARGO_NEXTEST_VERSION := 0.9.143

.PHONY: help
help: ## Say what there is
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sort | awk -F ':.*## ' '{printf "  %-14s %s\n", $$1, $$2}'

# ---- tools ---------------------------------------------------------------------------------------------------------

.PHONY: setup
setup: $(VENV)/.done ## Install the pinned tools into .sluice/venv

$(VENV)/.done: infra/requirements.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed: set PYTHON=/path/to/python3"; exit 1; }
	rm -rf $(VENV) && $(PYTHON) -m venv $(VENV)
	$(VENV)/bin/pip install --quiet --no-deps --disable-pip-version-check -r infra/requirements.txt
	touch $@

$(CHECKOV)/.done: infra/requirements-checkov.txt
	rm -rf $(CHECKOV) && $(PYTHON) -m venv $(CHECKOV)
	$(CHECKOV)/bin/pip install --quiet --no-deps --disable-pip-version-check -r infra/requirements-checkov.txt
	touch $@

$(LOCALSTACK)/.done: infra/requirements-localstack.txt infra/local/python313.sh
	rm -rf $(LOCALSTACK) && "$$(bash infra/local/python313.sh)" -m venv $(LOCALSTACK)
	$(LOCALSTACK)/bin/pip install --quiet --no-deps --disable-pip-version-check -r infra/requirements-localstack.txt
	touch $@

$(REPORT)/.done: tests/report/requirements.txt
	rm -rf $(REPORT) && $(PYTHON) -m venv $(REPORT)
	$(REPORT)/bin/pip install --quiet --no-deps --disable-pip-version-check -r tests/report/requirements.txt
	touch $@

# Compiled here only where the machine has none: minutes, once.
$(TOOLS)/.deny-$(CARGO_DENY_VERSION):
	mkdir -p $(TOOLS)
	cargo deny --version >/dev/null 2>&1 || cargo install --locked --quiet --root $(TOOLS) cargo-deny --version $(CARGO_DENY_VERSION)
	touch $@

$(TOOLS)/.nextest-$(CARGO_NEXTEST_VERSION):
	mkdir -p $(TOOLS)
	cargo nextest --version >/dev/null 2>&1 || cargo install --locked --quiet --root $(TOOLS) cargo-nextest --version $(CARGO_NEXTEST_VERSION)
	touch $@

infra/cdk/node_modules/.done: infra/cdk/package-lock.json
	cd infra/cdk && npm ci --no-audit --no-fund --loglevel=error
	touch $@

.PHONY: requirements
requirements: setup ## Pin the Python tools anew from infra/requirements*.in
	cd infra && for name in requirements requirements-checkov; do \
	  uv pip compile --quiet --upgrade --no-annotate --custom-compile-command "make requirements" --universal --python-version 3.11 \
	    --no-emit-package pandas $$([ $$name = requirements ] && echo --no-emit-package numpy) $$name.in -o $$name.txt; done
	cd infra && uv pip compile --quiet --upgrade --no-annotate --custom-compile-command "make requirements" --python-version 3.13 \
	  --exclude-newer 2026-03-01 requirements-localstack.in -o requirements-localstack.txt

# ---- build ---------------------------------------------------------------------------------------------------------

.PHONY: build
build: setup ## Build the functions for AWS (ARCHITECTURE=arm64|x86_64)
	cargo lambda build --release $(if $(filter arm64,$(ARCHITECTURE)),--arm64,--x86-64) $(addprefix -p ,$(PACKAGES))

.PHONY: build-local
build-local: setup ## Build the functions for this machine, in a third of the time
	cargo lambda build --profile local $(addprefix -p ,$(PACKAGES))

.PHONY: build-sql
build-sql: setup ## Build quality-sql for AWS, the function with the SQL engine: 12 minutes more
	cargo lambda build --release $(if $(filter arm64,$(ARCHITECTURE)),--arm64,--x86-64) -p quality-sql

.PHONY: build-sql-local
build-sql-local: setup ## The same for this machine
	cargo lambda build --profile local -p quality-sql

.PHONY: fmt
fmt: setup ## Format Rust and Python
	cargo fmt --all
	ruff format --quiet infra tests
	ruff check --quiet --fix infra tests

# ---- try it --------------------------------------------------------------------------------------------------------

.PHONY: demo
demo: build-local ## Run the pipeline here, start to end, and show it
	$(LOCAL) demo

.PHONY: demo-keep
demo-keep: build-local ## The same, and leave it running
	$(LOCAL) demo --keep

.PHONY: demo-stop
demo-stop: setup ## Stop what demo-keep left running
	$(LOCAL) down

# ---- check ---------------------------------------------------------------------------------------------------------

# The command that tests run, with the features that `test-rust` compiles its dependencies with: `-p sluice` alone has fewer, and
# half of them would be compiled twice.
BUILD_COMMAND := cargo build --quiet --bin sluice --test cli

.PHONY: test
test: test-rust test-report test-infra test-e2e test-adapters test-invoke ## Every test there is

.PHONY: test-rust
test-rust: setup $(TOOLS)/.nextest-$(CARGO_NEXTEST_VERSION) ## Unit, property and conformance tests
	cargo nextest run
	cargo test --doc --quiet

# What uses the SQL engine is in no other target: some hundred crates, built without optimisation.
SQL_PACKAGES := -p sluice-quality-sql -p quality-sql -p conformance -p sluice --features conformance/sql,sluice/sql
UNOPTIMISED := --config 'profile.dev.package."*".opt-level=0' --config 'profile.dev.debug=0'

.PHONY: test-sql
test-sql: ## The SQL engine and what is built with it: CustomSql, its function, conformance, the command
	cargo test $(SQL_PACKAGES) $(UNOPTIMISED) --quiet

.PHONY: test-sql-e2e
test-sql-e2e: build-local build-sql-local ## CustomSql on the deployed stack, by the function with the SQL engine
	$(VENV)/bin/python -m pytest -q tests/e2e/sql

.PHONY: fuzz
fuzz: ## Ten million rulesets and tables without a panic, a hang or growth (CASES=10000000 SEED=1)
	cargo run --release --quiet -p sluice-quality --example fuzz -- $(or $(CASES),10000000) $(or $(SEED),1)

.PHONY: lint-sql
lint-sql: ## Clippy and docs of the same
	cargo clippy $(SQL_PACKAGES) $(UNOPTIMISED) --all-targets -- -D warnings
	RUSTDOCFLAGS="-D warnings" cargo doc -p sluice-quality-sql -p quality-sql $(UNOPTIMISED) --no-deps --quiet

.PHONY: test-report
test-report: $(REPORT)/.done ## The HTML report in a headless Chromium, which is installed on Debian when there is none
	$(BUILD_COMMAND)
	CHROMIUM="$$(bash tests/report/chromium.sh)" SLUICE_BINARY=$(CARGO_TARGET_DIR)/debug/sluice \
	  $(REPORT)/bin/python -m pytest -q tests/report

.PHONY: test-infra
test-infra: setup ## Tests of the local tooling and of the template
	$(VENV)/bin/python -m pytest -q infra/local/tests

.PHONY: test-e2e
test-e2e: build-local ## The deployed stack on the emulator, from outside
	$(BUILD_COMMAND)
	$(VENV)/bin/python -m pytest -q tests/e2e --ignore tests/e2e/sql

.PHONY: test-adapters
test-adapters: setup $(LOCALSTACK)/.done ## The AWS adapters against LocalStack
	$(LOCAL) localstack -- cargo test --test localstack --features sluice-aws/localstack --quiet

.PHONY: test-invoke
test-invoke: build-local $(LOCALSTACK)/.done ## Every function under cargo lambda watch, called with cargo lambda invoke; sluice on s3:// URIs
	$(BUILD_COMMAND)
	$(LOCAL) localstack -- $(VENV)/bin/python -m pytest -q tests/invoke

.PHONY: lint
lint: lint-rust lint-infra ## Formatting, clippy, docs, licences, template, policies

.PHONY: lint-rust
lint-rust: $(TOOLS)/.deny-$(CARGO_DENY_VERSION)
	cargo fmt --all --check
	cargo clippy --all-targets -- -D warnings
	RUSTDOCFLAGS="-D warnings" cargo doc --no-deps --quiet
	cargo deny --log-level error check bans licenses sources

.PHONY: lint-infra
lint-infra: setup $(CHECKOV)/.done infra/cdk/node_modules/.done
	ruff format --check --quiet infra tests
	ruff check --quiet infra tests
	cfn-lint --regions eu-central-1 us-east-1 -- infra/template.yaml
	sam validate --lint --region eu-central-1 --template infra/template.yaml
	$(CHECKOV)/bin/checkov --framework cloudformation --skip-download --compact --quiet --file infra/template.yaml
	cd infra/cdk && npm run --silent synth

.PHONY: bench
bench: setup ## Ours and the peers, in one run, pinned to one core
	PACKAGES="$(PACKAGES)" bash tests/bench/run.sh

# ---- AWS -----------------------------------------------------------------------------------------------------------

.PHONY: deploy
deploy: build ## Deploy to the AWS account of your credentials (see infra/samconfig.toml)
	$(LOCAL) deploy --stack $(STACK) --architecture $(ARCHITECTURE)

.PHONY: destroy
destroy: setup ## Delete the stack; buckets and keys stay, because what they hold may not be lost
	$(LOCAL) destroy --stack $(STACK)

.PHONY: clean
clean: ## Remove .sluice/ and the build
	-$(LOCAL) down
	rm -rf $(STATE) infra/cdk/node_modules infra/cdk/cdk.out
	cargo clean
