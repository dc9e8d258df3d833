# Images from one tree, by target:
#
#   server  answers requests and builds indexes. It has the converted encoder, and neither torch nor Scrapy. The default.
#   baked   is the server with an index in it, for places that keep no files: Cloud Run (docs/cloud.md).
#   full    runs every verb: it crawls, trains and evaluates too.
#
# docs/deployment.md says what is in them.
FROM python:3.11-slim AS build
# A package index that does not answer is asked twice, for at most 10 seconds each time.
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_RETRIES=1 PIP_TIMEOUT=10
ARG CYCLONEDX=7.5.0
WORKDIR /src
RUN python -m venv /opt/evoke \
    && python -m venv /opt/sbom \
    && /opt/sbom/bin/pip install "cyclonedx-bom==${CYCLONEDX}"
COPY constraints.txt ./
COPY requirements requirements

FROM build AS build-server
# hadolint ignore=DL3008
RUN apt-get update && apt-get install --yes --no-install-recommends binutils && rm -rf /var/lib/apt/lists/*
# Extras of the distribution, such as [traces,sentry].
ARG EXTRAS=
RUN /opt/evoke/bin/pip install --constraint constraints.txt --requirement requirements/server.txt
COPY pyproject.toml LICENSE evoke.py ./
COPY evoke-stubs evoke-stubs
COPY packages packages
COPY crawler crawler
COPY indexer indexer
COPY search_api search_api
COPY evaluation evaluation
RUN /opt/evoke/bin/pip install --constraint constraints.txt "./packages/server${EXTRAS}" \
    && /opt/evoke/bin/pip check
COPY deploy/slim.sh ./
RUN sh slim.sh /opt/evoke \
    && /opt/sbom/bin/cyclonedx-py environment --output-reproducible --of JSON \
        --output-file /opt/evoke/sbom.cdx.json /opt/evoke/bin/python

FROM build AS build-full
# The CPU build of torch. The package index's own build is for CUDA: it makes the image 4 GB larger.
ARG TORCH_INDEX=https://download.pytorch.org/whl/cpu
RUN /opt/evoke/bin/pip install --no-deps --index-url "${TORCH_INDEX}" torch==2.13.0 \
    || { echo "${TORCH_INDEX} has no torch for us: the image full gets the build for CUDA" >&2 \
        && /opt/evoke/bin/pip install --no-deps torch==2.13.0; }
RUN cat requirements/server.txt requirements/crawl.txt requirements/report.txt requirements/train.txt > full.txt \
    && /opt/evoke/bin/pip install --constraint constraints.txt --requirement full.txt
COPY pyproject.toml README.md LICENSE MANIFEST.in evoke.py ./
COPY evoke-stubs evoke-stubs
COPY crawler crawler
COPY indexer indexer
COPY search_api search_api
COPY evaluation evaluation
RUN /opt/evoke/bin/pip install --constraint constraints.txt . \
    && /opt/evoke/bin/pip check \
    && /opt/sbom/bin/cyclonedx-py environment --output-reproducible --of JSON \
        --output-file /opt/evoke/sbom.cdx.json /opt/evoke/bin/python

FROM build-full AS models
COPY deploy/convert.py ./
RUN /opt/evoke/bin/python convert.py /opt/models && chmod -R a+rX /opt/models

FROM python:3.11-slim AS base
ARG REVISION=unknown
LABEL org.opencontainers.image.title="Evoke" \
    org.opencontainers.image.description="Finds films and books by theme, mood and what you learn from them" \
    org.opencontainers.image.url="https://github.com/evoke-search/evoke" \
    org.opencontainers.image.source="https://github.com/evoke-search/evoke" \
    org.opencontainers.image.documentation="https://github.com/evoke-search/evoke/blob/main/docs/deployment.md" \
    org.opencontainers.image.vendor="Evoke contributors" \
    org.opencontainers.image.licenses="Apache-2.0" \
    org.opencontainers.image.revision="${REVISION}"
RUN groupadd --gid 10001 evoke \
    && useradd --uid 10001 --gid evoke --home-dir /data --no-create-home --shell /usr/sbin/nologin evoke \
    && install --directory --owner=evoke --group=evoke --mode=0700 /data
ENV PATH=/opt/evoke/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 \
    EVOKE_HOME=/data EVOKE_CONVERTED_MODELS=/opt/models
COPY deploy/restore-and-serve.sh /usr/local/bin/restore-and-serve
COPY --from=models /opt/models /opt/models
USER 10001:10001
EXPOSE 8000
HEALTHCHECK --interval=15s --timeout=5s --start-period=60s \
    CMD ["python", "-c", "import os, urllib.request as r; r.urlopen('http://127.0.0.1:%s/readyz' % os.environ.get('PORT', 8000), timeout=4)"]
ENTRYPOINT ["evoke"]
CMD ["serve", "--host", "0.0.0.0"]

FROM base AS full
COPY --from=build-full /opt/evoke /opt/evoke
VOLUME /data

FROM base AS served
COPY --from=build-server /opt/evoke /opt/evoke

# The index is built here, and only its backup is kept: the files of an index are mostly empty, and are opened for writing.
FROM served AS bake
ARG CATALOGUE=indexer/starter.jsonl
COPY --chown=10001:10001 ${CATALOGUE} /tmp/catalogue/
RUN evoke index /tmp/catalogue/* && evoke backup /tmp/evoke.backup

FROM served AS baked
COPY --from=bake --chown=10001:10001 /tmp/evoke.backup /srv/evoke.backup
ENTRYPOINT ["restore-and-serve", "/srv/evoke.backup"]
CMD []

FROM served AS server
VOLUME /data
