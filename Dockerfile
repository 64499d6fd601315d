# Background swap as a service: see docs/deploy.md.
#   docker build -t bgswap .                                               for CPUs
#   docker build -t bgswap --build-arg TORCH=https://pypi.org/simple .     for NVIDIA GPUs
FROM python:3.12-slim-bookworm

# Where torch and torchvision come from. Builds for CPUs alone are some gigabytes smaller.
ARG TORCH=https://download.pytorch.org/whl/cpu

COPY packages.txt /tmp/packages.txt
RUN apt-get update \
    && xargs -a /tmp/packages.txt apt-get install -y --no-install-recommends \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --create-home --uid 1000 bgswap

WORKDIR /app
COPY requirements.txt .
RUN pip install --no-cache-dir --index-url "$TORCH" torch torchvision \
    && pip install --no-cache-dir -r requirements.txt

COPY LICENSE README.md pyproject.toml app.py ./
COPY bgswap bgswap

# What is worth keeping lies under one folder, for a volume; photos stay in the container's /tmp.
ENV BGSWAP_CACHE=/var/cache/bgswap \
    HF_HOME=/var/cache/bgswap/huggingface \
    YOLO_CONFIG_DIR=/var/cache/bgswap \
    MPLCONFIGDIR=/var/cache/bgswap/matplotlib \
    GRADIO_TEMP_DIR=/tmp/gradio \
    GRADIO_SERVER_NAME=0.0.0.0 \
    GRADIO_SERVER_PORT=7860 \
    GRADIO_ANALYTICS_ENABLED=False \
    PYTHONUNBUFFERED=1
RUN install -d -o bgswap -g bgswap -m 700 "$BGSWAP_CACHE"
USER bgswap
RUN python -m bgswap.warm_up

VOLUME /var/cache/bgswap
EXPOSE 7860
HEALTHCHECK --interval=30s --timeout=10s --start-period=120s \
    CMD ["python", "-c", "from urllib.request import urlopen; urlopen('http://127.0.0.1:7860/', timeout=8)"]
CMD ["python", "app.py"]
