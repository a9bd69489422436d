# The image of nats3's server: docker build -t nats3 .
# How to run it: docs/running.md. tests/e2e/test_image.py runs what stands here in a root of its own.

FROM debian:bookworm-slim AS build
WORKDIR /src
# The packages first: a change of the sources doesn't install them again.
COPY tools/lib.sh tools/packages.txt tools/
RUN bash -c 'source tools/lib.sh && need build'
COPY . .
RUN ./x build release nats3 && strip build/release/nats3

FROM debian:bookworm-slim
LABEL org.opencontainers.image.title="nats3" \
      org.opencontainers.image.description="Archives NATS JetStream streams to S3 and replays them"
# What the program links to, and the certificates of those it speaks TLS with.
RUN apt-get update \
 && apt-get install --yes --no-install-recommends \
      ca-certificates \
      libcpp-httplib0.11 \
      libcurl4 \
      libfmt9 \
      libnats3.4 \
      libprometheus-cpp-core1.0 \
      libpugixml1v5 \
      libspdlog1.10 \
      libssl3 \
      libstdc++6 \
      libtomlplusplus3 \
      libxxhash0 \
      libyaml-cpp0.7 \
      libzstd1 \
 && rm -rf /var/lib/apt/lists/*
# Without a home: the command line then keeps no file. The folder is for archives without S3; a
# volume that is mounted there gets its owner.
RUN useradd --uid 10001 --user-group --no-create-home --home-dir /nonexistent \
      --shell /usr/sbin/nologin nats3 \
 && install --directory --owner=nats3 --group=nats3 /var/lib/nats3 \
 && install --directory /etc/nats3
COPY --from=build /src/build/release/nats3 /usr/local/bin/nats3
RUN ln -s nats3 /usr/local/bin/nats3-server

# A number, so that Kubernetes sees that it isn't root.
USER 10001:10001
EXPOSE 8080
# No shell in between: the server is process 1 and gets the signals itself. It reads
# /etc/nats3/config.toml.
ENTRYPOINT ["nats3-server"]
STOPSIGNAL SIGTERM
# Whether the process answers, be it that it speaks TLS, on the port of NATS3_SERVER_ADDR where that
# is set. Not /ready: while NATS is away nats3 waits for it, and to start it again would be no help.
HEALTHCHECK --interval=10s --timeout=5s --start-period=10s --retries=3 \
  CMD ["bash", "-c", "addr=${NATS3_SERVER_ADDR:-:8080}; exec 3<>/dev/tcp/127.0.0.1/${addr##*:} && printf 'GET /ping HTTP/1.0\\r\\n\\r\\n' >&3 && grep -q -e ^pong -e TLS <&3"]
