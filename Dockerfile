# The whole project on CPUs: docker build -t focus-repro . && docker run -it focus-repro make reproduce
# A photograph: docker run -v "$PWD:/photos" focus-repro .venv/bin/focus reconstruct /photos/portrait.jpg --out /photos/faces
# For a GPU, build with --build-arg BASE=nvidia/cuda:13.0.2-runtime-ubuntu24.04 and put PYTHON=… of a Python 3.11 into the
# image; pip then brings the torch that its index has for it, and `make gpu-check` says whether it works (docs/scaling.md).
# Written without a place to build it.
ARG BASE=python:3.11-slim-bookworm
FROM ${BASE}
RUN apt-get update \
 && apt-get install -y --no-install-recommends gcc git make \
 && rm -rf /var/lib/apt/lists/*
WORKDIR /focus
COPY . .
RUN make install
CMD ["make", "help"]
