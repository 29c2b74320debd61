# The whole project on CPUs: docker build -t focus-repro . && docker run -it focus-repro make reproduce
# A photograph: docker run -v "$PWD:/photos" focus-repro .venv/bin/focus reconstruct /photos/portrait.jpg --out /photos/faces
# With a GPU: docker build --build-arg BASE=nvidia/cuda:12.8.1-devel-ubuntu22.04 …, and docker run --gpus all …; its compiler
# serves torch.compile, while CUDA's libraries come with the torch that pip finds. `make gpu-check` says whether it works.
# Its steps were run in a fresh Debian 12, not by Docker (README.md).
ARG BASE=debian:bookworm-slim
FROM ${BASE}
RUN apt-get update \
 && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends \
    ca-certificates g++ git make python3.11 python3.11-dev python3.11-venv \
 && rm -rf /var/lib/apt/lists/*
WORKDIR /focus
COPY . .
RUN make install
CMD ["make", "help"]
