# Two images from one tree. `everything` is the default and runs every verb. `server` leaves out torch, NNCF, Scrapy,
# matplotlib and pandas; it serves an index and a converted model that `evoke index` made in the other image.
FROM python:3.11-slim AS build
WORKDIR /src
RUN python -m venv /opt/evoke && /opt/evoke/bin/pip install --no-cache-dir --upgrade pip

FROM build AS build-server
COPY . .
RUN /opt/evoke/bin/pip install --no-cache-dir --constraint constraints.txt ./packages/server

FROM build AS build-everything
# torch first, from the CPU wheels: the image stays below two gigabytes.
RUN /opt/evoke/bin/pip install --no-cache-dir --no-deps \
    --extra-index-url https://download.pytorch.org/whl/cpu torch==2.13.0
COPY . .
RUN /opt/evoke/bin/pip install --no-cache-dir --constraint constraints.txt .

FROM python:3.11-slim AS base
RUN useradd --create-home --uid 10001 evoke && mkdir /data && chown evoke /data
ENV PATH=/opt/evoke/bin:$PATH EVOKE_HOME=/data PYTHONUNBUFFERED=1
USER evoke
VOLUME /data
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s \
    CMD python -c "import urllib.request as r; r.urlopen('http://127.0.0.1:8000/healthz', timeout=4)"
ENTRYPOINT ["evoke"]
CMD ["serve", "--host", "0.0.0.0"]

FROM base AS server
COPY --from=build-server /opt/evoke /opt/evoke

FROM base AS everything
COPY --from=build-everything /opt/evoke /opt/evoke
