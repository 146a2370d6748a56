# The image of the server: docs/deploy.md has the commands. Stages:
#
#   tools         a compiler for Rust, maturin and uv; nothing of it reaches an image that runs
#   wheel         evald's wheel
#   install-*     the wheel and its pinned dependencies in a virtual environment, compiled to bytecode
#   runtime-*     that environment on a base with Python and no shell
#
# Both bases must bring the same Python (here Debian 13's, /usr/bin/python3), because the environment moves from one to
# the other. Tags move; give digests (BASE@sha256:...) where builds must repeat.
ARG BUILD_BASE=docker.io/library/rust:1.95-slim-trixie
ARG RUNTIME_BASE=gcr.io/distroless/python3-debian13:nonroot

FROM ${BUILD_BASE} AS tools
SHELL ["/bin/sh", "-euc"]
# The certificates of the base, as pip uses them; uv brings its own otherwise.
ENV UV_NATIVE_TLS=1 UV_NO_PROGRESS=1 UV_LINK_MODE=copy PIP_DISABLE_PIP_VERSION_CHECK=1
# The version is that of the base's Debian.
# hadolint ignore=DL3008
RUN apt-get update -qq \
    && apt-get install -qq --yes --no-install-recommends python3-venv \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY constraints/pins.txt constraints/
RUN python3 -m venv /tools \
    && /tools/bin/pip install --quiet --no-cache-dir --constraint constraints/pins.txt maturin uv

FROM tools AS wheel
# "quick" compiles in a fraction of the time and is nearly as fast.
ARG PROFILE=release
ARG SOURCE_DATE_EPOCH=0
COPY Cargo.toml Cargo.lock pyproject.toml README.md LICENSE ./
COPY native native
COPY service service
RUN --mount=type=cache,id=evald-cargo,target=/cache/cargo --mount=type=cache,id=evald-target,target=/cache/target \
    CARGO_HOME=/cache/cargo CARGO_TARGET_DIR=/cache/target SOURCE_DATE_EPOCH="$SOURCE_DATE_EPOCH" \
    /tools/bin/maturin build --quiet --profile "$PROFILE" --locked --interpreter /usr/bin/python3 --out /dist

FROM tools AS install
RUN /usr/bin/python3 -m venv --without-pip /opt/evald
COPY pyproject.toml ./

FROM install AS install-cpu
RUN --mount=type=cache,id=evald-uv,target=/cache/uv \
    UV_CACHE_DIR=/cache/uv /tools/bin/uv pip install --quiet --python /opt/evald/bin/python --constraint constraints/pins.txt \
        -r pyproject.toml --extra server --extra cpu --extra remote --extra baselines
COPY --from=wheel /dist /dist
COPY deploy/image/finish /dist/
RUN /dist/finish

# In place of the extra cpu, never beside it: both bring the package onnxruntime. CUDA's libraries come with it, the
# driver does not.
FROM install AS install-gpu
RUN --mount=type=cache,id=evald-uv,target=/cache/uv \
    UV_CACHE_DIR=/cache/uv /tools/bin/uv pip install --quiet --python /opt/evald/bin/python --constraint constraints/pins.txt \
        -r pyproject.toml --extra server --extra gpu --extra remote --extra baselines "onnxruntime-gpu[cuda,cudnn]" \
    && ln -s /opt/evald/lib/python3*/site-packages/nvidia /opt/evald/lib/nvidia
COPY --from=wheel /dist /dist
COPY deploy/image/finish /dist/
RUN /dist/finish

# Only what works without a shell from here on.
FROM ${RUNTIME_BASE} AS runtime
ARG VERSION=0.1.0
ARG REVISION=unknown
ARG CREATED=1970-01-01T00:00:00Z
LABEL org.opencontainers.image.title="evald" \
      org.opencontainers.image.description="The evaluation daemon: is the new model really better, where, and by how much?" \
      org.opencontainers.image.source="https://github.com/evald/evald" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.created="${CREATED}"
# The root may be read-only, so Python writes no bytecode; what there is was compiled above.
# Memory for messages of more than 128 KiB would be mapped, cleared by the kernel and given back for each call, until
# the allocator has learned otherwise; so it is told from the start to keep up to 64 MiB of it. Two arenas for all
# threads: what one call gave back is still in the caches when the next one asks for it.
ENV PATH=/opt/evald/bin:/usr/bin:/bin \
    LANG=C.UTF-8 \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    MALLOC_MMAP_THRESHOLD_=33554432 \
    MALLOC_TRIM_THRESHOLD_=67108864 \
    MALLOC_TOP_PAD_=1048576 \
    MALLOC_ARENA_MAX=2
USER 65532:65532
WORKDIR /tmp
EXPOSE 50051 9090
STOPSIGNAL SIGTERM
ENTRYPOINT ["/opt/evald/bin/evald"]
# A container is reached from outside only if the server listens on all of its addresses; evald's default is loopback.
CMD ["serve", "--grpc-address", "0.0.0.0:50051", "--http-address", "0.0.0.0:9090"]

FROM runtime AS runtime-gpu
COPY --from=install-gpu /opt/evald /opt/evald
# The first is where ONNX Runtime finds CUDA; the others tell NVIDIA's container toolkit to mount the driver.
ENV LD_LIBRARY_PATH=/opt/evald/lib/nvidia/cu13/lib:/opt/evald/lib/nvidia/cudnn/lib \
    NVIDIA_VISIBLE_DEVICES=all \
    NVIDIA_DRIVER_CAPABILITIES=compute,utility
CMD ["serve", "--grpc-address", "0.0.0.0:50051", "--http-address", "0.0.0.0:9090", "--model-device", "cuda"]

# The last stage is what is built when none is named.
FROM runtime AS runtime-cpu
COPY --from=install-cpu /opt/evald /opt/evald
