# syntax=docker/dockerfile:1
# Senoscope as an image (docs/deployment.md):
#   docker build -t senoscope .                          # CPUs
#   docker build -t senoscope:gpu --target gpu .         # NVIDIA GPUs; fetches TensorRT from NVIDIA

FROM python:3.11-slim-bookworm AS cpu-build
WORKDIR /src
RUN python -m venv /opt/senoscope
COPY requirements/image.lock requirements/
RUN --mount=type=cache,target=/root/.cache/pip \
    /opt/senoscope/bin/pip install --no-deps --only-binary :all: --require-hashes -r requirements/image.lock
COPY pyproject.toml README.md LICENSE ./
COPY engines engines
COPY pipelines pipelines
COPY service service
COPY models models
RUN --mount=type=cache,target=/root/.cache/pip /opt/senoscope/bin/pip install --no-deps .

# pycuda comes as source: it needs CUDA's headers, a compiler, and a libcuda to link with.
FROM nvidia/cuda:13.0.2-devel-ubuntu24.04 AS gpu-build
WORKDIR /src
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --no-install-recommends -y g++ python3-dev python3-venv \
    && rm -rf /var/lib/apt/lists/* \
    && python3 -m venv /opt/senoscope
ENV PATH=/usr/local/cuda/bin:$PATH \
    LIBRARY_PATH=/usr/local/cuda/lib64:/usr/local/cuda/lib64/stubs
COPY requirements/image-gpu.lock requirements/
RUN --mount=type=cache,target=/root/.cache/pip \
    /opt/senoscope/bin/pip install --no-deps --require-hashes -r requirements/image-gpu.lock
COPY pyproject.toml README.md LICENSE ./
COPY engines engines
COPY pipelines pipelines
COPY service service
COPY models models
RUN --mount=type=cache,target=/root/.cache/pip /opt/senoscope/bin/pip install --no-deps .

FROM nvidia/cuda:13.0.2-runtime-ubuntu24.04 AS gpu
LABEL org.opencontainers.image.title="Senoscope for GPUs" \
      org.opencontainers.image.description="DICOM node for mammography. Research use only." \
      org.opencontainers.image.licenses="Apache-2.0"
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --no-install-recommends -y python3 \
    && rm -rf /var/lib/apt/lists/* \
    && groupadd --system --gid 10001 senoscope \
    && useradd --system --uid 10001 --gid 10001 --home-dir /var/lib/senoscope --create-home senoscope \
    && install -d -o senoscope -g senoscope /etc/senoscope/clinic
COPY --from=gpu-build /opt/senoscope /opt/senoscope
COPY deploy/senoscope.toml /etc/senoscope/
COPY --chown=10001:10001 deploy/routes.toml /etc/senoscope/clinic/
COPY --chmod=755 deploy/gpu-worker.sh /usr/local/bin/senoscope-gpu-worker
ENV PATH=/opt/senoscope/bin:$PATH \
    NVIDIA_VISIBLE_DEVICES=all \
    NVIDIA_DRIVER_CAPABILITIES=compute,utility \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    SENOSCOPE_CONFIG=/etc/senoscope/senoscope.toml \
    SENOSCOPE_HEALTH__ALIVE_FILE=/tmp/senoscope.alive \
    SENOSCOPE_ROUTES=clinic/routes.toml
USER 10001
WORKDIR /var/lib/senoscope
VOLUME /var/lib/senoscope
STOPSIGNAL SIGTERM
# Plans are built at the first start, which takes minutes; until then there is no sign of life.
HEALTHCHECK --interval=15s --timeout=5s --start-period=30m --retries=4 \
    CMD ["sh", "-c", "find /tmp/senoscope.alive -mmin -2 | grep -q ."]
CMD ["senoscope-gpu-worker"]

FROM python:3.11-slim-bookworm AS cpu
LABEL org.opencontainers.image.title="Senoscope" \
      org.opencontainers.image.description="DICOM node for mammography. Research use only." \
      org.opencontainers.image.licenses="Apache-2.0"
# PostgreSQL's client is for `senoscope backup`: pg_dump refuses a server that is newer than itself, so
# deploy/compose.yaml names the same major version.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --no-install-recommends -y postgresql-client-15 \
    && rm -rf /var/lib/apt/lists/* \
    && groupadd --system --gid 10001 senoscope \
    && useradd --system --uid 10001 --gid 10001 --home-dir /var/lib/senoscope --create-home senoscope \
    && install -d -o senoscope -g senoscope /etc/senoscope/clinic
COPY --from=cpu-build /opt/senoscope /opt/senoscope
COPY deploy/senoscope.toml /etc/senoscope/
COPY --chown=10001:10001 deploy/routes.toml /etc/senoscope/clinic/
ENV PATH=/opt/senoscope/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    SENOSCOPE_CONFIG=/etc/senoscope/senoscope.toml \
    SENOSCOPE_HEALTH__ALIVE_FILE=/tmp/senoscope.alive \
    SENOSCOPE_ROUTES=clinic/routes.toml
USER 10001
WORKDIR /var/lib/senoscope
VOLUME /var/lib/senoscope
EXPOSE 11112 8080
# SIGTERM drains: associations are refused, what runs is finished.
STOPSIGNAL SIGTERM
# A process that still goes round touches the file every few seconds: no Python is started to look.
HEALTHCHECK --interval=15s --timeout=5s --start-period=60s --retries=4 \
    CMD ["sh", "-c", "find /tmp/senoscope.alive -mmin -2 | grep -q ."]
CMD ["senoscope", "serve"]
