# Senoscope on a CPU: docker build -t senoscope . && docker compose -f deploy/compose.yaml up
FROM python:3.11-slim-bookworm AS build
WORKDIR /src
RUN python -m venv /opt/senoscope
COPY requirements/cpu.lock requirements/
RUN --mount=type=cache,target=/root/.cache/pip \
    /opt/senoscope/bin/pip install --no-deps --only-binary :all: -r requirements/cpu.lock
COPY pyproject.toml README.md LICENSE ./
COPY engines engines
COPY pipelines pipelines
COPY service service
COPY models models
RUN --mount=type=cache,target=/root/.cache/pip /opt/senoscope/bin/pip install --no-deps .

FROM python:3.11-slim-bookworm
LABEL org.opencontainers.image.title="Senoscope" \
      org.opencontainers.image.description="DICOM node for mammography. Research use only." \
      org.opencontainers.image.licenses="Apache-2.0"
RUN useradd --system --uid 10001 --home-dir /var/lib/senoscope --create-home senoscope \
    && install -d -o senoscope /etc/senoscope
COPY --from=build /opt/senoscope /opt/senoscope
COPY deploy/senoscope.toml deploy/routes.toml /etc/senoscope/
ENV PATH=/opt/senoscope/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    SENOSCOPE_CONFIG=/etc/senoscope/senoscope.toml
USER senoscope
WORKDIR /var/lib/senoscope
VOLUME /var/lib/senoscope
EXPOSE 11112 8080
# SIGTERM drains: associations are refused, what runs is finished.
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=15s --timeout=5s --start-period=60s --retries=4 \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8080/readyz', timeout=4)"]
CMD ["senoscope", "serve"]
