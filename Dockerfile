FROM python:3.11-slim AS build
WORKDIR /src
RUN python -m venv /opt/evoke && /opt/evoke/bin/pip install --no-cache-dir --upgrade pip
COPY constraints.txt ./
# torch first and alone, from the CPU wheels: the image stays below two gigabytes.
RUN /opt/evoke/bin/pip install --no-cache-dir --constraint constraints.txt \
    --extra-index-url https://download.pytorch.org/whl/cpu torch==2.13.0
COPY . .
RUN /opt/evoke/bin/pip install --no-cache-dir --constraint constraints.txt .

FROM python:3.11-slim
RUN useradd --create-home --uid 10001 evoke && mkdir /data && chown evoke /data
COPY --from=build /opt/evoke /opt/evoke
ENV PATH=/opt/evoke/bin:$PATH EVOKE_HOME=/data PYTHONUNBUFFERED=1
USER evoke
VOLUME /data
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s \
    CMD python -c "import urllib.request as r; r.urlopen('http://127.0.0.1:8000/healthz', timeout=4)"
ENTRYPOINT ["evoke"]
CMD ["serve", "--host", "0.0.0.0"]
