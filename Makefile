# Two commands are the whole set-up:  make demo   and   make test
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
# A real RTSP server, under Debian's own Python: tests of live cameras stand on it, and `make cameras`.
RTSP_PACKAGES := gir1.2-gst-rtsp-server-1.0 python3-gi gstreamer1.0-plugins-base gstreamer1.0-plugins-good \
	gstreamer1.0-plugins-bad gstreamer1.0-rtsp glib-networking
RTSP_CHECK := /usr/bin/python3 -c "import gi; gi.require_version(\"GstRtspServer\", \"1.0\")" && dpkg -s $(RTSP_PACKAGES)

# A PKCS#11 token made of files, and the tool that makes keys in it: tests of keys in tokens stand on them.
TOKEN_PACKAGES := softhsm2 opensc

# Opens releases that are locked with a password: tests hold ours against it.
LOCK_PACKAGES := age

# Reports as PDF: Pango lays out their text, and Noto has the characters that the bundled font lacks. Tests read them again
# with Poppler.
PAPER_PACKAGES := libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 fonts-noto-cjk
PAPER_CHECK := dpkg -s $(PAPER_PACKAGES)

# Many tests wait for servers and cameras: half as many workers again as there are cores keep these busy.
WORKERS ?= $(shell echo $$(( ($$(nproc) * 3 + 1) / 2 )))

# Tests start hundreds of processes: without compiled modules each of these spends a second on compiling them again.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help demo packages test cameras lint bench soak lock schema clean

help:
	@echo "make demo    set up, run the demo on real CCTV footage, end with a verified evidence bundle (./demo-out)"
	@echo "make test    set up and run the tests"
	@echo "make cameras three RTSP cameras to try the daemon with, where none are at hand"
	@echo "make lint    style, types and import layers"
	@echo "make bench   measure speed against the decode limits, a plain peer script, and with live cameras"
	@echo "make soak    six simulated hours of the daemon, which must stay as small as it began"
	@echo "make lock    renew requirements.lock        make schema   renew configs/site.schema.json"

$(READY): requirements.lock pyproject.toml setup.sh
	@./setup.sh "$(PYTHON)" "$(VENV)"

demo: $(READY)
	@./setup.sh --packages '$(PAPER_CHECK)' $(PAPER_PACKAGES)
	@$(BIN)/streetproof demo --out demo-out

# Of the system, for the tests.
packages:
	@./setup.sh --packages 'command -v openssl' openssl
	@./setup.sh --packages 'command -v cc' gcc libc6-dev
	@./setup.sh --packages '$(RTSP_CHECK)' $(RTSP_PACKAGES)
	@./setup.sh --packages 'ls /usr/lib/postgresql/*/bin/initdb' postgresql
	@./setup.sh --packages 'command -v softhsm2-util && command -v pkcs11-tool' $(TOKEN_PACKAGES)
	@./setup.sh --packages '$(PAPER_CHECK) && command -v pdfsig' $(PAPER_PACKAGES) poppler-utils
	@./setup.sh --packages 'command -v age' $(LOCK_PACKAGES)
	@./setup.sh --packages 'command -v chromium' chromium

test: $(READY) packages
	@$(BIN)/pytest -n $(WORKERS) --dist worksteal

# Three RTSP cameras to try `streetproof run configs/live/site.yaml` with. They ask for $$CAMERA_PASSWORD.
cameras: $(READY)
	@./setup.sh --packages '$(RTSP_CHECK)' $(RTSP_PACKAGES)
	@$(BIN)/python -m tests.rtsp

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

bench: $(READY)
	@$(BIN)/python -m bench
	@$(BIN)/python -m bench.live

# Simulated hours of a daemon: memory, threads and handles have to stay flat.
soak: $(READY)
	@$(BIN)/python -m tests.soak --hours 6

lock:
	uv pip compile pyproject.toml --extra dev --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --upgrade -o requirements.lock

schema: $(READY)
	@$(BIN)/streetproof config schema > configs/site.schema.json

clean:
	rm -rf $(VENV) demo-out bench/out .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
